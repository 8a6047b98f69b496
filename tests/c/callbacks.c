/* Forks over the host's functions: what they answer, fail, forget, and call meanwhile. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_reads(StateManagerHandle state, unsigned from, unsigned count) {
    for (unsigned i = from; i < from + count; i++) {
        uint8_t address[20], slot[32], value[32], wanted[32], code[WORLD_CODE_LEN];
        uint64_t nonce = 0;
        world_address(i, address);
        world_slot(i * 3, slot);
        world_value(address, slot, wanted);
        OK(state_manager_get_storage_bytes(state, address, slot, value));
        CHECK(memcmp(value, wanted, 32) == 0);
        world_balance(address, wanted);
        OK(state_manager_get_balance_bytes(state, address, value));
        CHECK(memcmp(value, wanted, 32) == 0);
        OK(state_manager_get_nonce_bytes(state, address, &nonce));
        CHECK(nonce == world_nonce(address));
        OK(state_manager_get_code_bytes(state, address, code, sizeof code));
        CHECK(memcmp(code, WORLD_CODE, sizeof code) == 0);
    }
}

static void reads(const ForkRpcVtable *vtable) {
    unsigned calls = 0;
    ForkBackendHandle fork = world_open(vtable, &calls);
    StateManagerHandle state = state_manager_create_with_fork(fork), other = state_manager_create_with_fork(fork);
    uint64_t chain_id = 0, number = 0;
    uint8_t hash[32], bytes[32];
    char text[67];
    OK(fork_backend_get_block(fork, &chain_id, &number, hash));
    CHECK(chain_id == WORLD_CHAIN_ID && number == WORLD_BLOCK && hash[0] == 0xb1 && hash[31] == WORLD_BLOCK);
    OK(state_manager_get_block_hash(state, 99, text, sizeof text));
    CHECK(contains(text, "0xb10c") && contains(text, "0063"));
    OK(state_manager_get_block_hash_bytes(state, WORLD_BLOCK, bytes));
    CHECK(memcmp(bytes, hash, 32) == 0);
    check_reads(state, 0, 10);
    unsigned before = calls;
    check_reads(state, 0, 10);
    check_reads(other, 0, 10);
    CHECKF(calls == before, "%u calls for what was read before", calls - before);
    OK(state_manager_clear_fork_cache(other));
    check_reads(state, 0, 1);
    CHECK(calls > before);

    /* 1,000 slots of one account: in few bodies, or few requests. */
    enum { MANY = 1000 };
    uint8_t *addresses = allocate(MANY * 20), *slots = allocate(MANY * 32), *values = allocate(MANY * 32), wanted[32];
    for (unsigned i = 0; i < MANY; i++) {
        memcpy(addresses + 20 * i, BYTES_B, 20);
        world_slot(i, slots + 32 * i);
    }
    before = calls;
    OK(state_manager_get_storage_batch(state, addresses, slots, MANY, values));
    CHECKF(calls - before <= 5, "%u calls", calls - before);
    for (unsigned i = 0; i < MANY; i++) {
        world_value(BYTES_B, slots + 32 * i, wanted);
        CHECK(memcmp(values + 32 * i, wanted, 32) == 0);
    }
    size_t slot_count = MANY;
    before = calls;
    OK(fork_backend_prefetch(fork, BYTES_B, &slot_count, 1, slots, FORK_PREFETCH_CODE));
    CHECK(calls - before <= 2);
    before = calls;
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_bytes(other, BYTES_B, &nonce));
    CHECK(calls == before && nonce == world_nonce(BYTES_B));

    /* A local write hides the chain's value until it is reverted. */
    OK(state_manager_checkpoint(state));
    OK(state_manager_set_storage_bytes(state, BYTES_B, WORD_1, WORD_0));
    OK(state_manager_get_storage_bytes(state, BYTES_B, WORD_1, bytes));
    CHECK(memcmp(bytes, WORD_0, 32) == 0);
    OK(state_manager_get_storage_bytes(other, BYTES_B, WORD_1, bytes));
    CHECK(memcmp(bytes, BYTES_B, 20) == 0);
    OK(state_manager_revert(state));
    OK(state_manager_get_storage_bytes(state, BYTES_B, WORD_1, bytes));
    CHECK(memcmp(bytes, BYTES_B, 20) == 0);
    free(addresses);
    free(slots);
    free(values);
    state_manager_destroy(state);
    state_manager_destroy(other);
    fork_backend_destroy(fork);
}

