import { invalidInput } from "../errors.ts";
import { C } from "../native/constants.ts";
import { LAYOUTS } from "../native/layouts.ts";
import type { Pointer } from "../native/native.ts";
import { writeStruct } from "../native/structs.ts";
import type { Hex, Quantity } from "../types.ts";
import { toBigInt, writeHash } from "../values.ts";
import { levelOf, type Log, type LogLevel, type LogRoute } from "./log.ts";

/** How accounts are asked for: "auto" is eth_getProof, or the single fields once the node turns out not to have it or to take long for it. */
export type AccountSource = "auto" | "proof" | "fields";
const ACCOUNT_SOURCES: Record<AccountSource, number> = {
  auto: C.FORK_ACCOUNTS_AUTO,
  proof: C.FORK_ACCOUNTS_PROOF,
  fields: C.FORK_ACCOUNTS_FIELDS,
};

/** A block: its number, its hash, or a tag, which is looked up once. */
export type BlockSpecifier = bigint | number | Hex | "latest" | "safe" | "finalized" | "earliest" | (string & {});

/**
 * Whether every account, slot and code is checked. "off": all are believed. `blockHash`: against the state root in the
 * header of this hash, to which a fork without `block` is pinned then. `stateRoot`: against this root, which the header
 * of the block must have. "blockHash" stands for the hash that `block` is.
 */
export type Verify =
  | "off"
  | "blockHash"
  | { readonly blockHash: Hex | Uint8Array; readonly stateRoot?: never }
  | { readonly stateRoot: Hex | Uint8Array; readonly blockHash?: never };

/** What every fork can be given. */
export interface ForkOptions {
  /** Block to fork from. Default "latest". */
  block?: BlockSpecifier;
  /** Default "auto". */
  accountSource?: AccountSource;
  /** How often a request is sent at most. Default 4 over HTTP, 1 over a provider, whose own retries come before. */
  maxAttempts?: number;
  /** Entries that each of the caches of accounts, slots and code keeps. Default 10,000. */
  maxCacheSize?: number;
  /** Bytes of code that the code cache keeps. Default 256 MiB. */
  maxCodeBytes?: number;
  /** Longest pause before the second attempt, in milliseconds; it doubles with each further one. Default 250. */
  backoffInitialMs?: number;
  /** Limit to its growth, in milliseconds. Default 8,000. */
  backoffMaxMs?: number;
  /** JSON-RPC requests handed out together at most. Default 100. */
  maxBatch?: number;
  /** Slots in one eth_getProof at most. Default 256. */
  maxSlotsPerRequest?: number;
  /** Longest answer, in bytes. Default 64 MiB. */
  maxResponseBytes?: number;
  /** Default "off". A wrong answer is a ProofInvalidError, and kept nowhere. */
  verify?: Verify;
  /** Bytes of trie nodes kept in memory for proofs and state roots. Default 256 MiB. */
  maxProofBytes?: number;
  /** The chain id that the node must have: another one is a WrongChainError. Default: any. */
  chainId?: Quantity;
  /** Directory of the persistent cache: one file a chain, for any number of processes. Default: none. */
  cacheDir?: string;
  /** Bytes that the file of a chain may have: older blocks leave it first. Default 8 GiB. */
  cacheMaxBytes?: number;
  /** Names the network in the persistent cache, for chains that share a chain id. Default: the genesis block's hash. */
  network?: string;
  /** A block with so many on top of it is final: the cache knows it by its number too. Default 128. */
  safeDepth?: number;
  /** A file of `exportRecording` that values are read from. */
  recording?: string;
  /** Never ask a node: what is neither cached nor recorded is an OfflineError. Default false. */
  offline?: boolean;
  /** Milliseconds after which a block that is not final is looked up again, to notice a reorg. Default 12,000. */
  reorgCheckMs?: number;
  /** Keep what executions touch, so that the next one of the same call asks for all of it at once. Default false. */
  rememberTouched?: boolean;
  /**
   * Is told what happens, line by line, in order, soon after the call in which it happened: it may use the fork. Default:
   * nobody is told anything.
   */
  log?: Log;
  /** The least important of what `log` is told. Default "warning". */
  logLevel?: LogLevel;
}

/** What a fork over the built-in HTTP can be given besides. */
export interface HttpForkOptions extends ForkOptions {
  /** Headers for each request. */
  headers?: Readonly<Record<string, string>>;
  /** PEM file of certificate authorities trusted besides the built-in ones. */
  caFile?: string;
  /** Milliseconds for one HTTP request. Default 30,000. */
  requestTimeoutMs?: number;
  /** Milliseconds for one read with all attempts and pauses. Default 120,000. */
  totalTimeoutMs?: number;
  /** HTTP bodies under way at once. Default 8. */
  maxConcurrent?: number;
  /** JSON-RPC requests a second at most. Default: no limit. */
  requestsPerSecond?: number;
  /** Compute units a second at most, as providers count them. Default: no limit. */
  computeUnitsPerSecond?: number;
}

const NAMES = new Set([
  "block",
  "accountSource",
  "maxAttempts",
  "maxCacheSize",
  "maxCodeBytes",
  "backoffInitialMs",
  "backoffMaxMs",
  "maxBatch",
  "maxSlotsPerRequest",
  "maxResponseBytes",
  "verify",
  "maxProofBytes",
  "chainId",
  "cacheDir",
  "cacheMaxBytes",
  "network",
  "safeDepth",
  "recording",
  "offline",
  "reorgCheckMs",
  "rememberTouched",
  "log",
  "logLevel",
]);
const HTTP_NAMES = new Set([
  "headers",
  "caFile",
  "requestTimeoutMs",
  "totalTimeoutMs",
  "maxConcurrent",
  "requestsPerSecond",
  "computeUnitsPerSecond",
]);

