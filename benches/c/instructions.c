/* A fixed number of calls of each kind, for a profiler that counts instructions. */
#include "figures.h"
#include "measure.h"
#include "states.h"

#define KEYS 100
#define TIMES 100 /* KEYS * TIMES is the divisor in run.sh */

void instructions(void)
{
    static uint8_t batch_addresses[KEYS][20], batch_slots[KEYS][32], words[KEYS][32], batch[KEYS][32];
    uint8_t value[32];
    int failed = 0;
    Pair pair = pair_create();
    for (size_t i = 0; i < KEYS; i++) {
        workload_address(i, batch_addresses[i]);
        workload_slot(i, batch_slots[i]);
        workload_value(i, words[i]);
        /* By the batch forms, so that the calls counted below are the only ones of their kind. */
        failed |= state_manager_set_storage_batch(pair.ours, batch_addresses[i], batch_slots[i], words[i], 1);
        failed |= state_manager_set_account_batch(pair.ours, batch_addresses[i], words[i], NULL, 1);
        floor_balance_set(pair.base, batch_addresses[i], words[i]);
    }
    for (size_t t = 0; t < TIMES; t++) {
        for (size_t i = 0; i < KEYS; i++) {
            failed |= state_manager_set_storage_bytes(pair.ours, batch_addresses[i], batch_slots[i], words[i]);
            failed |= floor_set(pair.base, batch_addresses[i], batch_slots[i], words[i]);
            failed |= state_manager_get_storage_bytes(pair.ours, batch_addresses[i], batch_slots[i], value);
            failed |= floor_get(pair.base, batch_addresses[i], batch_slots[i], value);
            failed |= state_manager_get_balance_bytes(pair.ours, batch_addresses[i], value);
            failed |= floor_balance_get(pair.base, batch_addresses[i], value);
        }
        failed |= state_manager_get_storage_batch(pair.ours, batch_addresses[0], batch_slots[0], KEYS, batch[0]);
    }
    check(!failed, "a counted call");
    pair_destroy(&pair);
}
