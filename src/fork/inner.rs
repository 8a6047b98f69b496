//! What the threads of a fork share under its lock: cache, pin, open questions, counters.

use super::answer::{Answer, BlockSeen, Trust, Wrong};
use super::block::{BlockParam, BlockTag, PinnedBlock};
use super::cache::Cache;
use super::call::Call;
use super::failure::Failure;
use super::foresee::Foresights;
use super::headers::Headers;
use super::host::HostQueue;
use super::options::{AccountSource, ForkOptions, Verify};
use super::plan::Want;
use super::stats::ForkStats;
use super::witness::Paths;
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::proof::NodeStore;
use crate::state::{Request, SourceAccount};
use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use std::sync::{Arc, OnceLock};

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
    pub(super) batch_limit: usize,
    hosted: bool,
    pinned: bool,
    by_hash: bool,
    source: AccountSource,
    /// Found out that the node has no `eth_getProof`.
    no_proofs: bool,
    chain_id: Option<u64>,
    header: Option<BlockSeen>,
    pub(super) verify: Verify,
    pub(super) headers: Headers,
    /// Trie nodes of answers that were checked.
    pub(super) nodes: Arc<NodeStore>,
    pub(super) paths: Paths,
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
            batch_limit: options.max_batch,
            hosted,
            pinned: !matches!(options.block, BlockTag::Verbatim(_)),
            by_hash: matches!(options.block, BlockTag::Hash(_)),
            source: options.account_source,
            no_proofs: false,
            chain_id: None,
            header: None,
            verify: options.verify,
            headers: Headers::default(),
            nodes: NodeStore::new(options.max_proof_bytes),
            paths: Paths::new(options.max_slots_per_request),
            parts: HashMap::default(),
            foresights: Foresights::default(),
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
                self.stats.verified += 1
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

    /// Gives `eth_getProof` up for good, where that is allowed.
    pub(super) fn give_up_proofs(&mut self) -> bool {
        if self.source != AccountSource::Auto || self.verifies() {
            return false;
        }
        self.no_proofs = true;
        true
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
            (Call::BlockHash(number), Answer::BlockHash(hash)) => self.cache.block_hashes.deliver(*number, hash),
            (Call::BlockHash(_), Answer::Header(header)) => {
                if !self.headers.admit(header) {
                    self.stats.verify_failures += 1;
                }
            }
            (Call::Paths { address, .. }, Answer::Paths(nodes)) => {
                self.nodes.keep(nodes, true);
                if !self.paths.answered(address) {
                    return;
                }
            }
            (Call::Proof { address, account: asked, .. }, Answer::Proof { account, slots, nodes }) => {
                self.nodes.keep(nodes, false);
                if *asked {
                    self.cache.accounts.deliver(*address, account);
                } else {
                    self.cache.accounts.keep(*address, account);
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
        if !matches!(call, Call::ChainId | Call::Block | Call::Balance(_) | Call::Nonce(_) | Call::AccountCode(_)) {
            for request in call.covers() {
                self.settle(request, Ok(()));
            }
        }
    }

    /// Once set, the pin stays: a late answer to a repeated request may name a newer block.
    fn complete_pin(&mut self) {
        let (None, Some(chain_id), Some(seen)) = (self.pin, self.chain_id, self.header) else { return };
        let BlockSeen { number, hash, state_root, parent_hash } = seen;
        self.pin = Some(PinnedBlock { chain_id, number, hash, state_root });
        if let Some(parent_hash) = parent_hash {
            self.headers.begin(number, parent_hash);
        }
        self.block = if self.by_hash { BlockParam::Hash(hash) } else { BlockParam::Number(number) };
        self.settle(Request::Block, Ok(()));
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
        if let Call::Foresight(question) = call {
            self.foresights.failed.push(question.method);
        }
        for request in call.covers() {
            self.settle(request, Err(error.clone()));
        }
    }
}
