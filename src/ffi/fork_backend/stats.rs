//! Counters of a fork.

use crate::ffi::guard;
use crate::ffi::handle::ForkBackendHandle;
use crate::ffi::versioned::versioned_out;
use crate::fork::ForkStats;
use std::ffi::c_int;

/// What a fork has done since it was opened, and what it holds now. Begin with FORK_BACKEND_STATS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ForkBackendStats {
    /// sizeof(ForkBackendStats).
    pub size: usize,
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

/// Counters of the fork and all state managers on it, to a struct that begins with its size: of a shorter, older one
/// only the fields that it has are written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_stats(handle: ForkBackendHandle, out_stats: *mut ForkBackendStats) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        let all = as_struct(&fork.stats());
        // SAFETY: pointers as the interface's contract says; every field of the struct is a plain number.
        unsafe { versioned_out("ForkBackendStats", out_stats, &all) }
    })
}

fn as_struct(stats: &ForkStats) -> ForkBackendStats {
    ForkBackendStats {
        size: size_of::<ForkBackendStats>(),
        hits: stats.hits,
        misses: stats.misses,
        deduplicated: stats.deduplicated,
        requests: stats.requests,
        bodies: stats.bodies,
        bytes_sent: stats.bytes_sent,
        bytes_received: stats.bytes_received,
        retries: stats.retries,
        failures: stats.failures,
        batch_splits: stats.batch_splits,
        evictions: stats.evictions,
        accounts: stats.accounts,
        slots: stats.slots,
        codes: stats.codes,
        code_bytes: stats.code_bytes,
        pending: stats.pending,
        verified: stats.verified,
        verify_failures: stats.verify_failures,
        proof_nodes: stats.proof_nodes,
        proof_bytes: stats.proof_bytes,
        stored_hits: stats.stored_hits,
        stored_writes: stats.stored_writes,
        stored_dropped: stats.stored_dropped,
        throttled: stats.throttled,
        reorgs: stats.reorgs,
    }
}

/// The counters by their names in the struct.
pub(super) fn counters(stats: &ForkStats) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    let ForkBackendStats {
        size: _,
        hits,
        misses,
        deduplicated,
        requests,
        bodies,
        bytes_sent,
        bytes_received,
        retries,
        failures,
        batch_splits,
        evictions,
        accounts,
        slots,
        codes,
        code_bytes,
        pending,
        verified,
        verify_failures,
        proof_nodes,
        proof_bytes,
        stored_hits,
        stored_writes,
        stored_dropped,
        throttled,
        reorgs,
    } = as_struct(stats);
    [
        ("hits", hits),
        ("misses", misses),
        ("deduplicated", deduplicated),
        ("requests", requests),
        ("bodies", bodies),
        ("bytes_sent", bytes_sent),
        ("bytes_received", bytes_received),
        ("retries", retries),
        ("failures", failures),
        ("batch_splits", batch_splits),
        ("evictions", evictions),
        ("accounts", accounts),
        ("slots", slots),
        ("codes", codes),
        ("code_bytes", code_bytes),
        ("pending", pending),
        ("verified", verified),
        ("verify_failures", verify_failures),
        ("proof_nodes", proof_nodes),
        ("proof_bytes", proof_bytes),
        ("stored_hits", stored_hits),
        ("stored_writes", stored_writes),
        ("stored_dropped", stored_dropped),
        ("throttled", throttled),
        ("reorgs", reorgs),
    ]
    .into_iter()
}
