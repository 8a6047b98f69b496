/** Ethereum's world state: journaled, forked from a live chain, executed over. */

export type { Carrier } from "./asking.ts";
export {
  BlockNotFoundError,
  CacheError,
  ExecutionError,
  InternalError,
  InvalidHandleError,
  InvalidHexError,
  InvalidInputError,
  InvalidRequestError,
  InvalidSnapshotError,
  InvalidStateError,
  LibraryError,
  NoCheckpointError,
  NoPendingRequestError,
  OfflineError,
  OutOfMemoryError,
  OutputTooSmallError,
  ProofInvalidError,
  ProofPrunedError,
  ReorgError,
  RpcFailedError,
  RpcPendingError,
  StatePrunedError,
  STATUS,
  UnsupportedMethodError,
  WorldstateError,
  WrongChainError,
} from "./errors.ts";
export { type Commit, Evm } from "./evm/evm.ts";
export type { JsonObject, Message } from "./evm/inputs.ts";
export type { EvmOptions, RunAhead } from "./evm/options.ts";
export {
  type AnswerTo,
  decodeRequest,
  type EvmQuestion,
  type EvmRequest,
  type PrecompileResult,
} from "./evm/requests.ts";
export type { ExecutionResult, Log } from "./evm/result.ts";
export type { AccessList, EvmStats, Frame } from "./evm/steps.ts";
export type { PrecompileCall, StateInterface } from "./evm/store.ts";
export type { TraceOptions } from "./evm/trace.ts";
export { ForkBackend, type ForkBlock, type UnpinnedForkOptions } from "./fork/backend.ts";
export type { Log as ForkLog, LogLevel } from "./fork/log.ts";
export type { AccountSource, BlockSpecifier, ForkOptions, HttpForkOptions, Verify } from "./fork/options.ts";
export type { Prefetch } from "./fork/prefetch.ts";
export type { ForkMetrics, ForkStats, MethodStats } from "./fork/stats.ts";
export type { BodyCarrier, Eip1193Provider, Provider, SendProvider } from "./fork/provider.ts";
export { ABI_VERSION, loadLibrary, version } from "./native/library.ts";
export { type EthProof, verifyHeader, verifyProof } from "./proof.ts";
export { RpcClientAdapter, type RpcClientOptions } from "./rpc/adapter.ts";
export { RpcError } from "./rpc/errors.ts";
export type { Fetch } from "./rpc/http.ts";
export type { RetryOptions } from "./rpc/retry.ts";
export type { StateChanges } from "./state/changes.ts";
export { StateManager, type StateManagerOptions } from "./state/manager.ts";
export type { Account, AccountUpdate, DumpFormat } from "./state/whole.ts";
export type { AccountStatus, Address, AddressLike, BytesLike, Hex, Quantity, WordLike } from "./types.ts";
