//! Threads that read, write, mark and go back, and compare each value with what it must be.

use crate::chain::{self, ACCOUNTS, Chain, EPOCHS, Key, SLOTS, address, slot, written};
use crate::dice::Dice;
use crate::{Settings, Tally};
use alloy_primitives::{KECCAK256_EMPTY, U256};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, TransportKind, Verify};
use worldstate::state::{Request, State};
use worldstate::{Error, Result};

/// A fork that may fail to open, and is opened again from time to time.
pub(crate) struct Target {
    pub(crate) epoch: usize,
    fork: Arc<Fork>,
}

impl Target {
    /// The options vary with `number`. Opening is tried until it works: what lies between goes wrong.
    pub(crate) fn open(chain: &Chain, settings: &Settings, number: u64, tally: &Tally) -> Self {
        let epoch = number % EPOCHS;
        let (block, hash) = chain.blocks[usize::try_from(epoch).unwrap_or(0)];
        let sources = [AccountSource::Auto, AccountSource::Fields, AccountSource::Proof];
        let source = sources[usize::try_from(number / EPOCHS % 3).unwrap_or(0)];
        let options = || ForkOptions {
            transport: TransportKind::Http { urls: vec![settings.url.clone()], headers: vec![], ca_certificates: None },
            block: if number.is_multiple_of(2) { BlockTag::Number(block) } else { BlockTag::Hash(hash) },
            account_source: if settings.verify { AccountSource::Auto } else { source },
            max_cache_size: if number.is_multiple_of(4) { 200 } else { 10_000 },
            max_batch: if number.is_multiple_of(5) { 7 } else { 100 },
            max_slots_per_request: if number.is_multiple_of(3) { 5 } else { 256 },
            max_attempts: 3,
            request_timeout: Duration::from_secs(2),
            backoff_initial: Duration::from_millis(2),
            backoff_max: Duration::from_millis(20),
            verify: if settings.verify { Verify::BlockHash(hash) } else { Verify::Off },
            cache_dir: settings.cache_dir.clone(),
            ..ForkOptions::default()
        };
        loop {
            match Fork::open(options()) {
                Ok(fork) => {
                    tally.opened.fetch_add(1, Ordering::Relaxed);
                    return Self { epoch: usize::try_from(epoch).unwrap_or(0), fork };
                }
                Err(Error::RpcFailed(_) | Error::ProofInvalid(_)) => tally.failed.fetch_add(1, Ordering::Relaxed),
                Err(error) => panic!("a fork does not open: {error}"),
            };
        }
    }

    /// Reads every value; those that differ from what the node says.
    pub(crate) fn compare(&self, keys: &[Key], node: &[U256]) -> Vec<String> {
        let state = State::with_source(self.fork.clone());
        let mut differences = Vec::new();
        for (keys, node) in keys.chunks(150).zip(node.chunks(150)) {
            // What fails here is told by the reads.
            let _ = self.fork.prefetch(&keys.iter().map(|key| request(*key)).collect::<Vec<_>>());
            for (key, right) in keys.iter().zip(node) {
                match read(&state, *key) {
                    Ok(value) if value == *right => {}
                    other => {
                        differences.push(format!("{key:?} at {}: {other:?}, the node says {right:#x}", self.epoch));
                    }
                }
            }
        }
        differences
    }

    pub(crate) fn stats(&self) -> worldstate::fork::ForkStats {
        self.fork.stats()
    }
}

/// A value as a number; a code by its hash, zero where there is none.
fn read(state: &State, key: Key) -> Result<U256> {
    match key {
        Key::Balance(account) => state.balance(address(account)),
        Key::Nonce(account) => state.nonce(address(account)).map(U256::from),
        Key::Slot(account, number) => state.storage(address(account), slot(number)),
        Key::Code(account) => {
            let (hash, code) = (state.code_hash(address(account))?, state.code(address(account))?);
            let right = alloy_primitives::keccak256(&code) == hash || (code.is_empty() && hash.is_zero());
            assert!(right, "the code of {account} is not its hash's");
            Ok(if hash == KECCAK256_EMPTY { U256::ZERO } else { U256::from_be_bytes(hash.0) })
        }
    }
}

