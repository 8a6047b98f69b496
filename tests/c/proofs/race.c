/* Wrong on purpose: two threads let two handles write to one buffer. */
#include "worldstate.h"

#include <pthread.h>
#include <stdint.h>

static uint8_t address[20], out[32];

static void *read_balance(void *state) {
    for (int i = 0; i < 10000; i++) state_manager_get_balance_bytes(state, address, out);
    return NULL;
}

int main(void) {
    pthread_t threads[2];
    StateManagerHandle states[2] = {state_manager_create(), state_manager_create()};
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, read_balance, states[i]) != 0) return 0;
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        state_manager_destroy(states[i]);
    }
    return 0;
}
