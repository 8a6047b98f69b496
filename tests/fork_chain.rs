//! What a fork is told about blocks and chains over real sockets: state that is gone, wrong chains, blocks that leave
//! the chain. Each has an error of its own, and the fork goes on.

mod support;

use alloy_primitives::{B256, U256};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::dir::Dir;
use support::faulty_server::{FaultyServer, Reply};
use support::node::{self, Node, address};
use worldstate::Error;
use worldstate::fork::{
    AccountSource, BlockTag, Fork, ForkOptions, Log, LogLevel, OutgoingRequest, Transport, TransportError,
    TransportKind,
};
use worldstate::state::{Request, Source};

fn options(urls: &[String]) -> ForkOptions {
    ForkOptions {
        transport: TransportKind::Http { urls: urls.to_vec(), headers: vec![], ca_certificates: None },
        block: BlockTag::Number(node::HEAD),
        max_attempts: 2,
        backoff_initial: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        ..ForkOptions::default()
    }
}

fn open(server: &FaultyServer, change: impl FnOnce(&mut ForkOptions)) -> Arc<Fork> {
    let mut options = options(&[server.url()]);
    change(&mut options);
    Fork::open(options).unwrap()
}

fn slot(fork: &Fork) -> worldstate::Result<U256> {
    fork.storage(address(2), U256::ONE)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside what reads return")]
fn right() -> worldstate::Result<U256> {
    Ok(node::storage(address(2), U256::ONE))
}

/// A server whose node answers each request for state with an error while the flag is set.
fn failing(code: i64, message: &'static str, methods: &'static str) -> (FaultyServer, Arc<AtomicBool>) {
    let fails = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&fails);
    let server = FaultyServer::start(move |_, body| {
        let one = |request: &Value| {
            if flag.load(Ordering::SeqCst) && methods.contains(request["method"].as_str().unwrap()) {
                node::error(&request["id"], code, message)
            } else {
                Node::default().answer_one(request)
            }
        };
        Reply::Json(body.as_array().map_or_else(|| one(body), |items| items.iter().map(one).collect()))
    });
    (server, fails)
}

const STATE: &str = "eth_getProof eth_getStorageAt eth_getBalance eth_getTransactionCount eth_getCode";

#[test]
fn what_the_node_lacks_is_told_and_asked_for_again() {
    type IsRight = fn(&Error) -> bool;
    let pruned: IsRight = |error| matches!(error, Error::StatePruned(_));
    let no_block: IsRight = |error| matches!(error, Error::BlockNotFound(_));
    let no_method: IsRight = |error| matches!(error, Error::UnsupportedMethod(_));
    for (kind, code, message) in [
        (pruned, -32000, "missing trie node 0xab (path ) state 0x1 is not available, not found"),
        (pruned, -32002, "No state available for block 0x64"),
        (pruned, -32000, "World state unavailable"),
        (pruned, -32602, "BlockOutOfRangeError: block height is 94079 but requested was 100"),
        (no_block, -32602, "BlockOutOfRangeError: block height is 5 but requested was 100"),
        (no_block, -32000, "header not found"),
        (no_method, -32601, "the method does not exist/is not available"),
    ] {
        for source in [AccountSource::Auto, AccountSource::Proof, AccountSource::Fields] {
            let (server, fails) = failing(code, message, STATE);
            let fork = open(&server, |options| options.account_source = source);
            for _ in 0..2 {
                let error = slot(&fork).unwrap_err();
                let text = error.to_string();
                assert!(
                    kind(&error) && text.contains(message) && text.contains("at block 100 from http://127"),
                    "{error:?}"
                );
                assert!(!text.contains("secret-key") && fork.stats().slots == 0, "{text}");
            }
            fails.store(false, Ordering::SeqCst);
            assert_eq!(slot(&fork), right(), "{message}");
        }
    }
}

#[test]
fn a_proof_window_hinders_only_proofs() {
    let message = "distance to target block exceeds maximum proof window";
    let (server, _) = failing(-32602, message, "eth_getProof");
    let strict = open(&server, |options| options.account_source = AccountSource::Proof);
    let Err(Error::ProofPruned(text)) = slot(&strict) else { panic!() };
    assert!(text.contains("eth_getProof of") && text.contains(message), "{text}");
    assert_eq!(slot(&open(&server, |_| {})), right());
}

