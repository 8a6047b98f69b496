//! Remote state pinned to one block.
//!
//! [`Fork`] answers a state's questions from a bounded cache, and asks a node over JSON-RPC for the rest. Who carries
//! the requests is the [`TransportKind`]: the host, which takes them from the fork and hands the answers back
//! ([`Fork::next_request`], [`Fork::next_batch`]), or the library, which blocks until the answer is there.
//!
//! What the node says is pristine: it lives in the cache alone, never in the local state above. Only answers that are
//! exactly what was asked for are kept; a failure is reported once and leaves nothing behind.
#![forbid(unsafe_code)]

mod admit;
mod answer;
mod ask;
mod at_hand;
mod batch;
mod batch_size;
mod block;
mod body;
mod cache;
mod call;
mod failure;
mod fetch;
mod foresee;
mod headers;
mod held;
mod host;
mod http;
mod inner;
#[cfg(unix)]
mod ipc;
mod levels;
mod limiter;
mod located;
mod log;
mod metrics;
mod options;
mod plan;
mod proven;
mod recording;
mod retry;
mod run;
mod slots;
mod stats;
mod touched;
mod transport;
mod watch;
mod wire;
mod witness;

pub(crate) use crate::rpc::is_response;
pub use block::{BlockTag, PinnedBlock};
pub use host::{OutgoingBatch, OutgoingRequest};
pub use metrics::MethodStats;
pub use options::{AccountSource, ForkOptions, Log, LogFunction, LogLevel, TransportKind, Verify};
pub use stats::ForkStats;
pub use transport::{Transport, TransportError};

use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::state::{Foresight, Request, Source, SourceAccount, Witness};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use inner::Inner;
use levels::Levels;
use limiter::Limiter;
use located::locate;
use parking_lot::{Condvar, Mutex};
use plan::Want;
use recording::Recording;
use slots::Slots;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wire::Wire;

/// The number of requests that one [`Fork::prefetch`] takes at least; the cache's size if that is more.
const MAX_PREFETCH: usize = crate::shelf::MAX_UNREAD;

/// Remote state pinned to one block, shared by any number of states and threads.
pub struct Fork {
    id: u64,
    /// Without the transport, which is in `wire`.
    options: ForkOptions,
    /// `None`: the host carries the requests.
    wire: Option<Wire>,
    limiter: Limiter,
    slots: Slots,
    /// Never held over I/O.
    inner: Mutex<Inner>,
    levels: Arc<Levels>,
    /// A question has been settled.
    settled: Condvar,
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork").field("block", &self.options.block).finish_non_exhaustive()
    }
}

