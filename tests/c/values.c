/* Values go in and come out as they are, as text and as bytes. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"0x0", "0x1", "0xff", "0x8000000000000000000000000000000000000000000000000000000000000000",
                                    "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe", MAX_HEX};

/* `0x` and 64 digits of a shorter text. */
static void widen(const char *hex, char wide[67]) {
    size_t digits = strlen(hex) - 2;
    memset(wide, '0', 66);
    wide[1] = 'x';
    memcpy(wide + 66 - digits, hex + 2, digits + 1);
}

static void to_bytes(const char *hex, uint8_t bytes[32]) {
    char wide[67];
    widen(hex, wide);
    for (int i = 0; i < 32; i++) {
        char pair[3] = {wide[2 + 2 * i], wide[3 + 2 * i], '\0'};
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void balances(void) {
    StateManagerHandle state = state_manager_create();
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        uint8_t bytes[32], out[32];
        char text[67];
        to_bytes(words[i], bytes);
        OK(state_manager_set_balance(state, ADDRESS_A, words[i]));
        OK(state_manager_get_balance_sync(state, ADDRESS_A, text, sizeof text));
        CHECKF(strcmp(text, words[i]) == 0, "%s came out as %s", words[i], text);
        OK(state_manager_get_balance_bytes(state, BYTES_A, out));
        CHECK(memcmp(out, bytes, 32) == 0);
        OK(state_manager_set_balance_bytes(state, BYTES_B, bytes));
        OK(state_manager_get_balance_sync(state, ADDRESS_B, text, sizeof text));
        CHECK(strcmp(text, words[i]) == 0);
    }
    state_manager_destroy(state);
}

static void storage(void) {
    StateManagerHandle state = state_manager_create();
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (size_t j = 0; j < sizeof words / sizeof words[0]; j++) {
            uint8_t slot[32], value[32], out[32];
            char text[67], wide[67], wide_slot[67];
            to_bytes(words[i], slot);
            to_bytes(words[j], value);
            widen(words[j], wide);
            widen(words[i], wide_slot);
            OK(state_manager_set_storage(state, ADDRESS_A, words[i], words[j]));
            OK(state_manager_get_storage_sync(state, ADDRESS_A, wide_slot, text, sizeof text));
            CHECKF(strcmp(text, wide) == 0, "slot %s: %s came out as %s", words[i], words[j], text);
            /* 64 digits without prefix are a word too. */
            OK(state_manager_get_storage_sync(state, ADDRESS_A, wide_slot + 2, text, sizeof text));
            CHECK(strcmp(text, wide) == 0);
            OK(state_manager_get_storage_bytes(state, BYTES_A, slot, out));
            CHECK(memcmp(out, value, 32) == 0);
            OK(state_manager_set_storage_bytes(state, BYTES_B, slot, value));
            OK(state_manager_get_storage_sync(state, ADDRESS_B, words[i], text, sizeof text));
            CHECK(strcmp(text, wide) == 0);
        }
    }
    state_manager_destroy(state);
}

static void nonces(void) {
    static const uint64_t numbers[] = {0, 1, 255, 256, (uint64_t)1 << 53, UINT64_MAX - 1, UINT64_MAX};
    StateManagerHandle state = state_manager_create();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t out = 99;
        OK(state_manager_set_nonce(state, ADDRESS_A, numbers[i]));
        OK(state_manager_get_nonce_bytes(state, BYTES_A, &out));
        CHECK(out == numbers[i]);
        OK(state_manager_set_nonce_bytes(state, BYTES_B, numbers[i]));
        OK(state_manager_get_nonce_sync(state, ADDRESS_B, &out));
        CHECK(out == numbers[i]);
    }
    state_manager_destroy(state);
}

