/* Forks whose requests the test carries itself. */
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    uint64_t id;
    char method[32], *params;
};

/* Takes the next request; 0 when there is none. */
static int take(ForkBackendHandle fork, struct request *request) {
    size_t method_len = 0, params_len = 0;
    int status = fork_backend_next_request(fork, &request->id, NULL, 0, &method_len, NULL, 0, &params_len);
    if (status == STATE_MANAGER_ERROR_NO_PENDING_REQUEST) return 0;
    CHECK_STATUS(status, STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
    request->params = allocate(params_len + 1);
    OK(fork_backend_next_request(fork, &request->id, request->method, sizeof request->method, &method_len, request->params,
                                 params_len + 1, &params_len));
    CHECK(strlen(request->method) == method_len && strlen(request->params) == params_len);
    return 1;
}

static void answer(ForkBackendHandle fork, struct request *request) {
    char *result = world_result(request->method, request->params);
    OK(fork_backend_continue(fork, request->id, (const uint8_t *)result, strlen(result)));
    free(result);
    free(request->params);
}

static void check_value(StateManagerHandle state, unsigned number) {
    uint8_t address[20], slot[32], value[32], wanted[32];
    world_address(number, address);
    world_slot(number, slot);
    world_value(address, slot, wanted);
    OK(state_manager_get_storage_bytes(state, address, slot, value));
    CHECKF(memcmp(value, wanted, 32) == 0, "value %u", number);
}

static int read_value(StateManagerHandle state, unsigned number) {
    uint8_t address[20], slot[32], value[32];
    world_address(number, address);
    world_slot(number, slot);
    return state_manager_get_storage_bytes(state, address, slot, value);
}

enum { OUTSTANDING = 100 };

/* A hundred requests out at once, answered in any order. */
static void any_order(void) {
    ForkBackendHandle fork = fork_backend_create(NULL, NULL, "0x64", 0);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    struct request requests[OUTSTANDING], more;
    unsigned random = 12345;
    for (unsigned i = 0; i < OUTSTANDING; i++) {
        CHECK_STATUS(read_value(state, i), STATE_MANAGER_ERROR_RPC_PENDING);
        /* Asked for twice, it is queued once. */
        CHECK_STATUS(read_value(state, i), STATE_MANAGER_ERROR_RPC_PENDING);
    }
    for (unsigned i = 0; i < OUTSTANDING; i++) {
        REQUIRE(take(fork, &requests[i]));
        CHECK(strcmp(requests[i].method, "eth_getProof") == 0 && contains(requests[i].params, "],\"0x64\"]"));
        for (unsigned j = 0; j < i; j++) CHECK(requests[j].id != requests[i].id);
    }
    CHECK(!take(fork, &more));
    for (unsigned i = OUTSTANDING; i > 0; i--) {
        random = random * 1103515245u + 12345u;
        unsigned at = (random >> 8) % i;
        struct request request = requests[at];
        requests[at] = requests[i - 1];
        answer(fork, &request);
        /* Answered once and for all. */
        FAILS(fork, fork_backend_continue(fork, request.id, (const uint8_t *)"null", 4), STATE_MANAGER_ERROR_INVALID_REQUEST,
              "is not open");
    }
    for (unsigned i = 0; i < OUTSTANDING; i++) check_value(state, i);
    CHECK(!take(fork, &more));
    ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
    OK(fork_backend_stats(fork, &stats));
    CHECK(stats.requests == OUTSTANDING && stats.slots == OUTSTANDING && stats.pending == 0);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

/* All that waits in one body; the answers come in reverse. */
static void batch_form(void) {
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle fork = NULL;
    OK(fork_backend_open(&options, &fork));
    StateManagerHandle state = state_manager_create_with_fork(fork);
    for (unsigned i = 0; i < OUTSTANDING; i++) CHECK_STATUS(read_value(state, i), STATE_MANAGER_ERROR_RPC_PENDING);
    unsigned bodies = 0;
    for (;;) {
        uint64_t id = 0;
        size_t length = 0, count = 0;
        int status = fork_backend_next_batch(fork, 0, &id, NULL, 0, &length, &count);
        if (status == STATE_MANAGER_ERROR_NO_PENDING_REQUEST) break;
        CHECK_STATUS(status, STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
        struct fenced body = fenced_new(length + 1);
        OK(fork_backend_next_batch(fork, 0, &id, (char *)body.data, length + 1, &length, &count));
        CHECK(fences_intact(&body) && strlen((char *)body.data) == length && count > 0 && (body.data[0] == '[') == (count > 1));
        char *reply = world_answer((char *)body.data);
        OK(fork_backend_continue_batch(fork, id, (const uint8_t *)reply, strlen(reply)));
        FAILS(fork, fork_backend_continue_batch(fork, id, (const uint8_t *)reply, strlen(reply)), STATE_MANAGER_ERROR_INVALID_REQUEST,
              "is not open");
        free(reply);
        fenced_free(&body);
        REQUIRE(++bodies < 10);
        for (unsigned i = 0; i < OUTSTANDING; i++) read_value(state, i);
    }
    for (unsigned i = 0; i < OUTSTANDING; i++) check_value(state, i);
    CHECKF(bodies <= 3, "%u bodies", bodies);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

/* Slots of one account go into one request, as many as the buffer has room for. */
static void params_of_any_room(void) {
    ForkBackendHandle fork = fork_backend_create(NULL, NULL, "latest", 0);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint8_t addresses[10 * 20], slots[10 * 32], values[10 * 32];
    for (unsigned i = 0; i < 10; i++) {
        memcpy(addresses + 20 * i, BYTES_A, 20);
        world_slot(i, slots + 32 * i);
    }
    CHECK_STATUS(state_manager_get_storage_batch(state, addresses, slots, 10, values), STATE_MANAGER_ERROR_RPC_PENDING);
    unsigned requests = 0;
    for (;;) {
        struct request request;
        size_t method_len, params_len = 0;
        struct fenced params = fenced_new(350);
        int status = fork_backend_next_request(fork, &request.id, request.method, sizeof request.method, &method_len,
                                               (char *)params.data, params.size, &params_len);
        CHECK(fences_intact(&params));
        if (status != STATE_MANAGER_SUCCESS) {
            CHECK_STATUS(status, STATE_MANAGER_ERROR_NO_PENDING_REQUEST);
            fenced_free(&params);
            break;
        }
        request.params = allocate(params_len + 1);
        memcpy(request.params, params.data, params_len + 1);
        answer(fork, &request);
        fenced_free(&params);
        REQUIRE(++requests < 10);
    }
    CHECKF(requests == 3 || requests == 4, "%u requests", requests);
    OK(state_manager_get_storage_batch(state, addresses, slots, 10, values));
    CHECK(memcmp(values + 9 * 32, BYTES_A, 20) == 0 && values[9 * 32 + 31] == 9);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

/* Wrong answers are refused, keep nothing, and leave the request open. */
static void wrong_answers(void) {
    static const char *const wrong[] = {
        "", "{", "[]", "\"0x1\"", "{}", "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"address\":\"0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb01\",\"nonce\":\"0x1\",\"balance\":\"0x2\",\"codeHash\":\"" MAX_HEX "\"}",
        "{\"nonce\":\"0x1\",\"balance\":\"0x2\",\"codeHash\":\"0x12\"}",
        "{\"nonce\":1,\"balance\":\"0x2\",\"codeHash\":\"" MAX_HEX "\"}",
        "{\"nonce\":\"0x1\",\"balance\":\"0xzz\",\"codeHash\":\"" MAX_HEX "\"}",
        "{\"nonce\":\"0x10000000000000000\",\"balance\":\"0x2\",\"codeHash\":\"" MAX_HEX "\"}",
    };
    ForkBackendHandle fork = fork_backend_create(NULL, NULL, "latest", 0);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint64_t nonce = 0;
    struct request request;
    CHECK_STATUS(state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_PENDING);
    REQUIRE(take(fork, &request));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        FAILS(fork, fork_backend_continue(fork, request.id, (const uint8_t *)wrong[i], strlen(wrong[i])),
              STATE_MANAGER_ERROR_INVALID_REQUEST, "answer to request 1, eth_getProof of 0x00");
        CHECK_STATUS(state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_PENDING);
    }
    answer(fork, &request);
    OK(state_manager_get_nonce_bytes(state, BYTES_A, &nonce));
    CHECK(nonce == 0xaa);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

static void failures(void) {
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle fork = NULL;
    options.account_source = FORK_ACCOUNTS_PROOF;
    options.max_attempts = 3;
    OK(fork_backend_open(&options, &fork));
    while (world_serve_one(fork)) {}
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint64_t nonce = 0;
    struct request request;
    /* For good: the next read says so, the one after asks again. */
    CHECK_STATUS(state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_PENDING);
    REQUIRE(take(fork, &request));
    free(request.params);
    OK(fork_backend_fail(fork, request.id, -32602, "invalid argument"));
    FAILS(state, state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_FAILED, "error -32602: invalid argument");
    CHECK_STATUS(state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_PENDING);
    /* What may pass is queued again, three times in all. */
    for (int i = 0; i < 3; i++) {
        REQUIRE(take(fork, &request));
        free(request.params);
        CHECK_STATUS(state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_PENDING);
        OK(fork_backend_fail(fork, request.id, 429, "slow down"));
    }
    CHECK(!take(fork, &request));
    FAILS(state, state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_FAILED, "(3 attempts)");
    /* A batch as a whole. */
    CHECK_STATUS(read_value(state, 1), STATE_MANAGER_ERROR_RPC_PENDING);
    CHECK_STATUS(read_value(state, 2), STATE_MANAGER_ERROR_RPC_PENDING);
    uint64_t id;
    size_t length, count = 0;
    char body[2048];
    OK(fork_backend_next_batch(fork, 0, &id, body, sizeof body, &length, &count));
    CHECK(count == 2);
    OK(fork_backend_fail_batch(fork, id, 413, "too large"));
    OK(fork_backend_next_batch(fork, 0, &id, body, sizeof body, &length, &count));
    CHECK(count == 1 && body[0] == '{');
    char *reply = world_answer(body);
    OK(fork_backend_continue_batch(fork, id, (const uint8_t *)reply, strlen(reply)));
    free(reply);
    OK(fork_backend_next_batch(fork, 0, &id, body, sizeof body, &length, NULL));
    OK(fork_backend_fail_batch(fork, id, 401, "who are you"));
    check_value(state, 1);
    CHECK_STATUS(read_value(state, 2), STATE_MANAGER_ERROR_RPC_FAILED);
    CHECK(contains(last_error_of(state), "error 401: who are you"));
    ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
    OK(fork_backend_stats(fork, &stats));
    CHECK(stats.batch_splits == 1 && stats.retries >= 2 && stats.failures >= 2);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

const struct test_case host_cases[] = {
    {"host: a hundred requests answered in any order", any_order},
    {"host: batches", batch_form},
    {"host: parameters in little room", params_of_any_room},
    {"host: wrong answers", wrong_answers},
    {"host: failures", failures},
    {NULL, NULL},
};
