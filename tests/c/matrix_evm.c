/* Executors in the table of all functions: where each call succeeds, and what makes it fail. */
#define _POSIX_C_SOURCE 200809L
#include "evm_host.h"
#include "matrix.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char CALLS_PRECOMPILE[] = "0x01020304 0 MSTORE 0 0 4 28 0 @77 5000 CALL 1 SLOAD";

static struct evm with_precompile(void) {
    EvmOptions options = EVM_OPTIONS_INIT;
    uint8_t address[20];
    world_address(77, address);
    options.precompiles = address;
    options.precompile_count = 1;
    return evm_with(CALLS_PRECOMPILE, &options);
}

void in_evm_scene(const struct function *f, scene_body *body, void *context) {
    AsyncRequest request = {0};
    struct evm evm;
    switch (f->setting) {
        case EVM_ASKING:
            evm = evm_with("1 SLOAD", NULL);
            OK(evm_call_ffi(evm.handle, &request));
            CHECK(request.output_type == EVM_OUTPUT_NEED_STORAGE);
            break;
        case EVM_PRECOMPILE:
            evm = with_precompile();
            run_to_precompile(evm.handle, &request);
            break;
        case EVM_READY:
            evm = evm_with("1 SLOAD 0 MSTORE 9 8 7 6 5 27 LOG2 32 0 RETURN", NULL);
            OK(evm_set_trace(evm.handle, EVM_TRACE_EIP3155, 0, 0, -1));
            run_to_end(evm.handle, NO_PROGRAMS);
            break;
        default: evm = evm_with("1 2 ADD", NULL);
    }
    body(f, evm.handle, context);
    evm_end(&evm);
}

/* Every function on an executor that fetches, from inside the callback that it fetches with. */
static EvmHandle busy;

static int call_all_inside(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    if (busy != NULL && *(int *)rpc_client == 0) {
        *(int *)rpc_client = 1;
        for (size_t i = 0; i < function_count; i++) {
            const struct function *f = &functions[i];
            if (f->arguments[0].kind != EVM_EXECUTOR) continue;
            struct prepared prepared = prepare(f, busy, 0);
            expect(f, &prepared, STATE_MANAGER_ERROR_INVALID_STATE, "from inside its own callback", NULL, "inside its callback");
            release(&prepared);
        }
    }
    return world_request(NULL, method, params, reply);
}

