/* Built against an installed library: what one sets is what one gets, from the library that the header belongs to. */
#include <stdio.h>
#include <string.h>
#include <worldstate.h>

int main(void) {
    const char *address = "0x00000000000000000000000000000000000000aa";
    char balance[67];
    StateManagerHandle state = state_manager_create();
    if (state == NULL) return 1;
    if (state_manager_set_balance(state, address, "1000000000000000000") != 0) return 2;
    if (state_manager_get_balance_sync(state, address, balance, sizeof balance) != 0) return 3;
    state_manager_destroy(state);
    if (strcmp(balance, "0xde0b6b3a7640000") != 0) return 4;
    printf("%s\n", worldstate_version());
    return 0;
}