#[test]
fn a_failure_of_values_together_is_asked_for_one_by_one() {
    for (code, message) in [(-32601, "no such method"), (-32000, "header for hash not found")] {
        let (server, _) = failing(code, message, "eth_getStorageValues");
        let fork = open(&server, |options| options.account_source = AccountSource::Fields);
        for first in [0, 10] {
            let wants: Vec<_> = (first..first + 3).map(|n| Request::Storage(address(2), U256::from(n))).collect();
            fork.prefetch(&wants).unwrap();
        }
        assert_eq!(fork.method_stats("eth_getStorageValues").requests, 1, "{message}");
    }
}

fn on_chain(id: u64) -> FaultyServer {
    FaultyServer::start(move |_, body| {
        let one = |request: &Value| match &request["method"] {
            method if method == "eth_chainId" => {
                json!({"jsonrpc": "2.0", "id": request["id"], "result": format!("{id:#x}")})
            }
            _ => Node::default().answer_one(request),
        };
        Reply::Json(body.as_array().map_or_else(|| one(body), |items| items.iter().map(one).collect()))
    })
}

#[test]
fn a_node_on_another_chain_is_told() {
    let other = on_chain(10);
    let mut options = options(&[other.url()]);
    options.chain_id = Some(node::CHAIN_ID);
    let Err(Error::WrongChain(text)) = Fork::open(options) else { panic!() };
    assert!(text.contains("chain 10,") && text.contains("chain 1337") && !text.contains("secret-key"), "{text}");
    let fork = open(&other, |options| options.chain_id = Some(10));
    assert_eq!((fork.block().unwrap().chain_id, slot(&fork)), (10, right()));
    assert_eq!(other.count("eth_chainId"), 2, "a node is asked once by each fork");
}

#[test]
fn of_several_nodes_those_on_another_chain_are_not_used() {
    let (other, good) = (on_chain(10), on_chain(node::CHAIN_ID));
    let mut first = options(&[other.url(), good.url()]);
    first.chain_id = Some(node::CHAIN_ID);
    let fork = Fork::open(first).unwrap();
    assert_eq!(slot(&fork), right());
    assert_eq!(other.received().len(), 1);

    // The second node comes in when the first fails, and is asked for its chain with the first body.
    let fails = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&fails);
    let weak = FaultyServer::start(move |_, body| {
        let fails = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if fails {
            Reply::Raw { status: 503, headers: "", body: vec![] }
        } else {
            Reply::Json(Node::default().answer(body))
        }
    });
    let other = on_chain(10);
    let fork = Fork::open(options(&[weak.url(), other.url()])).unwrap();
    fails.store(1, Ordering::SeqCst);
    assert_eq!(slot(&fork), right());
    assert_eq!((other.received().len(), other.count("eth_chainId")), (1, 1));
    fork.account(address(4)).unwrap();
    fails.store(2, Ordering::SeqCst);
    let Err(Error::RpcFailed(text)) = fork.account(address(6)) else { panic!() };
    assert!(text.contains("503"), "{text}");
    assert_eq!(other.received().len(), 1, "it is not asked a second time");
    assert!(fork.account(address(6)).is_ok());
}

/// A node whose block at the head is another one while the flag is set.
fn forking() -> (FaultyServer, Arc<AtomicBool>) {
    let forked = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&forked);
    let server = FaultyServer::start(move |_, body| Reply::Json(fork_answer(body, flag.load(Ordering::SeqCst))));
    (server, forked)
}

fn fork_answer(body: &Value, forked: bool) -> Value {
    let mut answer = Node { storage_values: true, ..Node::default() }.answer(body);
    let items = if answer.is_array() { answer.as_array_mut().unwrap().iter_mut().collect() } else { vec![&mut answer] };
    for item in items {
        if forked && item["result"]["number"] == "0x64" {
            item["result"]["hash"] = json!(B256::repeat_byte(0xee).to_string());
        }
    }
    answer
}

