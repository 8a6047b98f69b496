import { type Layout, LAYOUTS } from "../native/layouts.ts";
import { readField } from "../native/structs.ts";

const STATS = {
  hits: "hits",
  misses: "misses",
  deduplicated: "deduplicated",
  requests: "requests",
  bodies: "bodies",
  bytesSent: "bytes_sent",
  bytesReceived: "bytes_received",
  retries: "retries",
  failures: "failures",
  batchSplits: "batch_splits",
  evictions: "evictions",
  accounts: "accounts",
  slots: "slots",
  codes: "codes",
  codeBytes: "code_bytes",
  pending: "pending",
  verified: "verified",
  verifyFailures: "verify_failures",
  proofNodes: "proof_nodes",
  proofBytes: "proof_bytes",
  storedHits: "stored_hits",
  storedWrites: "stored_writes",
  storedDropped: "stored_dropped",
  throttled: "throttled",
  reorgs: "reorgs",
} as const;

/** What a fork has done since it was opened, and what it holds now. */
export type ForkStats = { [Name in keyof typeof STATS]: number };

const METHOD_STATS = {
  requests: "requests",
  failures: "failures",
  bytesSent: "bytes_sent",
  bytesReceived: "bytes_received",
  count: "count",
  p50Us: "p50_us",
  p90Us: "p90_us",
  p99Us: "p99_us",
  maxUs: "max_us",
} as const;

/** What the requests of one JSON-RPC method have cost; latencies of its `count` answers in microseconds. */
export type MethodStats = { [Name in keyof typeof METHOD_STATS]: number };

/** All counters, with those of each method that was sent. */
export type ForkMetrics = ForkStats & { methods: Record<string, MethodStats> };

/** The numbers of the struct that the library has filled. */
function numbers<Name extends string, Field extends string>(
  layout: Layout<Field>,
  names: Record<Name, Field>,
): Record<Name, number> {
  const entries = Object.entries<Field>(names).map(([name, field]) => [name, Number(readField(layout, field))]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

export const readStats = (): ForkStats => numbers(LAYOUTS.ForkBackendStats, STATS);
export const readMethodStats = (): MethodStats => numbers(LAYOUTS.ForkBackendMethodStats, METHOD_STATS);
