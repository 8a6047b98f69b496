/* Each function of the header: each argument in turn wrong, each status provoked with its text, and nothing written
 * where it should not be. */
#include "matrix.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void succeeds(const struct function *f, void *handle, void *context) {
    (void)context;
    struct prepared prepared = prepare(f, handle, 1);
    expect(f, &prepared, STATE_MANAGER_SUCCESS, NULL, error_handle_of(f, handle), "good arguments");
    int written = 0, outputs = 0;
    for (int i = 0; f->arguments[i].kind != NO_ARGUMENT; i++) {
        if (prepared.out[i].data == NULL) continue;
        outputs++;
        written += !is_untouched(&f->arguments[i], &prepared.out[i]);
    }
    CHECKF(written == outputs, "%s: %d of %d outputs written", f->name, written, outputs);
    if (f == find("fork_backend_open")) {
        ForkBackendHandle made;
        memcpy(&made, prepared.out[1].data, sizeof made);
        fork_backend_destroy(made);
    }
    release(&prepared);
}

static void each_null(const struct function *f, void *handle, void *context) {
    int at = *(int *)context;
    const struct argument *a = &f->arguments[at];
    char text[64], what[64];
    struct prepared prepared = prepare(f, handle, 1);
    snprintf(text, sizeof text, "%s is NULL", a->name == NULL ? "?" : a->name);
    snprintf(what, sizeof what, "argument %d NULL", at);
    prepared.v[at].p = NULL;
    if (a->kind == OPTIONAL_INPUT || a->kind == OPTIONAL_OUTPUT) {
        expect(f, &prepared, STATE_MANAGER_SUCCESS, NULL, error_handle_of(f, handle), what);
    } else {
        expect(f, &prepared, STATE_MANAGER_ERROR_INVALID_INPUT, text, error_handle_of(f, handle), what);
    }
    release(&prepared);
}

static void one_byte_short(const struct function *f, void *handle, void *context) {
    int at = *(int *)context;
    enum argument_kind kind = f->arguments[at].kind;
    struct prepared prepared = prepare(f, handle, 1);
    char text[64];
    size_t size = (size_t)prepared.v[at + 1].n;
    snprintf(text, sizeof text, "%zu bytes are needed, %zu were given", size, size - 1);
    prepared.v[at + 1].n = size - 1;
    /* The room is short in truth, so that a fence or a checker would notice. */
    fenced_free(&prepared.out[at]);
    prepared.out[at] = fenced_new(size - 1);
    prepared.v[at].p = prepared.out[at].data;
    expect(f, &prepared, STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL, text, handle, "one byte short");
    int has_length = kind == TEXT_OUTPUT || (kind == DATA_OUTPUT && f->arguments[at + 2].kind == OUTPUT);
    if (has_length) {
        size_t length, real = kind == TEXT_OUTPUT ? size - 1 : size;
        memcpy(&length, prepared.v[at + 2].p, sizeof length);
        CHECKF(length == real, "%s: length %zu instead of %zu", f->name, length, real);
    }
    /* No room at all. */
    prepared.v[at].p = NULL;
    prepared.v[at + 1].n = 0;
    if (kind == DATA_OUTPUT) expect(f, &prepared, STATE_MANAGER_SUCCESS, NULL, handle, "not wanted");
    if (kind == BYTES_OUTPUT) expect(f, &prepared, STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL, "0 were given", handle, "no room");
    if (kind == NUMBER_OUTPUT) expect(f, &prepared, STATE_MANAGER_ERROR_INVALID_INPUT, "is NULL", handle, "no room");
    release(&prepared);
}

static void over_arguments(int (*wanted)(enum argument_kind), scene_body *body) {
    for (size_t i = 0; i < function_count; i++) {
        if (functions[i].setting == SPECIAL) continue;
        for (int at = 0; functions[i].arguments[at].kind != NO_ARGUMENT; at++) {
            if (wanted(functions[i].arguments[at].kind)) in_scene(&functions[i], body, &at);
        }
    }
}

static int is_pointer(enum argument_kind kind) { return is_input(kind) || is_output(kind) || kind == OPTIONAL_INPUT; }
static int is_sized(enum argument_kind kind) {
    return kind == TEXT_OUTPUT || kind == BYTES_OUTPUT || kind == NUMBER_OUTPUT || kind == DATA_OUTPUT;
}

