/* worldstate: Ethereum's world state as a C library. Generated from the sources; do not edit.
 *
 * - int functions return STATE_MANAGER_SUCCESS (0) or a negative status; worldstate_last_error() has the text.
 * - Outputs are written only on success, except text lengths, which OUTPUT_TOO_SMALL sets too.
 * - The caller owns every buffer; the library keeps no pointer beyond the call. A pointer is ignored where its
 *   length is 0. Inputs and outputs of one call must not overlap.
 * - Every function may be called from any thread. FFI-BOUNDARY.md has the details. */
#ifndef WORLDSTATE_H
#define WORLDSTATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------------------------
 * Handles
 * Numbers in a pointer's clothes, never addresses: a dead, foreign or invented one is told apart and
 * refused with STATE_MANAGER_ERROR_INVALID_HANDLE.
 * ---------------------------------------------------------------------------------------------------- */

/** A chain's state at one block, fetched as it is read. Opaque. */
typedef struct ForkBackend ForkBackend;

/** Where a callback of a fork backend leaves its answer. Opaque. */
typedef struct ForkReply ForkReply;

/** A journaled world state. Opaque. */
typedef struct StateManager StateManager;

/**
 * Names a state manager. Lives from its create to its destroy. May be used from any thread; of several at once, one
 * gets in and the others wait.
 */
typedef struct StateManager *StateManagerHandle;

/**
 * Names a fork backend. Lives from its create or open to its destroy; state managers on it keep what is behind it
 * alive. May be used from any thread, by several at once.
 */
typedef struct ForkBackend *ForkBackendHandle;

/** Names the reply of one callback. Lives until that callback returns. May be used from any thread. */
typedef struct ForkReply *ForkReplyHandle;

/* ----------------------------------------------------------------------------------------------------
 * Status codes
 * What every function that returns int returns. Numbers are never reused.
 * ---------------------------------------------------------------------------------------------------- */

/** The call did what it says. */
#define STATE_MANAGER_SUCCESS 0

/** An argument is NULL where it may not be, or has no meaning here. */
#define STATE_MANAGER_ERROR_INVALID_INPUT (-1)

/** An allocation was refused, or no handle is free. */
#define STATE_MANAGER_ERROR_OUT_OF_MEMORY (-2)

/** The snapshot was never taken, or is dead since a revert past it. */
#define STATE_MANAGER_ERROR_INVALID_SNAPSHOT (-3)

/** The node, or the way to it, failed. */
#define STATE_MANAGER_ERROR_RPC_FAILED (-4)

/** A hexadecimal or decimal text could not be read. */
#define STATE_MANAGER_ERROR_INVALID_HEX (-5)

/** The value is remote and not here yet: serve the fork's requests, then call again. */
#define STATE_MANAGER_ERROR_RPC_PENDING (-6)

/** No request is queued. */
#define STATE_MANAGER_ERROR_NO_PENDING_REQUEST (-7)

/** The buffer is shorter than the value. */
#define STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL (-8)

/** A request id that is not open, or an answer that does not fit its request. */
#define STATE_MANAGER_ERROR_INVALID_REQUEST (-9)

/** NULL, a destroyed handle, one of another kind, or no handle at all. */
#define STATE_MANAGER_ERROR_INVALID_HANDLE (-10)

/** Revert or commit without an open checkpoint. */
#define STATE_MANAGER_ERROR_NO_CHECKPOINT (-11)

/** A defect of this library: a panic was caught. The handle refuses further work and can be destroyed. */
#define STATE_MANAGER_ERROR_INTERNAL (-12)

/** Reserved: a proof does not match the state root. */
#define STATE_MANAGER_ERROR_PROOF_INVALID (-13)

/** Reserved: the persistent cache failed. */
#define STATE_MANAGER_ERROR_CACHE (-14)

/** Reserved: the value is not in the cache and the fork is offline. */
#define STATE_MANAGER_ERROR_OFFLINE (-15)

/** A call out of order, such as one on a handle from inside its own callback. */
#define STATE_MANAGER_ERROR_INVALID_STATE (-16)

/** Reserved: an execution failed. */
#define STATE_MANAGER_ERROR_EXECUTION (-17)

/* ----------------------------------------------------------------------------------------------------
 * Library
 * ---------------------------------------------------------------------------------------------------- */

/** Version of the binary interface. It rises when a program built against an older header would break. */
#define WORLDSTATE_ABI_VERSION 1

