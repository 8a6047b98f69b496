//! How a fork keeps to limits over real sockets: bodies at once, connections, rates, sizes of batches, time.

mod support;

use alloy_primitives::U256;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, Instant};
use support::faulty_server::{FaultyServer, Reply, whole};
use support::node::{self, Node, address};
use worldstate::Error;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, Source};

fn options(server: &FaultyServer) -> ForkOptions {
    ForkOptions {
        transport: TransportKind::Http { urls: vec![server.url()], headers: vec![], ca_certificates: None },
        block: BlockTag::Number(node::HEAD),
        request_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(20),
        backoff_initial: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        ..ForkOptions::default()
    }
}

fn open(server: &FaultyServer, change: impl FnOnce(&mut ForkOptions)) -> Arc<Fork> {
    let mut options = options(server);
    change(&mut options);
    Fork::open(options).unwrap()
}

fn answer(body: &Value) -> Reply {
    Reply::Json(Node::default().answer(body))
}

/// Accounts that are all different.
fn accounts(count: u16) -> Vec<Request> {
    (0..count).map(|n| Request::Account(numbered(n))).collect()
}

fn numbered(n: u16) -> alloy_primitives::Address {
    let mut address = address(2);
    address.0[18..].copy_from_slice(&n.to_be_bytes());
    address
}

fn size(body: &Value) -> usize {
    body.as_array().map_or(1, Vec::len)
}

/// A server that takes 50 ms for each body, and the largest number of bodies that it had at once.
fn slow() -> (FaultyServer, Arc<AtomicUsize>) {
    let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let server = FaultyServer::start(move |_, body| {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let answer = Node::default().answer(body);
        std::thread::sleep(Duration::from_millis(50));
        now.fetch_sub(1, Ordering::SeqCst);
        Reply::Json(answer)
    });
    (server, most)
}

#[test]
fn several_bodies_go_out_at_once_over_connections_that_are_kept() {
    let (server, most) = slow();
    let fork = open(&server, |options| options.account_source = AccountSource::Proof);
    let before = server.received().len();
    let start = Instant::now();
    fork.prefetch(&accounts(1000)).unwrap();
    let took = start.elapsed();
    assert!(server.received()[before..].iter().all(|received| size(&received.body) <= 63));
    assert_eq!((server.received().len() - before, most.load(Ordering::SeqCst)), (16, 8));
    assert!(took < Duration::from_millis(700), "16 bodies one after another take 800 ms: {took:?}");
    assert!((0..1000).all(|n| fork.account(numbered(n)).unwrap().is_some()));
    fork.clear_cache();
    fork.prefetch(&accounts(1000)).unwrap();
    for slot in 0..20 {
        fork.storage(address(2), U256::from(slot)).unwrap();
    }
    assert_eq!(server.connections(), 8, "each thread's connection is used again");
}

