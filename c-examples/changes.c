/* What really differs between a moment and now, as JSON with the values before and after. */
#include "example.h"

/* Any text of unknown length is read like this: ask for the length, allocate, ask again. The second call is cheap. */
static char *changes(StateManagerHandle state, uint64_t snapshot) {
    size_t len;
    char *json;
    check(state, state_manager_get_changes(state, snapshot, NULL, 0, &len));
    json = malloc(len + 1);
    if (json == NULL) exit(1);
    check(state, state_manager_get_changes(state, snapshot, json, len + 1, &len));
    return json;
}

int main(void) {
    const char *alice = "0x00000000000000000000000000000000000a11ce", *bob = "0x0000000000000000000000000000000000000b0b";
    const uint8_t code[] = {0x60, 0x2a, 0x00};
    uint64_t snapshot;
    char *json;
    StateManagerHandle state = check_handle(state_manager_create());

    check(state, state_manager_set_balance(state, alice, "100"));
    check(state, state_manager_set_storage(state, alice, "0x1", "0xaa"));
    check(state, state_manager_set_balance(state, bob, "5"));
    check(state, state_manager_snapshot(state, &snapshot));

    check(state, state_manager_set_balance(state, alice, "93"));
    check(state, state_manager_set_nonce(state, alice, 1));
    check(state, state_manager_set_code(state, alice, code, sizeof code));
    check(state, state_manager_set_storage(state, alice, "0x1", "0xbb"));
    check(state, state_manager_set_storage(state, alice, "0x2", "0xcc"));
    check(state, state_manager_set_storage(state, alice, "0x2", "0x0")); /* back to what it was: no change */
    check(state, state_manager_delete_account(state, bob));

    json = changes(state, snapshot);
    puts(json);
    free(json);

    check(state, state_manager_revert_to_snapshot(state, snapshot));
    check(state, state_manager_checkpoint(state));
    json = changes(state, 0); /* 0: since the innermost checkpoint */
    puts(json);
    free(json);

    state_manager_destroy(state);
    return 0;
}