/** Version of the library, such as "0.1.0". Static text. */
const char *worldstate_version(void);

/** WORLDSTATE_ABI_VERSION of the library that is running. A binding refuses to go on when its header's differs. */
uint32_t worldstate_abi_version(void);

/**
 * Name of a status, such as "STATE_MANAGER_ERROR_RPC_FAILED"; "STATE_MANAGER_ERROR_UNKNOWN" for a number that is
 * none. Static text.
 */
const char *worldstate_error_name(int code);

/**
 * Text of the last failed call on a handle of any kind, or, with NULL, of this thread's last failed call that had no
 * live handle (a create that gave NULL, a dead handle). Empty when none failed. A call that succeeds leaves it as it is.
 *
 * Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
 * alone. Never changes what is the last error.
 */
int worldstate_last_error(const void *handle,
                          char *buf,
                          size_t buf_size,
                          size_t *out_len);

/* ----------------------------------------------------------------------------------------------------
 * State manager: life
 * ---------------------------------------------------------------------------------------------------- */

/** A new, empty state. NULL when no handle is free. */
StateManagerHandle state_manager_create(void);

/**
 * A new state over a fork, which it shares with the other state managers on it; the fork's handle may be destroyed
 * first. NULL when the fork handle is not alive or no handle is free: worldstate_last_error(NULL, …) says which.
 */
StateManagerHandle state_manager_create_with_fork(ForkBackendHandle fork);

/**
 * Destroys the state and its handle, after a call on it that is under way in another thread. NULL and dead handles are
 * ignored.
 */
void state_manager_destroy(StateManagerHandle handle);

/* ----------------------------------------------------------------------------------------------------
 * State manager: values as text
 * Addresses are 0x and 40 hex digits in any case (the prefix may be missing). Numbers come out as 0x hex.
 * Every write makes its account exist. On a fork, reads give RPC_PENDING when the host carries the
 * requests and has not answered yet, and RPC_FAILED when the node could not.
 * ---------------------------------------------------------------------------------------------------- */

/** The account is not in the state. */
#define STATE_MANAGER_ACCOUNT_ABSENT 0

/** The account exists with balance 0, nonce 0 and no code. */
#define STATE_MANAGER_ACCOUNT_EMPTY 1

/** The account exists and is not empty. */
#define STATE_MANAGER_ACCOUNT_PRESENT 2

/** Balance in wei, as a `0x` quantity. `out_size` is at least 67. Zero for an absent account. */
int state_manager_get_balance_sync(StateManagerHandle handle,
                                   const char *address_hex,
                                   char *out,
                                   size_t out_size);

/** Sets the balance, in wei: `0x` hex or decimal. */
int state_manager_set_balance(StateManagerHandle handle, const char *address_hex, const char *balance_hex);

/** Nonce. Zero for an absent account. */
int state_manager_get_nonce_sync(StateManagerHandle handle, const char *address_hex, uint64_t *out_nonce);

/** Sets the nonce. */
int state_manager_set_nonce(StateManagerHandle handle, const char *address_hex, uint64_t nonce);

/**
 * Value of a storage slot, as `0x` and 64 digits. `out_size` is at least 67. The slot is `0x` and 1 to 64 hex digits,
 * or 64 digits without prefix. Zero where nothing was ever written.
 */
int state_manager_get_storage_sync(StateManagerHandle handle,
                                   const char *address_hex,
                                   const char *slot_hex,
                                   char *out,
                                   size_t out_size);

/** Sets a storage slot. Slot and value are `0x` and 1 to 64 hex digits, or 64 digits without prefix. */
int state_manager_set_storage(StateManagerHandle handle,
                              const char *address_hex,
                              const char *slot_hex,
                              const char *value_hex);

/** Length of the code in bytes. Zero for an absent account and for one without code. */
int state_manager_get_code_len_sync(StateManagerHandle handle, const char *address_hex, size_t *out_len);

/** Copies the code, raw bytes, to `out`: state_manager_get_code_len_sync tells how many. */
int state_manager_get_code_sync(StateManagerHandle handle,
                                const char *address_hex,
                                uint8_t *out,
                                size_t out_size);

/** Sets the code, raw bytes, copied. Length 0 makes the account one without code. */
int state_manager_set_code(StateManagerHandle handle,
                           const char *address_hex,
                           const uint8_t *code,
                           size_t code_len);

