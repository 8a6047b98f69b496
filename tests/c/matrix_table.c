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
CALL(state_manager_get_proof, P(0), P(1), P(2), N(3), P(4), N(5), P(6))
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
CALL(fork_backend_prefetch_access_list, P(0), P(1), (uint32_t)N(2))
CALL(fork_backend_prefetch_range, P(0), P(1), P(2), N(3))
CALL(fork_backend_stats, P(0), P(1))
CALL(fork_backend_method_stats, P(0), P(1), P(2))
CALL(fork_backend_metrics_json, P(0), P(1), N(2), P(3))
CALL(fork_backend_next_request, P(0), P(1), P(2), N(3), P(4), P(5), N(6), P(7))
CALL(fork_backend_continue, P(0), N(1), P(2), N(3))
CALL(fork_backend_fail, P(0), N(1), (int64_t)N(2), P(3))
CALL(fork_backend_next_batch, P(0), N(1), P(2), P(3), N(4), P(5), P(6))
CALL(fork_backend_continue_batch, P(0), N(1), P(2), N(3))
CALL(fork_backend_fail_batch, P(0), N(1), (int64_t)N(2), P(3))

CALL(worldstate_verify_proof, P(0), P(1), P(2), N(3), P(4))
CALL(worldstate_verify_header, P(0), P(1), P(2))

CALL(evm_stats, P(0), P(1))
CALL(evm_set_block, P(0), P(1))
CALL(evm_set_block_hash, P(0), N(1), P(2))
CALL(evm_set_block_overrides, P(0), P(1))
CALL(evm_set_state_overrides, P(0), P(1))
CALL(evm_set_transaction, P(0), P(1), N(2))
CALL(evm_set_transaction_json, P(0), P(1))
CALL(evm_set_message, P(0), P(1))
CALL(evm_call_ffi, P(0), P(1))
CALL(evm_continue_ffi, P(0), (uint8_t)N(1), P(2), N(3), P(4))
CALL(evm_answer, P(0), (uint8_t)N(1), P(2), N(3))
CALL(evm_resume, P(0), P(1))
CALL(evm_execute, P(0))
CALL(evm_pending, P(0), P(1), N(2), P(3))
CALL(evm_abort, P(0))
CALL(evm_discard, P(0))
CALL(evm_commit_in_checkpoint, P(0))
CALL(evm_get_result, P(0), P(1))
CALL(evm_get_result_json, P(0), P(1), N(2), P(3))
CALL(evm_get_failure, P(0), P(1), N(2), P(3))
CALL(evm_get_output, P(0), P(1), N(2))
CALL(evm_get_log, P(0), N(1), P(2), P(3), P(4), P(5), N(6), P(7))
CALL(evm_get_state_changes, P(0), P(1), N(2), P(3))
CALL(evm_get_access_list, P(0), P(1), N(2), P(3))
CALL(evm_get_prestate, P(0), P(1), N(2), P(3))
CALL(evm_get_frames, P(0), P(1), N(2), P(3))
CALL(evm_get_precompile_call, P(0), P(1), P(2), N(3))
CALL(evm_is_active, P(0), P(1))
CALL(evm_set_trace, P(0), (int)N(1), (uint32_t)N(2), N(3), (int)N(4))
CALL(evm_get_trace, P(0), P(1), N(2), P(3))

/* Arguments. */
#define SM {STATE_MANAGER, NULL, NULL, 0}
#define FORK {FORK_BACKEND, NULL, NULL, 0}
#define REPLY {FORK_REPLY, NULL, NULL, 0}
#define EVM {EVM_EXECUTOR, NULL, NULL, 0}
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
#define REQUEST_OUT {REQUEST_OUTPUT, "out", NULL, sizeof(AsyncRequest)}
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
static const char access_list[] = "[{\"address\":\"" ADDRESS_A "\",\"storageKeys\":[\"0x1\",\"0x2\"]}]";
static const uint64_t two_nonces[2] = {1, 2};
static const size_t one_slot_each[2] = {1, 1};
static const ForkBackendOptions host_options = FORK_BACKEND_OPTIONS_INIT;
/* The answers to request 1 and batch 1 of the settings TAKEN and BATCH_TAKEN. */
#define PROOF                                                                                                          \
    "{\"nonce\":\"0x1\",\"balance\":\"0x2\",\"codeHash\":\"" DIGITS_64("00") "\",\"storageHash\":\"" MAX_HEX           \
    "\",\"storageProof\":[]}"
