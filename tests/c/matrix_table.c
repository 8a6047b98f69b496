#include "matrix.h"
#include "world.h"

#define P(i) (v[i].p)
#define N(i) (v[i].n)
#define CALL(function, ...)                                                                                            \
    static int call_##function(const struct value *v) { return function(__VA_ARGS__); }

CALL(state_manager_get_balance_sync, P(0), P(1), P(2), N(3))
CALL(state_manager_set_balance, P(0), P(1), P(2))
CALL(state_manager_get_nonce_sync, P(0), P(1), P(2))
CALL(state_manager_set_nonce, P(0), P(1), N(2))
CALL(state_manager_get_storage_sync, P(0), P(1), P(2), P(3), N(4))
CALL(state_manager_set_storage, P(0), P(1), P(2), P(3))
CALL(state_manager_get_code_len_sync, P(0), P(1), P(2))
CALL(state_manager_get_code_sync, P(0), P(1), P(2), N(3))
CALL(state_manager_set_code, P(0), P(1), P(2), N(3))
CALL(state_manager_get_code_hash, P(0), P(1), P(2), N(3))
CALL(state_manager_get_account_status, P(0), P(1), P(2))
CALL(state_manager_delete_account, P(0), P(1))
CALL(state_manager_clear_storage, P(0), P(1))
CALL(state_manager_get_storage_root, P(0), P(1), P(2), N(3))
CALL(state_manager_get_state_root, P(0), P(1), N(2))
CALL(state_manager_get_block_hash, P(0), N(1), P(2), N(3))

CALL(state_manager_get_balance_bytes, P(0), P(1), P(2))
CALL(state_manager_set_balance_bytes, P(0), P(1), P(2))
CALL(state_manager_get_nonce_bytes, P(0), P(1), P(2))
CALL(state_manager_set_nonce_bytes, P(0), P(1), N(2))
CALL(state_manager_get_storage_bytes, P(0), P(1), P(2), P(3))
CALL(state_manager_set_storage_bytes, P(0), P(1), P(2), P(3))
CALL(state_manager_get_code_len_bytes, P(0), P(1), P(2))
CALL(state_manager_get_code_bytes, P(0), P(1), P(2), N(3))
CALL(state_manager_set_code_bytes, P(0), P(1), P(2), N(3))
CALL(state_manager_get_code_hash_bytes, P(0), P(1), P(2))
CALL(state_manager_get_account_status_bytes, P(0), P(1), P(2))
CALL(state_manager_delete_account_bytes, P(0), P(1))
CALL(state_manager_clear_storage_bytes, P(0), P(1))
CALL(state_manager_get_storage_root_bytes, P(0), P(1), P(2))
CALL(state_manager_get_state_root_bytes, P(0), P(1))
CALL(state_manager_get_block_hash_bytes, P(0), N(1), P(2))

CALL(state_manager_get_storage_batch, P(0), P(1), P(2), N(3), P(4))
CALL(state_manager_set_storage_batch, P(0), P(1), P(2), P(3), N(4))
CALL(state_manager_get_account_batch, P(0), P(1), N(2), P(3), P(4), P(5), P(6))
CALL(state_manager_set_account_batch, P(0), P(1), P(2), P(3), N(4))

CALL(state_manager_checkpoint, P(0))
CALL(state_manager_revert, P(0))
CALL(state_manager_commit, P(0))
CALL(state_manager_checkpoint_depth, P(0), P(1))
CALL(state_manager_snapshot, P(0), P(1))
CALL(state_manager_revert_to_snapshot, P(0), N(1))
CALL(state_manager_delete_snapshot, P(0), N(1))
CALL(state_manager_get_changes, P(0), N(1), P(2), N(3), P(4))

CALL(state_manager_list_accounts, P(0), P(1), P(2), N(3), P(4))
CALL(state_manager_list_storage, P(0), P(1), P(2), P(3), P(4), N(5), P(6))
CALL(state_manager_dump, P(0), (int)N(1), P(2), N(3), P(4))
CALL(state_manager_load, P(0), P(1), N(2), P(3))
CALL(state_manager_reset, P(0))
CALL(state_manager_clear_caches, P(0))
CALL(state_manager_clear_fork_cache, P(0))