static void codes(void) {
    static const size_t lengths[] = {0, 1, 24576, 1 << 20};
    StateManagerHandle state = state_manager_create();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t length = lengths[i], found = 99;
        uint8_t *code = allocate(length), *out = allocate(length), hash[32];
        char hash_text[67];
        for (size_t j = 0; j < length; j++) code[j] = out[j] = (uint8_t)(j * 7 + 1);
        OK(state_manager_set_code(state, ADDRESS_A, code, length));
        memset(code, 0, length);
        OK(state_manager_get_code_len_sync(state, ADDRESS_A, &found));
        CHECK(found == length);
        OK(state_manager_get_code_len_bytes(state, BYTES_A, &found));
        CHECK(found == length);
        OK(state_manager_get_code_sync(state, ADDRESS_A, code, length));
        CHECK(memcmp(code, out, length) == 0);
        memset(code, 0, length);
        OK(state_manager_set_code_bytes(state, BYTES_B, out, length));
        OK(state_manager_get_code_bytes(state, BYTES_B, code, length));
        CHECK(memcmp(code, out, length) == 0);
        OK(state_manager_get_code_hash(state, ADDRESS_A, hash_text, sizeof hash_text));
        OK(state_manager_get_code_hash_bytes(state, BYTES_B, hash));
        for (int j = 0; j < 32; j++) {
            char pair[3];
            snprintf(pair, sizeof pair, "%02x", hash[j]);
            CHECK(memcmp(pair, hash_text + 2 + 2 * j, 2) == 0);
        }
        if (length == 0) {
            CHECK(strcmp(hash_text, "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470") == 0);
            /* With length 0 no pointer is looked at. */
            OK(state_manager_get_code_sync(state, ADDRESS_A, NULL, 0));
            OK(state_manager_set_code(state, ADDRESS_A, NULL, 0));
        } else {
            CHECK_STATUS(state_manager_get_code_sync(state, ADDRESS_A, code, length - 1), STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
        }
        free(code);
        free(out);
    }
    state_manager_destroy(state);
}

/* All the ways to write an address name the same account. */
static void addresses(void) {
    static const char *const spellings[] = {
        "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb01", "0XBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB01",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb01",   "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB01",
        "0xBbbBbbbbbBbbbbbbbbbBbbbbbbbbbbbbbbbbbb01", ADDRESS_B};
    StateManagerHandle state = state_manager_create();
    for (uint64_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        uint64_t nonce = 0;
        OK(state_manager_set_nonce(state, spellings[i], i + 1));
        OK(state_manager_get_nonce_bytes(state, BYTES_B, &nonce));
        CHECK(nonce == i + 1);
    }
    state_manager_destroy(state);
}

/* Nothing of the caller's is kept: every input is overwritten and freed before the value is read. */
static void borrowed_inputs(void) {
    StateManagerHandle state = state_manager_create();
    static const char *const inputs[] = {ADDRESS_A, "0x5", "0x6"};
    char *copies[3], text[67];
    for (int i = 0; i < 3; i++) {
        copies[i] = allocate(strlen(inputs[i]) + 1);
        strcpy(copies[i], inputs[i]);
    }
    uint8_t *code = allocate(100);
    memset(code, 0x5b, 100);
    OK(state_manager_set_storage(state, copies[0], copies[1], copies[2]));
    OK(state_manager_set_balance(state, copies[0], copies[1]));
    OK(state_manager_set_code(state, copies[0], code, 100));
    for (int i = 0; i < 3; i++) {
        memset(copies[i], 'z', strlen(inputs[i]));
        free(copies[i]);
    }
    memset(code, 0, 100);
    free(code);
    OK(state_manager_get_storage_sync(state, ADDRESS_A, "0x5", text, sizeof text));
    CHECK(strcmp(text, DIGITS_64("06")) == 0);
    OK(state_manager_get_balance_sync(state, ADDRESS_A, text, sizeof text));
    CHECK(strcmp(text, "0x5") == 0);
    uint8_t out[100];
    OK(state_manager_get_code_sync(state, ADDRESS_A, out, sizeof out));
    CHECK(out[0] == 0x5b && out[99] == 0x5b);
    state_manager_destroy(state);
}

