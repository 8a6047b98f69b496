//! What executions touched is fetched at once by the next one with the same contract and selector, and so is what a
//! transaction declares in its access list.
#![cfg(feature = "evm")]

mod support;

use alloy_primitives::{Bytes, U256, keccak256};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use support::dir::Dir;
use support::node::{Node, address, block_hash};
use worldstate::evm::{Evm, EvmOptions, Message, Progress, RunAhead, Status, Transaction};
use worldstate::fork::{BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, Source, State};

/// Slots that the contract reads, each at the place that the one before names: nobody can guess the next.
const LINKS: usize = 20;
const CONTRACT: u8 = 0x11;
const CALLER: u8 = 0x22;

/// PUSH0, SLOAD twenty times, STOP.
fn program() -> Bytes {
    let mut code = vec![0x5f];
    code.extend([0x54; LINKS]);
    code.push(0);
    code.into()
}

/// The chain in memory with the program in it; counts the bodies.
struct Counting(Arc<AtomicUsize>);

impl Counting {
    fn answer_one(request: &Value) -> Value {
        let mut answer = Node::default().answer_one(request);
        let of_contract = request["params"][0] == json!(format!("{:#x}", address(CONTRACT)));
        match request["method"].as_str().unwrap() {
            "eth_getProof" if of_contract => answer["result"]["codeHash"] = json!(keccak256(program()).to_string()),
            "eth_getCode" if of_contract => answer["result"] = json!(program().to_string()),
            _ => {}
        }
        answer
    }
}

impl Transport for Counting {
    fn send(&self, body: &[u8], _: Instant) -> Result<Vec<u8>, TransportError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let answer = match serde_json::from_slice(body).unwrap() {
            Value::Array(requests) => requests.iter().map(Self::answer_one).collect(),
            request => Self::answer_one(&request),
        };
        Ok(answer.to_string().into_bytes())
    }
}

fn open(block: u64, change: impl FnOnce(&mut ForkOptions)) -> (Arc<Fork>, Arc<AtomicUsize>) {
    let bodies = Arc::new(AtomicUsize::new(0));
    let mut options = ForkOptions {
        transport: TransportKind::Custom(Box::new(Counting(bodies.clone()))),
        block: BlockTag::Hash(block_hash(block)),
        ..ForkOptions::default()
    };
    change(&mut options);
    let fork = Fork::open(options).unwrap();
    bodies.store(0, Ordering::SeqCst);
    (fork, bodies)
}

fn run(fork: &Arc<Fork>, evm: &mut Evm) {
    let mut state = State::with_source(fork.clone());
    loop {
        match evm.run(&mut state).unwrap() {
            Progress::Ready => break,
            Progress::Need => match fork.prefetch(evm.wanted()) {
                Ok(()) => {}
                Err(error) => panic!("{error}"),
            },
            Progress::Stepped => panic!("no steps were asked for"),
        }
    }
    assert_eq!(evm.outcome().unwrap().status, Status::Success);
    evm.discard().unwrap();
}

/// A call of the contract; what it returns depends on nothing but the chain.
fn message(input: &[u8]) -> Message {
    Message {
        caller: address(CALLER),
        origin: None,
        to: Some(address(CONTRACT)),
        code: None,
        value: U256::ZERO,
        input: input.to_vec().into(),
        gas_limit: 1_000_000,
        gas_price: 0,
        is_static: false,
    }
}

fn call(fork: &Arc<Fork>, input: &[u8]) {
    let mut evm = Evm::new(EvmOptions::default()).unwrap();
    evm.start(message(input)).unwrap();
    run(fork, &mut evm);
}

/// HTTP bodies that the call takes with an empty cache.
fn cost(fork: &Arc<Fork>, bodies: &AtomicUsize, input: &[u8]) -> usize {
    fork.clear_cache();
    let before = bodies.load(Ordering::SeqCst);
    call(fork, input);
    bodies.load(Ordering::SeqCst) - before
}

