//! A fork's memory stays bounded, however much is read.

mod support;

use alloy_primitives::{Address, U256};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use support::node::{HEAD, Node, block_hash, storage};
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, State};

const LIMIT: u64 = 10_000;
const READS: u64 = 20_000;

struct InMemory(Node);

impl Transport for InMemory {
    fn send(&self, body: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        let body = serde_json::from_slice(body).expect("the fork sends JSON");
        Ok(self.0.answer(&body).to_string().into_bytes())
    }
}

/// What is measured is the whole process's.
static ALONE: Mutex<()> = Mutex::new(());

/// A block by its hash cannot leave the chain unnoticed: no list is kept of what has come since it was last looked up.
fn by_hash() -> BlockTag {
    BlockTag::Hash(block_hash(HEAD))
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux tells the memory of a process");
    statm.split(' ').nth(1).expect("a second field").parse::<u64>().expect("pages") * 4096
}

fn address(number: u64) -> Address {
    let mut address = Address::repeat_byte(2);
    address[12..].copy_from_slice(&number.to_be_bytes());
    address
}

#[test]
fn twenty_thousand_accounts_in_a_cache_of_ten_thousand() {
    let transport = TransportKind::Custom(Box::new(InMemory(Node::default())));
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let fork = Fork::open(ForkOptions { transport, block: by_hash(), ..ForkOptions::default() }).unwrap();
    let state = State::with_source(fork.clone());
    let read = |number| {
        assert!(!state.balance(address(number)).unwrap().is_zero());
        state.storage(address(number), U256::from(number)).unwrap();
    };
    (0..LIMIT).for_each(read);
    let (full, held) = (resident(), fork.stats());
    assert_eq!((held.accounts, held.slots), (LIMIT, LIMIT));
    (LIMIT..READS).for_each(read);
    let now = fork.stats();
    assert_eq!((now.accounts, now.slots), (LIMIT, LIMIT));
    assert_eq!(now.evictions, 2 * (READS - LIMIT));
    let grown = resident().saturating_sub(full);
    assert!(grown < 2 << 20, "a full cache grew by {grown} bytes");
    // What was dropped is asked for again, and what is kept is not.
    let asked = now.requests;
    state.balance(address(READS - 1)).unwrap();
    assert_eq!(fork.stats().requests, asked);
    state.balance(address(0)).unwrap();
    assert_eq!(fork.stats().requests, asked + 1);
}

/// A sweep over one contract's storage, group by group, of which the cache keeps a fiftieth.
#[test]
fn half_a_million_slots_in_a_cache_of_ten_thousand() {
    const SLOTS: u64 = 500_000;
    const GROUP: u64 = 2_500;
    let transport = TransportKind::Custom(Box::new(InMemory(Node::default())));
    let account_source = AccountSource::Proof;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let fork =
        Fork::open(ForkOptions { transport, account_source, block: by_hash(), ..ForkOptions::default() }).unwrap();
    let state = State::with_source(fork.clone());
    let contract = support::node::address(3);
    let mut early = 0;
    for first in (0..SLOTS).step_by(usize::try_from(GROUP).unwrap()) {
        let group = || (first..first + GROUP).map(U256::from);
        fork.prefetch(&group().map(|slot| Request::Storage(contract, slot)).collect::<Vec<_>>()).unwrap();
        for slot in group() {
            assert_eq!(state.storage(contract, slot).unwrap(), storage(contract, slot));
        }
        if first == SLOTS / 10 {
            early = resident();
        }
    }
    let now = fork.stats();
    assert_eq!((now.slots, now.evictions, now.pending), (LIMIT, SLOTS - LIMIT, 0));
    assert_eq!(now.misses - 1, SLOTS);
    let grown = resident().saturating_sub(early);
    println!("{early} bytes after a tenth, {grown} more at the end");
    assert!(grown < 4 << 20, "a full cache grew by {grown} bytes");
}
