/* worldstate: Ethereum's world state as a C library. Generated from the sources; do not edit.
 *
 * - int functions return STATE_MANAGER_SUCCESS (0) or a negative status; worldstate_last_error() has the text.
 * - Outputs are written only on success, except lengths, which OUTPUT_TOO_SMALL sets too, and AsyncRequest, which
 *   says EVM_OUTPUT_ERROR where its call fails.
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

/** Executes transactions and messages over a state manager. Opaque. */
typedef struct EvmExecutor EvmExecutor;

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

/**
 * Names an executor. Lives from its create to its destroy; the state manager must live as long. May be used from any
 * thread; of several at once, one gets in and the others wait, also while it fetches over HTTP.
 */
typedef struct EvmExecutor *EvmHandle;

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

/** An answer or a proof does not match the trusted state root or block hash. */
#define STATE_MANAGER_ERROR_PROOF_INVALID (-13)

/** The persistent cache, or a recording, cannot be read or written. */
#define STATE_MANAGER_ERROR_CACHE (-14)

/** The value is neither cached nor recorded, and the fork is offline. */
#define STATE_MANAGER_ERROR_OFFLINE (-15)

/** A call out of order, such as one on a handle from inside its own callback. */
#define STATE_MANAGER_ERROR_INVALID_STATE (-16)

/** An execution cannot begin or go on: a refused transaction, or the host's failure. */
#define STATE_MANAGER_ERROR_EXECUTION (-17)

/** The node no longer has the state of the block: it is not an archive node. */
#define STATE_MANAGER_ERROR_STATE_PRUNED (-18)

/** The node has the state of the block, and gives no proofs for one so old. */
#define STATE_MANAGER_ERROR_PROOF_PRUNED (-19)

/** The node does not know the block. */
#define STATE_MANAGER_ERROR_BLOCK_NOT_FOUND (-20)

/** The node is on another chain than the expected one. */
#define STATE_MANAGER_ERROR_WRONG_CHAIN (-21)

/** The node has not the method. */
#define STATE_MANAGER_ERROR_UNSUPPORTED_METHOD (-22)

/** The block that the fork is pinned to is no longer part of the node's chain. */
#define STATE_MANAGER_ERROR_REORG (-23)

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
 * least 67. On a fork, local slots are applied to the chain's trie, over its proofs: failures as of
 * state_manager_get_state_root; none where the account was deleted or its storage cleared, which needs no proof.
 */
int state_manager_get_storage_root(StateManagerHandle handle,
                                   const char *address_hex,
                                   char *out,
                                   size_t out_size);

/**
 * Root of the state trie, as `0x` and 64 digits. `out_size` is at least 67.
 *
 * On a fork, all that was written locally is applied to the chain's trie, over the proofs of the accounts and slots
 * that it concerns, which are fetched or queued in one go: the result is the root of the whole state. A slot or account
 * that is removed and leaves one other node alone in its branch needs that node too, which is fetched where its path is
 * at most 5 nibbles long. INVALID_STATE, naming the node, where the proofs do not suffice; INVALID_STATE on a fork that
 * keeps no proofs.
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

/**
 * The account of 20 bytes, and `slot_count` slots of it of 32 bytes each, with their proofs under the state root, as the
 * JSON object that eth_getProof answers with: address, accountProof, balance, codeHash, nonce, storageHash, and
 * storageProof with key, value and proof of each slot, in the order given. Keys are 32 bytes, numbers quantities. An
 * account or slot that does not exist has a proof of that; an absent account has the hashes of nothing.
 *
 * The root is that of state_manager_get_state_root, and so are the failures. Without fork, a call costs a pass over all
 * accounts, and the first one after a write a pass over all slots too.
 *
 * Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
 * alone.
 */
int state_manager_get_proof(StateManagerHandle handle,
                            const uint8_t *address,
                            const uint8_t *slots,
                            size_t slot_count,
                            char *buf,
                            size_t buf_size,
                            size_t *out_len);

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

/**
 * eth_getProof, or as FORK_ACCOUNTS_FIELDS once the node turns out not to have it, or to take long for it: where 64
 * accounts or more are asked for at once over URLs and without a rate limit, 16 of them show that, and more than 1 ms for
 * each is long.
 */
#define FORK_ACCOUNTS_AUTO 0

/** eth_getProof only. */
#define FORK_ACCOUNTS_PROOF 1

/** eth_getBalance, eth_getTransactionCount, eth_getCode and eth_getStorageAt. */
#define FORK_ACCOUNTS_FIELDS 2

/** Answers are believed. */
#define FORK_VERIFY_OFF 0

/**
 * Answers are checked against the state root in the header whose hash is `trusted`. Where `block` is the newest, the
 * default, this one takes its place. Hashes of earlier blocks are checked by the headers between, 1,024 at most.
 */
#define FORK_VERIFY_BLOCK_HASH 1

/**
 * Answers are checked against the state root `trusted`, which the header of the block must have; what else it says is
 * only known to be consistent.
 */
