/* Wrong on purpose: 66 bytes are said to be 67. A checker that sees into the library says so. */
#include "worldstate.h"

#include <stdlib.h>

int main(void) {
    StateManagerHandle state = state_manager_create();
    char *out = malloc(66);
    if (state == NULL || out == NULL) return 0;
    state_manager_get_balance_sync(state, "0x00000000000000000000000000000000000000aa", out, 67);
    free(out);
    state_manager_destroy(state);
    return 0;
}
