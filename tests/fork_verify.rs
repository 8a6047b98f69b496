//! Forks that check every answer: what is right is read, what is wrong is told, counted, kept nowhere, and asked for at
//! the next node.

#[path = "support/anvil.rs"]
mod anvil;
#[path = "support/lying.rs"]
mod lying;
#[path = "support/proven.rs"]
mod proven;
mod support;

use alloy_primitives::{Address, B256, U256, keccak256};
use anvil::Anvil;
use lying::{CHAIN, HONEST, Liar, Lie, SLOT, by_hash, hosted, invalid, is_empty, liar, lies, options, serve};
use proven::prover::strings;
use proven::{ABSENT, HEAD, address};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use support::dir::Dir;
use support::faulty_server::{FaultyServer, Reply, dead_port};
use support::node;
use worldstate::Error;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, TransportKind, Verify};
use worldstate::state::{Request, Source};

fn value_of(tag: u8) -> U256 {
    U256::from(1000 + u64::from(tag))
}

fn open(servers: &[&FaultyServer]) -> Arc<Fork> {
    Fork::open(options(servers, by_hash())).unwrap()
}

#[test]
fn right_answers_are_read() {
    let honest = liar(HONEST);
    for verify in [by_hash(), Verify::StateRoot(CHAIN.state_root)] {
        let fork = Fork::open(options(&[&honest.server], verify)).unwrap();
        let pin = fork.block().unwrap();
        assert_eq!((pin.number, pin.hash, pin.state_root), (HEAD, CHAIN.hash(HEAD), Some(CHAIN.state_root)));
        for (address, given) in &CHAIN.accounts {
            let account = fork.account(*address).unwrap().unwrap();
            assert_eq!((account.balance, account.nonce), (given.balance, given.nonce));
            if !given.code.is_empty() {
                assert_eq!(fork.code(*address, account.code_hash).unwrap(), given.code);
            }
            for slot in [1, 30] {
                assert_eq!(fork.storage(*address, U256::from(slot)).unwrap(), given.storage[&U256::from(slot)]);
            }
            assert_eq!(fork.storage(*address, U256::from(99)).unwrap(), U256::ZERO);
        }
        assert_eq!(fork.account(ABSENT).unwrap(), None);
        assert_eq!(fork.storage(ABSENT, SLOT).unwrap(), U256::ZERO);
        let stats = fork.stats();
        // The header; 50 accounts with 3 slots, half with code; an absent account and its slot.
        assert_eq!((stats.verified, stats.verify_failures), (1 + 50 * 4 + 25 + 2, 0));
        assert!(stats.proof_nodes > 100 && stats.proof_bytes > 100 * 100, "{stats:?}");
        Source::clear_cache(&*fork);
        assert!(is_empty(&fork));
        assert_eq!(fork.storage(address(1), SLOT).unwrap(), value_of(1));
    }
}

#[test]
fn one_round_trip_brings_an_account_with_code_and_slots() {
    let honest = liar(HONEST);
    let fork = open(&[&honest.server]);
    let before = fork.stats().bodies;
    let wanted = [Request::Code(address(1)), Request::Storage(address(1), SLOT), Request::Account(address(3))];
    fork.prefetch(&wanted).unwrap();
    assert_eq!(fork.stats().bodies, before + 1);
    let account = fork.account(address(1)).unwrap().unwrap();
    assert_eq!(fork.code(address(1), account.code_hash).unwrap(), CHAIN.accounts[&address(1)].code);
    assert_eq!(fork.storage(address(1), SLOT).unwrap(), value_of(1));
    assert_eq!(fork.stats().bodies, before + 1);
}

#[test]
fn a_lie_is_told_and_kept_nowhere() {
    for (text, lie) in lies() {
        let Liar { server, lying } = liar(lie);
        let fork = open(&[&server]);
        let error = invalid(fork.storage(address(1), SLOT));
        let begin = format!("eth_getProof of {}, slot 0x1, at block {HEAD} from http://127.0.0.1:", address(1));
        assert!(error.starts_with(&begin) && error.contains(text), "{error:?} lacks {text:?}");
        assert_eq!(server.count("eth_getProof"), 1, "{text}: asked once");
        let stats = fork.stats();
        assert_eq!((stats.verified, stats.verify_failures, stats.failures, stats.retries), (1, 1, 1, 0), "{text}");
        assert!(is_empty(&fork), "{text}");
        lying.store(false, Ordering::SeqCst);
        assert_eq!(fork.storage(address(1), SLOT), Ok(value_of(1)), "{text}");
    }
}

