/* What forks keep on disk and in files, and what they do without a node. */
#define _DEFAULT_SOURCE
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUES = 20 };

/* A directory of the test's own, and a path inside. */
static char directory[64], path[96];

static void begin(void) {
    strcpy(directory, "/tmp/worldstate-kept-XXXXXX");
    CHECK(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/recording", directory);
}

static void end(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", directory);
    CHECK(system(command) == 0);
}

/* A fork whose calls are counted, with these options besides. */
static ForkBackendHandle open_counted(ForkBackendOptions *options, unsigned *calls) {
    ForkBackendHandle fork = NULL;
    options->rpc_vtable = &WORLD_SEND;
    options->rpc_client = calls;
    OK(fork_backend_open(options, &fork));
    return fork;
}

static void check_values(ForkBackendHandle fork) {
    StateManagerHandle state = state_manager_create_with_fork(fork);
    for (unsigned i = 0; i < VALUES; i++) {
        uint8_t address[20], slot[32], value[32], wanted[32];
        world_address(i, address);
        world_slot(i, slot);
        world_value(address, slot, wanted);
        OK(state_manager_get_storage_bytes(state, address, slot, value));
        CHECKF(memcmp(value, wanted, 32) == 0, "value %u", i);
    }
    state_manager_destroy(state);
}

static void persistent(void) {
    begin();
    unsigned calls = 0;
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    options.cache_dir = directory;
    options.block = "finalized";
    ForkBackendHandle fork = open_counted(&options, &calls);
    check_values(fork);
    OK(fork_backend_flush(fork));
    fork_backend_destroy(fork);
    CHECK(calls > VALUES);

    calls = 0;
    options.offline = 1;
    fork = open_counted(&options, &calls);
    check_values(fork);
    CHECK(calls == 0);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint8_t balance[32];
    FAILS(state, state_manager_get_balance_bytes(state, BYTES_B, balance), STATE_MANAGER_ERROR_OFFLINE, ADDRESS_B);
    state_manager_destroy(state);
    ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
    OK(fork_backend_stats(fork, &stats));
    CHECK(stats.stored_hits >= VALUES && stats.requests == 0);
    fork_backend_destroy(fork);

    options.block = "0x1";
    FAILS(NULL, fork_backend_open(&options, &fork), STATE_MANAGER_ERROR_OFFLINE, "block 1 is not in the cache");
    options.chain_id = 5;
    options.offline = 0;
    FAILS(NULL, fork_backend_open(&options, &fork), STATE_MANAGER_ERROR_WRONG_CHAIN, "chain 5");
    options.chain_id = 0;
    options.cache_dir = "/dev/null/nowhere";
    FAILS(NULL, fork_backend_open(&options, &fork), STATE_MANAGER_ERROR_CACHE, "/dev/null/nowhere");
    end();
}

static void recorded(void) {
    begin();
    unsigned calls = 0;
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle fork = open_counted(&options, &calls);
    FAILS(fork, fork_backend_flush(fork), STATE_MANAGER_ERROR_INVALID_STATE, "cache_dir");
    check_values(fork);
    OK(fork_backend_export(fork, path));
    FAILS(fork, fork_backend_export(fork, "/dev/null/x"), STATE_MANAGER_ERROR_CACHE, "/dev/null/x");
    FAILS(fork, fork_backend_export(fork, NULL), STATE_MANAGER_ERROR_INVALID_INPUT, "path is NULL");
    FAILS(fork, fork_backend_import(fork, NULL), STATE_MANAGER_ERROR_INVALID_INPUT, "path is NULL");
    FAILS(fork, fork_backend_import(fork, "/dev/null"), STATE_MANAGER_ERROR_CACHE, "/dev/null");
    OK(fork_backend_import(fork, path));
    fork_backend_destroy(fork);

    ForkBackendOptions replay = FORK_BACKEND_OPTIONS_INIT;
    replay.recording = path;
    replay.offline = 1;
    OK(fork_backend_open(&replay, &fork));
    check_values(fork);
    fork_backend_destroy(fork);
    replay.block = "7";
    FAILS(NULL, fork_backend_open(&replay, &fork), STATE_MANAGER_ERROR_INVALID_INPUT, "the recording is of block 100");
    FAILS(NULL, fork_backend_export(NULL, path), STATE_MANAGER_ERROR_INVALID_HANDLE, "fork backend");
    FAILS(NULL, fork_backend_import(NULL, path), STATE_MANAGER_ERROR_INVALID_HANDLE, "fork backend");
    FAILS(NULL, fork_backend_flush(NULL), STATE_MANAGER_ERROR_INVALID_HANDLE, "fork backend");

    /* A fork that is not pinned has no block to record. */
    fork = fork_backend_create(NULL, NULL, "latest", 0);
    FAILS(fork, fork_backend_export(fork, path), STATE_MANAGER_ERROR_INVALID_STATE, "not pinned");
    FAILS(fork, fork_backend_import(fork, path), STATE_MANAGER_ERROR_INVALID_STATE, "not pinned");
    fork_backend_destroy(fork);
    end();
}

/* Options that need each other, or exclude each other. */
static void contradictions(void) {
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    ForkBackendHandle fork = NULL;
    const int input = STATE_MANAGER_ERROR_INVALID_INPUT;
    options.offline = 1;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "offline needs cache_dir");
    options.offline = 0;
    options.verify = 9;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "verify 9");
    options.verify = FORK_VERIFY_STATE_ROOT;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "needs a trusted state root");
    options.verify = FORK_VERIFY_BLOCK_HASH;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "needs a trusted hash");
    options.verify = FORK_VERIFY_OFF;
    options.trusted = WORD_1;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "trusted is given without verify");
    options.verify = FORK_VERIFY_STATE_ROOT;
    options.account_source = FORK_ACCOUNTS_FIELDS;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "verify needs eth_getProof");
    options = (ForkBackendOptions)FORK_BACKEND_OPTIONS_INIT;
    options.log_level = FORK_LOG_INFO;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "without log");
    options = (ForkBackendOptions)FORK_BACKEND_OPTIONS_INIT;
    options.network = "mine";
    FAILS(NULL, fork_backend_open(&options, &fork), input, "network is given without cache_dir");
    options = (ForkBackendOptions)FORK_BACKEND_OPTIONS_INIT;
    options.reserved = 1;
    FAILS(NULL, fork_backend_open(&options, &fork), input, "reserved");
}

