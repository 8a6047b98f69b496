/* What an execution leaves: changes, commits, results, overrides, traces. */
#define _POSIX_C_SOURCE 200809L
#include "evm_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t slot_of(StateManagerHandle state, unsigned account, uint64_t number) {
    uint8_t address[20], slot[32], value[32] = {0};
    world_address(account, address);
    word_of(number, slot);
    OK(state_manager_get_storage_bytes(state, address, slot, value));
    return low_number(value);
}

static void own_writes(void) {
    EvmOptions options = EVM_OPTIONS_INIT;
    for (options.cache_size = 1; options.cache_size < 2000; options.cache_size += 1023) {
        /* The slots read after the write push everything out of a cache of one. */
        struct evm evm = evm_with("5 1 SSTORE 2 SLOAD POP 3 SLOAD POP 4 SLOAD POP 1 SLOAD 0 MSTORE 32 0 RETURN", &options);
        CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 4);
        CHECK(output_number(evm.handle) == 5);
        evm_end(&evm);
        /* Three writes, one change; a value written back is none. */
        evm = evm_with("4 1 SSTORE 6 1 SSTORE 5 1 SSTORE 2 SLOAD DUP1 1 ADD 2 SSTORE 2 SSTORE", &options);
        run_to_end(evm.handle, NO_PROGRAMS);
        char *changes = text_of(evm.handle, evm_get_state_changes);
        CHECKF(contains(changes, "\"newValue\":\"0x0000000000000000000000000000000000000000000000000000000000000005\"") &&
                   strstr(strstr(changes, "newValue") + 1, "newValue") == NULL,
               "%s", changes);
        free(changes);
        evm_end(&evm);
    }
    /* A write of zero to a slot of the host. */
    struct evm evm = evm_with("0 1 SSTORE 1 SLOAD 0 MSTORE 32 0 RETURN", NULL);
    CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 1 && output_number(evm.handle) == 0);
    evm_end(&evm);
}

static void order_of_the_end(void) {
    struct evm evm = evm_with("5 1 SSTORE 1 SLOAD 0 MSTORE 32 0 RETURN", NULL);
    EvmResult result = EVM_RESULT_INIT;
    AsyncRequest request;
    size_t length = 9;
    uint8_t seen[4];
    OK(evm_get_state_changes(evm.handle, NULL, 0, &length));
    CHECK(length == 0);
    OK(evm_call_ffi(evm.handle, &request));
    seen[0] = request.output_type;
    length = 9;
    OK(evm_get_state_changes(evm.handle, NULL, 0, &length));
    CHECK(length == 0);
    FAILS(evm.handle, evm_get_result(evm.handle, &result), STATE_MANAGER_ERROR_INVALID_STATE, "no execution has ended");
    OK(serve_need(evm.handle, NO_PROGRAMS, &request));
    seen[1] = request.output_type;
    OK(evm_get_result(evm.handle, &result));
    CHECK(slot_of(evm.state, CONTRACT, 1) == 0);
    OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &request));
    seen[2] = request.output_type;
    CHECK(seen[0] == EVM_OUTPUT_NEED_STORAGE && seen[1] == EVM_OUTPUT_READY_TO_COMMIT && seen[2] == EVM_OUTPUT_RESULT);
    CHECK(slot_of(evm.state, CONTRACT, 1) == 5 && output_number(evm.handle) == 5);
    /* Both can still be read, until the next one begins. */
    OK(evm_get_state_changes(evm.handle, NULL, 0, &length));
    CHECK(length > 100);
    /* The slot is the state's own now. */
    CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 0);
    char *changes = text_of(evm.handle, evm_get_state_changes);
    CHECKF(strcmp(changes, "{\"storage\":[],\"balances\":[],\"nonces\":[],\"codes\":[],\"selfDestructs\":[]}") == 0, "%s", changes);
    free(changes);
    evm_end(&evm);
}

