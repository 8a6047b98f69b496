//! Running ahead of an execution that waits, to find out what else it will need.

use super::database::Database;
use super::driver::{Driver, Stop};
use super::guesses::{FEW_KEYS, Guesses, INSTRUCTIONS, MANY_KEYS, STYLES};
use super::job::Job;
use super::machine;
use super::options::RunAhead;
use crate::state::Request;
use alloy_primitives::map::{DefaultHashBuilder, HashSet};
use alloy_primitives::{Address, KECCAK256_EMPTY};
use lru::LruCache;
use revm::state::EvmState;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Contracts and selectors whose needs are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// How well the guesses of an execution were.
pub(super) struct Usage {
    /// Values that were missing, or fetched ahead and used.
    pub(super) needed: u64,
    /// Values that were asked for ahead and not used.
    pub(super) useless: u64,
}

pub(super) struct Ahead {
    mode: RunAhead,
    /// Runs the same job with provisional values.
    scratch: Option<Box<Driver>>,
    /// The state is in `scratch` at this moment.
    lent: bool,
    /// Requests that one scratch execution may find: more once guesses were mostly right.
    limit: usize,
    /// What the execution came to without having it.
    missed: HashSet<Request>,
    guessed: HashSet<Request>,
    /// The guesses of the last round.
    last: Vec<Request>,
    remembered: LruCache<(Address, [u8; 4]), Vec<Request>, DefaultHashBuilder>,
    key: Option<(Address, [u8; 4])>,
    time: Duration,
}

/// Whether the execution has come to what was requested.
fn is_loaded(state: &EvmState, request: &Request) -> bool {
    match request {
        Request::Account(address) => state.contains_key(address),
        Request::Storage(address, slot) => state.get(address).is_some_and(|account| account.storage.contains_key(slot)),
        Request::Code(address) => state
            .get(address)
            .is_some_and(|account| account.info.code_hash != KECCAK256_EMPTY && account.info.code.is_some()),
        Request::BlockHash(_) | Request::Block => false,
    }
}

impl Ahead {
    pub(super) fn new(mode: RunAhead) -> Self {
        Self {
            mode,
            scratch: None,
            lent: false,
            limit: FEW_KEYS,
            missed: HashSet::default(),
            guessed: HashSet::default(),
            last: Vec::new(),
            remembered: LruCache::with_hasher(REMEMBERED, DefaultHashBuilder::default()),
            key: None,
            time: Duration::ZERO,
        }
    }

    /// Forgets the execution, not what was learnt from it.
    pub(super) fn reset(&mut self) {
        self.limit = FEW_KEYS;
        self.missed.clear();
        self.guessed.clear();
        self.last.clear();
        self.key = None;
        self.time = Duration::ZERO;
        if let Some(scratch) = &mut self.scratch {
            scratch.abort();
        }
    }

    pub(super) fn nanos(&self) -> u64 {
        self.time.as_nanos().try_into().unwrap_or(u64::MAX)
    }

    /// What else the execution will probably need, now that `missing` is missing. `driver` holds the state.
    pub(super) fn look(&mut self, missing: Request, driver: &mut Driver, job: &Job) -> Vec<Request> {
        self.missed.insert(missing);
        if self.mode == RunAhead::Off {
            return Vec::new();
        }
        let begun = Instant::now();
        let loaded = &driver.machine.ctx.journaled_state.inner.state;
        if !self.last.is_empty() {
            let used = self.last.iter().filter(|request| is_loaded(loaded, request)).count();
            let mostly_used = used * 4 >= self.last.len() * 3;
            self.limit = if mostly_used { (self.limit * 2).min(MANY_KEYS) } else { FEW_KEYS };
        }
        let mut found = Vec::new();
        if self.key.is_none() {
            self.key = job.selector();
            if let Some(known) = self.key.as_ref().and_then(|key| self.remembered.get(key)) {
                found
                    .extend(known.iter().copied().filter(|request| *request != missing && !is_loaded(loaded, request)));
            }
        }
        self.run(missing, driver, job, &mut found);
        self.guessed.extend(found.iter().copied());
        self.last.clone_from(&found);
        self.time += begun.elapsed();
        found
    }

    fn run(&mut self, missing: Request, driver: &mut Driver, job: &Job, found: &mut Vec<Request>) {
        let mut seen: HashSet<Request> = found.iter().copied().collect();
        seen.insert(missing);
        let real = &driver.machine;
        let scratch = self.scratch.get_or_insert_with(|| {
            let machine = machine::new(real.ctx.cfg.spec, Database::new(), real.precompiles.clone());
            Box::new(Driver::new(machine))
        });
        scratch.machine.ctx.tx = real.ctx.tx.clone();
        scratch.machine.ctx.block = real.ctx.block.clone();
        scratch.machine.ctx.cfg = real.ctx.cfg.clone();
        scratch.machine.precompiles.clone_from(&real.precompiles);
        let cfg = &mut scratch.machine.ctx.cfg;
        cfg.disable_nonce_check = true;
        cfg.disable_balance_check = true;
        cfg.disable_eip3607 = true;
        scratch.machine.ctx.journaled_state.database.block_hashes =
            real.ctx.journaled_state.database.block_hashes.clone();
        for style in STYLES {
            scratch.start(job.to_driver());
            let plain = [job.sender(), real_beneficiary(driver)];
            scratch.machine.ctx.journaled_state.database.guesses = Some(Guesses::new(style, self.limit, plain));
            self.lent = true;
            swap(driver, scratch);
            let ended = scratch.advance(Some(INSTRUCTIONS));
            swap(driver, scratch);
            self.lent = false;
            let guesses = scratch.machine.ctx.journaled_state.database.guesses.take();
            for request in guesses.map(Guesses::into_found).unwrap_or_default() {
                if found.len() < self.limit && seen.insert(request) {
                    found.push(request);
                }
            }
            let succeeded = matches!(&ended, Ok((Stop::Done, Some(executed))) if executed.result.is_success());
            scratch.abort();
            if succeeded || found.len() >= self.limit {
                break;
            }
        }
    }

    /// Takes the state back out of the scratch execution, if a panic has left it there.
    pub(super) fn give_back(&mut self, driver: &mut Driver) {
        if std::mem::take(&mut self.lent)
            && let Some(scratch) = &mut self.scratch
        {
            swap(driver, scratch);
        }
    }

    /// Judges the guesses by what the execution has loaded, and remembers what it needed.
    pub(super) fn usage(&mut self, state: &EvmState) -> Usage {
        let used = |request: &&Request| is_loaded(state, request) && !self.missed.contains(*request);
        let guessed_right: Vec<Request> = self.guessed.iter().filter(used).copied().collect();
        let needed: Vec<Request> = self.missed.iter().chain(&guessed_right).copied().collect();
        let useless = self.guessed.difference(&self.missed).count() - guessed_right.len();
        let usage = Usage { needed: needed.len() as u64, useless: useless as u64 };
        if self.mode != RunAhead::Off
            && let Some(key) = self.key
        {
            self.remembered.put(key, needed.into_iter().take(MANY_KEYS).collect());
        }
        usage
    }
}

fn real_beneficiary(driver: &Driver) -> Address {
    driver.machine.ctx.block.beneficiary
}

fn swap(driver: &mut Driver, scratch: &mut Driver) {
    let real = &mut driver.machine.ctx.journaled_state.database.state;
    std::mem::swap(real, &mut scratch.machine.ctx.journaled_state.database.state);
}
