//! Counters of a fork.

/// What a fork has done since it was opened, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForkStats {
    /// Reads that the cache answered, but for each value's first, which is what it was asked for.
    pub hits: u64,
    /// Values that had to be asked for.
    pub misses: u64,
    /// Reads that waited for a request which another thread had already sent.
    pub deduplicated: u64,
    /// JSON-RPC requests handed to the transport or the host, repeated ones included.
    pub requests: u64,
    /// HTTP bodies handed to the transport or the host; a request taken alone counts as one.
    pub bodies: u64,
    /// Bytes of those bodies (of the parameters, for requests taken alone).
    pub bytes_sent: u64,
    /// Bytes of the answers, after decompression.
    pub bytes_received: u64,
    /// JSON-RPC requests that had to be sent once more after a failure.
    pub retries: u64,
    /// JSON-RPC requests given up.
    pub failures: u64,
    /// Times that the size of batches was halved because the node refused one.
    pub batch_splits: u64,
    /// Entries that a full cache dropped.
    pub evictions: u64,
    /// Accounts held now.
    pub accounts: u64,
    /// Slots held now.
    pub slots: u64,
    /// Codes held now.
    pub codes: u64,
    /// Bytes of the codes held now.
    pub code_bytes: u64,
    /// Values asked for and not answered yet.
    pub pending: u64,
    /// Answers that were checked against the trusted state root and were right.
    pub verified: u64,
    /// Answers that were checked and were wrong.
    pub verify_failures: u64,
    /// Trie nodes held now.
    pub proof_nodes: u64,
    /// Bytes of those nodes.
    pub proof_bytes: u64,
    /// Reads that the persistent cache or a recording answered.
    pub stored_hits: u64,
    /// Values written to the persistent cache, by all forks of the process that have it open.
    pub stored_writes: u64,
    /// Values of theirs that were not written, because the disk did not keep up or refused.
    pub stored_dropped: u64,
    /// Times that a body waited for the rate limit.
    pub throttled: u64,
    /// Times that the pinned block was found to have left the chain.
    pub reorgs: u64,
}