static void commits(void) {
    struct evm evm = evm_with("9 1 SSTORE", NULL);
    size_t depth;
    /* Left as it is. */
    run_to_end(evm.handle, NO_PROGRAMS);
    OK(evm_discard(evm.handle));
    CHECK(slot_of(evm.state, CONTRACT, 1) == 0);
    FAILS(evm.handle, evm_discard(evm.handle), STATE_MANAGER_ERROR_INVALID_STATE, "no ended execution to discard");
    FAILS(evm.handle, evm_commit_in_checkpoint(evm.handle), STATE_MANAGER_ERROR_INVALID_STATE, "no ended execution to commit");
    /* Aborted at its end: likewise. */
    run_to_end(evm.handle, NO_PROGRAMS);
    OK(evm_abort(evm.handle));
    CHECK(slot_of(evm.state, CONTRACT, 1) == 0);
    /* Overrides are for the executions to come, not for the one that has ended. */
    run_to_end(evm.handle, NO_PROGRAMS);
    OK(evm_set_state_overrides(evm.handle, "{\"0x00000000000000000000000000000000000000cc\":{\"balance\":\"0x5\"}}"));
    OK(evm_commit_in_checkpoint(evm.handle));
    OK(state_manager_revert(evm.state));
    OK(evm_set_state_overrides(evm.handle, NULL));
    /* In a checkpoint, and back. */
    run_to_end(evm.handle, NO_PROGRAMS);
    OK(evm_commit_in_checkpoint(evm.handle));
    CHECK(slot_of(evm.state, CONTRACT, 1) == 9);
    OK(state_manager_checkpoint_depth(evm.state, &depth));
    CHECK(depth == 1);
    OK(state_manager_revert(evm.state));
    CHECK(slot_of(evm.state, CONTRACT, 1) == 0);
    /* In a checkpoint, and kept. */
    run_to_end(evm.handle, NO_PROGRAMS);
    OK(evm_commit_in_checkpoint(evm.handle));
    OK(state_manager_commit(evm.state));
    CHECK(slot_of(evm.state, CONTRACT, 1) == 9);
    evm_end(&evm);
}

static void many_changes(void) {
    unsigned slots = percent() < 100 ? 2000 : 20000;
    char program[200];
    /* i = slots; do { store i at i } while (--i) */
    snprintf(program, sizeof program, "%u JUMPDEST DUP1 DUP1 SSTORE 1 SWAP1 SUB DUP1 %u JUMPI", slots, slots > 255 ? 3 : 2);
    struct evm evm = evm_with(program, NULL);
    FAILS(evm.handle, evm_execute(evm.handle), STATE_MANAGER_ERROR_EXECUTION, "storage of");
    EvmHandle local = evm_over(evm.state, 0);
    set_call(local, (uint64_t)1 << 40);
    OK(evm_execute(local));
    CHECK(slot_of(evm.state, CONTRACT, 1) == 1 && slot_of(evm.state, CONTRACT, slots) == slots);
    size_t length = 0, again = 0, entries = 0;
    OK(evm_get_state_changes(local, NULL, 0, &length));
    struct fenced out = fenced_new(length + 1);
    CHECK_STATUS(evm_get_state_changes(local, (char *)out.data, length, &again), STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
    CHECK(again == length && fenced_untouched(&out));
    again = 0;
    CHECK_STATUS(evm_get_state_changes(local, (char *)out.data, 10, &again), STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
    CHECK(again == length && fenced_untouched(&out));
    OK(evm_get_state_changes(local, (char *)out.data, length + 1, &again));
    CHECK(again == length && fences_intact(&out) && strlen((char *)out.data) == length);
    for (const char *at = (char *)out.data; (at = strstr(at, "\"slot\":")) != NULL; at++) entries++;
    CHECKF(entries == slots, "%zu entries of %u", entries, slots);
    CHECK(contains((char *)out.data + length - 60, "\"selfDestructs\":[]}"));
    fenced_free(&out);
    evm_destroy(local);
    evm_end(&evm);
}

static void two_in_a_row(void) {
    /* What the transient slot held, and the gas of a cold slot and of a cold account. */
    struct evm evm = evm_with("1 TLOAD 0 MSTORE 7 1 TSTORE 1 TLOAD 7 SUB 0 MLOAD ADD 0 MSTORE 2 SLOAD POP @5 BALANCE POP "
                              "32 0 RETURN",
                              NULL);
    EvmResult first = EVM_RESULT_INIT, second = EVM_RESULT_INIT;
    EvmStats stats = EVM_STATS_INIT;
    AsyncRequest request;
    for (int i = 0; i < 3; i++) {
        CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 4);
        OK(evm_get_result(evm.handle, i == 0 ? &first : &second));
        CHECK(output_number(evm.handle) == 0);
        OK(evm_stats(evm.handle, &stats));
        CHECKF(stats.cache_hits == 1 && stats.cache_misses == 1 && stats.cached_slots == 1 && stats.cache_evictions == 0 &&
                   stats.rounds == 2 && stats.needed == 2,
               "run %d: %llu hits, %llu misses, %llu rounds", i, (unsigned long long)stats.cache_hits,
               (unsigned long long)stats.cache_misses, (unsigned long long)stats.rounds);
        if (i > 0) CHECK(first.gas_used == second.gas_used && first.gas_used > 2100 + 2600);
        OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &request));
    }
    evm_end(&evm);
}