/**
 * keccak-256 of the code, as `0x` and 64 digits. That of no bytes for an account without code, zero for an absent one.
 * `out_size` is at least 67.
 */
int state_manager_get_code_hash(StateManagerHandle handle,
                                const char *address_hex,
                                char *out,
                                size_t out_size);

/** Whether the account exists: one of STATE_MANAGER_ACCOUNT_ABSENT, _EMPTY, _PRESENT. */
int state_manager_get_account_status(StateManagerHandle handle, const char *address_hex, int *out_status);

/** Makes the account absent, with balance, nonce, code and storage. On a fork the chain's account stays hidden. */
int state_manager_delete_account(StateManagerHandle handle,
                                 const char *address_hex);

/** Sets every slot of the account to zero, on a fork the chain's too. Does not make the account exist. */
int state_manager_clear_storage(StateManagerHandle handle, const char *address_hex);

/**
 * Root of the account's storage trie, as `0x` and 64 digits; the empty root for an absent account. `out_size` is at
 * least 67. INVALID_STATE on a fork, unless the account was deleted or its storage cleared: the rest of its trie is
 * not known.
 */
int state_manager_get_storage_root(StateManagerHandle handle,
                                   const char *address_hex,
                                   char *out,
                                   size_t out_size);

/**
 * Root of the state trie, as `0x` and 64 digits. `out_size` is at least 67. INVALID_STATE on a fork: accounts that
 * were never fetched are part of its trie.
 */
int state_manager_get_state_root(StateManagerHandle handle,
                                 char *out,
                                 size_t out_size);

/**
 * Hash of the fork's ancestor block `number`, or of the fork's block itself, as `0x` and 64 digits. `out_size` is at
 * least 67. INVALID_INPUT for a later block, INVALID_STATE without fork and on one of fork_backend_create.
 */
int state_manager_get_block_hash(StateManagerHandle handle,
                                 uint64_t number,
                                 char *out,
                                 size_t out_size);

/* ----------------------------------------------------------------------------------------------------
 * State manager: values as bytes
 * The same functions with big-endian bytes: 20 for an address, 32 for a word or hash.
 * ---------------------------------------------------------------------------------------------------- */

/** Balance in wei: 32 bytes to `out`. Zero for an absent account. */
int state_manager_get_balance_bytes(StateManagerHandle handle, const uint8_t *address, uint8_t *out);

/** Sets the balance, in wei: 32 bytes. */
int state_manager_set_balance_bytes(StateManagerHandle handle,
                                    const uint8_t *address,
                                    const uint8_t *balance);

/** Nonce. Zero for an absent account. */
int state_manager_get_nonce_bytes(StateManagerHandle handle, const uint8_t *address, uint64_t *out_nonce);

/** Sets the nonce. */
int state_manager_set_nonce_bytes(StateManagerHandle handle, const uint8_t *address, uint64_t nonce);

/** Value of a storage slot: 32 bytes to `out`. Zero where nothing was ever written. */
int state_manager_get_storage_bytes(StateManagerHandle handle,
                                    const uint8_t *address,
                                    const uint8_t *slot,
                                    uint8_t *out);

/** Sets a storage slot: 32 bytes each. */
int state_manager_set_storage_bytes(StateManagerHandle handle,
                                    const uint8_t *address,
                                    const uint8_t *slot,
                                    const uint8_t *value);

/** Length of the code in bytes. Zero for an absent account and for one without code. */
int state_manager_get_code_len_bytes(StateManagerHandle handle, const uint8_t *address, size_t *out_len);

/** Copies the code to `out`: state_manager_get_code_len_bytes tells how many bytes. */
int state_manager_get_code_bytes(StateManagerHandle handle,
                                 const uint8_t *address,
                                 uint8_t *out,
                                 size_t out_size);

/** Sets the code, copied. Length 0 makes the account one without code. */
int state_manager_set_code_bytes(StateManagerHandle handle,
                                 const uint8_t *address,
                                 const uint8_t *code,
                                 size_t code_len);

/** keccak-256 of the code: 32 bytes to `out`. That of no bytes for an account without code, zero for an absent one. */
int state_manager_get_code_hash_bytes(StateManagerHandle handle,
                                      const uint8_t *address,
                                      uint8_t *out);

/** Whether the account exists: one of STATE_MANAGER_ACCOUNT_ABSENT, _EMPTY, _PRESENT. */
int state_manager_get_account_status_bytes(StateManagerHandle handle,
                                           const uint8_t *address,
                                           int *out_status);

