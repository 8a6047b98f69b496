/* Reads and writes of single slots, and reads in batches. */
#include "figures.h"
#include "measure.h"
#include "states.h"

#include <stdio.h>
#include <string.h>

#define ROUND 20000

static size_t start_of(size_t round)
{
    return round * ROUND % SLOTS;
}

static uint64_t get_ours(size_t round)
{
    uint64_t checksum = 0;
    int failed = 0;
    uint8_t value[32];
    size_t start = start_of(round);
    for (size_t p = start; p < start + ROUND; p++) {
        failed |= state_manager_get_storage_bytes(large.ours, addresses[p], slots[p], value);
        checksum += sum(value);
    }
    check(!failed, "get_storage_bytes");
    return checksum;
}

static uint64_t get_base(size_t round)
{
    uint64_t checksum = 0;
    int failed = 0;
    uint8_t value[32];
    size_t start = start_of(round);
    for (size_t p = start; p < start + ROUND; p++) {
        failed |= floor_get(large.base, addresses[p], slots[p], value);
        checksum += sum(value);
    }
    check(!failed, "floor_get");
    return checksum;
}

static size_t batch_size;

static uint64_t batch_ours(size_t round)
{
    static uint8_t batch[ROUND][32];
    uint64_t checksum = 0;
    size_t start = start_of(round);
    for (size_t p = 0; p < ROUND; p += batch_size) {
        size_t n = ROUND - p < batch_size ? ROUND - p : batch_size;
        check(state_manager_get_storage_batch(large.ours, addresses[start + p], slots[start + p], n, batch[0]) == 0,
              "get_storage_batch");
        for (size_t i = 0; i < n; i++)
            checksum += sum(batch[i]);
    }
    return checksum;
}

static uint64_t set_ours(size_t round)
{
    int failed = 0;
    size_t start = start_of(round);
    for (size_t p = start; p < start + ROUND; p++)
        failed |= state_manager_set_storage_bytes(large.ours, addresses[p], slots[p], values[SLOTS - 1 - p]);
    check(!failed, "set_storage_bytes");
    return 0;
}

static uint64_t set_base(size_t round)
{
    int failed = 0;
    size_t start = start_of(round);
    for (size_t p = start; p < start + ROUND; p++)
        failed |= floor_set(large.base, addresses[p], slots[p], values[SLOTS - 1 - p]);
    check(!failed, "floor_set");
    return 0;
}

static void hex(const uint8_t *bytes, size_t n, char *out)
{
    out[0] = '0', out[1] = 'x';
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 + 2 * i, 3, "%02x", bytes[i]);
}

/* The keys of one round as text. */
static char text_addresses[ROUND][43], text_slots[ROUND][67];

static uint64_t text_ours(size_t round)
{
    uint64_t checksum = 0;
    int failed = 0;
    char value[67];
    (void)round;
    for (size_t p = 0; p < ROUND; p++) {
        failed |= state_manager_get_storage_sync(large.ours, text_addresses[p], text_slots[p], value, sizeof value);
        checksum += (uint64_t)value[2];
    }
    check(!failed, "get_storage_sync");
    return checksum;
}

static uint64_t text_base(size_t round)
{
    uint64_t checksum = 0;
    int failed = 0;
    uint8_t value[32];
    (void)round;
    for (size_t p = 0; p < ROUND; p++) {
        failed |= floor_get(large.base, addresses[p], slots[p], value);
        checksum += (uint64_t)"0123456789abcdef"[value[0] >> 4];
    }
    check(!failed, "floor_get");
    return checksum;
}

/* The floor itself, read as above, beside a call that does nothing. */
static uint64_t floor_read(size_t round)
{
    return get_base(round) == 0;
}

static uint64_t floor_call(size_t round)
{
    int failed = 0;
    (void)round;
    for (size_t p = 0; p < ROUND; p++)
        failed |= floor_nothing(large.base);
    return (uint64_t)failed;
}

void reads(void)
{
    measure(&(Figure){"get_storage", "get_storage_bytes", "flat map behind a call", "ns/read", 1.25, 250, ROUND},
            get_ours, get_base);
    batch_size = 1000;
    measure(&(Figure){"get_storage_batch", "get_storage_batch, 1,000 slots a call", "single reads of the flat map",
                      "ns/slot", 0.70, 250, ROUND},
            batch_ours, get_base);
    batch_size = 32;
    measure(&(Figure){"get_storage_batch_32", "get_storage_batch, 32 slots a call", "single reads of the flat map",
                      "ns/slot", 0, 100, ROUND},
            batch_ours, get_base);
    for (size_t p = 0; p < ROUND; p++) {
        hex(addresses[p], 20, text_addresses[p]);
        hex(slots[p], 32, text_slots[p]);
    }
    measure(&(Figure){"get_storage_text", "get_storage_sync, hexadecimal text in and out", "flat map, bytes", "ns/read",
                      0, 50, ROUND},
            text_ours, text_base);
    measure(&(Figure){"call", "the flat map's own read, beside an empty call", "empty call", "ns/call", 0, 50, ROUND},
            floor_read, floor_call);
}

void writes(void)
{
    measure(&(Figure){"set_storage", "set_storage_bytes, existing slots, no checkpoint", "flat map behind a call",
                      "ns/write", 1.30, 250, ROUND},
            set_ours, set_base);
}
