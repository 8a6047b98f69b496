//! A real chain: each transaction is simulated on a fork of the block before, and sent to the node. Receipts, changes,
//! traces and the state afterwards have to be the same.
#![cfg(feature = "evm")]

#[path = "../support/anvil.rs"]
mod anvil;
#[path = "../support/faulty_server.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests use the rest of it")]
mod faulty_server;
#[path = "../support/fixtures.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod fixtures;

mod blocks;
mod chain;
mod compare;
mod contracts;
mod overrides;
mod requests;
mod simulate;
mod through_c;
mod through_rust;
mod transactions;
mod wallet;

use alloy_primitives::Address;
use chain::Chain;
use compare::{Told, same_all, sorted};
use contracts::{Artifact, Scene};
use serde_json::json;
use simulate::Simulator;
use std::collections::BTreeMap;
use through_c::ThroughC;
use through_rust::{Carrier, ThroughRust};
use transactions::Odds;
use wallet::{Draft, Kind};
use worldstate::evm::{Hardfork, RunAhead};

/// Every way to simulate a transaction on the latest block.
fn simulators(chain: &Chain, hardfork: Hardfork) -> Vec<Box<dyn Simulator + '_>> {
    let url = chain.url();
    let mut all: Vec<Box<dyn Simulator>> = Vec::new();
    for run_ahead in [RunAhead::Off, RunAhead::On] {
        all.push(Box::new(ThroughC::http(chain, &url, hardfork, run_ahead)));
        all.push(Box::new(ThroughC::answers(chain, hardfork, run_ahead)));
    }
    all.push(Box::new(ThroughC::http(chain, &url, hardfork, RunAhead::AccessList)));
    all.push(Box::new(ThroughC::http(chain, &url, hardfork, RunAhead::Prestate)));
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
        let list = chain.ask("eth_createAccessList", &json!([draft.to_json(), format!("{:#x}", chain.head())]));
        let mined = chain.send(&raw);
        let told = Told::of(chain, &mined);
        let mut first = None;
        for simulator in &mut simulators {
            simulator.set_block(&mined.block);
            let name = format!("{}: {}", draft.label, simulator.name());
            let simulated = simulator.run(&raw).unwrap_or_else(|error| panic!("{name}: {error}"));
            same_all(&draft.label, &mined, &told, &mut **simulator, &simulated);
            let first = first.get_or_insert_with(|| simulated.clone());
            assert_eq!(*first, simulated, "{name}: not as the first");
        }
        let first = first.unwrap();
        // A node runs a list's transaction until its list is complete; it has no list for one that fails.
        if first.succeeded()
            && matches!(draft.kind, Kind::Dynamic | Kind::Legacy { .. })
            && let Ok(list) = list
        {
            assert_eq!(sorted(&first.access_list), sorted(&list["accessList"]), "{}: access list", draft.label);
            *counts.entry("access lists".into()).or_default() += 1;
        }
        *counts.entry(first.result["status"].as_str().unwrap().to_owned()).or_default() += 1;
        *counts.entry("steps".into()).or_default() += told.steps();
        *counts.entry("changes".into()).or_default() += told.differences().count();
    }
    println!("{hardfork}: {counts:?}");
    counts
}

/// Where a deployment has put the contract.
fn deployed(chain: &Chain, draft: &Draft) -> Address {
    chain.send(&chain.sign(draft)).receipt["contractAddress"].as_str().unwrap().parse().unwrap()
}

/// A chain with the contract of odds and ends.
fn with_odds(artifact: &Artifact, arguments: &[&str]) -> Option<(Chain, Address)> {
    let chain = Chain::start(arguments)?;
    let at = deployed(&chain, &Draft::new("deploy", 0, None, artifact.creation.clone()).value(1000));
    Some((chain, at))
}

fn odds_and_ends(hardfork: Hardfork, name: &str) {
    let Some(artifact) = Artifact::load("Odds") else { return };
    let Some((chain, at)) = with_odds(&artifact, &["--hardfork", name]) else { return };
    let counts = compare(&chain, hardfork, &Odds { artifact: &artifact, at }.transactions());
    assert!(counts["success"] > 40 && counts["revert"] > 7 && counts["halt"] > 2, "{counts:?}");
    assert!(counts["steps"] > 10_000 && counts["changes"] > 200, "{counts:?}");
}

#[test]
fn odds_and_ends_on_osaka() {
    odds_and_ends(Hardfork::Osaka, "osaka");
}

#[test]
fn odds_and_ends_on_shanghai() {
    odds_and_ends(Hardfork::Shanghai, "shanghai");
}

#[test]
fn delegations_and_a_destroyed_contract() {
    let Some(artifact) = Artifact::load("Odds") else { return };
    let Some((chain, at)) = with_odds(&artifact, &["--hardfork", "prague"]) else { return };
    let bomb = deployed(&chain, &Draft::new("deploy", 1, None, transactions::BOMB).value(55));
    let counts = compare(&chain, Hardfork::Prague, &Odds { artifact: &artifact, at }.delegations(bomb));
    assert!(counts["success"] > 7, "{counts:?}");
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

#[test]
fn a_genesis_with_contracts() {
    let (Some(artifact), Some(fixtures)) = (Artifact::load("Odds"), fixtures::fixtures()) else { return };
    let genesis = fixtures.join("execution-apis/genesis.json");
    let arguments = ["--hardfork", "osaka", "--init", genesis.to_str().unwrap()];
    let Some((chain, at)) = with_odds(&artifact, &arguments) else { return };
    assert_eq!(chain.id, 3_503_995_874_084_926);
    let mut drafts = transactions::of_genesis();
    drafts.extend(Odds { artifact: &artifact, at }.transactions().into_iter().step_by(4));
    let counts = compare(&chain, Hardfork::Osaka, &drafts);
    assert!(counts["success"] > 12 && counts["changes"] > 40, "{counts:?}");
}