/** Makes the account absent, with balance, nonce, code and storage. On a fork the chain's account stays hidden. */
int state_manager_delete_account_bytes(StateManagerHandle handle,
                                       const uint8_t *address);

/** Sets every slot of the account to zero, on a fork the chain's too. Does not make the account exist. */
int state_manager_clear_storage_bytes(StateManagerHandle handle, const uint8_t *address);

/** Root of the account's storage trie: 32 bytes to `out`. Failures as of state_manager_get_storage_root. */
int state_manager_get_storage_root_bytes(StateManagerHandle handle, const uint8_t *address, uint8_t *out);

/** Root of the state trie: 32 bytes to `out`. Failures as of state_manager_get_state_root. */
int state_manager_get_state_root_bytes(StateManagerHandle handle, uint8_t *out);

/**
 * Hash of the fork's ancestor block `number`, or of the fork's block itself: 32 bytes to `out`. Failures as of
 * state_manager_get_block_hash.
 */
int state_manager_get_block_hash_bytes(StateManagerHandle handle,
                                       uint64_t number,
                                       uint8_t *out);

/* ----------------------------------------------------------------------------------------------------
 * State manager: many values at a time
 * Arrays stand one after another without gaps: 20 bytes an address, 32 a word.
 * ---------------------------------------------------------------------------------------------------- */

/**
 * Values of `count` slots, slots[i] of addresses[i]: 32 bytes each to `out`. On a fork, everything that is missing is
 * fetched or queued at once; nothing is written unless all values are there.
 */
int state_manager_get_storage_batch(StateManagerHandle handle,
                                    const uint8_t *addresses,
                                    const uint8_t *slots,
                                    size_t count,
                                    uint8_t *out);

/** Sets `count` slots in order: slots[i] of addresses[i] to values[i]. */
int state_manager_set_storage_batch(StateManagerHandle handle,
                                    const uint8_t *addresses,
                                    const uint8_t *slots,
                                    const uint8_t *values,
                                    size_t count);

/**
 * `count` accounts: balances (32 bytes each), nonces, code hashes (32 bytes each) and statuses
 * (STATE_MANAGER_ACCOUNT_…), each output NULL where it is not wanted. On a fork, everything that is missing is fetched
 * or queued at once; nothing is written unless all accounts are there.
 */
int state_manager_get_account_batch(StateManagerHandle handle,
                                    const uint8_t *addresses,
                                    size_t count,
                                    uint8_t *out_balances,
                                    uint64_t *out_nonces,
                                    uint8_t *out_code_hashes,
                                    int *out_statuses);

/** Sets balances (32 bytes each) and nonces of `count` accounts in order; an array is NULL where it is not wanted. */
int state_manager_set_account_batch(StateManagerHandle handle,
                                    const uint8_t *addresses,
                                    const uint8_t *balances,
                                    const uint64_t *nonces,
                                    size_t count);

/* ----------------------------------------------------------------------------------------------------
 * State manager: checkpoints, snapshots, changes
 * ---------------------------------------------------------------------------------------------------- */

/** Opens a checkpoint inside those that are open. O(1), whatever the size of the state. */
int state_manager_checkpoint(StateManagerHandle handle);

/**
 * Undoes everything since the innermost checkpoint and closes it; snapshots taken since die. NO_CHECKPOINT when none
 * is open.
 */
int state_manager_revert(StateManagerHandle handle);

/**
 * Closes the innermost checkpoint and keeps what was written since; snapshots live on. NO_CHECKPOINT when none is
 * open.
 */
int state_manager_commit(StateManagerHandle handle);

/** Number of open checkpoints. */
int state_manager_checkpoint_depth(StateManagerHandle handle, size_t *out_depth);

/**
 * Takes a snapshot. Ids count from 1 and are never reused, whatever checkpoints are open. O(1). What is written since
 * is remembered until the snapshot dies, or is deleted with state_manager_delete_snapshot.
 */
int state_manager_snapshot(StateManagerHandle handle,
                           uint64_t *out_id);

/**
 * Undoes everything since the snapshot, which dies together with every newer one and with the checkpoints opened
 * since. INVALID_SNAPSHOT for an id that was never given, or is dead.
 */
int state_manager_revert_to_snapshot(StateManagerHandle handle,
                                     uint64_t id);

