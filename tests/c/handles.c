/* Handles: dead, reused, many, and used by several threads while they die. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void destroy_twice(void) {
    StateManagerHandle state = state_manager_create();
    ForkBackendHandle fork = fork_backend_create(NULL, NULL, "latest", 0);
    REQUIRE(state != NULL && fork != NULL);
    /* Of the wrong kind: nothing happens to it. */
    fork_backend_destroy((ForkBackendHandle)(void *)state);
    CHECK(contains(last_error_of(NULL), "is a state manager, not a fork backend"));
    state_manager_destroy((StateManagerHandle)(void *)fork);
    OK(state_manager_set_nonce(state, ADDRESS_A, 1));
    OK(fork_backend_clear_cache(fork));
    state_manager_destroy(state);
    state_manager_destroy(state);
    CHECK(contains(last_error_of(NULL), "is no live state manager"));
    FAILS(NULL, state_manager_set_nonce(state, ADDRESS_A, 1), STATE_MANAGER_ERROR_INVALID_HANDLE, "is no live state manager");
    fork_backend_destroy(fork);
    fork_backend_destroy(fork);
    FAILS(NULL, fork_backend_clear_cache(fork), STATE_MANAGER_ERROR_INVALID_HANDLE, "is no live fork backend");
    state_manager_destroy(NULL);
    fork_backend_destroy(NULL);
    state_manager_destroy((StateManagerHandle)(void *)&state);
    state_manager_destroy((StateManagerHandle)(uintptr_t)-1);
}

