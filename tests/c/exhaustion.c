/* Every handle there is, in use at once: a program of its own, for the memory that it takes. */
#include "worldstate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORE_THAN_THERE_ARE = 1 << 21 };

static int failures;

static void check(int holds, const char *what) {
    if (holds) return;
    failures++;
    char text[256] = "";
    size_t length;
    worldstate_last_error(NULL, text, sizeof text, &length);
    printf("failed: %s (last error: %s)\n", what, text);
}

static int says_why(const void *handle) {
    char text[512] = "";
    size_t length;
    return worldstate_last_error(handle, text, sizeof text, &length) == STATE_MANAGER_SUCCESS && strstr(text, "handles are in use") != NULL;
}

static int never_called(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    (void)method;
    (void)params;
    (void)reply;
    *(int *)rpc_client = 1;
    return 1;
}

int main(void) {
    int was_called = 0;
    uint64_t nonce = 0;
    size_t count = 0;
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle opened = NULL;
    static const uint8_t address[20];
    StateManagerHandle *states = malloc(MORE_THAN_THERE_ARE * sizeof *states);
    if (states == NULL) return 2;
    vtable.request = never_called;
    ForkBackendHandle fork = fork_backend_create(&was_called, &vtable, "latest", 0);
    StateManagerHandle forked = state_manager_create_with_fork(fork);
    check(forked != NULL, "a fork");
    while (count < MORE_THAN_THERE_ARE && (states[count] = state_manager_create()) != NULL) count++;
    check(count > 1000000 && count < MORE_THAN_THERE_ARE, "about a million handles");
    check(says_why(NULL), "state_manager_create says why");
    check(state_manager_create_with_fork(fork) == NULL && says_why(NULL), "state_manager_create_with_fork");
    check(fork_backend_create(NULL, NULL, "latest", 0) == NULL && says_why(NULL), "fork_backend_create");
    check(fork_backend_open(&options, &opened) == STATE_MANAGER_ERROR_OUT_OF_MEMORY && opened == NULL && says_why(NULL),
          "fork_backend_open");
    check(state_manager_get_nonce_bytes(forked, address, &nonce) == STATE_MANAGER_ERROR_RPC_FAILED && !was_called && says_why(forked),
          "a callback without reply handle");
    /* All of them work, and the last one too; one that is given back can be had again. */
    check(state_manager_set_nonce_bytes(states[count - 1], address, 7) == STATE_MANAGER_SUCCESS, "a write to the last one");
    check(state_manager_get_nonce_bytes(states[count - 1], address, &nonce) == STATE_MANAGER_SUCCESS && nonce == 7, "its value");
    state_manager_destroy(states[count / 2]);
    states[count / 2] = state_manager_create();
    check(states[count / 2] != NULL && state_manager_create() == NULL, "one given back");
    while (count > 0) state_manager_destroy(states[--count]);
    state_manager_destroy(forked);
    fork_backend_destroy(fork);
    forked = state_manager_create();
    check(forked != NULL, "a handle after all were given back");
    state_manager_destroy(forked);
    free(states);
    return failures > 0;
}
