/* Call and continue: what is asked, in which order, and what is refused. */
#include "evm_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void layout(void) {
    CHECK(sizeof(AsyncRequest) == 53);
    CHECK(offsetof(AsyncRequest, output_type) == 0 && offsetof(AsyncRequest, address) == 1 && offsetof(AsyncRequest, slot) == 21);
    CHECK(EVM_OUTPUT_RESULT == 0 && EVM_OUTPUT_NEED_STORAGE == 1 && EVM_OUTPUT_NEED_BALANCE == 2 && EVM_OUTPUT_NEED_CODE == 3 &&
          EVM_OUTPUT_NEED_NONCE == 4 && EVM_OUTPUT_READY_TO_COMMIT == 5 && EVM_OUTPUT_NEED_BLOCK_HASH == 6 &&
          EVM_OUTPUT_ERROR == 255);
    CHECK(EVM_CONTINUE_WITH_STORAGE == 1 && EVM_CONTINUE_WITH_BALANCE == 2 && EVM_CONTINUE_WITH_CODE == 3 &&
          EVM_CONTINUE_WITH_NONCE == 4 && EVM_CONTINUE_AFTER_COMMIT == 5 && EVM_CONTINUE_WITH_BLOCK_HASH == 6 &&
          EVM_CONTINUE_WITH_ERROR == 255);

    /* The bytes of a real one: slot 0x0102 of CONTRACT, in memory without alignment. */
    struct evm evm = evm_with("258 SLOAD", NULL);
    struct fenced out = fenced_new(53);
    uint8_t contract[20];
    world_address(CONTRACT, contract);
    OK(evm_call_ffi(evm.handle, (AsyncRequest *)(void *)out.data));
    CHECK(fences_intact(&out) && out.data[0] == 1 && memcmp(out.data + 1, contract, 20) == 0);
    for (int i = 21; i < 51; i++) CHECK(out.data[i] == 0);
    CHECK(out.data[51] == 1 && out.data[52] == 2);
    /* A known vector: slot 0x0102 is 7. */
    uint8_t answer[84] = {0};
    memcpy(answer, out.data + 1, 20);
    answer[50] = 1, answer[51] = 2, answer[83] = 7;
    OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_WITH_STORAGE, answer, 84, (AsyncRequest *)(void *)out.data));
    CHECK(fences_intact(&out) && out.data[0] == EVM_OUTPUT_READY_TO_COMMIT);
    for (int i = 1; i < 53; i++) CHECK(out.data[i] == 0);
    fenced_free(&out);
    evm_end(&evm);
}

static void nothing_pending(void) {
    struct evm evm = evm_with("1 SLOAD", NULL);
    AsyncRequest request, pending[2];
    size_t count = 9;
    int active = 9;
    CHECK(pending_count(evm.handle) == 0);
    OK(evm_is_active(evm.handle, &active));
    CHECK(active == 0);
    OK(evm_call_ffi(evm.handle, &request));
    OK(evm_pending(evm.handle, pending, 2, &count));
    CHECK(count == 1 && memcmp(&pending[0], &request, sizeof request) == 0);
    OK(evm_is_active(evm.handle, &active));
    CHECK(active == 1);
    OK(serve_need(evm.handle, NO_PROGRAMS, &request));
    CHECK(request.output_type == EVM_OUTPUT_READY_TO_COMMIT && pending_count(evm.handle) == 0);
    OK(evm_is_active(evm.handle, &active));
    CHECK(active == 0);
    evm_end(&evm);
}

