/* The floor and the workload: C declarations of the crate in ../floor, which documents them. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>

typedef struct Floor Floor;

Floor *floor_create(void);
void floor_destroy(Floor *);
int floor_nothing(const Floor *);
int floor_get(const Floor *, const uint8_t *address, const uint8_t *slot, uint8_t *value);
int floor_set(Floor *, const uint8_t *address, const uint8_t *slot, const uint8_t *value);
int floor_balance_get(const Floor *, const uint8_t *address, uint8_t *value);
int floor_balance_set(Floor *, const uint8_t *address, const uint8_t *value);
int floor_mark(Floor *, size_t *mark);
int floor_revert(Floor *);
int floor_revert_to(Floor *, size_t mark);

#define ACCOUNTS 1000
#define SLOTS 1000000

void workload_address(size_t index, uint8_t *out);
void workload_slot(size_t index, uint8_t *out);
void workload_value(size_t index, uint8_t *out);
void workload_shuffled(size_t n, size_t *out);

#endif