static void good_arguments(void) {
    for (size_t i = 0; i < function_count; i++) {
        if (functions[i].setting != SPECIAL) in_scene(&functions[i], succeeds, NULL);
    }
}

static void null_arguments(void) { over_arguments(is_pointer, each_null); }
static void short_buffers(void) { over_arguments(is_sized, one_byte_short); }

static void bad_handle(const struct function *f, void *handle, const char *text) {
    struct prepared prepared = prepare(f, handle, 0);
    expect(f, &prepared, STATE_MANAGER_ERROR_INVALID_HANDLE, text, NULL, text);
    release(&prepared);
}

static void bad_handles(void) {
    int on_stack = 0;
    /* The handles 1 to 3 would be those of the first slot, were it new. */
    state_manager_destroy(state_manager_create());
    StateManagerHandle state = state_manager_create(), dead = state_manager_create();
    ForkBackendHandle fork = host_fork(), dead_fork = host_fork();
    state_manager_destroy(dead);
    fork_backend_destroy(dead_fork);
    EvmHandle evm = evm_create(state, NULL), dead_evm = evm_create(state, NULL);
    evm_destroy(dead_evm);
    for (size_t i = 0; i < function_count; i++) {
        const struct function *f = &functions[i];
        enum argument_kind kind = f->arguments[0].kind;
        if (f->setting == SPECIAL || !has_handle(f)) continue;
        const char *name = kind == STATE_MANAGER  ? "state manager"
                           : kind == FORK_BACKEND ? "fork backend"
                           : kind == EVM_EXECUTOR ? "evm"
                                                  : "fork reply";
        char text[64];
        snprintf(text, sizeof text, "the %s handle is NULL", name);
        bad_handle(f, NULL, text);
        snprintf(text, sizeof text, "is no live %s", name);
        void *bad[] = {&on_stack, (void *)(uintptr_t)1, (void *)(uintptr_t)2, (void *)(uintptr_t)3, (void *)(uintptr_t)-1,
                       (void *)(uintptr_t)0xdeadbeef, dead, dead_fork, dead_evm, (void *)((uintptr_t)state ^ (uintptr_t)1 << 40)};
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            bad_handle(f, bad[j], text);
        }
        if (kind != STATE_MANAGER) bad_handle(f, state, "is a state manager, not a");
        if (kind != FORK_BACKEND) bad_handle(f, fork, "is a fork backend, not a");
        if (kind != EVM_EXECUTOR) bad_handle(f, evm, "is a evm, not a");
    }
    evm_destroy(evm);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

/* A reply handle, given to functions of other kinds, and after its callback. */
static void reply_as_other(const struct function *f, void *handle, void *context) {
    (void)f;
    *(void **)context = handle;
    for (size_t i = 0; i < function_count; i++) {
        enum argument_kind kind = functions[i].arguments[0].kind;
        if (kind == STATE_MANAGER || kind == FORK_BACKEND || kind == EVM_EXECUTOR) bad_handle(&functions[i], handle, "is a fork reply, not a");
    }
}

static void reply_handles(void) {
    void *reply = NULL;
    in_callback(NULL, reply_as_other, &reply);
    for (size_t i = 0; i < function_count; i++) {
        if (functions[i].arguments[0].kind == FORK_REPLY) bad_handle(&functions[i], reply, "is no live fork reply");
    }
}

