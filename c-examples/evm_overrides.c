/* What if? State and block as they are not, for as long as the code runs; and what a revert says. */
#include "example.h"

/* Reverts with "not yet" while the block's time is before slot 0; returns the time. */
static const uint8_t timelock[] =
    "\x5f\x54\x42\x10\x15\x60\x2e\x57\x63\x08\xc3\x79\xa0\x60\xe0\x1b\x5f\x52\x60\x20\x60\x04\x52\x60\x07\x60\x24\x52"
    "\x66not yet\x60\xc8\x1b\x60\x44\x52\x60\x64\x5f\xfd\x5b\x42\x5f\x52\x60\x20\x5f\xf3";

static void try_it(EvmHandle evm, const char *when) {
    char why[256];
    size_t len;
    check(evm, evm_execute(evm));
    check(evm, evm_get_failure(evm, why, sizeof why, &len)); /* empty for a success */
    printf("%-28s %s\n", when, len > 0 ? why : "success");
}

int main(void) {
    const char *contract = "0x0000000000000000000000000000000000c0ffee";
    EvmHandle evm;
    char text[67];

    StateManagerHandle state = check_handle(state_manager_create());
    check(state, state_manager_set_code(state, contract, timelock, sizeof timelock - 1));
    check(state, state_manager_set_storage(state, contract, "0x0", "0x7d0")); /* 2000 */

    evm = check_handle(evm_create(state, NULL));
    check(evm, evm_set_block(evm, "{\"number\":1,\"timestamp\":1000}"));
    check(evm, evm_set_transaction_json(evm, "{\"to\":\"0x0000000000000000000000000000000000c0ffee\"}"));
    try_it(evm, "as it is:");

    /* Both as eth_call takes them. They hold for all executions to come, until they are replaced or taken back. */
    check(evm, evm_set_block_overrides(evm, "{\"time\":3000}"));
    try_it(evm, "at another time:");
    check(evm, evm_set_block_overrides(evm, NULL));

    check(evm, evm_set_state_overrides(evm, "{\"0x0000000000000000000000000000000000c0ffee\":{\"stateDiff\":{\"0x0\":\"0x1\"}}}"));
    try_it(evm, "with another slot 0:");

    /* A run on invented values cannot be committed, and the state never had them. */
    printf("%-28s %s\n", "committed:", worldstate_error_name(evm_commit_in_checkpoint(evm)));
    check(state, state_manager_get_storage_sync(state, contract, "0x0", text, sizeof text));
    printf("%-28s %s\n", "slot 0 in the state:", text);

    check(evm, evm_set_state_overrides(evm, NULL));
    try_it(evm, "as it was:");
    evm_destroy(evm);
    state_manager_destroy(state);
    return 0;
}
