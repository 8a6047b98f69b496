/* A live chain as the ground, local writes on top. The library does the HTTP.
 *
 *     fork_http URL [CONTRACT]
 */
#include "example.h"

int main(int argc, char **argv) {
    const char *contract = argc > 2 ? argv[2] : "0x5fbdb2315678afecb367f032d93f642f64180aa3";
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendStats before = FORK_BACKEND_STATS_INIT, after = FORK_BACKEND_STATS_INIT;
    ForkBackendHandle fork;
    StateManagerHandle state;
    uint64_t chain, block;
    size_t code_len;
    char text[67];

    if (argc < 2) return fprintf(stderr, "usage: fork_http URL [CONTRACT]\n"), 2;

    /* "latest" is looked up once. From then on the fork stands still, however the chain moves on. */
    options.url = argv[1];
    options.block = "latest";
    check(NULL, fork_backend_open(&options, &fork));
    check(fork, fork_backend_get_block(fork, &chain, &block, NULL));
    printf("chain %llu at block %llu\n", (unsigned long long)chain, (unsigned long long)block);

    /* The state keeps the fork alive: its own handle is needed for its counters only. */
    state = check_handle(state_manager_create_with_fork(fork));
    check(state, state_manager_get_balance_sync(state, contract, text, sizeof text));
    printf("balance      %s\n", text);
    check(state, state_manager_get_code_len_sync(state, contract, &code_len));
    printf("code         %s\n", code_len > 0 ? "yes" : "no");
    check(state, state_manager_get_storage_sync(state, contract, "0x0", text, sizeof text));
    printf("slot 0       %s\n", text);

    /* Writes stay here. They are undone like any other; what was fetched survives. */
    check(fork, fork_backend_stats(fork, &before));
    check(state, state_manager_checkpoint(state));
    check(state, state_manager_set_storage(state, contract, "0x0", "0x0")); /* zero is a value, not a hole */
    check(state, state_manager_get_storage_sync(state, contract, "0x0", text, sizeof text));
    printf("written      %s\n", text);
    check(state, state_manager_revert(state));
    check(state, state_manager_get_storage_sync(state, contract, "0x0", text, sizeof text));
    printf("reverted     %s\n", text);
    check(fork, fork_backend_stats(fork, &after));
    printf("requests     %llu in %llu HTTP bodies, %llu of them since the first write\n", (unsigned long long)after.requests,
           (unsigned long long)after.bodies, (unsigned long long)(after.requests - before.requests));

    /* The chain's trie with the writes above applied: what that takes of it is fetched and checked. */
    printf("state root   %s\n", worldstate_error_name(state_manager_get_state_root(state, text, sizeof text)));

    state_manager_destroy(state);
    fork_backend_destroy(fork);
    return 0;
}
