//! The host protocol: requests out, answers in, in any order and with every kind of mistake.

mod support;

use alloy_primitives::{Address, B256, U256};
use serde_json::{Value, json};
use std::sync::Arc;
use support::node::{self, ABSENT, Node, address};
use worldstate::fork::{AccountSource, Fork, ForkOptions, OutgoingRequest, TransportKind};
use worldstate::state::{DumpFormat, Request, Source, State};
use worldstate::{Error, Result};

fn open(change: impl FnOnce(&mut ForkOptions)) -> Arc<Fork> {
    let mut options = ForkOptions::default();
    change(&mut options);
    Fork::open(options).unwrap()
}

/// A fork whose block is resolved.
fn pinned(change: impl FnOnce(&mut ForkOptions)) -> Arc<Fork> {
    let fork = open(change);
    pump(&fork, &Node::default());
    fork.block().unwrap();
    fork
}

fn next(fork: &Fork) -> Result<OutgoingRequest> {
    next_within(fork, None)
}

fn next_within(fork: &Fork, max: Option<usize>) -> Result<OutgoingRequest> {
    let mut taken = None;
    fork.next_request(max, |request| {
        taken = Some(request.clone());
        Ok(())
    })?;
    Ok(taken.unwrap())
}

fn next_body(fork: &Fork, max: usize) -> Result<(u64, Value)> {
    let mut taken = None;
    fork.next_batch(max, |batch| {
        taken = Some((batch.id, serde_json::from_str(&batch.body).unwrap()));
        Ok(())
    })?;
    Ok(taken.unwrap())
}

fn result(node: &Node, request: &OutgoingRequest) -> String {
    let params: Vec<Value> = serde_json::from_str(&request.params).unwrap();
    node.result(request.method, &params).unwrap().to_string()
}

/// Answers everything that is queued, one request at a time; returns how many there were.
fn pump(fork: &Fork, node: &Node) -> usize {
    let mut count = 0;
    while let Ok(request) = next(fork) {
        fork.continue_request(request.id, result(node, &request).as_bytes()).unwrap();
        count += 1;
    }
    count
}

/// Reads as a host does: until the answer is there.
fn read<T>(fork: &Fork, read: impl Fn(&Fork) -> Result<T>) -> T {
    for _ in 0..20 {
        match read(fork) {
            Err(Error::Missing(_)) => assert!(pump(fork, &Node::default()) > 0, "missing, and nothing is queued"),
            other => return other.unwrap(),
        }
    }
    panic!("the value never came");
}