static const char proof[] = PROOF;
static const char batch_answer[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" PROOF "}";
/* The example of EIP-155. */
static const uint8_t signed_transaction[] = {
    0xf8, 0x6c, 0x09, 0x85, 0x04, 0xa8, 0x17, 0xc8, 0x00, 0x82, 0x52, 0x08, 0x94, 0x35, 0x35, 0x35, 0x35, 0x35,
    0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x35, 0x88, 0x0d, 0xe0,
    0xb6, 0xb3, 0xa7, 0x64, 0x00, 0x00, 0x80, 0x25, 0xa0, 0x28, 0xef, 0x61, 0x34, 0x0b, 0xd9, 0x39, 0xbc, 0x21,
    0x95, 0xfe, 0x53, 0x75, 0x67, 0x86, 0x60, 0x03, 0xe1, 0xa1, 0x5d, 0x3c, 0x71, 0xff, 0x63, 0xe1, 0x59, 0x06,
    0x20, 0xaa, 0x63, 0x62, 0x76, 0xa0, 0x67, 0xcb, 0xe9, 0xd8, 0x99, 0x7f, 0x76, 0x1a, 0xec, 0xb7, 0x03, 0x30,
    0x4b, 0x38, 0x00, 0xcc, 0xf5, 0x55, 0xc9, 0xf3, 0xdc, 0x64, 0x21, 0x4b, 0x29, 0x7f, 0xb1, 0x96, 0x6a, 0x3b,
    0x6d, 0x83,
};
/* The root of the trie without accounts, and what it proves: that this one and its slot are not there. */
static const uint8_t empty_root[32] = {0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
                                       0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21};
static const char absence[] =
    "{\"address\":\"" ADDRESS_A "\",\"nonce\":\"0x0\",\"balance\":\"0x0\",\"codeHash\":\"" DIGITS_64("00") "\",\"storageHash\":\""
    DIGITS_64("00") "\",\"accountProof\":[],\"storageProof\":[{\"key\":\"0x0\",\"value\":\"0x0\",\"proof\":[]}]}";
/* The first block of Ethereum. */
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define BLOOM_ZERO "0x" ZEROS ZEROS ZEROS ZEROS ZEROS ZEROS ZEROS ZEROS
#define EMPTY_ROOT "\"0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421\""
static const uint8_t genesis_hash[32] = {0xd4, 0xe5, 0x67, 0x40, 0xf8, 0x76, 0xae, 0xf8, 0xc0, 0x10, 0xb8, 0x6a, 0x40, 0xd5, 0xf5, 0x67,
                                         0x45, 0xa1, 0x18, 0xd0, 0x90, 0x6a, 0x34, 0xe6, 0x9a, 0xec, 0x8c, 0x0d, 0xb1, 0xcb, 0x8f, 0xa3};
static const char genesis[] =
    "{\"parentHash\":\"" DIGITS_64("00") "\",\"sha3Uncles\":\"0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347\","
    "\"miner\":\"0x0000000000000000000000000000000000000000\","
    "\"stateRoot\":\"0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544\",\"transactionsRoot\":" EMPTY_ROOT
    ",\"receiptsRoot\":" EMPTY_ROOT ",\"logsBloom\":\"" BLOOM_ZERO "\",\"difficulty\":\"0x400000000\",\"number\":\"0x0\",\"gasLimit\":\"0x1388\","
    "\"gasUsed\":\"0x0\",\"timestamp\":\"0x0\",\"extraData\":\"0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa\","
    "\"mixHash\":\"" DIGITS_64("00") "\",\"nonce\":\"0x0000000000000042\"}";
static const EvmMessage message = EVM_MESSAGE_INIT;
/* The answer to the question of the setting EVM_ASKING: slot 1 of account 2 of the world. */
static const uint8_t storage_answer[84] = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                           0,    0,    0,    2,    [51] = 1, [83] = 7};