CALL(fork_reply_body, P(0), P(1), N(2))
CALL(fork_reply_fail, P(0), (uint16_t)N(1), N(2), P(3))

CALL(fork_backend_open, P(0), P(1))
CALL(fork_backend_clear_cache, P(0))
CALL(fork_backend_get_block, P(0), P(1), P(2), P(3))
CALL(fork_backend_prefetch, P(0), P(1), P(2), N(3), P(4), (uint32_t)N(5))
CALL(fork_backend_stats, P(0), P(1))
CALL(fork_backend_next_request, P(0), P(1), P(2), N(3), P(4), P(5), N(6), P(7))
CALL(fork_backend_continue, P(0), N(1), P(2), N(3))
CALL(fork_backend_fail, P(0), N(1), (int64_t)N(2), P(3))
CALL(fork_backend_next_batch, P(0), N(1), P(2), P(3), N(4), P(5), P(6))
CALL(fork_backend_continue_batch, P(0), N(1), P(2), N(3))
CALL(fork_backend_fail_batch, P(0), N(1), (int64_t)N(2), P(3))

/* Arguments. */
#define SM {STATE_MANAGER, NULL, NULL, 0}
#define FORK {FORK_BACKEND, NULL, NULL, 0}
#define REPLY {FORK_REPLY, NULL, NULL, 0}
#define IN(name, good) {INPUT, name, good, 0}
#define OPTIONAL_IN(good) {OPTIONAL_INPUT, NULL, good, 0}
#define OUT(name, size) {OUTPUT, name, NULL, size}
#define OPTIONAL_OUT(size) {OPTIONAL_OUTPUT, NULL, NULL, size}
#define LENGTH(name) OUT(name, sizeof(size_t))
#define AT_LEAST(size) {SIZE, NULL, NULL, size}
#define TEXT(name) {TEXT_OUTPUT, name, NULL, 0}, {SIZE, NULL, NULL, 0}
#define U64(number) {NUMBER, NULL, NULL, number}
#define A_TEXT {ADDRESS_TEXT, "address", ADDRESS_A, 0}
#define A_BYTES IN("address", BYTES_A)
#define SLOT_TEXT {WORD_TEXT, "slot", "0x1", 0}
#define NUMBER_TEXT_OUT {NUMBER_OUTPUT, "out", NULL, 67}, AT_LEAST(67)
#define OUT_32 OUT("out", 32)
#define CODE_OUT {BYTES_OUTPUT, "out", NULL, CODE_IN_STATE_LEN}, AT_LEAST(CODE_IN_STATE_LEN)
#define CODE_IN IN("code", CODE_IN_STATE), U64(CODE_IN_STATE_LEN)

/* Statuses. */
#define BIT(status) (1u << -(STATE_MANAGER_ERROR_##status))
#define S_HANDLE (1u | BIT(INVALID_HANDLE) | BIT(INTERNAL) | BIT(INVALID_STATE))
#define S_INPUT (S_HANDLE | BIT(INVALID_INPUT))
#define S_TEXT (S_INPUT | BIT(INVALID_HEX))
#define S_REMOTE (BIT(RPC_PENDING) | BIT(RPC_FAILED))
#define S_SMALL BIT(OUTPUT_TOO_SMALL)

