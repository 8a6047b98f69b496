/* The C calls that the bindings are compared with, on the state that they use too: 1,000 slots of one account.
 * Prints `get_storage_bytes NS` and `get_storage_batch NS`, the second for a slot of 1,000: the best of 20 rounds. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <worldstate.h>

enum { SLOTS = 1000, ROUNDS = 20, PASSES = 200 };

static uint8_t addresses[SLOTS][20], slots[SLOTS][32], values[SLOTS][32];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int one_at_a_time(StateManagerHandle state) {
    int failed = 0;
    for (int i = 0; i < SLOTS; i++) failed |= state_manager_get_storage_bytes(state, addresses[i], slots[i], values[i]);
    return failed;
}

static int together(StateManagerHandle state) {
    return state_manager_get_storage_batch(state, addresses[0], slots[0], SLOTS, values[0]);
}

static int measure(const char *name, int (*pass)(StateManagerHandle), StateManagerHandle state) {
    double best = 1e300;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now(), took;
        for (int i = 0; i < PASSES; i++) {
            if (pass(state) != 0) return 1;
        }
        took = (now() - begin) / PASSES / SLOTS;
        if (took < best) best = took;
    }
    printf("%s %.2f\n", name, best);
    return 0;
}

int main(void) {
    StateManagerHandle state = state_manager_create();
    for (int i = 0; i < SLOTS; i++) {
        memset(addresses[i], 0xc0, 20);
        slots[i][30] = (uint8_t)(i >> 8), slots[i][31] = (uint8_t)i;
        values[i][31] = 1;
    }
    if (state_manager_set_storage_batch(state, addresses[0], slots[0], values[0], SLOTS) != 0) return 1;
    if (measure("get_storage_bytes", one_at_a_time, state) || measure("get_storage_batch", together, state)) return 1;
    state_manager_destroy(state);
    return 0;
}