/**
 * Forgets a snapshot and keeps what was written since; other snapshots and checkpoints live on. INVALID_SNAPSHOT for
 * an id that was never given, or is dead.
 */
int state_manager_delete_snapshot(StateManagerHandle handle,
                                  uint64_t id);

/**
 * What really differs between a snapshot (or, with `snapshot_id` 0, the opening of the innermost checkpoint) and now,
 * as JSON:
 *
 *   {"storage":[{"address","slot","originalValue","newValue"}],
 *    "balances":[{"address","originalBalance","newBalance"}],
 *    "nonces":[{"address","originalNonce","newNonce"}],
 *    "codes":[{"address","code"}],
 *    "selfDestructs":[address]}
 *
 * Slots and their values are 32-byte 0x hex, balances and nonces 0x quantities; each list is in ascending order.
 * Deleted accounts are in selfDestructs, and what they had in the other lists. On a fork, `"clearedStorage":[address]`
 * is added for accounts whose storage was cleared while they still exist: of their slots, only those written locally
 * are listed. NO_CHECKPOINT when none is open, INVALID_SNAPSHOT for an id that was never given, or is dead.
 *
 * Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
 * alone.
 */
int state_manager_get_changes(StateManagerHandle handle,
                              uint64_t snapshot_id,
                              char *buf,
                              size_t buf_size,
                              size_t *out_len);

/* ----------------------------------------------------------------------------------------------------
 * State manager: the state as a whole
 * ---------------------------------------------------------------------------------------------------- */

/** The alloc object of geth's genesis file. */
#define STATE_MANAGER_DUMP_GENESIS_ALLOC 0

/** The file of `anvil --dump-state` and `--load-state`, without blocks and transactions. */
#define STATE_MANAGER_DUMP_ANVIL 1

/**
 * Accounts that were written locally and exist, in ascending order: at most `capacity` of those after the address
 * `after` (NULL: from the first), 20 bytes each to `out`, and their number to `out_count`. The listing is at its end
 * when that is less than `capacity`. Accounts that only the chain below a fork has are not listed.
 */
int state_manager_list_accounts(StateManagerHandle handle,
                                const uint8_t *after,
                                uint8_t *out,
                                size_t capacity,
                                size_t *out_count);

/**
 * Slots of the account that were written locally and are not zero, in ascending order: at most `capacity` of those
 * after the slot `after` (32 bytes; NULL: from the first), 32 bytes each to `out_slots`, their values, 32 bytes each,
 * to `out_values`, and their number to `out_count`. The listing is at its end when that is less than `capacity`. Slots
 * that only the chain below a fork has are not listed.
 */
int state_manager_list_storage(StateManagerHandle handle,
                               const uint8_t *address,
                               const uint8_t *after,
                               uint8_t *out_slots,
                               uint8_t *out_values,
                               size_t capacity,
                               size_t *out_count);

/**
 * Every account that was written locally and exists, with its local slots, as JSON: STATE_MANAGER_DUMP_GENESIS_ALLOC
 * or STATE_MANAGER_DUMP_ANVIL. On a fork, fields that were not written locally are fetched or queued at once; slots and
 * accounts never written locally are not part of it.
 *
 * Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
 * alone.
 */
int state_manager_dump(StateManagerHandle handle,
                       int format,
                       char *buf,
                       size_t buf_size,
                       size_t *out_len);

/**
 * Loads accounts from a dump of `dump_len` bytes and writes their number to `out_count` (NULL: not wanted): geth's
 * genesis alloc, bare or in its genesis file; the file of `anvil --dump-state`; the answer of `anvil_dumpState`. Each
 * account replaces what the state has at its address, others stay. All or nothing: a flaw, which the error text names,
 * leaves the state as it was. Undone by reverts like any write.
 */
int state_manager_load(StateManagerHandle handle,
                       const uint8_t *dump,
                       size_t dump_len,
                       size_t *out_count);

/** Forgets all local writes, checkpoints and snapshots; a fork below stays. Snapshot ids go on counting. */
int state_manager_reset(StateManagerHandle handle);

/** Forgets what can be made or fetched again; never a local write. */
int state_manager_clear_caches(StateManagerHandle handle);

/** Forgets what the fork below has fetched, for all state managers on it. No effect without fork. */
int state_manager_clear_fork_cache(StateManagerHandle handle);

/* ----------------------------------------------------------------------------------------------------
 * Fork backend: life
 * ---------------------------------------------------------------------------------------------------- */