static void quantities(void) {
    static const struct {
        const char *in, *out;
    } table[] = {
        {"0", "0x0"},
        {"00", "0x0"},
        {"10", "0xa"},
        {"0x0000000000000000000000000000000000000000000000000000000000000010", "0x10"},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639935", MAX_HEX},
    };
    StateManagerHandle state = state_manager_create();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[67];
        OK(state_manager_set_balance(state, ADDRESS_A, table[i].in));
        OK(state_manager_get_balance_sync(state, ADDRESS_A, text, sizeof text));
        CHECKF(strcmp(text, table[i].out) == 0, "%s came out as %s", table[i].in, text);
    }
    state_manager_destroy(state);
}

static void status_of_accounts(void) {
    StateManagerHandle state = state_manager_create();
    int status = 99;
    OK(state_manager_get_account_status(state, ADDRESS_A, &status));
    CHECK(status == STATE_MANAGER_ACCOUNT_ABSENT);
    OK(state_manager_set_nonce(state, ADDRESS_A, 0));
    OK(state_manager_get_account_status_bytes(state, BYTES_A, &status));
    CHECK(status == STATE_MANAGER_ACCOUNT_EMPTY);
    OK(state_manager_set_nonce(state, ADDRESS_A, 1));
    OK(state_manager_get_account_status(state, ADDRESS_A, &status));
    CHECK(status == STATE_MANAGER_ACCOUNT_PRESENT);
    OK(state_manager_set_storage(state, ADDRESS_A, "0x1", "0x1"));
    OK(state_manager_delete_account_bytes(state, BYTES_A));
    OK(state_manager_get_account_status(state, ADDRESS_A, &status));
    CHECK(status == STATE_MANAGER_ACCOUNT_ABSENT);
    char text[67];
    OK(state_manager_get_storage_sync(state, ADDRESS_A, "0x1", text, sizeof text));
    CHECK(strcmp(text, DIGITS_64("00")) == 0);
    OK(state_manager_get_storage_root(state, ADDRESS_A, text, sizeof text));
    CHECK(strcmp(text, "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421") == 0);
    state_manager_destroy(state);
}

#define MANY 300
static void batches(void) {
    StateManagerHandle state = state_manager_create();
    uint8_t addresses_[MANY * 20], slots[MANY * 32], values[MANY * 32], out[MANY * 32], hashes[MANY * 32];
    uint64_t nonces_[MANY], out_nonces[MANY];
    int statuses[MANY];
    for (size_t i = 0; i < MANY; i++) {
        memset(addresses_ + 20 * i, (int)(i % 7), 20);
        memset(slots + 32 * i, (int)(i / 7), 32);
        memset(values + 32 * i, (int)(i % 251), 32);
        nonces_[i] = i;
    }
    OK(state_manager_set_storage_batch(state, addresses_, slots, values, MANY));
    OK(state_manager_get_storage_batch(state, addresses_, slots, MANY, out));
    CHECK(memcmp(out, values, sizeof values) == 0);
    /* Of one address the last one counts. */
    OK(state_manager_set_account_batch(state, addresses_, values, nonces_, MANY));
    OK(state_manager_get_account_batch(state, addresses_, MANY, out, out_nonces, hashes, statuses));
    for (size_t i = 0; i < MANY; i++) {
        size_t last = MANY - 1;
        while (last % 7 != i % 7) last--;
        CHECK(out_nonces[i] == last && out[32 * i] == last % 251 && statuses[i] == STATE_MANAGER_ACCOUNT_PRESENT);
    }
    CHECK(hashes[0] == 0xc5 && hashes[31] == 0x70);
    OK(state_manager_get_storage_batch(state, NULL, NULL, 0, NULL));
    OK(state_manager_set_storage_batch(state, NULL, NULL, NULL, 0));
    OK(state_manager_get_account_batch(state, NULL, 0, NULL, NULL, NULL, NULL));
    OK(state_manager_set_account_batch(state, NULL, NULL, NULL, 0));
    state_manager_destroy(state);
}

