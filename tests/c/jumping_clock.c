/* Preloaded, it makes the time of day jump: no two looks at it are less than a year apart. Other clocks are left alone. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t jump(void) {
    static atomic_int looks;
    enum { YEAR = 366 * 24 * 3600 };
    int look = atomic_fetch_add(&looks, 1) % 9 + 1;
    return (time_t)(look % 2 ? look : -look) * YEAR;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int status = (int)syscall(SYS_clock_gettime, clock, at);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        at->tv_sec += jump();
    }
    return status;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    int status = (int)syscall(SYS_gettimeofday, at, zone);
    if (status == 0) {
        at->tv_sec += jump();
    }
    return status;
}

time_t time(time_t *at) {
    struct timeval now;
    gettimeofday(&now, 0);
    if (at) {
        *at = now.tv_sec;
    }
    return now.tv_sec;
}