static void bad_text(const struct function *f, void *handle, void *context) {
    int at = *(int *)context;
    enum argument_kind kind = f->arguments[at].kind;
    char long_text[301], digits_65[68];
    memset(long_text, '1', 300);
    long_text[300] = '\0';
    memset(digits_65, '1', 67);
    digits_65[1] = 'x';
    digits_65[0] = '0';
    digits_65[67] = '\0';
    static const char decimal_overflow[] = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    const struct {
        const char *text, *flaw;
        int address, word, quantity;
    } table[] = {
        {"", "has no digits", 1, 1, 1},
        {"0x", "has no digits", 1, 1, 1},
        {"0xzz", "is not hexadecimal", 1, 1, 1},
        {" 0x1", "", 1, 1, 1},
        {"0x1 ", "is not hexadecimal", 1, 1, 1},
        {"-1", "", 1, 1, 1},
        {"0x-1", "is not hexadecimal", 1, 1, 1},
        {"0x\xff\xfe", "is not hexadecimal", 1, 1, 1},
        {"\xc3\xa9", "", 1, 1, 1},
        {long_text, "has 256 characters or more", 1, 1, 1},
        {digits_65, "digits", 1, 1, 1},
        {"0x00000000000000000000000000000000000000a", "has 39 digits instead of 40", 1, 0, 0},
        {"0x00000000000000000000000000000000000000aaa", "has 41 digits instead of 40", 1, 0, 0},
        {"0x00000000000000000000000000000000000000ag", "is not hexadecimal", 1, 1, 1},
        {"10", "has neither a 0x prefix nor 64 digits", 0, 1, 0},
        {"1", "has 1 digits instead of 40", 1, 0, 0},
        {"1f", "is neither 0x-prefixed hexadecimal nor decimal", 0, 0, 1},
        {decimal_overflow, "does not fit in 256 bits", 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int applies = kind == ADDRESS_TEXT ? table[i].address : kind == WORD_TEXT ? table[i].word : table[i].quantity;
        if (!applies) continue;
        struct prepared prepared = prepare(f, handle, 1);
        prepared.v[at].p = (void *)(uintptr_t)table[i].text;
        expect(f, &prepared, STATE_MANAGER_ERROR_INVALID_HEX, table[i].flaw, handle, table[i].text);
        CHECKF(contains(last_error_of(handle), f->arguments[at].name), "%s: \"%s\" names no %s", f->name, last_error_of(handle),
               f->arguments[at].name);
        release(&prepared);
    }
}

static int is_text(enum argument_kind kind) {
    return kind == ADDRESS_TEXT || kind == WORD_TEXT || kind == QUANTITY_TEXT;
}
static void bad_texts(void) { over_arguments(is_text, bad_text); }

/* The value is not here: it is queued, it fails, it is asked for again. */
static void remote(void) {
    for (size_t i = 0; i < function_count; i++) {
        const struct function *f = &functions[i];
        if (!(f->flags & REMOTE)) continue;
        int is_block = contains(f->name, "block_hash");
        ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
        ForkBackendHandle fork = NULL;
        options.account_source = FORK_ACCOUNTS_PROOF;
        OK(fork_backend_open(&options, &fork));
        while (world_serve_one(fork)) {}
        StateManagerHandle state = state_manager_create_with_fork(fork);
        struct prepared prepared = prepare(f, state, 0);
        if (is_block) prepared.v[1].n = 42;
        const char *place = is_block ? "block 42" : ADDRESS_A;
        expect(f, &prepared, STATE_MANAGER_ERROR_RPC_PENDING, place, state, "on a fork");
        CHECK(contains(last_error_of(state), "is not here yet"));
        uint64_t id;
        char method[32], params[512];
        size_t method_len, params_len;
        while (fork_backend_next_request(fork, &id, method, sizeof method, &method_len, params, sizeof params, &params_len) ==
               STATE_MANAGER_SUCCESS) {
            OK(fork_backend_fail(fork, id, -32000, "the dog ate it"));
        }
        expect(f, &prepared, STATE_MANAGER_ERROR_RPC_FAILED, place, state, "after a failure");
        CHECK(contains(last_error_of(state), "the dog ate it") && contains(last_error_of(state), method));
        release(&prepared);
        state_manager_destroy(state);
        fork_backend_destroy(fork);
    }
}

/* Roots and proofs need what this fork has not; block hashes need a fork. */
static void forked_or_not(void) {
    ForkBackendHandle fork = world_open(&WORLD_SEND, NULL);
    StateManagerHandle forked = state_manager_create_with_fork(fork), local = state_manager_create();
    for (size_t i = 0; i < function_count; i++) {
        const struct function *f = &functions[i];
        int needs_fork = f->arguments[0].kind == STATE_MANAGER && contains(f->name, "block_hash");
        if (!(f->flags & NO_FORK) && !needs_fork) continue;
        StateManagerHandle state = needs_fork ? local : forked;
        struct prepared prepared = prepare(f, state, 0);
        const char *text = needs_fork ? "hash of block 100: the state is not forked" : "no state root in the header of block 100";
        expect(f, &prepared, STATE_MANAGER_ERROR_INVALID_STATE, text, state, "forked or not");
        release(&prepared);
        if (!needs_fork) continue;
        struct prepared later = prepare(f, forked, 0);
        later.v[1].n = WORLD_BLOCK + 1;
        expect(f, &later, STATE_MANAGER_ERROR_INVALID_INPUT, "block 101 is later than the fork's block", forked, "later block");
        release(&later);
    }
    state_manager_destroy(forked);
    state_manager_destroy(local);
    fork_backend_destroy(fork);
}

/* Every function on its own handle from inside its callback. */
static StateManagerHandle inside_state;
static ForkBackendHandle inside_fork;

static int call_all_inside(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    if (*(int *)rpc_client == 0) {
        *(int *)rpc_client = 1;
        for (size_t i = 0; i < function_count; i++) {
            const struct function *f = &functions[i];
            enum argument_kind kind = f->arguments[0].kind;
            if (kind != STATE_MANAGER && kind != FORK_BACKEND) continue;
            void *handle = kind == STATE_MANAGER ? (void *)inside_state : (void *)inside_fork;
            struct prepared prepared = prepare(f, handle, 0);
            /* The state manager is in use: the text is the thread's. */
            expect(f, &prepared, STATE_MANAGER_ERROR_INVALID_STATE, "from inside its own callback",
                   kind == STATE_MANAGER ? NULL : handle, "inside its callback");
            release(&prepared);
        }
    }
    return world_request(NULL, method, params, reply);
}

static void inside_callbacks(void) {
    int was_run = 0;
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    vtable.request = call_all_inside;
    inside_fork = fork_backend_create(&was_run, &vtable, "latest", 0);
    inside_state = state_manager_create_with_fork(inside_fork);
    uint64_t nonce = 0;
    OK(state_manager_get_nonce_sync(inside_state, ADDRESS_A, &nonce));
    CHECK(was_run && nonce == 0xaa);
    state_manager_destroy(inside_state);
    fork_backend_destroy(inside_fork);
}

static void broken(const struct function *f, void *handle, void *context) {
    (void)context;
    struct prepared prepared = prepare(f, handle, 0);
    CHECK_STATUS(worldstate_test_panic(handle), STATE_MANAGER_ERROR_INTERNAL);
    expect(f, &prepared, STATE_MANAGER_ERROR_INTERNAL, "an earlier call failed with: internal error: asked to panic", handle,
           "after a panic");
    release(&prepared);
}

static void after_a_panic(void) {
    for (size_t i = 0; i < function_count; i++) {
        enum argument_kind kind = functions[i].arguments[0].kind;
        if (kind == STATE_MANAGER || kind == FORK_BACKEND || kind == EVM_EXECUTOR) in_scene(&functions[i], broken, NULL);
    }
}

/* What only some functions can answer. */

void expect_at(const char *name, void *handle, int at, struct value value, int wanted, const char *text) {
    const struct function *f = find(name);
    struct prepared prepared = prepare(f, handle, 0);
    prepared.v[at].n = value.n;
    if (value.p != NULL) prepared.v[at].p = value.p;
    if (value.p != NULL && f->arguments[at + 1].kind == NUMBER) prepared.v[at + 1].n = value.n;
    expect(f, &prepared, wanted, text, handle, text);
    release(&prepared);
}

struct value number(uint64_t n) {
    struct value value = {NULL, n};
    return value;
}

struct value text(const char *text) {
    struct value value = {(void *)(uintptr_t)text, strlen(text)};
    return value;
}

static void reply_statuses(const struct function *f, void *handle, void *context) {
    (void)f;
    (void)context;
    expect_at("fork_reply_fail", handle, 3, text("\xff"), STATE_MANAGER_ERROR_INVALID_INPUT, "message is not UTF-8");
    expect_at("fork_reply_body", handle, 2, number((uint64_t)1 << 46), STATE_MANAGER_ERROR_OUT_OF_MEMORY,
              "body: 70368744177664 bytes cannot be allocated");
    expect_at("fork_reply_body", handle, 2, number(UINT64_MAX), STATE_MANAGER_ERROR_INVALID_INPUT, "more than memory can hold");
}

static void proof_statuses(void) {
    const int invalid = STATE_MANAGER_ERROR_PROOF_INVALID, input = STATE_MANAGER_ERROR_INVALID_INPUT;
    struct value other_hash = {(void *)(uintptr_t)WORD_1, 0}, other_address = {(void *)(uintptr_t)BYTES_B, 0};
    expect_at("worldstate_verify_proof", NULL, 0, other_hash, invalid, "node 0 of the path");
    expect_at("worldstate_verify_proof", NULL, 1, other_address, invalid, "proof is for 0x");
    struct value other_slot = {(void *)(uintptr_t)WORD_1, 1};
    expect_at("worldstate_verify_proof", NULL, 2, other_slot, invalid, "slot 0x1 of");
    expect_at("worldstate_verify_proof", NULL, 3, number(UINT64_MAX), input, "more than memory can hold");
    expect_at("worldstate_verify_proof", NULL, 3, number(0), STATE_MANAGER_SUCCESS, NULL);
    expect_at("worldstate_verify_proof", NULL, 4, text("{}"), invalid, "balance is missing");
    expect_at("worldstate_verify_proof", NULL, 4, text("{"), input, "proof is not JSON");
    expect_at("worldstate_verify_proof", NULL, 4, text("{\"error\":{}}"), input, "a JSON-RPC response without a result");
    expect_at("worldstate_verify_header", NULL, 0, other_hash, invalid, "header of block 0 has the hash 0xd4e56740");
    expect_at("worldstate_verify_header", NULL, 1, text("{}"), invalid, "parentHash is missing");
    expect_at("worldstate_verify_header", NULL, 1, text("\xff"), input, "header_json is not UTF-8");
}

static void particular(void) {
    proof_statuses();
    const int input = STATE_MANAGER_ERROR_INVALID_INPUT, request = STATE_MANAGER_ERROR_INVALID_REQUEST;
    const int snapshot = STATE_MANAGER_ERROR_INVALID_SNAPSHOT, state_error = STATE_MANAGER_ERROR_INVALID_STATE;
    uint64_t nonce;
    StateManagerHandle state = state_manager_create();
    OK(state_manager_set_nonce(state, ADDRESS_A, 1));

    const struct function *f = find("state_manager_revert");
    struct prepared prepared = prepare(f, state, 0);
    expect(f, &prepared, STATE_MANAGER_ERROR_NO_CHECKPOINT, "no checkpoint is open", state, "without checkpoint");
    f = find("state_manager_commit");
    expect(f, &prepared, STATE_MANAGER_ERROR_NO_CHECKPOINT, "no checkpoint is open", state, "without checkpoint");
    expect_at("state_manager_get_changes", state, 1, number(0), STATE_MANAGER_ERROR_NO_CHECKPOINT, "no checkpoint is open");
    expect_at("state_manager_get_changes", state, 1, number(77), snapshot, "snapshot 77 is unknown, or dead");
    expect_at("state_manager_revert_to_snapshot", state, 1, number(UINT64_MAX), snapshot, "snapshot 18446744073709551615");
    expect_at("state_manager_delete_snapshot", state, 1, number(5), snapshot, "snapshot 5");
    expect_at("state_manager_dump", state, 1, number(9), input, "dump format 9 is none of");
    expect_at("state_manager_load", state, 1, text("{"), input, "not JSON");
    expect_at("state_manager_load", state, 1, text("[]"), input, "not a JSON object");
    expect_at("state_manager_load", state, 1, text("{\"0x12\":{}}"), STATE_MANAGER_ERROR_INVALID_HEX, "0x12");
    expect_at("state_manager_list_accounts", state, 3, number(UINT64_MAX), input, "out: 18446744073709551615 elements");
    /* Lengths that no memory has: the pointers are not looked at. */
    static const char *const code_setters[] = {"state_manager_set_code", "state_manager_set_code_bytes"};
    for (int i = 0; i < 2; i++) {
        expect_at(code_setters[i], state, 3, number((uint64_t)1 << 46), STATE_MANAGER_ERROR_OUT_OF_MEMORY,
                  "code: 70368744177664 bytes cannot be allocated");
        expect_at(code_setters[i], state, 3, number(UINT64_MAX), input, "more than memory can hold");
    }
    static const char *const counted[] = {"state_manager_get_storage_batch", "state_manager_get_account_batch"};
    expect_at(counted[0], state, 3, number(UINT64_MAX), input, "more than memory can hold");
    expect_at(counted[1], state, 2, number(UINT64_MAX), input, "more than memory can hold");
    /* Nothing of all that did anything. */
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    CHECK(nonce == 1);
    state_manager_destroy(state);

    ForkBackendHandle fork = host_fork();
    state = state_manager_create_with_fork(fork);
    const int none = STATE_MANAGER_ERROR_NO_PENDING_REQUEST;
    expect_at("fork_backend_next_request", fork, 3, number(0), none, "no request is queued");
    expect_at("fork_backend_next_batch", fork, 1, number(0), none, "no request is queued");
    expect_at("fork_backend_continue", fork, 1, number(9), request, "request 9 is not open");
    expect_at("fork_backend_fail", fork, 1, number(9), request, "request 9 is not open");
    expect_at("fork_backend_continue_batch", fork, 1, number(9), request, "batch 9 is not open");
    expect_at("fork_backend_fail_batch", fork, 1, number(9), request, "batch 9 is not open");
    struct value same = {fork, 0};
    expect_at("fork_backend_get_block", fork, 0, same, state_error, "is not pinned to one block");
    expect_at("fork_backend_prefetch", fork, 5, number(6), input, "flags 0x6 has bits");
    expect_at("fork_backend_prefetch_access_list", fork, 2, number(6), input, "flags 0x6 has bits");
    expect_at("fork_backend_prefetch_access_list", fork, 1, text("{"), input, "the access list is not JSON");
    expect_at("fork_backend_prefetch_access_list", fork, 1, text("{}"), input, "the access list is not a JSON array");
    expect_at("fork_backend_prefetch_access_list", fork, 1, text("[{\"address\":\"0x1\"}]"), STATE_MANAGER_ERROR_INVALID_HEX,
              "address of entry 0 of the access list");
    expect_at("fork_backend_prefetch_range", fork, 3, number(UINT64_MAX), input, "is the limit");
    static const size_t overflow[2] = {SIZE_MAX, 2};
    struct value counts = {(void *)(uintptr_t)overflow, 2};
    expect_at("fork_backend_prefetch", fork, 2, counts, input, "slot_counts overflow");
    CHECK_STATUS(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce), STATE_MANAGER_ERROR_RPC_PENDING);
    expect_at("state_manager_get_nonce_sync", state, 1, text(ADDRESS_B), STATE_MANAGER_ERROR_RPC_PENDING, ADDRESS_B);
    take_request(fork, 1);
    take_batch(fork);
    expect_at("fork_backend_continue", fork, 2, text("nonsense"), request, "is not JSON");
    expect_at("fork_backend_continue", fork, 2, text("{\"nonce\":\"0x1\"}"), request, "balance is missing");
    CHECK(contains(last_error_of(fork), "request 1") && contains(last_error_of(fork), ADDRESS_A));
    expect_at("fork_backend_continue_batch", fork, 2, text("nonsense"), request, "batch 1");
    expect_at("fork_backend_continue_batch", fork, 2, text("[]"), STATE_MANAGER_ERROR_RPC_FAILED, "no answer to id 2");
    CHECK(contains(last_error_of(fork), ADDRESS_B));
    expect_at("fork_backend_fail", fork, 3, text("\xff"), input, "message is not UTF-8");
    state_manager_destroy(state);
    fork_backend_destroy(fork);

    /* A fork that carries its requests itself has none for the host. */
    fork = world_open(&WORLD_SEND, NULL);
    expect_at("fork_backend_continue", fork, 1, number(1), state_error, "carries its requests itself");
    fork_backend_destroy(fork);
    in_callback(NULL, reply_statuses, NULL);
}