#define FORK_VERIFY_STATE_ROOT 2

/** What was given up or set aside. */
#define FORK_LOG_ERROR 1

/** What will be tried again. */
#define FORK_LOG_WARNING 2

/** What was opened, found out, learnt. */
#define FORK_LOG_INFO 3

/** Each body sent and each answer. */
#define FORK_LOG_DEBUG 4

/**
 * How fork_backend_open opens a fork. Begin with FORK_BACKEND_OPTIONS_INIT; 0 or NULL stands for the default.
 *
 * Who carries the requests: the library itself, over HTTP, when `url` is given; the callbacks of `rpc_vtable` when that
 * is given; the host, with fork_backend_next_request or fork_backend_next_batch, when neither is.
 */
typedef struct ForkBackendOptions {
    /** sizeof(ForkBackendOptions). */
    size_t size;
    /**
     * http:// or https:// URL of the node, or (on Unix) the path of its IPC socket: "ipc:///path", "/path", or a path
     * that ends in ".ipc". Several, separated by spaces or newlines, are tried in turn.
     */
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
    /** HTTP bodies under way at once. Default 8. */
    size_t max_concurrent;
    /** JSON-RPC requests a second at most. Default: no limit. Not for the host's own carrying. */
    uint32_t requests_per_second;
    /** Compute units a second at most, as providers count them. Default: no limit. Not for the host's own carrying. */
    uint32_t compute_units_per_second;
    /** What FORK_VERIFY_… needs: 32 bytes. With FORK_VERIFY_BLOCK_HASH NULL stands for the hash that `block` is. */
    const uint8_t *trusted;
    /**
     * One of FORK_VERIFY_…: every account, slot and code is checked, or believed. A wrong answer is PROOF_INVALID, kept
     * nowhere, and asked for at the next URL where there is one.
     */
    int verify;
    /** Not 0: never ask a node. What is neither in the cache nor in the recording is OFFLINE. Needs no carrier. */
    int offline;
    /** Bytes of trie nodes kept in memory for proofs and state roots. Default 256 MiB. */
    size_t max_proof_bytes;
    /** The chain id that the node must have: another one is WRONG_CHAIN. Default: any. */
    uint64_t chain_id;
    /**
     * Names the network in the persistent cache beside its chain id, for chains that share one. Default: the hash of
     * the genesis block.
     */
    const char *network;
    /**
     * Directory of the persistent cache: one file a chain, for any number of processes. Created if it is not there.
     * Default: no persistent cache.
     */
    const char *cache_dir;
    /** Bytes that the file of a chain may have: older blocks leave it first. Default 8 GiB. */
    uint64_t cache_max_bytes;
    /** A block with so many on top of it is final: the cache knows it by its number too. Default 128. */
    uint64_t safe_depth;
    /** A file of fork_backend_export that values are read from. */
    const char *recording;
    /**
     * Milliseconds after which a block that is not final is looked up again, to notice that the chain has dropped it.
     * Default 12,000.
     */
    uint32_t reorg_check_ms;
    /**
     * Not 0: keep what executions touch, for each contract and selector, so that the next one with the same asks for
     * all of it at once. In the persistent cache where there is one.
     */
    int remember_touched;
    /**
     * Told what happens, one line at a time, without a newline. Called on threads that are inside a call of this
     * library, by several at once when several are, and on no others. It must not call the fork, and must not unwind.
     * Default: nobody is told anything.
     */
    void (*log)(void *context, int level, const char *text);
    /** First argument of `log`; used until the fork and every state manager on it are destroyed. */
    void *log_context;
    /** The least important of FORK_LOG_… that is told. Default FORK_LOG_WARNING. */
    int log_level;
    /** 0. */
    int reserved;
} ForkBackendOptions;

/** A ForkBackendOptions to begin with: everything at its default. */
#define FORK_BACKEND_OPTIONS_INIT {sizeof(ForkBackendOptions), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

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

/**
 * The block that the fork is pinned to: chain id, number and hash (32 bytes), each output NULL where it is not wanted.
 * RPC_PENDING while the host has not answered yet; INVALID_STATE for a fork of fork_backend_create, which is not
 * pinned.
 */
int fork_backend_get_block(ForkBackendHandle handle,
                           uint64_t *out_chain_id,
                           uint64_t *out_number,
                           uint8_t *out_hash);

/** Fetch the code as well. */
#define FORK_PREFETCH_CODE 1

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

/** fork_backend_prefetch for an access list (EIP-2930): JSON as eth_createAccessList returns it, or the array alone. */
int fork_backend_prefetch_access_list(ForkBackendHandle handle,
                                      const char *access_list,
                                      uint32_t flags);

/**
 * fork_backend_prefetch for `count` slots of one account (20 bytes), beginning with `first_slot` (32 bytes): an array in
 * storage, for instance. After the last slot, 2^256 - 1, comes slot 0.
 */
