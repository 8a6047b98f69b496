/* Eight threads for seconds: on one handle, and on eight handles of one fork. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, VALUES = 400 };

struct worker {
    unsigned number;
    StateManagerHandle state;
    ForkBackendHandle fork;
    double end;
    unsigned long calls;
};

enum { AT_LEAST = 20 };

static int goes_on(const struct worker *worker, unsigned step) { return step < AT_LEAST || seconds_now() < worker->end; }

static void run_workers(struct worker workers[THREADS], void (*body)(void *)) {
    void *arguments[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].end = seconds_now() + seconds();
        workers[i].calls = 0;
        arguments[i] = &workers[i];
    }
    run_threads(THREADS, body, arguments);
    for (unsigned i = 0; i < THREADS; i++) CHECKF(workers[i].calls >= AT_LEAST, "thread %u did %lu steps", i, workers[i].calls);
}

/* Each thread has an account of its own in the common state; one account is everybody's. */
static void on_one_handle(void *argument) {
    struct worker *worker = argument;
    uint8_t own[20], common[20], slot[32], value[32], out[32], dump_room[64];
    world_address(worker->number, own);
    world_address(99, common);
    char text[67];
    size_t length;
    for (unsigned i = 0; goes_on(worker, i); i++, worker->calls++) {
        world_slot(i % VALUES, slot);
        memset(value, (int)(i % 255 + 1), 32);
        value[0] = (uint8_t)worker->number;
        OK(state_manager_set_storage_bytes(worker->state, own, slot, value));
        OK(state_manager_get_storage_bytes(worker->state, own, slot, out));
        CHECK(memcmp(out, value, 32) == 0);
        memset(value, (int)worker->number, 32);
        OK(state_manager_set_storage_bytes(worker->state, common, WORD_1, value));
        OK(state_manager_get_storage_bytes(worker->state, common, WORD_1, out));
        for (int j = 1; j < 32; j++) CHECK(out[j] == out[0] && out[0] < THREADS);
        if (i % 16 == worker->number) {
            CHECK_STATUS(state_manager_get_balance_sync(worker->state, "0x", text, sizeof text), STATE_MANAGER_ERROR_INVALID_HEX);
            /* That of this thread or of another: the handle's. */
            const char *text_now = last_error_of(worker->state);
            CHECKF(contains(text_now, "address \"0x\" has no digits") || contains(text_now, "output buffer too small"), "%s", text_now);
            int status = state_manager_dump(worker->state, STATE_MANAGER_DUMP_ANVIL, (char *)dump_room, sizeof dump_room, &length);
            CHECK_STATUS(status, STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
            OK(state_manager_checkpoint(worker->state));
            OK(state_manager_commit(worker->state));
        }
    }
}

static void one_handle(void) {
    struct worker workers[THREADS];
    memset(workers, 0, sizeof workers);
    StateManagerHandle state = state_manager_create();
    for (unsigned i = 0; i < THREADS; i++) workers[i].state = state;
    run_workers(workers, on_one_handle);
    state_manager_destroy(state);
}

/* One step of a thread that reads a fork through a state of its own. */
static int read_and_write(struct worker *worker, unsigned i) {
    uint8_t address[20], slot[32], wanted[32], out[32];
    uint64_t nonce = 0;
    /* All threads walk over the same values, so that they ask for the same ones at once. */
    world_address(i % 16, address);
    world_slot(i % VALUES, slot);
    int status = state_manager_get_storage_bytes(worker->state, address, slot, out);
    if (status != STATE_MANAGER_SUCCESS) return status;
    world_value(address, slot, wanted);
    CHECK(memcmp(out, wanted, 32) == 0);
    status = state_manager_get_nonce_bytes(worker->state, address, &nonce);
    if (status != STATE_MANAGER_SUCCESS) return status;
    CHECK(nonce == world_nonce(address));
    memset(wanted, (int)worker->number + 1, 32);
    OK(state_manager_checkpoint(worker->state));
    OK(state_manager_set_storage_bytes(worker->state, address, slot, wanted));
    OK(state_manager_get_storage_bytes(worker->state, address, slot, out));
    CHECK(memcmp(out, wanted, 32) == 0);
    OK(state_manager_revert(worker->state));
    worker->calls++;
    return STATE_MANAGER_SUCCESS;
}

static void over_callbacks(void *argument) {
    struct worker *worker = argument;
    ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
    for (unsigned i = 0; goes_on(worker, i); i++) {
        int status = read_and_write(worker, i);
        CHECKF(status == STATE_MANAGER_SUCCESS, "%s: %s", worldstate_error_name(status), last_error_of(worker->state));
        if (i % 512 == worker->number) OK(fork_backend_clear_cache(worker->fork));
        if (i % 64 == 0) OK(fork_backend_stats(worker->fork, &stats));
    }
}

static void eight_handles_over_callbacks(void) {
    struct worker workers[THREADS];
    unsigned calls = 0;
    memset(workers, 0, sizeof workers);
    ForkBackendHandle fork = world_open(&WORLD_SEND, &calls);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].state = state_manager_create_with_fork(fork);
        workers[i].fork = fork;
    }
    run_workers(workers, over_callbacks);
    for (unsigned i = 0; i < THREADS; i++) state_manager_destroy(workers[i].state);
    fork_backend_destroy(fork);
    CHECK(__atomic_load_n(&calls, __ATOMIC_RELAXED) > 10);
}

/* Whoever finds a value missing serves a request, its own or another's. */
static void over_host(void *argument) {
    struct worker *worker = argument;
    for (unsigned i = 0; goes_on(worker, i); i++) {
        for (;;) {
            int status = read_and_write(worker, i);
            if (status == STATE_MANAGER_SUCCESS) break;
            if (!CHECK_STATUS(status, STATE_MANAGER_ERROR_RPC_PENDING)) return;
            world_serve_one(worker->fork);
            if (seconds_now() > worker->end + 60) {
                CHECK(!"a value never came");
                return;
            }
        }
        if (i % 512 == worker->number) OK(fork_backend_clear_cache(worker->fork));
    }
}

static void eight_handles_over_host(void) {
    struct worker workers[THREADS];
    memset(workers, 0, sizeof workers);
    ForkBackendHandle fork = fork_backend_create(NULL, NULL, "latest", 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].state = state_manager_create_with_fork(fork);
        workers[i].fork = fork;
    }
    run_workers(workers, over_host);
    for (unsigned i = 0; i < THREADS; i++) state_manager_destroy(workers[i].state);
    fork_backend_destroy(fork);
}

const struct test_case thread_cases[] = {
    {"threads: eight on one handle", one_handle},
    {"threads: eight on eight handles of a fork over callbacks", eight_handles_over_callbacks},
    {"threads: eight on eight handles of a fork over the host", eight_handles_over_host},
    {NULL, NULL},
};
