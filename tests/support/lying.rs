//! Nodes and hosts that say what is not so, and forks that check what they say.
#![allow(dead_code, reason = "each test binary that includes this file uses some of it")]

use super::proven::{ABSENT, Chain, HEAD, address};
use super::support::faulty_server::{FaultyServer, Reply};
use alloy_primitives::{B256, U256};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use worldstate::Error;
use worldstate::fork::{BlockTag, Fork, ForkOptions, TransportKind, Verify};

pub(crate) static CHAIN: LazyLock<Chain> = LazyLock::new(Chain::new);

pub(crate) type Lie = fn(&str, &[Value], &mut Value);

pub(crate) const HONEST: Lie = |_, _, _| {};
pub(crate) const SLOT: U256 = U256::ONE;

/// A node that lies as long as `lying` says.
pub(crate) struct Liar {
    pub(crate) server: FaultyServer,
    pub(crate) lying: Arc<AtomicBool>,
}

pub(crate) fn liar(lie: Lie) -> Liar {
    let lying = Arc::new(AtomicBool::new(true));
    let told = lying.clone();
    let server = FaultyServer::start(move |_, body| {
        let change = if told.load(Ordering::SeqCst) { lie } else { HONEST };
        Reply::Json(CHAIN.answer(body, &change))
    });
    Liar { server, lying }
}

pub(crate) fn by_hash() -> Verify {
    Verify::BlockHash(CHAIN.hash(HEAD))
}

pub(crate) fn options(servers: &[&FaultyServer], verify: Verify) -> ForkOptions {
    let urls = servers.iter().map(|server| server.url()).collect();
    ForkOptions {
        transport: TransportKind::Http { urls, headers: vec![], ca_certificates: None },
        block: BlockTag::Number(HEAD),
        verify,
        request_timeout: Duration::from_secs(5),
        max_attempts: 2,
        backoff_initial: Duration::from_millis(5),
        backoff_max: Duration::from_millis(10),
        reorg_check: Duration::from_secs(86_400),
        ..ForkOptions::default()
    }
}

pub(crate) fn invalid<T: std::fmt::Debug>(result: worldstate::Result<T>) -> String {
    match result {
        Err(Error::ProofInvalid(text)) => text,
        other => panic!("not refused: {other:?}"),
    }
}

/// Nothing that was fetched is kept.
pub(crate) fn is_empty(fork: &Fork) -> bool {
    let stats = fork.stats();
    [stats.accounts, stats.slots, stats.codes, stats.proof_nodes, stats.pending] == [0; 5]
}

/// What a node can say that is not so, and what the error names.
pub(crate) fn lies() -> Vec<(&'static str, Lie)> {
    fn in_proof(method: &str, change: impl FnOnce()) {
        if method == "eth_getProof" {
            change();
        }
    }
    vec![
        ("account", |m, _, r| in_proof(m, || r["balance"] = json!("0xffff"))),
        ("nonce 0x7777, and the trie has 0x1", |m, _, r| in_proof(m, || r["nonce"] = json!("0x7777"))),
        ("codeHash", |m, _, r| in_proof(m, || r["codeHash"] = json!(B256::repeat_byte(7).to_string()))),
        ("storageHash", |m, _, r| in_proof(m, || r["storageHash"] = json!(B256::repeat_byte(7).to_string()))),
        ("value 0x7, and the trie has 0x3e9", |m, _, r| in_proof(m, || r["storageProof"][0]["value"] = json!("0x7"))),
        ("value 0x0, and the trie has 0x3e9", |m, _, r| in_proof(m, || r["storageProof"][0]["value"] = json!("0x"))),
        ("node 1 of the path", |m, _, r| in_proof(m, || drop(r["accountProof"].as_array_mut().unwrap().remove(1)))),
        ("is missing", |m, _, r| in_proof(m, || drop(r["storageProof"][0]["proof"].as_array_mut().unwrap().pop()))),
        ("follow the end", |m, _, r| {
            in_proof(m, || {
                let again = r["accountProof"][0].clone();
                r["accountProof"].as_array_mut().unwrap().push(again);
            });
        }),
        ("proof is for", |m, _, r| *r = if m == "eth_getProof" { CHAIN.proof(address(3), &[SLOT]) } else { r.take() }),
        ("slot 0x2 was not asked for", |m, _, r| {
            *r = if m == "eth_getProof" { CHAIN.proof(address(1), &[U256::from(2)]) } else { r.take() };
        }),
        ("slot 0x1 is missing", |m, _, r| in_proof(m, || r["storageProof"] = json!([]))),
        // An absent account for one that is there.
        ("has the hash", |m, _, r| {
            in_proof(m, || {
                *r = CHAIN.proof(ABSENT, &[SLOT]);
                r["address"] = json!(address(1).to_string());
            });
        }),
    ]
}

/// A fork whose host is the test.
pub(crate) fn hosted(verify: Verify) -> Arc<Fork> {
    // No look at the chain comes between, however long a test takes.
    let reorg_check = Duration::from_secs(86_400);
    let options = ForkOptions { block: BlockTag::Number(HEAD), verify, reorg_check, ..ForkOptions::default() };
    let fork = Fork::open(options).unwrap();
    while serve(&fork, &HONEST, true) > 0 {}
    fork.block().unwrap();
    fork
}

/// Answers what is queued, one by one, the newest first if `reverse`; returns how many there were.
pub(crate) fn serve(fork: &Fork, lie: &dyn Fn(&str, &[Value], &mut Value), reverse: bool) -> usize {
    let mut taken = Vec::new();
    let accept = |taken: &mut Vec<_>| {
        fork.next_request(None, |request| {
            taken.push((request.id, request.method, request.params.clone()));
            Ok(())
        })
    };
    while accept(&mut taken).is_ok() {}
    if reverse {
        taken.reverse();
    }
    for (id, method, params) in &taken {
        let params: Value = serde_json::from_str(params).unwrap();
        let params = params.as_array().unwrap();
        let mut result = CHAIN.result(method, params).unwrap();
        lie(method, params, &mut result);
        fork.continue_request(*id, result.to_string().as_bytes()).unwrap();
    }
    taken.len()
}