int fork_backend_prefetch_range(ForkBackendHandle handle,
                                const uint8_t *address,
                                const uint8_t *first_slot,
                                size_t count);

/**
 * Forgets everything that was fetched and is held in memory. Open requests stay open; the persistent cache and
 * recordings stay too.
 */
int fork_backend_clear_cache(ForkBackendHandle handle);

/**
 * Writes what was fetched to the persistent cache, and waits until it is on the disk. Without this call it is written
 * within a second, and when the fork ends. INVALID_STATE for a fork without cache_dir, CACHE when the disk refuses.
 *
 * Of a block that is not final, only what a look at the chain has confirmed is written. Where the library or callbacks
 * carry the requests, this call looks: REORG when the block has left the chain, RPC_FAILED when that cannot be found out.
 */
int fork_backend_flush(ForkBackendHandle handle);

/**
 * Writes everything that the fork holds of its block to a file (a recording): what the persistent cache has of it, what
 * was imported, and what the cache in memory has not dropped. The file is there whole or not at all; one of this name
 * is replaced. CACHE when it cannot be written, INVALID_STATE for a fork that is not pinned.
 *
 * With the option `recording`, and `offline`, another fork answers from it on a machine without a network. Trie nodes
 * that are in memory are written too, for state_manager_get_proof and state roots. A fork that verifies asks for those
 * that prove the values and that it no longer holds.
 */
int fork_backend_export(ForkBackendHandle handle,
                        const char *path);

/**
 * Reads a file of fork_backend_export: what it holds is answered from then on, and written to the persistent cache where
 * there is one. CACHE for a file that cannot be read, was cut or altered; INVALID_INPUT for one of another chain or
 * block; PROOF_INVALID when the fork verifies and the file does not prove its values. Nothing of it is kept then.
 */
int fork_backend_import(ForkBackendHandle handle,
                        const char *path);

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
    /** Answers that were checked against the trusted state root and were right. */
    uint64_t verified;
    /** Answers that were checked and were wrong. */
    uint64_t verify_failures;
    /** Trie nodes held now. */
    uint64_t proof_nodes;
    /** Bytes of those nodes. */
    uint64_t proof_bytes;
    /** Reads that the persistent cache or a recording answered. */
    uint64_t stored_hits;
    /** Values written to the persistent cache, by all forks of the process that have it open. */
    uint64_t stored_writes;
    /** Values of theirs that were not written, because the disk did not keep up or refused. */
    uint64_t stored_dropped;
    /** Times that a body waited for the rate limit. */
    uint64_t throttled;
    /** Times that the pinned block was found to have left the chain. */
    uint64_t reorgs;
} ForkBackendStats;

/**
 * Counters of the fork and all state managers on it, to a struct that begins with its size: of a shorter, older one
 * only the fields that it has are written.
 */
int fork_backend_stats(ForkBackendHandle handle,
                       struct ForkBackendStats *out_stats);

/** A ForkBackendStats to begin with: everything at its default. */
#define FORK_BACKEND_STATS_INIT {sizeof(ForkBackendStats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/**
 * What the requests of one JSON-RPC method have cost. Begin with FORK_BACKEND_METHOD_STATS_INIT.
 *
 * Latencies are in microseconds, from sending (or handing out) to the answer, right to 1 percent; all requests of one
 * body have the latency of the body.
 */
typedef struct ForkBackendMethodStats {
    /** sizeof(ForkBackendMethodStats). */
    size_t size;
    /** Requests handed to the transport or the host, repeated ones included. */
    uint64_t requests;
    /** Requests given up. */
    uint64_t failures;
    /** Bytes of the requests. */
    uint64_t bytes_sent;
    /** Bytes of the answers: of each body's, the share that the method's answers have in it. */
    uint64_t bytes_received;
    /** Answers whose latency was measured. */
    uint64_t count;
    /** Half of the answers took no longer. */
    uint64_t p50_us;
    /** 90 percent of the answers took no longer. */
    uint64_t p90_us;
    /** 99 percent of the answers took no longer. */
    uint64_t p99_us;
    /** The slowest answer. */
    uint64_t max_us;
} ForkBackendMethodStats;

/**
 * What the requests of `method`, such as "eth_getProof", have cost; all zero for a method that was never sent. Written
 * to a struct that begins with its size, as fork_backend_stats does.
 */
int fork_backend_method_stats(ForkBackendHandle handle,
                              const char *method,
                              struct ForkBackendMethodStats *out_stats);

/**
 * All counters as one JSON object: those of ForkBackendStats under their names in camelCase ("bytesSent"), and under
 * "methods" an object for each method that was sent, with the fields of ForkBackendMethodStats ("p50Us"). Text and NUL
 * to `out`, the length without the NUL to `out_len`; OUTPUT_TOO_SMALL when it does not fit.
 */
int fork_backend_metrics_json(ForkBackendHandle handle,
                              char *out,
                              size_t out_size,
                              size_t *out_len);