/**
 * The host's functions for a fork whose requests it carries itself, blocking. Either of the two may be NULL; `send` is
 * taken when both are there.
 *
 * They are called on the thread that reads, and by several at once when several read. They leave their answer with
 * fork_reply_body or fork_reply_fail before they return 0; anything else they return fails the request as if the
 * connection had broken. They may use other handles, and of their own fork's and state manager's get INVALID_STATE.
 * They must not unwind (no longjmp, no exception) into the library.
 */
typedef struct ForkRpcVtable {
    /** sizeof(ForkRpcVtable). */
    size_t size;
    /**
     * Answers one JSON-RPC request: `params` is its JSON array. The reply's body is the result as JSON, or a whole
     * JSON-RPC response.
     */
    int (*request)(void *rpc_client, const char *method, const char *params, ForkReplyHandle reply);
    /**
     * POSTs one JSON-RPC body, a request or a batch, of `body_len` bytes (and a NUL). The reply's body is the body of
     * the node's answer. `timeout_ms` is the time that is left for it.
     */
    int (*send)(void *rpc_client,
                const char *body,
                size_t body_len,
                uint64_t timeout_ms,
                ForkReplyHandle reply);
} ForkRpcVtable;

/** Leaves the answer, copied. A later one replaces it. */
int fork_reply_body(ForkReplyHandle reply, const uint8_t *body, size_t body_len);

/**
 * Leaves a failure instead. `http_status` is the HTTP status of the node's answer: 408, 429 and 5xx are tried again,
 * after `retry_after_ms` at least. With status 0 the connection failed, which is tried again too. `message` may be NULL.
 */
int fork_reply_fail(ForkReplyHandle reply,
                    uint16_t http_status,
                    uint64_t retry_after_ms,
                    const char *message);

/** A ForkRpcVtable to begin with: everything at its default. */
#define FORK_RPC_VTABLE_INIT {sizeof(ForkRpcVtable), 0, 0}

/** eth_getProof while the node has it, from then on as FORK_ACCOUNTS_FIELDS; found out once. */
#define FORK_ACCOUNTS_AUTO 0

/** eth_getProof only. */
#define FORK_ACCOUNTS_PROOF 1

/** eth_getBalance, eth_getTransactionCount, eth_getCode and eth_getStorageAt. */
#define FORK_ACCOUNTS_FIELDS 2

/**
 * How fork_backend_open opens a fork. Begin with FORK_BACKEND_OPTIONS_INIT; 0 or NULL stands for the default.
 *
 * Who carries the requests: the library itself, over HTTP, when `url` is given; the callbacks of `rpc_vtable` when that
 * is given; the host, with fork_backend_next_request or fork_backend_next_batch, when neither is.
 */
typedef struct ForkBackendOptions {
    /** sizeof(ForkBackendOptions). */
    size_t size;
    /** http:// or https:// URL of the node. Several, separated by spaces or newlines, are tried in turn. */
    const char *url;
    /** HTTP headers for each request, one "Name: value" a line. */
    const char *headers;
    /** PEM file of certificate authorities trusted besides the built-in ones. */
    const char *ca_file;
    /** First argument of the callbacks. */
    void *rpc_client;
    /**
     * Callbacks. Copied; the functions and `rpc_client` are used until the fork and every state manager on it are
     * destroyed.
     */
    const ForkRpcVtable *rpc_vtable;
    /**
     * Block to fork from: decimal or 0x number, 32-byte 0x hash, "latest" (default), "safe", "finalized" or
     * "earliest". Resolved once. "pending" is refused.
     */
    const char *block;
    /** One of FORK_ACCOUNTS_…. */
    int account_source;
    /** How often a request is sent at most, for each URL. Default 4. */
    uint32_t max_attempts;
    /** Entries that each of the caches of accounts, slots and code keeps. Default 10,000. */
    size_t max_cache_size;
    /** Bytes of code that the code cache keeps. Default 256 MiB. */
    size_t max_code_bytes;
    /** Milliseconds for one HTTP request. Default 30,000. */
    uint32_t request_timeout_ms;
    /** Milliseconds for one read with all attempts and the pauses between them. Default 120,000. */
    uint32_t total_timeout_ms;
    /**
     * Longest pause before the second attempt, in milliseconds; it doubles with each further one, and the real pause
     * is random between zero and that. Default 250.
     */
    uint32_t backoff_initial_ms;
    /** Limit to its growth, in milliseconds. Default 8,000. */
    uint32_t backoff_max_ms;
    /** JSON-RPC requests in one HTTP body at most; halved when the node refuses. Default 100. */
    size_t max_batch;
    /** Slots in one eth_getProof at most. Default 256. */
    size_t max_slots_per_request;
    /** Longest answer, in bytes. Default 64 MiB. */
    size_t max_response_bytes;
} ForkBackendOptions;