static void reads_by_request(void) { reads(&WORLD_REQUEST); }
static void reads_by_send(void) { reads(&WORLD_SEND); }

/* A callback that misbehaves as it is told. */
enum fault { NONE, SILENT, RETURNS_5, GARBAGE, EMPTY, WRONG_SHAPE, NOT_FOUND, BUSY, BROKEN_CONNECTION, ERROR_OBJECT, FAULTS };

struct faulty {
    enum fault fault;
    unsigned calls;
    /* Calls from here on are answered well. */
    unsigned well_after;
};

static int answer_faulty(struct faulty *faulty, ForkReplyHandle reply) {
    switch (faulty->fault) {
    case RETURNS_5:
        OK(fork_reply_body(reply, (const uint8_t *)"\"0x1\"", 5));
        return 5;
    case GARBAGE:
        return fork_reply_body(reply, (const uint8_t *)"<html>\xff", 7);
    case EMPTY:
        return fork_reply_body(reply, NULL, 0);
    case WRONG_SHAPE:
        return fork_reply_body(reply, (const uint8_t *)"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x\"}", 38);
    case NOT_FOUND:
        return fork_reply_fail(reply, 404, 0, "no such path");
    case BUSY:
        return fork_reply_fail(reply, 429, 1, NULL);
    case BROKEN_CONNECTION:
        return fork_reply_fail(reply, 0, 0, "cable cut");
    case ERROR_OBJECT:
        return fork_reply_body(reply, (const uint8_t *)"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-5,\"message\":\"no way\"}}", 63);
    default:
        return 0;
    }
}

static int faulty_request(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    struct faulty *faulty = rpc_client;
    if (faulty->fault == NONE || faulty->calls++ >= faulty->well_after) return world_request(NULL, method, params, reply);
    return answer_faulty(faulty, reply);
}

static int faulty_send(void *rpc_client, const char *body, size_t body_len, uint64_t timeout_ms, ForkReplyHandle reply) {
    struct faulty *faulty = rpc_client;
    if (faulty->fault == NONE || faulty->calls++ >= faulty->well_after) return world_send(NULL, body, body_len, timeout_ms, reply);
    return answer_faulty(faulty, reply);
}

static void faults(void) {
    static const struct {
        const char *text;
        unsigned attempts;
    } wanted[FAULTS] = {
        {NULL, 0},
        {"the callback left no reply", 3},
        {"the callback returned 5", 3},
        {"JSON", 3},
        {"JSON", 3},
        {"proof is not an object", 1},
        {"HTTP status 404: no such path", 1},
        {"HTTP status 429", 3},
        {"cable cut", 3},
        {"error -5: no way", 1},
    };
    for (int with_send = 0; with_send < 2; with_send++) {
        for (int fault = SILENT; fault < FAULTS; fault++) {
            struct faulty faulty = {NONE, 0, UINT32_MAX};
            ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
            ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
            ForkBackendHandle fork = NULL;
            uint64_t nonce = 77;
            if (with_send) {
                vtable.send = faulty_send;
            } else {
                vtable.request = faulty_request;
            }
            options.rpc_vtable = &vtable;
            options.rpc_client = &faulty;
            options.max_attempts = 3;
            options.backoff_initial_ms = options.backoff_max_ms = 1;
            options.account_source = FORK_ACCOUNTS_PROOF;
            OK(fork_backend_open(&options, &fork));
            StateManagerHandle state = state_manager_create_with_fork(fork);
            faulty.fault = (enum fault)fault;
            FAILS(state, state_manager_get_nonce_bytes(state, BYTES_A, &nonce), STATE_MANAGER_ERROR_RPC_FAILED, wanted[fault].text);
            CHECKF(contains(last_error_of(state), ADDRESS_A) && contains(last_error_of(state), "block 100"), "%s", last_error_of(state));
            CHECKF(faulty.calls == wanted[fault].attempts, "fault %d: %u attempts", fault, faulty.calls);
            CHECK(nonce == 77);
            /* Nothing wrong is kept. */
            faulty.fault = NONE;
            OK(state_manager_get_nonce_bytes(state, BYTES_A, &nonce));
            CHECK(nonce == 0xaa);
            if (wanted[fault].attempts > 1) {
                /* What passes is got over. */
                faulty.fault = (enum fault)fault;
                faulty.calls = 0;
                faulty.well_after = 2;
                OK(state_manager_get_nonce_bytes(state, BYTES_B, &nonce));
                CHECK(nonce == world_nonce(BYTES_B) && faulty.calls == 3);
            }
            state_manager_destroy(state);
            fork_backend_destroy(fork);
        }
    }
}

