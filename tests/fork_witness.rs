//! Trie nodes that a fork fetches for whoever proves or changes the state above it: checked, whole, and asked for once.

#[path = "support/lying.rs"]
mod lying;
#[path = "support/proven.rs"]
mod proven;
mod support;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use lying::{CHAIN, HONEST, Liar, SLOT, by_hash, hosted, invalid, is_empty, liar, lies, options, serve};
use proven::{ABSENT, address};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::dir::Dir;
use support::faulty_server::{FaultyServer, Reply};
use worldstate::Error;
use worldstate::fork::{Fork, ForkOptions, TransportKind, Verify};
use worldstate::state::{AccountProof, Request, Source, State, Witness};

fn keys() -> Vec<(Address, Vec<U256>)> {
    let slots = |range: std::ops::Range<u64>| range.map(U256::from).collect();
    vec![(address(1), slots(0..20)), (address(2), vec![]), (ABSENT, slots(0..2)), (address(7), slots(5..6))]
}

/// Every node that proves the keys is there, by its hash.
fn is_whole(witness: &Witness) {
    assert_eq!(witness.state_root, CHAIN.state_root);
    for (address, slots) in keys() {
        let proof = CHAIN.proof(address, &slots);
        let paths = proof["storageProof"].as_array().unwrap().iter().map(|slot| &slot["proof"]);
        for path in paths.chain([&proof["accountProof"]]) {
            for node in path.as_array().unwrap() {
                let node: Bytes = node.as_str().unwrap().parse().unwrap();
                // The empty trie's, which has a hash that everybody knows.
                if node.len() > 1 {
                    assert_eq!((witness.nodes)(&keccak256(&node)), Some(node));
                }
            }
        }
    }
    assert_eq!((witness.nodes)(&B256::ZERO), None);
}

#[test]
fn witnesses_are_fetched_once() {
    let honest = liar(HONEST);
    for verify in [Verify::Off, by_hash()] {
        let few = ForkOptions { max_slots_per_request: 8, ..options(&[&honest.server], verify) };
        let fork = Fork::open(few).unwrap();
        let before = fork.stats();
        is_whole(&fork.witness(&keys()).unwrap());
        let after = fork.stats();
        assert_eq!((after.bodies - before.bodies, after.requests - before.requests), (1, 6));
        is_whole(&fork.witness(&keys()).unwrap());
        assert_eq!(fork.stats().requests, after.requests);
        let more = [(address(1), vec![U256::from(3), U256::from(25)])];
        fork.witness(&more).unwrap();
        assert_eq!(fork.stats().requests, after.requests + 1);
        assert_eq!(fork.stats().pending, 0);
    }
    // With verify on, what was read is known already.
    let fork = Fork::open(options(&[&honest.server], by_hash())).unwrap();
    fork.storage(address(1), SLOT).unwrap();
    let requests = fork.stats().requests;
    fork.witness(&[(address(1), vec![SLOT])]).unwrap();
    assert_eq!(fork.stats().requests, requests);
}

#[test]
fn witnesses_come_by_the_host() {
    let fork = hosted(Verify::Off);
    let mut rounds = 0;
    let witness = loop {
        match fork.witness(&keys()) {
            Ok(witness) => break witness,
            Err(Error::Missing(Request::Proof(_))) => {
                // Asked twice, it is one question.
                assert!(matches!(fork.witness(&keys()), Err(Error::Missing(_))));
                assert_eq!(serve(&fork, &HONEST, true), 4);
            }
            Err(other) => panic!("{other}"),
        }
        rounds += 1;
    };
    assert_eq!(rounds, 1);
    is_whole(&witness);
    // A buffer that takes one slot at a time.
    let fork = hosted(Verify::Off);
    assert!(matches!(fork.witness(&keys()[..1]), Err(Error::Missing(_))));
    let mut requests = Vec::new();
    let mut take = |request: &worldstate::fork::OutgoingRequest| {
        requests.push((request.id, request.params.clone()));
        Ok(())
    };
    while fork.next_request(Some(130), &mut take).is_ok() {}
    assert_eq!(requests.len(), 20);
    for (id, params) in requests {
        assert!(matches!(fork.witness(&keys()[..1]), Err(Error::Missing(_))));
        let params: Value = serde_json::from_str(&params).unwrap();
        let result = CHAIN.result("eth_getProof", params.as_array().unwrap()).unwrap();
        fork.continue_request(id, result.to_string().as_bytes()).unwrap();
    }
    fork.witness(&keys()[..1]).unwrap();
    assert_eq!(fork.stats().pending, 0);
}