/* A program for each kind; what it asks for first is just that. */
static void kinds(void) {
    static const struct {
        const char *text;
        uint8_t type;
        unsigned account;
        uint64_t number;
        unsigned needs; /* of the whole program: an account is balance, nonce and code */
    } table[] = {
        {"0x1234 SLOAD", EVM_OUTPUT_NEED_STORAGE, CONTRACT, 0x1234, 1},
        {"5 0x1234 SSTORE", EVM_OUTPUT_NEED_STORAGE, CONTRACT, 0x1234, 1},
        {"@5 BALANCE", EVM_OUTPUT_NEED_BALANCE, 5, 0, 3},
        {"@5 SELFDESTRUCT", EVM_OUTPUT_NEED_BALANCE, 5, 0, 3},
        {"@5 EXTCODESIZE", EVM_OUTPUT_NEED_CODE, 5, 0, 3},
        {"@5 EXTCODEHASH", EVM_OUTPUT_NEED_CODE, 5, 0, 3},
        {"9 0 0 @5 EXTCODECOPY", EVM_OUTPUT_NEED_CODE, 5, 0, 3},
        {"0 0 0 0 0 @5 9999 CALL", EVM_OUTPUT_NEED_CODE, 5, 0, 3},
        {"0 0 0 0 @5 9999 DELEGATECALL", EVM_OUTPUT_NEED_CODE, 5, 0, 3},
        {"0 0 0 0 @5 9999 STATICCALL", EVM_OUTPUT_NEED_CODE, 5, 0, 3},
        {"0 0 0 CREATE", EVM_OUTPUT_NEED_NONCE, 0, 0, 3},
        {"99 BLOCKHASH", EVM_OUTPUT_NEED_BLOCK_HASH, 0, 99, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct evm evm = evm_with(table[i].text, NULL);
        AsyncRequest request;
        uint8_t address[20] = {0}, slot[32];
        if (table[i].account != 0) world_address(table[i].account, address);
        word_of(table[i].number, slot);
        OK(evm_call_ffi(evm.handle, &request));
        /* The address that a creation makes is not one that this test can compute. */
        if (table[i].type == EVM_OUTPUT_NEED_NONCE) memcpy(address, request.address, 20);
        CHECKF(is_request(&request, table[i].type, address, slot), "%s asks for %u first", table[i].text, request.output_type);
        CHECKF(pending_count(evm.handle) == table[i].needs, "%s: %zu", table[i].text, pending_count(evm.handle));
        /* What no account of the world has: a nonce or balance would be a collision for the creation. */
        if (table[i].type == EVM_OUTPUT_NEED_NONCE) {
            uint8_t payload[52] = {0};
            memcpy(payload, request.address, 20);
            OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_WITH_NONCE, payload, 28, &request));
            OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_WITH_BALANCE, payload, 52, &request));
            OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_WITH_CODE, payload, 20, &request));
            CHECK(request.output_type == EVM_OUTPUT_READY_TO_COMMIT);
        } else {
            CHECK(serve_all(evm.handle, NO_PROGRAMS, &request) == table[i].needs);
            CHECK(request.output_type == EVM_OUTPUT_READY_TO_COMMIT);
        }
        evm_end(&evm);
    }
    /* Before the first instruction: the sender of a message or of a transaction, by its nonce. */
    struct evm evm = evm_remote(NULL);
    AsyncRequest request;
    uint8_t sender[20];
    world_address(SENDER, sender);
    OK(evm_call_ffi(evm.handle, &request));
    CHECK(is_request(&request, EVM_OUTPUT_NEED_NONCE, sender, NULL));
    evm_end(&evm);
    /* Two questions for one account are one: the answer serves both. */
    evm = evm_with("@5 BALANCE @5 BALANCE @5 EXTCODESIZE 1 SLOAD 1 SLOAD", NULL);
    CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 4);
    evm_end(&evm);
}