/** An option that does not exist is an error, not ignored. */
export function refuseUnknown(options: object, ...known: ReadonlySet<string>[]): void {
  for (const name of Object.keys(options)) {
    if (!known.some((names) => names.has(name))) throw invalidInput(`there is no option ${JSON.stringify(name)}`);
  }
}

/** A count, 0 for the default, that fits in so many bits. */
export function count(name: string, value: number | undefined, bits: 32 | 53 = 53): number {
  if (value === undefined) return 0;
  if (!Number.isSafeInteger(value) || value <= 0 || value >= 2 ** bits) {
    throw invalidInput(`${name} ${String(value)} is not a positive integer of ${bits} bits`);
  }
  return value;
}

function headerLines(headers: Readonly<Record<string, string>> | undefined): string | undefined {
  if (headers === undefined) return undefined;
  return Object.entries(headers)
    .map(([name, value]) => {
      if (/[\r\n:]/.test(name) || /[\r\n]/.test(value))
        throw invalidInput(`header ${JSON.stringify(name)} has line breaks`);
      return `${name}: ${value}`;
    })
    .join("\n");
}

function verification(verify: Verify): { verify: number; trusted?: Uint8Array } {
  if (verify === "off") return { verify: C.FORK_VERIFY_OFF };
  if (verify === "blockHash") return { verify: C.FORK_VERIFY_BLOCK_HASH };
  const [[name, hash] = [], ...more] = Object.entries(verify ?? {}) as [string, Hex | Uint8Array][];
  if (more.length > 0 || (name !== "blockHash" && name !== "stateRoot") || hash === undefined) {
    throw invalidInput('verify: "off", "blockHash", { blockHash } or { stateRoot }');
  }
  const trusted = new Uint8Array(32);
  writeHash(`verify.${name}`, hash, trusted, 0);
  return { verify: name === "blockHash" ? C.FORK_VERIFY_BLOCK_HASH : C.FORK_VERIFY_STATE_ROOT, trusted };
}

/** A path or name, which is not empty where it is given. */
function named(name: string, text: string | undefined): string | undefined {
  if (text !== undefined && (typeof text !== "string" || text === ""))
    throw invalidInput(`${name} is no text, or empty`);
  return text;
}

function chainIdOf(given: Quantity | undefined): bigint {
  if (given === undefined) return 0n;
  const chainId = toBigInt("chainId", given, 64);
  if (chainId === 0n) throw invalidInput("chainId 0 is no chain's");
  return chainId;
}

/** Writes a ForkBackendOptions. */
export function writeOptions(url: string | undefined, options: HttpForkOptions, log?: LogRoute): Pointer {
  if (url === undefined) refuseUnknown(options, NAMES);
  else refuseUnknown(options, NAMES, HTTP_NAMES);
  const source = ACCOUNT_SOURCES[options.accountSource ?? "auto"];
  if (source === undefined) throw invalidInput(`accountSource ${JSON.stringify(options.accountSource)} is not known`);
  return writeStruct(LAYOUTS.ForkBackendOptions, {
    url,
    headers: headerLines(options.headers),
    ca_file: options.caFile,
    block: options.block === undefined ? undefined : String(options.block),
    account_source: source,
    max_attempts: count("maxAttempts", options.maxAttempts, 32) || (url === undefined ? 1 : 0),
    max_cache_size: count("maxCacheSize", options.maxCacheSize),
    max_code_bytes: count("maxCodeBytes", options.maxCodeBytes),
    request_timeout_ms: count("requestTimeoutMs", options.requestTimeoutMs, 32),
    total_timeout_ms: count("totalTimeoutMs", options.totalTimeoutMs, 32),
    backoff_initial_ms: count("backoffInitialMs", options.backoffInitialMs, 32),
    backoff_max_ms: count("backoffMaxMs", options.backoffMaxMs, 32),
    max_batch: count("maxBatch", options.maxBatch),
    max_slots_per_request: count("maxSlotsPerRequest", options.maxSlotsPerRequest),
    max_response_bytes: count("maxResponseBytes", options.maxResponseBytes),
    max_concurrent: count("maxConcurrent", options.maxConcurrent),
    requests_per_second: count("requestsPerSecond", options.requestsPerSecond, 32),
    compute_units_per_second: count("computeUnitsPerSecond", options.computeUnitsPerSecond, 32),
    ...verification(options.verify ?? "off"),
    offline: Number(options.offline ?? false),
    max_proof_bytes: count("maxProofBytes", options.maxProofBytes),
    chain_id: chainIdOf(options.chainId),
    network: named("network", options.network),
    cache_dir: named("cacheDir", options.cacheDir),
    cache_max_bytes: count("cacheMaxBytes", options.cacheMaxBytes),
    safe_depth: count("safeDepth", options.safeDepth),
    recording: named("recording", options.recording),
    reorg_check_ms: count("reorgCheckMs", options.reorgCheckMs, 32),
    remember_touched: Number(options.rememberTouched ?? false),
    log: log?.address,
    log_context: log?.context,
    log_level: levelOf(options.logLevel),
  });
}
