//! Running ahead of an execution that waits, to find out what else it will need.

use super::database::Database;
use super::driver::{Driver, Stop};
use super::guesses::{FEW_KEYS, Guesses, INSTRUCTIONS, MANY_KEYS, STYLES};
use super::job::Job;
use super::machine;
use super::options::RunAhead;
use crate::error::{Error, Result};
use crate::state::{Foresight, ForesightMethod, Request, Source};
use alloy_primitives::map::{DefaultHashBuilder, HashSet};
use alloy_primitives::{Address, KECCAK256_EMPTY, U256};
use lru::LruCache;
use revm::state::EvmState;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// What a contract and selector needed the last time.
struct Memory {
    needed: HashSet<Request>,
    /// Of these, what does not depend on the arguments, as far as anybody can tell: it looks fixed, or two calls in a row
    /// needed it.
    likely: Vec<Request>,
}

pub(super) struct Ahead {
    mode: RunAhead,
    /// Runs the same job with provisional values.
    scratch: Option<Box<Driver>>,
    /// The state is in `scratch` at this moment.
    lent: bool,
    /// Requests that one scratch execution may find: more once guesses were mostly right.
    limit: usize,
    /// Times that the execution came to something without having it.
    misses: u64,
    /// What that was, where guesses are made.
    missed: HashSet<Request>,
    guessed: HashSet<Request>,
    /// The guesses of the last round.
    last: Vec<Request>,
    remembered: LruCache<(Address, [u8; 4]), Memory, DefaultHashBuilder>,
    key: Option<(Address, [u8; 4])>,
    time: Duration,
    /// How the node can still be asked, the last first. Nothing is guessed before it has been.
    methods: Vec<ForesightMethod>,
    question: Option<Foresight>,
}

/// Everything that the execution has come to.
pub(super) fn loaded(state: &EvmState) -> impl Iterator<Item = Request> {
    state.iter().flat_map(|(&address, account)| {
        let code = (account.info.code_hash != KECCAK256_EMPTY).then_some(Request::Code(address));
        let slots = account.storage.keys().map(move |slot| Request::Storage(address, *slot));
        [Request::Account(address)].into_iter().chain(code).chain(slots)
    })
}

/// Whether the execution has come to what was requested.
fn is_loaded(state: &EvmState, request: &Request) -> bool {
    match request {
        Request::Account(address) => state.contains_key(address),
        Request::Storage(address, slot) => state.get(address).is_some_and(|account| account.storage.contains_key(slot)),
        Request::Code(address) => state
            .get(address)
            .is_some_and(|account| account.info.code_hash != KECCAK256_EMPTY && account.info.code.is_some()),
        Request::BlockHash(_) | Request::Block | Request::Foresight(_) | Request::Proof(_) => false,
    }
}

impl Ahead {
    pub(super) fn new(mode: RunAhead) -> Self {
        Self {
            mode,
            scratch: None,
            lent: false,
            limit: FEW_KEYS,
            misses: 0,
            missed: HashSet::default(),
            guessed: HashSet::default(),
            last: Vec::new(),
            remembered: LruCache::with_hasher(REMEMBERED, DefaultHashBuilder::default()),
            key: None,
            time: Duration::ZERO,
            methods: Vec::new(),
            question: None,
        }
    }

    /// For an execution over a source that may be asked what `job` will touch.
    pub(super) fn may_ask(&mut self) {
        self.methods = match self.mode {
            RunAhead::Off | RunAhead::On => Vec::new(),
            RunAhead::AccessList => vec![ForesightMethod::AccessList],
            RunAhead::Prestate => vec![ForesightMethod::AccessList, ForesightMethod::Prestate],
        };
    }

    /// There is no source that could be asked.
    pub(super) fn cannot_ask(&mut self) {
        self.methods.clear();
    }

