/* What cgo calls. Three rules of Go make it necessary:
 *
 * - A handle is a number, and Go's garbage collector may not see numbers in pointer types: handles are uintptr_t here.
 * - What a pointer given to C points to moves to Go's heap: addresses and words go by value, so that a read allocates nothing.
 * - Between two cgo calls a goroutine may move to another thread: a failure that has no handle is fetched with its text. */
#ifndef WORLDSTATE_GO_SHIM_H
#define WORLDSTATE_GO_SHIM_H

#include <string.h>
#include <worldstate.h>

typedef struct ws_address { uint8_t bytes[20]; } ws_address;
typedef struct ws_word { uint8_t bytes[32]; } ws_word;
typedef struct ws_word_result { int status; uint8_t word[32]; } ws_word_result;
typedef struct ws_number_result { int status; uint64_t number; } ws_number_result;
typedef struct ws_handle_result { int status; uintptr_t handle; char text[1024]; } ws_handle_result;

#define WS_STATE(handle) ((StateManagerHandle)(handle))
#define WS_FORK(handle) ((ForkBackendHandle)(handle))
#define WS_EVM(handle) ((EvmHandle)(handle))

/* A new handle, or the status and text of this thread's failure. */
static inline void ws_new_handle(ws_handle_result *out, int status, void *handle) {
    size_t len;
    out->status = status;
    out->handle = (uintptr_t)handle;
    out->text[0] = 0;
    if (handle == NULL) worldstate_last_error(NULL, out->text, sizeof out->text, &len);
}

static inline int ws_last_error(uintptr_t handle, char *buf, size_t size, size_t *len) {
    return worldstate_last_error((const void *)handle, buf, size, len);
}

#endif
