//! What the threads of a fork share under its lock: cache, pin, open questions, counters.

use super::answer::{Answer, BlockSeen, Trust, Wrong};
use super::batch_size::BatchSize;
use super::block::{BlockParam, BlockTag, PinnedBlock};
use super::cache::Cache;
use super::call::Call;
use super::failure::{Failure, Kind};
use super::foresee::Foresights;
use super::headers::Headers;
use super::host::HostQueue;
use super::levels::{Held, Levels};
use super::log::Journal;
use super::metrics::Metrics;
use super::options::{AccountSource, ForkOptions, LogLevel, Verify};
use super::plan::{Means, Plan, Want};
use super::recording::Recording;
use super::stats::ForkStats;
use super::touched::Touched;
use super::watch::{Look, Watch};
use super::witness::Paths;
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::proof::{CheckedNodes, NodeStore};
use crate::state::{Request, SourceAccount};
use crate::store::Record;
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

/// The hash of the chain's first block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Genesis {
    NotNeeded,
    Open,
    Known(B256),
    /// The node could not tell.
    Unknown,
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
    header: Option<BlockSeen>,
    genesis: Genesis,
    pub(super) verify: Verify,
    pub(super) headers: Headers,
    /// Trie nodes of answers that were checked.
    pub(super) nodes: Arc<NodeStore>,
    pub(super) paths: Paths,
    parts: HashMap<Address, Parts>,
    pub(super) foresights: Foresights,
    pub(super) touched: Touched,
    /// What is admitted is kept there too.
    levels: Arc<Levels>,
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
            no_proofs: false,
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
        if self.verifies() { self.headers.hash(number) } else { self.cache.block_hashes.get(&number) }
    }

    /// Forgets what can be asked for again.
    pub(super) fn clear_cache(&mut self) {
        self.cache.clear();
        self.headers.clear();
        self.nodes.clear();
        self.paths.clear();
    }

    /// The calls for a question that no [`Want`] can tell.
    pub(super) fn own_calls(&mut self, request: Request) -> Option<Vec<Call>> {
        match request {
            Request::Proof(address) => Some(self.paths.calls(address)),
            request => self.foresights.call(request).map(|call| vec![call]),
        }
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

    /// Adds what the cache holds.
    pub(super) fn record(&self, recording: &mut Recording) {
        let Cache { accounts, slots, code, block_hashes } = &self.cache;
        recording.accounts.extend(accounts.iter().map(|(address, account)| (*address, *account)));
        recording.slots.extend(slots.iter().map(|(key, value)| (*key, *value)));
        recording.codes.extend(code.iter().map(|(hash, code)| (*hash, code.clone())));
        recording.block_hashes.extend(block_hashes.iter().map(|(number, hash)| (*number, *hash)));
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Whether accounts and slots are asked for with `eth_getProof`.
    pub(super) fn proofs(&self) -> bool {
        match self.source {
            _ if self.verifies() => true,
            AccountSource::Auto => !self.no_proofs,
            AccountSource::Proof => true,
            AccountSource::Fields => false,
        }
    }

    /// Why the failed call could not be done without, for the error text.
    pub(super) fn need_of(&self, call: &Call, failure: &Failure) -> &'static str {
        match call {
            Call::Paths { .. } if failure.no_proof => "; trie nodes need eth_getProof",
            Call::Proof { .. } if failure.no_proof && self.verifies() => "; verify needs eth_getProof",
            _ => "",
        }
    }

    /// With which methods values are asked for now.
    pub(super) fn means(&self) -> Means {
        Means { proofs: self.proofs(), storage_values: !self.no_storage_values, max_slots: self.max_slots }
    }

    /// Adds a question to a plan.
    pub(super) fn add_to(&mut self, plan: &mut Plan, want: Want) {
        match self.own_calls(want.request) {
            Some(calls) => calls.into_iter().for_each(|call| plan.add_call(call)),
            None => plan.add(want),
        }
        if want.request == Request::Block && self.asks_head {
            plan.add_pin_call(Call::Head);
        }
        if want.request == Request::Block && self.wants_genesis() {
            plan.add_pin_call(Call::Genesis);
        }
    }

    /// Whether what `call` was for is to be asked with other methods, because the node has not this one.
    pub(super) fn asks_otherwise(&mut self, call: &Call, failure: &Failure) -> bool {
        if call.is_proof() && failure.no_proof && self.source == AccountSource::Auto && !self.verifies() {
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
            for request in self.watch.found(look).values {
                self.store(request);
            }
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
                    Request::Block | Request::Code(_) | Request::Foresight(_) | Request::Proof(_) => {}
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
            Request::Proof(address) => !self.flights.contains_key(&want.request) && !self.paths.are_wanted(&address),
            Request::BlockHash(number) if self.verifies() => self.headers.has(number),
            Request::BlockHash(number) => {
                self.pin.is_some_and(|pin| number >= pin.number) || self.cache.block_hashes.contains(&number)
            }
        }
    }

    /// Adds what has to be asked for so that `request` can be answered: a code needs its account too, and a block hash
    /// that is checked the headers above.
    pub(super) fn wants(&self, request: Request, wants: &mut Vec<Want>) {
        match request {
            Request::Code(address) => {
                let account = self.cache.accounts.peek(&address).copied();
                match account {
                    // Without proofs the code comes along with the account.
                    None if !self.proofs() => {}
                    None => wants.push(request.into()),
                    Some(account) => {
                        wants.push(Want { request, code_hash: account.map(|account| account.code_hash) });
                    }
                }
                if account.is_none() {
                    wants.push(Request::Account(address).into());
                }
            }
            Request::BlockHash(number) if self.verifies() && self.pin.is_some() => {
                wants.extend(self.headers.lacking(number).map(|header| Want::from(Request::BlockHash(header))));
            }
            _ => wants.push(request.into()),
        }
    }

    /// Takes a decoded answer in: the one door to the cache.
    pub(super) fn admit(&mut self, call: &Call, answer: Answer) {
        match (call, answer) {
            (_, Answer::ChainId(chain_id)) => {
                self.chain_id = Some(chain_id);
                self.complete_pin();
            }
            (_, Answer::Block(seen)) => {
                self.header = Some(seen);
                self.complete_pin();
            }
            (_, Answer::Head(number)) => {
                self.head = Some(number);
                self.complete_pin();
            }
            (_, Answer::Genesis(hash)) => {
                self.genesis = Genesis::Known(hash);
                self.complete_pin();
            }
            (Call::BlockHash(number), Answer::BlockHash(hash)) => {
                self.cache.block_hashes.deliver(*number, hash);
            }
            (Call::BlockHash(_), Answer::Header(header)) => {
                if !self.headers.admit(header) {
                    self.stats.verify_failures += 1;
                }
            }
            (Call::Paths { address, .. }, Answer::Paths(nodes)) => {
                self.keep_nodes(nodes, true);
                if !self.paths.answered(address) {
                    return;
                }
            }
            (Call::Proof { address, account: asked, .. }, Answer::Proof { account, slots, nodes }) => {
                self.keep_nodes(nodes, false);
                if *asked {
                    self.cache.accounts.deliver(*address, account);
                } else {
                    self.cache.accounts.keep(*address, account);
                    self.keep_value(Request::Account(*address));
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
                    self.levels.keep(|_| Record::Code(hash, code.clone()));
                    self.cache.code.deliver(hash, code);
                }
                if let Call::AccountCode(address) = call {
                    self.complete_account(*address, |parts| parts.code_hash = Some(hash));
                }
            }
            // `decode` gives each call its own kind of answer.
            _ => return,
        }
        if !call.is_pin() && !matches!(call, Call::Balance(_) | Call::Nonce(_) | Call::AccountCode(_)) {
            for request in call.covers() {
                self.keep_value(request);
                self.settle(request, Ok(()));
            }
        }
    }

    fn keep_nodes(&self, nodes: CheckedNodes, asked: bool) {
        self.nodes.keep(nodes, asked, |hash, node| self.levels.keep(|_| Record::Node(hash, node.clone())));
    }

    /// A value has come: the persistent store is given it as soon as it is sure to be the pinned block's.
    fn keep_value(&mut self, request: Request) {
        if !self.watch.note(request) {
            self.store(request);
        }
    }

    /// Gives what the cache has for `request` to the persistent store.
    fn store(&self, request: Request) {
        match request {
            Request::Account(address) => {
                if let Some(&account) = self.cache.accounts.peek(&address) {
                    self.levels.keep(|scope| Record::Account(scope, address, account));
                }
            }
            Request::Storage(address, slot) => {
                if let Some(&value) = self.cache.slots.peek(&SlotKey(address, slot)) {
                    self.levels.keep(|scope| Record::Slot(scope, address, slot, value));
                }
            }
            Request::BlockHash(number) => {
                if let Some(&hash) = self.cache.block_hashes.peek(&number) {
                    self.levels.keep(|scope| Record::BlockHash(scope, number, hash));
                }
            }
            // Codes and trie nodes are sure by their hash: they are given when they come.
            Request::Code(_) | Request::Proof(_) | Request::Block | Request::Foresight(_) => {}
        }
    }

    /// Takes in what was held behind the cache.
    pub(super) fn take_held(&mut self, request: Request, held: Held) {
        match (request, held) {
            (Request::Account(address), Held::Account(account)) => self.cache.accounts.deliver(address, account),
            (Request::Storage(address, slot), Held::Slot(value)) => {
                self.cache.slots.deliver(SlotKey(address, slot), value);
            }
            (Request::Code(_), Held::Code(hash, code)) => self.cache.code.deliver(hash, code),
            (Request::BlockHash(number), Held::BlockHash(hash)) => self.cache.block_hashes.deliver(number, hash),
            // `Levels::find` gives each request its own kind of value.
            _ => return,
        }
        self.stats.stored_hits += 1;
    }

    /// The open questions.
    pub(super) fn open_questions(&self) -> Vec<Request> {
        self.flights.keys().copied().collect()
    }

    /// Once set, the pin stays: a late answer to a repeated request may name a newer block.
    fn complete_pin(&mut self) {
        let (None, Some(chain_id), Some(seen)) = (self.pin, self.chain_id, self.header) else { return };
        if self.genesis == Genesis::Open || (self.asks_head && self.head.is_none()) {
            return;
        }
        let BlockSeen { number, hash, state_root, parent_hash } = seen;
        self.pin = Some(PinnedBlock { chain_id, number, hash, state_root });
        if let Some(parent_hash) = parent_hash {
            self.headers.begin(number, parent_hash);
        }
        if !self.by_hash && !self.is_final() {
            self.watch.begin(Instant::now());
        }
        self.journal.write(LogLevel::Info, || format!("pinned to block {number} ({hash}) of chain {chain_id}"));
        self.block = if self.by_hash { BlockParam::Hash(hash) } else { BlockParam::Number(number) };
        self.settle(Request::Block, Ok(()));
    }

    /// Whether the chain keeps the pinned block, as far as is known.
    pub(super) fn is_final(&self) -> bool {
        let Some(PinnedBlock { number, .. }) = self.pin else { return false };
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
        self.keep_value(request);
        self.settle(request, Ok(()));
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
