/* What would this transaction do to the chain as it is now? The state is fetched as the execution comes to it, and in few
 * round trips, because running ahead finds out what will be needed.
 *
 *     evm_fork URL
 *
 * Simulates a transfer of the token that the tests deploy; nothing is sent to the node.
 */
#include "example.h"

static const char transfer[] =
    "{\"from\":\"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266\",\"to\":\"0x5fbdb2315678afecb367f032d93f642f64180aa3\","
    "\"input\":\"0xa9059cbb00000000000000000000000000000000000000000000000000000000000a11ce"
    "0000000000000000000000000000000000000000000000000de0b6b3a7640000\"}";

static void simulate(const char *url, int run_ahead, const char *how) {
    ForkBackendOptions fork_options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendStats before = FORK_BACKEND_STATS_INIT, after = FORK_BACKEND_STATS_INIT;
    EvmOptions options = EVM_OPTIONS_INIT;
    EvmResult result = EVM_RESULT_INIT;
    ForkBackendHandle fork;
    StateManagerHandle state;
    EvmHandle evm;
    uint64_t number;
    char block[64], *changes;
    size_t len;

    fork_options.url = url;
    fork_options.block = "latest";
    check(NULL, fork_backend_open(&fork_options, &fork));
    check(fork, fork_backend_get_block(fork, &options.chain_id, &number, NULL));
    state = check_handle(state_manager_create_with_fork(fork));

    options.run_ahead = run_ahead;
    evm = check_handle(evm_create(state, &options));
    /* Or the whole answer of eth_getBlockByNumber: timestamp, fees and so on are taken from it as well. */
    snprintf(block, sizeof block, "{\"number\":%llu}", (unsigned long long)number);
    check(evm, evm_set_block(evm, block));
    check(evm, evm_set_transaction_json(evm, transfer));

    check(fork, fork_backend_stats(fork, &before));
    check(evm, evm_execute(evm));
    check(fork, fork_backend_stats(fork, &after));
    check(evm, evm_get_result(evm, &result));
    printf("%s: %s, %llu gas, %u log; %llu HTTP bodies\n", how, result.status == EVM_STATUS_SUCCESS ? "success" : "failure",
           (unsigned long long)result.gas_used, result.log_count, (unsigned long long)(after.bodies - before.bodies));

    if (run_ahead != EVM_RUN_AHEAD_OFF) {
        check(evm, evm_get_state_changes(evm, NULL, 0, &len));
        changes = check_handle(malloc(len + 1));
        check(evm, evm_get_state_changes(evm, changes, len + 1, &len));
        printf("%s\n", changes);
        free(changes);
    }
    evm_destroy(evm);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

int main(int argc, char **argv) {
    if (argc < 2) return fprintf(stderr, "usage: evm_fork URL\n"), 2;
    simulate(argv[1], EVM_RUN_AHEAD_OFF, "one at a time");
    simulate(argv[1], EVM_RUN_AHEAD_ON, "run ahead");
    return 0;
}