static void refused(EvmHandle handle, uint8_t type, const void *data, size_t length, int status, const char *text,
                    const AsyncRequest *open) {
    AsyncRequest out, now[3];
    size_t count;
    memset(&out, 0xaa, sizeof out);
    CHECKF(evm_continue_ffi(handle, type, data, length, &out) == status, "type %u, %zu bytes: %s", type, length, last_error_of(handle));
    CHECKF(contains(last_error_of(handle), text), "\"%s\" is without \"%s\"", last_error_of(handle), text);
    CHECK(is_request(&out, EVM_OUTPUT_ERROR, NULL, NULL));
    CHECK_STATUS(evm_answer(handle, type, data, length), type == EVM_CONTINUE_AFTER_COMMIT || type == EVM_CONTINUE_WITH_ERROR
                                                             ? STATE_MANAGER_ERROR_INVALID_INPUT
                                                             : status);
    OK(evm_pending(handle, now, 3, &count));
    CHECK(count == 1 && memcmp(&now[0], open, sizeof *open) == 0);
}

static void wrong_answers(void) {
    struct evm evm = evm_with("7 SLOAD 0 MSTORE 32 0 RETURN", NULL);
    const int input = STATE_MANAGER_ERROR_INVALID_INPUT, request_error = STATE_MANAGER_ERROR_INVALID_REQUEST;
    AsyncRequest open, out;
    uint8_t payload[PAYLOAD_MAX] = {0}, type;
    OK(evm_call_ffi(evm.handle, &open));
    world_payload(&open, NO_PROGRAMS, payload, &type);

    payload[0] ^= 1;
    refused(evm.handle, 1, payload, 84, request_error, "was answered and not asked for: the execution waits for storage of 0x1111", &open);
    payload[0] ^= 1;
    payload[51] ^= 1;
    refused(evm.handle, 1, payload, 84, request_error, "at slot 0x7", &open);
    payload[51] ^= 1;
    refused(evm.handle, 2, payload, 52, request_error, "balance of", &open);
    refused(evm.handle, 3, payload, 20, request_error, "code of", &open);
    refused(evm.handle, 4, payload, 28, request_error, "nonce of", &open);
    refused(evm.handle, 6, payload, 40, request_error, "hash of block", &open);
    payload[20] = 0;
    refused(evm.handle, 7, payload, 29, request_error, "result of the precompiled contract", &open);
    /* Every length but the right one. Each payload is just as long as said, for the checkers of memory. */
    static const struct {
        uint8_t type;
        size_t length;
        int may_be_longer;
    } lengths[] = {{1, 84, 0}, {2, 52, 0}, {3, 20, 1}, {4, 28, 0}, {6, 40, 0}, {7, 29, 1}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t length = 0; length <= lengths[i].length + 3; length++) {
            if (length == lengths[i].length || (length > lengths[i].length && lengths[i].may_be_longer)) continue;
            struct fenced data = fenced_new(length);
            memcpy(data.data, payload, length);
            refused(evm.handle, lengths[i].type, data.data, length, input, length < lengths[i].length ? "too short" : "too long", &open);
            fenced_free(&data);
        }
    }
    payload[20] = 3;
    refused(evm.handle, 7, payload, 29, input, "status 3 is none of EVM_PRECOMPILE_", &open);
    payload[20] = 0;
    /* Every type that is none. */
    for (unsigned unknown = 0; unknown < 256; unknown++) {
        if ((unknown >= 1 && unknown <= 7) || unknown == EVM_CONTINUE_WITH_ERROR) continue;
        char text[64];
        snprintf(text, sizeof text, "continue type %u is no answer", unknown);
        refused(evm.handle, (uint8_t)unknown, payload, 84, input, text, &open);
    }
    refused(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, STATE_MANAGER_ERROR_INVALID_STATE, "no ended execution to commit", &open);
    refused(evm.handle, EVM_CONTINUE_AFTER_COMMIT, payload, 1, input, "too long", &open);
    CHECK_STATUS(evm_continue_ffi(evm.handle, 1, NULL, 84, &out), input);
    CHECK_STATUS(evm_continue_ffi(evm.handle, 1, payload, SIZE_MAX, &out), input);
    CHECK_STATUS(evm_continue_ffi(evm.handle, 1, payload, 84, NULL), input);
    CHECK(pending_count(evm.handle) == 1);

    world_payload(&open, NO_PROGRAMS, payload, &type);
    OK(evm_continue_ffi(evm.handle, type, payload, 84, &out));
    CHECK(out.output_type == EVM_OUTPUT_READY_TO_COMMIT && output_number(evm.handle) == low_number(payload + 52));
    evm_end(&evm);
}

