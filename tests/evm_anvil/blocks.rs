//! Several transactions in a row on one state, which the chain has in one block.

use crate::chain::{Chain, Mined};
use crate::compare::{Told, same_all, same_receipt};
use crate::contracts::{Artifact, Scene};
use crate::simulators;
use crate::transactions::{Odds, of_scene};
use crate::wallet::{Draft, PEOPLE};
use crate::with_odds;
use alloy_primitives::hex;
use serde_json::json;
use std::collections::BTreeMap;
use worldstate::evm::Hardfork;

/// Has the chain mine the drafts in one block, and simulates that block in every way.
fn simulate_block(chain: &Chain, hardfork: Hardfork, drafts: &[Draft]) {
    let mut simulators = simulators(chain, hardfork);
    chain.rpc("evm_setAutomine", &json!([false]));
    let before = chain.head();
    let mut nonces = BTreeMap::new();
    let mut sent = BTreeMap::new();
    for draft in drafts {
        let nonce = nonces.entry(draft.from).or_insert_with(|| chain.nonce(PEOPLE[draft.from]));
        let raw = draft.sign(*nonce, chain);
        *nonce += 1;
        sent.insert(chain.submit(&raw).as_str().unwrap().to_owned(), (&draft.label, raw));
    }
    chain.rpc("evm_mine", &json!([]));
    chain.rpc("evm_setAutomine", &json!([true]));
    assert_eq!(chain.head(), before + 1);
    let block = chain.rpc("eth_getBlockByNumber", &json!([format!("{:#x}", before + 1), false]));
    let hashes: Vec<_> = block["transactions"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap()).collect();
    assert_eq!(hashes.len(), drafts.len(), "all are in the block");
    let mined: Vec<Mined> = hashes.iter().map(|hash| chain.mined(&json!(hash))).collect();
    let told: Vec<Told> = mined.iter().map(|mined| Told::of_one(chain, mined)).collect();
    for simulator in &mut simulators {
        simulator.set_block(&block);
        for ((hash, mined), told) in hashes.iter().zip(&mined).zip(&told) {
            let (label, raw) = &sent[*hash];
            let simulated = simulator.run(raw).unwrap_or_else(|error| panic!("{label}: {}: {error}", simulator.name()));
            same_receipt(label, &simulated, mined);
            same_all(label, mined, told, &mut **simulator, &simulated);
        }
        // Nothing of an earlier transaction got lost on the way.
        for told in &told {
            for at in told.differences().balances.keys() {
                assert_eq!(simulator.balance(*at), chain.balance_at(*at, before + 1), "balance of {at}");
            }
            for (at, slot) in told.differences().storage.keys() {
                assert_eq!(
                    simulator.storage(*at, *slot),
                    chain.storage_at(*at, *slot, before + 1),
                    "slot {slot} of {at}"
                );
            }
        }
    }
}

#[test]
fn a_block_of_odds_and_ends() {
    let Some(artifact) = Artifact::load("Odds") else { return };
    let Some((chain, at)) = with_odds(&artifact, &["--hardfork", "prague"]) else { return };
    // The creations and destructions at one address, deployments, slots written by several, and a reverted one between.
    let all = Odds { artifact: &artifact, at }.transactions();
    let drafts: Vec<Draft> =
        all.into_iter().map(|draft| Draft { gas: draft.gas.min(900_000), ..draft }).take(34).collect();
    simulate_block(&chain, Hardfork::Prague, &drafts);
}

#[test]
fn a_block_of_swaps() {
    let (Some(scene), Some(token), Some(router)) = (Scene::load(), Artifact::load("Token"), Artifact::load("Router"))
    else {
        return;
    };
    let Some(chain) = Chain::start(&["--hardfork", "cancun"]) else { return };
    chain.play(&scene);
    let drafts: Vec<Draft> = of_scene(&scene, &token, &router)
        .into_iter()
        .filter(|draft| !draft.label.starts_with("airdrop"))
        .filter(|draft| !draft.label.ends_with("again") || draft.label.starts_with("swap over 1"))
        .map(|draft| Draft { gas: 1_100_000, ..draft })
        .collect();
    simulate_block(&chain, Hardfork::Cancun, &drafts);
}

#[test]
fn what_the_node_refuses_is_refused() {
    let Some(artifact) = Artifact::load("Odds") else { return };
    let Some((chain, at)) = with_odds(&artifact, &["--hardfork", "osaka"]) else { return };
    let block = chain.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    let draft = Draft::new("", 0, Some(at), []).gas(100_000);
    let nonce = chain.nonce(PEOPLE[0]);
    let rich = Draft { value: alloy_primitives::U256::from(10).pow(alloy_primitives::U256::from(30)), ..draft.clone() };
    let tight = Draft { gas: 20_000, ..draft.clone() };
    let cases = [
        ("nonce", draft.sign(nonce - 1, &chain)),
        ("fund", rich.sign(nonce, &chain)),
        ("gas", tight.sign(nonce, &chain)),
    ];
    for (word, raw) in cases {
        let refused = chain.ask("eth_sendRawTransaction", &json!([hex::encode_prefixed(&raw)])).unwrap_err();
        assert!(refused.to_lowercase().contains(word), "{word}: {refused}");
        for simulator in &mut simulators(&chain, Hardfork::Osaka) {
            simulator.set_block(&block);
            let error = simulator.run(&raw).unwrap_err();
            assert!(error.to_lowercase().contains(word), "{}: {word}: {error}", simulator.name());
            // The executor is as new.
            let fine = simulator.run(&draft.sign(nonce, &chain)).unwrap();
            assert!(fine.succeeded(), "{}", simulator.name());
        }
    }
}
