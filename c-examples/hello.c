/* The first program: write an account, read it, take a write back, and meet an error. */
#include "example.h"

int main(void) {
    const char *alice = "0x00000000000000000000000000000000000a11ce";
    char text[67]; /* 0x, 64 digits, NUL: enough for any number */
    uint64_t nonce;
    StateManagerHandle state = check_handle(state_manager_create());

    /* Numbers go in as decimal or 0x hex and come out as 0x hex. Wei, as everywhere in Ethereum. */
    check(state, state_manager_set_balance(state, alice, "1000000000000000000"));
    check(state, state_manager_set_nonce(state, alice, 7));
    check(state, state_manager_set_storage(state, alice, "0x0", "0x2a"));

    check(state, state_manager_get_balance_sync(state, alice, text, sizeof text));
    printf("balance  %s\n", text);
    check(state, state_manager_get_nonce_sync(state, alice, &nonce));
    printf("nonce    %llu\n", (unsigned long long)nonce);
    check(state, state_manager_get_storage_sync(state, alice, "0x0", text, sizeof text));
    printf("slot 0   %s\n", text);

    /* A checkpoint remembers where we are; a revert goes back there. */
    check(state, state_manager_checkpoint(state));
    check(state, state_manager_set_balance(state, alice, "0"));
    check(state, state_manager_revert(state));
    check(state, state_manager_get_balance_sync(state, alice, text, sizeof text));
    printf("reverted %s\n", text);

    /* An error is a negative status, a name, and a text that says what was wrong. */
    int status = state_manager_set_balance(state, "0xa11ce", "1");
    char why[256];
    size_t len;
    worldstate_last_error(state, why, sizeof why, &len);
    printf("%d is %s:\n  %s\n", status, worldstate_error_name(status), why);

    state_manager_destroy(state);
    return 0;
}