#[test]
fn the_next_url_is_asked() {
    let honest = liar(HONEST);
    for (text, lie) in lies() {
        let Liar { server, .. } = liar(lie);
        let fork = open(&[&server, &honest.server]);
        assert_eq!(fork.storage(address(1), SLOT), Ok(value_of(1)), "{text}");
        assert_eq!(server.count("eth_getProof"), 1, "{text}: asked once");
        let stats = fork.stats();
        assert_eq!((stats.verified, stats.verify_failures, stats.failures), (2, 1, 0), "{text}");
    }
    // Two liars: the read ends.
    let two = [liar(lies()[0].1), liar(lies()[4].1)];
    let fork = open(&[&two[0].server, &two[1].server]);
    invalid(fork.storage(address(1), SLOT));
    assert_eq!(fork.stats().verify_failures, 2);
    assert_eq!(two.iter().map(|liar| liar.server.count("eth_getProof")).collect::<Vec<_>>(), [1, 1]);
    assert!(is_empty(&fork));
    // A liar and nobody: what is told is the lie, not that the other one does not answer.
    let (what, lie) = lies()[0];
    let liar = liar(lie);
    let mut some = options(&[&liar.server], by_hash());
    let TransportKind::Http { urls, .. } = &mut some.transport else { panic!() };
    urls.push(format!("http://127.0.0.1:{}", dead_port()));
    let fork = Fork::open(some).unwrap();
    let text = invalid(fork.storage(address(1), SLOT));
    assert!(text.contains(what), "{text}");
    assert!(is_empty(&fork));
}

#[test]
fn code_is_checked_by_its_hash() {
    let lie: Lie = |method, _, result| {
        if method == "eth_getCode" {
            *result = json!("0x6099");
        }
    };
    let Liar { server, lying } = liar(lie);
    let fork = open(&[&server]);
    let account = fork.account(address(1)).unwrap().unwrap();
    let read = |fork: &Fork| fork.code(address(1), account.code_hash);
    let error = invalid(read(&fork));
    assert!(error.contains("eth_getCode of") && error.contains(&account.code_hash.to_string()), "{error}");
    assert_eq!((fork.stats().codes, fork.stats().verify_failures), (0, 1));
    lying.store(false, Ordering::SeqCst);
    assert_eq!(read(&fork).unwrap(), CHAIN.accounts[&address(1)].code);
    // With the account known, a prefetch is told too.
    lying.store(true, Ordering::SeqCst);
    fork.account(address(3)).unwrap();
    invalid(fork.prefetch(&[Request::Code(address(3))]));
    let honest = liar(HONEST);
    let fork = open(&[&server, &honest.server]);
    assert_eq!(read(&fork).unwrap(), CHAIN.accounts[&address(1)].code);
    assert_eq!(fork.stats().verify_failures, 1);
}

#[test]
fn nodes_without_proofs_are_no_use() {
    let server = FaultyServer::start(|_, body| {
        let answer = |request: &Value| match request["method"].as_str().unwrap() {
            "eth_getProof" => node::error(&request["id"], -32601, "the method eth_getProof does not exist"),
            _ => CHAIN.answer(request, &HONEST),
        };
        Reply::Json(match body {
            Value::Array(requests) => requests.iter().map(answer).collect(),
            request => answer(request),
        })
    });
    let fork = open(&[&server]);
    let error = fork.account(address(1)).unwrap_err().to_string();
    assert!(error.contains("verify needs eth_getProof"), "{error}");
    assert_eq!(server.count("eth_getBalance"), 0, "no fields in its place");
    let fields = ForkOptions { account_source: AccountSource::Fields, ..options(&[&server], by_hash()) };
    assert!(matches!(Fork::open(fields), Err(Error::InvalidInput(_))));
}

