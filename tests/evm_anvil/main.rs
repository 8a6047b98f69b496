//! A real chain: each transaction is simulated on a fork of the block before, and sent to the node. Receipts, changes,
//! traces and the state afterwards have to be the same.
#![cfg(feature = "evm")]

#[path = "../support/anvil.rs"]
mod anvil;
#[path = "../support/fixtures.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod fixtures;

mod chain;
mod compare;
mod contracts;
mod simulate;
mod through_c;
mod through_rust;
mod transactions;
mod wallet;

use chain::Chain;
use compare::{Told, same_all};
use contracts::{Artifact, Scene};
use simulate::Simulator;
use std::collections::BTreeMap;
use through_c::ThroughC;
use through_rust::{Carrier, ThroughRust};
use transactions::Odds;
use wallet::Draft;
use worldstate::evm::{Hardfork, RunAhead};

/// Every way to simulate a transaction on the latest block.
fn simulators(chain: &Chain, hardfork: Hardfork) -> Vec<Box<dyn Simulator + '_>> {
    let url = chain.url();
    let mut all: Vec<Box<dyn Simulator>> = Vec::new();
    for run_ahead in [RunAhead::Off, RunAhead::On] {
        all.push(Box::new(ThroughC::http(chain, &url, hardfork, run_ahead)));
        all.push(Box::new(ThroughC::answers(chain, hardfork, run_ahead)));
    }
    all.push(Box::new(ThroughRust::open(chain, Carrier::Callback, hardfork, RunAhead::Off)));
    all.push(Box::new(ThroughRust::open(chain, Carrier::Requests, hardfork, RunAhead::On)));
    all.push(Box::new(ThroughRust::open(chain, Carrier::Batches, hardfork, RunAhead::On)));
    all
}

/// Simulates each transaction in every way, and has the chain execute it. Gives the counts of outcomes.
fn compare(chain: &Chain, hardfork: Hardfork, drafts: &[Draft]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for draft in drafts {
        let mut simulators = simulators(chain, hardfork);
        let raw = chain.sign(draft);
        let mined = chain.send(&raw);
        let told = Told::of(chain, &mined);
        let mut first = None;
        for simulator in &mut simulators {
            simulator.set_block(&mined.block);
            let name = format!("{}: {}", draft.label, simulator.name());
            let simulated = simulator.run(&raw).unwrap_or_else(|error| panic!("{name}: {error}"));
            same_all(&draft.label, chain, &mined, &told, &mut **simulator, &simulated);
            let first = first.get_or_insert_with(|| simulated.clone());
            assert_eq!(*first, simulated, "{name}: not as the first");
        }
        let first = first.unwrap();
        *counts.entry(first.result["status"].as_str().unwrap().to_owned()).or_default() += 1;
        *counts.entry("steps".into()).or_default() += told.steps();
        *counts.entry("changes".into()).or_default() += told.differences().count();
    }
    println!("{hardfork}: {counts:?}");
    counts
}

fn odds_and_ends(hardfork: Hardfork, arguments: &[&str]) {
    let Some(artifact) = Artifact::load("Odds") else { return };
    let Some(chain) = Chain::start(arguments) else { return };
    let deployed = chain.send(&chain.sign(&Draft::new("deploy", 0, None, artifact.creation.clone()).value(1000)));
    let at = deployed.receipt["contractAddress"].as_str().unwrap().parse().unwrap();
    let odds = Odds { artifact: &artifact, at };
    let counts = compare(&chain, hardfork, &odds.transactions());
    assert!(counts["success"] > 40 && counts["revert"] > 7 && counts["halt"] > 2, "{counts:?}");
    assert!(counts["steps"] > 10_000 && counts["changes"] > 200, "{counts:?}");
}

#[test]
fn odds_and_ends_on_osaka() {
    odds_and_ends(Hardfork::Osaka, &["--hardfork", "osaka"]);
}

#[test]
fn contracts_at_work() {
    let (Some(scene), Some(token), Some(router)) = (Scene::load(), Artifact::load("Token"), Artifact::load("Router"))
    else {
        return;
    };
    let Some(chain) = Chain::start(&["--hardfork", "prague", "--chain-id", "4242"]) else { return };
    chain.play(&scene);
    let counts = compare(&chain, Hardfork::Prague, &transactions::of_scene(&scene, &token, &router));
    assert!(counts["success"] > 25 && counts["revert"] >= 2, "{counts:?}");
}