    /// Asks the source what `job` will touch, the first time that something is missing. Afterwards, and where it cannot
    /// tell, guesses come from running ahead.
    pub(super) fn ask(&mut self, source: &dyn Source, job: &Job) -> Result<Vec<Request>> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        while let Some(&method) = self.methods.last() {
            let asked = self.question.take().filter(|question| question.method == method);
            let repeated = asked.is_some();
            let question = match asked {
                Some(question) => question,
                None => match job.to_json() {
                    Some(transaction) => Foresight { id: NEXT_ID.fetch_add(1, Ordering::Relaxed), method, transaction },
                    None => break,
                },
            };
            match source.foresee(&question) {
                Ok(Some(mut found)) => {
                    self.methods.clear();
                    let ends = [Some(job.sender()), job.recipient()];
                    found
                        .extend(ends.into_iter().flatten().flat_map(|end| [Request::Account(end), Request::Code(end)]));
                    let mut seen = HashSet::<Request>::default();
                    found.retain(|request| !self.missed.contains(request) && seen.insert(*request));
                    self.guessed.extend(found.iter().copied());
                    return Ok(found);
                }
                // A host that has answered the rest and not this will not.
                Err(Error::Missing(_)) if repeated => break,
                Err(Error::Missing(request)) => {
                    self.question = Some(question);
                    return Err(Error::Missing(request));
                }
                Ok(None) | Err(_) => {
                    self.methods.pop();
                }
            }
        }
        self.methods.clear();
        Ok(Vec::new())
    }

    /// Forgets the execution, not what was learnt from it.
    pub(super) fn reset(&mut self) {
        self.limit = FEW_KEYS;
        self.misses = 0;
        self.missed.clear();
        self.guessed.clear();
        self.last.clear();
        self.key = None;
        self.methods.clear();
        self.question = None;
        self.time = Duration::ZERO;
        if let Some(scratch) = &mut self.scratch {
            scratch.abort();
        }
    }

    pub(super) fn nanos(&self) -> u64 {
        self.time.as_nanos().try_into().unwrap_or(u64::MAX)
    }

    /// What else the execution will probably need, now that `missing` is missing. `driver` holds the state, and `source`
    /// is the state's own.
    pub(super) fn look(
        &mut self,
        missing: Request,
        driver: &mut Driver,
        job: &Job,
        source: Option<&dyn Source>,
    ) -> Vec<Request> {
        self.misses += 1;
        let loaded = &driver.machine.ctx.journaled_state.inner.state;
        let mut found = if self.misses == 1 { self.known_before(missing, loaded, job, source) } else { Vec::new() };
        if self.mode == RunAhead::Off {
            return found;
        }
        self.missed.insert(missing);
        if !self.methods.is_empty() {
            self.guessed.extend(found.iter().copied());
            return found;
        }
        let begun = Instant::now();
        if !self.last.is_empty() {
            let used = self.last.iter().filter(|request| is_loaded(loaded, request)).count();
            let mostly_used = used * 4 >= self.last.len() * 3;
            self.limit = if mostly_used { (self.limit * 2).min(MANY_KEYS) } else { FEW_KEYS };
        }
        let remembered = found.len();
        self.run(missing, driver, job, &mut found);
        self.guessed.extend(found.iter().copied());
        // What was remembered says nothing about how well this execution is guessed.
        self.last = found[remembered..].to_vec();
        self.time += begun.elapsed();
        found
    }

    /// What is known to be needed before anything has run: what the job declares, what the source recalls of the last one
    /// like it, and, where guesses are made, what this executor remembers.
    fn known_before(
        &mut self,
        missing: Request,
        loaded: &EvmState,
        job: &Job,
        source: Option<&dyn Source>,
    ) -> Vec<Request> {
        let guesses = self.mode != RunAhead::Off;
        let mut known = Vec::new();
        self.key = job.selector();
        if guesses || source.is_some() {
            known.extend(job.declared());
        }
        if let Some((contract, selector)) = self.key {
            known.extend(source.map(|source| source.recall(contract, selector)).unwrap_or_default());
            if guesses && let Some(memory) = self.remembered.get(&(contract, selector)) {
                known.extend(&memory.likely);
            }
        }
        let mut seen = HashSet::<Request>::default();
        known.retain(|request| *request != missing && !is_loaded(loaded, request) && seen.insert(*request));
        known
    }

    fn run(&mut self, missing: Request, driver: &mut Driver, job: &Job, found: &mut Vec<Request>) {
        let mut seen: HashSet<Request> = found.iter().copied().collect();
        let most = found.len() + self.limit;
        seen.insert(missing);
        let real = &driver.machine;
        let scratch = self.scratch.get_or_insert_with(|| {
            let machine = machine::new(real.ctx.cfg.spec, Database::new(1), real.precompiles.clone());
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
                if found.len() < most && seen.insert(request) {
                    found.push(request);
                }
            }
            let succeeded = matches!(&ended, Ok((Stop::Done, Some(executed))) if executed.result.is_success());
            scratch.abort();
            if succeeded || found.len() >= most {
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
        if self.mode == RunAhead::Off {
            return Usage { needed: self.misses, useless: 0 };
        }
        let used = |request: &&Request| is_loaded(state, request) && !self.missed.contains(*request);
        let guessed_right: Vec<Request> = self.guessed.iter().filter(used).copied().collect();
        let useless = self.guessed.difference(&self.missed).count() - guessed_right.len();
        let needed: HashSet<Request> = self.missed.iter().chain(&guessed_right).copied().collect();
        let usage = Usage { needed: needed.len() as u64, useless: useless as u64 };
        if let Some(key) = self.key {
            let before = self.remembered.pop(&key);
            let again = |request: &Request| before.as_ref().is_some_and(|memory| memory.needed.contains(request));
            let likely = needed.iter().filter(|request| is_fixed(request) || again(request)).copied();
            let likely = likely.take(MANY_KEYS).collect();
            self.remembered.put(key, Memory { needed, likely });
        }
        usage
    }
}

/// Whether the request does not look as if it depended on the arguments of a call: a slot that is no hash.
fn is_fixed(request: &Request) -> bool {
    const FIXED: U256 = U256::from_limbs([1 << 16, 0, 0, 0]);
    match request {
        Request::Storage(_, slot) => *slot < FIXED,
        Request::Account(_) | Request::Code(_) => true,
        Request::BlockHash(_) | Request::Block | Request::Foresight(_) | Request::Proof(_) => false,
    }
}

fn real_beneficiary(driver: &Driver) -> Address {
    driver.machine.ctx.block.beneficiary
}

fn swap(driver: &mut Driver, scratch: &mut Driver) {
    let real = &mut driver.machine.ctx.journaled_state.database;
    let guessing = &mut scratch.machine.ctx.journaled_state.database;
    std::mem::swap(&mut real.state, &mut guessing.state);
    std::mem::swap(&mut real.below, &mut guessing.below);
}
