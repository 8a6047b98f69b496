/* A panic inside the library is a status: nothing is printed, the process lives, others go on. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What goes to stderr meanwhile is counted. */
static FILE *redirected;
static int old_stderr = -1;

static void watch_stderr(void) {
    fflush(stderr);
    redirected = tmpfile();
    old_stderr = dup(2);
    CHECK(redirected != NULL && old_stderr >= 0 && dup2(fileno(redirected), 2) == 2);
}

static long end_watch(void) {
    fflush(stderr);
    long written = (long)lseek(2, 0, SEEK_END);
    CHECK(dup2(old_stderr, 2) == 2);
    close(old_stderr);
    fclose(redirected);
    return written;
}

static void panic_once(void *handle) {
    CHECK_STATUS(worldstate_test_panic(handle), STATE_MANAGER_ERROR_INTERNAL);
    CHECK(contains(last_error_of(handle), "internal error: asked to panic"));
}

static void on_state_manager(void) {
    StateManagerHandle state = state_manager_create(), other = state_manager_create();
    uint64_t nonce = 0;
    OK(state_manager_checkpoint(state));
    watch_stderr();
    CHECK_STATUS(worldstate_test_panic(state), STATE_MANAGER_ERROR_INTERNAL);
    CHECK(end_watch() == 0);
    const char *text = last_error_of(state);
    CHECKF(contains(text, "asked to panic at checkpoint depth 1") && contains(text, "library.rs:"), "%s", text);
    /* No more work, and the reason is the first one, however often it is asked. */
    size_t length = 0, before = 0;
    for (int i = 0; i < 5; i++) {
        FAILS(state, state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_INTERNAL,
              "the handle can only be destroyed since an earlier call failed with: internal error: asked to panic at checkpoint depth 1");
        OK(worldstate_last_error(state, NULL, 0, &length));
        CHECKF(i == 0 || length == before, "the text grew from %zu to %zu", before, length);
        before = length;
    }
    OK(state_manager_set_nonce_bytes(other, BYTES_A, 1));
    state_manager_destroy(state);
    CHECK_STATUS(state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_INVALID_HANDLE);
    StateManagerHandle fresh = state_manager_create();
    OK(state_manager_set_nonce_bytes(fresh, BYTES_A, 1));
    state_manager_destroy(fresh);
    state_manager_destroy(other);
}

static void on_fork(void) {
    ForkBackendHandle fork = world_open(&WORLD_SEND, NULL), other = world_open(&WORLD_SEND, NULL);
    StateManagerHandle state = state_manager_create_with_fork(other);
    watch_stderr();
    CHECK_STATUS(worldstate_test_panic(fork), STATE_MANAGER_ERROR_INTERNAL);
    CHECK(end_watch() == 0);
    CHECK(contains(last_error_of(fork), "asked to panic in a fork"));
    FAILS(fork, fork_backend_clear_cache(fork), STATE_MANAGER_ERROR_INTERNAL, "failed with: internal error: asked to panic in a fork");
    CHECK(state_manager_create_with_fork(fork) == NULL && contains(last_error_of(NULL), "asked to panic in a fork"));
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_bytes(state, BYTES_A, &nonce));
    fork_backend_destroy(fork);
    CHECK_STATUS(fork_backend_clear_cache(fork), STATE_MANAGER_ERROR_INVALID_HANDLE);
    state_manager_destroy(state);
    fork_backend_destroy(other);
}

static void without_handle(void) {
    watch_stderr();
    for (int i = 0; i < 3; i++) panic_once(NULL);
    CHECK(end_watch() == 0);
}

static void in_each_thread(void *unused) {
    (void)unused;
    StateManagerHandle state = state_manager_create();
    for (int i = 0; i < 20; i++) panic_once(NULL);
    CHECK_STATUS(worldstate_test_panic(state), STATE_MANAGER_ERROR_INTERNAL);
    state_manager_destroy(state);
}

static void in_threads(void) {
    watch_stderr();
    run_threads(4, in_each_thread, NULL);
    CHECK(end_watch() == 0);
}

/* Inside a callback, which is inside a call. */
static int panic_inside(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    if (*(int *)rpc_client == 0) panic_once(NULL);
    *(int *)rpc_client = 1;
    return world_request(NULL, method, params, reply);
}

static void in_a_callback(void) {
    int was_run = 0;
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    vtable.request = panic_inside;
    ForkBackendHandle fork = fork_backend_create(&was_run, &vtable, "latest", 0);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint64_t nonce = 0;
    watch_stderr();
    OK(state_manager_get_nonce_bytes(state, BYTES_A, &nonce));
    CHECK(worldstate_test_panic(state) == STATE_MANAGER_ERROR_INTERNAL);
    CHECK(end_watch() == 0);
    CHECK(was_run && nonce == 0xaa);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

const struct test_case panic_cases[] = {
    {"panics: in a call on a state manager", on_state_manager},
    {"panics: in a call on a fork", on_fork},
    {"panics: in a call without handle", without_handle},
    {"panics: in several threads", in_threads},
    {"panics: inside a callback", in_a_callback},
    {NULL, NULL},
};