fn any_key(dice: &mut Dice) -> Key {
    let account = dice.below(ACCOUNTS);
    match dice.below(8) {
        0 => Key::Balance(account),
        1 => Key::Nonce(account),
        2 => Key::Code(account),
        _ => {
            let account = if dice.below(4) == 0 { account } else { account / 5 * 5 };
            Key::Slot(account, dice.below(if chain::is_contract(account) { SLOTS } else { 2 }))
        }
    }
}

fn request(key: Key) -> Request {
    match key {
        Key::Balance(account) | Key::Nonce(account) => Request::Account(address(account)),
        Key::Code(account) => Request::Code(address(account)),
        Key::Slot(account, number) => Request::Storage(address(account), slot(number)),
    }
}

/// Local writes, with a layer for each checkpoint.
struct Local {
    state: State,
    layers: Vec<HashMap<Key, U256>>,
}

impl Local {
    fn expected(&self, key: Key, epoch: u64) -> U256 {
        let local = self.layers.iter().rev().find_map(|layer| layer.get(&key));
        local.copied().unwrap_or_else(|| written(key, epoch))
    }

    fn write(&mut self, key: Key, value: U256) {
        match key {
            Key::Balance(account) => self.state.set_balance(address(account), value),
            Key::Slot(account, number) => self.state.set_storage(address(account), slot(number), value),
            Key::Nonce(_) | Key::Code(_) => return,
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.insert(key, value);
        }
    }

    fn mark(&mut self) {
        self.state.checkpoint();
        self.layers.push(HashMap::new());
    }

    fn back(&mut self) {
        if self.layers.len() > 1 {
            self.state.revert().expect("a checkpoint is open");
            self.layers.pop();
        }
    }

    fn keep(&mut self) {
        if self.layers.len() > 1
            && let Some(top) = self.layers.pop()
        {
            self.state.commit().expect("a checkpoint is open");
            self.layers.last_mut().expect("the lowest layer stays").extend(top);
        }
    }
}

/// One thread until `end`.
pub(crate) fn run(
    targets: &[parking_lot::RwLock<Target>],
    seed: u64,
    end: Instant,
    chain: &Chain,
    settings: &Settings,
    tally: &Tally,
) {
    let mut dice = Dice(seed);
    while Instant::now() < end {
        let at = usize::try_from(dice.below(targets.len() as u64)).unwrap_or(0);
        if dice.below(10) == 0 {
            let number = dice.below(1000);
            let opened = Target::open(chain, settings, number, tally);
            tally.note(&std::mem::replace(&mut *targets[at].write(), opened).stats());
        }
        let (fork, epoch) = {
            let target = targets[at].read();
            (target.fork.clone(), target.epoch as u64)
        };
        let mut local = Local { state: State::with_source(fork.clone()), layers: vec![HashMap::new()] };
        for _ in 0..150 {
            match dice.below(40) {
                0 => {
                    let wanted: Vec<_> = (0..=dice.below(60)).map(|_| request(any_key(&mut dice))).collect();
                    tally.told(fork.prefetch(&wanted));
                }
                1 | 2 => local.mark(),
                3 => local.back(),
                4 => local.keep(),
                5..=9 => {
                    let (key, value) = (any_key(&mut dice), U256::from(dice.roll() % 5));
                    local.write(key, value);
                }
                10 if dice.below(50) == 0 => local.state.clear_caches(),
                _ => {
                    let key = any_key(&mut dice);
                    let Some(value) = tally.told(read(&local.state, key)) else { continue };
                    let right = local.expected(key, epoch);
                    if value != right {
                        tally.differs(format!("{key:?} at {epoch}: {value:#x}, must be {right:#x}"));
                    }
                }
            }
        }
        while local.layers.len() > 1 {
            local.back();
        }
    }
}