/** A ForkBackendOptions to begin with: everything at its default. */
#define FORK_BACKEND_OPTIONS_INIT {sizeof(ForkBackendOptions), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/** Fetch the code as well. */
#define FORK_PREFETCH_CODE 1

/**
 * The plain way to a fork: it asks with eth_getProof and eth_getCode only and passes `block_tag` on as given
 * ("pending" is refused), in each request. With `rpc_vtable` NULL the host carries the requests, with
 * fork_backend_next_request and fork_backend_continue; `rpc_client` must then be NULL. `max_cache_size` 0 stands for
 * 10,000 entries. NULL on failure: worldstate_last_error(NULL, …) says why. fork_backend_open does all the rest.
 */
ForkBackendHandle fork_backend_create(void *rpc_client,
                                      const ForkRpcVtable *rpc_vtable,
                                      const char *block_tag,
                                      size_t max_cache_size);

/**
 * Opens a fork and writes its handle to `out`. Over HTTP or callbacks, the block and the chain id are asked for at
 * once; with the host as carrier they are the first requests it gets.
 */
int fork_backend_open(const ForkBackendOptions *options,
                      ForkBackendHandle *out);

/**
 * Destroys the handle. State managers on the fork go on; the fork itself ends with the last of them. With the host as
 * carrier nobody can answer then: what is not fetched yet stays RPC_PENDING. NULL and dead handles are ignored.
 */
void fork_backend_destroy(ForkBackendHandle handle);

/** Forgets everything fetched so far. Open requests stay open. */
int fork_backend_clear_cache(ForkBackendHandle handle);

/**
 * The block that the fork is pinned to: chain id, number and hash (32 bytes), each output NULL where it is not wanted.
 * RPC_PENDING while the host has not answered yet; INVALID_STATE for a fork of fork_backend_create, which is not
 * pinned.
 */
int fork_backend_get_block(ForkBackendHandle handle,
                           uint64_t *out_chain_id,
                           uint64_t *out_number,
                           uint8_t *out_hash);

/**
 * Makes `count` accounts (20 bytes each) with their slots ready in as few round trips as the limits allow.
 * `slot_counts[i]` is the number of slots of addresses[i], and `slots` has the slots of all of them one after another,
 * 32 bytes each; `slot_counts` may be NULL for no slots. `flags` is 0 or FORK_PREFETCH_CODE. With the host as carrier:
 * RPC_PENDING while requests are open, SUCCESS once everything is there.
 */
int fork_backend_prefetch(ForkBackendHandle handle,
                          const uint8_t *addresses,
                          const size_t *slot_counts,
                          size_t count,
                          const uint8_t *slots,
                          uint32_t flags);

/** What a fork has done since it was opened, and what it holds now. Begin with FORK_BACKEND_STATS_INIT. */
typedef struct ForkBackendStats {
    /** sizeof(ForkBackendStats). */
    size_t size;
    /** Reads that the cache answered, but for each value's first, which is what it was asked for. */
    uint64_t hits;
    /** Values that had to be asked for. */
    uint64_t misses;
    /** Reads that waited for a request which another thread had already sent. */
    uint64_t deduplicated;
    /** JSON-RPC requests handed to the transport or the host, repeated ones included. */
    uint64_t requests;
    /** HTTP bodies handed to the transport or the host; a request taken alone counts as one. */
    uint64_t bodies;
    /** Bytes of those bodies (of the parameters, for requests taken alone). */
    uint64_t bytes_sent;
    /** Bytes of the answers, after decompression. */
    uint64_t bytes_received;
    /** JSON-RPC requests that had to be sent once more after a failure. */
    uint64_t retries;
    /** JSON-RPC requests given up. */
    uint64_t failures;
    /** Times that the size of batches was halved because the node refused one. */
    uint64_t batch_splits;
    /** Entries that a full cache dropped. */
    uint64_t evictions;
    /** Accounts held now. */
    uint64_t accounts;
    /** Slots held now. */
    uint64_t slots;
    /** Codes held now. */
    uint64_t codes;
    /** Bytes of the codes held now. */
    uint64_t code_bytes;
    /** Values asked for and not answered yet. */
    uint64_t pending;
} ForkBackendStats;