void evm_inside_callbacks(void) {
    int was_run = 0;
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    vtable.request = call_all_inside;
    ForkBackendHandle fork = world_open(&vtable, &was_run);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    busy = evm_over(state, 0);
    set_call(busy, 100000);
    OK(evm_execute(busy));
    CHECK(was_run);
    evm_destroy(busy);
    busy = NULL;
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

static int refuse_if_told(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    return *(int *)rpc_client ? fork_reply_fail(reply, 404, 0, "nobody home") : world_request(NULL, method, params, reply);
}

static void failing_fork(void) {
    static const ForkRpcVtable vtable = {sizeof(ForkRpcVtable), refuse_if_told, NULL};
    int refuses = 0;
    ForkBackendHandle fork = world_open(&vtable, &refuses);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    EvmOptions options = EVM_OPTIONS_INIT;
    uint8_t address[20], to[20];
    world_address(77, address);
    world_address(CONTRACT, to);
    options.precompiles = address;
    options.precompile_count = 1;
    EvmHandle evm = evm_create(state, &options);
    struct code code = assemble(CALLS_PRECOMPILE);
    EvmMessage message = EVM_MESSAGE_INIT;
    message.to = to;
    message.code = code.bytes;
    message.code_len = code.length;
    message.gas = 100000;
    OK(evm_set_message(evm, &message));
    refuses = 1;
    struct value same = {evm, 0};
    const int failed = STATE_MANAGER_ERROR_RPC_FAILED;
    expect_at("evm_execute", evm, 0, same, failed, "nobody home");
    expect_at("evm_call_ffi", evm, 0, same, failed, "nobody home");
    expect_at("evm_resume", evm, 0, same, failed, "nobody home");
    refuses = 0;
    AsyncRequest request;
    OK(evm_resume(evm, &request));
    CHECK(request.output_type == EVM_OUTPUT_NEED_PRECOMPILE);
    refuses = 1;
    uint8_t answer[29] = {0};
    memcpy(answer, address, 20);
    const struct function *f = find("evm_continue_ffi");
    struct prepared prepared = prepare(f, evm, 0);
    prepared.v[1].n = EVM_CONTINUE_WITH_PRECOMPILE;
    prepared.v[2].p = answer;
    prepared.v[3].n = sizeof answer;
    expect(f, &prepared, failed, "nobody home", evm, "a fork that fails");
    release(&prepared);
    evm_destroy(evm);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

void evm_particular(void) {
    const int input = STATE_MANAGER_ERROR_INVALID_INPUT, hex = STATE_MANAGER_ERROR_INVALID_HEX;
    const int execution = STATE_MANAGER_ERROR_EXECUTION, none = STATE_MANAGER_ERROR_NO_PENDING_REQUEST;
    struct evm evm = evm_with("1 2 ADD", NULL);
    struct value same = {evm.handle, 0};
    expect_at("evm_set_block", evm.handle, 1, text("{"), input, "the block");
    expect_at("evm_set_block", evm.handle, 1, text("{\"number\":\"0xzz\"}"), hex, "0xzz");
    expect_at("evm_set_block_overrides", evm.handle, 1, text("{\"nonsense\":1}"), input, "nonsense");
    expect_at("evm_set_block_overrides", evm.handle, 1, text("{\"number\":\"0xzz\"}"), hex, "0xzz");
    expect_at("evm_set_state_overrides", evm.handle, 1, text("[]"), input, "the state overrides");
    expect_at("evm_set_state_overrides", evm.handle, 1, text("{\"0x12\":{}}"), hex, "0x12");
    expect_at("evm_set_transaction", evm.handle, 1, text("\x02"), input, "raw transaction: type 2");
    expect_at("evm_set_transaction", evm.handle, 2, number(UINT64_MAX), input, "more than memory can hold");
    expect_at("evm_set_transaction_json", evm.handle, 1, text("{\"to\":\"0x12\"}"), hex, "0x12");
    expect_at("evm_set_transaction_json", evm.handle, 1, text("\xff"), input, "transaction_json is not UTF-8");
    expect_at("evm_set_trace", evm.handle, 1, number(9), input, "trace format 9");
    EvmMessage message = EVM_MESSAGE_INIT;
    struct value bad = {&message, 0};
    message.to = BYTES_A;
    message.code = BYTES_A;
    message.code_len = (size_t)1 << 46;
    expect_at("evm_set_message", evm.handle, 1, bad, STATE_MANAGER_ERROR_OUT_OF_MEMORY, "code: 70368744177664 bytes cannot be allocated");
    message.code_len = SIZE_MAX;
    expect_at("evm_set_message", evm.handle, 1, bad, input, "more than memory can hold");
    message.code_len = 2;
    message.to = NULL;
    expect_at("evm_set_message", evm.handle, 1, bad, input, "code without to");
    message.code = NULL;
    expect_at("evm_set_message", evm.handle, 1, bad, input, "code is NULL");
    message.code_len = 0;
    message.is_static = 2;
    expect_at("evm_set_message", evm.handle, 1, bad, input, "is_static is 0 or 1");
    message.size = 3;
    expect_at("evm_set_message", evm.handle, 1, bad, input, "EvmMessage.size is 3");
    expect_at("evm_get_precompile_call", evm.handle, 0, same, none, "");
    expect_at("evm_answer", evm.handle, 3, number(84), none, "");
    expect_at("evm_continue_ffi", evm.handle, 3, number(84), none, "");
    expect_at("evm_get_result", evm.handle, 0, same, STATE_MANAGER_ERROR_INVALID_STATE, "no execution has ended");
    expect_at("evm_get_trace", evm.handle, 0, same, STATE_MANAGER_ERROR_INVALID_STATE, "no trace");
    OK(evm_set_transaction_json(evm.handle, "{\"chainId\":5}"));
    expect_at("evm_execute", evm.handle, 0, same, input, "the transaction is for chain 5, the execution is on chain 1");
    expect_at("evm_call_ffi", evm.handle, 0, same, input, "the transaction is for chain 5");
    evm_end(&evm);

    evm = evm_with("1 SLOAD", NULL);
    same.p = evm.handle;
    expect_at("evm_execute", evm.handle, 0, same, execution, "is not here, and a synchronous call cannot ask");
    AsyncRequest request;
    OK(evm_call_ffi(evm.handle, &request));
    uint8_t other[84] = {1};
    struct value wrong = {other, 84};
    expect_at("evm_answer", evm.handle, 2, wrong, STATE_MANAGER_ERROR_INVALID_REQUEST, "not asked for");
    expect_at("evm_continue_ffi", evm.handle, 2, wrong, STATE_MANAGER_ERROR_INVALID_REQUEST, "not asked for");
    expect_at("evm_continue_ffi", evm.handle, 1, number(255), execution, "storage of");
    OK(evm_abort(evm.handle));
    /* A sender that turns out to be too poor. */
    OK(evm_set_transaction_json(evm.handle, "{\"from\":\"0x00000000000000000000000000000000000000aa\",\"gas\":21000,\"value\":\"0x1\","
                                            "\"to\":\"0x1111111111111111111111111111111100000001\"}"));
    OK(evm_call_ffi(evm.handle, &request));
    for (uint8_t type = 2; type <= 4; type++) {
        static const size_t length[] = {0, 0, 52, 20, 28};
        uint8_t poor[52] = {0};
        poor[19] = 0xaa;
        OK(evm_answer(evm.handle, type, poor, length[type]));
    }
    expect_at("evm_resume", evm.handle, 0, same, execution, "transaction refused");
    OK(evm_set_transaction_json(evm.handle, "{\"from\":\"0x1111111111111111111111111111111100000001\",\"nonce\":99999,\"gas\":21000,"
                                            "\"to\":\"0x1111111111111111111111111111111100000001\"}"));
    expect_at("evm_call_ffi", evm.handle, 0, same, execution, "transaction refused");
    int full = open("/dev/full", O_WRONLY);
    if (CHECK(full >= 0)) {
        OK(evm_set_trace(evm.handle, EVM_TRACE_EIP3155, 0, 0, full));
        close(full);
        set_call(evm.handle, 100000);
        run_to_end(evm.handle, NO_PROGRAMS);
        expect_at("evm_get_trace", evm.handle, 0, same, execution, "the trace is not complete");
    }
    evm_end(&evm);
    failing_fork();

    /* evm_create */
    StateManagerHandle state = state_manager_create();
    static const struct {
        EvmOptions options;
        const char *text;
    } options[] = {
        {{3, 0, 0, 0, 0, 0, 0, 0, 0}, "EvmOptions.size is 3"},
        {{sizeof(EvmOptions), "newest", 0, 0, 0, 0, 0, 0, 0}, "newest"},
        {{sizeof(EvmOptions), "14", 0, 0, 0, 0, 0, 0, 0}, "hardfork number 14 is unknown"},
        {{sizeof(EvmOptions), "\xff", 0, 0, 0, 0, 0, 0, 0}, "hardfork is not UTF-8"},
        {{sizeof(EvmOptions), 0, 0, 256, 0, 0, 0, 0, 0}, "flags 0x100"},
        {{sizeof(EvmOptions), 0, 0, 0, 4, 0, 0, 0, 0}, "run_ahead 4"},
        {{sizeof(EvmOptions), 0, 0, 0, 0, 0, 0, 0, 1}, "precompiles is NULL"},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        CHECK(evm_create(state, &options[i].options) == NULL);
        CHECKF(contains(last_error_of(NULL), options[i].text), "\"%s\" is without \"%s\"", last_error_of(NULL), options[i].text);
    }
    CHECK(evm_create(NULL, NULL) == NULL && contains(last_error_of(NULL), "the state manager handle is NULL"));
    static const char *const hardforks[] = {"Frontier", "cancun", "PRAGUE", "0", "13"};
    for (size_t i = 0; i < 5; i++) {
        EvmOptions good = EVM_OPTIONS_INIT;
        good.hardfork = hardforks[i];
        EvmHandle handle = evm_create(state, &good);
        CHECKF(handle != NULL, "%s: %s", hardforks[i], last_error_of(NULL));
        evm_destroy(handle);
        evm_destroy(handle);
    }
    evm_destroy(NULL);
    state_manager_destroy(state);
}
