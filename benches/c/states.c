#include "states.h"
#include "measure.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint8_t (*addresses)[20];
uint8_t (*slots)[32];
uint8_t (*values)[32];
Pair large;

static double resident_bytes(void)
{
    unsigned long pages = 0;
    malloc_trim(0);
    FILE *f = fopen("/proc/self/statm", "r");
    check(f != NULL && fscanf(f, "%*u %lu", &pages) == 1, "cannot read /proc/self/statm");
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

Pair pair_create(void)
{
    Pair pair = {.ours = state_manager_create(), .base = floor_create()};
    check(pair.ours != NULL, "state_manager_create");
    return pair;
}

void pair_destroy(Pair *pair)
{
    state_manager_destroy(pair->ours);
    floor_destroy(pair->base);
}

static void fill_ours(Pair *pair, size_t n)
{
    for (size_t p = 0; p < n; p++)
        check(state_manager_set_storage_bytes(pair->ours, addresses[p], slots[p], values[p]) == 0, "set_storage_bytes");
}

static void fill_base(Pair *pair, size_t n)
{
    for (size_t p = 0; p < n; p++)
        floor_set(pair->base, addresses[p], slots[p], values[p]);
}

void pair_fill(Pair *pair, size_t n)
{
    fill_ours(pair, n);
    fill_base(pair, n);
}

void pair_verify(const Pair *pair, size_t n, const char *when)
{
    uint8_t got[32];
    pair_verify_equal(pair, n, when);
    for (size_t p = 0; p < n; p++) {
        floor_get(pair->base, addresses[p], slots[p], got);
        check(memcmp(got, values[p], 32) == 0, when);
    }
}

void pair_verify_equal(const Pair *pair, size_t n, const char *when)
{
    uint8_t ours[32], base[32];
    for (size_t p = 0; p < n; p++) {
        check(state_manager_get_storage_bytes(pair->ours, addresses[p], slots[p], ours) == 0, when);
        floor_get(pair->base, addresses[p], slots[p], base);
        check(memcmp(ours, base, 32) == 0, when);
    }
}

void states_create(void)
{
    size_t *order = malloc(SLOTS * sizeof *order);
    addresses = malloc(SLOTS * sizeof *addresses);
    slots = malloc(SLOTS * sizeof *slots);
    values = malloc(SLOTS * sizeof *values);
    check(order && addresses && slots && values, "out of memory");
    workload_shuffled(SLOTS, order);
    for (size_t p = 0; p < SLOTS; p++) {
        workload_address(order[p] % ACCOUNTS, addresses[p]);
        workload_slot(order[p], slots[p]);
        workload_value(order[p], values[p]);
    }
    free(order);

    large = pair_create();
    double before = resident_bytes();
    fill_ours(&large, SLOTS);
    double after_ours = resident_bytes();
    fill_base(&large, SLOTS);
    double after_base = resident_bytes();
    record_sizes(&(Figure){.id = "resident_per_slot",
                           .what = "resident memory per slot, 1,000,000 slots",
                           .base_name = "flat map",
                           .unit = "bytes"},
                 (after_ours - before) / SLOTS, (after_base - after_ours) / SLOTS);
}

void states_destroy(void)
{
    pair_destroy(&large);
    free(addresses);
    free(slots);
    free(values);
}
