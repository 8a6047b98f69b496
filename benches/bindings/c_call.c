/* What a read costs in C: prints the nanoseconds of state_manager_get_storage_bytes, and of a slot of
 * state_manager_get_storage_batch, for a state of 1,000 slots. The programs of the bindings do the same and call this one between
 * their rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <worldstate.h>

enum { SLOTS = 1000, READS = 300000, BATCHES = 200 };

static uint8_t addresses[SLOTS][20], slots[SLOTS][32], values[SLOTS][32];

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void check(int status)
{
    if (status != STATE_MANAGER_SUCCESS) exit(1);
}

int main(void)
{
    StateManagerHandle state = state_manager_create();
    uint8_t out[32];
    for (int i = 0; i < SLOTS; i++) {
        addresses[i][19] = 1;
        /* As random as keccak's: the same in every run. */
        for (int k = 0; k < 32; k++) slots[i][k] = values[i][k] = (uint8_t)((i + 1) * 2654435761u >> (k % 24)) ^ (uint8_t)(i * k);
        check(state_manager_set_storage_bytes(state, addresses[i], slots[i], values[i]));
    }
    double start = now_ns();
    for (int i = 0, at = 0; i < READS; i++) {
        check(state_manager_get_storage_bytes(state, addresses[0], slots[at], out));
        if (++at == SLOTS) at = 0;
    }
    double single = (now_ns() - start) / READS;
    start = now_ns();
    for (int i = 0; i < BATCHES; i++) {
        check(state_manager_get_storage_batch(state, addresses[0], slots[0], SLOTS, values[0]));
    }
    printf("%.3f %.3f\n", single, (now_ns() - start) / (BATCHES * SLOTS));
    state_manager_destroy(state);
    return 0;
}