static void listings(void) {
    StateManagerHandle state = state_manager_create();
    enum { ACCOUNTS = 25, SLOTS = 33 };
    for (uint8_t i = 0; i < ACCOUNTS; i++) {
        uint8_t address[20] = {0};
        address[0] = (uint8_t)(ACCOUNTS - i);
        OK(state_manager_set_nonce_bytes(state, address, i));
    }
    for (uint8_t i = 0; i < SLOTS; i++) {
        uint8_t slot[32] = {0}, value[32] = {0}, address[20] = {1};
        slot[31] = (uint8_t)(SLOTS - i);
        value[0] = i % 3;
        OK(state_manager_set_storage_bytes(state, address, slot, value));
    }
    uint8_t page[10 * 20], slots[10 * 32], values[10 * 32], after[32], account[20] = {1};
    size_t count = 0, seen = 0;
    do {
        OK(state_manager_list_accounts(state, seen == 0 ? NULL : after, page, 10, &count));
        for (size_t i = 0; i < count; i++) CHECK(page[20 * i] == ++seen);
        if (count > 0) memcpy(after, page + 20 * (count - 1), 20);
    } while (count == 10);
    CHECK(seen == ACCOUNTS);
    seen = 0;
    unsigned last = 0;
    do {
        OK(state_manager_list_storage(state, account, seen == 0 ? NULL : after, slots, values, 10, &count));
        for (size_t i = 0; i < count; i++, seen++) {
            unsigned slot = slots[32 * i + 31];
            CHECK(slot > last && values[32 * i] == (SLOTS - slot) % 3 && values[32 * i] != 0);
            last = slot;
        }
        if (count > 0) memcpy(after, slots + 32 * (count - 1), 32);
    } while (count == 10);
    CHECK(seen == SLOTS / 3 * 2);
    OK(state_manager_list_accounts(state, NULL, NULL, 0, &count));
    CHECK(count == 0);
    state_manager_destroy(state);
}