#[test]
fn the_pinned_block_is_checked() {
    let honest = liar(HONEST);
    let header_lies: Vec<(Verify, &str, Lie)> = vec![
        (by_hash(), "header has the hash", |m, _, r| {
            if m.contains("Block") {
                r["stateRoot"] = json!(B256::repeat_byte(1).to_string());
            }
        }),
        (by_hash(), "is missing", |m, _, r| {
            if m.contains("Block") {
                drop(r.as_object_mut().unwrap().remove("mixHash"));
            }
        }),
        (by_hash(), "trusted is", |m, _, r| {
            if m.contains("Block") {
                *r = CHAIN.result("eth_getBlockByNumber", &[json!("0x1"), json!(false)]).unwrap();
                r["number"] = json!(format!("{HEAD:#x}"));
                r["hash"] = Value::Null;
                r.as_object_mut().unwrap().remove("hash");
                let forged = alloy_consensus::Header { number: HEAD, ..CHAIN.headers[1].clone() };
                r["hash"] = json!(forged.hash_slow().to_string());
            }
        }),
        (Verify::StateRoot(B256::repeat_byte(9)), "has the state root", HONEST),
        (Verify::StateRoot(CHAIN.state_root), "header has the hash", |m, _, r| {
            if m.contains("Block") {
                r["gasUsed"] = json!("0x1");
            }
        }),
    ];
    for (verify, text, lie) in header_lies {
        let liar = liar(lie);
        let error = invalid(Fork::open(options(&[&liar.server], verify)).map(|fork| fork.block()));
        assert!(error.contains(text) && error.contains("eth_getBlockByNumber"), "{error:?} lacks {text:?}");
        if verify != Verify::StateRoot(B256::repeat_byte(9)) {
            let fork = Fork::open(options(&[&liar.server, &honest.server], verify)).unwrap();
            assert_eq!(fork.block().unwrap().hash, CHAIN.hash(HEAD), "{text}");
            assert_eq!(fork.stats().verify_failures, 1);
        }
    }
    // The trusted block takes the place of the newest.
    let verify = Verify::BlockHash(CHAIN.hash(HEAD));
    let fork = Fork::open(ForkOptions { block: BlockTag::Latest, ..options(&[&honest.server], verify) }).unwrap();
    assert_eq!(fork.block().unwrap().hash, CHAIN.hash(HEAD));
    assert!(honest.server.count("eth_getBlockByHash") > 0);
    assert_eq!(fork.storage(address(1), SLOT), Ok(value_of(1)));
    let other = ForkOptions { block: BlockTag::Hash(B256::ZERO), ..options(&[&honest.server], verify) };
    assert!(matches!(Fork::open(other), Err(Error::InvalidInput(text)) if text.contains("block names")));
    // Without verify nothing of the header needs to be right, and its state root is told.
    let other = liar(|m, _, r| {
        if m.contains("Block") {
            r["gasUsed"] = json!("0x1");
        }
    });
    let fork = Fork::open(options(&[&other.server], Verify::Off)).unwrap();
    assert_eq!(fork.block().unwrap().state_root, Some(CHAIN.state_root));
}

