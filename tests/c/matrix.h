/* The table of all exported functions: arguments, statuses, how to call them. */
#ifndef MATRIX_H
#define MATRIX_H

#include "check.h"

/* One argument of a call: a pointer or a number. */
struct value {
    void *p;
    uint64_t n;
};

enum argument_kind {
    NO_ARGUMENT,
    STATE_MANAGER,  /* a handle */
    FORK_BACKEND,   /* a handle */
    FORK_REPLY,     /* a handle */
    EVM_EXECUTOR,   /* a handle */
    INPUT,          /* what is at `good`, never NULL */
    OPTIONAL_INPUT, /* NULL stands for a default */
    ADDRESS_TEXT,   /* INPUT that is an address, a word or a quantity as text */
    WORD_TEXT,
    QUANTITY_TEXT,
    OUTPUT,          /* `size` bytes, never NULL */
    SIZED_OUTPUT,    /* OUTPUT that begins with its own size */
    OPTIONAL_OUTPUT, /* NULL: not wanted */
    TEXT_OUTPUT,     /* text with its size and its length in the two arguments after it; NULL with size 0 is a query */
    BYTES_OUTPUT,    /* at least `size` bytes, with their size in the argument after it; NULL with size 0 is too small */
    DATA_OUTPUT,     /* the same, perhaps with its length in the argument after that; NULL with size 0 is not wanted */
    NUMBER_OUTPUT,   /* as BYTES_OUTPUT; NULL is refused with size 0 too */
    REQUEST_OUTPUT,  /* an AsyncRequest: EVM_OUTPUT_ERROR where the call fails */
    SIZE,            /* of the output before it: `size` is what it is at least; for TEXT_OUTPUT found out by a query */
    NUMBER,          /* `size` is the number */
};

struct argument {
    enum argument_kind kind;
    /* As the error text names it. */
    const char *name;
    const void *good;
    uint64_t size;
};

/* Where a call succeeds. */
enum setting {
    LOCAL,        /* a state manager with accounts, a checkpoint and a snapshot */
    PINNED,       /* a fork over callbacks, pinned to a block; a state manager on it */
    QUEUED,       /* a fork whose host is the test: a request is queued */
    TAKEN,        /* request 1 is open */
    BATCH_TAKEN,  /* batch 1 is open */
    IN_CALLBACK,  /* a reply handle */
    EVM_IDLE,     /* an executor with something to execute that needs nothing */
    EVM_ASKING,   /* one that waits for slot 1 of account 2 */
    EVM_PRECOMPILE, /* one that waits for a precompiled contract of the host */
    EVM_FAILED,   /* one whose execution reverted */
    EVM_READY,    /* one that has ended, with a log, an output and a trace, and waits for its commit */
    SPECIAL,      /* functions without status: cases of their own */
};

enum flag {
    REMOTE = 1,  /* needs what only the fork below has: RPC_PENDING and RPC_FAILED */
    NO_FORK = 2, /* INVALID_STATE on a fork */
};

#define MAX_ARGUMENTS 8

struct function {
    const char *name;
    int (*call)(const struct value *v);
    enum setting setting;
    unsigned flags;
    /* Bit n: the function can return status -n. Bit 0 stands for success. */
    unsigned statuses;
    struct argument arguments[MAX_ARGUMENTS + 1];
};

extern const struct function functions[];
extern const size_t function_count;

/* Statuses seen of each function of the table; bit n for status -n. */
enum { SEEN = 128 };
extern unsigned seen[SEEN];

/* A call made ready: its arguments, and the fenced room of its outputs. */
struct prepared {
    struct value v[MAX_ARGUMENTS];
    struct fenced out[MAX_ARGUMENTS];
};

typedef void scene_body(const struct function *f, void *handle, void *context);

/* A function of the table by its name, which has to be there. */
const struct function *find(const char *name);
int is_output(enum argument_kind kind);
int is_input(enum argument_kind kind);
/* Whether the function's first argument is a handle. */
int has_handle(const struct function *f);
/* Where the error text of a call is: with its handle, or with the thread (NULL). */
void *error_handle_of(const struct function *f, void *handle);

/* Runs `body` with a handle on which a call with good arguments succeeds. */
void in_scene(const struct function *f, scene_body *body, void *context);
void in_evm_scene(const struct function *f, scene_body *body, void *context);
/* Runs `body` inside a callback, with its reply handle. */
void in_callback(const struct function *f, scene_body *body, void *context);
/* A fork whose host is the test, and what is handed out by it. */
ForkBackendHandle host_fork(void);
void take_request(ForkBackendHandle fork, uint64_t wanted_id);
void take_batch(ForkBackendHandle fork);

/* Good arguments; with_texts asks for the sizes of texts, which a good handle only can tell. */
struct prepared prepare(const struct function *f, void *handle, int with_texts);
void release(struct prepared *prepared);
/* Whether an output is as the call got it. */
int is_untouched(const struct argument *a, const struct fenced *out);
/* One call: its status, a part of its error text (NULL: any), and that nothing was written where it should not be. */
void expect(const struct function *f, struct prepared *prepared, int wanted, const char *text, void *error_handle,
            const char *what);

/* A call with good arguments but for the one at `at`. */
void expect_at(const char *name, void *handle, int at, struct value value, int wanted, const char *text);
struct value number(uint64_t n);
struct value text(const char *text);

/* Cases of executors: their statuses, and calls from inside a callback. */
void evm_particular(void);
void evm_inside_callbacks(void);

#define CODE_IN_STATE "\x60\x01\x60\x02\x55\x00\x5b"
#define CODE_IN_STATE_LEN 7
#define GOOD_DUMP "{\"00000000000000000000000000000000000000cc\":{\"balance\":\"0x5\"}}"

#endif
