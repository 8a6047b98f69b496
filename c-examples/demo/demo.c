/* The demo: forks a chain, reads it, rewrites it, takes it back.
 *
 *     demo URL BLOCK SCENE [COMMAND]
 *
 * BLOCK is a number, a hash or a name such as latest. SCENE is a file that names what to read (show.h). COMMAND makes the
 * node move on while the fork stands. tools/demo.sh prepares all of them. */
#include "show.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <worldstate.h>

static Scene scene;

/* Ends the demo with the library's own words for what went wrong. */
static void must(int status, const void *handle, const char *what) {
    char text[1024] = "";
    size_t length;
    if (status == STATE_MANAGER_SUCCESS) return;
    worldstate_last_error(handle, text, sizeof text, &length);
    fflush(stdout);
    fprintf(stderr, "\n%s: %s\n%s\n", what, worldstate_error_name(status), text);
    exit(1);
}

static ForkBackendHandle open_fork(const char *url, const char *block, uint64_t *chain, uint64_t *number, uint8_t hash[32]) {
    ForkBackendHandle fork = NULL;
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    options.url = url;
    options.block = block;
    must(fork_backend_open(&options, &fork), NULL, "fork");
    must(fork_backend_get_block(fork, chain, number, hash), fork, "block");
    return fork;
}

static StateManagerHandle state_on(ForkBackendHandle fork) {
    StateManagerHandle state = state_manager_create_with_fork(fork);
    if (state == NULL) must(STATE_MANAGER_ERROR_INVALID_HANDLE, NULL, "state");
    return state;
}

static ForkBackendStats stats_of(ForkBackendHandle fork) {
    ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
    must(fork_backend_stats(fork, &stats), fork, "stats");
    return stats;
}

/* Everything that the tables will show, in as few round trips as it takes. */
static void fetch_all(ForkBackendHandle fork) {
    uint8_t addresses[MAX_ENTRIES][20], slots[MAX_ENTRIES][32];
    size_t slot_counts[MAX_ENTRIES] = {0};
    for (size_t i = 0; i < scene.account_count; i++) hex_to_bytes(scene.accounts[i].hex, addresses[i], 20);
    for (size_t i = 0; i < scene.slot_count; i++) hex_to_bytes(scene.slots[i].hex, slots[i], 32);
    slot_counts[0] = scene.slot_count;
    must(fork_backend_prefetch(fork, addresses[0], slot_counts, scene.account_count, slots[0], FORK_PREFETCH_CODE), fork,
         "prefetch");
}

static const char *read_slot(StateManagerHandle state, size_t slot, char out[NUMBER_SIZE]) {
    char value[HEX_SIZE];
    must(state_manager_get_storage_sync(state, scene.accounts[0].hex, scene.slots[slot].hex, value, sizeof value), state,
         "storage");
    return amount(out, value, scene.slots[slot].unit);
}

static const char *read_balance(StateManagerHandle state, size_t account, char out[NUMBER_SIZE]) {
    char value[HEX_SIZE];
    must(state_manager_get_balance_sync(state, scene.accounts[account].hex, value, sizeof value), state, "balance");
    return amount(out, value, "ETH");
}

static void show_state(StateManagerHandle state) {
    char value[NUMBER_SIZE], code[32];
    say("%-10s %-44s %20s %7s %12s", "account", "", "balance", "nonce", "code");
    for (size_t i = 0; i < scene.account_count; i++) {
        const Entry *account = &scene.accounts[i];
        uint64_t nonce;
        size_t code_len;
        must(state_manager_get_nonce_sync(state, account->hex, &nonce), state, "nonce");
        must(state_manager_get_code_len_sync(state, account->hex, &code_len), state, "code");
        if (code_len > 0) snprintf(code, sizeof code, "%zu bytes", code_len);
        else strcpy(code, "-");
        say("%-10s %-44s %20s %7llu %12s", account->name, account->hex, read_balance(state, i, value),
            (unsigned long long)nonce, code);
    }
    gap();
    say("slots of %s", scene.accounts[0].name);
    for (size_t i = 0; i < scene.slot_count; i++) say("  %-29s %20s", scene.slots[i].name, read_slot(state, i, value));
}

static void show_changes_since(StateManagerHandle state, uint64_t snapshot) {
    size_t length;
    must(state_manager_get_changes(state, snapshot, NULL, 0, &length), state, "changes");
    char *json = malloc(length + 1);
    if (json == NULL) exit(1);
    must(state_manager_get_changes(state, snapshot, json, length + 1, &length), state, "changes");
    show_changes(&scene, json);
    free(json);
}

static void write_slot(StateManagerHandle state, size_t slot, const char *value) {
    must(state_manager_set_storage(state, scene.accounts[0].hex, scene.slots[slot].hex, value), state, "write a slot");
}

/* The URL's scheme and host: what follows may be a key. */
static const char *without_path(const char *url, char out[256]) {
    const char *host = strstr(url, "://");
    const char *start = host ? host + 3 : url, *end = start + strcspn(start, "/?#"), *user = end;
    while (user > start && user[-1] != '@') user--;
    snprintf(out, 256, "%.*s%.*s", host ? (int)(start - url) : 0, url, (int)(end - user), user);
    return out;
}