/** A ForkBackendMethodStats to begin with: everything at its default. */
#define FORK_BACKEND_METHOD_STATS_INIT {sizeof(ForkBackendMethodStats), 0, 0, 0, 0, 0, 0, 0, 0, 0}

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

/* ----------------------------------------------------------------------------------------------------
 * Proofs
 * Checks of what a node said, without fork and without network.
 * ---------------------------------------------------------------------------------------------------- */

/**
 * Checks the answer of a node to eth_getProof (EIP-1186), or the whole JSON-RPC response, against the 32 bytes of a
 * state root: balance, nonce, code hash, storage root, and the value of each of its slots, whether the account is
 * there or not. PROOF_INVALID when anything does not match, is missing, or is there beyond what proves it; the error
 * text names what. INVALID_INPUT for a text that is not JSON, or a response without result.
 *
 * The answer must be for `address` (20 bytes), and each of the `slot_count` slots (32 bytes each) among those that it
 * proves. With NULL and 0 it may be for any account and any slots: then look that they are the ones that were meant.
 */
int worldstate_verify_proof(const uint8_t *state_root,
                            const uint8_t *address,
                            const uint8_t *slots,
                            size_t slot_count,
                            const char *proof_json);

/**
 * Checks that a block header in JSON has the hash `block_hash` (32 bytes), which is computed from its fields, and
 * writes the 32 bytes of its state root. A block, as eth_getBlockByNumber gives it, does, and so does the whole
 * JSON-RPC response. PROOF_INVALID when the hash is another or a field is missing; INVALID_INPUT as for
 * worldstate_verify_proof.
 */
int worldstate_verify_header(const uint8_t *block_hash,
                             const char *header_json,
                             uint8_t *out_state_root);

/* ----------------------------------------------------------------------------------------------------
 * Evm: life
 * Executes transactions and messages over a state manager. In a library with the cargo feature evm, which is
 * the default.
 * ---------------------------------------------------------------------------------------------------- */

/**
 * The host is asked for what neither the state manager nor a fork below it has. Without this, what a state manager
 * without fork does not hold is absent, zero, empty.
 */
#define EVM_ASK_HOST 1

/** The sender may spend more than it has. */
#define EVM_NO_BALANCE_CHECK 2

/** The transaction's nonce need not be the sender's. */
#define EVM_NO_NONCE_CHECK 4

/** The fee may be below the block's base fee. */
#define EVM_NO_BASE_FEE_CHECK 8

/** Code and init code may be of any size (EIP-170, EIP-3860). */
#define EVM_NO_CODE_SIZE_LIMIT 16

/** The transaction's gas limit may be above the block's. */
#define EVM_NO_BLOCK_GAS_LIMIT 32

/** A contract may send a transaction (EIP-3607). */
#define EVM_NO_SENDER_CODE_CHECK 64

/** Nothing is charged for gas, and nobody is paid. */
#define EVM_NO_FEE 128

/** One thing is asked for after the other. */
#define EVM_RUN_AHEAD_OFF 0

/** What else will be needed is found by running on with provisional values, which never reach the execution itself. */
#define EVM_RUN_AHEAD_ON 1

/** The node is asked with eth_createAccessList; where it cannot tell, as EVM_RUN_AHEAD_ON. */
#define EVM_RUN_AHEAD_ACCESS_LIST 2

/** The node is asked with debug_traceCall and its prestateTracer; where it cannot tell, as EVM_RUN_AHEAD_ACCESS_LIST. */
#define EVM_RUN_AHEAD_PRESTATE 3

/** Rules and switches of an executor. Begin with EVM_OPTIONS_INIT; 0 or NULL stands for the default. */
typedef struct EvmOptions {
    /** sizeof(EvmOptions). */
    size_t size;
    /**
     * Name of the hardfork in any case, such as "cancun", or its number: 0 Frontier, 1 Homestead, 2 Tangerine, 3
     * SpuriousDragon, 4 Byzantium, 5 Petersburg, 6 Istanbul, 7 Berlin, 8 London, 9 Paris, 10 Shanghai, 11 Cancun, 12
     * Prague, 13 Osaka. Default: the newest.
     */
    const char *hardfork;
    /** What CHAINID returns and a transaction's chain id has to be. Default 1. */
    uint64_t chain_id;
    /** EVM_ASK_HOST and EVM_NO_… together. */
    uint32_t flags;
    /** One of EVM_RUN_AHEAD_…. */
    int run_ahead;
    /** Storage values of the host that are kept within an execution once they have been read. Default 1,024. */
    size_t cache_size;
    /**
     * The largest gas limit of a transaction, and the gas of a JSON transaction that gives none. Default: EIP-7825's
     * from Osaka on, none before; a JSON transaction then gets the block's gas limit, or 50,000,000 without block.
     */
    uint64_t gas_cap;
    /** Addresses, 20 bytes each, of precompiled contracts that the host answers. */
    const uint8_t *precompiles;
    /** Their number. */
    size_t precompile_count;
} EvmOptions;