#[test]
fn block_hashes_are_those_of_the_headers_between() {
    let honest = liar(HONEST);
    let fork = open(&[&honest.server]);
    let before = fork.stats().requests;
    assert_eq!(fork.block_hash(HEAD - 1), Ok(Some(CHAIN.hash(HEAD - 1))));
    assert_eq!(fork.stats().requests, before, "the pinned header says it");
    assert_eq!(fork.block_hash(HEAD - 5), Ok(Some(CHAIN.hash(HEAD - 5))));
    assert_eq!(fork.stats().requests, before + 4);
    assert_eq!(fork.block_hash(HEAD - 3), Ok(Some(CHAIN.hash(HEAD - 3))));
    assert_eq!(fork.stats().requests, before + 4);
    let (requests, bodies) = (fork.stats().requests, fork.stats().bodies);
    fork.prefetch(&[Request::BlockHash(0), Request::BlockHash(HEAD - 256)]).unwrap();
    for number in [0, 1, HEAD - 256, HEAD - 100] {
        assert_eq!(fork.block_hash(number), Ok(Some(CHAIN.hash(number))));
    }
    assert_eq!(fork.block_hash(HEAD + 1), Ok(None));
    let stats = fork.stats();
    assert_eq!(stats.requests - requests, HEAD - 5, "each header once");
    assert!(stats.bodies - bodies <= 8, "{} bodies", stats.bodies - bodies);
    assert_eq!(stats.verified, HEAD);
    Source::clear_cache(&*fork);
    assert_eq!(fork.block_hash(HEAD - 2), Ok(Some(CHAIN.hash(HEAD - 2))));

    let lie: Lie = |method, params, result| {
        if method == "eth_getBlockByNumber" && params[0] == json!(format!("{:#x}", HEAD - 3)) {
            // Consistent in itself, and of another chain.
            let forged =
                alloy_consensus::Header { gas_used: 5, ..CHAIN.headers[usize::try_from(HEAD - 3).unwrap()].clone() };
            result["gasUsed"] = json!("0x5");
            result["hash"] = json!(forged.hash_slow().to_string());
        }
    };
    let liar = liar(lie);
    let fork = open(&[&liar.server]);
    let error = invalid(fork.block_hash(HEAD - 6));
    assert!(error.contains(&format!("block {}", HEAD - 3)) && error.contains("trusted is"), "{error}");
    assert!(fork.stats().verify_failures > 0);
    assert_eq!(fork.block_hash(HEAD - 3), Ok(Some(CHAIN.hash(HEAD - 3))), "the header above says it");
    invalid(fork.block_hash(HEAD - 4));
    let fork = open(&[&liar.server, &honest.server]);
    assert_eq!(fork.block_hash(HEAD - 6), Ok(Some(CHAIN.hash(HEAD - 6))));
    liar.lying.store(false, Ordering::SeqCst);
    let deep = ForkOptions { block: BlockTag::Number(HEAD), ..options(&[&liar.server], by_hash()) };
    assert_eq!(Fork::open(deep).unwrap().block_hash(0), Ok(Some(CHAIN.hash(0))));
}

#[test]
fn block_hashes_that_were_checked_are_kept() {
    let (dir, honest) = (Dir::new("hashes"), liar(HONEST));
    let cached = || ForkOptions { cache_dir: Some(dir.0.clone()), ..options(&[&honest.server], by_hash()) };
    let fork = Fork::open(cached()).unwrap();
    fork.prefetch(&[Request::BlockHash(HEAD - 5)]).unwrap();
    fork.export(&dir.file("recording")).unwrap();
    drop(fork);
    let below: Vec<u64> = (HEAD - 5..HEAD).collect();
    for in_advance in [true, false] {
        let fork = Fork::open(ForkOptions { offline: true, ..cached() }).unwrap();
        if in_advance {
            fork.prefetch(&below.iter().map(|number| Request::BlockHash(*number)).collect::<Vec<_>>()).unwrap();
        }
        let at_hand = fork.clone().at_hand();
        for &number in &below {
            assert_eq!(at_hand.block_hash(number), Ok(Some(CHAIN.hash(number))));
            assert_eq!(fork.block_hash(number), Ok(Some(CHAIN.hash(number))));
        }
        assert_eq!(at_hand.block_hash(HEAD - 6), Err(Error::Missing(Request::BlockHash(HEAD - 6))));
        assert!(matches!(fork.block_hash(HEAD - 6), Err(Error::Offline(_))));
        assert!(matches!(fork.prefetch(&[Request::BlockHash(HEAD - 6)]), Err(Error::Offline(_))));
    }
    // The host tells the block, and is asked for nothing more.
    for in_advance in [true, false] {
        let transport = TransportKind::Host;
        let fork =
            Fork::open(ForkOptions { transport, verify: Verify::StateRoot(CHAIN.state_root), ..cached() }).unwrap();
        assert_eq!(serve(&fork, &HONEST, false), 4);
        if in_advance {
            assert_eq!(fork.prefetch(&[Request::BlockHash(HEAD - 5)]), Ok(()));
        }
        assert_eq!(fork.block_hash(HEAD - 5), Ok(Some(CHAIN.hash(HEAD - 5))));
    }
    // Further down it goes on from the pinned block.
    let fork = Fork::open(cached()).unwrap();
    assert_eq!(fork.block_hash(HEAD - 8), Ok(Some(CHAIN.hash(HEAD - 8))));
    let replayed = ForkOptions { recording: Some(dir.file("recording")), ..options(&[&honest.server], Verify::Off) };
    let (replayed, asked) = (Fork::open(replayed).unwrap(), honest.server.received().len());
    for &number in &below {
        assert_eq!(replayed.block_hash(number), Ok(Some(CHAIN.hash(number))));
    }
    assert_eq!(honest.server.received().len(), asked);
}

