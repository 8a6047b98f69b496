/** The statuses of the C interface, without their prefix STATE_MANAGER_ERROR_. */
export const STATUS = {
  SUCCESS: 0,
  INVALID_INPUT: -1,
  OUT_OF_MEMORY: -2,
  INVALID_SNAPSHOT: -3,
  RPC_FAILED: -4,
  INVALID_HEX: -5,
  RPC_PENDING: -6,
  NO_PENDING_REQUEST: -7,
  OUTPUT_TOO_SMALL: -8,
  INVALID_REQUEST: -9,
  INVALID_HANDLE: -10,
  NO_CHECKPOINT: -11,
  INTERNAL: -12,
  PROOF_INVALID: -13,
  CACHE: -14,
  OFFLINE: -15,
  INVALID_STATE: -16,
  EXECUTION: -17,
  STATE_PRUNED: -18,
  PROOF_PRUNED: -19,
  BLOCK_NOT_FOUND: -20,
  WRONG_CHAIN: -21,
  UNSUPPORTED_METHOD: -22,
  REORG: -23,
} as const;

/** A call of the library that failed. `message` is the library's text. */
export class WorldstateError extends Error {
  /** The status, a negative number. */
  readonly code: number;

  /** @param name The status' name, such as "STATE_MANAGER_ERROR_RPC_FAILED". */
  constructor(code: number, name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = name;
  }
}

/** An argument is missing, or has no meaning here. */
export class InvalidInputError extends WorldstateError {}
/** An allocation was refused, or no handle is free. */
export class OutOfMemoryError extends WorldstateError {}
/** The snapshot was never taken, or is dead since a revert past it. */
export class InvalidSnapshotError extends WorldstateError {}
/** The node, or the way to it, failed. */
export class RpcFailedError extends WorldstateError {}
/** A hexadecimal text could not be read. */
export class InvalidHexError extends WorldstateError {}
/** A synchronous read of something remote that a provider has to fetch: use the asynchronous one. */
export class RpcPendingError extends WorldstateError {}
/** No request is queued; an execution asks for nothing. */
export class NoPendingRequestError extends WorldstateError {}
/** A buffer is shorter than the value. */
export class OutputTooSmallError extends WorldstateError {}
/** An answer that does not fit its question. */
export class InvalidRequestError extends WorldstateError {}
/** The object was closed. */
export class InvalidHandleError extends WorldstateError {}
/** Revert or commit without an open checkpoint. */
export class NoCheckpointError extends WorldstateError {}
/** A defect of the library: what it happened on refuses further work. */
export class InternalError extends WorldstateError {}
/** An answer or a proof does not match the trusted state root or block hash. */
export class ProofInvalidError extends WorldstateError {}
/** The persistent cache, or a recording, cannot be read or written. */
export class CacheError extends WorldstateError {}
/** The value is neither cached nor recorded, and the fork is offline. */
export class OfflineError extends WorldstateError {}
/** A call out of order. */
export class InvalidStateError extends WorldstateError {}
/** An execution cannot begin or go on: a refused transaction, or a store that failed, whose error is the `cause`. */
export class ExecutionError extends WorldstateError {}
/** The node no longer has the state of the block: it is not an archive node. */
export class StatePrunedError extends WorldstateError {}
/** The node has the state of the block, and gives no proofs for one so old. */
export class ProofPrunedError extends WorldstateError {}
/** The node does not know the block. */
export class BlockNotFoundError extends WorldstateError {}
/** The node is on another chain than the expected one. */
export class WrongChainError extends WorldstateError {}
/** The node has not the method. */
export class UnsupportedMethodError extends WorldstateError {}
/** The block that the fork is pinned to is no longer part of the node's chain. */
export class ReorgError extends WorldstateError {}

/** The library is not there, cannot be loaded, or is of another version. */
export class LibraryError extends Error {
  override name = "LibraryError";
}

type ErrorClass = new (code: number, name: string, message: string, options?: ErrorOptions) => WorldstateError;

const CLASSES = new Map<number, ErrorClass>([
  [STATUS.INVALID_INPUT, InvalidInputError],
  [STATUS.OUT_OF_MEMORY, OutOfMemoryError],
  [STATUS.INVALID_SNAPSHOT, InvalidSnapshotError],
  [STATUS.RPC_FAILED, RpcFailedError],
  [STATUS.INVALID_HEX, InvalidHexError],
  [STATUS.RPC_PENDING, RpcPendingError],
  [STATUS.NO_PENDING_REQUEST, NoPendingRequestError],
  [STATUS.OUTPUT_TOO_SMALL, OutputTooSmallError],
  [STATUS.INVALID_REQUEST, InvalidRequestError],
  [STATUS.INVALID_HANDLE, InvalidHandleError],
  [STATUS.NO_CHECKPOINT, NoCheckpointError],
  [STATUS.INTERNAL, InternalError],
  [STATUS.PROOF_INVALID, ProofInvalidError],
  [STATUS.CACHE, CacheError],
  [STATUS.OFFLINE, OfflineError],
  [STATUS.INVALID_STATE, InvalidStateError],
  [STATUS.EXECUTION, ExecutionError],
  [STATUS.STATE_PRUNED, StatePrunedError],
  [STATUS.PROOF_PRUNED, ProofPrunedError],
  [STATUS.BLOCK_NOT_FOUND, BlockNotFoundError],
  [STATUS.WRONG_CHAIN, WrongChainError],
  [STATUS.UNSUPPORTED_METHOD, UnsupportedMethodError],
  [STATUS.REORG, ReorgError],
]);

/** The error of a status, in the class of that status. */
export function errorOf(code: number, name: string, message: string, options?: ErrorOptions): WorldstateError {
  return new (CLASSES.get(code) ?? WorldstateError)(code, name, message, options);
}

const failed =
  (status: "INVALID_INPUT" | "INVALID_HEX" | "INVALID_STATE" | "EXECUTION") =>
  (message: string, options?: ErrorOptions): WorldstateError =>
    errorOf(STATUS[status], `STATE_MANAGER_ERROR_${status}`, message, options);

/** Failures that are found before the library is called. */
export const invalidInput = failed("INVALID_INPUT");
export const invalidHex = failed("INVALID_HEX");
export const invalidState = failed("INVALID_STATE");
export const executionFailed = failed("EXECUTION");