/**
 * Counters of the fork and all state managers on it, to a struct that begins with its size: of a shorter, older one
 * only the fields that it has are written.
 */
int fork_backend_stats(ForkBackendHandle handle,
                       struct ForkBackendStats *out_stats);

/** A ForkBackendStats to begin with: everything at its default. */
#define FORK_BACKEND_STATS_INIT {sizeof(ForkBackendStats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* ----------------------------------------------------------------------------------------------------
 * Fork backend: the host carries the requests
 * Of a fork without URL and callbacks. A read that gives RPC_PENDING has queued its request; take requests
 * (one at a time, or as whole JSON-RPC bodies), send them, hand the answers back, and read again.
 * ---------------------------------------------------------------------------------------------------- */

/**
 * Takes the next request: its id, and method and params (a JSON array) as text with NUL, their lengths without the
 * NUL. Slots of one account go into one eth_getProof, as many as fit into `params_size`.
 *
 * NO_PENDING_REQUEST when none is queued. OUTPUT_TOO_SMALL when method or params do not fit: both lengths are set and
 * the request stays queued. NULL buffers with size 0 ask for the lengths that way. May be called again before any
 * answer: all that is wanted can be under way at once.
 */
int fork_backend_next_request(ForkBackendHandle handle,
                              uint64_t *out_request_id,
                              char *out_method,
                              size_t method_size,
                              size_t *out_method_len,
                              char *out_params,
                              size_t params_size,
                              size_t *out_params_len);

/**
 * Hands back the answer to a request, in any order: the JSON `result`, or a whole JSON-RPC response, whose error then
 * counts as with fork_backend_fail.
 *
 * INVALID_REQUEST when the id is not open, or the answer is not JSON or does not fit the request: nothing of it is
 * kept, and the request stays open for another answer.
 */
int fork_backend_continue(ForkBackendHandle handle,
                          uint64_t request_id,
                          const uint8_t *response,
                          size_t response_len);

/**
 * Says that a request failed: `code` is the JSON-RPC error code, or the HTTP status, or 0; `message` says what
 * happened. What may pass (429, 5xx, timeouts, limits) is queued again up to the fork's attempts; else the next read of
 * what was asked for gives RPC_FAILED with the message, and the read after that asks again.
 */
int fork_backend_fail(ForkBackendHandle handle,
                      uint64_t request_id,
                      int64_t code,
                      const char *message);

/**
 * Takes everything queued, up to `max_requests` requests (0: up to the fork's batch size), as one JSON-RPC body to POST
 * as it is: an array, or a single object for a single request. Writes text and NUL to `out_body`, the length without
 * the NUL to `out_body_len`, the batch's id to `out_batch_id`, and to `out_count` (NULL: not wanted) the number of
 * requests in it.
 *
 * NO_PENDING_REQUEST when none is queued. OUTPUT_TOO_SMALL when the body does not fit: the length is set and all stays
 * queued. NULL with size 0 asks for the length that way.
 */
int fork_backend_next_batch(ForkBackendHandle handle,
                            size_t max_requests,
                            uint64_t *out_batch_id,
                            char *out_body,
                            size_t body_size,
                            size_t *out_body_len,
                            size_t *out_count);

/**
 * Hands back the node's answer to a batch, as it came: elements in any order, each a result or an error.
 *
 * What is right in it is kept whatever else is in it. RPC_FAILED when elements are missing, which are queued again;
 * INVALID_REQUEST when the batch is not open, the body is not JSON, or elements do not fit their requests, which then
 * stay queued. A single error object for the whole batch means that the node refuses batches of this size: everything
 * is queued again, for smaller ones.
 */
int fork_backend_continue_batch(ForkBackendHandle handle,
                                uint64_t batch_id,
                                const uint8_t *body,
                                size_t body_len);

/**
 * Says that a batch as a whole failed, as fork_backend_fail does of one request. `code` 413 queues it again in smaller
 * pieces.
 */
int fork_backend_fail_batch(ForkBackendHandle handle,
                            uint64_t batch_id,
                            int64_t code,
                            const char *message);

#ifdef __cplusplus
}
#endif

#endif /* WORLDSTATE_H */