/** Counters of the execution that is under way or ended last. Begin with EVM_STATS_INIT. */
typedef struct EvmStats {
    /** sizeof(EvmStats). */
    size_t size;
    /** Values that were missing when the execution came to them, or were fetched ahead and used. Known at its end. */
    uint64_t needed;
    /** Times that it stopped for something missing. */
    uint64_t rounds;
    /** Values that were asked for ahead and not used. Known at its end. */
    uint64_t useless;
    /** Nanoseconds spent on running ahead. */
    uint64_t run_ahead_nanos;
    /** Reads of storage that the host's answers satisfied. */
    uint64_t cache_hits;
    /** Reads of storage that found no answer of the host. */
    uint64_t cache_misses;
    /** Storage values of the host that are kept. */
    uint64_t cached_slots;
    /** Storage values of the host that were dropped for others. */
    uint64_t cache_evictions;
} EvmStats;

/**
 * An executor over a state manager, with the default rules where `options` is NULL. The state manager stays the
 * caller's: the executor fails with INVALID_HANDLE once it is destroyed. NULL where it cannot be made.
 */
EvmHandle evm_create(StateManagerHandle state_manager,
                     const struct EvmOptions *options);

/** Destroys an executor, and with it an execution that is under way: nothing of it is in the state. NULL is a no-op. */
void evm_destroy(EvmHandle handle);

/** Counters, to a struct that begins with its size: of a shorter, older one only the fields that it has are written. */
int evm_stats(EvmHandle handle,
              struct EvmStats *out_stats);

/** A EvmOptions to begin with: everything at its default. */
#define EVM_OPTIONS_INIT {sizeof(EvmOptions), 0, 0, 0, 0, 0, 0, 0, 0}

/** A EvmStats to begin with: everything at its default. */
#define EVM_STATS_INIT {sizeof(EvmStats), 0, 0, 0, 0, 0, 0, 0, 0}

/* ----------------------------------------------------------------------------------------------------
 * Evm: what is executed, and where
 * None of this can be changed while an execution is under way, except for what is executed next.
 * ---------------------------------------------------------------------------------------------------- */

/**
 * A message call or creation without the transaction around it: no intrinsic gas, no fee, no nonce. Begin with
 * EVM_MESSAGE_INIT. Addresses are 20 bytes, words 32 big-endian bytes.
 */
typedef struct EvmMessage {
    /** sizeof(EvmMessage). */
    size_t size;
    /** Address of the caller. NULL: the zero address. */
    const uint8_t *caller;
    /** Address that ORIGIN returns. NULL: the caller. */
    const uint8_t *origin;
    /** Address whose storage and balance are used. NULL: a creation, with `input` as its init code. */
    const uint8_t *to;
    /** The code that runs. NULL: that of `to`. */
    const uint8_t *code;
    /** Its length. */
    size_t code_len;
    /** Wei that go from the caller to `to`, a word. NULL: none. */
    const uint8_t *value;
    /** Call data. */
    const uint8_t *input;
    /** Its length. */
    size_t input_len;
    /** Gas, all of it for the code. */
    uint64_t gas;
    /** What GASPRICE returns, in wei. Nothing is paid. */
    uint64_t gas_price;
    /** 1: the state must not be changed, as in STATICCALL. */
    uint32_t is_static;
    /** Zero. */
    uint32_t reserved;
} EvmMessage;

/**
 * Sets fields of the block from JSON as eth_getBlockByNumber returns it: number, timestamp, gasLimit, baseFeePerGas,
 * miner, mixHash, difficulty, excessBlobGas. Fields that are not given stay; others are ignored.
 */
int evm_set_block(EvmHandle handle,
                  const char *block_json);

/** The hash (32 bytes) of an earlier block, for BLOCKHASH. Comes before what a fork or the host would say. */
int evm_set_block_hash(EvmHandle handle, uint64_t number, const uint8_t *hash);

/**
 * Overrides of the block as eth_call takes them, for the executions to come: number, time, gasLimit, feeRecipient,
 * prevRandao, baseFeePerGas, blobBaseFee, difficulty, blockHash. NULL: none.
 */
int evm_set_block_overrides(EvmHandle handle,
                            const char *overrides_json);

/**
 * Overrides of the state as eth_call takes them, for the executions to come: `{address: {balance, nonce, code, state,
 * stateDiff, movePrecompileToAddress}}`. They are in force while code runs and never in the state manager; what ran on
 * them cannot be committed. NULL: none.
 */
int evm_set_state_overrides(EvmHandle handle,
                            const char *overrides_json);

/**
 * What evm_call_ffi executes: a signed transaction as eth_sendRawTransaction takes it, of type legacy, 2930, 1559,
 * 4844 (with or without blobs) or 7702. Stays set until another one is.
 */
int evm_set_transaction(EvmHandle handle,
                        const uint8_t *raw,
                        size_t raw_len);

