/* Library-wide functions, last errors, and structs of other versions. */
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void versions(void) {
    CHECK(worldstate_abi_version() == WORLDSTATE_ABI_VERSION);
    int major, minor, patch;
    char rest;
    CHECK(sscanf(worldstate_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest) == 3);
    CHECK(worldstate_version() == worldstate_version());
}

static void error_names(void) {
    static const char *const names[] = {
        "STATE_MANAGER_SUCCESS",
        "STATE_MANAGER_ERROR_INVALID_INPUT",
        "STATE_MANAGER_ERROR_OUT_OF_MEMORY",
        "STATE_MANAGER_ERROR_INVALID_SNAPSHOT",
        "STATE_MANAGER_ERROR_RPC_FAILED",
        "STATE_MANAGER_ERROR_INVALID_HEX",
        "STATE_MANAGER_ERROR_RPC_PENDING",
        "STATE_MANAGER_ERROR_NO_PENDING_REQUEST",
        "STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL",
        "STATE_MANAGER_ERROR_INVALID_REQUEST",
        "STATE_MANAGER_ERROR_INVALID_HANDLE",
        "STATE_MANAGER_ERROR_NO_CHECKPOINT",
        "STATE_MANAGER_ERROR_INTERNAL",
        "STATE_MANAGER_ERROR_PROOF_INVALID",
        "STATE_MANAGER_ERROR_CACHE",
        "STATE_MANAGER_ERROR_OFFLINE",
        "STATE_MANAGER_ERROR_INVALID_STATE",
        "STATE_MANAGER_ERROR_EXECUTION",
        "STATE_MANAGER_ERROR_STATE_PRUNED",
        "STATE_MANAGER_ERROR_PROOF_PRUNED",
        "STATE_MANAGER_ERROR_BLOCK_NOT_FOUND",
        "STATE_MANAGER_ERROR_WRONG_CHAIN",
        "STATE_MANAGER_ERROR_UNSUPPORTED_METHOD",
        "STATE_MANAGER_ERROR_REORG",
    };
    static const int codes[] = {
        STATE_MANAGER_SUCCESS,
        STATE_MANAGER_ERROR_INVALID_INPUT,
        STATE_MANAGER_ERROR_OUT_OF_MEMORY,
        STATE_MANAGER_ERROR_INVALID_SNAPSHOT,
        STATE_MANAGER_ERROR_RPC_FAILED,
        STATE_MANAGER_ERROR_INVALID_HEX,
        STATE_MANAGER_ERROR_RPC_PENDING,
        STATE_MANAGER_ERROR_NO_PENDING_REQUEST,
        STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL,
        STATE_MANAGER_ERROR_INVALID_REQUEST,
        STATE_MANAGER_ERROR_INVALID_HANDLE,
        STATE_MANAGER_ERROR_NO_CHECKPOINT,
        STATE_MANAGER_ERROR_INTERNAL,
        STATE_MANAGER_ERROR_PROOF_INVALID,
        STATE_MANAGER_ERROR_CACHE,
        STATE_MANAGER_ERROR_OFFLINE,
        STATE_MANAGER_ERROR_INVALID_STATE,
        STATE_MANAGER_ERROR_EXECUTION,
        STATE_MANAGER_ERROR_STATE_PRUNED,
        STATE_MANAGER_ERROR_PROOF_PRUNED,
        STATE_MANAGER_ERROR_BLOCK_NOT_FOUND,
        STATE_MANAGER_ERROR_WRONG_CHAIN,
        STATE_MANAGER_ERROR_UNSUPPORTED_METHOD,
        STATE_MANAGER_ERROR_REORG,
    };
    for (int i = 0; i < 24; i++) {
        CHECKF(codes[i] == -i && strcmp(worldstate_error_name(-i), names[i]) == 0, "%d is %s", -i, worldstate_error_name(-i));
    }
    static const int unknown[] = {1, -24, -99, 1000000, -2147483647 - 1, 2147483647};
    for (int i = 0; i < 6; i++) CHECK(strcmp(worldstate_error_name(unknown[i]), "STATE_MANAGER_ERROR_UNKNOWN") == 0);
}