const struct function functions[] = {
    SPECIAL_ROW(worldstate_version),
    SPECIAL_ROW(worldstate_abi_version),
    SPECIAL_ROW(worldstate_error_name),
    SPECIAL_ROW(worldstate_last_error),
    SPECIAL_ROW(state_manager_create),
    SPECIAL_ROW(state_manager_create_with_fork),
    SPECIAL_ROW(state_manager_destroy),
    SPECIAL_ROW(fork_backend_create),
    /* tests/c/kept.c */
    SPECIAL_ROW(fork_backend_flush),
    SPECIAL_ROW(fork_backend_export),
    SPECIAL_ROW(fork_backend_import),
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
    ROW(state_manager_get_proof, LOCAL, NO_FORK, S_INPUT | S_SMALL, SM, A_BYTES, IN("slots", two_words), U64(2), TEXT("buf"),
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
    ROW(fork_backend_prefetch_access_list, PINNED, 0, S_TEXT | S_REMOTE, FORK, IN("access_list", access_list), U64(0)),
    ROW(fork_backend_prefetch_range, PINNED, 0, S_INPUT | S_REMOTE, FORK, A_BYTES, IN("first_slot", WORD_1), U64(2)),
    ROW(fork_backend_stats, PINNED, 0, S_INPUT, FORK,
        {SIZED_OUTPUT, "ForkBackendStats", NULL, sizeof(ForkBackendStats)}),
    ROW(fork_backend_method_stats, PINNED, 0, S_INPUT, FORK, IN("method", "eth_getProof"),
        {SIZED_OUTPUT, "ForkBackendMethodStats", NULL, sizeof(ForkBackendMethodStats)}),
    ROW(fork_backend_metrics_json, PINNED, 0, S_INPUT | S_SMALL, FORK, TEXT("out"), LENGTH("out_len")),
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

    ROW(worldstate_verify_proof, LOCAL, 0, 1u | BIT(INVALID_INPUT) | BIT(PROOF_INVALID), IN("state_root", empty_root),
        OPTIONAL_IN(BYTES_A), IN("slots", WORD_0), U64(1), IN("proof_json", absence)),
    ROW(worldstate_verify_header, LOCAL, 0, 1u | BIT(INVALID_INPUT) | BIT(PROOF_INVALID), IN("block_hash", genesis_hash),
        IN("header_json", genesis), OUT("out_state_root", 32)),

    SPECIAL_ROW(evm_create),
    SPECIAL_ROW(evm_destroy),
    ROW(evm_stats, EVM_READY, 0, S_INPUT, EVM, {SIZED_OUTPUT, "EvmStats", NULL, sizeof(EvmStats)}),
    ROW(evm_set_block, EVM_IDLE, 0, S_TEXT, EVM, IN("block_json", "{\"number\":\"0x64\"}")),
    ROW(evm_set_block_hash, EVM_IDLE, 0, S_INPUT, EVM, U64(7), IN("hash", WORD_1)),
    ROW(evm_set_block_overrides, EVM_IDLE, 0, S_TEXT, EVM, OPTIONAL_IN("{\"time\":\"0x64\"}")),
    ROW(evm_set_state_overrides, EVM_IDLE, 0, S_TEXT, EVM, OPTIONAL_IN(GOOD_DUMP)),
    ROW(evm_set_transaction, EVM_IDLE, 0, S_INPUT, EVM, IN("raw", signed_transaction), U64(sizeof signed_transaction)),
    ROW(evm_set_transaction_json, EVM_IDLE, 0, S_TEXT, EVM, IN("transaction_json", "{\"gas\":\"0x5208\"}")),
    ROW(evm_set_message, EVM_IDLE, 0, S_INPUT | BIT(OUT_OF_MEMORY), EVM, IN("EvmMessage", &message)),
    ROW(evm_call_ffi, EVM_IDLE, 0, S_INPUT | BIT(EXECUTION) | BIT(RPC_FAILED), EVM, REQUEST_OUT),
    ROW(evm_continue_ffi, EVM_ASKING, 0, S_INPUT | BIT(EXECUTION) | BIT(RPC_FAILED) | BIT(NO_PENDING_REQUEST) | BIT(INVALID_REQUEST),
        EVM, U64(EVM_CONTINUE_WITH_STORAGE), IN("data", storage_answer), U64(84), REQUEST_OUT),
    ROW(evm_answer, EVM_ASKING, 0, S_INPUT | BIT(NO_PENDING_REQUEST) | BIT(INVALID_REQUEST), EVM,
        U64(EVM_CONTINUE_WITH_STORAGE), IN("data", storage_answer), U64(84)),
    ROW(evm_resume, EVM_ASKING, 0, S_INPUT | BIT(EXECUTION) | BIT(RPC_FAILED), EVM, REQUEST_OUT),
    ROW(evm_execute, EVM_IDLE, 0, S_INPUT | BIT(EXECUTION) | BIT(RPC_FAILED), EVM),
    ROW(evm_pending, EVM_ASKING, 0, S_INPUT, EVM, OUT("out", sizeof(AsyncRequest)), U64(1), OUT("out_count", sizeof(size_t))),
    ROW(evm_abort, EVM_ASKING, 0, S_HANDLE, EVM),
    ROW(evm_discard, EVM_READY, 0, S_HANDLE, EVM),
    ROW(evm_commit_in_checkpoint, EVM_READY, 0, S_HANDLE, EVM),
    ROW(evm_get_result, EVM_READY, 0, S_INPUT, EVM, {SIZED_OUTPUT, "EvmResult", NULL, sizeof(EvmResult)}),
    ROW(evm_get_result_json, EVM_READY, 0, S_INPUT | S_SMALL, EVM, TEXT("buf"), LENGTH("out_len")),
    ROW(evm_get_failure, EVM_FAILED, 0, S_INPUT | S_SMALL, EVM, TEXT("buf"), LENGTH("out_len")),
    ROW(evm_get_output, EVM_READY, 0, S_INPUT | S_SMALL, EVM, {BYTES_OUTPUT, "out", NULL, 32}, AT_LEAST(32)),
    ROW(evm_get_log, EVM_READY, 0, S_INPUT | S_SMALL, EVM, U64(0), OUT("out_address", 20), OUT("out_topics", 128),
        LENGTH("out_topic_count"), {DATA_OUTPUT, "out_data", NULL, 5}, AT_LEAST(5), LENGTH("out_data_len")),
    ROW(evm_get_state_changes, EVM_READY, 0, S_INPUT | S_SMALL, EVM, TEXT("buf"), LENGTH("out_len")),
    ROW(evm_get_access_list, EVM_READY, 0, S_INPUT | S_SMALL, EVM, TEXT("buf"), LENGTH("out_len")),
    ROW(evm_get_prestate, EVM_READY, 0, S_INPUT | S_SMALL, EVM, TEXT("buf"), LENGTH("out_len")),
    ROW(evm_get_frames, EVM_ASKING, 0, S_INPUT | S_SMALL, EVM, TEXT("buf"), LENGTH("out_len")),
    ROW(evm_get_precompile_call, EVM_PRECOMPILE, 0, S_INPUT | S_SMALL | BIT(NO_PENDING_REQUEST), EVM,
        {SIZED_OUTPUT, "EvmPrecompileCall", NULL, sizeof(EvmPrecompileCall)}, {DATA_OUTPUT, "input", NULL, 4}, AT_LEAST(4)),
    ROW(evm_is_active, EVM_ASKING, 0, S_INPUT, EVM, OUT("out_active", sizeof(int))),
    ROW(evm_set_trace, EVM_IDLE, 0, S_HANDLE | BIT(INVALID_INPUT), EVM, U64(EVM_TRACE_EIP3155), U64(0), U64(0), U64((uint64_t)-1)),
    ROW(evm_get_trace, EVM_READY, 0, S_INPUT | S_SMALL | BIT(EXECUTION), EVM, TEXT("buf"), LENGTH("out_len")),
};
const size_t function_count = sizeof functions / sizeof functions[0];