impl Fork {
    /// Opens a fork of the block that the options name.
    ///
    /// With a blocking transport the block and the chain id are asked for at once, in one batch. With the host's they
    /// are the first requests that it is given, and none for a value is before they are answered.
    ///
    /// Nobody is asked for a block that the persistent cache or a recording knows: see [`ForkOptions::cache_dir`].
    ///
    /// # Errors
    /// `InvalidInput` for options without meaning; `BlockNotFound`, `WrongChain` or `RpcFailed` when the block cannot be
    /// had; `ProofInvalid` when it is not the trusted one; `Cache` when the directory or the recording cannot be used;
    /// `Offline` when neither knows the block and nobody may be asked.
    pub fn open(mut options: ForkOptions) -> Result<Arc<Self>> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        options.check()?;
        if let (Verify::BlockHash(hash), BlockTag::Latest) = (options.verify, &options.block) {
            options.block = BlockTag::Hash(hash);
        }
        let transport = std::mem::take(&mut options.transport);
        let wire = Wire::new(transport, &options)?;
        let recording = options.recording.as_deref().map(Recording::read).transpose()?;
        let located = locate(&options, recording.as_ref())?;
        let levels = Arc::new(Levels::default());
        let pin = located.as_ref().map(|located| located.block);
        let inner = Inner::new(&options, wire.is_none(), levels.clone(), pin);
        let fork = Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            limiter: Limiter::new(&options),
            slots: Slots::new(options.max_concurrent),
            options,
            wire,
            inner: Mutex::new(inner),
            levels,
            settled: Condvar::new(),
        };
        if let Some((store, scope)) = located.and_then(|located| located.stored) {
            fork.levels.attach(store, scope);
        }
        if let Some(recording) = recording {
            fork.take_recording(recording)?;
        }
        match fork.fetch(&[Request::Block.into()]) {
            Ok(()) => fork.attach_store()?,
            Err(Error::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(Arc::new(fork))
    }

    /// Opens a fork that asks with `eth_getProof` and `eth_getCode` only and passes `block_tag` on as it is, in every
    /// request. It is not pinned: a tag such as `latest` means what the node takes it for at each request.
    ///
    /// # Errors
    /// `InvalidInput` for the tag `pending`, an empty tag, or a `max_cache_size` of 0.
    pub fn create(block_tag: &str, max_cache_size: usize, transport: TransportKind) -> Result<Arc<Self>> {
        Self::open(ForkOptions {
            transport,
            block: BlockTag::Verbatim(block_tag.to_owned()),
            account_source: AccountSource::Proof,
            max_cache_size,
            ..ForkOptions::default()
        })
    }

    /// The block that the fork is pinned to.
    ///
    /// # Errors
    /// `Missing` while the host has not answered the requests for it; `InvalidState` for a fork that is not pinned.
    pub fn block(&self) -> Result<PinnedBlock> {
        if !self.inner.lock().is_pinned() {
            return Err(self.not_pinned());
        }
        loop {
            if let Some(pin) = self.inner.lock().pin {
                return Ok(pin);
            }
            self.fetch(&[Request::Block.into()])?;
        }
    }

    /// Whether this thread is inside the fork's own [`Transport::send`].
    pub fn is_in_transport(&self) -> bool {
        Wire::is_inside(self.id)
    }

    /// The counters.
    pub fn stats(&self) -> ForkStats {
        let inner = self.inner.lock();
        let count = |n: usize| n as u64;
        let nodes = inner.nodes.counts();
        let stored = self.levels.stored().map(|(store, _)| store.counts()).unwrap_or_default();
        ForkStats {
            hits: inner.stats.hits.saturating_sub(inner.cache.first_reads()),
            evictions: inner.cache.evictions() + nodes.evictions,
            accounts: count(inner.cache.accounts.len()),
            slots: count(inner.cache.slots.len()),
            codes: count(inner.cache.code.len()),
            code_bytes: count(inner.cache.code.held_bytes()),
            proof_nodes: nodes.nodes,
            proof_bytes: nodes.bytes,
            pending: count(inner.flights.len()),
            stored_writes: stored.writes,
            stored_dropped: stored.dropped,
            ..inner.stats
        }
    }

    /// Makes the answers to all of `requests` ready in as few round trips as possible: see [`Source::prefetch`]. Each
    /// answer then stays until its first read, even in a cache smaller than the number of requests.
    ///
    /// # Errors
    /// `Missing` when the host has to answer some, all of which are then queued; `InvalidInput` for more requests than
    /// the larger of 65,536 and `max_cache_size`; otherwise as the reads.
    pub fn prefetch(&self, requests: &[Request]) -> Result<()> {
        let limit = self.prefetch_limit();
        if requests.len() > limit {
            return Err(Error::InvalidInput(format!(
                "prefetch of {} values: {limit} is the limit, which a larger max_cache_size raises",
                requests.len()
            )));
        }
        let mut hashes: Vec<Want> = Vec::new();
        {
            let inner = self.inner.lock();
            if !inner.is_pinned() && requests.iter().any(|request| matches!(request, Request::BlockHash(_))) {
                return Err(self.not_pinned());
            }
            for request in requests {
                if let (Request::BlockHash(number), true, Some(pin)) = (*request, inner.verifies(), inner.pin) {
                    headers::check_depth(pin.number, number)?;
                    hashes.push((*request).into());
                }
            }
        }
        // What is asked of the node for one are headers, and none for one that is held.
        if !hashes.is_empty() {
            self.attach_store()?;
            self.take_held(&hashes);
        }
        let mut wants = Vec::with_capacity(requests.len());
        {
            let inner = self.inner.lock();
            for request in requests {
                inner.wants(*request, &mut wants);
            }
        }
        self.fetch(&wants)
    }

    /// [`Self::prefetch`] for `count` slots of one account, beginning with `first`. After the last slot comes slot 0.
    ///
    /// # Errors
    /// As [`Self::prefetch`].
    pub fn prefetch_range(&self, address: Address, first: U256, count: usize) -> Result<()> {
        let slots = std::iter::successors(Some(first), |slot| Some(slot.wrapping_add(U256::ONE)));
        let limit = self.prefetch_limit();
        let requests: Vec<Request> =
            slots.take(count.min(limit.saturating_add(1))).map(|slot| Request::Storage(address, slot)).collect();
        self.prefetch(&requests)
    }

    fn prefetch_limit(&self) -> usize {
        self.options.max_cache_size.max(MAX_PREFETCH)
    }

    fn not_pinned(&self) -> Error {
        Error::InvalidState(format!(
            "the fork asks for block {:?} by name and is not pinned to one block",
            self.options.block.to_string()
        ))
    }

    /// Reads from the cache, and fetches what is not there until it is.
    fn read<T>(&self, want: Want, mut look_up: impl FnMut(&mut Inner) -> Option<T>) -> Result<T> {
        if let Some(value) = self.read_held(want, &mut look_up) {
            return Ok(value);
        }
        // Once more only when another thread has read the answer and a small cache has dropped it already.
        loop {
            self.fetch(&[want])?;
            let mut inner = self.inner.lock();
            if let Some(value) = look_up(&mut inner) {
                inner.stats.hits += 1;
                return Ok(value);
            }
        }
    }

    /// The hash of a block below the pinned one, vouched for by the headers between.
    fn checked_block_hash(&self, pin: PinnedBlock, number: u64) -> Result<B256> {
        headers::check_depth(pin.number, number)?;
        self.attach_store()?;
        let want = Want::from(Request::BlockHash(number));
        loop {
            if let Some(hash) = self.read_held(want, |inner| inner.block_hash(number)) {
                return Ok(hash);
            }
            let mut wants = Vec::new();
            {
                let mut inner = self.inner.lock();
                // Another thread may have been faster.
                if let Some(hash) = inner.block_hash(number) {
                    inner.stats.hits += 1;
                    return Ok(hash);
                }
                inner.wants(want.request, &mut wants);
            }
            if wants.is_empty() {
                return Err(Error::InvalidState(format!(
                    "hash of block {number}: the parent of the pinned block is not known, which would vouch for it"
                )));
            }
            self.fetch(&wants).map_err(|error| match error {
                Error::Missing(_) => Error::Missing(Request::BlockHash(number)),
                other => other,
            })?;
        }
    }

    /// Makes `wants` ready: takes what is held behind the cache, asks for the rest and waits, or leaves it to the host.
    fn fetch(&self, wants: &[Want]) -> Result<()> {
        self.attach_store()?;
        self.take_held(wants);
        match &self.wire {
            _ if self.options.offline => self.refuse_offline(wants),
            None => self.queue(wants),
            Some(wire) => self.fetch_blocking(wire, wants),
        }
    }
}

