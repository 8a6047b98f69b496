/* Two sides of one figure, measured in turns. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* Does one round of operations and returns a checksum of what it read; both sides must return the same one. */
typedef uint64_t (*Side)(size_t round);

typedef struct Figure {
    const char *id;
    const char *what;      /* one line for the table */
    const char *base_name; /* what ours is compared with */
    const char *unit;      /* what one operation is */
    double target;         /* highest ratio wanted; 0 for a figure given for information */
    size_t rounds;
    size_t operations; /* per round */
} Figure;

/* Runs ours and base in turns, the first one alternating; prints a line and appends one to the results file. Exits when
 * the checksums of a round differ. */
void measure(const Figure *figure, Side ours, Side base);

/* Records a ratio of two sizes instead of two times. */
void record_sizes(const Figure *figure, double ours, double base);

/* Tab-separated results go to this file; opened for appending. */
void results_open(const char *path);
void results_close(void);

/* Ends the program when a call failed or a value is wrong. */
void check(int ok, const char *what);

#endif
