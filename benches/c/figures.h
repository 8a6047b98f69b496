/* The figures, a function for each group of them. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

void reads(void);       /* storage.c; leave the large state as it is */
void balances(void);    /* balances.c; a state of its own */
void checkpoints(void); /* journal.c; leave the large state as it is */
void snapshots(void);   /* journal.c; likewise */
void writes(void);      /* storage.c; change the large state on both sides alike */
void instructions(void); /* instructions.c; nothing is timed */

#endif
