"""Counters of a fork."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class ForkStats(NamedTuple):
    """What a fork has done since it was opened, and what it holds now."""

    hits: int
    """Reads that the cache answered, but for each value's first."""
    misses: int
    """Values that had to be asked for."""
    deduplicated: int
    """Reads that waited for a request which another thread had already sent."""
    requests: int
    """JSON-RPC requests, repeated ones included."""
    bodies: int
    """HTTP bodies."""
    bytes_sent: int
    bytes_received: int
    retries: int
    """Requests that had to be sent once more after a failure."""
    failures: int
    """Requests given up."""
    batch_splits: int
    """Times that the size of batches was halved because the node refused one."""
    evictions: int
    """Entries that a full cache dropped."""
    accounts: int
    """Accounts held now; likewise the next three."""
    slots: int
    codes: int
    code_bytes: int
    pending: int
    """Values asked for and not answered yet."""
    verified: int
    """Answers that were checked against the trusted state root and were right."""
    verify_failures: int
    """Answers that were checked and were wrong."""
    proof_nodes: int
    """Trie nodes held now; likewise their bytes."""
    proof_bytes: int
    stored_hits: int
    """Reads that the persistent cache or a recording answered."""
    stored_writes: int
    """Values written to the persistent cache, by all forks of the process that have it open."""
    stored_dropped: int
    """Values that were not written, because the disk did not keep up or refused."""
    throttled: int
    """Times that a body waited for the rate limit."""
    reorgs: int
    """Times that the pinned block was found to have left the chain."""


@dataclass(frozen=True)
class MethodStats:
    """What the requests of one JSON-RPC method have cost; latencies in microseconds, right to 1 percent."""

    requests: int
    """Requests that were sent, repeated ones included."""
    failures: int
    """Requests given up."""
    bytes_sent: int
    bytes_received: int
    count: int
    """Answers whose latency was measured."""
    p50_us: int
    """Half of the answers took no longer; likewise the next two."""
    p90_us: int
    p99_us: int
    max_us: int
    """The slowest answer."""
