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
    NUMBER_OUTPUT,   /* the same; NULL is refused with size 0 too */
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

#define CODE_IN_STATE "\x60\x01\x60\x02\x55\x00\x5b"
#define CODE_IN_STATE_LEN 7
#define GOOD_DUMP "{\"00000000000000000000000000000000000000cc\":{\"balance\":\"0x5\"}}"

#endif
