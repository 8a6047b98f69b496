//! How a fork is opened.

use super::block::BlockTag;
use super::transport::Transport;
use crate::error::{Error, Result};
use alloy_primitives::B256;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which JSON-RPC methods accounts and slots are asked with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountSource {
    /// `eth_getProof`, or as [`AccountSource::Fields`] once the node turns out not to have it, or to take long for it:
    /// where 64 accounts or more are asked for at once over URLs and without a rate limit, 16 of them show that, and more
    /// than 1 ms for each is long.
    #[default]
    Auto,
    /// `eth_getProof` only.
    Proof,
    /// `eth_getBalance`, `eth_getTransactionCount`, `eth_getCode` and `eth_getStorageAt`. Such an account is taken for
    /// absent when all three are zero or empty.
    Fields,
}

/// Who carries the requests to the node.
#[derive(Default)]
pub enum TransportKind {
    /// The host: it takes requests from the fork and hands the answers back. Reads never block.
    #[default]
    Host,
    /// The library, over HTTP, HTTPS or the socket of a node on this machine. Reads block until the answer is there. Redirects are not followed; the proxy
    /// that `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY` name in the environment is used.
    Http {
        /// Nodes to ask: `http://`, `https://`, or on Unix the socket of a node on this machine as `ipc:///path`, an
        /// absolute path, or a path that ends in `.ipc`. Another one is tried when one fails, and kept to when it works.
        urls: Vec<String>,
        /// Headers added to each request, such as `Authorization`. Sent to every one of `urls`.
        headers: Vec<(String, String)>,
        /// PEM file of certificate authorities that are trusted besides the built-in ones (Mozilla's).
        ca_certificates: Option<PathBuf>,
    },
    /// The given code. Reads block until it returns.
    Custom(Box<dyn Transport>),
}

impl fmt::Debug for TransportKind {
    /// Never shows URLs or headers: they may hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "Host",
            Self::Http { .. } => "Http",
            Self::Custom(_) => "Custom",
        })
    }
}

/// What answers are checked against. Checked answers are asked for with `eth_getProof`, and a wrong one is
/// [`Error::ProofInvalid`], kept nowhere, and asked for at the next URL where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Nothing: the node is believed.
    #[default]
    Off,
    /// The state root in the header that has this hash. The header itself comes from the node. Where
    /// [`ForkOptions::block`] is the newest block, the default, this one takes its place.
    BlockHash(B256),
    /// This state root, which the header of the pinned block must have. What else that header says, its hash and those
    /// of the blocks before it, is only known to be consistent.
    StateRoot(B256),
}

/// How much of what happens is told to the log callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What was given up or set aside.
    Error,
    /// What will be tried again.
    Warning,
    /// What was opened, found out, learnt.
    Info,
    /// Each body sent and each answer.
    Debug,
}

/// What lines of the log are told to.
pub type LogFunction = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// Where a fork tells what happens. Without one it tells nobody.
#[derive(Clone)]
pub struct Log {
    /// The least important level that is told.
    pub level: LogLevel,
    /// Called on threads that are inside a call of this library, and on no others. It must not call the fork.
    pub write: LogFunction,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("level", &self.level).finish_non_exhaustive()
    }
}