static void compare(const char *what, const char *on_fork, const char *on_node) {
    say("%-29s %22s %27s%s", what, on_fork, on_node, strcmp(on_fork, on_node) ? "  *" : "");
}

int main(int argc, char **argv) {
    uint64_t chain, number, moved_number, first, second;
    uint8_t hash[32], moved_hash[32];
    char text[256], there_text[64], fork_value[NUMBER_SIZE], node_value[NUMBER_SIZE];
    if (argc < 4 || scene_read(&scene, argv[3]) != 0) {
        fprintf(stderr, "usage: %s URL BLOCK SCENE [COMMAND]\n", argv[0]);
        return 2;
    }
    const char *url = argv[1];
    const Entry *rich = &scene.accounts[scene.account_count - 1];
    /* With a token, the slot of the last holder's balance; else any. */
    size_t given = scene.slot_count > 1 ? scene.slot_count - 2 : 0;
    int counts = scene.slots[given].unit[0] != '\0';

    headline("1. A chain, forked");
    ForkBackendHandle fork = open_fork(url, argv[2], &chain, &number, hash);
    StateManagerHandle state = state_on(fork);
    say("node    %s", without_path(url, text));
    say("chain   %llu", (unsigned long long)chain);
    bytes_to_hex(hash, sizeof hash, text);
    say("block   %llu  %s", (unsigned long long)number, text);

    headline("2. Read through the fork");
    ForkBackendStats opened = stats_of(fork);
    fetch_all(fork);
    ForkBackendStats fetched = stats_of(fork);
    show_state(state);
    ForkBackendStats shown = stats_of(fork);
    gap();
    say("Fetched in %llu HTTP round trip%s (%llu JSON-RPC requests); all these reads then took %llu more.",
        (unsigned long long)(fetched.bodies - opened.bodies), fetched.bodies - opened.bodies == 1 ? "" : "s",
        (unsigned long long)(fetched.requests - opened.requests), (unsigned long long)(shown.bodies - fetched.bodies));

    headline("3. Write, here only");
    must(state_manager_snapshot(state, &first), state, "snapshot");
    /* 5,000 tokens, and 1,000 ETH: both count in 10^-18. */
    write_slot(state, given, counts ? "0x10f0cf064dd59200000" : "0x2a");
    must(state_manager_set_balance(state, rich->hex, "1000000000000000000000"), state, "write a balance");
    show_changes_since(state, first);

    headline("4. A snapshot, and a disaster after it");
    must(state_manager_snapshot(state, &second), state, "snapshot");
    write_slot(state, 0, "0x0");
    write_slot(state, given, counts ? "0x6aaf7c8516d0c0000" : "0x7b");
    must(state_manager_set_balance(state, scene.accounts[0].hex, "77000000000000000000"), state, "write a balance");
    must(state_manager_set_nonce(state, rich->hex, 999), state, "write a nonce");
    must(state_manager_set_code(state, scene.accounts[0].hex, (const uint8_t *)"\x60\x00\x60\x00\xfd", 5), state, "write code");
    show_changes_since(state, second);
    must(state_manager_revert_to_snapshot(state, second), state, "revert");
    gap();
    say("Reverted to the snapshot. What differs from the chain is again:");
    show_changes_since(state, first);
    must(state_manager_revert_to_snapshot(state, first), state, "revert");

    headline(argc > 4 ? "5. The node moves on, the fork does not" : "5. The fork beside the node as it is now");
    fflush(stdout);
    if (argc > 4 && system(argv[4]) != 0) {
        fprintf(stderr, "the node did not move on\n");
        return 1;
    }
    /* Forgetting what was fetched makes each value below come from the node once more. */
    must(fork_backend_clear_cache(fork), fork, "clear the cache");
    fetch_all(fork);
    ForkBackendHandle now = open_fork(url, "latest", &chain, &moved_number, moved_hash);
    StateManagerHandle there = state_on(now);
    fetch_all(now);
    snprintf(text, sizeof text, "fork, block %llu", (unsigned long long)number);
    snprintf(there_text, sizeof there_text, "node, block %llu", (unsigned long long)moved_number);
    say("%-29s %22s %27s", "", text, there_text);
    for (size_t i = 0; i < scene.account_count; i++) {
        snprintf(text, sizeof text, "balance of %s", scene.accounts[i].name);
        compare(text, read_balance(state, i, fork_value), read_balance(there, i, node_value));
    }
    for (size_t i = 0; i < scene.slot_count; i++) {
        compare(scene.slots[i].name, read_slot(state, i, fork_value), read_slot(there, i, node_value));
    }

    headline("6. What the fork cost");
    ForkBackendStats all = stats_of(fork);
    say("HTTP round trips   %6llu", (unsigned long long)all.bodies);
    say("JSON-RPC requests  %6llu   (%llu repeated)", (unsigned long long)all.requests, (unsigned long long)all.retries);
    say("bytes              %6llu   sent, %llu received", (unsigned long long)all.bytes_sent,
        (unsigned long long)all.bytes_received);
    say("reads from cache   %6llu", (unsigned long long)all.hits);

    state_manager_destroy(there);
    fork_backend_destroy(now);
    state_manager_destroy(state);
    fork_backend_destroy(fork);
    return 0;
}