#[test]
fn the_next_call_asks_for_everything_at_once() {
    let (plain, bodies) = open(50, |_| {});
    let first = cost(&plain, &bodies, &[1, 2, 3, 4]);
    assert!(first >= LINKS, "{first} bodies");
    assert_eq!(cost(&plain, &bodies, &[1, 2, 3, 4]), first, "nothing is kept unless it is asked for");
    let (fork, bodies) = open(50, |options| options.remember_touched = true);
    assert_eq!(cost(&fork, &bodies, &[1, 2, 3, 4]), first);
    let again = cost(&fork, &bodies, &[1, 2, 3, 4, 5]);
    assert!(again <= 3, "{again} bodies, {first} at first");
    assert_eq!(cost(&fork, &bodies, &[9, 9, 9, 9]), first, "another selector");
}

#[test]
fn what_was_touched_survives_with_the_persistent_cache() {
    let dir = Dir::new("touched");
    let kept = |options: &mut ForkOptions| {
        options.remember_touched = true;
        options.cache_dir = Some(dir.0.clone());
    };
    let (fork, bodies) = open(50, kept);
    let first = cost(&fork, &bodies, &[1, 2, 3, 4]);
    drop(fork);
    // Another block: none of the values is there, and what to ask for is.
    let (fork, bodies) = open(51, kept);
    let again = cost(&fork, &bodies, &[1, 2, 3, 4]);
    assert!(again <= 3, "{again} bodies, {first} at first");
}

#[test]
fn so_much_of_an_execution_is_remembered() {
    let (fork, _) = open(50, |options| options.remember_touched = true);
    let mut touched = (0..3000).map(|slot| Request::Storage(address(CONTRACT), U256::from(slot)));
    fork.remember(address(CONTRACT), [1; 4], &mut touched);
    assert_eq!(fork.recall(address(CONTRACT), [1; 4]).len(), 1024);
}

#[test]
fn a_node_that_cannot_tell_what_will_be_touched_is_asked_once() {
    let (fork, _) = open(50, |_| {});
    for _ in 0..2 {
        fork.clear_cache();
        let options = EvmOptions { run_ahead: RunAhead::AccessList, ..EvmOptions::default() };
        let mut evm = Evm::new(options).unwrap();
        evm.start(message(&[])).unwrap();
        let mut state = State::with_source(fork.clone());
        while evm.run(&mut state).unwrap() == Progress::Need {
            evm.foresee(&*fork).unwrap();
            fork.prefetch(evm.wanted()).unwrap();
        }
        assert_eq!(evm.outcome().unwrap().status, Status::Success);
        evm.discard().unwrap();
        assert_eq!(fork.method_stats("eth_createAccessList").requests, 1);
    }
}

#[test]
fn an_access_list_is_fetched_at_once() {
    let (fork, bodies) = open(50, |_| {});
    let mut slots = vec![U256::ZERO];
    for _ in 1..LINKS {
        let last = slots[slots.len() - 1];
        slots.push(support::node::storage(address(CONTRACT), last));
    }
    let slots: Vec<String> = slots.iter().map(|slot| format!("{slot:#x}")).collect();
    let execute = |list: Value| {
        fork.clear_cache();
        let before = bodies.load(Ordering::SeqCst);
        let request = json!({
            "from": address(CALLER).to_string(), "to": address(CONTRACT).to_string(), "gas": "0xf4240", "accessList": list,
        });
        let mut evm = Evm::new(EvmOptions { chain_id: support::node::CHAIN_ID, ..EvmOptions::default() }).unwrap();
        evm.start(Transaction::from_json(&request.to_string()).unwrap()).unwrap();
        run(&fork, &mut evm);
        bodies.load(Ordering::SeqCst) - before
    };
    let without = execute(json!([]));
    let with = execute(json!([{ "address": address(CONTRACT).to_string(), "storageKeys": slots }]));
    assert!(without >= LINKS && with <= 4, "{without} bodies without, {with} with an access list");
}