/* Calls from inside a callback. */
struct inside {
    ForkBackendHandle fork;
    StateManagerHandle own, same_fork, cached, local;
    unsigned calls;
};

static int call_inside(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    struct inside *inside = rpc_client;
    if (inside->calls++ > 0) return world_request(NULL, method, params, reply);
    const int out_of_order = STATE_MANAGER_ERROR_INVALID_STATE;
    uint64_t nonce = 0, id;
    size_t length = 0;
    char text[67], method_out[32], params_out[256];
    FAILS(NULL, state_manager_get_nonce_bytes(inside->own, BYTES_A, &nonce), out_of_order, "state manager from inside its own callback");
    FAILS(NULL, state_manager_set_nonce_bytes(inside->own, BYTES_A, 1), out_of_order, "from inside its own callback");
    CHECK_STATUS(worldstate_last_error(inside->own, text, sizeof text, &length), out_of_order);
    /* Nothing is destroyed: the thread's last error says so. */
    state_manager_destroy(inside->own);
    CHECK(contains(last_error_of(NULL), "state manager from inside its own callback"));
    FAILS(inside->fork, fork_backend_clear_cache(inside->fork), out_of_order, "fork backend from inside its own callback");
    CHECK_STATUS(fork_backend_next_request(inside->fork, &id, method_out, 32, &length, params_out, 256, &length), out_of_order);
    /* Another state on the fork: what is cached or local it has; for the rest it would have to wait for itself. */
    OK(state_manager_get_nonce_bytes(inside->cached, BYTES_B, &nonce));
    CHECK(nonce == world_nonce(BYTES_B));
    OK(state_manager_set_nonce_bytes(inside->same_fork, BYTES_A, 9));
    FAILS(inside->same_fork, state_manager_get_balance_bytes(inside->same_fork, BYTES_A, (uint8_t *)text), out_of_order,
          "is not cached, and this thread is inside the fork's own transport");
    CHECK(contains(last_error_of(inside->same_fork), ADDRESS_A));
    /* Others are free. */
    OK(state_manager_set_nonce_bytes(inside->local, BYTES_A, 4));
    StateManagerHandle fresh = state_manager_create();
    CHECK(fresh != NULL);
    state_manager_destroy(fresh);
    /* Without a NULL reply, or one of another kind. */
    CHECK_STATUS(fork_reply_body(NULL, (const uint8_t *)"1", 1), STATE_MANAGER_ERROR_INVALID_HANDLE);
    /* A later answer replaces an earlier one. */
    OK(fork_reply_fail(reply, 404, 0, "changed its mind"));
    OK(fork_reply_body(reply, (const uint8_t *)"nonsense", 8));
    return world_request(NULL, method, params, reply);
}