/* Texts of unknown length: a query, the exact room, less; other calls in between. */
static void texts_of_any_length(void) {
    StateManagerHandle state = state_manager_create(), other = state_manager_create();
    for (int format = STATE_MANAGER_DUMP_GENESIS_ALLOC; format <= STATE_MANAGER_DUMP_ANVIL; format++) {
        OK(state_manager_set_storage(state, ADDRESS_A, "0x1", "0x2"));
        OK(state_manager_set_code(state, ADDRESS_B, (const uint8_t *)"\x60\x01", 2));
        size_t needed = 0, length = 0, count = 0;
        OK(state_manager_dump(state, format, NULL, 0, &needed));
        struct fenced out = fenced_new(needed + 1);
        CHECK_STATUS(state_manager_dump(state, format, (char *)out.data, needed, &length), STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
        CHECK(length == needed && fenced_untouched(&out));
        OK(state_manager_dump(state, format, (char *)out.data, needed + 1, &length));
        CHECK(length == needed && strlen((char *)out.data) == needed && fences_intact(&out));
        OK(state_manager_reset(other));
        OK(state_manager_load(other, out.data, needed, &count));
        CHECK(count == 2);
        char roots[2][67];
        OK(state_manager_get_state_root(state, roots[0], 67));
        OK(state_manager_get_state_root(other, roots[1], 67));
        CHECK(strcmp(roots[0], roots[1]) == 0);
        fenced_free(&out);
        /* What was kept for the next call is not given for a state that has changed. */
        OK(state_manager_dump(state, format, NULL, 0, &needed));
        OK(state_manager_set_nonce(state, "0x00000000000000000000000000000000000000cc", 1));
        OK(state_manager_dump(state, format, NULL, 0, &length));
        CHECK(length > needed);
        OK(state_manager_delete_account(state, "0x00000000000000000000000000000000000000cc"));
    }
    state_manager_destroy(state);
    state_manager_destroy(other);
}

static void proof(void) {
    StateManagerHandle state = state_manager_create();
    static const uint8_t slots[64] = {[31] = 1, [63] = 2};
    size_t needed = 0, length = 0;
    OK(state_manager_get_proof(state, BYTES_A, slots, 2, NULL, 0, &needed));
    OK(state_manager_set_storage(state, ADDRESS_A, "0x1", "0x2"));
    OK(state_manager_set_nonce(state, ADDRESS_B, 1));
    /* What was asked for before the writes, or of other slots, is not given. */
    OK(state_manager_get_proof(state, BYTES_A, NULL, 0, NULL, 0, &length));
    CHECK(length > needed);
    OK(state_manager_get_proof(state, BYTES_A, slots, 2, NULL, 0, &needed));
    CHECK(needed > length);
    struct fenced out = fenced_new(needed + 1);
    CHECK_STATUS(state_manager_get_proof(state, BYTES_A, slots, 2, (char *)out.data, needed, &length),
                 STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL);
    CHECK(length == needed && fenced_untouched(&out));
    OK(state_manager_get_proof(state, BYTES_A, slots, 2, (char *)out.data, needed + 1, &length));
    CHECK(length == needed && strlen((char *)out.data) == needed && fences_intact(&out));
    char root[67], member[128];
    OK(state_manager_get_storage_root(state, ADDRESS_A, root, sizeof root));
    snprintf(member, sizeof member, "\"storageHash\":\"%s\"", root);
    CHECK(contains((char *)out.data, member));
    snprintf(member, sizeof member, "{\"key\":\"0x%064x\",\"value\":\"0x2\",\"proof\":[\"0x", 1);
    CHECK(contains((char *)out.data, member));
    snprintf(member, sizeof member, "{\"key\":\"0x%064x\",\"value\":\"0x0\",\"proof\":[\"0x", 2);
    CHECK(contains((char *)out.data, member));
    fenced_free(&out);
    state_manager_destroy(state);
}

static void history(void) {
    StateManagerHandle state = state_manager_create();
    uint64_t ids[3], nonce = 0;
    size_t depth = 9, length;
    char changes[512];
    OK(state_manager_snapshot(state, &ids[0]));
    OK(state_manager_set_nonce(state, ADDRESS_A, 1));
    OK(state_manager_checkpoint(state));
    OK(state_manager_set_nonce(state, ADDRESS_A, 2));
    OK(state_manager_snapshot(state, &ids[1]));
    OK(state_manager_get_changes(state, 0, changes, sizeof changes, &length));
    CHECK(contains(changes, "\"originalNonce\":\"0x1\",\"newNonce\":\"0x2\"") && strlen(changes) == length);
    OK(state_manager_get_changes(state, ids[0], changes, sizeof changes, &length));
    CHECK(contains(changes, "\"originalNonce\":\"0x0\",\"newNonce\":\"0x2\""));
    OK(state_manager_checkpoint_depth(state, &depth));
    CHECK(depth == 1 && ids[0] == 1 && ids[1] == 2);
    OK(state_manager_revert(state));
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    CHECK(nonce == 1);
    FAILS(state, state_manager_revert_to_snapshot(state, ids[1]), STATE_MANAGER_ERROR_INVALID_SNAPSHOT, "snapshot 2");
    OK(state_manager_revert_to_snapshot(state, ids[0]));
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    CHECK(nonce == 0);
    OK(state_manager_snapshot(state, &ids[2]));
    CHECK(ids[2] == 3);
    OK(state_manager_checkpoint(state));
    OK(state_manager_set_nonce(state, ADDRESS_A, 5));
    OK(state_manager_commit(state));
    OK(state_manager_delete_snapshot(state, ids[2]));
    FAILS(state, state_manager_delete_snapshot(state, ids[2]), STATE_MANAGER_ERROR_INVALID_SNAPSHOT, "snapshot 3");
    OK(state_manager_get_nonce_sync(state, ADDRESS_A, &nonce));
    CHECK(nonce == 5);
    state_manager_destroy(state);
}

const struct test_case value_cases[] = {
    {"values: balances", balances},
    {"values: storage", storage},
    {"values: nonces", nonces},
    {"values: codes of 0 B to 1 MiB", codes},
    {"values: spellings of an address", addresses},
    {"values: quantities", quantities},
    {"values: inputs are borrowed", borrowed_inputs},
    {"values: whether an account exists", status_of_accounts},
    {"values: batches", batches},
    {"values: listings in pages", listings},
    {"values: texts of any length", texts_of_any_length},
    {"values: proofs", proof},
    {"values: checkpoints and snapshots", history},
    {NULL, NULL},
};
