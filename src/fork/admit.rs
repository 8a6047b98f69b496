//! Taking answers in, and letting go of those that turn out to be another chain's.

use super::answer::{Answer, BlockSeen};
use super::block::{BlockParam, PinnedBlock};
use super::cache::Cache;
use super::call::Call;
use super::failure::{Failure, Kind};
use super::inner::{Genesis, Inner, Parts};
use super::levels::Held;
use super::options::LogLevel;
use super::recording::Recording;
use super::watch::Look;
use crate::keys::SlotKey;
use crate::proof::CheckedNodes;
use crate::shelf::Read;
use crate::state::{Request, SourceAccount};
use crate::store::Record;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY};
use std::time::Instant;

impl Inner {
    /// Adds what the cache holds.
    pub(super) fn record(&self, recording: &mut Recording) {
        let Cache { accounts, slots, code, block_hashes } = &self.cache;
        recording.accounts.extend(accounts.iter().map(|(address, account)| (*address, *account)));
        recording.slots.extend(slots.iter().map(|(key, value)| (*key, *value)));
        recording.codes.extend(code.iter().map(|(hash, code)| (*hash, code.clone())));
        recording.block_hashes.extend(block_hashes.iter().map(|(number, hash)| (*number, *hash)));
        recording.block_hashes.extend(self.linked());
        self.nodes.each(|hash, node| {
            recording.nodes.insert(hash, node.clone());
        });
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
                let known = self.linked().count();
                if !self.headers.admit(header) {
                    self.stats.verify_failures += 1;
                }
                self.store_linked(known);
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

    /// The hashes below the pinned block that headers vouch for.
    fn linked(&self) -> impl Iterator<Item = (u64, B256)> {
        let pinned = self.pin.map_or(0, |pin| pin.number);
        self.headers.linked().filter(move |(number, _)| *number < pinned)
    }

    /// Gives them to the persistent store, but for the first `known`: they are sure.
    pub(super) fn store_linked(&self, known: usize) {
        for (number, hash) in self.linked().skip(known) {
            self.levels.keep(|scope| Record::BlockHash(scope, number, hash));
        }
    }

    /// Takes in what was held behind the cache, and is read at once or later.
    pub(super) fn take_held(&mut self, request: Request, held: Held, read: Read) {
        match (request, held) {
            (Request::Account(address), Held::Account(account)) => self.cache.accounts.take(address, account, read),
            (Request::Storage(address, slot), Held::Slot(value)) => {
                self.cache.slots.take(SlotKey(address, slot), value, read);
            }
            (Request::Code(_), Held::Code(hash, code)) => self.cache.code.take(hash, code, read),
            (Request::BlockHash(number), Held::BlockHash(hash)) => self.cache.block_hashes.take(number, hash, read),
            // `Levels::find` gives each request its own kind of value.
            _ => return,
        }
        self.stats.stored_hits += 1;
    }

    /// Once set, the pin stays: a late answer to a repeated request may name a newer block.
    pub(super) fn complete_pin(&mut self) {
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
}
