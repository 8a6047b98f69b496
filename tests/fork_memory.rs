//! A fork's memory stays bounded, however much is read.

mod support;

use alloy_primitives::{Address, U256};
use std::time::Instant;
use support::node::Node;
use worldstate::fork::{Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::State;

const LIMIT: u64 = 10_000;
const READS: u64 = 20_000;

struct InMemory(Node);

impl Transport for InMemory {
    fn send(&self, body: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        let body = serde_json::from_slice(body).expect("the fork sends JSON");
        Ok(self.0.answer(&body).to_string().into_bytes())
    }
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
    let fork = Fork::open(ForkOptions { transport, ..ForkOptions::default() }).unwrap();
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
