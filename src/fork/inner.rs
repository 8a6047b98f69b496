//! What the threads of a fork share under its lock: cache, pin, open questions, counters.

use super::answer::Answer;
use super::batch_size::BatchSize;
use super::block::{BlockParam, BlockTag, PinnedBlock};
use super::cache::Cache;
use super::call::Call;
use super::failure::{Failure, Kind};
use super::foresee::Foresights;
use super::host::HostQueue;
use super::log::Journal;
use super::metrics::Metrics;
use super::options::{AccountSource, ForkOptions, LogLevel};
use super::plan::{Means, Plan, Want};
use super::stats::ForkStats;
use super::watch::{Look, Watch};
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::state::{Request, SourceAccount};
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
struct Parts {
    balance: Option<U256>,
    nonce: Option<u64>,
    code_hash: Option<B256>,
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
    tag: BlockTag,
    hosted: bool,
    pinned: bool,
    by_hash: bool,
    source: AccountSource,
    /// Found out that the node has no `eth_getProof`.
    no_proofs: bool,
    /// Found out that the node has no `eth_getStorageValues`.
    no_storage_values: bool,
    max_slots: usize,
    expected_chain: Option<u64>,
    chain_id: Option<u64>,
    /// Whether the newest block is asked for along with the pin, and its number.
    asks_head: bool,
    head: Option<u64>,
    /// Blocks on top of one that is final.
    safe_depth: u64,
    header: Option<(u64, B256)>,
    parts: HashMap<Address, Parts>,
    pub(super) foresights: Foresights,
}

impl Flight {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }
}

impl Inner {
    /// `hosted`: the host carries the requests, and failures wait for its next read.
    pub(super) fn new(options: &ForkOptions, hosted: bool) -> Self {
        let block = match &options.block {
            BlockTag::Verbatim(tag) => BlockParam::Verbatim(tag.clone()),
            BlockTag::Hash(hash) => BlockParam::Hash(*hash),
            _ => BlockParam::Number(0),
        };
        Self {
            cache: Cache::new(options.max_cache_size, options.max_code_bytes),
            stats: ForkStats::default(),
            host: HostQueue::default(),
            flights: HashMap::default(),
            pin: None,
            block,
            batch: BatchSize::new(options.max_batch),
            watch: Watch::new(options.reorg_check),
            metrics: Metrics::default(),
            journal: Journal::new(options),
            tag: options.block.clone(),
            hosted,
            pinned: !matches!(options.block, BlockTag::Verbatim(_)),
            by_hash: matches!(options.block, BlockTag::Hash(_)),
            source: options.account_source,
            no_proofs: false,
            no_storage_values: false,
            max_slots: options.max_slots_per_request,
            expected_chain: options.chain_id,
            chain_id: None,
            asks_head: options.cache_dir.is_some() && matches!(options.block, BlockTag::Number(_)),
            head: None,
            safe_depth: options.safe_depth,
            header: None,
            parts: HashMap::default(),
            foresights: Foresights::default(),
        }
    }

