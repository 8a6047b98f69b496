//! A real node behind a proxy that goes wrong: every fault is survived or told, nothing wrong is kept, and the same read
//! is right afterwards.

#[path = "support/anvil.rs"]
mod anvil;
#[path = "support/dice.rs"]
mod dice;
#[path = "support/faulty_proxy.rs"]
mod faulty_proxy;

use alloy_primitives::{Address, B256, U256};
use anvil::Anvil;
use dice::Dice;
use faulty_proxy::{Fault, FaultyProxy};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use worldstate::fork::{AccountSource, Fork, ForkOptions, TransportKind};
use worldstate::state::{Request, Source, State};
use worldstate::{Error, Result};

const CONTRACT: Address = Address::repeat_byte(0xc0);
const SLOTS: u64 = 64;
const ACCOUNTS: u64 = 64;

fn value(slot: u64) -> U256 {
    U256::from(slot) * U256::from(slot) + U256::from(1_000_007)
}

fn account(number: u64) -> Address {
    Address::from_word(B256::from(U256::from(number + 0x00a0_0000)))
}

fn balance(number: u64) -> U256 {
    U256::from(number) * U256::from(1_000_003) + U256::ONE
}

struct Chain {
    _anvil: Anvil,
    proxy: FaultyProxy,
}

impl Chain {
    fn start() -> Option<Self> {
        let anvil = Anvil::start(["--chain-id", "4242"])?;
        let slot = |slot| {
            let (key, value) = (B256::from(U256::from(slot)), B256::from(value(slot)));
            ("anvil_setStorageAt", json!([CONTRACT.to_string(), key.to_string(), value.to_string()]))
        };
        let account =
            |number| ("anvil_setBalance", json!([account(number).to_string(), format!("{:#x}", balance(number))]));
        let mut calls: Vec<_> = (0..SLOTS).map(slot).chain((0..ACCOUNTS).map(account)).collect();
        calls.push(("anvil_setNonce", json!([CONTRACT.to_string(), "0x1"])));
        anvil.rpc_all(&calls);
        anvil.rpc("anvil_mine", &json!(["0x2"]));
        let proxy = FaultyProxy::start(&anvil.address, |_| Fault::None);
        Some(Self { _anvil: anvil, proxy })
    }

    /// A fork that gives up after one attempt.
    fn open(&self, account_source: AccountSource) -> Arc<Fork> {
        self.open_with(account_source, |_| {})
    }

    fn open_with(&self, account_source: AccountSource, change: impl FnOnce(&mut ForkOptions)) -> Arc<Fork> {
        let mut options = ForkOptions {
            transport: TransportKind::Http { urls: vec![self.proxy.url()], headers: Vec::new(), ca_certificates: None },
            account_source,
            max_attempts: 1,
            request_timeout: Duration::from_secs(10),
            backoff_initial: Duration::from_millis(1),
            backoff_max: Duration::from_millis(4),
            ..ForkOptions::default()
        };
        change(&mut options);
        Fork::open(options).unwrap()
    }
}

fn slot(fork: &Fork) -> Result<U256> {
    fork.storage(CONTRACT, U256::from(7))
}

fn whole_account(fork: &Fork) -> Result<U256> {
    fork.account(account(7)).map(|account| account.map_or(U256::ZERO, |account| account.balance))
}

/// The text of the failure; whatever was said, nothing of it is kept.
fn failure(fork: &Fork, read: fn(&Fork) -> Result<U256>) -> String {
    let text = match read(fork) {
        Err(Error::RpcFailed(text)) => text,
        other => panic!("{other:?}"),
    };
    let stats = fork.stats();
    assert_eq!((stats.accounts, stats.slots, stats.codes, stats.pending), (0, 0, 0, 0), "{text}");
    text
}