#[test]
fn the_threads_that_read_share_the_limit() {
    let (server, most) = slow();
    let fork = open(&server, |options| options.max_concurrent = 2);
    std::thread::scope(|scope| {
        for tag in 0..8 {
            let fork = &fork;
            scope.spawn(move || fork.account(address(tag)).unwrap());
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), 2);
    let late = open(&server, |options| {
        options.max_concurrent = 1;
        options.request_timeout = Duration::from_millis(75);
    });
    let errors = std::thread::scope(|scope| {
        let reads: Vec<_> = (0..4)
            .map(|tag| {
                scope.spawn({
                    let late = &late;
                    move || late.account(address(tag))
                })
            })
            .collect();
        reads.into_iter().filter_map(|read| read.join().unwrap().err()).collect::<Vec<_>>()
    });
    assert!(!errors.is_empty() && errors.iter().all(|e| e.to_string().contains("max_concurrent")), "{errors:?}");
    assert!((0..4).all(|tag| late.account(address(tag)).is_ok()));
}

/// A callback that remembers on which threads it is called.
struct Remembering(Arc<Mutex<HashSet<ThreadId>>>);

impl Transport for Remembering {
    fn send(&self, body: &[u8], _: Instant) -> Result<Vec<u8>, TransportError> {
        self.0.lock().unwrap().insert(std::thread::current().id());
        // Time for another thread to come, if there were one.
        std::thread::sleep(Duration::from_millis(10));
        let body: Value = serde_json::from_slice(body).unwrap();
        Ok(Node::default().answer(&body).to_string().into_bytes())
    }
}

#[test]
fn a_callback_is_called_on_the_reading_thread_only() {
    let threads = Arc::default();
    let transport = TransportKind::Custom(Box::new(Remembering(Arc::clone(&threads))));
    let fork = Fork::open(ForkOptions { transport, max_batch: 10, ..ForkOptions::default() }).unwrap();
    fork.prefetch(&accounts(100)).unwrap();
    assert_eq!(fork.stats().bodies, 11);
    assert_eq!(*threads.lock().unwrap(), HashSet::from([std::thread::current().id()]));
}

#[test]
fn a_body_that_fails_spoils_no_other() {
    let bad = format!("{:#x}", numbered(77));
    let server = FaultyServer::start(move |_, body| {
        if body.to_string().contains(&bad) {
            Reply::Raw { status: 403, headers: "", body: vec![] }
        } else {
            answer(body)
        }
    });
    let fork = open(&server, |options| options.account_source = AccountSource::Proof);
    let Err(Error::RpcFailed(text)) = fork.prefetch(&accounts(160)) else { panic!() };
    assert!(text.contains("HTTP status 403 (1 attempt)"), "{text}");
    assert_eq!((fork.stats().accounts, fork.stats().failures, fork.stats().pending), (140, 20, 0));
}

/// How often a body asks for `method`.
fn asks(body: &Value, method: &str) -> u32 {
    let asked = |request: &Value| u32::from(request["method"] == method);
    body.as_array().map_or_else(|| asked(body), |requests| requests.iter().map(asked).sum())
}

/// Whether accounts and slots, a hundred of each from `first` on, are read as the node has them.
fn read_right(fork: &Fork, first: u16) -> bool {
    let slot = |n| (numbered(n), U256::from(n));
    let slots = (first..first + 100).map(|n| Request::Storage(slot(n).0, slot(n).1));
    let accounts = (first..first + 100).map(|n| Request::Account(numbered(n)));
    fork.prefetch(&accounts.chain(slots).collect::<Vec<_>>()).unwrap();
    (first..first + 100).all(|n| {
        let (address, slot) = slot(n);
        let account = fork.account(address).unwrap().unwrap();
        let found = (account.balance, account.nonce, fork.storage(address, slot).unwrap());
        found == (node::balance(address), node::nonce(address), node::storage(address, slot))
    })
}

/// How many proofs and balances were asked for.
fn asked(fork: &Fork) -> (u64, u64) {
    let requests = |method| fork.method_stats(method).requests;
    (requests("eth_getProof"), requests("eth_getBalance"))
}

#[test]
fn slow_proofs_are_left() {
    let server = FaultyServer::start(|_, body| {
        std::thread::sleep(Duration::from_millis(30) * asks(body, "eth_getProof"));
        answer(body)
    });
    let fork = open(&server, |_| {});
    assert!(read_right(&fork, 0));
    assert_eq!(asked(&fork), (16, 84));
    assert!(read_right(&fork, 100));
    assert_eq!((asked(&fork), fork.stats().failures), ((16, 184), 0));
    let told = open(&server, |options| options.account_source = AccountSource::Proof);
    told.prefetch(&accounts(70)).unwrap();
    assert_eq!(asked(&told), (70, 0));
}

#[test]
fn quick_proofs_are_kept_and_a_trial_that_fails_shows_nothing() {
    let refusals = AtomicUsize::new(1);
    let server = FaultyServer::start(move |_, body| {
        // What is as quick as this is quick.
        std::thread::sleep(Duration::from_millis(500) * asks(body, "eth_chainId"));
        let refuses = |left: usize| left.checked_sub(1);
        if asks(body, "eth_getProof") > 0 && refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuses).is_ok()
        {
            return Reply::Raw { status: 500, headers: "", body: vec![] };
        }
        answer(body)
    });
    let fork = open(&server, |_| {});
    assert!(read_right(&fork, 0));
    let (proofs, balances) = asked(&fork);
    fork.prefetch(&accounts(163)[100..]).unwrap();
    assert_eq!(asked(&fork), (proofs + 63, balances), "too few for a trial");
    assert!(read_right(&fork, 200));
    let (more, others) = asked(&fork);
    assert!(more >= proofs + 63 + 16 && others > balances, "a trial: {more} proofs, {others} balances");
    assert!(read_right(&fork, 300));
    assert_eq!(asked(&fork), (more + 100, others));
}