/**
 * What evm_call_ffi executes: an unsigned transaction as eth_call takes it, or as eth_getTransactionByHash returns it:
 * from, to, gas, gasPrice, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, value, nonce, input, accessList,
 * blobVersionedHashes, authorizationList, type, chainId. What is not given is as in eth_call: without nonce it is not
 * checked, without fee gas is free, without gas it is the cap. Stays set until another one is.
 */
int evm_set_transaction_json(EvmHandle handle,
                             const char *transaction_json);

/** What evm_call_ffi executes: a message. Everything that it points to is copied. Stays set until another one is. */
int evm_set_message(EvmHandle handle,
                    const struct EvmMessage *message);

/** A EvmMessage to begin with: everything at its default. */
#define EVM_MESSAGE_INIT {sizeof(EvmMessage), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* ----------------------------------------------------------------------------------------------------
 * Evm: call and continue
 * An execution that comes to state which is not here stops, says what it needs, and goes on from that very
 * opcode once it is answered. Gas, and what is warm, are as if everything had been here from the start.
 * ---------------------------------------------------------------------------------------------------- */

/** It is over: evm_get_result has the result. */
#define EVM_OUTPUT_RESULT 0

/** The value of `slot` of `address` is needed. */
#define EVM_OUTPUT_NEED_STORAGE 1

/** The balance of `address` is needed. */
#define EVM_OUTPUT_NEED_BALANCE 2

/** The code of `address` is needed. */
#define EVM_OUTPUT_NEED_CODE 3

/** The nonce of `address` is needed. */
#define EVM_OUTPUT_NEED_NONCE 4

/**
 * It has ended, and its changes wait: evm_get_state_changes has them, EVM_CONTINUE_AFTER_COMMIT writes them into the
 * state manager, evm_discard does not.
 */
#define EVM_OUTPUT_READY_TO_COMMIT 5

/** The hash of the block is needed whose number is in `slot`. */
#define EVM_OUTPUT_NEED_BLOCK_HASH 6

/** The result of the precompiled contract `address` is needed: evm_get_precompile_call has the call. */
#define EVM_OUTPUT_NEED_PRECOMPILE 7

/**
 * The call failed: its status and worldstate_last_error say why. An execution that was under way still is, with its
 * question open.
 */
#define EVM_OUTPUT_ERROR 255

/** 84 bytes: address, slot, value. */
#define EVM_CONTINUE_WITH_STORAGE 1

/** 52 bytes: address, balance. */
#define EVM_CONTINUE_WITH_BALANCE 2

/** 20 bytes of address, then the code. */
#define EVM_CONTINUE_WITH_CODE 3

/** 28 bytes: address, nonce as 8 big-endian bytes. */
#define EVM_CONTINUE_WITH_NONCE 4

/** No bytes: writes the changes into the state manager. */
#define EVM_CONTINUE_AFTER_COMMIT 5

/** 40 bytes: number as 8 big-endian bytes, hash. */
#define EVM_CONTINUE_WITH_BLOCK_HASH 6

/** 20 bytes of address, one of EVM_PRECOMPILE_…, used gas as 8 big-endian bytes, then the output. */
#define EVM_CONTINUE_WITH_PRECOMPILE 7

/**
 * The host could not answer; the bytes are a text that says why. The call fails with EXECUTION and that text; the
 * question stays open, so that it can be answered later, or evm_abort can end it.
 */
#define EVM_CONTINUE_WITH_ERROR 255

/** The precompiled contract succeeded. */
#define EVM_PRECOMPILE_SUCCESS 0

/** It reverted: what gas is left goes back. */
#define EVM_PRECOMPILE_REVERT 1

/** It failed: all gas is used. */
#define EVM_PRECOMPILE_HALT 2

/** What an execution came to: 53 bytes without gaps. */
typedef struct AsyncRequest {
    /** One of EVM_OUTPUT_…. */
    uint8_t output_type;
    /** The account; zero where there is none. */
    uint8_t address[20];
    /** Big-endian; zero where there is none. */
    uint8_t slot[32];
} AsyncRequest;

/**
 * Begins the execution of what evm_set_transaction, evm_set_transaction_json or evm_set_message gave, and runs it until
 * something is missing or it has ended. INVALID_STATE while another one is under way or waits for its commit;
 * EXECUTION for a transaction that is refused, with the reason.
 *
 * What the state manager's fork can fetch by itself (HTTP, callbacks) is fetched meanwhile, in batches. Otherwise `out`
 * says what is needed first: answer it with evm_continue_ffi, or answer all of evm_pending with evm_answer and go on
 * with evm_resume, or serve the requests of the fork (fork_backend_next_batch) and go on with evm_resume.
 */
int evm_call_ffi(EvmHandle handle,
                 struct AsyncRequest *out);

/**
 * Answers and goes on. `continue_type` is one of EVM_CONTINUE_…, which say what `data` holds. An answer to something
 * that was not asked (INVALID_REQUEST), one that is too short or too long (INVALID_INPUT), and a continue while nothing
 * is asked (NO_PENDING_REQUEST) change nothing: the question stays open.
 */