    /// Whether values have to wait until the block is known.
    pub(super) fn lacks_pin(&self) -> bool {
        self.pinned && self.pin.is_none()
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Whether accounts and slots are asked for with `eth_getProof`.
    pub(super) fn proofs(&self) -> bool {
        match self.source {
            AccountSource::Auto => !self.no_proofs,
            AccountSource::Proof => true,
            AccountSource::Fields => false,
        }
    }

    /// With which methods values are asked for now.
    pub(super) fn means(&self) -> Means {
        Means { proofs: self.proofs(), storage_values: !self.no_storage_values, max_slots: self.max_slots }
    }

    /// Adds a question to a plan.
    pub(super) fn add_to(&self, plan: &mut Plan, want: Want) {
        match self.foresights.call(want.request) {
            Some(call) => plan.add_call(call),
            None => plan.add(want),
        }
        if want.request == Request::Block && self.asks_head {
            plan.add_head();
        }
    }

    /// Whether what `call` was for is to be asked with other methods, because the node has not this one.
    pub(super) fn asks_otherwise(&mut self, call: &Call, failure: &Failure) -> bool {
        if call.is_proof() && failure.no_proof && self.source == AccountSource::Auto {
            if !self.no_proofs {
                self.journal.write(LogLevel::Info, || format!("no proofs from here on: {}", failure.text));
            }
            self.no_proofs = true;
            return true;
        }
        if call.is_storage_values() && !failure.transient && !failure.hopeless {
            if !self.no_storage_values {
                self.journal
                    .write(LogLevel::Info, || format!("no eth_getStorageValues from here on: {}", failure.text));
            }
            self.no_storage_values = true;
            return true;
        }
        false
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

    /// Takes in what a look at the pinned block has found.
    pub(super) fn looked(&mut self, look: Look, found: Option<B256>) -> std::result::Result<(), Failure> {
        let Some(pin) = self.pin else { return Ok(()) };
        if found == Some(pin.hash) {
            if self.watch.is_lost() {
                self.journal.write(LogLevel::Info, || format!("block {} is {} again", pin.number, pin.hash));
            }
            self.watch.found(look);
            return Ok(());
        }
        Err(self.lose(pin, found))
    }

    /// The pinned block has left the chain.
    pub(super) fn lose(&mut self, pin: PinnedBlock, found: Option<B256>) -> Failure {
        let now = found.map_or("is no longer there".to_owned(), |hash| format!("is now {hash}"));
        let text = format!("block {} was {} when the fork was pinned and {now}", pin.number, pin.hash);
        if let Some(lost) = self.watch.lose() {
            self.stats.reorgs += 1;
            self.journal.write(LogLevel::Error, || text.clone());
            if lost.more {
                self.cache.clear();
            }
            for request in lost.values {
                match request {
                    Request::Account(address) => self.cache.accounts.remove(&address),
                    Request::Storage(address, slot) => self.cache.slots.remove(&SlotKey(address, slot)),
                    Request::BlockHash(number) => self.cache.block_hashes.remove(&number),
                    Request::Block | Request::Code(_) | Request::Foresight(_) => {}
                }
            }
        }
        Failure::hopeless(Kind::Reorg, text)
    }

    /// The method of a call.
    pub(super) fn method(&self, call: &Call) -> &'static str {
        call.method(&self.tag)
    }

    /// Whether the question can be answered at once.
    pub(super) fn is_ready(&self, want: &Want) -> bool {
        match want.request {
            Request::Block => !self.lacks_pin(),
            Request::Account(address) => self.cache.accounts.contains(&address),
            Request::Storage(address, slot) => self.cache.slots.contains(&SlotKey(address, slot)),
            Request::Code(address) => {
                let known = self.cache.accounts.peek(&address);
                let known = known.map(|account| account.map_or(KECCAK256_EMPTY, |account| account.code_hash));
                let hash = want.code_hash.or(known);
                hash.is_some_and(|hash| hash == KECCAK256_EMPTY || self.cache.code.contains(&hash))
            }
            Request::Foresight(id) => self.foresights.answers.contains_key(&id),
            Request::BlockHash(number) => {
                self.pin.is_some_and(|pin| number >= pin.number) || self.cache.block_hashes.contains(&number)
            }
        }
    }

    /// What has to be asked for so that `request` can be answered: a code needs its account too.
    pub(super) fn wants(&self, request: Request) -> impl Iterator<Item = Want> + use<> {
        let Request::Code(address) = request else { return [Some(request.into()), None].into_iter().flatten() };
        let account = self.cache.accounts.peek(&address).copied();
        let code = match account {
            // Without proofs the code comes along with the account.
            None if !self.proofs() => None,
            None => Some(request.into()),
            Some(account) => Some(Want { request, code_hash: account.map(|account| account.code_hash) }),
        };
        [code, account.is_none().then_some(Request::Account(address).into())].into_iter().flatten()
    }

    /// Takes a decoded answer in: the one door to the cache.
    pub(super) fn admit(&mut self, call: &Call, answer: Answer) {
        match (call, answer) {
            (_, Answer::ChainId(chain_id)) => {
                self.chain_id = Some(chain_id);
                self.complete_pin();
            }
            (_, Answer::Block { number, hash }) => {
                self.header = Some((number, hash));
                self.complete_pin();
            }
            (_, Answer::Head(number)) => {
                self.head = Some(number);
                self.complete_pin();
            }
            (Call::BlockHash(number), Answer::BlockHash(hash)) => self.cache.block_hashes.deliver(*number, hash),
            (Call::Proof { address, account: asked, .. }, Answer::Proof { account, slots }) => {
                if *asked {
                    self.cache.accounts.deliver(*address, account);
                } else {
                    self.cache.accounts.keep(*address, account);
                    self.watch.note(Request::Account(*address));
                }
                for (slot, value) in slots {
                    self.cache.slots.deliver(SlotKey(*address, slot), value);
                }
            }
            (Call::Foresight(question), Answer::Foreseen(requests)) => {
                self.foresights.answers.insert(question.id, requests);
            }
            (Call::Slot(address, slot), Answer::Slot(value)) => {
                self.cache.slots.deliver(SlotKey(*address, *slot), value);
            }
            (Call::Slots(_), Answer::Slots(values)) => {
                for (address, slot, value) in values {
                    self.cache.slots.deliver(SlotKey(address, slot), value);
                }
            }
            (Call::Balance(address), Answer::Balance(balance)) => {
                self.complete_account(*address, |parts| parts.balance = Some(balance));
            }
            (Call::Nonce(address), Answer::Nonce(nonce)) => {
                self.complete_account(*address, |parts| parts.nonce = Some(nonce));
            }
            (call, Answer::Code { hash, code }) => {
                if !code.is_empty() {
                    self.cache.code.deliver(hash, code);
                }
                if let Call::AccountCode(address) = call {
                    self.complete_account(*address, |parts| parts.code_hash = Some(hash));
                }
            }
            // `decode` gives each call its own kind of answer.
            _ => return,
        }
        if !matches!(
            call,
            Call::ChainId | Call::Block | Call::Head | Call::Balance(_) | Call::Nonce(_) | Call::AccountCode(_)
        ) {
            for request in call.covers() {
                self.watch.note(request);
                self.settle(request, Ok(()));
            }
        }
    }

    /// Once set, the pin stays: a late answer to a repeated request may name a newer block.
    fn complete_pin(&mut self) {
        let (None, Some(chain_id), Some((number, hash))) = (self.pin, self.chain_id, self.header) else { return };
        if self.asks_head && self.head.is_none() {
            return;
        }
        self.pin = Some(PinnedBlock { chain_id, number, hash });
        if !self.by_hash && !self.is_final(number) {
            self.watch.begin(Instant::now());
        }
        self.journal.write(LogLevel::Info, || format!("pinned to block {number} ({hash}) of chain {chain_id}"));
        self.block = if self.by_hash { BlockParam::Hash(hash) } else { BlockParam::Number(number) };
        self.settle(Request::Block, Ok(()));
    }

    /// Whether the chain keeps the block with this number, as far as is known.
    fn is_final(&self, number: u64) -> bool {
        let deep = self.head.is_some_and(|head| head.saturating_sub(number) >= self.safe_depth);
        deep || number == 0 || self.tag == BlockTag::Finalized
    }

    fn complete_account(&mut self, address: Address, add: impl FnOnce(&mut Parts)) {
        let request = Request::Account(address);
        // A sibling has failed meanwhile: the question is closed.
        if !self.flights.contains_key(&request) {
            return;
        }
        let parts = self.parts.entry(address).or_default();
        add(parts);
        let (Some(balance), Some(nonce), Some(code_hash)) = (parts.balance, parts.nonce, parts.code_hash) else {
            return;
        };
        let absent = balance.is_zero() && nonce == 0 && code_hash == KECCAK256_EMPTY;
        let account = (!absent).then_some(SourceAccount { balance, nonce, code_hash });
        self.cache.accounts.deliver(address, account);
        self.watch.note(request);
        self.settle(request, Ok(()));
    }

    /// Closes a question. A failure is kept for the host's next read.
    pub(super) fn settle(&mut self, request: Request, outcome: Result<()>) {
        let Some(flight) = self.flights.remove(&request) else { return };
        if let Request::Account(address) = request {
            self.parts.remove(&address);
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
