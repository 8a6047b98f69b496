//! Processes that are killed.

use super::*;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

const STEP: u64 = 200;

/// Writes slots and says after each step how many are there for good.
pub(super) fn write(dir: &Path) {
    let store = Store::open(dir, &mainnet(), LARGE).unwrap();
    let scope = store.enter(&block(1), true);
    // Tasks are written in their order: when a step's last is there, all of it is.
    let is_missing = |n: &u64| store.code(&keccak256(code(n + STEP - 1))).is_none();
    let mut next = (0..).step_by(200).find(is_missing).unwrap();
    loop {
        for n in next..next + STEP {
            put_slot(&store, scope, 1, n);
            store.put(Record::Account(scope, address(n), account(1, n)));
            store.put(Record::Code(keccak256(code(n)), code(n)));
        }
        next += STEP;
        store.flush().unwrap();
        println!("flushed {next}");
        std::io::stdout().flush().unwrap();
    }
}

/// Reads and writes for a while, and fails at the first value that is wrong.
pub(super) fn mix(dir: &Path) {
    let store = Store::open(dir, &mainnet(), LARGE).unwrap();
    let scope = store.enter(&block(1), true);
    let mut random = std::process::id().into();
    let until = Instant::now() + Duration::from_secs(4);
    while Instant::now() < until {
        for _ in 0..50 {
            random = word(random).wrapping_to::<u64>();
            let n = random % 20_000;
            match slot(&store, scope, n) {
                Some(found) => assert_eq!(found, value(1, n)),
                None => put_slot(&store, scope, 1, n),
            }
            match store.account(scope, address(n)) {
                Some(found) => assert_eq!(found, account(1, n)),
                None => store.put(Record::Account(scope, address(n), account(1, n))),
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    store.flush().unwrap();
    assert_eq!((store.counts().dropped, store.counts().bad_records), (0, 0));
    assert_eq!(store.take_messages(), Vec::<String>::new());
    assert!(store.counts().hits > 0);
}

/// Lets a writer work for a while, kills it, and gives what it said was there for good.
fn kill_a_writer(dir: &Path, pause: Duration) -> u64 {
    let mut child = start(&[], "write", dir);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let flushed = |line: &String| line.rsplit_once("flushed ").and_then(|(_, n)| n.parse::<u64>().ok());
    let mut last = lines.by_ref().find_map(|line| flushed(&line)).expect("a writer that writes");
    std::thread::sleep(pause);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    if let Some(n) = lines.filter_map(|line| flushed(&line)).last() {
        last = n;
    }
    last
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_good_file() {
    let dir = Dir::new();
    let mut there = 0;
    for round in 0..100_u64 {
        let pause = Duration::from_micros(word(round).wrapping_to::<u64>() % 30_000);
        there = kill_a_writer(&dir.0, pause).max(there);
        let store = dir.open();
        let (found, scope) = store.by_number(1, false).expect("the block");
        assert_eq!(found, block(1));
        // All of it would take long; what was written last is what is at risk.
        let first = if round % 20 == 19 { 0 } else { there.saturating_sub(2 * STEP) };
        for n in first..there + 2 * STEP {
            let known = (slot(&store, scope, n), store.account(scope, address(n)), store.code(&keccak256(code(n))));
            let right = (Some(value(1, n)), Some(account(1, n)), Some(code(n)));
            if n < there {
                assert_eq!(known, right, "round {round}, {n} of {there}");
            } else {
                assert!(known.0.is_none() || known.0 == right.0, "round {round}, {n}");
                assert!(known.1.is_none() || known.1 == right.1, "round {round}, {n}");
            }
        }
        assert_eq!(store.counts().bad_records, 0);
        assert_eq!(store.take_messages(), Vec::<String>::new());
    }
    assert_eq!(dir.set_aside(), 0);
}

#[test]
fn two_processes_share_a_file_while_others_are_killed() {
    let dir = Dir::new();
    let workers = [start(&[], "mix", &dir.0), start(&[], "mix", &dir.0)];
    let until = Instant::now() + Duration::from_secs(4);
    let mut round = 0;
    while Instant::now() < until {
        kill_a_writer(&dir.0, Duration::from_micros(word(round).wrapping_to::<u64>() % 30_000));
        round += 1;
    }
    assert!(round > 5, "{round}");
    for worker in workers {
        finish(worker);
    }
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    for n in 0..20_000 {
        assert!(slot(&store, scope, n).is_none_or(|found| found == value(1, n)));
    }
    assert!(store.counts().hits > 1000);
    assert_eq!((store.counts().bad_records, dir.set_aside()), (0, 0));
}
