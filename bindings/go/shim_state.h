/* The functions of a state manager, as shim.h says. */
#ifndef WORLDSTATE_GO_SHIM_STATE_H
#define WORLDSTATE_GO_SHIM_STATE_H

#include "shim.h"

static inline void ws_state_create(ws_handle_result *out) {
    void *handle = state_manager_create();
    ws_new_handle(out, handle ? 0 : STATE_MANAGER_ERROR_OUT_OF_MEMORY, handle);
}

static inline void ws_state_create_with_fork(uintptr_t fork, ws_handle_result *out) {
    void *handle = state_manager_create_with_fork(WS_FORK(fork));
    ws_new_handle(out, handle ? 0 : STATE_MANAGER_ERROR_INVALID_HANDLE, handle);
}

static inline void ws_state_destroy(uintptr_t s) { state_manager_destroy(WS_STATE(s)); }

static inline ws_word_result ws_get_balance(uintptr_t s, ws_address a) {
    ws_word_result r;
    r.status = state_manager_get_balance_bytes(WS_STATE(s), a.bytes, r.word);
    return r;
}
static inline int ws_set_balance(uintptr_t s, ws_address a, ws_word v) {
    return state_manager_set_balance_bytes(WS_STATE(s), a.bytes, v.bytes);
}
static inline ws_number_result ws_get_nonce(uintptr_t s, ws_address a) {
    ws_number_result r;
    r.status = state_manager_get_nonce_bytes(WS_STATE(s), a.bytes, &r.number);
    return r;
}
static inline int ws_set_nonce(uintptr_t s, ws_address a, uint64_t n) {
    return state_manager_set_nonce_bytes(WS_STATE(s), a.bytes, n);
}
static inline ws_word_result ws_get_storage(uintptr_t s, ws_address a, ws_word slot) {
    ws_word_result r;
    r.status = state_manager_get_storage_bytes(WS_STATE(s), a.bytes, slot.bytes, r.word);
    return r;
}
static inline int ws_set_storage(uintptr_t s, ws_address a, ws_word slot, ws_word v) {
    return state_manager_set_storage_bytes(WS_STATE(s), a.bytes, slot.bytes, v.bytes);
}
static inline ws_number_result ws_get_code_len(uintptr_t s, ws_address a) {
    ws_number_result r;
    size_t len = 0;
    r.status = state_manager_get_code_len_bytes(WS_STATE(s), a.bytes, &len);
    r.number = len;
    return r;
}
static inline int ws_get_code(uintptr_t s, ws_address a, uint8_t *out, size_t size) {
    return state_manager_get_code_bytes(WS_STATE(s), a.bytes, out, size);
}
static inline int ws_set_code(uintptr_t s, ws_address a, const uint8_t *code, size_t len) {
    return state_manager_set_code_bytes(WS_STATE(s), a.bytes, code, len);
}
static inline ws_word_result ws_get_code_hash(uintptr_t s, ws_address a) {
    ws_word_result r;
    r.status = state_manager_get_code_hash_bytes(WS_STATE(s), a.bytes, r.word);
    return r;
}
static inline ws_number_result ws_get_account_status(uintptr_t s, ws_address a) {
    ws_number_result r;
    int status = 0;
    r.status = state_manager_get_account_status_bytes(WS_STATE(s), a.bytes, &status);
    r.number = (uint64_t)status;
    return r;
}
static inline int ws_delete_account(uintptr_t s, ws_address a) {
    return state_manager_delete_account_bytes(WS_STATE(s), a.bytes);
}
static inline int ws_clear_storage(uintptr_t s, ws_address a) {
    return state_manager_clear_storage_bytes(WS_STATE(s), a.bytes);
}
static inline ws_word_result ws_get_storage_root(uintptr_t s, ws_address a) {
    ws_word_result r;
    r.status = state_manager_get_storage_root_bytes(WS_STATE(s), a.bytes, r.word);
    return r;
}
static inline ws_word_result ws_get_state_root(uintptr_t s) {
    ws_word_result r;
    r.status = state_manager_get_state_root_bytes(WS_STATE(s), r.word);
    return r;
}
static inline ws_word_result ws_get_block_hash(uintptr_t s, uint64_t number) {
    ws_word_result r;
    r.status = state_manager_get_block_hash_bytes(WS_STATE(s), number, r.word);
    return r;
}

