//! The HTTP requests of a simulation: how many there are, and what happens when they fail.

use crate::chain::{Chain, post};
use crate::contracts::Scene;
use crate::faulty_server::{FaultyServer, Reply};
use crate::simulate::{Simulated, Simulator};
use crate::through_c::ThroughC;
use crate::wallet::Draft;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use worldstate::evm::{Hardfork, RunAhead};

const HARDFORK: Hardfork = Hardfork::Prague;
const NEVER: usize = usize::MAX;

/// A server between a simulation and the node, which counts the requests and lets one of them fail.
struct Between {
    server: FaultyServer,
    /// Number of the request that fails.
    fails: Arc<AtomicUsize>,
}

impl Between {
    fn start(chain: &Chain) -> Self {
        let fails = Arc::new(AtomicUsize::new(NEVER));
        let (failing, node) = (fails.clone(), chain.anvil.address.clone());
        let server = FaultyServer::start(move |index, body| {
            if index != failing.load(Ordering::SeqCst) {
                let answer = post(&node, body.to_string().as_bytes()).unwrap();
                return Reply::Json(serde_json::from_slice(&answer).unwrap());
            }
            let error = json!({"code": -32000, "message": "header not found"});
            match index % 4 {
                0 => Reply::Raw { status: 503, headers: "", body: b"out of order".to_vec() },
                1 => Reply::Close,
                2 => Reply::Cut(b"[{\"jsonrpc\"".to_vec()),
                _ => Reply::Json(refuse(body, &error)),
            }
        });
        Self { server, fails }
    }

    fn count(&self) -> usize {
        self.server.received().len()
    }
}

/// An error for each request of a body.
fn refuse(body: &Value, error: &Value) -> Value {
    match body {
        Value::Array(requests) => requests.iter().map(|request| refuse(request, error)).collect(),
        request => json!({"jsonrpc": "2.0", "id": request["id"], "error": error}),
    }
}

fn scene() -> Option<(Chain, Scene)> {
    let scene = Scene::load()?;
    let chain = Chain::start(&["--hardfork", "prague"])?;
    chain.play(&scene);
    Some((chain, scene))
}

/// The simulation, and the requests that it took after the fork was open.
fn simulate(chain: &Chain, between: &Between, draft: &Draft, run_ahead: RunAhead) -> (Simulated, usize) {
    let mut simulator = ThroughC::http(chain, &between.server.url(), HARDFORK, run_ahead);
    simulator.set_block(&chain.rpc("eth_getBlockByNumber", &json!(["latest", false])));
    let opened = between.count();
    let simulated = simulator.run(&chain.sign(draft)).unwrap();
    (simulated, between.count() - opened)
}

#[test]
fn running_ahead_takes_fewer_requests() {
    let Some((chain, scene)) = scene() else { return };
    let between = Between::start(&chain);
    let modes = [RunAhead::Off, RunAhead::On, RunAhead::AccessList, RunAhead::Prestate];
    let mut all = Vec::new();
    for draft in scene.calls.iter().step_by(2) {
        let mut counts = [0; 4];
        let mut first = None;
        for (mode, count) in modes.into_iter().zip(&mut counts) {
            let (simulated, requests) = simulate(&chain, &between, draft, mode);
            *count = requests;
            assert_eq!(*first.get_or_insert_with(|| simulated.clone()), simulated, "{}: {mode:?}", draft.label);
        }
        println!("{}: {modes:?} take {counts:?} requests", draft.label);
        if counts[0] > 10 {
            all.push(counts);
        }
    }
    assert!(all.len() > 8, "transactions with much to ask for");
    let sum = |mode: usize| all.iter().map(|counts| counts[mode]).sum::<usize>();
    assert!(sum(1) * 100 <= sum(0) * 35, "ahead {}, one at a time {}", sum(1), sum(0));
    for mode in [2, 3] {
        let mut counts: Vec<_> = all.iter().map(|counts| counts[mode]).collect();
        counts.sort_unstable();
        assert!(counts[counts.len() / 2] <= 3, "{:?}: {counts:?}", modes[mode]);
    }
}

#[test]
fn a_failed_request_is_asked_again_and_nothing_is_lost() {
    let Some((chain, scene)) = scene() else { return };
    let between = Between::start(&chain);
    for (label, run_ahead) in [
        ("swap over 2 pairs", RunAhead::Off),
        ("swap over 4 pairs", RunAhead::On),
        ("buy from 3 orders", RunAhead::Prestate),
    ] {
        let draft = scene.calls.iter().find(|draft| draft.label == label).unwrap();
        between.fails.store(NEVER, Ordering::SeqCst);
        let (expected, requests) = simulate(&chain, &between, draft, run_ahead);
        let (raw, block) = (chain.sign(draft), chain.rpc("eth_getBlockByNumber", &json!(["latest", false])));
        let mut failed = 0;
        for position in 0..requests {
            between.fails.store(NEVER, Ordering::SeqCst);
            let mut simulator = ThroughC::http(&chain, &between.server.url(), HARDFORK, run_ahead);
            simulator.set_block(&block);
            between.fails.store(between.count() + position, Ordering::SeqCst);
            // What was only wanted ahead may fail without harm.
            let simulated = simulator.run(&raw).or_else(|error| {
                failed += 1;
                assert!(
                    ["-4: ", "-20: "].iter().any(|code| error.starts_with(code)),
                    "{label}, request {position}: {error}"
                );
                simulator.resume()
            });
            let simulated = simulated.unwrap_or_else(|error| panic!("{label}, request {position}: {error}"));
            assert_eq!(simulated, expected, "{label}, request {position} of {requests}");
        }
        assert!(failed == requests || run_ahead != RunAhead::Off, "{label}: {failed} of {requests} failures were told");
        assert!(requests > 1);
    }
}
