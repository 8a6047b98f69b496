/* Calls of the table's functions: where they succeed, with what, and what has to hold after each. */
#include "matrix.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned seen[SEEN];

const struct function *find(const char *name) {
    for (size_t i = 0; i < function_count; i++) {
        if (strcmp(functions[i].name, name) == 0) return &functions[i];
    }
    fprintf(stderr, "%s is not in the table\n", name);
    exit(2);
}

int is_output(enum argument_kind kind) {
    return kind == OUTPUT || kind == OPTIONAL_OUTPUT || kind == TEXT_OUTPUT || kind == BYTES_OUTPUT || kind == NUMBER_OUTPUT ||
           kind == SIZED_OUTPUT || kind == DATA_OUTPUT || kind == REQUEST_OUTPUT;
}

int is_input(enum argument_kind kind) {
    return kind == INPUT || kind == ADDRESS_TEXT || kind == WORD_TEXT || kind == QUANTITY_TEXT;
}

int has_handle(const struct function *f) {
    enum argument_kind kind = f->arguments[0].kind;
    return kind == STATE_MANAGER || kind == FORK_BACKEND || kind == FORK_REPLY || kind == EVM_EXECUTOR;
}

/* Settings */

static void fill(StateManagerHandle state) {
    uint64_t id;
    OK(state_manager_set_balance(state, ADDRESS_A, "1000"));
    OK(state_manager_set_nonce(state, ADDRESS_A, 3));
    OK(state_manager_set_storage(state, ADDRESS_A, "0x1", "0x2a"));
    OK(state_manager_set_code(state, ADDRESS_A, (const uint8_t *)CODE_IN_STATE, CODE_IN_STATE_LEN));
    OK(state_manager_snapshot(state, &id));
    OK(state_manager_checkpoint(state));
    OK(state_manager_set_balance(state, ADDRESS_B, MAX_HEX));
    CHECK(id == 1);
}

ForkBackendHandle host_fork(void) {
    ForkBackendHandle fork = fork_backend_create(NULL, NULL, "latest", 0);
    CHECK(fork != NULL);
    return fork;
}

void take_request(ForkBackendHandle fork, uint64_t wanted_id) {
    uint64_t id = 0;
    char method[32], params[512];
    size_t method_len, params_len;
    OK(fork_backend_next_request(fork, &id, method, sizeof method, &method_len, params, sizeof params, &params_len));
    CHECK(id == wanted_id);
}

void take_batch(ForkBackendHandle fork) {
    uint64_t id = 0;
    char body[1024];
    size_t body_len;
    OK(fork_backend_next_batch(fork, 0, &id, body, sizeof body, &body_len, NULL));
    CHECK(id == 1);
}

struct callback_scene {
    const struct function *f;
    scene_body *body;
    void *context;
    int was_run;
};

static int callback_with_scene(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply) {
    struct callback_scene *scene = rpc_client;
    if (!scene->was_run) {
        scene->was_run = 1;
        scene->body(scene->f, reply, scene->context);
    }
    return world_request(NULL, method, params, reply);
}

void in_callback(const struct function *f, scene_body *body, void *context) {
    struct callback_scene scene = {f, body, context, 0};
    ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
    vtable.request = callback_with_scene;
    ForkBackendHandle fork = fork_backend_create(&scene, &vtable, "latest", 0);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint64_t nonce;
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    CHECK(scene.was_run);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

/* Runs `body` with a handle on which a call with good arguments succeeds. */
void in_scene(const struct function *f, scene_body *body, void *context) {
    enum argument_kind kind = f->arguments[0].kind;
    uint64_t nonce;
    if (kind == EVM_EXECUTOR) {
        in_evm_scene(f, body, context);
    } else if (f->setting == LOCAL) {
        StateManagerHandle state = state_manager_create();
        fill(state);
        body(f, state, context);
        state_manager_destroy(state);
    } else if (f->setting == PINNED) {
        ForkBackendHandle fork = world_open(&WORLD_SEND, NULL);
        StateManagerHandle state = state_manager_create_with_fork(fork);
        body(f, kind == STATE_MANAGER ? (void *)state : (void *)fork, context);
        state_manager_destroy(state);
        fork_backend_destroy(fork);
    } else if (f->setting == IN_CALLBACK) {
        in_callback(f, body, context);
    } else {
        ForkBackendHandle fork = host_fork();
        StateManagerHandle state = state_manager_create_with_fork(fork);
        CHECK_STATUS(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce), STATE_MANAGER_ERROR_RPC_PENDING);
        if (f->setting == TAKEN) take_request(fork, 1);
        if (f->setting == BATCH_TAKEN) take_batch(fork);
        body(f, fork, context);
        state_manager_destroy(state);
        fork_backend_destroy(fork);
    }
}

/* Calls */

/* A struct that begins with its size, which is what it is before the call. */
static void give_size(const struct argument *a, const struct fenced *out) {
    size_t size = (size_t)a->size;
    if (a->kind == SIZED_OUTPUT) memcpy(out->data, &size, sizeof size);
}

