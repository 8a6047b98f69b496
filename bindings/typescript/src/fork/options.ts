import { invalidInput } from "../errors.ts";
import { C } from "../native/constants.ts";
import { LAYOUTS } from "../native/layouts.ts";
import type { Pointer } from "../native/native.ts";
import { writeStruct } from "../native/structs.ts";
import type { Hex } from "../types.ts";

/** How accounts are asked for: "auto" is eth_getProof while the node has it, and the single fields from then on. */
export type AccountSource = "auto" | "proof" | "fields";
const ACCOUNT_SOURCES: Record<AccountSource, number> = {
  auto: C.FORK_ACCOUNTS_AUTO,
  proof: C.FORK_ACCOUNTS_PROOF,
  fields: C.FORK_ACCOUNTS_FIELDS,
};

/** A block: its number, its hash, or a tag, which is looked up once. */
export type BlockSpecifier = bigint | number | Hex | "latest" | "safe" | "finalized" | "earliest" | (string & {});

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
]);
const HTTP_NAMES = new Set(["headers", "caFile", "requestTimeoutMs", "totalTimeoutMs"]);

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

/** Writes a ForkBackendOptions. */
export function writeOptions(url: string | undefined, options: HttpForkOptions): Pointer {
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
  });
}
