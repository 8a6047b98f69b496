/* The functions of an executor, as shim.h says. */
#ifndef WORLDSTATE_GO_SHIM_EVM_H
#define WORLDSTATE_GO_SHIM_EVM_H

#include "shim.h"

/* Structs without their pointers, which come beside them: cgo forbids Go memory that points to Go memory. */
static inline void ws_evm_create(uintptr_t s, const EvmOptions *options, const char *hardfork, const uint8_t *precompiles,
                                 ws_handle_result *out) {
    EvmOptions whole = *options;
    void *handle;
    whole.hardfork = hardfork, whole.precompiles = precompiles;
    handle = evm_create(WS_STATE(s), &whole);
    ws_new_handle(out, handle ? 0 : STATE_MANAGER_ERROR_INVALID_INPUT, handle);
}
static inline int ws_evm_set_message(uintptr_t e, const EvmMessage *message, const uint8_t *caller, const uint8_t *origin,
                                     const uint8_t *to, const uint8_t *code, const uint8_t *value, const uint8_t *input) {
    EvmMessage whole = *message;
    whole.caller = caller, whole.origin = origin, whole.to = to, whole.code = code, whole.value = value, whole.input = input;
    return evm_set_message(WS_EVM(e), &whole);
}

static inline void ws_evm_destroy(uintptr_t e) { evm_destroy(WS_EVM(e)); }
static inline int ws_evm_stats(uintptr_t e, EvmStats *stats) { return evm_stats(WS_EVM(e), stats); }
static inline int ws_evm_set_block(uintptr_t e, const char *json) { return evm_set_block(WS_EVM(e), json); }
static inline int ws_evm_set_block_hash(uintptr_t e, uint64_t number, ws_word hash) {
    return evm_set_block_hash(WS_EVM(e), number, hash.bytes);
}
static inline int ws_evm_set_block_overrides(uintptr_t e, const char *json) { return evm_set_block_overrides(WS_EVM(e), json); }
static inline int ws_evm_set_state_overrides(uintptr_t e, const char *json) { return evm_set_state_overrides(WS_EVM(e), json); }
static inline int ws_evm_set_transaction(uintptr_t e, const uint8_t *raw, size_t len) {
    return evm_set_transaction(WS_EVM(e), raw, len);
}
static inline int ws_evm_set_transaction_json(uintptr_t e, const char *json) { return evm_set_transaction_json(WS_EVM(e), json); }

static inline int ws_evm_call(uintptr_t e, AsyncRequest *out) { return evm_call_ffi(WS_EVM(e), out); }
static inline int ws_evm_continue(uintptr_t e, uint8_t type, const uint8_t *data, size_t len, AsyncRequest *out) {
    return evm_continue_ffi(WS_EVM(e), type, data, len, out);
}
static inline int ws_evm_answer(uintptr_t e, uint8_t type, const uint8_t *data, size_t len) {
    return evm_answer(WS_EVM(e), type, data, len);
}
static inline int ws_evm_resume(uintptr_t e, AsyncRequest *out) { return evm_resume(WS_EVM(e), out); }
static inline int ws_evm_pending(uintptr_t e, AsyncRequest *out, size_t capacity, size_t *count) {
    return evm_pending(WS_EVM(e), out, capacity, count);
}
static inline int ws_evm_abort(uintptr_t e) { return evm_abort(WS_EVM(e)); }
static inline int ws_evm_discard(uintptr_t e) { return evm_discard(WS_EVM(e)); }
static inline int ws_evm_commit_in_checkpoint(uintptr_t e) { return evm_commit_in_checkpoint(WS_EVM(e)); }
static inline int ws_evm_is_active(uintptr_t e, int *active) { return evm_is_active(WS_EVM(e), active); }

static inline int ws_evm_get_result(uintptr_t e, EvmResult *result) { return evm_get_result(WS_EVM(e), result); }
static inline int ws_evm_get_output(uintptr_t e, uint8_t *out, size_t size) { return evm_get_output(WS_EVM(e), out, size); }
static inline int ws_evm_get_log(uintptr_t e, size_t index, uint8_t *address, uint8_t *topics, size_t *topic_count, uint8_t *data,
                                 size_t size, size_t *len) {
    return evm_get_log(WS_EVM(e), index, address, topics, topic_count, data, size, len);
}
static inline int ws_evm_get_precompile_call(uintptr_t e, EvmPrecompileCall *call, uint8_t *input, size_t size) {
    return evm_get_precompile_call(WS_EVM(e), call, input, size);
}
static inline int ws_evm_set_trace(uintptr_t e, int format, uint32_t flags, uint64_t limit, int fd) {
    return evm_set_trace(WS_EVM(e), format, flags, limit, fd);
}

/* The texts of an execution, all of one shape. */
enum { WS_RESULT_JSON, WS_FAILURE, WS_STATE_CHANGES, WS_ACCESS_LIST, WS_PRESTATE, WS_FRAMES, WS_TRACE };
static inline int ws_evm_get_text(uintptr_t e, int which, char *buf, size_t size, size_t *len) {
    switch (which) {
        case WS_RESULT_JSON: return evm_get_result_json(WS_EVM(e), buf, size, len);
        case WS_FAILURE: return evm_get_failure(WS_EVM(e), buf, size, len);
        case WS_STATE_CHANGES: return evm_get_state_changes(WS_EVM(e), buf, size, len);
        case WS_ACCESS_LIST: return evm_get_access_list(WS_EVM(e), buf, size, len);
        case WS_PRESTATE: return evm_get_prestate(WS_EVM(e), buf, size, len);
        case WS_FRAMES: return evm_get_frames(WS_EVM(e), buf, size, len);
        default: return evm_get_trace(WS_EVM(e), buf, size, len);
    }
}

#endif