/// Everything that [`Fork::open`](super::Fork::open) can be told.
#[derive(Debug)]
pub struct ForkOptions {
    /// Who carries the requests. Default: the host.
    pub transport: TransportKind,
    /// The block to fork from. Default: the newest.
    pub block: BlockTag,
    /// How accounts and slots are asked for. Default: [`AccountSource::Auto`].
    pub account_source: AccountSource,
    /// Entries that each of the caches of accounts, slots and code keeps; at least 1. Default: 10,000. Answers that
    /// nobody has read yet are kept besides, at most 65,536 or this many, whichever is more.
    pub max_cache_size: usize,
    /// Bytes of code that the code cache keeps. A code that is longer is served and not kept. Default: 256 MiB.
    pub max_code_bytes: usize,
    /// Time for one HTTP request. Default: 30 s.
    pub request_timeout: Duration,
    /// Time for one question with all its attempts and the pauses between them. Default: 120 s.
    pub total_timeout: Duration,
    /// How often a question is sent at most, for each URL; at least 1. Default: 4.
    pub max_attempts: u32,
    /// Longest pause before the second attempt; it doubles with each further one. The real pause is random between
    /// zero and this. Default: 250 ms.
    pub backoff_initial: Duration,
    /// Limit to the growth of the pause. Default: 8 s.
    pub backoff_max: Duration,
    /// JSON-RPC requests in one HTTP body at most; at least 1. Halved when the node refuses. Default: 100.
    pub max_batch: usize,
    /// Slots in one `eth_getProof` at most; at least 1. Default: 256.
    pub max_slots_per_request: usize,
    /// Longest HTTP answer, in bytes after decompression; at least 1. Default: 64 MiB.
    pub max_response_bytes: usize,
    /// HTTP bodies under way at once; at least 1. Default: 8.
    pub max_concurrent: usize,
    /// JSON-RPC requests a second that are sent at most; 0 for no limit, the default. Not for the host's own carrying.
    pub requests_per_second: u32,
    /// Compute units a second that are used at most, as providers count them; 0 for no limit, the default. Not for the
    /// host's own carrying.
    pub compute_units_per_second: u32,
    /// What answers are checked against. Default: nothing.
    pub verify: Verify,
    /// Bytes of trie nodes that are kept in memory for proofs and state roots. Default: 256 MiB.
    pub max_proof_bytes: usize,
    /// The chain id that the node must have. Default: any.
    pub chain_id: Option<u64>,
    /// Names the network in the persistent cache, beside its chain id: for chains that share one, such as development
    /// chains. Default: the hash of the genesis block.
    pub network: Option<String>,
    /// Directory of the persistent cache, one file a chain. Created if it is not there. Default: no persistent cache.
    ///
    /// A block that is named by its hash is known from it without a request, and so is one that is named by its number
    /// if `chain_id` is given and the block was final when it was recorded. A tag is always asked for, unless `offline`.
    pub cache_dir: Option<PathBuf>,
    /// Bytes that the file of a chain may have; older blocks leave it first. Default: 8 GiB.
    pub cache_max_bytes: u64,
    /// A block with so many on top of it is final: the persistent cache knows it by its number too. Default: 128.
    pub safe_depth: u64,
    /// A file of [`Fork::export`](super::Fork::export) that values are read from.
    pub recording: Option<PathBuf>,
    /// Never ask a node: whatever is neither in the persistent cache nor in the recording is [`Error::Offline`].
    pub offline: bool,
    /// Time after which a block that is not final is looked up again, to notice that the chain has dropped it.
    /// Default: 12 s.
    pub reorg_check: Duration,
    /// Keep what executions touch, for each contract and selector, so that the next one with the same asks for all of
    /// it at once.
    pub remember_touched: bool,
    /// Where it is told what happens. Default: nowhere.
    pub log: Option<Log>,
}

impl Default for ForkOptions {
    fn default() -> Self {
        Self {
            transport: TransportKind::Host,
            block: BlockTag::Latest,
            account_source: AccountSource::Auto,
            max_cache_size: 10_000,
            max_code_bytes: 256 << 20,
            request_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(120),
            max_attempts: 4,
            backoff_initial: Duration::from_millis(250),
            backoff_max: Duration::from_secs(8),
            max_batch: 100,
            max_slots_per_request: 256,
            max_response_bytes: 64 << 20,
            max_concurrent: 8,
            requests_per_second: 0,
            compute_units_per_second: 0,
            verify: Verify::Off,
            max_proof_bytes: 256 << 20,
            chain_id: None,
            network: None,
            cache_dir: None,
            cache_max_bytes: 8 << 30,
            safe_depth: 128,
            recording: None,
            offline: false,
            reorg_check: Duration::from_secs(12),
            remember_touched: false,
            log: None,
        }
    }
}

impl ForkOptions {
    pub(super) fn check(&self) -> Result<()> {
        self.block.check()?;
        let invalid = |text: &str| Err(Error::InvalidInput(text.to_owned()));
        let pinned = !matches!(self.block, BlockTag::Verbatim(_));
        if self.verify != Verify::Off && self.account_source == AccountSource::Fields {
            return invalid("verify needs eth_getProof, and account_source rules it out");
        }
        if let (Verify::BlockHash(trusted), BlockTag::Hash(hash)) = (self.verify, &self.block)
            && trusted != *hash
        {
            return Err(Error::InvalidInput(format!("verify trusts block {trusted}, and block names {hash}")));
        }
        if !pinned
            && (self.verify != Verify::Off || self.cache_dir.is_some() || self.recording.is_some() || self.offline)
        {
            return invalid("verify, cache_dir, a recording and offline need a fork that is pinned to one block");
        }
        if self.offline && self.cache_dir.is_none() && self.recording.is_none() {
            return invalid("offline needs cache_dir or a recording");
        }
        if self.network.is_some() && self.cache_dir.is_none() {
            return invalid("network is given without cache_dir");
        }
        let zero = |name: &str| Err(Error::InvalidInput(format!("{name} is 0")));
        if self.max_cache_size == 0 {
            return zero("max_cache_size");
        }
        if self.max_attempts == 0 {
            return zero("max_attempts");
        }
        if self.max_batch == 0 {
            return zero("max_batch");
        }
        if self.max_slots_per_request == 0 {
            return zero("max_slots_per_request");
        }
        if self.max_response_bytes == 0 {
            return zero("max_response_bytes");
        }
        if self.max_concurrent == 0 {
            return zero("max_concurrent");
        }
        if self.request_timeout.is_zero() {
            return zero("request_timeout");
        }
        if self.total_timeout.is_zero() {
            return zero("total_timeout");
        }
        Ok(())
    }
}
