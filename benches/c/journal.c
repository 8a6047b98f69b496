/* Checkpoints and snapshots. */
#include "figures.h"
#include "measure.h"
#include "states.h"

#define WRITES 100
#define SMALL 1000
#define REPEATS 20

/* The pair under measurement and how much of the keys it holds. */
static Pair *pair;
static size_t size;

/* Each side walks through the slots on its own and writes what another position holds. */
static size_t cursor_ours, cursor_base;

static int write_ours(size_t position)
{
    return state_manager_set_storage_bytes(pair->ours, addresses[position], slots[position],
                                           values[SLOTS - 1 - position]);
}

static int write_base(size_t position)
{
    return floor_set(pair->base, addresses[position], slots[position], values[SLOTS - 1 - position]);
}

static uint64_t revert_ours(size_t round)
{
    int failed = 0;
    (void)round;
    for (int r = 0; r < REPEATS; r++) {
        failed |= state_manager_checkpoint(pair->ours);
        for (int w = 0; w < WRITES; w++)
            failed |= write_ours(next(&cursor_ours, size));
        failed |= state_manager_revert(pair->ours);
    }
    check(!failed, "checkpoint, writes, revert");
    return 0;
}

static uint64_t revert_base(size_t round)
{
    int failed = 0;
    size_t mark;
    (void)round;
    for (int r = 0; r < REPEATS; r++) {
        failed |= floor_mark(pair->base, &mark);
        for (int w = 0; w < WRITES; w++)
            failed |= write_base(next(&cursor_base, size));
        failed |= floor_revert(pair->base);
    }
    check(!failed, "floor: mark, writes, revert");
    return 0;
}

/* The same 100 slots each time: what remains is the cost that could depend on the state's size. */
static Pair *other;

static uint64_t same_slots(Pair *on)
{
    int failed = 0;
    pair = on;
    for (int r = 0; r < REPEATS; r++) {
        failed |= state_manager_checkpoint(on->ours);
        for (size_t w = 0; w < WRITES; w++)
            failed |= write_ours(w);
        failed |= state_manager_revert(on->ours);
    }
    check(!failed, "checkpoint, writes, revert");
    return 0;
}

static uint64_t same_slots_large(size_t round)
{
    (void)round;
    return same_slots(&large);
}

static uint64_t same_slots_small(size_t round)
{
    (void)round;
    return same_slots(other);
}

#define DEPTH 1024

static uint64_t nested_ours(size_t round)
{
    int failed = 0;
    (void)round;
    for (int d = 0; d < DEPTH; d++) {
        failed |= state_manager_checkpoint(pair->ours);
        failed |= write_ours(next(&cursor_ours, size));
    }
    for (int d = 0; d < DEPTH; d++)
        failed |= state_manager_revert(pair->ours);
    check(!failed, "nested checkpoints");
    return 0;
}

static uint64_t nested_base(size_t round)
{
    int failed = 0;
    size_t mark;
    (void)round;
    for (int d = 0; d < DEPTH; d++) {
        failed |= floor_mark(pair->base, &mark);
        failed |= write_base(next(&cursor_base, size));
    }
    for (int d = 0; d < DEPTH; d++)
        failed |= floor_revert(pair->base);
    check(!failed, "floor: nested marks");
    return 0;
}

#define SNAPSHOTS 1000

static uint64_t snapshots_ours(size_t round)
{
    int failed = 0;
    uint64_t first = 0, id;
    (void)round;
    for (int s = 0; s < SNAPSHOTS; s++) {
        failed |= state_manager_snapshot(pair->ours, &id);
        if (s == 0)
            first = id;
        for (int w = 0; w < WRITES; w++)
            failed |= write_ours(next(&cursor_ours, size));
    }
    failed |= state_manager_revert_to_snapshot(pair->ours, first);
    check(!failed, "snapshots");
    return 0;
}

static uint64_t snapshots_base(size_t round)
{
    int failed = 0;
    size_t first = 0, mark;
    (void)round;
    for (int s = 0; s < SNAPSHOTS; s++) {
        failed |= floor_mark(pair->base, &mark);
        if (s == 0)
            first = mark;
        for (int w = 0; w < WRITES; w++)
            failed |= write_base(next(&cursor_base, size));
    }
    failed |= floor_revert_to(pair->base, first);
    check(!failed, "floor: snapshots");
    return 0;
}

static void on(Pair *subject, size_t n)
{
    pair = subject;
    size = n;
    cursor_ours = cursor_base = 0;
}

void checkpoints(void)
{
    Pair small = pair_create();
    pair_fill(&small, SMALL);
    other = &small;

    on(&large, SLOTS);
    measure(&(Figure){"revert_100", "checkpoint + 100 writes + revert, 1,000,000 slots", "undo log over the flat map",
                      "ns", 1.30, 200, REPEATS},
            revert_ours, revert_base);
    on(&small, SMALL);
    measure(&(Figure){"revert_100_small", "checkpoint + 100 writes + revert, 1,000 slots", "undo log over the flat map",
                      "ns", 1.30, 200, REPEATS},
            revert_ours, revert_base);
    measure(&(Figure){"revert_100_growth", "the same 100 slots in 1,000,000, beside in 1,000", "ours on 1,000 slots",
                      "ns", 1.10, 200, REPEATS},
            same_slots_large, same_slots_small);
    pair_verify(&small, SMALL, "the small state differs after its reverts");
    pair_destroy(&small);

    on(&large, SLOTS);
    measure(&(Figure){"nested_1024", "1,024 nested checkpoints, a write in each, reverted", "undo log over the flat map",
                      "ns", 1.50, 200, 1},
            nested_ours, nested_base);
}

void snapshots(void)
{
    on(&large, SLOTS);
    measure(&(Figure){"snapshots_1000", "1,000 snapshots of 100 writes, back to the first",
                      "undo log over the flat map", "ns", 1.30, 30, 1},
            snapshots_ours, snapshots_base);
}
