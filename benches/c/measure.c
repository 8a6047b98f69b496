#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static FILE *results;

void check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

void results_open(const char *path)
{
    results = fopen(path, "a");
    check(results != NULL, "cannot open the results file");
}

void results_close(void)
{
    check(fclose(results) == 0, "cannot write the results file");
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, ascending);
    return values[(size_t)(q * (double)(n - 1) + 0.5)];
}

static void record(const Figure *f, double ours, double base, double ratio, double low, double high)
{
    const char *verdict = f->target == 0 ? "" : ratio <= f->target ? "met" : "MISSED";
    printf("%-58s %12.1f %12.1f  %6.2f (%.2f..%.2f) %s\n", f->what, ours, base, ratio, low, high, verdict);
    fflush(stdout);
    fprintf(results, "%s\t%s\t%s\t%s\t%.3f\t%.3f\t%.4f\t%.4f\t%.4f\t%.2f\n", f->id, f->what, f->base_name, f->unit, ours,
            base, ratio, low, high, f->target);
}

void record_sizes(const Figure *f, double ours, double base)
{
    record(f, ours, base, ours / base, ours / base, ours / base);
}

void measure(const Figure *f, Side ours, Side base)
{
    double *times[2], *ratios = malloc(f->rounds * sizeof *ratios);
    Side sides[2] = {ours, base};
    check(ratios != NULL, "out of memory");
    for (int s = 0; s < 2; s++) {
        times[s] = malloc(f->rounds * sizeof *times[s]);
        check(times[s] != NULL, "out of memory");
    }
    for (size_t round = 0; round < f->rounds; round++) {
        uint64_t sums[2];
        for (size_t turn = 0; turn < 2; turn++) {
            size_t s = (turn + round) % 2;
            double start = now_ns();
            sums[s] = sides[s](round);
            times[s][round] = (now_ns() - start) / (double)f->operations;
        }
        if (sums[0] != sums[1]) {
            fprintf(stderr, "bench: %s: the two sides read different values\n", f->id);
            exit(1);
        }
        ratios[round] = times[0][round] / times[1][round];
    }
    record(f, quantile(times[0], f->rounds, 0.5), quantile(times[1], f->rounds, 0.5), quantile(ratios, f->rounds, 0.5),
           quantile(ratios, f->rounds, 0.25), quantile(ratios, f->rounds, 0.75));
    free(times[0]);
    free(times[1]);
    free(ratios);
}
