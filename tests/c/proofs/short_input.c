/* Wrong on purpose: an address of 19 bytes. */
#include "worldstate.h"

#include <stdint.h>
#include <stdlib.h>

int main(void) {
    StateManagerHandle state = state_manager_create();
    uint8_t *address = calloc(19, 1);
    if (state == NULL || address == NULL) return 0;
    state_manager_set_nonce_bytes(state, address, 1);
    free(address);
    state_manager_destroy(state);
    return 0;
}
