//! An execution that ran over a node once runs again without it, checked or not.
#![cfg(feature = "evm")]

#[path = "support/lying.rs"]
mod lying;
#[path = "support/proven.rs"]
mod proven;
mod support;

use alloy_primitives::{Address, B256, Bytes, U256};
use lying::{CHAIN, HONEST, by_hash, liar, options};
use proven::{ABSENT, HEAD, address};
use serde_json::json;
use std::sync::Arc;
use support::dir::Dir;
use worldstate::Error;
use worldstate::evm::{Evm, EvmOptions, Message, Progress, Status};
use worldstate::fork::{Fork, ForkOptions, TransportKind, Verify};
use worldstate::state::State;

/// The block whose hash is read.
const BELOW: u64 = HEAD - 5;

/// Code that returns, a word each, what the chain has.
fn program() -> Bytes {
    let push = |address: Address| [&[0x73], address.as_slice()].concat();
    let block = u16::try_from(BELOW).unwrap().to_be_bytes();
    let words = [
        // BALANCE and EXTCODEHASH of one that is there, EXTCODEHASH and BALANCE of one that is not.
        [push(address(2)), vec![0x31]].concat(),
        [push(address(1)), vec![0x3f]].concat(),
        [push(ABSENT), vec![0x3f]].concat(),
        [push(ABSENT), vec![0x31]].concat(),
        // EXTCODECOPY of the first byte.
        [vec![0x60, 1, 0x5f, 0x61, 0x01, 0x00], push(address(1)), vec![0x3c, 0x61, 0x01, 0x00, 0x51]].concat(),
        // SLOAD of a slot with a value and of one without.
        vec![0x60, 1, 0x54],
        vec![0x60, 99, 0x54],
        // BLOCKHASH.
        vec![0x61, block[0], block[1], 0x40],
    ];
    let mut code = Vec::new();
    for (at, word) in (0_u8..).zip(words) {
        code.extend(word);
        // MSTORE.
        code.extend([0x60, 32 * at, 0x52]);
    }
    // RETURN.
    code.extend([0x61, 0x01, 0x00, 0x5f, 0xf3]);
    code.into()
}

/// Runs the program as the code of an account of the chain, and asks the fork for what it lacks.
fn run(fork: &Arc<Fork>) -> worldstate::Result<Bytes> {
    let mut evm = Evm::new(EvmOptions::default()).unwrap();
    evm.set_block(&json!({"number": format!("{:#x}", HEAD + 1), "timestamp": "0x1000"})).unwrap();
    let message = Message {
        caller: address(4),
        origin: None,
        to: Some(address(3)),
        code: Some(program()),
        value: U256::from(1),
        input: Bytes::new(),
        gas_limit: 1_000_000,
        gas_price: 0,
        is_static: false,
    };
    evm.start(message).unwrap();
    let mut state = State::with_source(fork.clone());
    while evm.run(&mut state)? == Progress::Need {
        fork.prefetch(evm.wanted())?;
    }
    let outcome = evm.outcome().unwrap();
    assert_eq!(outcome.status, Status::Success, "{outcome:?}");
    let output = outcome.output.clone();
    evm.discard().unwrap();
    Ok(output)
}

/// What the program returns.
fn right() -> Vec<u8> {
    let code = &CHAIN.accounts[&address(1)].code;
    let mut first = B256::ZERO;
    first[0] = code[0];
    let words = [
        B256::from(CHAIN.accounts[&address(2)].balance),
        alloy_primitives::keccak256(code),
        B256::ZERO,
        B256::ZERO,
        first,
        B256::from(CHAIN.accounts[&address(3)].storage[&U256::ONE]),
        B256::ZERO,
        CHAIN.hash(BELOW),
    ];
    words.concat()
}

#[test]
fn an_execution_is_repeated_without_the_node() {
    let honest = liar(HONEST);
    for verify in [Verify::Off, by_hash(), Verify::StateRoot(CHAIN.state_root)] {
        let dir = Dir::new("execution");
        let cached =
            || ForkOptions { cache_dir: Some(dir.file("cache")), safe_depth: 0, ..options(&[&honest.server], verify) };
        let first = Fork::open(cached()).unwrap();
        assert_eq!(run(&first).unwrap(), right(), "{verify:?}");
        first.export(&dir.file("recording")).unwrap();
        drop(first);
        let asked = honest.server.received().len();
        for max_cache_size in [1, 1000] {
            let again = Fork::open(ForkOptions { offline: true, max_cache_size, ..cached() }).unwrap();
            assert_eq!(run(&again).unwrap(), right(), "{verify:?}");
            let replayed = ForkOptions {
                transport: TransportKind::Host,
                recording: Some(dir.file("recording")),
                offline: true,
                max_cache_size,
                ..options(&[], Verify::Off)
            };
            assert_eq!(run(&Fork::open(replayed).unwrap()).unwrap(), right(), "{verify:?}");
        }
        assert_eq!(honest.server.received().len(), asked, "{verify:?}");
    }
}

/// Nothing is taken for absent because it is not held.
#[test]
fn an_execution_that_lacks_a_value_names_it() {
    let (dir, honest) = (Dir::new("lacking"), liar(HONEST));
    for verify in [Verify::Off, by_hash()] {
        let cached =
            || ForkOptions { cache_dir: Some(dir.0.clone()), safe_depth: 0, ..options(&[&honest.server], verify) };
        drop(Fork::open(cached()).unwrap());
        let fork = Fork::open(ForkOptions { offline: true, ..cached() }).unwrap();
        let Err(Error::Offline(text)) = run(&fork) else { panic!() };
        assert!(text.contains("0x") && text.contains("is not in the cache"), "{text}");
    }
}