#[test]
fn rates_are_kept() {
    let server = FaultyServer::start(|_, body| answer(body));
    let fork = open(&server, |options| options.requests_per_second = 40);
    fork.prefetch(&accounts(100)).unwrap();
    assert_eq!(asked(&fork), (100, 0), "no calls beyond what is needed");
    let log = server.received();
    let (first, mut requests) = (log[0].at, 0.0);
    for received in &log {
        assert!(size(&received.body) <= 40);
        requests += f64::from(u32::try_from(size(&received.body)).unwrap());
        let allowed = 40.0 + 40.0 * (received.at - first).as_secs_f64();
        assert!(requests <= allowed + 1.0, "{requests} requests where {allowed} are allowed");
    }
    assert!((requests - 102.0).abs() < 0.5 && fork.stats().throttled > 0, "{requests}");

    let fork = open(&server, |options| {
        options.compute_units_per_second = 200;
        options.total_timeout = Duration::from_millis(500);
    });
    let start = Instant::now();
    let Err(Error::RpcFailed(text)) = fork.prefetch(&accounts(100)) else { panic!() };
    assert!(text.contains("the rate limit asks for") && text.contains("total_timeout"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(3));
    std::thread::sleep(Duration::from_millis(100));
    assert!(fork.account(address(4)).is_ok(), "the fork goes on within the limit");
}

#[test]
fn a_pause_that_the_node_asks_for_holds_for_all_threads() {
    let server = FaultyServer::start(|index, body| match index {
        1 => Reply::Raw { status: 429, headers: "retry-after: 1\r\n", body: vec![] },
        _ => answer(body),
    });
    let fork = open(&server, |_| {});
    std::thread::scope(|scope| {
        let first = scope.spawn(|| fork.account(address(2)));
        std::thread::sleep(Duration::from_millis(200));
        assert!(fork.account(address(4)).is_ok());
        assert!(first.join().unwrap().is_ok());
    });
    let log = server.received();
    assert!(log.len() == 4 && log[2].at - log[1].at >= Duration::from_secs(1), "{:?}", log[2].at - log[1].at);
}

#[test]
fn the_size_that_a_node_takes_is_found() {
    let server = FaultyServer::start(|_, body| {
        if size(body) > 10 { Reply::Raw { status: 413, headers: "", body: vec![] } } else { answer(body) }
    });
    let fork = open(&server, |options| options.max_concurrent = 1);
    fork.prefetch(&accounts(300)).unwrap();
    fork.clear_cache();
    let before = server.received().len();
    fork.prefetch(&accounts(300)).unwrap();
    let sizes: Vec<_> = server.received()[before..].iter().map(|received| size(&received.body)).collect();
    assert_eq!(sizes, vec![10; 30]);
}

#[test]
fn bodies_that_take_too_long_get_smaller_and_grow_again() {
    let busy = Arc::new(AtomicUsize::new(1));
    let state = Arc::clone(&busy);
    let server = FaultyServer::start(move |_, body| {
        let slow = state.load(Ordering::SeqCst) == 1 && size(body) > 30;
        if slow { Reply::Hang(Duration::from_millis(400)) } else { answer(body) }
    });
    let fork = open(&server, |options| {
        options.max_concurrent = 1;
        options.request_timeout = Duration::from_millis(200);
    });
    fork.prefetch(&accounts(200)).unwrap();
    assert!(fork.stats().batch_splits >= 2);
    busy.store(0, Ordering::SeqCst);
    for _ in 0..15 {
        fork.clear_cache();
        fork.prefetch(&accounts(500)).unwrap();
    }
    let last: Vec<_> = server.received().iter().rev().take(5).map(|received| size(&received.body)).collect();
    assert_eq!(last, [100; 5]);
}

#[test]
fn an_answer_cut_at_any_byte_is_asked_for_again() {
    let server = FaultyServer::start(|index, body| {
        if index == 0 || index % 2 == 0 {
            return answer(body);
        }
        let mut bytes = whole(Node::default().answer(body).to_string().as_bytes());
        bytes.truncate(index / 2);
        Reply::Bytes(bytes)
    });
    let fork = open(&server, |options| options.max_attempts = 2);
    let read = || fork.storage(address(2), U256::ONE);
    assert_eq!(read(), Ok(node::storage(address(2), U256::ONE)), "cut before the first byte");
    let length = whole(Node::default().answer(&server.received()[1].body).to_string().as_bytes()).len();
    assert!(length > 400);
    for cut in 1..length {
        fork.clear_cache();
        assert_eq!(read(), Ok(node::storage(address(2), U256::ONE)), "cut at {cut}");
    }
    assert_eq!((fork.stats().retries, fork.stats().failures), (length as u64, 0));
}

#[test]
fn drops_of_an_answer_do_not_stop_the_clock() {
    let server = FaultyServer::start(|index, body| match index {
        1 => Reply::Drip(Duration::from_micros(100), Node::default().answer(body)),
        2 => Reply::Drip(Duration::from_millis(20), Node::default().answer(body)),
        _ => answer(body),
    });
    let fork = open(&server, |options| {
        options.request_timeout = Duration::from_millis(700);
        options.max_attempts = 1;
    });
    assert!(fork.account(address(2)).is_ok());
    let start = Instant::now();
    let Err(Error::RpcFailed(text)) = fork.account(address(4)) else { panic!() };
    assert!(text.contains("timed out") && start.elapsed() < Duration::from_secs(2), "{text}");
    assert!(fork.account(address(4)).is_ok());
}

#[test]
fn slots_without_proofs_go_together_where_the_node_can() {
    for storage_values in [true, false] {
        let node = Node { proofs: false, storage_values, ..Node::default() };
        let server = FaultyServer::start(move |_, body| Reply::Json(node.answer(body)));
        for account_source in [AccountSource::Auto, AccountSource::Fields] {
            let fork = open(&server, |options| {
                options.account_source = account_source;
                options.max_slots_per_request = 50;
            });
            let wants: Vec<_> = (0..120).map(|n| Request::Storage(numbered(n % 3), U256::from(n))).collect();
            let before = server.count("eth_getStorageAt");
            fork.prefetch(&wants).unwrap();
            for n in 0..120 {
                let slot = U256::from(n);
                assert_eq!(fork.storage(numbered(n % 3), slot), Ok(node::storage(numbered(n % 3), slot)));
            }
            let asked = fork.method_stats("eth_getStorageValues").requests;
            let alone = fork.method_stats("eth_getStorageAt").requests;
            assert_eq!((asked, alone), if storage_values { (3, 0) } else { (3, 120) });
            assert_eq!(fork.stats().failures, 0);
            assert_eq!(server.count("eth_getStorageAt") > before, !storage_values);
            fork.clear_cache();
            fork.prefetch(&wants).unwrap();
            let again = fork.method_stats("eth_getStorageValues").requests;
            assert_eq!(again, if storage_values { 6 } else { 3 }, "found out once");
        }
    }
}