#[test]
fn the_host_is_not_believed_either() {
    let fork = hosted(by_hash());
    for (text, lie) in lies() {
        assert_eq!(fork.storage(address(1), SLOT), Err(Error::Missing(Request::Storage(address(1), SLOT))));
        assert_eq!(serve(&fork, &lie, false), 1);
        let error = invalid(fork.storage(address(1), SLOT));
        assert!(error.contains(text), "{error:?} lacks {text:?}");
        assert!(is_empty(&fork), "{text}");
    }
    assert_eq!(fork.stats().verify_failures, lies().len() as u64);
    assert!(matches!(fork.storage(address(1), SLOT), Err(Error::Missing(_))));
    serve(&fork, &HONEST, false);
    assert_eq!(fork.storage(address(1), SLOT), Ok(value_of(1)));
}

#[test]
fn headers_may_come_in_any_order() {
    let fork = hosted(by_hash());
    let number = HEAD - 20;
    assert_eq!(fork.block_hash(number), Err(Error::Missing(Request::BlockHash(number))));
    assert_eq!(serve(&fork, &HONEST, true), 19);
    assert_eq!(fork.block_hash(number), Ok(Some(CHAIN.hash(number))));
    // One of another chain comes before those above it: it is dropped when they come, and asked for again.
    let number = number - 20;
    let lie = |_: &str, params: &[Value], result: &mut Value| {
        if params[0] == json!(format!("{:#x}", HEAD - 30)) {
            let forged =
                alloy_consensus::Header { gas_used: 5, ..CHAIN.headers[usize::try_from(HEAD - 30).unwrap()].clone() };
            result["gasUsed"] = json!("0x5");
            result["hash"] = json!(forged.hash_slow().to_string());
        }
    };
    let failures = fork.stats().verify_failures;
    assert!(matches!(fork.block_hash(number), Err(Error::Missing(_))));
    assert_eq!(serve(&fork, &lie, true), 20);
    assert_eq!(fork.stats().verify_failures, failures + 1);
    assert!(matches!(fork.block_hash(number), Err(Error::Missing(_))));
    assert_eq!(serve(&fork, &lie, true), 1);
    invalid(fork.block_hash(number));
    assert!(matches!(fork.block_hash(number), Err(Error::Missing(_))));
    assert_eq!(serve(&fork, &HONEST, true), 1);
    assert_eq!(fork.block_hash(number), Ok(Some(CHAIN.hash(number))));
}

#[test]
fn a_cache_of_checked_values_is_of_one_state_root() {
    let (dir, honest) = (Dir::new("roots"), liar(HONEST));
    let cached = |verify| ForkOptions {
        cache_dir: Some(dir.0.clone()),
        chain_id: Some(1),
        safe_depth: 0,
        ..options(&[&honest.server], verify)
    };
    let right = Verify::StateRoot(CHAIN.state_root);
    assert_eq!(Fork::open(cached(right)).unwrap().storage(address(1), SLOT), Ok(value_of(1)));
    let asked = honest.server.received().len();
    assert_eq!(Fork::open(cached(right)).unwrap().storage(address(1), SLOT), Ok(value_of(1)));
    assert_eq!(honest.server.received().len(), asked);
    invalid(Fork::open(cached(Verify::StateRoot(B256::repeat_byte(9)))).map(|_| ()));
    // What nobody has checked is not taken for checked, nor the other way round.
    assert_eq!(Fork::open(cached(Verify::Off)).unwrap().storage(address(1), SLOT), Ok(value_of(1)));
    assert!(honest.server.received().len() > asked + 1);
}

