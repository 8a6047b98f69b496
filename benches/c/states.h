/* The two states under comparison and the keys that fill them. */
#ifndef BENCH_STATES_H
#define BENCH_STATES_H

#include "floor.h"
#include "worldstate.h"

/* The same content on both sides. */
typedef struct Pair {
    StateManagerHandle ours;
    Floor *base;
} Pair;

/* Every slot of the large state in random order: position p holds an address, its slot and the slot's value. The keys
 * lie in the order of use, so that a round pays for the state's memory accesses and not for its own. */
extern uint8_t (*addresses)[20];
extern uint8_t (*slots)[32];
extern uint8_t (*values)[32];

/* SLOTS slots over ACCOUNTS accounts. */
extern Pair large;

void states_create(void);
void states_destroy(void);

/* An empty pair, and its end. */
Pair pair_create(void);
void pair_destroy(Pair *);

/* Writes the slots at positions 0..n to both sides. */
void pair_fill(Pair *, size_t n);

/* Exits unless both sides hold exactly `values` at positions 0..n. */
void pair_verify(const Pair *, size_t n, const char *when);

/* Exits unless both sides hold the same. */
void pair_verify_equal(const Pair *, size_t n, const char *when);

/* The next position of a walk that goes round the first n positions. */
static inline size_t next(size_t *cursor, size_t n)
{
    size_t position = *cursor;
    *cursor = position + 1 == n ? 0 : position + 1;
    return position;
}

/* Four words of a value, summed: cheap enough to be within every round, and it sees each byte. */
static inline uint64_t sum(const uint8_t *value)
{
    uint64_t words[4];
    __builtin_memcpy(words, value, sizeof words);
    return words[0] + words[1] + words[2] + words[3];
}

#endif