struct heard {
    unsigned lines;
    char last[512];
};

static void hear(void *context, int level, const char *text) {
    struct heard *heard = context;
    CHECK(level >= FORK_LOG_ERROR && level <= FORK_LOG_DEBUG && strchr(text, '\n') == NULL);
    heard->lines++;
    snprintf(heard->last, sizeof heard->last, "%s", text);
}

static void log_lines(void) {
    struct heard heard = {0, ""};
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    options.log = hear;
    options.log_context = &heard;
    options.log_level = FORK_LOG_INFO;
    unsigned calls = 0;
    ForkBackendHandle fork = open_counted(&options, &calls);
    CHECK(heard.lines > 0 && contains(heard.last, "block 100"));
    fork_backend_destroy(fork);
    heard.lines = 0;
    options.log_level = 0;
    fork = open_counted(&options, &calls);
    CHECK(heard.lines == 0);
    fork_backend_destroy(fork);
    options.log_level = 77;
    FAILS(NULL, fork_backend_open(&options, &fork), STATE_MANAGER_ERROR_INVALID_INPUT, "log_level 77");
}

const struct test_case kept_cases[] = {
    {"persistent cache", persistent},
    {"recordings", recorded},
    {"contradictory options", contradictions},
    {"log", log_lines},
    {NULL, NULL},
};