#[test]
fn nothing_is_asked_before_the_block_is_known() {
    let fork = open(|_| {});
    assert_eq!(fork.account(address(2)), Err(Error::Missing(Request::Account(address(2)))));
    assert_eq!(fork.code(address(1), B256::repeat_byte(9)), Err(Error::Missing(Request::Code(address(1)))));
    assert_eq!(fork.block(), Err(Error::Missing(Request::Block)));
    let (first, second) = (next(&fork).unwrap(), next(&fork).unwrap());
    assert_eq!((first.method, second.method), ("eth_chainId", "eth_getBlockByNumber"));
    assert_eq!(second.params, r#"["latest",false]"#);
    assert_eq!(next(&fork), Err(Error::NoPendingRequest));
    let node = Node::default();
    fork.continue_request(second.id, result(&node, &second).as_bytes()).unwrap();
    assert_eq!(next(&fork), Err(Error::NoPendingRequest));
    fork.continue_request(first.id, result(&node, &first).as_bytes()).unwrap();
    let pin = fork.block().unwrap();
    assert_eq!((pin.chain_id, pin.number, pin.hash), (node::CHAIN_ID, node::HEAD, node::block_hash(node::HEAD)));
    let mut rest: Vec<_> = std::iter::from_fn(|| next(&fork).ok()).collect();
    rest.sort_by_key(|request| request.method);
    assert_eq!(rest[0].method, "eth_getCode");
    assert_eq!(rest[1].params, format!("[\"{:#x}\",[],\"0x64\"]", address(2)));
}

#[test]
fn a_block_that_is_not_there_fails_the_next_read_once() {
    let fork = open(|options| options.block = "7000".parse().unwrap());
    pump(&fork, &Node::default());
    let Err(Error::BlockNotFound(text)) = fork.account(address(2)) else { panic!() };
    assert!(text.contains("block 7000 does not exist there"), "{text}");
    assert!(matches!(fork.account(address(2)), Err(Error::Missing(_))));
    pump(&fork, &Node { head: 8000, ..Node::default() });
    assert_eq!(fork.block().unwrap().number, 7000);
}

#[test]
fn a_fork_by_hash_names_the_hash() {
    let hash = node::block_hash(5);
    let fork = pinned(|options| options.block = hash.to_string().parse().unwrap());
    assert_eq!(fork.block().unwrap().number, 5);
    assert!(fork.account(address(2)).is_err());
    assert_eq!(next(&fork).unwrap().params, format!("[\"{:#x}\",[],{{\"blockHash\":\"{hash}\"}}]", address(2)));
}

#[test]
fn a_hundred_questions_are_answered_in_any_order() {
    let fork = pinned(|_| {});
    for tag in 0..100 {
        assert!(matches!(fork.account(address(tag)), Err(Error::Missing(_))));
    }
    let mut open: Vec<_> = std::iter::from_fn(|| next(&fork).ok()).collect();
    assert_eq!((open.len(), fork.stats().pending), (100, 100));
    let mut random = 12345_usize;
    while !open.is_empty() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let request = open.swap_remove((random >> 33) % open.len());
        fork.continue_request(request.id, result(&Node::default(), &request).as_bytes()).unwrap();
        assert!(matches!(fork.continue_request(request.id, b"{}"), Err(Error::InvalidRequest(_))));
    }
    for tag in 0..100 {
        let account = fork.account(address(tag)).unwrap().unwrap();
        assert_eq!((account.balance, account.nonce), (node::balance(address(tag)), u64::from(tag)));
    }
    assert_eq!(next(&fork), Err(Error::NoPendingRequest));
}

#[test]
fn wrong_answers_leave_the_question_open() {
    let fork = pinned(|_| {});
    let ask = |fork: &Fork| fork.storage(address(2), U256::from(1));
    assert!(ask(&fork).is_err());
    let request = next(&fork).unwrap();
    let good: Value = serde_json::from_str(&result(&Node::default(), &request)).unwrap();
    let mut foreign = good.clone();
    foreign["address"] = json!(address(4).to_string());
    let mut other_slot = good.clone();
    other_slot["storageProof"][0]["key"] = json!("0x2");
    for bad in [
        String::new(),
        "nonsense".into(),
        "\"0x1\"".into(),
        "{\"jsonrpc\":\"2.0\",\"id\":1}".into(),
        foreign.to_string(),
        other_slot.to_string(),
    ] {
        let Err(Error::InvalidRequest(text)) = fork.continue_request(request.id, bad.as_bytes()) else {
            panic!("{bad}")
        };
        assert!(text.contains("eth_getProof") && text.contains(&address(2).to_string()), "{text}");
        assert_eq!(ask(&fork), Err(Error::Missing(Request::Storage(address(2), U256::from(1)))));
        assert_eq!((fork.stats().slots, fork.stats().accounts), (0, 0));
    }
    let whole = json!({"jsonrpc": "2.0", "id": "mine", "result": good}).to_string();
    fork.continue_request(request.id, whole.as_bytes()).unwrap();
    assert_eq!(ask(&fork), Ok(node::storage(address(2), U256::from(1))));
    assert!(fork.account(address(2)).unwrap().is_some(), "the proof brought the account too");
}

#[test]
fn a_failure_is_told_once_and_then_asked_again() {
    let fork = pinned(|_| {});
    let ask = |fork: &Fork| fork.account(address(2));
    let error =
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "invalid argument"}}).to_string();
    for in_a_response in [false, true] {
        assert!(matches!(ask(&fork), Err(Error::Missing(_))));
        let id = next(&fork).unwrap().id;
        if in_a_response {
            fork.continue_request(id, error.as_bytes()).unwrap();
        } else {
            fork.fail_request(id, -32602, "invalid argument").unwrap();
        }
        let Err(Error::RpcFailed(text)) = ask(&fork) else { panic!() };
        assert!(
            text.contains("eth_getProof of") && text.contains("at block 100: error -32602: invalid argument"),
            "{text}"
        );
        assert!(matches!(fork.fail_request(id, 1, ""), Err(Error::InvalidRequest(_))));
    }
    assert!(read(&fork, ask).is_some());
}

