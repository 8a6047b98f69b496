/* Checkpoints and snapshots. Checkpoints nest like brackets; a snapshot has an id, and one can go back to it from anywhere. */
#include "example.h"

static const char *account = "0x00000000000000000000000000000000000a11ce";

static void set(StateManagerHandle state, const char *balance) {
    check(state, state_manager_set_balance(state, account, balance));
}

static void show(StateManagerHandle state, const char *when) {
    char balance[67];
    check(state, state_manager_get_balance_sync(state, account, balance, sizeof balance));
    printf("%-42s %s\n", when, balance);
}

int main(void) {
    uint64_t first, second;
    size_t depth;
    StateManagerHandle state = check_handle(state_manager_create());

    set(state, "1");
    check(state, state_manager_checkpoint(state));
    set(state, "2");
    check(state, state_manager_checkpoint(state));
    set(state, "3");
    show(state, "two checkpoints deep");
    check(state, state_manager_revert(state)); /* undoes the inner bracket */
    show(state, "inner one reverted");
    check(state, state_manager_commit(state)); /* keeps what the outer one holds */
    show(state, "outer one committed");
    printf("%-42s %s\n", "one revert too many", worldstate_error_name(state_manager_revert(state)));

    check(state, state_manager_snapshot(state, &first));
    set(state, "10");
    check(state, state_manager_snapshot(state, &second));
    check(state, state_manager_checkpoint(state));
    set(state, "11");
    printf("snapshots %llu and %llu\n", (unsigned long long)first, (unsigned long long)second);

    /* Going back to the first one takes everything newer with it: the second one, and the checkpoint. */
    check(state, state_manager_revert_to_snapshot(state, first));
    show(state, "back at the first snapshot");
    check(state, state_manager_checkpoint_depth(state, &depth));
    printf("%-42s %zu\n", "open checkpoints", depth);
    printf("%-42s %s\n", "the second snapshot", worldstate_error_name(state_manager_revert_to_snapshot(state, second)));
    printf("%-42s %s\n", "the first one, a second time", worldstate_error_name(state_manager_revert_to_snapshot(state, first)));

    /* Ids are never reused. A snapshot that is not needed any more is deleted: what came after it stays. */
    check(state, state_manager_snapshot(state, &first));
    set(state, "20");
    check(state, state_manager_delete_snapshot(state, first));
    printf("snapshot %llu deleted\n", (unsigned long long)first);
    show(state, "and the write after it is still there");

    state_manager_destroy(state);
    return 0;
}