static void last_errors(void) {
    StateManagerHandle state = state_manager_create(), other = state_manager_create();
    uint64_t nonce;
    size_t length = 77;
    OK(worldstate_last_error(state, NULL, 0, &length));
    CHECK(length == 0);
    FAILS(state, state_manager_get_nonce_sync(state, "0x12", &nonce), STATE_MANAGER_ERROR_INVALID_HEX,
          "address \"0x12\" has 2 digits instead of 40");
    CHECK(strcmp(last_error_of(other), "") == 0);
    /* Success leaves it as it is. */
    OK(state_manager_set_nonce(state, ADDRESS_A, 1));
    size_t needed = strlen(last_error_of(state));
    CHECK(needed > 10);
    struct fenced out = fenced_new(needed + 1);
    /* One byte short: only the length is written, and the last error stays. */
    length = 0;
    CHECK_STATUS(worldstate_last_error(state, (char *)out.data, needed, &length), STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
    CHECK(length == needed && fenced_untouched(&out));
    length = 0;
    OK(worldstate_last_error(state, NULL, 0, &length));
    CHECK(length == needed);
    OK(worldstate_last_error(state, (char *)out.data, needed + 1, &length));
    CHECK(strlen((char *)out.data) == needed && contains((char *)out.data, "0x12") && fences_intact(&out));
    CHECK_STATUS(worldstate_last_error(state, NULL, 5, &length), STATE_MANAGER_ERROR_INVALID_INPUT);
    CHECK_STATUS(worldstate_last_error(state, (char *)out.data, 5, NULL), STATE_MANAGER_ERROR_INVALID_INPUT);
    CHECK(contains(last_error_of(state), "0x12"));
    fenced_free(&out);

    /* Without live handle: this thread's. */
    FAILS(NULL, state_manager_set_nonce(NULL, ADDRESS_A, 1), STATE_MANAGER_ERROR_INVALID_HANDLE, "the state manager handle is NULL");
    state_manager_destroy(other);
    length = 123;
    char buf[8] = "before";
    CHECK_STATUS(worldstate_last_error(other, buf, sizeof buf, &length), STATE_MANAGER_ERROR_INVALID_HANDLE);
    CHECK_STATUS(worldstate_last_error((void *)(uintptr_t)0xff, buf, sizeof buf, &length), STATE_MANAGER_ERROR_INVALID_HANDLE);
    CHECK(length == 123 && strcmp(buf, "before") == 0);
    CHECK(contains(last_error_of(NULL), "the state manager handle is NULL"));
    state_manager_destroy(state);
}

static void other_thread(void *unused) {
    (void)unused;
    CHECK(strcmp(last_error_of(NULL), "") == 0);
    CHECK_STATUS(state_manager_revert((StateManagerHandle)(uintptr_t)0xbad0), STATE_MANAGER_ERROR_INVALID_HANDLE);
    CHECK(contains(last_error_of(NULL), "0xbad0"));
}

static void last_error_of_each_thread(void) {
    CHECK_STATUS(state_manager_revert(NULL), STATE_MANAGER_ERROR_INVALID_HANDLE);
    run_threads(3, other_thread, NULL);
    CHECK(contains(last_error_of(NULL), "the state manager handle is NULL"));
}

static void failing_creates(void) {
    ForkRpcVtable empty = FORK_RPC_VTABLE_INIT, short_vtable = WORLD_REQUEST;
    short_vtable.size = 3;
    int payload = 0;
    const struct {
        void *client;
        const ForkRpcVtable *vtable;
        const char *tag, *text;
    } table[] = {
        {NULL, NULL, NULL, "block_tag is NULL"},
        {NULL, NULL, "", "the block tag is empty"},
        {NULL, NULL, "pending", "pending"},
        {NULL, NULL, "\xff", "block_tag is not UTF-8"},
        {&payload, NULL, "latest", "rpc_client is given without rpc_vtable"},
        {NULL, &empty, "latest", "the vtable has neither request nor send"},
        {NULL, &short_vtable, "latest", "ForkRpcVtable.size is 3"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        CHECK(fork_backend_create(table[i].client, table[i].vtable, table[i].tag, 0) == NULL);
        CHECKF(contains(last_error_of(NULL), table[i].text), "\"%s\" is without \"%s\"", last_error_of(NULL), table[i].text);
    }
    CHECK(state_manager_create_with_fork(NULL) == NULL && contains(last_error_of(NULL), "the fork backend handle is NULL"));
    StateManagerHandle state = state_manager_create();
    CHECK(state_manager_create_with_fork((ForkBackendHandle)(void *)state) == NULL);
    CHECK(contains(last_error_of(NULL), "is a state manager, not a fork backend"));
    ForkBackendHandle fork = fork_backend_create(NULL, NULL, "latest", 0);
    fork_backend_destroy(fork);
    CHECK(state_manager_create_with_fork(fork) == NULL && contains(last_error_of(NULL), "is no live fork backend"));
    state_manager_destroy(state);
}

/* Memory of exactly `size` bytes that begins with that size, as a program with another header has it. */
static void *sized(size_t claimed, size_t real) {
    unsigned char *memory = allocate(real < sizeof claimed ? sizeof claimed : real);
    memset(memory, 0, real < sizeof claimed ? sizeof claimed : real);
    memcpy(memory, &claimed, sizeof claimed);
    return memory;
}

static void options_of_other_versions(void) {
    size_t now = sizeof(ForkBackendOptions);
    const struct {
        size_t size;
        int tail;
        const char *text;
    } table[] = {
        {0, 0, "ForkBackendOptions.size is 0"},
        {sizeof(size_t) - 1, 0, "ForkBackendOptions.size is 7"},
        {4097, 0, "ForkBackendOptions.size is 4097"},
        {SIZE_MAX, 0, "ForkBackendOptions.size is 18446744073709551615"},
        {sizeof(size_t), 0, NULL},
        {offsetof(ForkBackendOptions, block), 0, NULL},
        {now, 0, NULL},
        {now + 8, 0, NULL},
        {4096, 0, NULL},
        {now + 8, 1, "a field that this version does not know"},
        {4096, 1, "a field that this version does not know"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t size = table[i].size, real = size <= 4096 ? size : sizeof size;
        unsigned char *options = sized(size, real);
        if (table[i].tail) options[real - 1] = 1;
        ForkBackendHandle fork = NULL;
        int status = fork_backend_open((const ForkBackendOptions *)(void *)options, &fork);
        if (table[i].text == NULL) {
            CHECKF(status == STATE_MANAGER_SUCCESS && fork != NULL, "size %zu: %s", size, last_error_of(NULL));
            fork_backend_destroy(fork);
        } else {
            CHECKF(status == STATE_MANAGER_ERROR_INVALID_INPUT && fork == NULL, "size %zu is accepted", size);
            CHECKF(contains(last_error_of(NULL), table[i].text), "size %zu: %s", size, last_error_of(NULL));
        }
        free(options);
    }
}

static void options_without_sense(void) {
    const char *const texts[] = {"url and rpc_vtable",
                                 "headers is given without url",
                                 "ca_file is given without url",
                                 "rpc_client is given without rpc_vtable",
                                 "account_source 7 is none of",
                                 "headers: a line has no",
                                 "URL of the node",
                                 "no URL is given",
                                 "certificates /nonexistent.pem",
                                 "is none of latest",
                                 "url is not UTF-8"};
    for (int i = 0; i < 11; i++) {
        ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
        ForkBackendHandle fork = NULL;
        if (i == 0 || i == 5) options.url = "http://127.0.0.1:1";
        if (i == 0) options.rpc_vtable = &WORLD_SEND;
        if (i == 1) options.headers = "A: b";
        if (i == 2) options.ca_file = "ca.pem";
        if (i == 3) options.rpc_client = &options;
        if (i == 4) options.account_source = 7;
        if (i == 5) options.headers = "without colon";
        if (i == 6) options.url = "ftp://127.0.0.1";
        if (i == 7) options.url = " \n";
        if (i == 8) {
            options.url = "https://127.0.0.1:1";
            options.ca_file = "/nonexistent.pem";
        }
        if (i == 9) options.block = "newest";
        if (i == 10) options.url = "http://\xff";
        CHECK_STATUS(fork_backend_open(&options, &fork), STATE_MANAGER_ERROR_INVALID_INPUT);
        CHECKF(fork == NULL && contains(last_error_of(NULL), texts[i]), "%d: \"%s\" is without \"%s\"", i, last_error_of(NULL), texts[i]);
    }
}

static void stats_of_other_versions(void) {
    unsigned calls = 0;
    ForkBackendHandle fork = world_open(&WORLD_SEND, &calls);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint64_t nonce;
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    ForkBackendStats all = FORK_BACKEND_STATS_INIT;
    OK(fork_backend_stats(fork, &all));
    CHECK(all.size == sizeof all && all.hits >= 1 && all.misses >= 1 && all.requests == 3 && all.bodies == calls &&
          all.accounts == 1 && all.bytes_sent > 100 && all.bytes_received > 100 && all.pending == 0);
    size_t sizes[] = {sizeof(size_t), offsetof(ForkBackendStats, misses), offsetof(ForkBackendStats, bodies), sizeof all + 24};
    for (int i = 0; i < 4; i++) {
        struct fenced out = fenced_new(sizes[i]);
        memcpy(out.data, &sizes[i], sizeof sizes[i]);
        OK(fork_backend_stats(fork, (ForkBackendStats *)(void *)out.data));
        size_t known = sizes[i] < sizeof all ? sizes[i] : sizeof all;
        CHECK(memcmp(out.data, &sizes[i], sizeof(size_t)) == 0 && fences_intact(&out));
        CHECK(memcmp(out.data + sizeof(size_t), (unsigned char *)&all + sizeof(size_t), known - sizeof(size_t)) == 0);
        for (size_t j = known; j < sizes[i]; j++) CHECK(out.data[j] == 0);
        fenced_free(&out);
    }
    static const size_t bad[] = {0, 7, 4097, SIZE_MAX};
    for (int i = 0; i < 4; i++) {
        all.size = bad[i];
        FAILS(fork, fork_backend_stats(fork, &all), STATE_MANAGER_ERROR_INVALID_INPUT, "ForkBackendStats.size is");
    }
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

static void metrics(void) {
    unsigned calls = 0;
    ForkBackendHandle fork = world_open(&WORLD_SEND, &calls);
    StateManagerHandle state = state_manager_create_with_fork(fork);
    uint64_t nonce;
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    ForkBackendStats all = FORK_BACKEND_STATS_INIT;
    OK(fork_backend_stats(fork, &all));
    ForkBackendMethodStats proofs = FORK_BACKEND_METHOD_STATS_INIT, none = FORK_BACKEND_METHOD_STATS_INIT;
    OK(fork_backend_method_stats(fork, "eth_getProof", &proofs));
    CHECK(proofs.size == sizeof proofs && proofs.requests == 1 && proofs.count == 1 && proofs.failures == 0 &&
          proofs.bytes_sent > 100 && proofs.bytes_sent < all.bytes_sent && proofs.bytes_received > 100 &&
          proofs.bytes_received < all.bytes_received);
    CHECK(proofs.p50_us > 0 && proofs.p50_us <= proofs.p90_us && proofs.p90_us <= proofs.p99_us && proofs.p99_us <= proofs.max_us);
    OK(fork_backend_method_stats(fork, "eth_call", &none));
    CHECK(none.requests == 0 && none.count == 0 && none.max_us == 0);
    char json[4096], expected[64];
    size_t len;
    OK(fork_backend_metrics_json(fork, json, sizeof json, &len));
    CHECK(len == strlen(json) && json[0] == '{' && json[len - 1] == '}');
    snprintf(expected, sizeof expected, "\"bytesSent\":%llu,", (unsigned long long)all.bytes_sent);
    CHECK(strstr(json, expected));
    snprintf(expected, sizeof expected, "\"maxUs\":%llu}", (unsigned long long)proofs.max_us);
    CHECK(strstr(json, "\"methods\":{\"eth_chainId\":{") && strstr(json, "\"eth_getProof\":{\"requests\":1,") && strstr(json, expected));
    FAILS(fork, fork_backend_metrics_json(fork, json, len, &len), STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL, "");
    state_manager_destroy(state);
    fork_backend_destroy(fork);
}

const struct test_case struct_cases[] = {
    {"library: versions", versions},
    {"library: names of all statuses", error_names},
    {"library: last errors", last_errors},
    {"library: last error of each thread", last_error_of_each_thread},
    {"library: creates that fail", failing_creates},
    {"structs: options of other versions", options_of_other_versions},
    {"structs: options without sense", options_without_sense},
    {"structs: counters of other versions", stats_of_other_versions},
    {"structs: counters of methods", metrics},
    {NULL, NULL},
};
