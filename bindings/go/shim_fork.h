/* The functions of a fork, as shim.h says. Its options come as numbers and Go strings' copies. */
#ifndef WORLDSTATE_GO_SHIM_FORK_H
#define WORLDSTATE_GO_SHIM_FORK_H

#include "shim.h"

/* Written in Go, in fork_log.go. */
extern void worldstateGoLog(uintptr_t log, int level, char *text);

static inline void ws_log(void *context, int level, const char *text) { worldstateGoLog((uintptr_t)context, level, (char *)text); }

/* `options` has no pointers in it: cgo forbids Go memory that points to Go memory. What they point to comes beside it. `log` is the handle
 * of a Go function, or 0. */
static inline void ws_fork_open(const ForkBackendOptions *options, const char *url, const char *headers, const char *ca_file,
                                const char *block, const char *network, const char *cache_dir, const char *recording,
                                const uint8_t *trusted, uintptr_t log, ws_handle_result *out) {
    ForkBackendOptions whole = *options;
    ForkBackendHandle handle = NULL;
    int status;
    whole.url = url, whole.headers = headers, whole.ca_file = ca_file, whole.block = block;
    whole.network = network, whole.cache_dir = cache_dir, whole.recording = recording, whole.trusted = trusted;
    whole.log = log ? ws_log : NULL, whole.log_context = (void *)log;
    status = fork_backend_open(&whole, &handle);
    ws_new_handle(out, status, handle);
}

static inline void ws_fork_destroy(uintptr_t f) { fork_backend_destroy(WS_FORK(f)); }
static inline int ws_fork_clear_cache(uintptr_t f) { return fork_backend_clear_cache(WS_FORK(f)); }
static inline int ws_fork_flush(uintptr_t f) { return fork_backend_flush(WS_FORK(f)); }
static inline int ws_fork_export(uintptr_t f, const char *path) { return fork_backend_export(WS_FORK(f), path); }
static inline int ws_fork_import(uintptr_t f, const char *path) { return fork_backend_import(WS_FORK(f), path); }
static inline int ws_fork_get_block(uintptr_t f, uint64_t *chain_id, uint64_t *number, uint8_t *hash) {
    return fork_backend_get_block(WS_FORK(f), chain_id, number, hash);
}
static inline int ws_fork_prefetch(uintptr_t f, const uint8_t *addresses, const size_t *slot_counts, size_t count, const uint8_t *slots,
                                   uint32_t flags) {
    return fork_backend_prefetch(WS_FORK(f), addresses, slot_counts, count, slots, flags);
}
static inline int ws_fork_prefetch_access_list(uintptr_t f, const char *access_list, uint32_t flags) {
    return fork_backend_prefetch_access_list(WS_FORK(f), access_list, flags);
}
static inline int ws_fork_prefetch_range(uintptr_t f, ws_address a, ws_word first_slot, size_t count) {
    return fork_backend_prefetch_range(WS_FORK(f), a.bytes, first_slot.bytes, count);
}
static inline int ws_fork_stats(uintptr_t f, ForkBackendStats *stats) { return fork_backend_stats(WS_FORK(f), stats); }
static inline int ws_fork_method_stats(uintptr_t f, const char *method, ForkBackendMethodStats *stats) {
    return fork_backend_method_stats(WS_FORK(f), method, stats);
}
static inline int ws_fork_metrics_json(uintptr_t f, char *out, size_t size, size_t *len) {
    return fork_backend_metrics_json(WS_FORK(f), out, size, len);
}
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
