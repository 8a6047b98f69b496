//! The blocking transports against a server that goes wrong: each fault is survived or told, nothing wrong is kept,
//! and the same read works afterwards.

mod support;

use alloy_primitives::U256;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};
use support::dir::Dir;
use support::faulty_server::{FaultyServer, Reply, dead_port};
use support::node::{self, ABSENT, Node, address};
use worldstate::Error;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, Source};

const SLOT: U256 = U256::ONE;

fn options(urls: &[String]) -> ForkOptions {
    ForkOptions {
        transport: TransportKind::Http { urls: urls.to_vec(), headers: vec![], ca_certificates: None },
        block: BlockTag::Number(node::HEAD),
        request_timeout: Duration::from_millis(300),
        total_timeout: Duration::from_secs(10),
        max_attempts: 3,
        backoff_initial: Duration::from_millis(10),
        backoff_max: Duration::from_millis(20),
        ..ForkOptions::default()
    }
}

fn open(server: &FaultyServer) -> Arc<Fork> {
    open_with(server, |_| {})
}

fn open_with(server: &FaultyServer, change: impl FnOnce(&mut ForkOptions)) -> Arc<Fork> {
    let mut options = options(&[server.url()]);
    change(&mut options);
    Fork::open(options).unwrap()
}

/// A server that opens well, and then answers the first `faults` requests with `fault`.
fn faulty(faults: usize, fault: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> FaultyServer {
    FaultyServer::start(move |index, body| {
        if (1..=faults).contains(&index) { fault(body) } else { Reply::Json(Node::default().answer(body)) }
    })
}

fn slot_value(fork: &Fork) -> worldstate::Result<U256> {
    fork.storage(address(2), SLOT)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside what reads return")]
fn right() -> worldstate::Result<U256> {
    Ok(node::storage(address(2), SLOT))
}

/// The text of a read that fails, after which nothing is cached and the same read works.
fn failing(fork: &Fork) -> String {
    let Err(error) = slot_value(fork) else { panic!("the read did not fail") };
    let text = error.to_string();
    let pruned = text.contains("missing trie node");
    let unknown = text.contains("header not found");
    match error {
        Error::StatePruned(_) => assert!(pruned, "{text}"),
        Error::BlockNotFound(_) => assert!(unknown, "{text}"),
        Error::RpcFailed(_) => assert!(!pruned && !unknown, "{text}"),
        other => panic!("{other:?}"),
    }
    let stats = fork.stats();
    assert_eq!((stats.slots, stats.accounts, stats.codes, stats.pending), (0, 0, 0, 0), "{text}");
    assert!(
        text.contains(&format!("eth_getProof of {}, slot 0x1, at block 100 from http://127.0.0.1:", address(2))),
        "{text}"
    );
    assert!(!text.contains("secret-key"), "{text}");
    assert_eq!(slot_value(fork), right(), "{text}");
    text
}

/// Each of these faults is survived when it happens twice, and told when it happens three times.
fn survived_or_told(text: &str, fault: impl Fn(&Value) -> Reply + Clone + Send + Sync + 'static) {
    let server = faulty(2, fault.clone());
    let fork = open(&server);
    assert_eq!(slot_value(&fork), right(), "{text}");
    assert_eq!((fork.stats().retries, fork.stats().failures), (2, 0), "{text}");
    let server = faulty(3, fault);
    let told = failing(&open(&server));
    assert!(told.contains(text) && told.contains("(3 attempts)"), "{told:?} lacks {text:?}");
}

fn raw(status: u16, body: &str) -> Reply {
    Reply::Raw { status, headers: "", body: body.into() }
}

fn error(body: &Value, code: i64, message: &str) -> Reply {
    Reply::Json(node::error(&body["id"], code, message))
}

#[test]
fn timeouts() {
    survived_or_told("timed out", |_| Reply::Hang(Duration::from_millis(600)));
}

#[test]
fn server_errors() {
    survived_or_told("HTTP status 503: maintenance", |_| raw(503, "maintenance"));
    survived_or_told("HTTP status 502", |_| raw(502, "<html>"));
}

#[test]
fn connections_closed_without_an_answer() {
    survived_or_told("from http", |_| Reply::Close);
}

#[test]
fn cut_bodies() {
    survived_or_told("from http", |_| Reply::Cut(br#"{"jsonrpc":"2.0","id":1,"res"#.to_vec()));
    survived_or_told("the answer is not JSON", |_| raw(200, r#"{"jsonrpc":"2.0","id":1,"res"#));
    survived_or_told("the answer is not JSON", |_| raw(200, "<html>busy</html>"));
}

#[test]
fn wrong_ids() {
    for id in [json!(77), json!("1"), Value::Null] {
        survived_or_told("was not asked for", move |body| {
            let mut answer = Node::default().answer(body);
            answer["id"] = id.clone();
            Reply::Json(answer)
        });
    }
}

#[test]
fn transient_errors_of_the_node() {
    survived_or_told("error -32000: missing trie node", |body| error(body, -32000, "missing trie node 0xabc"));
    survived_or_told("error -32005: limit", |body| error(body, -32005, "limit"));
    survived_or_told("error -32000: header not found", |body| error(body, -32000, "header not found"));
}

#[test]
fn resets_are_survived() {
    let server = FaultyServer::start_resetting(2, |_, body| Reply::Json(Node::default().answer(body)));
    assert_eq!(slot_value(&open(&server)), right());
}

#[test]
fn a_dead_port_is_told() {
    let Err(Error::RpcFailed(text)) = Fork::open(options(&[format!("http://127.0.0.1:{}/key", dead_port())])) else {
        panic!()
    };
    assert!(text.contains("refused") && text.contains("3 attempts") && !text.contains("key"), "{text}");
}

#[test]
fn errors_that_stay_are_told_at_once() {
    let server = faulty(1, |body| error(body, -32602, "invalid argument 0"));
    let fork = open(&server);
    let text = failing(&fork);
    assert!(text.contains("error -32602: invalid argument 0 (1 attempt)"), "{text}");
    let server = faulty(1, |_| raw(401, "who are you"));
    assert!(failing(&open(&server)).contains("HTTP status 401: who are you (1 attempt)"));
    let server = faulty(1, |_| Reply::Raw { status: 307, headers: "location: http://127.0.0.1:1/\r\n", body: vec![] });
    assert!(failing(&open(&server)).contains("HTTP status 307 (1 attempt)"));
}

#[test]
fn wrong_shapes_are_told() {
    for (text, result) in [("proof is not an object", json!("0x1")), ("balance is missing", json!({}))] {
        let server = faulty(1, move |body| Reply::Json(json!({"jsonrpc": "2.0", "id": body["id"], "result": result})));
        let told = failing(&open(&server));
        assert!(told.contains(text), "{told}");
    }
    let server = faulty(1, |body| {
        let mut answer = Node::default().answer(body);
        answer["result"]["storageProof"][0]["key"] = json!("0x9");
        Reply::Json(answer)
    });
    assert!(failing(&open(&server)).contains("slot 0x9 was not asked for"));
    let no_proof = |body: &Value| Reply::Json(json!({"jsonrpc": "2.0", "id": body["id"], "result": null}));
    let strict = open_with(&faulty(1, no_proof), |options| options.account_source = AccountSource::Proof);
    assert!(failing(&strict).contains("the node has no proof for this block (1 attempt)"));
    assert_eq!(slot_value(&open(&faulty(1, no_proof))), right(), "the value itself is there");
}

#[test]
fn retry_after_is_waited_for() {
    let server = faulty(1, |_| Reply::Raw { status: 429, headers: "retry-after: 1\r\n", body: b"slow".to_vec() });
    let fork = open(&server);
    assert_eq!(slot_value(&fork), right());
    let log = server.received();
    let waited = log[2].at - log[1].at;
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(3), "{waited:?}");
}

#[test]
fn retry_after_of_one_url_outlasts_the_failure_of_the_next() {
    let slow = faulty(1, |_| Reply::Raw { status: 429, headers: "retry-after: 1\r\n", body: b"slow".to_vec() });
    let broken = FaultyServer::start(|_, _| raw(503, ""));
    let fork = Fork::open(options(&[slow.url(), broken.url()])).unwrap();
    assert_eq!(slot_value(&fork), right());
    let (log, others) = (slow.received(), broken.received());
    assert_eq!((log.len(), others.len()), (3, 1));
    let waited = log[2].at - log[1].at;
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(3), "{waited:?}");
}

#[test]
fn total_timeout_ends_the_attempts() {
    let server = faulty(1, |_| Reply::Raw { status: 429, headers: "retry-after: 3600\r\n", body: vec![] });
    let fork = open(&server);
    let start = Instant::now();
    let text = failing(&fork);
    assert!(text.contains("HTTP status 429") && text.contains("total_timeout"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(2));

    let server = faulty(100, |_| Reply::Hang(Duration::from_millis(400)));
    let fork = open_with(&server, |options| {
        options.total_timeout = Duration::from_millis(700);
        options.max_attempts = 100;
    });
    let start = Instant::now();
    assert!(matches!(slot_value(&fork), Err(Error::RpcFailed(_))));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn no_time_is_too_long() {
    let server =
        faulty(1, |_| Reply::Raw { status: 429, headers: "retry-after: 18446744073709551615\r\n", body: vec![] });
    let fork = open_with(&server, |options| {
        options.request_timeout = Duration::MAX;
        options.total_timeout = Duration::MAX;
    });
    assert!(failing(&fork).contains("total_timeout"));
}

#[test]
fn long_answers_are_refused() {
    let server = faulty(1, |body| {
        let mut answer = Node::default().answer(body);
        answer["result"]["accountProof"] = json!(["f".repeat(100_000)]);
        Reply::Json(answer)
    });
    let fork = open_with(&server, |options| options.max_response_bytes = 50_000);
    assert!(failing(&fork).contains("longer than max_response_bytes (1 attempt)"));
}

#[test]
fn a_long_answer_to_a_batch_is_asked_for_in_parts() {
    let server = FaultyServer::start(|_, body| {
        let mut answer = Node::default().answer(body);
        for item in answer.as_array_mut().into_iter().flatten() {
            item["padding"] = json!("f".repeat(10_000));
        }
        Reply::Json(answer)
    });
    let fork = open_with(&server, |options| options.max_response_bytes = 30_000);
    let wants: Vec<_> = (0..8).map(|tag| Request::Account(address(tag))).collect();
    fork.prefetch(&wants).unwrap();
    assert_eq!(fork.stats().batch_splits, 2);
    assert!((0..8).all(|tag| fork.account(address(tag)).unwrap().is_some()));
}

#[test]
fn gzip_is_understood() {
    let server = faulty(1, |body| {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(Node::default().answer(body).to_string().as_bytes()).unwrap();
        Reply::Raw { status: 200, headers: "content-encoding: gzip\r\n", body: gzip.finish().unwrap() }
    });
    let fork = open(&server);
    assert_eq!(slot_value(&fork), right());
    assert_eq!(fork.stats().retries, 0);
    let headers = &server.received()[1].headers;
    assert!(headers.iter().any(|line| line.starts_with("accept-encoding:") && line.contains("gzip")), "{headers:?}");
}

#[test]
fn a_compressed_answer_is_measured_unfolded() {
    let server = faulty(1, |body| {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(Node::default().answer(body).to_string().as_bytes()).unwrap();
        gzip.write_all(&vec![b' '; 100_000]).unwrap();
        Reply::Raw { status: 200, headers: "content-encoding: gzip\r\n", body: gzip.finish().unwrap() }
    });
    let fork = open_with(&server, |options| options.max_response_bytes = 50_000);
    assert!(failing(&fork).contains("longer than max_response_bytes (1 attempt)"));
}

#[test]
fn headers_are_sent() {
    let server = faulty(0, |_| Reply::Close);
    let fork = open_with(&server, |options| {
        let TransportKind::Http { headers, .. } = &mut options.transport else { panic!() };
        headers.push(("Authorization".into(), "Bearer abc".into()));
    });
    slot_value(&fork).unwrap();
    for received in server.received() {
        for line in ["authorization: bearer abc", "content-type: application/json", "accept: application/json"] {
            assert!(received.headers.iter().any(|header| header == line), "{line}: {:?}", received.headers);
        }
    }
    for (name, value) in [("bad name", "x"), ("x", "a\nb"), ("Content-Length", "3"), ("transfer-encoding", "chunked")] {
        let mut options = options(&[server.url()]);
        let TransportKind::Http { headers, .. } = &mut options.transport else { panic!() };
        headers.push((name.into(), value.into()));
        assert!(matches!(Fork::open(options), Err(Error::InvalidInput(_))));
    }
    for url in ["", "ftp://x", "http://", "127.0.0.1:8545", "http://127.0.0.1:99999/", "http://u:p@[::1]:x/"] {
        assert!(matches!(Fork::open(options(&[url.into()])), Err(Error::InvalidInput(_))), "{url}");
    }
    assert!(matches!(Fork::open(options(&[])), Err(Error::InvalidInput(_))));
}

#[test]
fn opening_asks_once_for_block_and_chain() {
    let server = FaultyServer::start(|index, body| {
        Reply::Json(Node { head: 50 + index as u64, ..Node::default() }.answer(body))
    });
    let fork = open_with(&server, |options| options.block = BlockTag::Latest);
    assert_eq!(server.received().len(), 1);
    let pin = fork.block().unwrap();
    assert_eq!((pin.chain_id, pin.number, pin.hash), (node::CHAIN_ID, 50, node::block_hash(50)));
    fork.account(address(2)).unwrap();
    assert_eq!(server.received()[1].body["params"][2], "0x32");
    let missing = faulty(0, |_| Reply::Close);
    let mut options = options(&[missing.url()]);
    options.block = BlockTag::Number(12_345);
    let Err(Error::BlockNotFound(text)) = Fork::open(options) else { panic!() };
    assert!(text.contains("block 12345 does not exist there"), "{text}");
}

#[test]
fn a_node_without_proofs_is_asked_otherwise_for_good() {
    let server = FaultyServer::start(|_, body| Reply::Json(Node { proofs: false, ..Node::default() }.answer(body)));
    let fork = open(&server);
    let account = fork.account(address(1)).unwrap().unwrap();
    assert_eq!((account.balance, account.nonce), (node::balance(address(1)), 1));
    let before = fork.stats().requests;
    assert_eq!(fork.code(address(1), account.code_hash).unwrap(), node::code(address(1)));
    assert_eq!(fork.stats().requests, before, "the code came with the account");
    assert_eq!(slot_value(&fork), right());
    assert_eq!(fork.account(ABSENT), Ok(None));
    assert_eq!(server.count("eth_getProof"), 1);
    assert_eq!(fork.stats().failures, 0);
    let proof_only = open_with(&server, |options| options.account_source = AccountSource::Proof);
    assert!(matches!(slot_value(&proof_only), Err(Error::UnsupportedMethod(_))));
}

#[test]
fn a_gateway_without_proofs_is_asked_otherwise() {
    let server = FaultyServer::start(|_, body| match &body["method"] {
        method if method == "eth_getProof" => raw(403, "eth_getProof is not whitelisted"),
        _ => Reply::Json(Node::default().answer(body)),
    });
    let fork = open(&server);
    assert_eq!(slot_value(&fork), right());
    assert_eq!(fork.storage(address(2), U256::from(2)), Ok(node::storage(address(2), U256::from(2))));
    assert_eq!(server.count("eth_getProof"), 1);
}

#[test]
fn a_node_that_takes_no_batches() {
    for status in [0, 413, 400, 405] {
        let server = FaultyServer::start(move |_, body| match body {
            Value::Array(_) if status != 0 => raw(status, "no batches"),
            body => Reply::Json(Node { batches: false, ..Node::default() }.answer(body)),
        });
        let fork = open(&server);
        let wants: Vec<_> = (0..5).map(|tag| Request::Account(address(tag))).collect();
        fork.prefetch(&wants).unwrap();
        assert!((0..5).all(|tag| fork.account(address(tag)).unwrap().is_some()));
        let arrays = server.received().iter().filter(|received| received.body.is_array()).count();
        assert_eq!((arrays, fork.stats().batch_splits), (1, 1), "the refusal at opening is remembered");
    }
}

#[test]
fn a_thousand_slots_take_three_requests() {
    let server = faulty(0, |_| Reply::Close);
    let fork = open(&server);
    let mut wants: Vec<_> = (0..1000).map(|slot| Request::Storage(address(1), U256::from(slot))).collect();
    wants.extend([Request::Account(address(1)), Request::Code(address(1)), Request::BlockHash(7)]);
    fork.prefetch(&wants).unwrap();
    assert!(server.received().len() <= 3);
    let before = server.received().len();
    // The first reads are what was asked for; only the second ones are the cache's merit.
    for hits in [0, 1003] {
        for slot in (0..1000).map(U256::from) {
            assert_eq!(fork.storage(address(1), slot).unwrap(), node::storage(address(1), slot));
        }
        let account = fork.account(address(1)).unwrap().unwrap();
        assert_eq!(fork.code(address(1), account.code_hash).unwrap(), node::code(address(1)));
        assert_eq!(fork.block_hash(7).unwrap(), Some(node::block_hash(7)));
        assert_eq!(fork.stats().hits, hits);
    }
    assert_eq!(server.received().len(), before);
}

#[test]
fn only_the_bad_items_of_a_batch_are_asked_again() {
    let server = faulty(1, |body| {
        let mut answer = Node::default().answer(body);
        let items = answer.as_array_mut().unwrap();
        items[1] = node::error(&items[1]["id"], -32005, "limit");
        items[2] = node::error(&items[2]["id"], -32602, "bad");
        let twice = items[4].clone();
        items[3] = twice;
        items.pop();
        Reply::Json(answer)
    });
    let fork = open(&server);
    let wants: Vec<_> = (0..6).map(|tag| Request::Account(address(tag))).collect();
    let Err(Error::RpcFailed(text)) = fork.prefetch(&wants) else { panic!() };
    assert!(text.contains(&address(2).to_string()) && text.contains("-32602: bad"), "{text}");
    // 1 passed on, 3 was missing, 4 came twice, 5 was missing.
    assert_eq!(server.received()[2].body.as_array().unwrap().len(), 4);
    let before = server.received().len();
    for tag in [0, 1, 3, 4, 5] {
        assert_eq!(fork.account(address(tag)).unwrap().unwrap().nonce, u64::from(tag));
    }
    assert_eq!(server.received().len(), before);
    assert_eq!(fork.account(address(2)).unwrap().unwrap().nonce, 2);
}

#[test]
fn another_url_is_tried_and_kept_to() {
    let broken = FaultyServer::start(|_, _| raw(500, ""));
    let refusing = FaultyServer::start(|_, _| raw(403, "no"));
    let good = faulty(0, |_| Reply::Close);
    let fork = Fork::open(options(&[broken.url(), refusing.url(), good.url()])).unwrap();
    assert_eq!(slot_value(&fork), right());
    assert_eq!((broken.received().len(), refusing.received().len(), good.received().len()), (1, 1, 2));
    let Err(Error::RpcFailed(text)) = Fork::open(options(&[broken.url(), refusing.url()])) else { panic!() };
    assert!(text.contains("HTTP status"), "{text}");
}

#[test]
fn eight_threads_ask_once_and_share_a_failure() {
    let server = FaultyServer::start(|index, body| match index {
        1 => Reply::Late(Duration::from_millis(150), Node::default().answer(body)),
        2 => Reply::Late(Duration::from_millis(150), node::error(&body["id"], -32602, "no")),
        _ => Reply::Json(Node::default().answer(body)),
    });
    let fork = open(&server);
    let all = |slot: u64| {
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            let read = || {
                barrier.wait();
                fork.storage(address(2), U256::from(slot))
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        })
    };
    assert!(all(1).into_iter().all(|value| value == right()));
    assert_eq!(server.received().len(), 2);
    assert_eq!((fork.stats().misses, fork.stats().deduplicated), (2, 7));
    assert!(all(2).into_iter().all(|value| matches!(value, Err(Error::RpcFailed(_)))));
    assert_eq!(server.received().len(), 3);
    assert!(all(2).into_iter().all(|value| value == Ok(node::storage(address(2), U256::from(2)))));
}

/// A transport in the process that asks its own fork.
struct Inward {
    fork: Arc<OnceLock<Weak<Fork>>>,
    seen: Arc<Mutex<Vec<worldstate::Result<U256>>>>,
    sent: Arc<AtomicUsize>,
    batches: bool,
}

impl Transport for Inward {
    fn send(&self, body: &[u8], _: Instant) -> Result<Vec<u8>, TransportError> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        if let Some(fork) = self.fork.get().and_then(Weak::upgrade) {
            let mut seen = self.seen.lock().unwrap();
            seen.push(fork.storage(address(2), SLOT));
            seen.push(fork.storage(address(2), U256::from(99)));
        }
        let body: Value = serde_json::from_slice(body).unwrap();
        assert!(self.batches || body.is_object());
        assert!(!body.to_string().contains(&"fe".repeat(20)), "the host's own fault");
        Ok(Node::default().answer(&body).to_string().into_bytes())
    }

    fn takes_batches(&self) -> bool {
        self.batches
    }
}

#[test]
fn a_fork_asked_from_its_own_callback_answers_from_the_cache() {
    let (this, seen, sent) = (Arc::new(OnceLock::new()), Arc::default(), Arc::default());
    let transport =
        Inward { fork: Arc::clone(&this), seen: Arc::clone(&seen), sent: Arc::clone(&sent), batches: false };
    let mut options = options(&[]);
    options.transport = TransportKind::Custom(Box::new(transport));
    let fork = Fork::open(options).unwrap();
    assert_eq!((sent.load(Ordering::SeqCst), slot_value(&fork)), (2, right()));
    this.set(Arc::downgrade(&fork)).unwrap();
    fork.account(address(4)).unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen[0], right());
    let Err(Error::InvalidState(text)) = &seen[1] else { panic!("{seen:?}") };
    assert!(text.contains("slot 0x63"), "{text}");
    assert_eq!(fork.storage(address(2), U256::from(99)), Ok(node::storage(address(2), U256::from(99))));
}

#[test]
fn a_callback_that_panics_leaves_no_question_open() {
    let transport = Inward { fork: Arc::default(), seen: Arc::default(), sent: Arc::default(), batches: true };
    let mut options = options(&[]);
    options.transport = TransportKind::Custom(Box::new(transport));
    let fork = Fork::open(options).unwrap();
    let panicking = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fork.account(address(0xfe))));
    assert!(panicking.is_err());
    assert_eq!(fork.stats().pending, 0);
    assert_eq!(slot_value(&fork), right());
    let limited = Fork::create(
        "latest",
        10,
        TransportKind::Custom(Box::new(Inward {
            fork: Arc::default(),
            seen: Arc::default(),
            sent: Arc::default(),
            batches: true,
        })),
    );
    assert_eq!(slot_value(&limited.unwrap()), right());
}

#[test]
fn host_calls_are_refused_where_the_fork_carries_its_requests() {
    let server = faulty(0, |_| Reply::Close);
    let fork = open(&server);
    assert!(matches!(fork.next_request(None, |_| Ok(())), Err(Error::InvalidState(_))));
    assert!(matches!(fork.next_batch(1, |_| Ok(())), Err(Error::InvalidState(_))));
    assert!(matches!(fork.continue_request(1, b""), Err(Error::InvalidState(_))));
}

/// A certificate for 127.0.0.1 that nobody vouches for, and the server with it.
fn secure_server(dir: &Dir) -> FaultyServer {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let (key, certificate) = (dir.file("key.pem"), dir.file("cert.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout".as_ref(), key.as_os_str(), "-out".as_ref(), certificate.as_os_str()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&certificate).unwrap()],
            PrivateKeyDer::from_pem_file(&key).unwrap(),
        )
        .unwrap();
    FaultyServer::start_with(Some(Arc::new(config)), 0, |_, body| Reply::Json(Node::default().answer(body)))
}

#[test]
fn certificates_are_checked() {
    let dir = Dir::new("tls");
    let server = secure_server(&dir);
    let url = format!("https://127.0.0.1:{}", server.port());
    let Err(Error::RpcFailed(text)) = Fork::open(options(std::slice::from_ref(&url))) else { panic!() };
    assert!(text.contains("certificate") && text.contains("(1 attempt)"), "{text}");
    assert!(server.received().is_empty());
    let with = |file: &str| {
        let mut options = options(std::slice::from_ref(&url));
        let TransportKind::Http { ca_certificates, .. } = &mut options.transport else { panic!() };
        *ca_certificates = Some(dir.file(file));
        Fork::open(options)
    };
    let fork = with("cert.pem").unwrap();
    assert_eq!(slot_value(&fork), right());
    assert!(matches!(with("key.pem"), Err(Error::InvalidInput(_))));
    assert!(matches!(with("none.pem"), Err(Error::InvalidInput(_))));
}