/* As the call got it. */
int is_untouched(const struct argument *a, const struct fenced *out) {
    size_t size = (size_t)a->size;
    if (a->kind == SIZED_OUTPUT) {
        if (memcmp(out->data, &size, sizeof size) != 0) return 0;
        memset(out->data, 0xAA, sizeof size);
    }
    int untouched = fenced_untouched(out);
    give_size(a, out);
    return untouched;
}

static int call(const struct function *f, const struct value *v) {
    int status = f->call(v);
    if (CHECKF(status <= 0 && status > -31, "%s returned %d", f->name, status)) {
        seen[f - functions] |= 1u << -status;
    }
    return status;
}

/* The sizes that the text outputs need: asked for with NULL and 0. Where the handle is not good, 1. */
static void query_sizes(const struct function *f, struct value *v) {
    int has_text = 0;
    for (int i = 0; f->arguments[i].kind != NO_ARGUMENT; i++) {
        if (f->arguments[i].kind != TEXT_OUTPUT) continue;
        has_text = 1;
        v[i].p = NULL;
        v[i + 1].n = 0;
    }
    if (!has_text) return;
    int status = call(f, v);
    CHECKF(status == STATE_MANAGER_SUCCESS || status == STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL, "%s: query gives %s: %s", f->name,
           worldstate_error_name(status), last_error_of(v[0].p));
    for (int i = 0; f->arguments[i].kind != NO_ARGUMENT; i++) {
        if (f->arguments[i].kind != TEXT_OUTPUT) continue;
        size_t length;
        memcpy(&length, v[i + 2].p, sizeof length);
        CHECKF(length > 0 && length < 10000, "%s: length of %s is %zu", f->name, f->arguments[i].name, length);
        v[i + 1].n = length + 1;
    }
}

struct prepared prepare(const struct function *f, void *handle, int with_texts) {
    struct prepared call_ = {0};
    for (int i = 0; f->arguments[i].kind != NO_ARGUMENT; i++) {
        const struct argument *a = &f->arguments[i];
        call_.v[i].p = (void *)(uintptr_t)a->good;
        call_.v[i].n = a->size;
        if (is_output(a->kind)) {
            call_.out[i] = fenced_new(a->size);
            call_.v[i].p = call_.out[i].data;
        }
    }
    if (has_handle(f)) call_.v[0].p = handle;
    if (with_texts) query_sizes(f, call_.v);
    for (int i = 0; f->arguments[i].kind != NO_ARGUMENT; i++) {
        if (!is_output(f->arguments[i].kind)) continue;
        size_t size = f->arguments[i].kind == TEXT_OUTPUT ? (size_t)call_.v[i + 1].n : (size_t)f->arguments[i].size;
        fenced_free(&call_.out[i]);
        call_.out[i] = fenced_new(size);
        call_.v[i].p = call_.out[i].data;
        give_size(&f->arguments[i], &call_.out[i]);
    }
    return call_;
}

void release(struct prepared *prepared) {
    for (int i = 0; i < MAX_ARGUMENTS; i++) fenced_free(&prepared->out[i]);
}

/* What the call did to the outputs: nothing, except for lengths where the buffer was too small. */
static void check_outputs(const struct function *f, const struct prepared *prepared, int status, const char *what) {
    for (int i = 0; f->arguments[i].kind != NO_ARGUMENT; i++) {
        const struct fenced *out = &prepared->out[i];
        if (out->data == NULL) continue;
        CHECKF(fences_intact(out), "%s, %s: wrote beside output %d", f->name, what, i);
        if (status == STATE_MANAGER_SUCCESS) continue;
        if (f->arguments[i].kind == REQUEST_OUTPUT && prepared->v[i].p != NULL) {
            static const AsyncRequest error = {EVM_OUTPUT_ERROR, {0}, {0}};
            CHECKF(memcmp(out->data, &error, sizeof error) == 0, "%s, %s: failed without EVM_OUTPUT_ERROR", f->name, what);
            continue;
        }
        enum argument_kind before = i >= 2 ? f->arguments[i - 2].kind : NO_ARGUMENT;
        if (!(status == STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL && (before == TEXT_OUTPUT || before == DATA_OUTPUT))) {
            CHECKF(is_untouched(&f->arguments[i], out), "%s, %s: failed and wrote to output %d", f->name, what, i);
        }
    }
}

/* One call: its status, its error text, its outputs. `error_handle` says where the text is. */
void expect(const struct function *f, struct prepared *prepared, int wanted, const char *text, void *error_handle,
                   const char *what) {
    int status = call(f, prepared->v);
    CHECKF(status == wanted, "%s, %s: %s instead of %s (%s)", f->name, what, worldstate_error_name(status),
           worldstate_error_name(wanted), last_error_of(error_handle));
    if (text != NULL && status == wanted) {
        const char *last = last_error_of(error_handle);
        CHECKF(contains(last, text), "%s, %s: last error \"%s\" is without \"%s\"", f->name, what, last, text);
    }
    check_outputs(f, prepared, status, what);
}

void *error_handle_of(const struct function *f, void *handle) { return has_handle(f) ? handle : NULL; }
