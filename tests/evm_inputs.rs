//! Transactions as test suites and nodes write them: the signed envelope and the JSON say the same.
#![cfg(feature = "evm")]

#[path = "support/fixtures.rs"]
mod fixtures;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_rlp::{Decodable, Header};
use serde_json::{Map, Value};
use std::collections::HashMap;
use worldstate::evm::{Hardfork, Transaction, apply_block};

/// The transaction of one post state of a state test, as a node would be asked to call it.
fn arguments(transaction: &Value, indexes: &Value, chain_id: Option<u64>) -> Value {
    let index = |name: &str| usize::try_from(indexes[name].as_u64().unwrap()).unwrap();
    let mut arguments = Map::new();
    for name in ["nonce", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "maxFeePerBlobGas", "blobVersionedHashes"]
    {
        if let Some(value) = transaction.get(name) {
            arguments.insert(name.to_owned(), value.clone());
        }
    }
    let mut put = |name: &str, value: Value| arguments.insert(name.to_owned(), value);
    put("from", transaction["sender"].clone());
    put("input", transaction["data"][index("data")].clone());
    put("gas", transaction["gasLimit"][index("gas")].clone());
    put("value", transaction["value"][index("value")].clone());
    if transaction["to"] != "" {
        put("to", transaction["to"].clone());
    }
    if let Some(lists) = transaction.get("accessLists") {
        put("accessList", lists[index("data")].clone());
    }
    if let Some(list) = transaction.get("authorizationList") {
        let known = |tuple: &Value| {
            let mut tuple = tuple.as_object().unwrap().clone();
            tuple.remove("signer");
            Value::Object(tuple)
        };
        put("authorizationList", list.as_array().unwrap().iter().map(known).collect());
    }
    if let Some(chain_id) = chain_id {
        put("chainId", chain_id.into());
    }
    Value::Object(arguments)
}

#[test]
fn envelopes_and_json_of_the_state_tests_agree() {
    let Some(fixtures) = fixtures::fixtures() else { return };
    let (mut authorities, mut refused, mut types) = (0, 0, [0; 5]);
    for path in &fixtures::json_files(&fixtures.join("eest")) {
        for (name, test) in fixtures::json(path).as_object().unwrap() {
            let transaction = &test["transaction"];
            let sender: Address = transaction["sender"].as_str().unwrap().parse().unwrap();
            for (fork, posts) in test["post"].as_object().unwrap() {
                let hardfork: Hardfork = fork.parse().unwrap();
                for post in posts.as_array().unwrap() {
                    let raw: Bytes = post["txbytes"].as_str().unwrap().parse().unwrap();
                    let signed = match Transaction::from_raw(&raw, hardfork) {
                        Ok(signed) => signed,
                        Err(error) => {
                            assert!(post.get("expectException").is_some(), "{name}: {error}");
                            refused += 1;
                            continue;
                        }
                    };
                    assert_eq!(signed.env.caller, sender, "{name}");
                    let json = arguments(transaction, &post["indexes"], signed.env.chain_id);
                    let unsigned = Transaction::from_json(&json.to_string()).unwrap();
                    assert_eq!(unsigned.env, signed.env, "{name}");
                    let signers = transaction.get("authorizationList").and_then(Value::as_array);
                    for (tuple, recovered) in signers.into_iter().flatten().zip(&signed.env.authorization_list) {
                        let expected: Option<Address> =
                            tuple.get("signer").map(|it| it.as_str().unwrap().parse().unwrap());
                        let authority = recovered.as_ref().right().unwrap().authority();
                        assert!(authority.is_none() || authority == expected, "{name}");
                        authorities += usize::from(authority.is_some());
                    }
                    types[usize::from(signed.env.tx_type)] += 1;
                }
            }
        }
    }
    println!("{types:?} compared by type, {authorities} authorities, {refused} refused");
    assert!(authorities > 0 && types.iter().all(|count| *count > 0), "{types:?}");
}

/// The raw transactions of a chain by hash.
fn chain(mut rlp: &[u8]) -> HashMap<B256, Vec<u8>> {
    fn list<'a>(rlp: &mut &'a [u8]) -> &'a [u8] {
        Header::decode_bytes(rlp, true).unwrap()
    }
    let mut transactions = HashMap::new();
    while !rlp.is_empty() {
        let mut block = list(&mut rlp);
        let _header = list(&mut block);
        let mut body = list(&mut block);
        while !body.is_empty() {
            let start = body;
            let raw = if body[0] >= 0xc0 {
                let _legacy = list(&mut body);
                start[..start.len() - body.len()].to_vec()
            } else {
                Bytes::decode(&mut body).unwrap().to_vec()
            };
            transactions.insert(keccak256(&raw), raw);
        }
    }
    transactions
}

#[test]
fn a_node_says_what_was_signed() {
    let Some(fixtures) = fixtures::fixtures() else { return };
    let directory = fixtures.join("execution-apis");
    let signed = chain(&std::fs::read(directory.join("chain.rlp")).unwrap());
    for raw in signed.values() {
        Transaction::from_raw(raw, Hardfork::Osaka).unwrap();
    }
    let mut compared = 0;
    for file in ["eth_getBlockByHash/get-block-by-hash.io", "eth_getBlockByNumber/get-latest.io"] {
        let transcript = std::fs::read_to_string(directory.join(file)).unwrap();
        let answer = transcript.lines().find_map(|line| line.strip_prefix("<< ")).unwrap();
        let block = &serde_json::from_str::<Value>(answer).unwrap()["result"];
        let mut env = revm::context::BlockEnv::default();
        apply_block(block, &mut env, Hardfork::Osaka, 1).unwrap();
        assert_eq!(format!("{:#x}", env.number), block["number"].as_str().unwrap());
        for transaction in block["transactions"].as_array().unwrap() {
            let hash: B256 = transaction["hash"].as_str().unwrap().parse().unwrap();
            let said = Transaction::from_json(&transaction.to_string()).unwrap();
            assert_eq!(said.env, Transaction::from_raw(&signed[&hash], Hardfork::Osaka).unwrap().env);
            assert!(!said.lenient.nonce && !said.lenient.gas && !said.lenient.fees);
            compared += 1;
        }
    }
    println!("{compared} of {} compared", signed.len());
    assert!(compared > 0);
}