static void bounded_cache(void) {
    char program[CODE_MAX];
    static const struct {
        unsigned slots, size;
    } table[] = {{3, 1}, {3, 2}, {3, 3}, {1024, 0}, {1025, 0}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        EvmOptions options = EVM_OPTIONS_INIT;
        EvmStats stats = EVM_STATS_INIT;
        options.cache_size = table[i].size;
        unsigned slots = table[i].slots, kept = table[i].size == 0 ? 1024 : table[i].size;
        snprintf(program, sizeof program, "%u JUMPDEST DUP1 SLOAD POP 1 SWAP1 SUB DUP1 %u JUMPI", slots, slots > 255 ? 3 : 2);
        struct evm evm = evm_with(program, &options);
        for (int again = 0; again < 2; again++) {
            CHECK(run_to_end(evm.handle, NO_PROGRAMS) == slots);
            OK(evm_stats(evm.handle, &stats));
            CHECKF(stats.cache_hits == slots && stats.cache_misses == slots && stats.cached_slots == (slots < kept ? slots : kept) &&
                       stats.cache_evictions == (slots > kept ? slots - kept : 0) && stats.rounds == slots,
                   "%u of %u, run %d: %llu hits, %llu misses, %llu kept, %llu dropped", slots, kept, again,
                   (unsigned long long)stats.cache_hits, (unsigned long long)stats.cache_misses,
                   (unsigned long long)stats.cached_slots, (unsigned long long)stats.cache_evictions);
            OK(evm_discard(evm.handle));
        }
        evm_end(&evm);
    }
}