static void nothing_asked(void) {
    struct evm evm = evm_with("7 SLOAD", NULL);
    uint8_t payload[84] = {0};
    AsyncRequest out;
    for (int after = 0; after < 2; after++) {
        for (uint8_t type = 1; type <= 4; type++) {
            static const size_t length[] = {0, 84, 52, 20, 28};
            FAILS(evm.handle, evm_continue_ffi(evm.handle, type, payload, length[type], &out),
                  STATE_MANAGER_ERROR_NO_PENDING_REQUEST, "");
            CHECK(is_request(&out, EVM_OUTPUT_ERROR, NULL, NULL));
        }
        CHECK_STATUS(evm_continue_ffi(evm.handle, 255, (const uint8_t *)"x", 1, &out), STATE_MANAGER_ERROR_NO_PENDING_REQUEST);
        FAILS(evm.handle, evm_resume(evm.handle, &out), STATE_MANAGER_ERROR_INVALID_STATE, "no execution is under way");
        if (after == 0) CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 1);
    }
    OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &out));
    CHECK(is_request(&out, EVM_OUTPUT_RESULT, NULL, NULL));
    CHECK_STATUS(evm_continue_ffi(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &out), STATE_MANAGER_ERROR_INVALID_STATE);
    /* Nothing set to execute. */
    EvmHandle bare = evm_over(evm.state, 0);
    FAILS(bare, evm_call_ffi(bare, &out), STATE_MANAGER_ERROR_INVALID_STATE, "nothing to execute");
    evm_destroy(bare);
    evm_end(&evm);
}

static void host_failure(void) {
    struct evm evm = evm_with("7 SLOAD 8 SLOAD", NULL);
    const uint8_t *text = (const uint8_t *)"the cable was cut";
    AsyncRequest request, out;
    int active = 9;
    OK(evm_call_ffi(evm.handle, &request));
    for (int i = 0; i < 3; i++) {
        FAILS(evm.handle, evm_continue_ffi(evm.handle, EVM_CONTINUE_WITH_ERROR, text, 17, &out), STATE_MANAGER_ERROR_EXECUTION,
              "at slot 0x7: the cable was cut");
        CHECK(out.output_type == EVM_OUTPUT_ERROR && pending_count(evm.handle) == 1);
    }
    /* Any bytes are a text. */
    FAILS(evm.handle, evm_continue_ffi(evm.handle, EVM_CONTINUE_WITH_ERROR, (const uint8_t *)"\xff", 1, &out),
          STATE_MANAGER_ERROR_EXECUTION, "at slot 0x7");
    OK(serve_need(evm.handle, NO_PROGRAMS, &request));
    FAILS(evm.handle, evm_continue_ffi(evm.handle, EVM_CONTINUE_WITH_ERROR, NULL, 0, &out), STATE_MANAGER_ERROR_EXECUTION,
          "at slot 0x8");
    OK(evm_abort(evm.handle));
    OK(evm_is_active(evm.handle, &active));
    CHECK(active == 0 && pending_count(evm.handle) == 0);
    CHECK_STATUS(evm_resume(evm.handle, &out), STATE_MANAGER_ERROR_INVALID_STATE);
    OK(evm_abort(evm.handle));
    CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 2);
    evm_end(&evm);
}

