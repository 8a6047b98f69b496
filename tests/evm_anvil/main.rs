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
    all.push(Box::new(ThroughC::http(chain, &url, hardfork, RunAhead::AccessList)));
    all.push(Box::new(ThroughC::http(chain, &url, hardfork, RunAhead::Prestate)));
    all.push(Box::new(ThroughRust::open(chain, Carrier::Callback, hardfork, RunAhead::Off)));
    all.push(Box::new(ThroughRust::open(chain, Carrier::Requests, hardfork, RunAhead::On)));
    all.push(Box::new(ThroughRust::open(chain, Carrier::Batches, hardfork, RunAhead::On)));
    all
}

/// Compares the access list of a call with `eth_createAccessList`, if the node has one: not for what fails.
fn same_access_list(chain: &Chain, hardfork: Hardfork, draft: &Draft) -> bool {
    let head = chain.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    let call = draft.to_json(chain);
    let Ok(list) = chain.ask("eth_createAccessList", &json!([call, head["number"]])) else { return false };
    let mut ours = ThroughC::http(chain, &chain.url(), hardfork, RunAhead::AccessList);
    let (result, own) = ours.call(&head, &call, &json!({}), &json!({})).unwrap();
    if result["status"] != "success" {
        return false;
    }
    let (mut own, mut list) = (sorted(&own), sorted(&list["accessList"]));
    if draft.label.starts_with("create") {
        // The node lists a contract that was called after it was made, which costs more than it saves.
        list.retain(|at, slots| own.contains_key(at) || !slots.is_empty());
    }
    if ["taken", "fails", "begins"].iter().any(|word| draft.label.contains(word)) {
        // We list the address of a creation that failed.
        own.retain(|at, slots| list.contains_key(at) || !slots.is_empty());
    }
    if ["forbidden", "inside"].iter().any(|word| draft.label.contains(word)) {
        // The node lists slots of instructions that failed before they came to them.
        for (at, slots) in &mut list {
            slots.retain(|slot| own.get(at).is_some_and(|own| own.contains(slot)));
        }
    }
    assert_eq!(own, list, "{}: access list", draft.label);
    true
}

/// Simulates each transaction in every way, and has the chain execute it. Gives the counts of outcomes.
fn compare(chain: &Chain, hardfork: Hardfork, drafts: &[Draft]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for draft in drafts {
        let mut simulators = simulators(chain, hardfork);
        let raw = chain.sign(draft);
        let listed = same_access_list(chain, hardfork, draft);
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
        *counts.entry("access lists".into()).or_default() += usize::from(listed);
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
fn odds_and_ends_on_cancun() {
    odds_and_ends(Hardfork::Cancun, "cancun");
}

#[test]
fn contracts_that_destroy_themselves_on_shanghai() {
    let Some(chain) = Chain::start(&["--hardfork", "shanghai"]) else { return };
    let bomb = Draft::new("deploy", 1, None, transactions::BOMB).value(55);
    let (first, second) = (deployed(&chain, &bomb), deployed(&chain, &bomb));
    let drafts = transactions::destructions(first, second);
    let counts = compare(&chain, Hardfork::Shanghai, &drafts);
    assert_eq!(counts["success"], drafts.len(), "{counts:?}");
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
    let drafts = transactions::of_scene(&scene, &token, &router);
    // The same call again for some, those with few steps.
    let mut position = 0;
    let drafts: Vec<Draft> = drafts
        .into_iter()
        .filter(|draft| {
            position += 1;
            !draft.label.ends_with("again") || (position % 3 == 0 && !draft.label.starts_with("airdrop"))
        })
        .collect();
    let counts = compare(&chain, Hardfork::Prague, &drafts);
    assert!(counts["success"] > 15 && counts["revert"] >= 2, "{counts:?}");
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