/// The file of a recording with these lines.
fn recording(lines: &[String]) -> String {
    let body = lines.join("\n") + "\n";
    format!("{body}{}\n", json!({ "lines": lines.len(), "keccak256": keccak256(&body).to_string() }))
}

#[test]
fn a_recording_proves_what_it_holds() {
    let (dir, honest) = (Dir::new("recording"), liar(HONEST));
    let (good, bad) = (dir.file("good"), dir.file("bad"));
    let first = open(&[&honest.server]);
    let code_hash = first.account(address(1)).unwrap().unwrap().code_hash;
    let code = first.code(address(1), code_hash).unwrap();
    for of in [address(1), ABSENT] {
        first.account(of).unwrap();
        first.storage(of, SLOT).unwrap();
    }
    first.storage(address(2), U256::from(99)).unwrap();
    first.block_hash(HEAD - 1).unwrap();
    first.export(&good).unwrap();
    let replayed = |file: &std::path::Path, verify| ForkOptions {
        transport: TransportKind::Host,
        recording: Some(file.to_owned()),
        offline: true,
        ..options(&[], verify)
    };
    let right = Verify::StateRoot(CHAIN.state_root);
    let fork = Fork::open(replayed(&good, right)).unwrap();
    assert_eq!(fork.code(address(1), fork.account(address(1)).unwrap().unwrap().code_hash).unwrap(), code);
    assert_eq!(fork.storage(address(1), SLOT), Ok(value_of(1)));
    assert_eq!(fork.storage(address(2), U256::from(99)), Ok(U256::ZERO));
    assert_eq!((fork.account(ABSENT), fork.storage(ABSENT, SLOT)), (Ok(None), Ok(U256::ZERO)));
    assert!(matches!(fork.block_hash(HEAD - 1), Err(Error::Offline(_))), "no state root tells a block's hash");
    assert_eq!(Fork::open(replayed(&good, Verify::Off)).unwrap().block_hash(HEAD - 1), Ok(Some(CHAIN.hash(HEAD - 1))));
    for (verify, part) in [(Verify::StateRoot(B256::ZERO), "ask for another"), (by_hash(), "trusted state root")] {
        let refused = Fork::open(replayed(&good, verify)).map(|_| ());
        assert!(matches!(&refused, Err(Error::InvalidInput(text)) if text.contains(part)), "{refused:?}");
    }

    let text = std::fs::read_to_string(&good).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.pop();
    assert_eq!(recording(&lines), text);
    let hex = |address: Address| format!("{address:#x}");
    let mut cases: Vec<(Vec<String>, String)> = Vec::new();
    for (old, new, named) in [
        ("\"balance\":\"0xf4241\"", "\"balance\":\"0xf4242\"", hex(address(1))),
        ("\"nonce\":\"0x1\"", "\"nonce\":\"0x2\"", hex(address(1))),
        (&code_hash.to_string(), &B256::repeat_byte(7).to_string(), hex(address(1))),
        ("\"0x1\":\"0x3e9\"", "\"0x1\":\"0x3ea\"", "slot 0x1".to_owned()),
        ("\"0x1\":\"0x3e9\"", "\"0x1\":\"0x0\"", "slot 0x1".to_owned()),
        ("\"0x63\":\"0x0\"", "\"0x63\":\"0x1\"", "slot 0x63".to_owned()),
        ("\"0x1\":\"0x0\"", "\"0x1\":\"0x1\"", "slot 0x1".to_owned()),
    ] {
        assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
        cases.push((lines.iter().map(|line| line.replace(old, new)).collect(), named));
    }
    let of = |line: &str, address: Address| line.contains("\"account\"") && line.contains(&hex(address));
    let absent = json!({ "account": hex(address(1)), "absent": true }).to_string();
    let there = lines.iter().find(|line| of(line, address(1))).unwrap().replace(&hex(address(1)), &hex(ABSENT));
    for (who, instead) in [(address(1), absent), (ABSENT, there)] {
        let swap = |line: &String| if of(line, who) { instead.clone() } else { line.clone() };
        cases.push((lines.iter().map(swap).collect(), hex(who)));
    }
    let nodes: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains("\"node\"")).collect();
    assert!(nodes.len() > 5, "{}", nodes.len());
    for left_out in nodes {
        let mut others = lines.clone();
        others.remove(left_out);
        cases.push((others, "is not known".to_owned()));
    }
    for (lines, named) in cases {
        std::fs::write(&bad, recording(&lines)).unwrap();
        let told = invalid(Fork::open(replayed(&bad, right)).map(|_| ()));
        assert!(told.to_lowercase().contains(&named), "{told} lacks {named}");
        let fork = open(&[&honest.server]);
        invalid(fork.import(&bad));
        assert_eq!(fork.storage(address(1), SLOT), Ok(value_of(1)));
        assert_eq!((fork.account(ABSENT), fork.stats().stored_hits), (Ok(None), 0), "nothing of it is kept");
    }
}