int evm_continue_ffi(EvmHandle handle,
                     uint8_t continue_type,
                     const uint8_t *data,
                     size_t data_len,
                     struct AsyncRequest *out);

/**
 * Takes an answer as evm_continue_ffi does, and runs nothing: for answering all of evm_pending in any order. Answers
 * that were found to be wanted by running ahead may come until the end of the execution, or never.
 */
int evm_answer(EvmHandle handle,
               uint8_t continue_type,
               const uint8_t *data,
               size_t data_len);

/**
 * Goes on after evm_answer, after the requests of the fork were served, or after a call that failed (RPC_FAILED), and
 * says again what is needed while it still is.
 */
int evm_resume(EvmHandle handle,
               struct AsyncRequest *out);

/**
 * Executes without host: as evm_call_ffi, but something that only the host could answer ends the execution with
 * EXECUTION and a text that names it. On success the changes are written into the state manager (but for state
 * overrides), and evm_get_result has the result.
 */
int evm_execute(EvmHandle handle);

/**
 * Everything that is wanted now, what the execution waits for first: up to `capacity` of them to `out`, their number,
 * which may be greater, to `out_count`. 0 while nothing is.
 */
int evm_pending(EvmHandle handle,
                struct AsyncRequest *out,
                size_t capacity,
                size_t *out_count);

/**
 * Gives up the execution that is under way, or the changes and the result of one that has ended. No effect where there
 * is none.
 */
int evm_abort(EvmHandle handle);

/** Ends an execution that is ready to commit without writing its changes. Its result can be read as after a commit. */
int evm_discard(EvmHandle handle);

/**
 * As EVM_CONTINUE_AFTER_COMMIT, but opens a checkpoint of the state manager first: state_manager_revert takes the
 * execution back, state_manager_commit keeps it.
 */
int evm_commit_in_checkpoint(EvmHandle handle);

/* ----------------------------------------------------------------------------------------------------
 * Evm: results
 * ---------------------------------------------------------------------------------------------------- */

/** It returned, stopped, or destroyed itself. */
#define EVM_STATUS_SUCCESS 0

/** The code reverted. */
#define EVM_STATUS_REVERT 1

/** The rules of the EVM ended it: out of gas, invalid opcode… */
#define EVM_STATUS_HALT 2

/** The result of an execution. Begin with EVM_RESULT_INIT. */
typedef struct EvmResult {
    /** sizeof(EvmResult). */
    size_t size;
    /** One of EVM_STATUS_…. */
    uint32_t status;
    /** Number of logs. */
    uint32_t log_count;
    /** Gas that is paid for, after the refund; of a message, all that was used. */
    uint64_t gas_used;
    /** What of the gas limit is left. */
    uint64_t gas_remaining;
    /** The refund, which is already off `gas_used`; of a message, the refund counter, which is not. */
    uint64_t gas_refunded;
    /** Bytes of the output, for evm_get_output. */
    size_t output_len;
    /** The contract that a creation made; zero where there is none. */
    uint8_t created[20];
    /** 1 if it made one. */
    uint32_t has_created;
} EvmResult;

/**
 * The result, to a struct that begins with its size: of a shorter, older one only the fields that it has are written.
 * INVALID_STATE before an execution has ended; readable until the next one begins.
 */
int evm_get_result(EvmHandle handle,
                   struct EvmResult *out_result);

/**
 * The whole result as JSON: status, gasUsed, gasRemaining, gasRefunded, output, contractAddress, logs, revertReason,
 * haltReason. Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for
 * the length alone.
 */
int evm_get_result_json(EvmHandle handle,
                        char *buf,
                        size_t buf_size,
                        size_t *out_len);

/**
 * Why it did not succeed, in words: the decoded reason of a revert (Error, Panic, or the custom error's selector and
 * arguments), or the reason of a halt, such as "out of gas". Empty where it did. Text as of evm_get_result_json.
 */
int evm_get_failure(EvmHandle handle,
                    char *buf,
                    size_t buf_size,
                    size_t *out_len);

/** What was returned, or the data of a revert: `output_len` bytes of evm_get_result to `out`. */
int evm_get_output(EvmHandle handle, uint8_t *out, size_t out_size);

/**
 * One log, `index` below `log_count`: its address (20 bytes), its topics (32 bytes each, room for 4) and their number,
 * and its data to `out_data` with its length to `out_data_len`; OUTPUT_TOO_SMALL sets that length too. NULL with
 * `data_size` 0 asks for everything but the data.
 */
int evm_get_log(EvmHandle handle,
                size_t index,
                uint8_t *out_address,
                uint8_t *out_topics,
                size_t *out_topic_count,
                uint8_t *out_data,
                size_t data_size,
                size_t *out_data_len);

/**
 * What the execution changed, as JSON with the arrays storage, balances, nonces, codes and selfDestructs, as of
 * state_manager_get_changes. Length 0 before it has ended. Whole, however long.
 */
