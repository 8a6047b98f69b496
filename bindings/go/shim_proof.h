/* Checks that need no handle, as shim.h says: a failure comes with its text. */
#ifndef WORLDSTATE_GO_SHIM_PROOF_H
#define WORLDSTATE_GO_SHIM_PROOF_H

#include "shim.h"

/* As long as any text about a proof. */
typedef struct ws_check_result { int status; char text[4096]; } ws_check_result;

static inline void ws_checked(ws_check_result *out, int status) {
    size_t len;
    out->status = status;
    out->text[0] = 0;
    if (status != STATE_MANAGER_SUCCESS) worldstate_last_error(NULL, out->text, sizeof out->text, &len);
}

static inline void ws_verify_proof(ws_word root, const uint8_t *address, const uint8_t *slots, size_t count, const char *proof,
                                   ws_check_result *out) {
    ws_checked(out, worldstate_verify_proof(root.bytes, address, slots, count, proof));
}
static inline void ws_verify_header(ws_word hash, const char *header, uint8_t *state_root, ws_check_result *out) {
    ws_checked(out, worldstate_verify_header(hash.bytes, header, state_root));
}

#endif
