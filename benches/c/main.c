/* Measures libworldstate.so against the floor, both behind real calls. Usage: bench-c RESULTS_FILE, or bench-c
 * instructions to be run by a profiler. */
#include "figures.h"
#include "measure.h"
#include "states.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    check(argc == 2, "usage: bench-c RESULTS_FILE | instructions");
    if (strcmp(argv[1], "instructions") == 0) {
        instructions();
        return 0;
    }
    results_open(argv[1]);
    printf("%-58s %12s %12s  %6s\n", "figure", "ours", "base", "ratio");
    states_create();
    pair_verify(&large, SLOTS, "the large state differs after filling");
    reads();
    checkpoints();
    snapshots();
    pair_verify(&large, SLOTS, "the large state differs after reverts");
    writes();
    pair_verify_equal(&large, SLOTS, "the large state differs after writes");
    balances();
    states_destroy();
    results_close();
    return 0;
}