static void inside_a_callback(void) {
    struct inside inside = {NULL, NULL, NULL, NULL, NULL, 1};
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    vtable.request = call_inside;
    inside.fork = world_open(&vtable, &inside);
    inside.own = state_manager_create_with_fork(inside.fork);
    inside.same_fork = state_manager_create_with_fork(inside.fork);
    inside.cached = state_manager_create_with_fork(inside.fork);
    inside.local = state_manager_create();
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_bytes(inside.cached, BYTES_B, &nonce));
    inside.calls = 0;
    OK(state_manager_get_nonce_bytes(inside.own, BYTES_A, &nonce));
    CHECK(nonce == 0xaa && inside.calls > 0);
    OK(state_manager_get_nonce_bytes(inside.own, BYTES_A, &nonce));
    OK(state_manager_get_nonce_bytes(inside.local, BYTES_A, &nonce));
    CHECK(nonce == 4);
    state_manager_destroy(inside.own);
    CHECK_STATUS(state_manager_get_nonce_bytes(inside.own, BYTES_A, &nonce), STATE_MANAGER_ERROR_INVALID_HANDLE);
    state_manager_destroy(inside.same_fork);
    state_manager_destroy(inside.cached);
    state_manager_destroy(inside.local);
    fork_backend_destroy(inside.fork);
}

/* A fork whose handle dies inside its callback goes on behind its state managers. */
static int destroy_fork_inside(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    fork_backend_destroy(*(ForkBackendHandle *)rpc_client);
    return world_request(NULL, method, params, reply);
}

static void fork_destroyed_inside(void) {
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    ForkBackendHandle fork = NULL;
    vtable.request = destroy_fork_inside;
    fork = fork_backend_create(&fork, &vtable, "latest", 0);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_bytes(state, BYTES_A, &nonce));
    OK(state_manager_get_nonce_bytes(state, BYTES_B, &nonce));
    CHECK(nonce == world_nonce(BYTES_B));
    CHECK_STATUS(fork_backend_clear_cache(fork), STATE_MANAGER_ERROR_INVALID_HANDLE);
    state_manager_destroy(state);
}

/* A callback that waits until the other thread has used everything else: a lock held over it would be a deadlock. */
struct slow {
    ForkBackendHandle fork;
    StateManagerHandle slow, same_fork, local;
    int entered, leave, left_in_time;
};

static int wait_inside(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    struct slow *slow = rpc_client;
    if (contains(params, "00aa\"")) {
        __atomic_store_n(&slow->entered, 1, __ATOMIC_RELEASE);
        for (int i = 0; i < 20000 && !__atomic_load_n(&slow->leave, __ATOMIC_ACQUIRE); i++) sleep_ms(1);
        slow->left_in_time = __atomic_load_n(&slow->leave, __ATOMIC_ACQUIRE);
    }
    return world_request(NULL, method, params, reply);
}

static void read_slowly(void *argument) {
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_bytes(((struct slow *)argument)->slow, BYTES_A, &nonce));
    CHECK(nonce == 0xaa);
}

static void use_meanwhile(void *argument) {
    struct slow *slow = argument;
    uint64_t nonce = 0;
    ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
    while (!__atomic_load_n(&slow->entered, __ATOMIC_ACQUIRE)) sleep_ms(1);
    OK(state_manager_set_nonce_bytes(slow->local, BYTES_A, 4));
    OK(state_manager_get_nonce_bytes(slow->same_fork, BYTES_B, &nonce));
    CHECK(nonce == world_nonce(BYTES_B));
    OK(fork_backend_stats(slow->fork, &stats));
    CHECK(stats.pending >= 1);
    OK(fork_backend_clear_cache(slow->fork));
    StateManagerHandle fresh = state_manager_create_with_fork(slow->fork);
    OK(state_manager_get_nonce_bytes(fresh, BYTES_B, &nonce));
    state_manager_destroy(fresh);
    __atomic_store_n(&slow->leave, 1, __ATOMIC_RELEASE);
}

static void one_of_two(void *argument) {
    struct slow *slow = *(struct slow **)argument;
    if (((void **)argument)[1] != NULL) {
        read_slowly(slow);
    } else {
        use_meanwhile(slow);
    }
}

