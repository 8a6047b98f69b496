import { LAYOUTS } from "../native/layouts.ts";
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

/** The counters of the struct that the library has filled. */
export function readStats(): ForkStats {
  const entries = Object.entries(STATS).map(([name, field]) => [
    name,
    Number(readField(LAYOUTS.ForkBackendStats, field)),
  ]);
  return Object.fromEntries(entries) as ForkStats;
}