static void second_call(void) {
    struct evm evm = evm_with("7 SLOAD", NULL);
    AsyncRequest request, out;
    size_t count;
    OK(evm_call_ffi(evm.handle, &request));
    FAILS(evm.handle, evm_call_ffi(evm.handle, &out), STATE_MANAGER_ERROR_INVALID_STATE, "an execution is under way");
    CHECK(out.output_type == EVM_OUTPUT_ERROR);
    FAILS(evm.handle, evm_execute(evm.handle), STATE_MANAGER_ERROR_INVALID_STATE, "an execution is under way");
    OK(evm_pending(evm.handle, &out, 1, &count));
    CHECK(count == 1 && memcmp(&out, &request, sizeof out) == 0);
    /* Nothing that the execution stands on can be changed; what comes next can be set. */
    CHECK_STATUS(evm_set_block(evm.handle, "{}"), STATE_MANAGER_ERROR_INVALID_STATE);
    CHECK_STATUS(evm_set_block_hash(evm.handle, 1, WORD_1), STATE_MANAGER_ERROR_INVALID_STATE);
    CHECK_STATUS(evm_set_block_overrides(evm.handle, NULL), STATE_MANAGER_ERROR_INVALID_STATE);
    CHECK_STATUS(evm_set_state_overrides(evm.handle, NULL), STATE_MANAGER_ERROR_INVALID_STATE);
    CHECK_STATUS(evm_set_trace(evm.handle, EVM_TRACE_EIP3155, 0, 0, -1), STATE_MANAGER_ERROR_INVALID_STATE);
    set_call(evm.handle, 10000000);
    OK(serve_need(evm.handle, NO_PROGRAMS, &request));
    CHECK(request.output_type == EVM_OUTPUT_READY_TO_COMMIT);
    FAILS(evm.handle, evm_call_ffi(evm.handle, &out), STATE_MANAGER_ERROR_INVALID_STATE, "neither committed nor discarded");
    OK(evm_abort(evm.handle));
    CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 1);
    evm_end(&evm);
}

/* All that is wanted, answered in reverse order; what run-ahead finds comes in few rounds. */
static void batches(void) {
    static const char text[] = "1 SLOAD 2 SLOAD ADD 3 SLOAD ADD 4 SLOAD ADD @5 BALANCE ADD @6 EXTCODESIZE ADD 0 MSTORE 32 0 RETURN";
    static const struct program programs[] = {{6, "1 2 ADD"}, {0, NULL}};
    struct evm one = evm_with(text, NULL);
    CHECK(run_to_end(one.handle, programs) == 4 + 3 + 3);
    EvmOptions options = EVM_OPTIONS_INIT;
    EvmStats stats = EVM_STATS_INIT;
    options.run_ahead = EVM_RUN_AHEAD_ON;
    struct evm evm = evm_with(text, &options);
    AsyncRequest request, pending[64];
    unsigned rounds = 0;
    OK(evm_call_ffi(evm.handle, &request));
    for (; is_need(&request) && rounds < 20; rounds++) {
        size_t count = 0;
        OK(evm_pending(evm.handle, pending, 64, &count));
        REQUIRE(count >= 1 && count <= 64 && memcmp(&pending[0], &request, sizeof request) == 0);
        for (size_t i = count; i-- > 0;) {
            uint8_t payload[PAYLOAD_MAX], type;
            size_t length = world_payload(&pending[i], programs, payload, &type);
            OK(evm_answer(evm.handle, type, payload, length));
            CHECK(pending_count(evm.handle) == i);
        }
        OK(evm_resume(evm.handle, &request));
    }
    CHECK(request.output_type == EVM_OUTPUT_READY_TO_COMMIT);
    OK(evm_stats(evm.handle, &stats));
    CHECKF(rounds <= 2 && stats.rounds == rounds && stats.needed == 7 && stats.useless == 0, "%u rounds, %llu needed, %llu useless", rounds,
           (unsigned long long)stats.needed, (unsigned long long)stats.useless);
    CHECK(output_number(evm.handle) == output_number(one.handle));
    char *a = all_of(one.handle), *b = all_of(evm.handle);
    CHECKF(strcmp(a, b) == 0, "%s\n%s", a, b);
    free(a);
    free(b);
    /* A capacity that does not suffice: the number is the whole one. */
    OK(evm_discard(evm.handle));
    OK(evm_call_ffi(evm.handle, &request));
    size_t count = 0;
    memset(pending, 0xaa, sizeof pending);
    OK(evm_pending(evm.handle, pending, 1, &count));
    CHECK(count > 1 && ((uint8_t *)pending)[53] == 0xaa && memcmp(&pending[0], &request, sizeof request) == 0);
    evm_end(&evm);
    evm_end(&one);
}