static void no_lock_held(void) {
    struct slow slow = {NULL, NULL, NULL, NULL, 0, 0, 0};
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    vtable.request = wait_inside;
    slow.fork = fork_backend_create(&slow, &vtable, "latest", 0);
    slow.slow = state_manager_create_with_fork(slow.fork);
    slow.same_fork = state_manager_create_with_fork(slow.fork);
    slow.local = state_manager_create();
    void *reader[2] = {&slow, &slow}, *user[2] = {&slow, NULL}, *arguments[2] = {reader, user};
    run_threads(2, one_of_two, arguments);
    CHECK(slow.entered && slow.left_in_time);
    state_manager_destroy(slow.slow);
    state_manager_destroy(slow.same_fork);
    state_manager_destroy(slow.local);
    fork_backend_destroy(slow.fork);
}

/* A thread asks for two accounts. While the second is under way, the first one's answer leaves the cache, and another
 * thread asks for it anew: that question is its own, and nothing that the first thread does closes it. */
struct asked_again {
    ForkBackendHandle fork;
    int second_entered, again_entered, first_is_done;
    unsigned calls;
};

static void wait_for(const int *flag) {
    for (int i = 0; i < 20000 && !__atomic_load_n(flag, __ATOMIC_ACQUIRE); i++) sleep_ms(1);
    CHECK(__atomic_load_n(flag, __ATOMIC_ACQUIRE));
}

static int one_after_the_other(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    struct asked_again *asked = rpc_client;
    unsigned call = __atomic_add_fetch(&asked->calls, 1, __ATOMIC_ACQ_REL);
    if (call == 2) {
        __atomic_store_n(&asked->second_entered, 1, __ATOMIC_RELEASE);
        wait_for(&asked->again_entered);
    } else if (call == 3) {
        __atomic_store_n(&asked->again_entered, 1, __ATOMIC_RELEASE);
        wait_for(&asked->first_is_done);
    }
    return world_request(NULL, method, params, reply);
}

static void ask_for_two(struct asked_again *asked) {
    uint8_t addresses[40];
    memcpy(addresses, BYTES_A, 20);
    memcpy(addresses + 20, BYTES_B, 20);
    OK(fork_backend_prefetch(asked->fork, addresses, NULL, 2, NULL, 0));
    __atomic_store_n(&asked->first_is_done, 1, __ATOMIC_RELEASE);
}

static void ask_again(struct asked_again *asked) {
    StateManagerHandle state = state_manager_create_with_fork(asked->fork);
    uint64_t nonce = 0;
    wait_for(&asked->second_entered);
    OK(fork_backend_clear_cache(asked->fork));
    int status = state_manager_get_nonce_bytes(state, BYTES_A, &nonce);
    CHECKF(status == STATE_MANAGER_SUCCESS && nonce == 0xaa, "%s", last_error_of(state));
    state_manager_destroy(state);
}

static void two_or_again(void *argument) {
    struct asked_again *asked = *(struct asked_again **)argument;
    if (((void **)argument)[1] != NULL) {
        ask_for_two(asked);
    } else {
        ask_again(asked);
    }
}

static void asked_again_meanwhile(void) {
    struct asked_again asked = {NULL, 0, 0, 0, 0};
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    vtable.request = one_after_the_other;
    asked.fork = fork_backend_create(&asked, &vtable, "latest", 0);
    void *two[2] = {&asked, &asked}, *again[2] = {&asked, NULL}, *arguments[2] = {two, again};
    run_threads(2, two_or_again, arguments);
    CHECK(asked.calls == 3);
    fork_backend_destroy(asked.fork);
}

const struct test_case callback_cases[] = {
    {"callbacks: reads by request", reads_by_request},
    {"callbacks: reads by send", reads_by_send},
    {"callbacks: faults", faults},
    {"callbacks: calls from inside", inside_a_callback},
    {"callbacks: the fork's handle destroyed inside", fork_destroyed_inside},
    {"callbacks: no lock is held over one", no_lock_held},
    {"callbacks: a question asked again meanwhile", asked_again_meanwhile},
    {NULL, NULL},
};
