/* The functions of a fork, as shim.h says. Its options come as numbers and Go strings' copies. */
#ifndef WORLDSTATE_GO_SHIM_FORK_H
#define WORLDSTATE_GO_SHIM_FORK_H

#include "shim.h"

/* `options` has no pointers in it: cgo forbids Go memory that points to Go memory. The texts come beside it. */
static inline void ws_fork_open(const ForkBackendOptions *options, const char *url, const char *headers, const char *ca_file,
                                const char *block, ws_handle_result *out) {
    ForkBackendOptions whole = *options;
    ForkBackendHandle handle = NULL;
    int status;
    whole.url = url, whole.headers = headers, whole.ca_file = ca_file, whole.block = block;
    status = fork_backend_open(&whole, &handle);
    ws_new_handle(out, status, handle);
}

static inline void ws_fork_destroy(uintptr_t f) { fork_backend_destroy(WS_FORK(f)); }
static inline int ws_fork_clear_cache(uintptr_t f) { return fork_backend_clear_cache(WS_FORK(f)); }
static inline int ws_fork_get_block(uintptr_t f, uint64_t *chain_id, uint64_t *number, uint8_t *hash) {
    return fork_backend_get_block(WS_FORK(f), chain_id, number, hash);
}
static inline int ws_fork_prefetch(uintptr_t f, const uint8_t *addresses, const size_t *slot_counts, size_t count, const uint8_t *slots,
                                   uint32_t flags) {
    return fork_backend_prefetch(WS_FORK(f), addresses, slot_counts, count, slots, flags);
}
static inline int ws_fork_stats(uintptr_t f, ForkBackendStats *stats) { return fork_backend_stats(WS_FORK(f), stats); }
static inline int ws_fork_next_batch(uintptr_t f, uint64_t *id, char *body, size_t size, size_t *len, size_t *count) {
    return fork_backend_next_batch(WS_FORK(f), 0, id, body, size, len, count);
}
static inline int ws_fork_continue_batch(uintptr_t f, uint64_t id, const uint8_t *body, size_t len) {
    return fork_backend_continue_batch(WS_FORK(f), id, body, len);
}
static inline int ws_fork_fail_batch(uintptr_t f, uint64_t id, int64_t code, const char *message) {
    return fork_backend_fail_batch(WS_FORK(f), id, code, message);
}

#endif