#[test]
fn a_block_that_leaves_the_chain_is_noticed() {
    let (server, forked) = forking();
    let fork = open(&server, |options| options.reorg_check = Duration::from_millis(100));
    fork.account(address(8)).unwrap();
    std::thread::sleep(Duration::from_millis(120));
    fork.account(address(2)).unwrap();
    assert_eq!(
        server.received().last().unwrap().body[1]["params"],
        json!(["0x64", false]),
        "the look is the last item"
    );
    forked.store(true, Ordering::SeqCst);
    fork.account(address(4)).unwrap();
    assert_eq!(fork.stats().reorgs, 0, "not yet time");
    std::thread::sleep(Duration::from_millis(120));
    for _ in 0..2 {
        let Err(Error::Reorg(text)) = fork.account(address(6)) else { panic!() };
        let (was, now) = (node::block_hash(node::HEAD), B256::repeat_byte(0xee));
        assert!(
            text.contains("block 100 was") && text.contains(&was.to_string()) && text.contains(&now.to_string()),
            "{text}"
        );
    }
    // What the look before has confirmed stays, what came after it is gone.
    let before = server.received().len();
    assert!(fork.account(address(8)).is_ok() && server.received().len() == before);
    assert!(matches!(fork.account(address(4)), Err(Error::Reorg(_))));
    assert_eq!((fork.stats().reorgs, fork.stats().pending), (1, 0));
    forked.store(false, Ordering::SeqCst);
    for tag in [2, 4, 6] {
        assert_eq!(fork.account(address(tag)).unwrap().unwrap().nonce, u64::from(tag));
    }
    forked.store(true, Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(120));
    assert!(matches!(fork.storage(address(2), U256::ONE), Err(Error::Reorg(_))));
    assert_eq!(fork.stats().reorgs, 2);
}

#[test]
fn a_block_that_is_not_there_any_more_has_left_the_chain() {
    let head = Arc::new(AtomicUsize::new(100));
    let now = Arc::clone(&head);
    let server = FaultyServer::start(move |_, body| {
        Reply::Json(Node { head: now.load(Ordering::SeqCst) as u64, ..Node::default() }.answer(body))
    });
    let fork = open(&server, |options| options.reorg_check = Duration::ZERO);
    fork.account(address(2)).unwrap();
    head.store(99, Ordering::SeqCst);
    let before = server.received().len();
    let Err(Error::Reorg(text)) = fork.account(address(4)) else { panic!() };
    assert!(text.contains("no longer there (2 attempts)") && server.received().len() == before + 2, "{text}");
    assert_eq!(fork.stats().reorgs, 1);
    head.store(100, Ordering::SeqCst);
    assert!(fork.account(address(4)).is_ok());
}

#[test]
fn what_was_on_its_way_when_the_block_left_is_not_believed() {
    let (forked, slow) = (Arc::new(AtomicBool::new(false)), address(8));
    let flag = Arc::clone(&forked);
    let server = FaultyServer::start(move |_, body| {
        let answer = fork_answer(body, flag.load(Ordering::SeqCst));
        let is_slow = body.to_string().contains(&format!("{slow:#x}"));
        Reply::Late(Duration::from_millis(if is_slow { 400 } else { 0 }), answer)
    });
    let fork = open(&server, |options| options.reorg_check = Duration::from_millis(100));
    std::thread::scope(|scope| {
        let late = scope.spawn(|| fork.account(slow));
        std::thread::sleep(Duration::from_millis(150));
        forked.store(true, Ordering::SeqCst);
        assert!(matches!(fork.account(address(2)), Err(Error::Reorg(_))));
        assert!(matches!(late.join().unwrap(), Err(Error::Reorg(_))), "asked again with a look, which fails");
    });
    assert_eq!(fork.stats().accounts, 0);
    forked.store(false, Ordering::SeqCst);
    assert!(fork.account(slow).is_ok());
}

#[test]
fn blocks_that_stay_are_not_looked_for() {
    let hash = BlockTag::Hash(node::block_hash(node::HEAD));
    for tag in [BlockTag::Finalized, hash, BlockTag::Earliest, BlockTag::Number(50), BlockTag::Latest] {
        let stays = !matches!(tag, BlockTag::Latest | BlockTag::Number(_));
        let (server, _) = forking();
        let fork = open(&server, |options| {
            options.reorg_check = Duration::ZERO;
            options.block = tag.clone();
        });
        let looks = fork.method_stats("eth_getBlockByNumber").requests;
        fork.account(address(2)).unwrap();
        fork.account(address(4)).unwrap();
        let more = fork.method_stats("eth_getBlockByNumber").requests - looks;
        assert_eq!(more, if stays { 0 } else { 2 }, "{tag:?}");
    }
}

