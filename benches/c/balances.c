/* Balances of 10,000 accounts. */
#include "figures.h"
#include "measure.h"
#include "states.h"

#define HOLDERS 10000

static Pair pair;
/* In random order. */
static uint8_t holders[HOLDERS][20];

static uint64_t balance_ours(size_t round)
{
    uint64_t checksum = 0;
    int failed = 0;
    uint8_t value[32];
    (void)round;
    for (size_t p = 0; p < HOLDERS; p++) {
        failed |= state_manager_get_balance_bytes(pair.ours, holders[p], value);
        checksum += sum(value);
    }
    check(!failed, "get_balance_bytes");
    return checksum;
}

static uint64_t balance_base(size_t round)
{
    uint64_t checksum = 0;
    int failed = 0;
    uint8_t value[32];
    (void)round;
    for (size_t p = 0; p < HOLDERS; p++) {
        failed |= floor_balance_get(pair.base, holders[p], value);
        checksum += sum(value);
    }
    check(!failed, "floor_balance_get");
    return checksum;
}

void balances(void)
{
    static size_t order[HOLDERS];
    uint8_t value[32];
    pair = pair_create();
    for (size_t i = 0; i < HOLDERS; i++) {
        workload_address(i, holders[i]);
        workload_value(i, value);
        check(state_manager_set_balance_bytes(pair.ours, holders[i], value) == 0, "set_balance_bytes");
        floor_balance_set(pair.base, holders[i], value);
    }
    workload_shuffled(HOLDERS, order);
    for (size_t p = 0; p < HOLDERS; p++)
        workload_address(order[p], holders[p]);
    measure(&(Figure){"get_balance", "get_balance_bytes, 10,000 accounts", "flat map of balances behind a call",
                      "ns/read", 1.50, 500, HOLDERS},
            balance_ours, balance_base);
    pair_destroy(&pair);
}
