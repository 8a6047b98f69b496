//! How a fork is opened.

use super::block::BlockTag;
use super::transport::Transport;
use crate::error::{Error, Result};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Which JSON-RPC methods accounts and slots are asked with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountSource {
    /// `eth_getProof` until the node turns out not to have it, from then on as [`AccountSource::Fields`].
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
    /// The library, over HTTP or HTTPS. Reads block until the answer is there. Redirects are not followed; the proxy
    /// that `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY` name in the environment is used.
    Http {
        /// Nodes to ask, `http://` or `https://`. Another one is tried when one fails, and kept to when it works.
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
        }
    }
}

impl ForkOptions {
    pub(super) fn check(&self) -> Result<()> {
        self.block.check()?;
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
        if self.request_timeout.is_zero() {
            return zero("request_timeout");
        }
        if self.total_timeout.is_zero() {
            return zero("total_timeout");
        }
        Ok(())
    }
}
