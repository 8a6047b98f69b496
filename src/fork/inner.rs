//! What the threads of a fork share under its lock: cache, pin, open questions, counters.

use super::answer::{Answer, BlockSeen, Trust, Wrong};
use super::batch_size::BatchSize;
use super::block::{BlockParam, BlockTag, PinnedBlock};
use super::cache::Cache;
use super::call::Call;
use super::failure::Failure;
use super::foresee::Foresights;
use super::headers::Headers;
use super::host::HostQueue;
use super::levels::Levels;
use super::log::Journal;
use super::metrics::Metrics;
use super::options::{AccountSource, ForkOptions, LogLevel, Verify};
use super::stats::ForkStats;
use super::touched::Touched;
use super::watch::Watch;
use super::witness::Paths;
use crate::error::{Error, Result};
use crate::proof::NodeStore;
use crate::state::Request;
use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// A question that has been asked for and is not settled. Its outcome is set once, under the lock.
#[derive(Default)]
pub(super) struct Flight {
    pub(super) outcome: OnceLock<Result<()>>,
}

/// The parts of an account that is asked for without a proof.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) balance: Option<U256>,
    pub(super) nonce: Option<u64>,
    pub(super) code_hash: Option<B256>,
}

/// The hash of the chain's first block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Genesis {
    NotNeeded,
    Open,
    Known(B256),
    /// The node could not tell.
    Unknown,
}

/// What [`AccountSource::Auto`] has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProofUse {
    /// Proofs are asked for; how long the node takes for them has not been of interest.
    Untried,
    /// Some proofs are under way by themselves. Meanwhile all else is asked for without.
    OnTrial,
    /// The node is quick with them.
    Kept,
    /// The node has no `eth_getProof`, or takes long for it.
    Left,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not one state in disguise")]
pub(super) struct Inner {
    pub(super) cache: Cache,
    pub(super) stats: ForkStats,
    pub(super) host: HostQueue,
    /// Open questions. Each is planned, under way, or waits for the host.
    pub(super) flights: HashMap<Request, Arc<Flight>>,
    pub(super) pin: Option<PinnedBlock>,
    /// How requests for values name the block; not used before the pin is resolved.
    pub(super) block: BlockParam,
    pub(super) batch: BatchSize,
    pub(super) watch: Watch,
    pub(super) metrics: Metrics,
    pub(super) journal: Journal,
    /// As the user names the block.
    pub(super) tag: BlockTag,
    pub(super) hosted: bool,
    pub(super) pinned: bool,
    pub(super) by_hash: bool,
    pub(super) source: AccountSource,
    pub(super) proof_use: ProofUse,
    /// Found out that the node has no `eth_getStorageValues`.
    pub(super) no_storage_values: bool,
    pub(super) max_slots: usize,
    pub(super) expected_chain: Option<u64>,
    pub(super) chain_id: Option<u64>,
    /// Whether the newest block is asked for along with the pin, and its number.
    pub(super) asks_head: bool,
    pub(super) head: Option<u64>,
    /// Blocks on top of one that is final.
    pub(super) safe_depth: u64,
    pub(super) header: Option<BlockSeen>,
    pub(super) genesis: Genesis,
    pub(super) verify: Verify,
    pub(super) headers: Headers,
    /// Trie nodes of answers that were checked.
    pub(super) nodes: Arc<NodeStore>,
    pub(super) paths: Paths,
    pub(super) parts: HashMap<Address, Parts>,
    pub(super) foresights: Foresights,
    pub(super) touched: Touched,
    /// What is admitted is kept there too.
    pub(super) levels: Arc<Levels>,
}

impl Flight {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }
}

impl Inner {
    /// `hosted`: the host carries the requests, and failures wait for its next read.
    pub(super) fn new(options: &ForkOptions, hosted: bool, levels: Arc<Levels>, pin: Option<PinnedBlock>) -> Self {
        let by_hash = matches!(options.block, BlockTag::Hash(_));
        let block = match &options.block {
            BlockTag::Verbatim(tag) => BlockParam::Verbatim(tag.clone()),
            BlockTag::Hash(hash) => BlockParam::Hash(*hash),
            _ => BlockParam::Number(pin.map_or(0, |pin| pin.number)),
        };
        let (mut headers, mut watch) = (Headers::default(), Watch::new(options.reorg_check));
        if let Some(pin) = pin {
            // Vouched for by itself: its header is the first that is followed.
            headers.begin(pin.number.saturating_add(1), pin.hash);
            if !by_hash {
                let by_hash = matches!(options.verify, Verify::BlockHash(_)) || options.recording.is_some();
                // The store knows only final blocks by their number.
                watch.doubt(Instant::now(), !by_hash && matches!(options.block, BlockTag::Number(_)));
            }
        }
        Self {
            cache: Cache::new(options.max_cache_size, options.max_code_bytes),
            stats: ForkStats::default(),
            host: HostQueue::default(),
            flights: HashMap::default(),
            pin,
            block,
            batch: BatchSize::new(options.max_batch),
            watch,
            metrics: Metrics::default(),
            journal: Journal::new(options),
            tag: options.block.clone(),
            hosted,
            pinned: !matches!(options.block, BlockTag::Verbatim(_)),
            by_hash,
            source: options.account_source,
            proof_use: ProofUse::Untried,
            no_storage_values: false,
            max_slots: options.max_slots_per_request,
            expected_chain: options.chain_id,
            chain_id: pin.map(|pin| pin.chain_id),
            asks_head: options.cache_dir.is_some() && matches!(options.block, BlockTag::Number(_)),
            head: None,
            safe_depth: options.safe_depth,
            header: None,
            genesis: if options.cache_dir.is_some() && options.network.is_none() && pin.is_none() {
                Genesis::Open
            } else {
                Genesis::NotNeeded
            },
            verify: options.verify,
            headers,
            nodes: NodeStore::new(options.max_proof_bytes),
            paths: Paths::new(options.max_slots_per_request),
            parts: HashMap::default(),
            foresights: Foresights::default(),
            touched: Touched::default(),
            levels,
        }
    }