#define ROW(function, setting, flags, statuses, ...)                                                                   \
    { #function, call_##function, setting, flags, statuses, { __VA_ARGS__ } }
#define SPECIAL_ROW(function)                                                                                          \
    { #function, NULL, SPECIAL, 0, 0, { {NO_ARGUMENT, NULL, NULL, 0} } }

static const uint8_t two_addresses[40] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa,
                                          0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab};
static const uint8_t two_words[64] = {0};
static const uint64_t two_nonces[2] = {1, 2};
static const size_t one_slot_each[2] = {1, 1};
static const ForkBackendOptions host_options = FORK_BACKEND_OPTIONS_INIT;
/* The answers to request 1 and batch 1 of the settings TAKEN and BATCH_TAKEN. */
#define PROOF                                                                                                          \
    "{\"nonce\":\"0x1\",\"balance\":\"0x2\",\"codeHash\":\"" DIGITS_64("00") "\",\"storageHash\":\"" MAX_HEX           \
    "\",\"storageProof\":[]}"
static const char proof[] = PROOF;
static const char batch_answer[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" PROOF "}";

const struct function functions[] = {
    SPECIAL_ROW(worldstate_version),
    SPECIAL_ROW(worldstate_abi_version),
    SPECIAL_ROW(worldstate_error_name),
    SPECIAL_ROW(worldstate_last_error),
    SPECIAL_ROW(state_manager_create),
    SPECIAL_ROW(state_manager_create_with_fork),
    SPECIAL_ROW(state_manager_destroy),
    SPECIAL_ROW(fork_backend_create),
    SPECIAL_ROW(fork_backend_destroy),

    ROW(state_manager_get_balance_sync, LOCAL, REMOTE, S_TEXT | S_REMOTE | S_SMALL, SM, A_TEXT, NUMBER_TEXT_OUT),
    ROW(state_manager_set_balance, LOCAL, 0, S_TEXT, SM, A_TEXT, {QUANTITY_TEXT, "balance", "0x10", 0}),
    ROW(state_manager_get_nonce_sync, LOCAL, REMOTE, S_TEXT | S_REMOTE, SM, A_TEXT, OUT("out_nonce", 8)),
    ROW(state_manager_set_nonce, LOCAL, 0, S_TEXT, SM, A_TEXT, U64(7)),
    ROW(state_manager_get_storage_sync, LOCAL, REMOTE, S_TEXT | S_REMOTE | S_SMALL, SM, A_TEXT, SLOT_TEXT, NUMBER_TEXT_OUT),
    ROW(state_manager_set_storage, LOCAL, 0, S_TEXT, SM, A_TEXT, SLOT_TEXT, {WORD_TEXT, "value", "0x2", 0}),
    ROW(state_manager_get_code_len_sync, LOCAL, REMOTE, S_TEXT | S_REMOTE, SM, A_TEXT, LENGTH("out_len")),
    ROW(state_manager_get_code_sync, LOCAL, REMOTE, S_TEXT | S_REMOTE | S_SMALL, SM, A_TEXT, CODE_OUT),
    ROW(state_manager_set_code, LOCAL, 0, S_TEXT | BIT(OUT_OF_MEMORY), SM, A_TEXT, CODE_IN),
    ROW(state_manager_get_code_hash, LOCAL, REMOTE, S_TEXT | S_REMOTE | S_SMALL, SM, A_TEXT, NUMBER_TEXT_OUT),
    ROW(state_manager_get_account_status, LOCAL, REMOTE, S_TEXT | S_REMOTE, SM, A_TEXT, OUT("out_status", sizeof(int))),
    ROW(state_manager_delete_account, LOCAL, 0, S_TEXT, SM, A_TEXT),
    ROW(state_manager_clear_storage, LOCAL, 0, S_TEXT, SM, A_TEXT),
    ROW(state_manager_get_storage_root, LOCAL, NO_FORK, S_TEXT | S_SMALL, SM, A_TEXT, NUMBER_TEXT_OUT),
    ROW(state_manager_get_state_root, LOCAL, NO_FORK, S_INPUT | S_SMALL, SM, NUMBER_TEXT_OUT),
    ROW(state_manager_get_block_hash, PINNED, REMOTE, S_INPUT | S_REMOTE | S_SMALL, SM, U64(WORLD_BLOCK), NUMBER_TEXT_OUT),

    ROW(state_manager_get_balance_bytes, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, A_BYTES, OUT_32),
    ROW(state_manager_set_balance_bytes, LOCAL, 0, S_INPUT, SM, A_BYTES, IN("balance", WORD_1)),
    ROW(state_manager_get_nonce_bytes, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, A_BYTES, OUT("out_nonce", 8)),
    ROW(state_manager_set_nonce_bytes, LOCAL, 0, S_INPUT, SM, A_BYTES, U64(7)),
    ROW(state_manager_get_storage_bytes, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, A_BYTES, IN("slot", WORD_1), OUT_32),
    ROW(state_manager_set_storage_bytes, LOCAL, 0, S_INPUT, SM, A_BYTES, IN("slot", WORD_1), IN("value", WORD_MAX)),
    ROW(state_manager_get_code_len_bytes, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, A_BYTES, LENGTH("out_len")),
    ROW(state_manager_get_code_bytes, LOCAL, REMOTE, S_INPUT | S_REMOTE | S_SMALL, SM, A_BYTES, CODE_OUT),
    ROW(state_manager_set_code_bytes, LOCAL, 0, S_INPUT | BIT(OUT_OF_MEMORY), SM, A_BYTES, CODE_IN),
    ROW(state_manager_get_code_hash_bytes, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, A_BYTES, OUT_32),
    ROW(state_manager_get_account_status_bytes, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, A_BYTES, OUT("out_status", sizeof(int))),
    ROW(state_manager_delete_account_bytes, LOCAL, 0, S_INPUT, SM, A_BYTES),
    ROW(state_manager_clear_storage_bytes, LOCAL, 0, S_INPUT, SM, A_BYTES),
    ROW(state_manager_get_storage_root_bytes, LOCAL, NO_FORK, S_INPUT, SM, A_BYTES, OUT_32),
    ROW(state_manager_get_state_root_bytes, LOCAL, NO_FORK, S_INPUT, SM, OUT_32),
    ROW(state_manager_get_block_hash_bytes, PINNED, REMOTE, S_INPUT | S_REMOTE, SM, U64(WORLD_BLOCK), OUT_32),

    ROW(state_manager_get_storage_batch, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, IN("addresses", two_addresses),
        IN("slots", two_words), U64(2), OUT("out", 64)),
    ROW(state_manager_set_storage_batch, LOCAL, 0, S_INPUT, SM, IN("addresses", two_addresses), IN("slots", two_words),
        IN("values", two_words), U64(2)),
    ROW(state_manager_get_account_batch, LOCAL, REMOTE, S_INPUT | S_REMOTE, SM, IN("addresses", two_addresses), U64(2),
        OPTIONAL_OUT(64), OPTIONAL_OUT(16), OPTIONAL_OUT(64), OPTIONAL_OUT(2 * sizeof(int))),
    ROW(state_manager_set_account_batch, LOCAL, 0, S_INPUT, SM, IN("addresses", two_addresses), OPTIONAL_IN(two_words),
        OPTIONAL_IN(two_nonces), U64(2)),

    ROW(state_manager_checkpoint, LOCAL, 0, S_HANDLE, SM),
    ROW(state_manager_revert, LOCAL, 0, S_HANDLE | BIT(NO_CHECKPOINT), SM),
    ROW(state_manager_commit, LOCAL, 0, S_HANDLE | BIT(NO_CHECKPOINT), SM),
    ROW(state_manager_checkpoint_depth, LOCAL, 0, S_INPUT, SM, OUT("out_depth", sizeof(size_t))),
    ROW(state_manager_snapshot, LOCAL, 0, S_INPUT, SM, OUT("out_id", 8)),
    ROW(state_manager_revert_to_snapshot, LOCAL, 0, S_HANDLE | BIT(INVALID_SNAPSHOT), SM, U64(1)),
    ROW(state_manager_delete_snapshot, LOCAL, 0, S_HANDLE | BIT(INVALID_SNAPSHOT), SM, U64(1)),
    ROW(state_manager_get_changes, LOCAL, 0,
        S_INPUT | S_SMALL | S_REMOTE | BIT(NO_CHECKPOINT) | BIT(INVALID_SNAPSHOT), SM, U64(0), TEXT("buf"), LENGTH("out_len")),

    ROW(state_manager_list_accounts, LOCAL, 0, S_INPUT, SM, OPTIONAL_IN(WORD_0), OUT("out", 40), U64(2), LENGTH("out_count")),
    ROW(state_manager_list_storage, LOCAL, 0, S_INPUT, SM, A_BYTES, OPTIONAL_IN(WORD_0), OUT("out_slots", 64),
        OUT("out_values", 64), U64(2), LENGTH("out_count")),
    ROW(state_manager_dump, LOCAL, 0, S_INPUT | S_SMALL | S_REMOTE, SM, U64(STATE_MANAGER_DUMP_GENESIS_ALLOC), TEXT("buf"),
        LENGTH("out_len")),
    ROW(state_manager_load, LOCAL, 0, S_INPUT | BIT(INVALID_HEX), SM, IN("dump", GOOD_DUMP), U64(sizeof GOOD_DUMP - 1),
        OPTIONAL_OUT(sizeof(size_t))),
    ROW(state_manager_reset, LOCAL, 0, S_HANDLE, SM),
    ROW(state_manager_clear_caches, LOCAL, 0, S_HANDLE, SM),
    ROW(state_manager_clear_fork_cache, LOCAL, 0, S_HANDLE, SM),

    ROW(fork_reply_body, IN_CALLBACK, 0, 1u | BIT(INVALID_HANDLE) | BIT(INVALID_INPUT) | BIT(OUT_OF_MEMORY), REPLY,
        IN("body", "null"), U64(4)),
    ROW(fork_reply_fail, IN_CALLBACK, 0, 1u | BIT(INVALID_HANDLE) | BIT(INVALID_INPUT), REPLY, U64(404), U64(0),
        OPTIONAL_IN("no such thing")),

    ROW(fork_backend_open, LOCAL, 0, 1u | BIT(INVALID_INPUT) | BIT(INVALID_HEX) | BIT(RPC_FAILED),
        IN("ForkBackendOptions", &host_options), OUT("out", sizeof(void *))),
    ROW(fork_backend_clear_cache, PINNED, 0, S_HANDLE, FORK),
    ROW(fork_backend_get_block, PINNED, 0, S_HANDLE | S_REMOTE, FORK, OPTIONAL_OUT(8), OPTIONAL_OUT(8), OPTIONAL_OUT(32)),
    ROW(fork_backend_prefetch, PINNED, 0, S_INPUT | S_REMOTE, FORK, IN("addresses", two_addresses), OPTIONAL_IN(one_slot_each),
        U64(2), IN("slots", two_words), U64(FORK_PREFETCH_CODE)),
    ROW(fork_backend_stats, PINNED, 0, S_INPUT, FORK,
        {SIZED_OUTPUT, "ForkBackendStats", NULL, sizeof(ForkBackendStats)}),
    ROW(fork_backend_next_request, QUEUED, 0, S_INPUT | S_SMALL | BIT(NO_PENDING_REQUEST), FORK, OUT("out_request_id", 8),
        TEXT("out_method"), LENGTH("out_method_len"), TEXT("out_params"), LENGTH("out_params_len")),
    ROW(fork_backend_continue, TAKEN, 0, S_INPUT | BIT(INVALID_REQUEST), FORK, U64(1), IN("response", proof),
        U64(sizeof proof - 1)),
    ROW(fork_backend_fail, TAKEN, 0, S_INPUT | BIT(INVALID_REQUEST), FORK, U64(1), U64(0), IN("message", "no such thing")),
    ROW(fork_backend_next_batch, QUEUED, 0, S_INPUT | S_SMALL | BIT(NO_PENDING_REQUEST), FORK, U64(0), OUT("out_batch_id", 8),
        TEXT("out_body"), LENGTH("out_body_len"), OPTIONAL_OUT(sizeof(size_t))),
    ROW(fork_backend_continue_batch, BATCH_TAKEN, 0, S_INPUT | BIT(INVALID_REQUEST) | BIT(RPC_FAILED), FORK, U64(1),
        IN("body", batch_answer), U64(sizeof batch_answer - 1)),
    ROW(fork_backend_fail_batch, BATCH_TAKEN, 0, S_INPUT | BIT(INVALID_REQUEST), FORK, U64(1), U64(0),
        IN("message", "no such thing")),
};
const size_t function_count = sizeof functions / sizeof functions[0];
