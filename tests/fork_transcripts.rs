//! The transcripts of the execution API's own test suite, replayed through the host protocol: what a fork reads is what
//! the node said.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use worldstate::Error;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions};
use worldstate::state::{Request, Source};

struct Transcript {
    name: String,
    params: Vec<Value>,
    response: String,
    result: Value,
}

fn fixtures() -> Option<PathBuf> {
    let given =
        std::env::var_os("WORLDSTATE_FIXTURES").map_or_else(|| PathBuf::from("../shared/fixtures"), PathBuf::from);
    let directory = given.join("execution-apis");
    if directory.is_dir() {
        return Some(directory);
    }
    println!("skipped: set WORLDSTATE_FIXTURES");
    None
}

fn transcripts(directory: &Path, method: &str) -> Vec<Transcript> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory.join(method)).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let line = |mark: &str| text.lines().find_map(|line| line.strip_prefix(mark)).unwrap().to_owned();
        let request: Value = serde_json::from_str(&line(">> ")).unwrap();
        let response = line("<< ");
        assert_eq!(request["method"], method);
        all.push(Transcript {
            name: path.display().to_string(),
            params: request["params"].as_array().cloned().unwrap_or_default(),
            result: serde_json::from_str::<Value>(&response).unwrap()["result"].clone(),
            response,
        });
    }
    assert!(!all.is_empty());
    all
}

/// A fork of whose block nothing is known, so that requests for values come first.
fn unpinned(account_source: AccountSource) -> Arc<Fork> {
    let options = ForkOptions { block: BlockTag::Verbatim("latest".into()), account_source, ..ForkOptions::default() };
    Fork::open(options).unwrap()
}

/// Answers each queued request by its method.
fn answer(fork: &Fork, answers: &BTreeMap<&str, &str>) {
    loop {
        let mut taken = None;
        match fork.next_request(None, |request| {
            taken = Some((request.id, request.method));
            Ok(())
        }) {
            Ok(()) => {
                let (id, method) = taken.unwrap();
                fork.continue_request(id, answers[method].as_bytes()).unwrap();
            }
            Err(Error::NoPendingRequest) => return,
            Err(other) => panic!("{other}"),
        }
    }
}