#[test]
fn failures_that_pass_are_queued_again_under_their_id() {
    let fork = pinned(|options| options.max_attempts = 3);
    assert!(fork.account(address(2)).is_err());
    let id = next(&fork).unwrap().id;
    for _ in 0..2 {
        fork.fail_request(id, 429, "slow down").unwrap();
        assert_eq!(next(&fork).unwrap().id, id);
    }
    fork.fail_request(id, 429, "slow down").unwrap();
    assert_eq!(next(&fork), Err(Error::NoPendingRequest));
    let Err(Error::RpcFailed(text)) = fork.account(address(2)) else { panic!() };
    assert!(text.contains("429") && text.contains("3 attempts"), "{text}");
    assert_eq!(fork.stats().retries, 2);
    assert!(read(&fork, |fork| fork.account(address(2))).is_some());
}

#[test]
fn slots_that_wait_together_share_a_proof() {
    let fork = pinned(|options| options.max_slots_per_request = 4);
    for slot in 0..10 {
        assert!(fork.storage(address(2), U256::from(slot)).is_err());
    }
    let requests: Vec<_> = std::iter::from_fn(|| next(&fork).ok()).collect();
    let slots = |request: &OutgoingRequest| {
        serde_json::from_str::<Value>(&request.params).unwrap()[1].as_array().unwrap().len()
    };
    assert_eq!(requests.iter().map(slots).collect::<Vec<_>>(), [4, 4, 2]);
}

#[test]
fn a_request_fits_the_buffer_or_is_not_taken() {
    let fork = pinned(|_| {});
    for slot in 0..10 {
        assert!(fork.storage(address(2), U256::from(slot)).is_err());
    }
    let mut lens = Vec::new();
    for max in [200, 0, 330] {
        let request = next_within(&fork, Some(max)).unwrap();
        assert!(request.params.len() <= max.max(130), "{}", request.params.len());
        lens.push(serde_json::from_str::<Value>(&request.params).unwrap()[1].as_array().unwrap().len());
        fork.continue_request(request.id, result(&Node::default(), &request).as_bytes()).unwrap();
    }
    assert_eq!(lens, [2, 1, 3]);
    let too_small = Error::OutputTooSmall { needed: 9, available: 1 };
    let refused = fork.next_request(None, |_| Err(too_small.clone()));
    assert_eq!(refused, Err(too_small.clone()));
    assert_eq!(fork.next_batch(5, |_| Err(too_small.clone())), Err(too_small));
    let rest = next(&fork).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&rest.params).unwrap()[1].as_array().unwrap().len(), 4);
    fork.fail_request(rest.id, 503, "").unwrap();
    let cut = next_within(&fork, Some(130)).unwrap();
    assert_eq!(cut.id, rest.id, "a repeated request keeps its id even when it has to be cut");
    fork.continue_request(cut.id, result(&Node::default(), &cut).as_bytes()).unwrap();
    assert_eq!(pump(&fork, &Node::default()), 1);
    for slot in 0..10 {
        assert_eq!(fork.storage(address(2), U256::from(slot)), Ok(node::storage(address(2), U256::from(slot))));
    }
}

