/* Any handle may be used from any thread. One handle shared: calls take turns. One fork shared by a handle for each
 * thread: they run side by side, and what two of them want is asked for once.
 *
 *     threads [URL [CONTRACT]]
 */
#include "example.h"
#include <pthread.h>

enum { THREADS = 4, WRITES = 1000 };

typedef struct Job {
    pthread_t thread;
    StateManagerHandle state;
    const char *contract;
    int number;
} Job;

/* Each thread its own slots of one state. A call is atomic; a read followed by a write is two calls. */
static void *write_slots(void *argument) {
    Job *job = argument;
    uint8_t account[20] = {0xaa}, slot[32] = {0}, value[32] = {0};
    int i;
    slot[0] = (uint8_t)job->number;
    value[31] = 1;
    for (i = 0; i < WRITES; i++) {
        slot[30] = (uint8_t)(i >> 8);
        slot[31] = (uint8_t)i;
        check(job->state, state_manager_set_storage_bytes(job->state, account, slot, value));
    }
    return NULL;
}

/* Each thread its own state; all want the same slot of the chain. */
static void *read_chain(void *argument) {
    Job *job = argument;
    char text[67];
    check(job->state, state_manager_get_storage_sync(job->state, job->contract, "0x0", text, sizeof text));
    return NULL;
}

static void run(Job *jobs, void *(*work)(void *)) {
    int i;
    for (i = 0; i < THREADS; i++) {
        if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]) != 0) exit(1);
    }
    for (i = 0; i < THREADS; i++) pthread_join(jobs[i].thread, NULL);
}

int main(int argc, char **argv) {
    Job jobs[THREADS];
    static uint8_t slots[THREADS * WRITES + 1][32], values[THREADS * WRITES + 1][32];
    const uint8_t account[20] = {0xaa};
    size_t count;
    int i;

    StateManagerHandle shared = check_handle(state_manager_create());
    for (i = 0; i < THREADS; i++) {
        jobs[i].state = shared;
        jobs[i].number = i;
    }
    run(jobs, write_slots);
    check(shared, state_manager_list_storage(shared, account, NULL, slots[0], values[0], THREADS * WRITES + 1, &count));
    printf("%d threads wrote %zu slots of one state\n", THREADS, count);
    state_manager_destroy(shared);
    if (argc < 2) return 0;

    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
    ForkBackendHandle fork;
    options.url = argv[1];
    check(NULL, fork_backend_open(&options, &fork));
    for (i = 0; i < THREADS; i++) {
        jobs[i].state = check_handle(state_manager_create_with_fork(fork));
        jobs[i].contract = argc > 2 ? argv[2] : "0x5fbdb2315678afecb367f032d93f642f64180aa3";
    }
    run(jobs, read_chain);
    check(fork, fork_backend_stats(fork, &stats));
    printf("%d states read one slot of the chain: %llu slot held, %llu requests, two of them for the block\n", THREADS,
           (unsigned long long)stats.slots, (unsigned long long)stats.requests);
    for (i = 0; i < THREADS; i++) state_manager_destroy(jobs[i].state);
    fork_backend_destroy(fork);
    return 0;
}