int evm_get_state_changes(EvmHandle handle,
                          char *buf,
                          size_t buf_size,
                          size_t *out_len);

/**
 * The accounts and slots that the execution came to as an access list (EIP-2930) in JSON, as eth_createAccessList
 * returns it: without what is warm anyway (the sender, the called account and what it delegates to, authorities,
 * created contracts, the beneficiary, precompiled contracts) unless slots of theirs were read.
 */
int evm_get_access_list(EvmHandle handle,
                        char *buf,
                        size_t buf_size,
                        size_t *out_len);

/**
 * The accounts that the execution came to as they were before it, in JSON as geth's prestateTracer writes it:
 * `{address: {balance, nonce, code, storage}}`. state_manager_load takes it.
 */
int evm_get_prestate(EvmHandle handle, char *buf, size_t buf_size, size_t *out_len);

/** A EvmResult to begin with: everything at its default. */
#define EVM_RESULT_INIT {sizeof(EvmResult), 0, 0, 0, 0, 0, 0, {0}, 0}

/* ----------------------------------------------------------------------------------------------------
 * Evm: a look inside
 * ---------------------------------------------------------------------------------------------------- */

/** The call of a precompiled contract that waits for the host. Begin with EVM_PRECOMPILE_CALL_INIT. */
typedef struct EvmPrecompileCall {
    /** sizeof(EvmPrecompileCall). */
    size_t size;
    /** Gas that it may use. */
    uint64_t gas;
    /** Bytes of its input. */
    size_t input_len;
    /** Wei that come with it, big-endian. */
    uint8_t value[32];
    /** The contract. */
    uint8_t address[20];
    /** Who calls it. */
    uint8_t caller[20];
    /** 1 if it must not change the state. */
    uint32_t is_static;
    /** Zero. */
    uint32_t reserved;
} EvmPrecompileCall;

/**
 * The calls that are under way as a JSON array, outermost first: address, codeAddress, caller, value, gasLimit,
 * isStatic, isCreate; the innermost has pc, opcode, gas, stack (bottom first) and memory besides, as before the
 * instruction that comes next. Empty before the first instruction and after the last.
 */
int evm_get_frames(EvmHandle handle,
                   char *buf,
                   size_t buf_size,
                   size_t *out_len);

/**
 * The call that EVM_OUTPUT_NEED_PRECOMPILE asks for, to a struct that begins with its size, and its input to `input`
 * (NULL with `input_size` 0: not wanted, the struct has its length). NO_PENDING_REQUEST where none waits.
 */
int evm_get_precompile_call(EvmHandle handle,
                            struct EvmPrecompileCall *out_call,
                            uint8_t *input,
                            size_t input_size);

/** Whether an execution is under way (1) or not (0), to `out_active`. */
int evm_is_active(EvmHandle handle, int *out_active);

/** A EvmPrecompileCall to begin with: everything at its default. */
#define EVM_PRECOMPILE_CALL_INIT {sizeof(EvmPrecompileCall), 0, 0, {0}, {0}, {0}, 0, 0}

/* ----------------------------------------------------------------------------------------------------
 * Evm: traces
 * ---------------------------------------------------------------------------------------------------- */

/** No trace. */
#define EVM_TRACE_OFF 0

/** EIP-3155: one JSON object a line for each operation, then one with the summary. */
#define EVM_TRACE_EIP3155 1

/** What debug_traceTransaction returns: one JSON object with structLogs. */
#define EVM_TRACE_STRUCT_LOGS 2

/** The whole memory ahead of each operation. */
#define EVM_TRACE_MEMORY 1

/** Without the stack. */
#define EVM_TRACE_NO_STACK 2

/** Struct logs: without the touched slots. */
#define EVM_TRACE_NO_STORAGE 4

/** Struct logs: what the last call returned. EIP-3155 has that anyway. */
#define EVM_TRACE_RETURN_DATA 8

/**
 * Traces the executions to come: `format` is one of EVM_TRACE_…, `flags` are EVM_TRACE_MEMORY and others together,
 * `limit` the bytes that an execution's operations may take (0: any number; the closing part says "truncated").
 * The text goes to the file descriptor `fd`, of which a duplicate is kept until the trace is turned off or the executor
 * destroyed, or into memory where `fd` is -1, for evm_get_trace. INVALID_STATE while an execution is under way.
 */
int evm_set_trace(EvmHandle handle,
                  int format,
                  uint32_t flags,
                  uint64_t limit,
                  int fd);

/**
 * The trace in memory, as text and NUL to `buf` with its length without the NUL to `out_len`; NULL with `buf_size` 0
 * asks for the length alone. Reading it to the end takes it: the next executions' traces follow from an empty text.
 * Fails with EXECUTION once if writing to the file descriptor failed.
 */
int evm_get_trace(EvmHandle handle,
                  char *buf,
                  size_t buf_size,
                  size_t *out_len);

#ifdef __cplusplus
}
#endif

#endif /* WORLDSTATE_H */