static int refuse_request(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    (void)rpc_client;
    (void)method;
    (void)params;
    return fork_reply_fail(reply, 404, 0, "nobody home");
}

/* Statuses of what a fork's requests decide, for functions that read a mixture. */
static void remote_mixtures(void) {
    static const char fields[] = "{\"00000000000000000000000000000000000000aa\":{}}";
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle fork = NULL;
    uint64_t id;
    char method[32], params[512];
    size_t method_len, params_len, count;
    const int pending = STATE_MANAGER_ERROR_RPC_PENDING, failed = STATE_MANAGER_ERROR_RPC_FAILED;
    options.account_source = FORK_ACCOUNTS_PROOF;
    OK(fork_backend_open(&options, &fork));
    struct value handle = {fork, 0};
    expect_at("fork_backend_get_block", fork, 0, handle, pending, "pinned block");
    while (fork_backend_next_request(fork, &id, method, sizeof method, &method_len, params, sizeof params, &params_len) == 0) {
        OK(fork_backend_fail(fork, id, 404, "no such chain"));
    }
    expect_at("fork_backend_get_block", fork, 0, handle, failed, "no such chain");
    CHECK_STATUS(fork_backend_get_block(fork, NULL, NULL, NULL), pending);
    while (world_serve_one(fork)) {}
    OK(fork_backend_get_block(fork, NULL, NULL, NULL));

    StateManagerHandle state = state_manager_create_with_fork(fork);
    OK(state_manager_checkpoint(state));
    OK(state_manager_set_balance(state, ADDRESS_A, "1"));
    static const char *const readers[] = {"state_manager_dump", "state_manager_get_changes", "fork_backend_prefetch",
                                         "fork_backend_prefetch_access_list", "fork_backend_prefetch_range"};
    for (int i = 0; i < 5; i++) {
        void *on = i < 2 ? (void *)state : (void *)fork;
        struct value same = {on, 0};
        /* Each value that failed says so once. */
        uint8_t code[CODE_IN_STATE_LEN], word[32];
        state_manager_get_code_bytes(state, BYTES_A, code, sizeof code);
        state_manager_get_storage_bytes(state, BYTES_A, WORD_0, word);
        expect_at(readers[i], on, 0, same, pending, ADDRESS_A);
        while (fork_backend_next_request(fork, &id, method, sizeof method, &method_len, params, sizeof params, &params_len) == 0) {
            OK(fork_backend_fail(fork, id, 404, "not today"));
        }
        expect_at(readers[i], on, 0, same, failed, "not today");
    }
    OK(state_manager_load(state, (const uint8_t *)fields, sizeof fields - 1, &count));
    CHECK(count == 1);
    state_manager_destroy(state);
    fork_backend_destroy(fork);

    /* fork_backend_open */
    static const ForkRpcVtable refusing = {sizeof(ForkRpcVtable), refuse_request, NULL};
    const struct function *open = find("fork_backend_open");
    struct prepared prepared = prepare(open, NULL, 0);
    ForkBackendOptions bad = FORK_BACKEND_OPTIONS_INIT;
    prepared.v[0].p = &bad;
    bad.block = "0xzz";
    expect(open, &prepared, STATE_MANAGER_ERROR_INVALID_HEX, "0xzz", NULL, "block");
    bad.block = "pending";
    expect(open, &prepared, STATE_MANAGER_ERROR_INVALID_INPUT, "pending", NULL, "block");
    bad.block = "0x64";
    bad.rpc_vtable = &refusing;
    expect(open, &prepared, failed, "nobody home", NULL, "callback");
    CHECK(contains(last_error_of(NULL), "eth_chainId"));
    release(&prepared);
}