#[test]
fn witnesses_are_checked_and_bounded() {
    for (text, lie) in lies() {
        let Liar { server, lying } = liar(lie);
        let fork = Fork::open(options(&[&server], Verify::Off)).unwrap();
        let key = [(address(1), vec![SLOT])];
        let error = invalid(fork.witness(&key).map(|_| ()));
        assert!(error.contains(text), "{error:?} lacks {text:?}");
        assert!(is_empty(&fork), "{text}");
        lying.store(false, Ordering::SeqCst);
        fork.witness(&key).unwrap();
        assert_eq!((fork.stats().verified, fork.stats().verify_failures), (1, 1));
    }
    let honest = liar(HONEST);
    // Nodes that were asked for stay until they are read, even where hardly any may be kept.
    for max_proof_bytes in [0, 2000] {
        let fork = Fork::open(ForkOptions { max_proof_bytes, ..options(&[&honest.server], by_hash()) }).unwrap();
        for _ in 0..2 {
            is_whole(&fork.witness(&keys()).unwrap());
        }
        assert!(fork.stats().proof_bytes <= 2000, "{:?}", fork.stats());
    }
    let unpinned = Fork::create("latest", 10, TransportKind::Host).unwrap();
    assert!(matches!(unpinned.witness(&keys()), Err(Error::InvalidState(_))));
    let rootless = liar(|m, _, r| {
        if m.contains("Block") {
            drop(r.as_object_mut().unwrap().remove("stateRoot"));
        }
    });
    let fork = Fork::open(options(&[&rootless.server], Verify::Off)).unwrap();
    assert!(matches!(fork.witness(&keys()), Err(Error::InvalidState(text)) if text.contains("no state root")));
}

/// The root of the pinned state with changes to what was there and was not, and a proof under it.
fn changed(fork: &Arc<Fork>) -> worldstate::Result<(B256, AccountProof)> {
    let mut state = State::with_source(fork.clone());
    state.set_storage(address(1), SLOT, U256::from(5));
    state.set_storage(address(1), U256::from(2), U256::ZERO);
    state.set_storage(address(2), U256::from(99), U256::from(7));
    state.set_balance(ABSENT, U256::from(1));
    Ok((state.state_root()?, state.get_proof(address(1), &[SLOT, U256::from(2)])?))
}

#[test]
fn what_was_proven_is_proven_again_without_the_node() {
    let (dir, honest) = (Dir::new("witness"), liar(HONEST));
    let cached = || ForkOptions { cache_dir: Some(dir.file("cache")), ..options(&[&honest.server], by_hash()) };
    let file = dir.file("recording");
    let first = Fork::open(cached()).unwrap();
    let right = changed(&first).unwrap();
    assert_ne!(right.0, CHAIN.state_root);
    first.export(&file).unwrap();
    drop(first);
    let replayed = |verify| ForkOptions {
        transport: TransportKind::Host,
        recording: Some(file.clone()),
        offline: true,
        ..options(&[], verify)
    };
    let asked = honest.server.received().len();
    for again in [
        ForkOptions { offline: true, ..cached() },
        replayed(Verify::StateRoot(CHAIN.state_root)),
        replayed(Verify::Off),
        cached(),
    ] {
        let offline = again.offline;
        let fork = Fork::open(again).unwrap();
        assert_eq!(changed(&fork), Ok(right.clone()));
        if offline {
            let mut state = State::with_source(fork.clone());
            state.set_balance(address(40), U256::ZERO);
            let Err(Error::Offline(text)) = state.state_root() else { panic!() };
            assert!(text.to_lowercase().contains(&format!("{:#x}", address(40))), "{text}");
        }
    }
    assert_eq!(honest.server.received().len(), asked);
}

#[test]
fn threads_share_what_is_under_way() {
    let slow = FaultyServer::start(|_, body| Reply::Late(Duration::from_millis(30), CHAIN.answer(body, &HONEST)));
    let fork = Fork::open(options(&[&slow], Verify::Off)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| is_whole(&fork.witness(&keys()).unwrap()));
        }
        for tag in 1..9 {
            let fork = &fork;
            scope.spawn(move || fork.witness(&[(address(1), vec![U256::from(tag), U256::from(40 + tag)])]).unwrap());
        }
    });
    assert_eq!((fork.stats().pending, fork.stats().failures), (0, 0));
}