static void results(void) {
    static const char text[] = "0x1234 0 MSTORE 9 8 5 27 LOG2 7 3 29 LOG1 32 0 RETURN";
    struct evm evm = evm_with(text, NULL);
    EvmResult result = EVM_RESULT_INIT;
    uint8_t address[20], topics[128], contract[20], output[32], log[8];
    size_t topic_count, length;
    run_to_end(evm.handle, NO_PROGRAMS);
    OK(evm_get_result(evm.handle, &result));
    CHECK(result.status == EVM_STATUS_SUCCESS && result.log_count == 2 && result.output_len == 32 && result.has_created == 0);
    CHECK(result.gas_used + result.gas_remaining == 10000000 && result.gas_used > 750);
    CHECK(output_number(evm.handle) == 0x1234);
    CHECK_STATUS(evm_get_output(evm.handle, output, 31), STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
    world_address(CONTRACT, contract);
    OK(evm_get_log(evm.handle, 0, address, topics, &topic_count, log, sizeof log, &length));
    CHECK(memcmp(address, contract, 20) == 0 && topic_count == 2 && topics[31] == 8 && topics[63] == 9 && length == 5);
    CHECK(log[3] == 0x12 && log[4] == 0x34);
    OK(evm_get_log(evm.handle, 1, address, topics, &topic_count, NULL, 0, &length));
    CHECK(topic_count == 1 && topics[31] == 7 && length == 3);
    FAILS(evm.handle, evm_get_log(evm.handle, 2, address, topics, &topic_count, NULL, 0, &length),
          STATE_MANAGER_ERROR_INVALID_INPUT, "log 2: there are 2");
    evm_end(&evm);

    static const struct {
        const char *text, *status, *reason;
        uint32_t code;
    } table[] = {
        /* Error("no") as Solidity encodes it. */
        {"0x08c379a0 0 MSTORE 32 32 MSTORE 2 64 MSTORE 0x6e6f000000000000 96 MSTORE 100 28 REVERT", "revert",
         "\"kind\":\"error\"", 1},
        {"0x4e487b71 0 MSTORE 17 32 MSTORE 36 28 REVERT", "revert", "arithmetic overflow", 1},
        {"0xdeadbeef 0 MSTORE 4 28 REVERT", "revert", "custom error 0xdeadbeef", 1},
        {"0 0 REVERT", "revert", "\"kind\":\"empty\"", 1},
        {"INVALID", "halt", "invalid opcode 0xfe", 2},
        {"ADD", "halt", "stack underflow", 2},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        evm = evm_with(table[i].text, NULL);
        run_to_end(evm.handle, NO_PROGRAMS);
        OK(evm_get_result(evm.handle, &result));
        char *json = text_of(evm.handle, evm_get_result_json);
        CHECKF(result.status == table[i].code && contains(json, table[i].status) && contains(json, table[i].reason), "%s", json);
        CHECK(result.status != EVM_STATUS_HALT || (result.gas_used == 10000000 && result.gas_remaining == 0));
        free(json);
        evm_end(&evm);
    }

    /* A creation, as a message and by a transaction: gas is accounted for. */
    evm = evm_with("", NULL);
    OK(evm_set_transaction_json(evm.handle, "{\"from\":\"0x1111111111111111111111111111111100000001\",\"gas\":100000,"
                                            "\"input\":\"0x602a6000526001601ff3\"}"));
    AsyncRequest request;
    OK(evm_call_ffi(evm.handle, &request));
    /* Sender and beneficiary are the state's; what the address of the creation holds is asked for. */
    while (is_need(&request)) {
        uint8_t payload[52] = {0};
        memcpy(payload, request.address, 20);
        static const size_t lengths[] = {0, 84, 52, 20, 28};
        REQUIRE(request.output_type <= 4);
        OK(evm_continue_ffi(evm.handle, request.output_type, payload, lengths[request.output_type], &request));
    }
    OK(evm_continue_ffi(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &request));
    OK(evm_get_result(evm.handle, &result));
    CHECK(result.status == EVM_STATUS_SUCCESS && result.has_created == 1 && result.gas_used > 53000 && result.output_len == 1);
    OK(state_manager_get_code_bytes(evm.state, result.created, output, 1));
    CHECK(output[0] == 0x2a);
    evm_end(&evm);
}

static void overrides(void) {
    struct evm evm = evm_with("1 SLOAD NUMBER ADD 0 MSTORE 9 1 SSTORE 32 0 RETURN", NULL);
    AsyncRequest request;
    char overrides[300];
    size_t length;
    snprintf(overrides, sizeof overrides, "{\"0x11111111111111111111111111111111%08x\":{\"stateDiff\":{\"0x1\":\"0x64\"},\"balance\":\"0x7\"}}",
             CONTRACT);
    CHECK_STATUS(evm_set_state_overrides(evm.handle, "{"), STATE_MANAGER_ERROR_INVALID_INPUT);
    OK(evm_set_state_overrides(evm.handle, overrides));
    OK(evm_set_block_overrides(evm.handle, "{\"number\":\"0x3\"}"));
    OK(evm_call_ffi(evm.handle, &request));
    /* The result at once: there is nothing that could be committed. */
    CHECK(request.output_type == EVM_OUTPUT_RESULT && output_number(evm.handle) == 0x67);
    CHECK_STATUS(evm_continue_ffi(evm.handle, EVM_CONTINUE_AFTER_COMMIT, NULL, 0, &request), STATE_MANAGER_ERROR_INVALID_STATE);
    CHECK_STATUS(evm_commit_in_checkpoint(evm.handle), STATE_MANAGER_ERROR_INVALID_STATE);
    OK(evm_get_state_changes(evm.handle, NULL, 0, &length));
    CHECK(length > 0 && slot_of(evm.state, CONTRACT, 1) == 0);
    OK(evm_execute(evm.handle));
    CHECK(output_number(evm.handle) == 0x67 && slot_of(evm.state, CONTRACT, 1) == 0);
    uint8_t contract[20], balance[32], own[32];
    world_address(CONTRACT, contract);
    world_balance(contract, own);
    OK(state_manager_get_balance_bytes(evm.state, contract, balance));
    CHECK(memcmp(balance, own, 32) == 0);
    /* Suspended with overrides: nobody sees them meanwhile. */
    snprintf(overrides, sizeof overrides, "{\"0x11111111111111111111111111111111%08x\":{\"balance\":\"0x7\"}}", CONTRACT);
    OK(evm_set_state_overrides(evm.handle, overrides));
    OK(evm_call_ffi(evm.handle, &request));
    CHECK(request.output_type == EVM_OUTPUT_NEED_STORAGE);
    OK(state_manager_get_balance_bytes(evm.state, contract, balance));
    CHECK(memcmp(balance, own, 32) == 0);
    OK(serve_need(evm.handle, NO_PROGRAMS, &request));
    CHECK(request.output_type == EVM_OUTPUT_RESULT);
    /* Taken back: as without. */
    OK(evm_set_state_overrides(evm.handle, NULL));
    OK(evm_set_block_overrides(evm.handle, NULL));
    CHECK(run_to_end(evm.handle, NO_PROGRAMS) == 1);
    CHECK(output_number(evm.handle) > 0x64 && slot_of(evm.state, CONTRACT, 1) == 0);
    evm_end(&evm);
}

static char *trace_of(EvmHandle handle) { return text_of(handle, evm_get_trace); }

static void traces(void) {
    /* With everything asked for, and with everything there: the same lines. */
    struct evm evm = evm_remote(NULL);
    FAILS(evm.handle, evm_get_trace(evm.handle, NULL, 0, &(size_t){0}), STATE_MANAGER_ERROR_INVALID_STATE, "evm_set_trace turns it on");
    evm_end(&evm);
    for (int format = EVM_TRACE_EIP3155; format <= EVM_TRACE_STRUCT_LOGS; format++) {
        evm = evm_with(TOUR, NULL);
        OK(evm_set_trace(evm.handle, format, EVM_TRACE_MEMORY, 0, -1));
        unsigned asked = run_to_end(evm.handle, TOUR_PROGRAMS);
        CHECK(asked > 15);
        char *trace = trace_of(evm.handle), *prestate = text_of(evm.handle, evm_get_prestate);
        size_t length = 9, accounts = 0;
        OK(evm_get_trace(evm.handle, NULL, 0, &length));
        CHECK(length == 0);
        CHECK(contains(trace, format == EVM_TRACE_EIP3155 ? "{\"pc\":0,\"op\":96," : "\"structLogs\":["));

        StateManagerHandle state = state_manager_create();
        OK(state_manager_load(state, (const uint8_t *)prestate, strlen(prestate), &accounts));
        CHECK(accounts >= 5);
        EvmHandle local = evm_over(state, 0);
        OK(evm_set_block(local, EVM_HOST_BLOCK));
        uint8_t hash[32] = {0xb1, 0x0c};
        hash[31] = 7;
        OK(evm_set_block_hash(local, 7, hash));
        set_call(local, 10000000);

        /* To a file descriptor, which may be closed at once. */
        FILE *file = tmpfile();
        REQUIRE(file != NULL);
        int fd = dup(fileno(file));
        OK(evm_set_trace(local, format, EVM_TRACE_MEMORY, 0, fd));
        close(fd);
        OK(evm_execute(local));
        OK(evm_get_trace(local, NULL, 0, &length));
        CHECK(length == 0);
        OK(evm_set_trace(local, EVM_TRACE_OFF, 0, 0, -1));
        char *written = allocate(strlen(trace) + 100);
        rewind(file);
        size_t count = fread(written, 1, strlen(trace) + 99, file);
        written[count] = '\0';
        fclose(file);
        CHECKF(strcmp(trace, written) == 0, "%zu and %zu bytes differ", strlen(trace), count);
        free(written);
        char *a = all_of(evm.handle), *b = all_of(local);
        CHECKF(strcmp(a, b) == 0, "%s\n%s", a, b);
        free(a);
        free(b);
        evm_destroy(local);
        state_manager_destroy(state);
        free(prestate);
        free(trace);
        evm_end(&evm);
    }
    /* A writer that fails: the execution goes on, the reader is told once. */
    int full = open("/dev/full", O_WRONLY);
    if (full >= 0) {
        evm = evm_with("1 2 ADD", NULL);
        size_t length;
        OK(evm_set_trace(evm.handle, EVM_TRACE_EIP3155, 0, 0, full));
        close(full);
        OK(evm_execute(evm.handle));
        FAILS(evm.handle, evm_get_trace(evm.handle, NULL, 0, &length), STATE_MANAGER_ERROR_EXECUTION, "the trace is not complete");
        OK(evm_get_trace(evm.handle, NULL, 0, &length));
        evm_end(&evm);
    }
    evm = evm_with("1 2 ADD", NULL);
    FAILS(evm.handle, evm_set_trace(evm.handle, 3, 0, 0, -1), STATE_MANAGER_ERROR_INVALID_INPUT, "trace format 3");
    FAILS(evm.handle, evm_set_trace(evm.handle, 1, 16, 0, -1), STATE_MANAGER_ERROR_INVALID_INPUT, "flags 0x10");
    FAILS(evm.handle, evm_set_trace(evm.handle, 1, 4, 0, -1), STATE_MANAGER_ERROR_INVALID_INPUT, "EIP-3155 has no storage");
    FAILS(evm.handle, evm_set_trace(evm.handle, 1, 0, 0, -2), STATE_MANAGER_ERROR_INVALID_INPUT, "file descriptor -2");
    FAILS(evm.handle, evm_set_trace(evm.handle, 1, 0, 0, 1000000), STATE_MANAGER_ERROR_INVALID_INPUT, "file descriptor 1000000");
    evm_end(&evm);
}

static void access_list(void) {
    struct evm evm = evm_with("7 SLOAD @5 BALANCE @6 EXTCODESIZE", NULL);
    size_t length;
    FAILS(evm.handle, evm_get_access_list(evm.handle, NULL, 0, &length), STATE_MANAGER_ERROR_INVALID_STATE, "no execution has ended");
    CHECK_STATUS(evm_get_prestate(evm.handle, NULL, 0, &length), STATE_MANAGER_ERROR_INVALID_STATE);
    run_to_end(evm.handle, NO_PROGRAMS);
    char *list = text_of(evm.handle, evm_get_access_list);
    static const char wanted[] = "[{\"address\":\"0x1111111111111111111111111111111100000002\",\"storageKeys\":[\"" DIGITS_64("07") "\"]},"
                                 "{\"address\":\"0x1111111111111111111111111111111100000005\",\"storageKeys\":[]},"
                                 "{\"address\":\"0x1111111111111111111111111111111100000006\",\"storageKeys\":[]}]";
    CHECKF(strcmp(list, wanted) == 0, "%s", list);
    free(list);
    evm_end(&evm);
}

/* A struct that the library fills, as a program with another header has it: what it lacks is left out, what it has more is zero. */
static void fills(EvmHandle handle, int (*call)(EvmHandle, void *), size_t now, const size_t *sizes, size_t count) {
    uint8_t all[512] = {0};
    memcpy(all, &now, sizeof now);
    OK(call(handle, all));
    for (size_t i = 0; i < count; i++) {
        struct fenced out = fenced_new(sizes[i]);
        memcpy(out.data, &sizes[i], sizeof sizes[i]);
        OK(call(handle, out.data));
        size_t known = sizes[i] < now ? sizes[i] : now;
        CHECK(memcmp(out.data, &sizes[i], sizeof(size_t)) == 0 && fences_intact(&out));
        CHECK(memcmp(out.data + sizeof(size_t), all + sizeof(size_t), known - sizeof(size_t)) == 0);
        for (size_t j = known; j < sizes[i]; j++) CHECK(out.data[j] == 0);
        fenced_free(&out);
    }
    static const size_t bad[] = {0, 7, 4097, SIZE_MAX};
    for (size_t i = 0; i < 4; i++) {
        memcpy(all, &bad[i], sizeof bad[i]);
        FAILS(handle, call(handle, all), STATE_MANAGER_ERROR_INVALID_INPUT, ".size is");
    }
}

static int fill_stats(EvmHandle handle, void *out) { return evm_stats(handle, out); }
static int fill_result(EvmHandle handle, void *out) { return evm_get_result(handle, out); }
static int fill_call(EvmHandle handle, void *out) { return evm_get_precompile_call(handle, out, NULL, 0); }

static void other_versions(void) {
    struct evm evm = evm_with("7 SLOAD 0 MSTORE 32 0 RETURN", NULL);
    run_to_end(evm.handle, NO_PROGRAMS);
    const size_t stats[] = {sizeof(size_t), offsetof(EvmStats, rounds), offsetof(EvmStats, cache_hits), sizeof(EvmStats) + 24};
    const size_t results[] = {sizeof(size_t), offsetof(EvmResult, gas_used), offsetof(EvmResult, created), sizeof(EvmResult) + 24};
    const size_t calls[] = {sizeof(size_t), offsetof(EvmPrecompileCall, value), offsetof(EvmPrecompileCall, caller),
                            sizeof(EvmPrecompileCall) + 8};
    fills(evm.handle, fill_stats, sizeof(EvmStats), stats, 4);
    fills(evm.handle, fill_result, sizeof(EvmResult), results, 4);
    evm_end(&evm);
    EvmOptions options = EVM_OPTIONS_INIT;
    uint8_t address[20];
    AsyncRequest request;
    world_address(77, address);
    options.precompiles = address;
    options.precompile_count = 1;
    evm = evm_with("0 0 0 0 0 @77 5000 CALL", &options);
    run_to_precompile(evm.handle, &request);
    fills(evm.handle, fill_call, sizeof(EvmPrecompileCall), calls, 4);
    evm_end(&evm);

    /* Structs that the library reads. */
    StateManagerHandle state = state_manager_create();
    EvmHandle handle = evm_create(state, NULL);
    static const struct {
        size_t more;
        int tail, accepted;
    } table[] = {{0, 0, 1}, {8, 0, 1}, {8, 1, 0}};
    for (size_t i = 0; i < 3; i++) {
        struct fenced in = fenced_new(sizeof(EvmOptions) + table[i].more), message = fenced_new(sizeof(EvmMessage) + table[i].more);
        memset(in.data, 0, in.size);
        memset(message.data, 0, message.size);
        memcpy(in.data, &in.size, sizeof in.size);
        memcpy(message.data, &message.size, sizeof message.size);
        if (table[i].tail) in.data[in.size - 1] = message.data[message.size - 1] = 1;
        EvmHandle made = evm_create(state, (const EvmOptions *)(void *)in.data);
        CHECKF((made != NULL) == table[i].accepted, "case %zu: %s", i, last_error_of(NULL));
        CHECK(table[i].accepted || contains(last_error_of(NULL), "a field that this version does not know"));
        CHECK_STATUS(evm_set_message(handle, (const EvmMessage *)(void *)message.data),
                     table[i].accepted ? STATE_MANAGER_SUCCESS : STATE_MANAGER_ERROR_INVALID_INPUT);
        evm_destroy(made);
        fenced_free(&in);
        fenced_free(&message);
    }
    /* An older one: the rest is at its default. */
    EvmOptions older = EVM_OPTIONS_INIT;
    older.size = offsetof(EvmOptions, flags);
    older.flags = ~0u;
    EvmHandle made = evm_create(state, &older);
    CHECK(made != NULL);
    evm_destroy(made);
    evm_destroy(handle);
    state_manager_destroy(state);
}

const struct test_case evm_result_cases[] = {
    {"evm: reads its own writes, whatever the cache", own_writes},
    {"evm: ready to commit comes before the result", order_of_the_end},
    {"evm: commit, discard, commit in a checkpoint", commits},
    {"evm: 20,000 changed slots", many_changes},
    {"evm: nothing is warm or kept in the next transaction", two_in_a_row},
    {"evm: the bounded cache and its counters", bounded_cache},
    {"evm: results, logs, revert reasons", results},
    {"evm: overrides are never in the state", overrides},
    {"evm: traces, suspended and not, to memory and to a file", traces},
    {"evm: access list", access_list},
    {"evm: structs of other versions", other_versions},
    {NULL, NULL},
};