static void state_manager_gone(void) {
    struct evm evm = evm_with("7 SLOAD", NULL);
    AsyncRequest request, out;
    OK(evm_call_ffi(evm.handle, &request));
    state_manager_destroy(evm.state);
    FAILS(evm.handle, serve_need(evm.handle, NO_PROGRAMS, &request), STATE_MANAGER_ERROR_INVALID_HANDLE, "the evm's state manager is gone");
    FAILS(evm.handle, evm_resume(evm.handle, &out), STATE_MANAGER_ERROR_INVALID_HANDLE, "is no live state manager");
    OK(evm_abort(evm.handle));
    FAILS(evm.handle, evm_call_ffi(evm.handle, &out), STATE_MANAGER_ERROR_INVALID_HANDLE, "the evm's state manager is gone");
    FAILS(evm.handle, evm_execute(evm.handle), STATE_MANAGER_ERROR_INVALID_STATE, "under way");
    OK(evm_abort(evm.handle));
    FAILS(evm.handle, evm_execute(evm.handle), STATE_MANAGER_ERROR_INVALID_HANDLE, "the evm's state manager is gone");
    evm_destroy(evm.handle);
}

static void state_written_meanwhile(void) {
    struct evm evm = evm_with("7 SLOAD 8 SLOAD", NULL);
    AsyncRequest request, out;
    uint64_t nonce;
    OK(evm_call_ffi(evm.handle, &request));
    /* Reads are welcome. */
    OK(state_manager_get_nonce_sync(evm.state, ADDRESS_A, &nonce));
    OK(serve_need(evm.handle, NO_PROGRAMS, &request));
    OK(state_manager_set_nonce(evm.state, ADDRESS_A, 1));
    FAILS(evm.handle, serve_need(evm.handle, NO_PROGRAMS, &request), STATE_MANAGER_ERROR_INVALID_STATE,
          "the state has been written to while the execution was suspended");
    FAILS(evm.handle, evm_resume(evm.handle, &out), STATE_MANAGER_ERROR_INVALID_STATE, "abort it and start again");
    OK(evm_abort(evm.handle));
    CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 2);
    OK(state_manager_set_nonce(evm.state, ADDRESS_A, 2));
    FAILS(evm.handle, evm_continue_ffi(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &out), STATE_MANAGER_ERROR_INVALID_STATE,
          "the state has been written to since the execution ended");
    FAILS(evm.handle, evm_commit_in_checkpoint(evm.handle), STATE_MANAGER_ERROR_INVALID_STATE, "written to since");
    size_t depth = 9;
    OK(state_manager_checkpoint_depth(evm.state, &depth));
    CHECK(depth == 0);
    OK(evm_discard(evm.handle));
    evm_end(&evm);
}

const struct test_case evm_call_cases[] = {
    {"evm: a request is 53 bytes without gaps", layout},
    {"evm: nothing is pending before and after", nothing_pending},
    {"evm: each kind of need is the first of its program", kinds},
    {"evm: wrong answers leave the question open", wrong_answers},
    {"evm: answers while nothing is asked", nothing_asked},
    {"evm: a failure of the host leaves the question open", host_failure},
    {"evm: a second call while one is under way", second_call},
    {"evm: answers in batches, in any order", batches},
    {"evm: the state manager is destroyed first", state_manager_gone},
    {"evm: the state is written to meanwhile", state_written_meanwhile},
    {NULL, NULL},
};