    /// Whether answers are checked.
    pub(super) fn verifies(&self) -> bool {
        self.verify != Verify::Off
    }

    /// What the answer to `call` is checked against.
    pub(super) fn trust(&self, call: &Call) -> Trust {
        let hash = match (call, self.verify) {
            (_, Verify::Off) => None,
            (Call::Block, Verify::BlockHash(hash)) => Some(hash),
            (Call::BlockHash(number), _) => self.headers.hash(*number),
            (Call::Code { address, expected }, _) => {
                let account = self.cache.accounts.peek(address);
                expected.or(account.map(|account| account.map_or(KECCAK256_EMPTY, |account| account.code_hash)))
            }
            _ => None,
        };
        Trust { verify: self.verify, state_root: self.pin.and_then(|pin| pin.state_root), hash }
    }

    /// Counts an answer that was checked.
    pub(super) fn count(&mut self, trust: &Trust, decoded: &std::result::Result<Answer, Wrong>) {
        match decoded {
            Err(Wrong::Invalid(_)) => self.stats.verify_failures += 1,
            Ok(Answer::Paths(_)) => self.stats.verified += 1,
            Ok(Answer::Block(_) | Answer::Header(_) | Answer::Proof { .. }) if trust.checks() => {
                self.stats.verified += 1;
            }
            Ok(Answer::Code { hash, .. }) if trust.hash == Some(*hash) => self.stats.verified += 1,
            _ => {}
        }
    }

    /// The hash of a block below the pinned one, if it is here.
    pub(super) fn block_hash(&mut self, number: u64) -> Option<B256> {
        self.headers.hash(number).or_else(|| self.cache.block_hashes.get(&number))
    }

    /// Forgets what can be asked for again.
    pub(super) fn clear_cache(&mut self) {
        self.cache.clear();
        self.headers.clear();
        self.nodes.clear();
        self.paths.clear();
    }

    /// Whether values have to wait until the block is known.
    pub(super) fn lacks_pin(&self) -> bool {
        self.pinned && self.pin.is_none()
    }

    /// Whether the block is asked for together with the chain's first one.
    pub(super) fn wants_genesis(&self) -> bool {
        self.genesis == Genesis::Open
    }

    /// The hash of the chain's first block, where the node told it.
    pub(super) fn genesis(&self) -> Option<B256> {
        if let Genesis::Known(hash) = self.genesis { Some(hash) } else { None }
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// The chain that every node has to be on, as far as is known.
    pub(super) fn known_chain(&self) -> Option<u64> {
        self.expected_chain.or(self.chain_id)
    }

    /// Whether a decoded answer can be the truth about the fork's chain.
    pub(super) fn check(&self, answer: &Answer) -> std::result::Result<(), Failure> {
        match (answer, self.known_chain()) {
            (Answer::ChainId(found), Some(expected)) if *found != expected => {
                Err(Failure::wrong_chain(expected, *found))
            }
            _ => Ok(()),
        }
    }

    /// The method of a call.
    pub(super) fn method(&self, call: &Call) -> &'static str {
        call.method(&self.tag)
    }

    /// The open questions.
    pub(super) fn open_questions(&self) -> Vec<Request> {
        self.flights.keys().copied().collect()
    }

    /// Whether the chain keeps the pinned block, as far as is known.
    pub(super) fn is_final(&self) -> bool {
        let Some(PinnedBlock { number, .. }) = self.pin else { return false };
        let deep = self.head.is_some_and(|head| head.saturating_sub(number) >= self.safe_depth);
        deep || number == 0 || self.tag == BlockTag::Finalized
    }

    /// Closes a question. A failure is kept for the host's next read.
    pub(super) fn settle(&mut self, request: Request, outcome: Result<()>) {
        let Some(flight) = self.flights.remove(&request) else { return };
        match request {
            Request::Account(address) => {
                self.parts.remove(&address);
            }
            Request::Proof(address) => self.paths.close(&address, outcome.is_ok()),
            _ => {}
        }
        if let (true, Err(error)) = (self.hosted, &outcome) {
            self.host.remember(request, error.clone());
        }
        // Only this function sets the outcome, and the flight has just been taken out.
        let _ = flight.outcome.set(outcome);
    }

    /// Closes all questions that `call` was to answer, with one failure.
    pub(super) fn fail(&mut self, call: &Call, error: &Error) {
        self.stats.failures += 1;
        if let Call::Genesis = call {
            self.genesis = Genesis::Unknown;
            self.complete_pin();
        }
        let method = self.method(call);
        self.metrics.failed(method);
        self.journal.write(LogLevel::Error, || error.to_string());
        if let Call::Foresight(question) = call {
            self.foresights.failed.push(question.method);
        }
        for request in call.covers() {
            self.settle(request, Err(error.clone()));
        }
    }
}