static size_t resident_bytes(void) {
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void a_million(void) {
    unsigned long rounds = 10000ul * percent(), i;
    size_t before = 0;
    StateManagerHandle first = state_manager_create(), last = NULL;
    state_manager_destroy(first);
    for (i = 0; i < rounds; i++) {
        StateManagerHandle state = state_manager_create();
        if (state == NULL || state == last || (uintptr_t)state >> 52 != 0) break;
        if (i % 16 == 0 && state_manager_set_nonce_bytes(state, BYTES_A, i) != STATE_MANAGER_SUCCESS) break;
        state_manager_destroy(state);
        last = state;
        if (i == rounds / 10) before = resident_bytes();
    }
    CHECKF(i == rounds, "stopped at %lu of %lu", i, rounds);
    size_t after = resident_bytes();
    /* Less than 4 bytes each. */
    int is_flat = before > 0 && after < before + 4 * rounds + (1 << 18);
    /* With fewer rounds a checker counts, whose own memory grows. */
    CHECKF(is_flat || percent() < 100, "%zu bytes became %zu", before, after);
    /* The slot was used a million times, and the first handle is as dead as before. */
    FAILS(NULL, state_manager_set_nonce_bytes(first, BYTES_A, 1), STATE_MANAGER_ERROR_INVALID_HANDLE, "is no live state manager");
}

/* All alive at once: none is another, each names its own state; the dead stay dead when their slots are used again. */
static void many_at_once(void) {
    unsigned count = 50 * percent();
    StateManagerHandle *handles = allocate(count * sizeof *handles), *again = allocate(count * sizeof *again);
    uint64_t nonce = 0;
    for (unsigned i = 0; i < count; i++) {
        handles[i] = state_manager_create();
        CHECK((uint64_t)(uintptr_t)handles[i] < (uint64_t)1 << 53);
        OK(state_manager_set_nonce_bytes(handles[i], BYTES_A, i));
    }
    for (unsigned i = 0; i < count; i++) {
        OK(state_manager_get_nonce_bytes(handles[i], BYTES_A, &nonce));
        CHECK(nonce == i);
    }
    for (unsigned i = 0; i < count; i++) state_manager_destroy(handles[i]);
    for (unsigned i = 0; i < count; i++) again[i] = state_manager_create();
    for (unsigned i = 0; i < count; i++) {
        CHECK_STATUS(state_manager_get_nonce_bytes(handles[i], BYTES_A, &nonce), STATE_MANAGER_ERROR_INVALID_HANDLE);
        state_manager_destroy(handles[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        OK(state_manager_get_nonce_bytes(again[i], BYTES_A, &nonce));
        state_manager_destroy(again[i]);
    }
    free(handles);
    free(again);
}

static void use(void *handle) {
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_bytes(handle, BYTES_A, &nonce));
    CHECK(nonce == 5);
    OK(state_manager_set_nonce_bytes(handle, BYTES_B, 6));
}

static void from_another_thread(void) {
    StateManagerHandle state = state_manager_create();
    void *handle = state;
    uint64_t nonce = 0;
    OK(state_manager_set_nonce_bytes(state, BYTES_A, 5));
    run_threads(1, use, &handle);
    OK(state_manager_get_nonce_bytes(state, BYTES_B, &nonce));
    CHECK(nonce == 6);
    state_manager_destroy(state);
}

/* A handle that one thread makes and destroys while the others call. */
static void *shared_handle;
static int stop;
static unsigned long succeeded, refused;

static void call_until_stopped(void *argument) {
    int is_fork = argument != NULL;
    unsigned long good = 0, bad = 0;
    for (uint64_t i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
        void *handle = __atomic_load_n(&shared_handle, __ATOMIC_ACQUIRE);
        ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
        uint8_t value[32];
        int status = is_fork      ? fork_backend_stats(handle, &stats)
                     : i % 2 == 0 ? state_manager_set_storage_bytes(handle, BYTES_A, WORD_1, WORD_MAX)
                                  : state_manager_get_storage_bytes(handle, BYTES_A, WORD_1, value);
        good += status == STATE_MANAGER_SUCCESS;
        bad += status == STATE_MANAGER_ERROR_INVALID_HANDLE;
        CHECKF(status == STATE_MANAGER_SUCCESS || status == STATE_MANAGER_ERROR_INVALID_HANDLE, "%s", worldstate_error_name(status));
    }
    __atomic_fetch_add(&succeeded, good, __ATOMIC_RELAXED);
    __atomic_fetch_add(&refused, bad, __ATOMIC_RELAXED);
}

static void destroy_for_a_while(void *argument) {
    int is_fork = argument != NULL;
    double end = seconds_now() + 0.01 * percent();
    unsigned rounds = 0;
    while (seconds_now() < end || rounds < 50) {
        void *handle = is_fork ? (void *)fork_backend_create(NULL, NULL, "latest", 0) : (void *)state_manager_create();
        __atomic_store_n(&shared_handle, handle, __ATOMIC_RELEASE);
        if (rounds++ % 8 == 0) sleep_ms(1);
        if (is_fork) {
            fork_backend_destroy(handle);
        } else {
            state_manager_destroy(handle);
        }
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
}

static void turn(void *argument) {
    if (argument == &stop || argument == &refused) {
        destroy_for_a_while(argument == &stop ? argument : NULL);
    } else {
        call_until_stopped(argument == &succeeded ? argument : NULL);
    }
}

static void destroyed_meanwhile(int is_fork) {
    void *caller = is_fork ? (void *)&succeeded : NULL, *destroyer = is_fork ? (void *)&stop : (void *)&refused;
    void *arguments[] = {caller, caller, caller, destroyer};
    stop = 0;
    succeeded = refused = 0;
    shared_handle = NULL;
    run_threads(4, turn, arguments);
    CHECKF(succeeded > 0 && refused > 0, "%lu succeeded, %lu refused", succeeded, refused);
}

static void state_destroyed_meanwhile(void) { destroyed_meanwhile(0); }
static void fork_destroyed_meanwhile(void) { destroyed_meanwhile(1); }

/* The fork lives on behind its state managers. */
static void fork_outlived(void) {
    ForkBackendHandle fork = world_open(&WORLD_SEND, NULL);
    StateManagerHandle first = state_manager_create_with_fork(fork), second = state_manager_create_with_fork(fork);
    fork_backend_destroy(fork);
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_bytes(first, BYTES_A, &nonce));
    CHECK(nonce == world_nonce(BYTES_A));
    state_manager_destroy(first);
    OK(state_manager_get_nonce_bytes(second, BYTES_B, &nonce));
    CHECK(nonce == world_nonce(BYTES_B));
    OK(state_manager_clear_fork_cache(second));
    OK(state_manager_clear_caches(second));
    state_manager_destroy(second);
}

const struct test_case handle_cases[] = {
    {"handles: destroyed twice, or as another kind", destroy_twice},
    {"handles: a million one after the other", a_million},
    {"handles: thousands at once, and their slots again", many_at_once},
    {"handles: from another thread", from_another_thread},
    {"handles: state manager destroyed while others call", state_destroyed_meanwhile},
    {"handles: fork destroyed while others call", fork_destroyed_meanwhile},
    {"handles: a fork outlived by its state managers", fork_outlived},
    {NULL, NULL},
};