#[test]
fn an_answer_cut_at_any_byte_is_never_believed() {
    let Some(chain) = Chain::start() else { return };
    let reads: [(AccountSource, Read, U256); 3] = [
        (AccountSource::Fields, slot, value(7)),
        (AccountSource::Fields, whole_account, balance(7)),
        (AccountSource::Proof, slot, value(7)),
    ];
    for (source, read, right) in reads {
        let once = chain.open(source);
        assert_eq!(read(&once), Ok(right));
        let length = chain.proxy.passed().last_answer;
        assert!(length > 100, "{length}");
        for end in 0..length {
            once.clear_cache();
            chain.proxy.once(Fault::CutAt(end));
            let text = failure(&once, read);
            assert!(text.contains("from http://127.0.0.1:"), "{text}");
            assert_eq!(read(&once), Ok(right), "cut at byte {end} of {length}");
        }
        let twice = chain.open_with(source, |options| options.max_attempts = 2);
        for end in (0..length).step_by(9) {
            twice.clear_cache();
            chain.proxy.once(Fault::CutAt(end));
            assert_eq!(read(&twice), Ok(right), "cut at byte {end} of {length}");
        }
        assert!(twice.stats().retries >= length as u64 / 9 && twice.stats().failures == 0);
        println!("{source:?}: cut at each of {length} bytes");
        // All bytes, and then the end of the connection: a whole answer. A connection that the last fault has ended may
        // take one attempt.
        twice.clear_cache();
        chain.proxy.once(Fault::CutAt(length));
        assert_eq!(read(&twice), Ok(right));
    }
}

#[test]
fn a_slow_body_is_waited_for_until_the_timeout_and_no_longer() {
    let Some(chain) = Chain::start() else { return };
    let fork = chain.open_with(AccountSource::Fields, |options| options.request_timeout = Duration::from_millis(700));
    // 76 bytes or so, with the pauses in between well below the timeout.
    chain.proxy.once(Fault::Drip(8, Duration::from_millis(20)));
    let start = Instant::now();
    assert_eq!(slot(&fork), Ok(value(7)));
    assert!(start.elapsed() > Duration::from_millis(100), "{:?}", start.elapsed());
    fork.clear_cache();
    // Each byte comes in time, the whole does not.
    chain.proxy.once(Fault::Drip(1, Duration::from_millis(50)));
    let start = Instant::now();
    assert!(failure(&fork, slot).contains("timed out"));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(650) && took < Duration::from_millis(1500), "{took:?}");
    assert_eq!(slot(&fork), Ok(value(7)));
    assert_eq!((fork.stats().retries, fork.stats().failures), (0, 1));
}

type Make = fn() -> Fault;
type Read = fn(&Fork) -> Result<U256>;

fn wrong_ids(_: &Value, answer: &mut Value) {
    let add = |answer: &mut Value| answer["id"] = json!(answer["id"].as_u64().unwrap() + 1_000_000);
    match answer {
        Value::Array(items) => items.iter_mut().for_each(add),
        one => add(one),
    }
}

/// Each of these is told by a fork that tries once and survived by one that tries twice.
#[test]
fn faults_of_a_whole_body() {
    let Some(chain) = Chain::start() else { return };
    let faults: [(&str, Make, &str); 9] = [
        ("closed before", || Fault::CloseBefore, ""),
        ("closed after", || Fault::CloseAfter, ""),
        ("503", || Fault::Status(503, None), "503"),
        ("429", || Fault::Status(429, Some(0)), "429"),
        ("wrong ids", || Fault::Rewrite(Box::new(wrong_ids)), "holds none to this request"),
        ("truncated JSON", || Fault::Garble(Box::new(|body| body.truncate(body.len() / 2))), ""),
        ("mangled JSON", || Fault::Garble(Box::new(|body| body[0] = b'~')), ""),
        ("nothing", || Fault::Garble(Box::new(Vec::clear)), ""),
        ("a page", || Fault::Garble(Box::new(|body| *body = b"<html>busy</html>".to_vec())), ""),
    ];
    for source in [AccountSource::Fields, AccountSource::Proof] {
        for read in [slot as Read, whole_account] {
            let right = if read as usize == slot as *const () as usize { value(7) } else { balance(7) };
            for (name, fault, says) in &faults {
                let once = chain.open(source);
                chain.proxy.once(fault());
                let text = failure(&once, read);
                assert!(text.contains(says), "{name}: {text}");
                assert_eq!(read(&once), Ok(right), "{name}");
                let twice = chain.open_with(source, |options| options.max_attempts = 2);
                chain.proxy.once(fault());
                assert_eq!(read(&twice), Ok(right), "{name}");
                assert!(twice.stats().retries > 0 && twice.stats().failures == 0, "{name}: {:?}", twice.stats());
            }
        }
    }
}