#[test]
fn a_deep_block_is_final_where_values_are_stored() {
    for (depth, looks) in [(50, 0), (51, 1)] {
        let dir = Dir::new(&format!("deep-{depth}"));
        let (server, _) = forking();
        let fork = open(&server, |options| {
            options.reorg_check = Duration::ZERO;
            options.block = BlockTag::Number(50);
            options.cache_dir = Some(dir.0.clone());
            options.safe_depth = depth;
        });
        assert_eq!(fork.method_stats("eth_blockNumber").requests, 1);
        let before = fork.method_stats("eth_getBlockByNumber").requests;
        fork.account(address(2)).unwrap();
        assert_eq!(fork.method_stats("eth_getBlockByNumber").requests - before, looks, "depth {depth}");
    }
}

#[test]
fn more_values_than_are_known_one_by_one_go_with_their_block() {
    let dir = Dir::new("many");
    let (server, forked) = forking();
    let fork = open(&server, |options| {
        options.reorg_check = Duration::from_secs(86_400);
        options.cache_dir = Some(dir.0.clone());
        options.max_cache_size = 100_000;
    });
    fork.prefetch_range(address(2), U256::ZERO, 70_000).unwrap();
    assert_eq!(fork.stats().slots, 70_000);
    forked.store(true, Ordering::SeqCst);
    assert!(matches!(fork.flush(), Err(Error::Reorg(_))));
    assert_eq!(fork.stats().slots, 0);
    forked.store(false, Ordering::SeqCst);
    assert_eq!(slot(&fork), right());
}

/// A callback that takes single requests.
struct Single(Arc<AtomicBool>, Arc<Mutex<Vec<String>>>);

impl Transport for Single {
    fn send(&self, body: &[u8], _: Instant) -> Result<Vec<u8>, TransportError> {
        let body: Value = serde_json::from_slice(body).unwrap();
        self.1.lock().unwrap().push(body["method"].as_str().unwrap().to_owned());
        Ok(fork_answer(&body, self.0.load(Ordering::SeqCst)).to_string().into_bytes())
    }

    fn takes_batches(&self) -> bool {
        false
    }
}

#[test]
fn a_callback_without_batches_looks_in_a_request_of_its_own() {
    let (forked, asked) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let transport = TransportKind::Custom(Box::new(Single(Arc::clone(&forked), Arc::clone(&asked))));
    let fork = Fork::open(ForkOptions { transport, reorg_check: Duration::ZERO, ..options(&[]) }).unwrap();
    asked.lock().unwrap().clear();
    fork.account(address(2)).unwrap();
    assert_eq!(*asked.lock().unwrap(), ["eth_getBlockByNumber", "eth_getProof"]);
    forked.store(true, Ordering::SeqCst);
    assert!(matches!(fork.account(address(4)), Err(Error::Reorg(_))));
    assert_eq!(asked.lock().unwrap().len(), 3, "nothing is asked of a chain without the block");
    forked.store(false, Ordering::SeqCst);
    assert!(fork.account(address(4)).is_ok());
}

fn next(fork: &Fork) -> worldstate::Result<OutgoingRequest> {
    let mut taken = None;
    fork.next_request(None, |request| {
        taken = Some(request.clone());
        Ok(())
    })?;
    Ok(taken.unwrap())
}

/// Answers all requests that wait, and names their methods.
fn pump(fork: &Fork, forked: bool) -> Vec<&'static str> {
    let mut methods = Vec::new();
    while let Ok(request) = next(fork) {
        let params: Value = serde_json::from_str(&request.params).unwrap();
        let body = json!({"id": 1, "method": request.method, "params": params});
        fork.continue_request(request.id, fork_answer(&body, forked).to_string().as_bytes()).unwrap();
        methods.push(request.method);
    }
    methods
}