#[test]
fn every_byte_of_an_answer_counts() {
    let fork = hosted(by_hash());
    let (subject, slots) = (address(2), [U256::from(1), U256::from(77)]);
    let wanted = slots.map(|slot| Request::Storage(subject, slot));
    let proof = CHAIN.proof(subject, &slots);
    let mut pointers = Vec::new();
    strings(&proof, "", &mut pointers);
    let mut count = 0;
    for pointer in pointers {
        let digits = proof.pointer(&pointer).unwrap().as_str().unwrap().trim_start_matches("0x").to_owned();
        let bytes =
            alloy_primitives::hex::decode(format!("{}{digits}", if digits.len().is_multiple_of(2) { "" } else { "0" }));
        for (at, byte) in bytes.clone().unwrap().into_iter().enumerate() {
            for flip in [0x01, 0x80] {
                let mut changed = bytes.clone().unwrap();
                changed[at] = byte ^ flip;
                let lie = |_: &str, _: &[Value], result: &mut Value| {
                    *result.pointer_mut(&pointer).unwrap() = json!(alloy_primitives::hex::encode_prefixed(&changed));
                };
                assert!(matches!(fork.prefetch(&wanted), Err(Error::Missing(_))));
                assert_eq!(serve(&fork, &lie, false), 1);
                invalid(fork.prefetch(&wanted));
                count += 1;
            }
        }
    }
    assert!(is_empty(&fork) && count > 2000, "{count}");
    assert_eq!(fork.stats().verify_failures, count);
}

#[test]
fn a_fork_of_anvil_is_checked() {
    let Some(anvil) = Anvil::start(["--accounts", "5"]) else { return };
    let from = anvil.rpc("eth_accounts", &json!([]))[0].clone();
    // Stores 7 at slot 1, and returns one byte of code.
    let init = "0x600760015560016000f3";
    let hash = anvil.rpc("eth_sendTransaction", &json!([{"from": from, "data": init, "gas": "0x30000"}]));
    let receipt = anvil.receipt(&hash);
    let contract: Address = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
    anvil.rpc("anvil_mine", &json!(["0x5"]));
    let block = anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    let verify = Verify::BlockHash(block["hash"].as_str().unwrap().parse().unwrap());
    let urls = vec![format!("http://{}", anvil.address)];
    let transport = TransportKind::Http { urls, headers: vec![], ca_certificates: None };
    let fork = Fork::open(ForkOptions { transport, verify, ..ForkOptions::default() }).unwrap();
    assert_eq!(fork.storage(contract, SLOT), Ok(U256::from(7)));
    assert_eq!(fork.storage(contract, U256::from(2)), Ok(U256::ZERO));
    let account = fork.account(contract).unwrap().unwrap();
    let code = anvil.rpc("eth_getCode", &json!([contract.to_string(), "latest"]));
    assert_eq!(fork.code(contract, account.code_hash).unwrap().to_string(), code.as_str().unwrap());
    assert_eq!(fork.account(ABSENT), Ok(None));
    let number = fork.block().unwrap().number;
    for below in 0..number {
        let block = anvil.rpc("eth_getBlockByNumber", &json!([format!("{below:#x}"), false]));
        assert_eq!(fork.block_hash(below).unwrap().unwrap().to_string(), block["hash"].as_str().unwrap());
    }
    fork.witness(&[(contract, vec![SLOT, U256::from(2)]), (ABSENT, vec![])]).unwrap();
    assert_eq!(fork.stats().verify_failures, 0);
}
