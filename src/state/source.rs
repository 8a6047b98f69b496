//! The seam between the journaled state and whatever lies under it.

use crate::error::{Error, Result};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::fmt;
use std::sync::Arc;

/// One question that a [`Source`] can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    /// Balance, nonce and code hash of an account.
    Account(Address),
    /// One storage slot of an account.
    Storage(Address, U256),
    /// The code of an account.
    Code(Address),
    /// The hash of the block with this number, as the `BLOCKHASH` opcode asks for it.
    BlockHash(u64),
    /// The number and hash of the block that the source is pinned to, and its chain id.
    Block,
    /// What a transaction will touch: see [`Source::foresee`].
    Foresight(u64),
    /// Trie nodes on the paths of an account and of some of its slots: see [`Source::witness`].
    Proof(Address),
}

/// How a node is asked what a transaction will touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ForesightMethod {
    /// `eth_createAccessList`.
    AccessList,
    /// `debug_traceCall` with the prestate tracer.
    Prestate,
}

/// The question what a transaction will touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foresight {
    /// Names the question.
    pub id: u64,
    /// How it is asked.
    pub method: ForesightMethod,
    /// The transaction as the JSON object that `eth_call` takes.
    pub transaction: String,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(address) => write!(f, "account {address}"),
            Self::Storage(address, slot) => write!(f, "storage of {address} at slot {slot:#x}"),
            Self::Code(address) => write!(f, "code of {address}"),
            Self::BlockHash(number) => write!(f, "hash of block {number}"),
            Self::Block => f.write_str("pinned block"),
            Self::Proof(address) => write!(f, "proof of {address}"),
            Self::Foresight(id) => write!(f, "what transaction {id} will touch"),
        }
    }
}

/// What a source knows of an account that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceAccount {
    /// Balance in wei.
    pub balance: U256,
    /// Number of transactions sent, or contracts created.
    pub nonce: u64,
    /// keccak-256 of the code; `KECCAK256_EMPTY` for an account without code.
    pub code_hash: B256,
}

/// Looks up RLP nodes of tries by their keccak-256.
pub type TrieNodes = Arc<dyn Fn(&B256) -> Option<Bytes> + Send + Sync>;

/// What a source can prove of itself: its state root, and nodes of its state trie and storage tries.
#[derive(Clone)]
pub struct Witness {
    /// Root of the source's state trie.
    pub state_root: B256,
    /// The nodes that are known. A node is only ever found by its own hash, so one that is wrong is one that is missing.
    pub nodes: TrieNodes,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("state_root", &self.state_root).finish_non_exhaustive()
    }
}

/// Read-only state below the local one: one block of a chain, for instance.
///
/// Every answer is final for the lifetime of the source: asked twice, it is the same. A source that cannot answer
/// without its host's help returns [`Error::Missing`](crate::Error::Missing) with the request, having queued it; the
/// same question asked again after the host's answer succeeds. A source that fails returns the failure and keeps
/// nothing of it: the next call tries anew.
///
/// Callers: `account`, `storage` and `code` are called only for what the local state does not hide.
pub trait Source: Send + Sync {
    /// The account, or `None` when it is absent.
    fn account(&self, address: Address) -> Result<Option<SourceAccount>>;

    /// The slot's value; zero when it was never written or the account is absent.
    fn storage(&self, address: Address, slot: U256) -> Result<U256>;

    /// The code whose keccak-256 is `code_hash`, as [`Source::account`] gave it. Never called for the empty hash.
    fn code(&self, address: Address, code_hash: B256) -> Result<Bytes>;

    /// The hash of block `number`, or `None` for a block later than the source's own.
    fn block_hash(&self, number: u64) -> Result<Option<B256>>;

    /// Makes the answers to all of `requests` ready in as few round trips as the source can.
    ///
    /// `Ok` when every one of them can then be answered once at least without asking; `Missing` with one that cannot,
    /// all of them queued.
    fn prefetch(&self, requests: &[Request]) -> Result<()>;

    /// What a transaction will probably touch: a guess, for [`Self::prefetch`]. `None` where the source cannot tell, which
    /// a failure counts as. As with the other questions, `Missing` has queued it for the host.
    fn foresee(&self, _: &Foresight) -> Result<Option<Vec<Request>>> {
        Ok(None)
    }

    /// The state root, and the nodes on the paths of these accounts and of their slots, whether they exist or not; other
    /// nodes may be among them.
    ///
    /// As with [`Self::prefetch`], `Missing` has queued all that the host has to answer first. `InvalidState` from a
    /// source that has no proofs.
    fn witness(&self, _: &[(Address, Vec<U256>)]) -> Result<Witness> {
        Err(Error::InvalidState("the source of the state has no proofs".into()))
    }

    /// The same answers, as far as they can be had at once: everything else is [`Error::Missing`](crate::Error::Missing),
    /// asked of nobody and queued nowhere.
    fn at_hand(self: Arc<Self>) -> Arc<dyn Source>;

    /// Forgets everything that can be fetched again.
    fn clear_cache(&self);
}