#[test]
fn a_cache_of_one_entry_never_loops() {
    let fork = pinned(|options| {
        options.max_cache_size = 1;
        options.max_code_bytes = 1;
    });
    let mut wants = vec![Request::Account(ABSENT)];
    for tag in [1, 3, 5] {
        wants.extend([Request::Account(address(tag)), Request::Code(address(tag)), Request::BlockHash(u64::from(tag))]);
        wants.extend((0..50).map(|slot| Request::Storage(address(tag), U256::from(slot))));
    }
    let mut rounds = 0;
    while let Err(error) = fork.prefetch(&wants) {
        assert!(matches!(error, Error::Missing(_)));
        pump(&fork, &Node::default());
        rounds += 1;
        assert!(rounds < 3);
    }
    for tag in [1, 3, 5] {
        let account = fork.account(address(tag)).unwrap().unwrap();
        assert_eq!(fork.code(address(tag), account.code_hash).unwrap(), node::code(address(tag)));
        assert_eq!(fork.block_hash(u64::from(tag)), Ok(Some(node::block_hash(u64::from(tag)))));
        for slot in 0..50 {
            assert_eq!(
                fork.storage(address(tag), U256::from(slot)).unwrap(),
                node::storage(address(tag), U256::from(slot))
            );
        }
    }
    assert_eq!(fork.account(ABSENT), Ok(None));
    let stats = fork.stats();
    assert_eq!((stats.accounts, stats.slots, stats.codes), (1, 1, 0));
    assert!(matches!(
        fork.code(address(1), alloy_primitives::keccak256(node::code(address(1)))),
        Err(Error::Missing(_))
    ));
}

#[test]
fn batches_carry_everything_and_bad_items_spoil_nothing() {
    let fork = pinned(|_| {});
    let node = Node::default();
    for tag in [2, 4, 6, 8, 10, 12] {
        assert!(fork.account(address(tag)).is_err());
    }
    let (batch, body) = next_body(&fork, 100).unwrap();
    let requests = body.as_array().unwrap().clone();
    assert_eq!(requests.len(), 6);
    for bad in [&b""[..], b"<html>", b"17", br#"{"jsonrpc":"2.0","id":1,"result":1}"#] {
        assert!(matches!(fork.continue_batch(batch, bad), Err(Error::InvalidRequest(_))));
    }
    let mut answers: Vec<Value> = requests.iter().rev().map(|request| node.answer_one(request)).collect();
    // In reverse: good, twice, of the wrong shape, an error for good, an error that passes, missing.
    let twice = answers[1].clone();
    answers[2]["result"] = json!("0x1");
    answers[3] = node::error(&answers[3]["id"], -32602, "bad address");
    answers[4] = node::error(&answers[4]["id"], -32005, "limit");
    answers[5] = twice;
    answers.push(json!({"jsonrpc": "2.0", "id": 999_999, "result": null}));
    let Err(Error::RpcFailed(text)) = fork.continue_batch(batch, Value::from(answers).to_string().as_bytes()) else {
        panic!()
    };
    let missing = format!("id {} (eth_getProof of {}", requests[0]["id"], address(2));
    for part in [&missing, "answered twice", "proof is not an object", "id 999999 was not asked for"] {
        assert!(text.contains(part), "{text} lacks {part}");
    }
    assert!(matches!(fork.continue_batch(batch, b"[]"), Err(Error::InvalidRequest(_))));
    assert!(fork.account(address(12)).unwrap().is_some());
    assert!(matches!(fork.account(address(6)), Err(Error::RpcFailed(_))));
    for tag in [2, 4, 8, 10] {
        assert!(matches!(fork.account(address(tag)), Err(Error::Missing(_))), "{tag}");
    }
    let (batch, body) = next_body(&fork, 100).unwrap();
    assert_eq!(body.as_array().unwrap().len(), 4);
    fork.continue_batch(batch, node.answer(&body).to_string().as_bytes()).unwrap();
    for tag in [2, 4, 6, 8, 10, 12] {
        assert!(read(&fork, |fork| fork.account(address(tag))).is_some());
    }
}