impl Source for Fork {
    fn account(&self, address: Address) -> Result<Option<SourceAccount>> {
        self.read(Request::Account(address).into(), |inner| inner.cache.accounts.get(&address))
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256> {
        self.read(Request::Storage(address, slot).into(), |inner| inner.cache.slots.get(&SlotKey(address, slot)))
    }

    fn code(&self, address: Address, code_hash: B256) -> Result<Bytes> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        let want = Want { request: Request::Code(address), code_hash: Some(code_hash) };
        self.read(want, |inner| inner.cache.code.get(&code_hash))
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>> {
        let pin = self.block().map_err(|error| match error {
            Error::Missing(_) => Error::Missing(Request::BlockHash(number)),
            other => other,
        })?;
        if number >= pin.number {
            return Ok((number == pin.number).then_some(pin.hash));
        }
        if self.options.verify != Verify::Off {
            return self.checked_block_hash(pin, number).map(Some);
        }
        self.read(Request::BlockHash(number).into(), |inner| inner.block_hash(number)).map(Some)
    }

    fn prefetch(&self, requests: &[Request]) -> Result<()> {
        Self::prefetch(self, requests)
    }

    fn foresee(&self, question: &Foresight) -> Result<Option<Vec<Request>>> {
        self.ask_foresight(question)
    }

    fn recall(&self, contract: Address, selector: [u8; 4]) -> Vec<Request> {
        self.recalled(contract, selector)
    }

    fn remember(&self, contract: Address, selector: [u8; 4], touched: &mut dyn Iterator<Item = Request>) {
        self.remember_touched(contract, selector, touched);
    }

    fn witness(&self, keys: &[(Address, Vec<U256>)]) -> Result<Witness> {
        self.gather_witness(keys)
    }

    fn at_hand(self: Arc<Self>) -> Arc<dyn Source> {
        Arc::new(at_hand::AtHand(self))
    }

    fn clear_cache(&self) {
        self.inner.lock().clear_cache();
    }
}