/* Last: what was seen is what the table says, no less and no more. */
static void all_statuses_seen(void) {
    for (size_t i = 0; i < function_count; i++) {
        for (int status = 0; status <= 17; status++) {
            unsigned bit = 1u << status;
            CHECKF((seen[i] & bit) == (functions[i].statuses & bit), "%s: %s was %s", functions[i].name,
                   worldstate_error_name(-status), seen[i] & bit ? "seen, and is not in the table" : "never seen");
        }
    }
}

/* The header's functions, written by run.sh. */
static void all_functions_in_table(void) {
    static const char *const declared[] = {
#include "declared_functions.h"
    };
    size_t count = sizeof declared / sizeof declared[0];
    CHECK(function_count <= SEEN);
    CHECKF(count == function_count, "%zu functions in the header, %zu in the table", count, function_count);
    for (size_t i = 0; i < count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < function_count; j++) found += strcmp(declared[i], functions[j].name) == 0;
        CHECKF(found == 1, "%s is %zu times in the table", declared[i], found);
    }
}

const struct test_case matrix_cases[] = {
    {"matrix: every function of the header is in the table", all_functions_in_table},
    {"matrix: good arguments", good_arguments},
    {"matrix: each pointer NULL", null_arguments},
    {"matrix: buffers one byte short", short_buffers},
    {"matrix: handles that are none", bad_handles},
    {"matrix: reply handles", reply_handles},
    {"matrix: bad texts", bad_texts},
    {"matrix: remote values", remote},
    {"matrix: forked or not", forked_or_not},
    {"matrix: on a handle inside its own callback", inside_callbacks},
    {"matrix: after a panic", after_a_panic},
    {"matrix: particular statuses", particular},
    {"matrix: statuses of remote mixtures", remote_mixtures},
    {"matrix: executors inside a callback", evm_inside_callbacks},
    {"matrix: particular statuses of executors", evm_particular},
    {"matrix: every status of the table was seen, no other", all_statuses_seen},
    {NULL, NULL},
};