#[test]
fn a_refused_batch_comes_back_smaller() {
    for refusal in 0..3 {
        let fork = pinned(|_| {});
        let node = Node { batches: refusal != 0, ..Node::default() };
        for tag in 0..8 {
            assert!(fork.account(address(tag)).is_err());
        }
        let mut sizes = Vec::new();
        while let Ok((batch, body)) = next_body(&fork, 100) {
            sizes.push(body.as_array().map_or(1, Vec::len));
            match refusal {
                1 if body.is_array() => fork.fail_batch(batch, 413, "").unwrap(),
                2 if body.is_array() => fork.fail_batch(batch, -32000, "no batch of this size").unwrap(),
                _ => fork.continue_batch(batch, node.answer(&body).to_string().as_bytes()).unwrap(),
            }
        }
        assert_eq!(sizes, [8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!((fork.stats().batch_splits, fork.stats().failures), (3, 0));
        assert!((0..8).all(|tag| fork.account(address(tag)).unwrap().is_some()));
    }
}

#[test]
fn a_refusal_of_the_batch_counts_as_no_attempt() {
    let fork = pinned(|options| options.max_attempts = 2);
    assert!(fork.account(address(2)).is_err() && fork.account(address(4)).is_err());
    let (batch, _) = next_body(&fork, 100).unwrap();
    fork.fail_batch(batch, 413, "").unwrap();
    for _ in 0..2 {
        let id = next(&fork).unwrap().id;
        fork.fail_request(id, 429, "").unwrap();
    }
    assert_eq!(fork.stats().failures, 0);
    assert_eq!(pump(&fork, &Node::default()), 2);
}

#[test]
fn a_failed_body_fails_its_requests() {
    let fork = pinned(|options| options.max_attempts = 2);
    assert!(fork.account(address(2)).is_err() && fork.account(address(4)).is_err());
    let (batch, _) = next_body(&fork, 100).unwrap();
    fork.fail_batch(batch, 503, "maintenance").unwrap();
    let (batch, body) = next_body(&fork, 100).unwrap();
    assert_eq!(body.as_array().unwrap().len(), 2);
    fork.fail_batch(batch, 0, "connection reset by peer").unwrap();
    assert_eq!(next_body(&fork, 100), Err(Error::NoPendingRequest));
    for tag in [2, 4] {
        let Err(Error::RpcFailed(text)) = fork.account(address(tag)) else { panic!() };
        assert!(text.contains("connection reset by peer (2 attempts)"), "{text}");
        assert!(read(&fork, |fork| fork.account(address(tag))).is_some());
    }
    assert!(matches!(fork.next_batch(0, |_| Ok(())), Err(Error::InvalidInput(_))));
}

#[test]
fn a_node_without_proofs_is_asked_otherwise() {
    for source in [AccountSource::Auto, AccountSource::Fields] {
        let fork = pinned(|options| options.account_source = source);
        let node = Node { proofs: false, ..Node::default() };
        let wants = [
            Request::Account(address(1)),
            Request::Code(address(1)),
            Request::Storage(address(1), U256::from(7)),
            Request::Account(ABSENT),
        ];
        assert!(matches!(fork.prefetch(&wants), Err(Error::Missing(_))));
        let mut proofs = 0;
        while let Ok((batch, body)) = next_body(&fork, 100) {
            let items = body.as_array().unwrap();
            proofs += items.iter().filter(|item| item["method"] == "eth_getProof").count();
            fork.continue_batch(batch, node.answer(&body).to_string().as_bytes()).unwrap();
        }
        assert_eq!(proofs > 0, source == AccountSource::Auto);
        fork.prefetch(&wants).unwrap();
        let account = fork.account(address(1)).unwrap().unwrap();
        assert_eq!(account.balance, node::balance(address(1)));
        assert_eq!(fork.code(address(1), account.code_hash).unwrap(), node::code(address(1)));
        assert_eq!(fork.storage(address(1), U256::from(7)).unwrap(), node::storage(address(1), U256::from(7)));
        assert_eq!(fork.account(ABSENT), Ok(None));
        assert!(fork.account(address(3)).is_err());
        assert_eq!(next(&fork).unwrap().method, "eth_getBalance");
    }
    let fork = pinned(|options| options.account_source = AccountSource::Proof);
    assert!(fork.account(address(1)).is_err());
    let id = next(&fork).unwrap().id;
    fork.fail_request(id, -32601, "no such method").unwrap();
    assert!(matches!(fork.account(address(1)), Err(Error::UnsupportedMethod(_))));
}

#[test]
fn one_failed_field_fails_the_account_and_the_next_try_works() {
    let fork = pinned(|options| options.account_source = AccountSource::Fields);
    let ask = |fork: &Fork| fork.account(address(1));
    assert!(ask(&fork).is_err());
    let requests: Vec<_> = std::iter::from_fn(|| next(&fork).ok()).collect();
    assert_eq!(requests.len(), 3);
    fork.fail_request(requests[1].id, -32602, "no").unwrap();
    assert!(matches!(ask(&fork), Err(Error::RpcFailed(_))));
    for request in [&requests[0], &requests[2]] {
        fork.continue_request(request.id, result(&Node::default(), request).as_bytes()).unwrap();
    }
    assert_eq!(fork.stats().accounts, 0, "half an account is none");
    assert_eq!(read(&fork, ask).unwrap().nonce, 1);
}

#[test]
fn code_must_match_its_account() {
    let fork = pinned(|_| {});
    let account = read(&fork, |fork| fork.account(address(1))).unwrap();
    let ask = |fork: &Fork| fork.code(address(1), account.code_hash);
    assert!(ask(&fork).is_err());
    let id = next(&fork).unwrap().id;
    fork.continue_request(id, b"\"0x6099\"").unwrap();
    let Err(Error::RpcFailed(text)) = ask(&fork) else { panic!() };
    assert!(text.contains("its account says"), "{text}");
    assert_eq!(fork.stats().codes, 0);
    assert_eq!(read(&fork, ask), node::code(address(1)));
}

#[test]
fn block_hashes_reach_to_the_pinned_block() {
    let fork = pinned(|_| {});
    assert_eq!(fork.block_hash(node::HEAD + 1), Ok(None));
    assert_eq!(fork.block_hash(node::HEAD), Ok(Some(node::block_hash(node::HEAD))));
    assert!(fork.block_hash(3).is_err());
    let id = next(&fork).unwrap().id;
    fork.continue_request(id, b"null").unwrap();
    let Err(Error::BlockNotFound(text)) = fork.block_hash(3) else { panic!() };
    assert!(text.contains("block 3 does not exist"), "{text}");
    assert_eq!(read(&fork, |fork| fork.block_hash(3)), Some(node::block_hash(3)));
}

#[test]
fn a_plain_fork_asks_with_proofs_and_codes_only() {
    let fork = Fork::create("la\"test", 10, TransportKind::Host).unwrap();
    assert!(fork.storage(address(1), U256::ZERO).is_err() && fork.code(address(1), B256::ZERO).is_err());
    let mut requests: Vec<_> = std::iter::from_fn(|| next(&fork).ok()).collect();
    requests.sort_by_key(|request| request.method);
    assert_eq!(requests[0].params, format!("[\"{:#x}\",\"la\\\"test\"]", address(1)));
    assert_eq!((requests[1].method, requests.len()), ("eth_getProof", 2));
    assert!(matches!(fork.block(), Err(Error::InvalidState(_))));
    assert!(matches!(fork.block_hash(1), Err(Error::InvalidState(_))));
    assert!(matches!(fork.prefetch(&[Request::BlockHash(1)]), Err(Error::InvalidState(_))));
    for tag in ["", "pending"] {
        assert!(matches!(Fork::create(tag, 10, TransportKind::Host), Err(Error::InvalidInput(_))));
    }
    assert!(matches!(Fork::create("latest", 0, TransportKind::Host), Err(Error::InvalidInput(_))));
}

#[test]
fn clearing_makes_values_be_asked_again() {
    let fork = pinned(|_| {});
    read(&fork, |fork| fork.account(address(2)));
    let before = fork.stats().requests;
    read(&fork, |fork| fork.account(address(2)));
    assert_eq!(fork.stats().requests, before);
    fork.clear_cache();
    assert_eq!(fork.stats().accounts, 0);
    read(&fork, |fork| fork.account(address(2)));
    assert_eq!(fork.stats().requests, before + 1);
    assert!(fork.block().is_ok(), "the pin is no cached value");
}

#[test]
fn prefetch_is_bounded() {
    let fork = pinned(|_| {});
    let wants: Vec<_> = (0..65_537_u64).map(|slot| Request::Storage(Address::ZERO, U256::from(slot))).collect();
    assert!(matches!(fork.prefetch(&wants), Err(Error::InvalidInput(_))));
    assert!(matches!(fork.prefetch(&wants[1..]), Err(Error::Missing(_))));
    assert_eq!(pump(&fork, &Node::default()), 256);
    fork.prefetch(&wants[1..]).unwrap();
}

#[test]
fn a_late_answer_does_not_move_the_pin() {
    let fork = open(|_| {});
    let (chain, block) = (next(&fork).unwrap(), next(&fork).unwrap());
    fork.fail_request(chain.id, -32602, "no").unwrap();
    assert!(matches!(fork.account(address(2)), Err(Error::RpcFailed(_))));
    assert!(matches!(fork.account(address(2)), Err(Error::Missing(_))));
    pump(&fork, &Node::default());
    assert_eq!(fork.block().unwrap().number, node::HEAD);
    let moved_on = Node { head: node::HEAD + 1, ..Node::default() };
    let _ = fork.continue_request(block.id, result(&moved_on, &block).as_bytes());
    assert_eq!(fork.block().unwrap().number, node::HEAD);
    assert!(matches!(fork.account(address(4)), Err(Error::Missing(_))));
    assert!(next(&fork).unwrap().params.ends_with("\"0x64\"]"));
}

#[test]
fn a_failed_batch_is_told_once_for_all_that_it_read() {
    let fork = pinned(|_| {});
    let wants: Vec<_> = (0..5).map(|slot| Request::Storage(address(2), U256::from(slot))).collect();
    assert!(matches!(fork.prefetch(&wants), Err(Error::Missing(_))));
    fork.fail_request(next(&fork).unwrap().id, -32602, "no").unwrap();
    assert!(matches!(fork.prefetch(&wants), Err(Error::RpcFailed(_))));
    read(&fork, |fork| fork.prefetch(&wants));
    fork.clear_cache();
    read(&fork, |fork| fork.prefetch(&wants));
}

#[test]
fn batches_with_repeated_keys_end_in_the_smallest_cache() {
    let fork = pinned(|options| options.max_cache_size = 1);
    let state = State::with_source(fork.clone());
    let accounts = [address(2), address(4), address(2), address(4)];
    let infos = read(&fork, |_| state.account_batch(&accounts));
    assert_eq!(infos.iter().map(|info| info.balance).collect::<Vec<_>>(), accounts.map(node::balance));
    let keys = [(2, 0), (2, 1), (4, 0), (2, 0), (4, 0), (2, 1)].map(|(tag, slot)| (address(tag), U256::from(slot)));
    let values = read(&fork, |_| {
        let mut values = Vec::new();
        state.storage_batch(keys.iter().copied(), |_, value| values.push(value)).map(|()| values)
    });
    assert_eq!(values, keys.map(|(address, slot)| node::storage(address, slot)));
}

#[test]
fn a_node_that_answers_null_has_no_proof() {
    let fork = pinned(|_| {});
    let node = Node::default();
    assert!(matches!(fork.account(address(3)), Err(Error::Missing(_))));
    let proof = next(&fork).unwrap();
    assert_eq!(proof.method, "eth_getProof");
    fork.continue_request(proof.id, b"null").unwrap();
    assert!(matches!(fork.account(address(3)), Err(Error::Missing(_))));
    assert_eq!(pump(&fork, &node), 3);
    assert_eq!(fork.account(address(3)).unwrap().unwrap().balance, node::balance(address(3)));
    let strict = pinned(|options| options.account_source = AccountSource::Proof);
    assert!(strict.account(address(3)).is_err());
    strict.continue_request(next(&strict).unwrap().id, b"null").unwrap();
    let Err(Error::RpcFailed(text)) = strict.account(address(3)) else { panic!() };
    assert!(text.contains("the node has no proof"), "{text}");
}

#[test]
fn a_dump_asks_for_no_code_that_was_written_here() {
    let fork = pinned(|_| {});
    let mut state = State::with_source(fork.clone());
    state.set_code(address(3), vec![1].into());
    state.set_nonce(address(5), 1);
    assert!(matches!(state.dump(DumpFormat::Anvil), Err(Error::Missing(_))));
    let requests = std::iter::from_fn(|| next(&fork).ok());
    let mut asked: Vec<_> = requests.map(|request| (request.method, request.params[4..6].to_owned())).collect();
    asked.sort();
    let expected = [("eth_getCode", "05"), ("eth_getProof", "03"), ("eth_getProof", "05")];
    assert_eq!(asked, expected.map(|(method, tag)| (method, tag.to_owned())));
}