fn number(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

fn address(transcript: &Transcript) -> Address {
    transcript.params[0].as_str().unwrap().parse().unwrap()
}

/// Answers to the parts of an account that a transcript does not hold: it exists, without code.
const OTHERS: [(&str, &str); 3] =
    [("eth_getBalance", "\"0x1\""), ("eth_getTransactionCount", "\"0x1\""), ("eth_getCode", "\"0x\"")];

#[test]
fn balances_nonces_and_codes() {
    let Some(directory) = fixtures() else { return };
    for method in ["eth_getBalance", "eth_getTransactionCount", "eth_getCode"] {
        for transcript in transcripts(&directory, method) {
            let fork = unpinned(AccountSource::Fields);
            let address = address(&transcript);
            assert!(matches!(fork.account(address), Err(Error::Missing(_))));
            let mut answers = BTreeMap::from(OTHERS);
            answers.insert(method, &transcript.response);
            answer(&fork, &answers);
            let account = fork.account(address).unwrap().unwrap();
            match method {
                "eth_getBalance" => assert_eq!(account.balance, number(&transcript.result), "{}", transcript.name),
                "eth_getTransactionCount" => {
                    assert_eq!(U256::from(account.nonce), number(&transcript.result), "{}", transcript.name);
                }
                _ => {
                    let code: Bytes = transcript.result.as_str().unwrap().parse().unwrap();
                    assert_eq!(fork.code(address, account.code_hash).unwrap(), code, "{}", transcript.name);
                }
            }
        }
    }
}

#[test]
fn storage_values() {
    let Some(directory) = fixtures() else { return };
    let mut refused = 0;
    for transcript in transcripts(&directory, "eth_getStorageAt") {
        let fork = unpinned(AccountSource::Fields);
        let address = address(&transcript);
        // Keys that are no slot are answered with an error, which must come through as one.
        let slot = transcript.params[1].as_str().unwrap().parse().unwrap_or(U256::ZERO);
        assert!(matches!(fork.storage(address, slot), Err(Error::Missing(_))));
        answer(&fork, &BTreeMap::from([("eth_getStorageAt", transcript.response.as_str())]));
        if transcript.result.is_null() {
            let Err(Error::RpcFailed(text)) = fork.storage(address, slot) else { panic!("{}", transcript.name) };
            assert!(text.contains("error -32602") && text.contains("storage key"), "{text}");
            refused += 1;
        } else {
            assert_eq!(fork.storage(address, slot).unwrap(), number(&transcript.result), "{}", transcript.name);
        }
    }
    assert_eq!(refused, 2);
}

#[test]
fn storage_values_of_several_accounts() {
    let Some(directory) = fixtures() else { return };
    let mut several = 0;
    for transcript in transcripts(&directory, "eth_getStorageValues") {
        let Some(asked) = transcript.params[0].as_object() else { continue };
        let slots: Vec<(Address, U256)> = asked
            .iter()
            .flat_map(|(address, slots)| {
                slots.as_array().unwrap().iter().map(|slot| (address.parse().unwrap(), number(slot)))
            })
            .collect();
        // A single slot is asked for with the older method.
        if slots.len() < 2 {
            continue;
        }
        let fork = unpinned(AccountSource::Fields);
        let wants: Vec<_> = slots.iter().map(|(address, slot)| Request::Storage(*address, *slot)).collect();
        assert!(matches!(fork.prefetch(&wants), Err(Error::Missing(_))));
        fork.next_request(None, |request| {
            assert_eq!(serde_json::from_str::<Value>(&request.params).unwrap(), Value::from(transcript.params.clone()));
            Ok(())
        })
        .unwrap();
        fork.continue_request(1, transcript.response.as_bytes()).unwrap();
        for (address, values) in transcript.result.as_object().unwrap() {
            let address: Address = address.parse().unwrap();
            let keys = slots.iter().filter(|(of, _)| *of == address);
            for ((_, slot), value) in keys.zip(values.as_array().unwrap()) {
                assert_eq!(fork.storage(address, *slot).unwrap(), number(value), "{}", transcript.name);
                several += 1;
            }
        }
    }
    assert_eq!(several, 2);
}

#[test]
fn proofs() {
    let Some(directory) = fixtures() else { return };
    let mut slots = 0;
    for transcript in transcripts(&directory, "eth_getProof") {
        let fork = unpinned(AccountSource::Proof);
        let (address, result) = (address(&transcript), &transcript.result);
        let keys: Vec<U256> = transcript.params[1].as_array().unwrap().iter().map(number).collect();
        match keys.first() {
            None => assert!(matches!(fork.account(address), Err(Error::Missing(_)))),
            Some(slot) => assert!(matches!(fork.storage(address, *slot), Err(Error::Missing(_)))),
        }
        answer(&fork, &BTreeMap::from([("eth_getProof", transcript.response.as_str())]));
        let account = fork.account(address).unwrap().unwrap();
        assert_eq!(account.balance, number(&result["balance"]), "{}", transcript.name);
        assert_eq!(U256::from(account.nonce), number(&result["nonce"]));
        assert_eq!(account.code_hash, result["codeHash"].as_str().unwrap().parse::<B256>().unwrap());
        assert_ne!(account.code_hash, KECCAK256_EMPTY);
        for (key, entry) in keys.iter().zip(result["storageProof"].as_array().unwrap()) {
            assert_eq!(fork.storage(address, *key).unwrap(), number(&entry["value"]));
            slots += 1;
        }
    }
    assert!(slots > 0);
}

#[test]
fn blocks() {
    let Some(directory) = fixtures() else { return };
    let chain = std::fs::read_to_string(directory.join("eth_chainId/get-chain-id.io")).unwrap();
    let chain = chain.lines().find_map(|line| line.strip_prefix("<< ")).unwrap();
    let mut missing = 0;
    for method in ["eth_getBlockByNumber", "eth_getBlockByHash"] {
        for transcript in transcripts(&directory, method) {
            let block: BlockTag = transcript.params[0].as_str().unwrap().parse().unwrap();
            let fork = Fork::open(ForkOptions { block, ..ForkOptions::default() }).unwrap();
            assert!(matches!(fork.block(), Err(Error::Missing(_))));
            answer(&fork, &BTreeMap::from([("eth_chainId", chain), (method, &transcript.response)]));
            if transcript.result.is_null() {
                assert!(matches!(fork.block(), Err(Error::BlockNotFound(_))), "{}", transcript.name);
                missing += 1;
                continue;
            }
            let pin = fork.block().unwrap();
            assert_eq!(pin.hash, transcript.result["hash"].as_str().unwrap().parse::<B256>().unwrap());
            assert_eq!(U256::from(pin.number), number(&transcript.result["number"]), "{}", transcript.name);
            assert_eq!(pin.chain_id, 0xc_72dd_9d5e_883e);
            assert_eq!(fork.block_hash(pin.number), Ok(Some(pin.hash)));
        }
    }
    assert_eq!(missing, 3);
}