#[test]
fn a_host_is_given_the_look_as_a_request() {
    let fork = Fork::open(ForkOptions {
        transport: TransportKind::Host,
        reorg_check: Duration::from_millis(50),
        ..options(&[])
    })
    .unwrap();
    pump(&fork, false);
    assert!(fork.account(address(2)).is_err());
    assert_eq!(pump(&fork, false), ["eth_getProof"]);
    assert!(fork.account(address(2)).is_ok());
    std::thread::sleep(Duration::from_millis(60));
    assert!(matches!(next(&fork), Err(Error::NoPendingRequest)), "no look without a request");
    assert!(fork.account(address(4)).is_err());
    let (look, proof) = (next(&fork).unwrap(), next(&fork).unwrap());
    assert_eq!((look.method, proof.method), ("eth_getBlockByNumber", "eth_getProof"));
    assert!(fork.account(address(6)).is_err());
    let other = json!({"number": "0x64", "hash": B256::repeat_byte(0xee).to_string()}).to_string();
    fork.continue_request(look.id, other.as_bytes()).unwrap();
    let answer = Node::default().result("eth_getProof", &serde_json::from_str::<Vec<Value>>(&proof.params).unwrap());
    fork.continue_request(proof.id, answer.unwrap().to_string().as_bytes()).unwrap();
    assert_eq!((fork.stats().accounts, fork.stats().reorgs), (0, 1), "what came late is not kept");
    let Err(Error::Reorg(text)) = fork.account(address(4)) else { panic!() };
    assert!(text.contains("block 100 was"), "{text}");
    assert!(matches!(fork.account(address(4)), Err(Error::Missing(_))), "told once");
    let look = next(&fork).unwrap();
    assert_eq!(look.method, "eth_getBlockByNumber");
    assert!(matches!(next(&fork), Err(Error::NoPendingRequest)), "nothing else before the block is back");
    fork.fail_request(look.id, 503, "busy").unwrap();
    assert!(matches!(fork.account(address(4)), Err(Error::RpcFailed(_))));
    assert!(matches!(fork.account(address(4)), Err(Error::Missing(_))));
    assert_eq!(pump(&fork, false), ["eth_getBlockByNumber", "eth_getProof", "eth_getProof"]);
    assert!(fork.account(address(4)).is_ok() && fork.account(address(6)).is_ok());

    let wrong = Fork::open(ForkOptions { transport: TransportKind::Host, chain_id: Some(1), ..options(&[]) }).unwrap();
    pump(&wrong, false);
    let Err(Error::WrongChain(text)) = wrong.account(address(2)) else { panic!() };
    assert!(text.contains("chain 1337, not on chain 1"), "{text}");
    assert!(matches!(wrong.account(address(2)), Err(Error::Missing(_))));
}

#[test]
fn what_happens_is_told_and_counted() {
    let lines: Arc<Mutex<Vec<(LogLevel, String)>>> = Arc::default();
    let reader = std::thread::current().id();
    let to = Arc::clone(&lines);
    let write = Arc::new(move |level, line: &str| {
        assert_eq!(std::thread::current().id(), reader, "told on the threads of the host only");
        to.lock().unwrap().push((level, line.to_owned()));
    });
    let refused = AtomicBool::new(false);
    let server = FaultyServer::start(move |_, body| {
        // Of bodies that go out at once, any may come first.
        if body.to_string().contains("eth_getProof") && !refused.swap(true, Ordering::SeqCst) {
            return Reply::Raw { status: 503, headers: "", body: b"maintenance".to_vec() };
        }
        Reply::Json(Node { proofs: false, ..Node::default() }.answer(body))
    });
    let fork = open(&server, |options| options.log = Some(Log { level: LogLevel::Debug, write }));
    let wants: Vec<_> = (1..200).map(|tag| Request::Account(address(tag))).collect();
    fork.prefetch(&wants).unwrap();
    let told = std::mem::take(&mut *lines.lock().unwrap());
    for (level, text) in [
        (LogLevel::Info, "pinned to block 100"),
        (LogLevel::Warning, "503: maintenance"),
        (LogLevel::Info, "no proofs from here on: error -32601"),
        (LogLevel::Debug, "1 eth_chainId, 1 eth_getBlockByNumber to http://127.0.0.1:"),
        (LogLevel::Debug, "eth_getBalance"),
    ] {
        assert!(told.iter().any(|(of, line)| *of == level && line.contains(text)), "{text}: {told:#?}");
    }
    assert!(told.iter().all(|(_, line)| !line.contains("secret-key") && !line.contains('\n')));
    let (stats, methods) = (fork.stats(), fork.methods());
    assert_eq!(methods.iter().map(|(_, m)| m.requests).sum::<u64>(), stats.requests);
    assert_eq!(methods.iter().map(|(_, m)| m.bytes_received).sum::<u64>(), stats.bytes_received);
    assert!(methods.iter().map(|(_, m)| m.bytes_sent).sum::<u64>() < stats.bytes_sent);
    let balances = fork.method_stats("eth_getBalance");
    assert_eq!((balances.requests, balances.count, balances.failures), (199, 199, 0));
    assert!(balances.p50 > 0 && balances.p50 <= balances.p99 && balances.p99 <= balances.max);
    let quiet = open(&server, |options| {
        options.log = Some(Log { level: LogLevel::Error, write: Arc::new(|_, line| panic!("{line}")) });
    });
    quiet.account(address(2)).unwrap();
}