static inline int ws_get_storage_batch(uintptr_t s, const uint8_t *addresses, const uint8_t *slots, size_t count, uint8_t *out) {
    return state_manager_get_storage_batch(WS_STATE(s), addresses, slots, count, out);
}
static inline int ws_set_storage_batch(uintptr_t s, const uint8_t *addresses, const uint8_t *slots, const uint8_t *values, size_t count) {
    return state_manager_set_storage_batch(WS_STATE(s), addresses, slots, values, count);
}
static inline int ws_get_account_batch(uintptr_t s, const uint8_t *addresses, size_t count, uint8_t *balances, uint64_t *nonces,
                                       uint8_t *code_hashes, int *statuses) {
    return state_manager_get_account_batch(WS_STATE(s), addresses, count, balances, nonces, code_hashes, statuses);
}
static inline int ws_set_account_batch(uintptr_t s, const uint8_t *addresses, const uint8_t *balances, const uint64_t *nonces, size_t count) {
    return state_manager_set_account_batch(WS_STATE(s), addresses, balances, nonces, count);
}

static inline int ws_checkpoint(uintptr_t s) { return state_manager_checkpoint(WS_STATE(s)); }
static inline int ws_revert(uintptr_t s) { return state_manager_revert(WS_STATE(s)); }
static inline int ws_commit(uintptr_t s) { return state_manager_commit(WS_STATE(s)); }
static inline ws_number_result ws_checkpoint_depth(uintptr_t s) {
    ws_number_result r;
    size_t depth = 0;
    r.status = state_manager_checkpoint_depth(WS_STATE(s), &depth);
    r.number = depth;
    return r;
}
static inline ws_number_result ws_snapshot(uintptr_t s) {
    ws_number_result r;
    r.status = state_manager_snapshot(WS_STATE(s), &r.number);
    return r;
}
static inline int ws_revert_to_snapshot(uintptr_t s, uint64_t id) { return state_manager_revert_to_snapshot(WS_STATE(s), id); }
static inline int ws_delete_snapshot(uintptr_t s, uint64_t id) { return state_manager_delete_snapshot(WS_STATE(s), id); }
static inline int ws_get_changes(uintptr_t s, uint64_t id, char *buf, size_t size, size_t *len) {
    return state_manager_get_changes(WS_STATE(s), id, buf, size, len);
}

static inline int ws_list_accounts(uintptr_t s, const uint8_t *after, uint8_t *out, size_t capacity, size_t *count) {
    return state_manager_list_accounts(WS_STATE(s), after, out, capacity, count);
}
static inline int ws_list_storage(uintptr_t s, ws_address a, const uint8_t *after, uint8_t *slots, uint8_t *values, size_t capacity,
                                  size_t *count) {
    return state_manager_list_storage(WS_STATE(s), a.bytes, after, slots, values, capacity, count);
}
static inline int ws_dump(uintptr_t s, int format, char *buf, size_t size, size_t *len) {
    return state_manager_dump(WS_STATE(s), format, buf, size, len);
}
static inline int ws_load(uintptr_t s, const uint8_t *dump, size_t len, size_t *count) {
    return state_manager_load(WS_STATE(s), dump, len, count);
}
static inline int ws_get_proof(uintptr_t s, ws_address a, const uint8_t *slots, size_t count, char *buf, size_t size, size_t *len) {
    return state_manager_get_proof(WS_STATE(s), a.bytes, slots, count, buf, size, len);
}
static inline int ws_reset(uintptr_t s) { return state_manager_reset(WS_STATE(s)); }
static inline int ws_clear_caches(uintptr_t s) { return state_manager_clear_caches(WS_STATE(s)); }
static inline int ws_clear_fork_cache(uintptr_t s) { return state_manager_clear_fork_cache(WS_STATE(s)); }

#endif