#[test]
fn retry_after_is_waited_for() {
    let Some(chain) = Chain::start() else { return };
    for code in [429, 503] {
        let fork = chain.open_with(AccountSource::Fields, |options| options.max_attempts = 2);
        chain.proxy.once(Fault::Status(code, Some(1)));
        let start = Instant::now();
        assert_eq!(slot(&fork), Ok(value(7)));
        assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

fn balances() -> Vec<Request> {
    (0..ACCOUNTS).map(|number| Request::Account(account(number))).collect()
}

fn all_right(fork: &Arc<Fork>) {
    let state = State::with_source(fork.clone());
    for number in 0..ACCOUNTS {
        assert_eq!(state.balance(account(number)), Ok(balance(number)), "account {number}");
    }
}

/// Errors in the middle of a batch cost what they stand for, and no more.
#[test]
fn errors_in_the_middle_of_a_batch() {
    let Some(chain) = Chain::start() else { return };
    for source in [AccountSource::Fields, AccountSource::Proof] {
        for (code, passes) in [(-32005, true), (-32000, false)] {
            let fork = chain.open_with(source, |options| options.max_attempts = 3);
            let broken = move |_: &Value, answer: &mut Value| {
                for item in answer.as_array_mut().unwrap().iter_mut().skip(5).step_by(7) {
                    *item = json!({"jsonrpc": "2.0", "id": item["id"], "error": {"code": code, "message": "not now"}});
                }
            };
            chain.proxy.once(Fault::Rewrite(Box::new(broken)));
            let fetched = fork.prefetch(&balances());
            assert_eq!(fetched.is_ok(), passes, "{source:?} {code}: {fetched:?}");
            let stats = fork.stats();
            if passes {
                assert!(stats.retries > 0 && stats.failures == 0, "{stats:?}");
            } else {
                let Err(Error::RpcFailed(text)) = fetched else { panic!("{fetched:?}") };
                assert!(text.contains("not now"), "{text}");
                assert!(stats.failures > 0 && stats.retries == 0, "{stats:?}");
            }
            let asked = fork.stats().requests;
            all_right(&fork);
            // What was answered beside the errors was kept.
            let again = fork.stats().requests - asked;
            let each = if source == AccountSource::Fields { 3 } else { 1 };
            assert!(again < ACCOUNTS * each / 2, "{again} requests again");
            assert_eq!(again == 0, passes);
        }
    }
}

#[test]
fn answers_may_come_in_any_order_and_not_for_another_account() {
    let Some(chain) = Chain::start() else { return };
    for source in [AccountSource::Fields, AccountSource::Proof] {
        let fork = chain.open(source);
        chain.proxy.behave(|_| Fault::Rewrite(Box::new(|_, answer| answer.as_array_mut().unwrap().reverse())));
        fork.prefetch(&balances()).unwrap();
        assert_eq!(fork.stats().retries, 0);
        all_right(&fork);
    }
    // A proof says whose it is.
    let fork = chain.open(AccountSource::Proof);
    chain.proxy.once(Fault::Rewrite(Box::new(|_, answer| {
        let (first, last) = (answer[0]["id"].take(), answer[9]["id"].take());
        (answer[0]["id"], answer[9]["id"]) = (last, first);
    })));
    let Err(Error::RpcFailed(text)) = fork.prefetch(&balances()) else { panic!("another's proof was taken") };
    assert!(text.contains("proof is for 0x"), "{text}");
    // All but these two were right.
    assert_eq!(fork.stats().accounts, ACCOUNTS - 2);
    all_right(&fork);
}

/// One fault in three, of all kinds, before what eight threads read at the same time.
fn any_fault(dice: &mut Dice) -> Fault {
    match dice.below(30) {
        0 => Fault::Delay(Duration::from_millis(dice.below(20))),
        1 => Fault::CloseBefore,
        2 => Fault::CloseAfter,
        3 => Fault::CutAt(usize::try_from(dice.below(400)).unwrap()),
        4 => Fault::Drip(64, Duration::from_micros(dice.below(2000))),
        5 => Fault::Status(503, None),
        6 => Fault::Status(429, Some(0)),
        7 => Fault::Garble(Box::new(|body| body.truncate(body.len() * 2 / 3))),
        8 => Fault::Rewrite(Box::new(|_, answer| {
            if let Some(items) = answer.as_array_mut() {
                items.reverse();
                items.truncate(items.len().div_ceil(2));
            }
        })),
        9 => Fault::Rewrite(Box::new(|_, answer| {
            let failed = |item: &mut Value| {
                *item = json!({"jsonrpc": "2.0", "id": item["id"], "error": {"code": -32005, "message": "limit"}});
            };
            match answer {
                Value::Array(items) => items.iter_mut().step_by(3).for_each(failed),
                one => failed(one),
            }
        })),
        _ => Fault::None,
    }
}

#[test]
fn many_threads_under_random_faults_read_what_is_right() {
    const THREADS: u64 = 8;
    let Some(chain) = Chain::start() else { return };
    for source in [AccountSource::Auto, AccountSource::Fields] {
        let fork = chain.open_with(source, |options| {
            options.max_attempts = 3;
            options.max_batch = 10;
            options.max_slots_per_request = 5;
            options.max_cache_size = 40;
        });
        let seed = AtomicU64::new(1);
        chain.proxy.behave(move |_| any_fault(&mut Dice(seed.fetch_add(1, Ordering::Relaxed))));
        let before = chain.proxy.passed().faults;
        let failures: u64 = std::thread::scope(|scope| {
            let reader = |thread: u64| {
                let (fork, state) = (fork.clone(), State::with_source(fork.clone()));
                move || {
                    let mut dice = Dice(thread);
                    let mut failures = 0;
                    for _ in 0..150 {
                        let number = dice.below(ACCOUNTS);
                        if dice.below(4) == 0 {
                            let some = (number..ACCOUNTS).take(12);
                            let some: Vec<_> = some.map(|slot| Request::Storage(CONTRACT, U256::from(slot))).collect();
                            failures += u64::from(fork.prefetch(&some).is_err());
                        }
                        // A read may fail, which is told; what it returns is right.
                        match state.balance(account(number)) {
                            Ok(read) => assert_eq!(read, balance(number)),
                            Err(Error::RpcFailed(_)) => failures += 1,
                            Err(other) => panic!("{other}"),
                        }
                        match state.storage(CONTRACT, U256::from(number)) {
                            Ok(read) => assert_eq!(read, value(number)),
                            Err(Error::RpcFailed(_)) => failures += 1,
                            Err(other) => panic!("{other}"),
                        }
                    }
                    failures
                }
            };
            let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(reader(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let faults = chain.proxy.passed().faults - before;
        assert!(faults > 100, "{faults} faults");
        let stats = fork.stats();
        assert!(failures < THREADS * 150 / 4, "{failures} reads failed: {stats:?}");
        assert_eq!(stats.pending, 0);
        chain.proxy.behave(|_| Fault::None);
        all_right(&fork);
    }
}
