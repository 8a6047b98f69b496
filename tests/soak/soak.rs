//! Random load under random faults, and then a comparison of every value with the node's.
//!
//! Several threads read, write, mark and go back over several forks of an anvil behind a proxy that goes wrong, while the
//! node's chain moves on. The status is 1 when any value ever differed. `SOAK_SECONDS` says how long (600), `SOAK_SEED`
//! makes the faults and the load others, `SOAK_VERIFY=1` has every answer checked, and the proxy lie then,
//! `SOAK_CACHE=1` keeps the answers in a directory too.

#[path = "../support/anvil.rs"]
mod anvil;
mod chain;
#[path = "../support/dice.rs"]
mod dice;
mod faults;
#[path = "../support/faulty_proxy.rs"]
mod faulty_proxy;
mod load;

use chain::{Chain, EPOCHS, Key};
use dice::Dice;
use faulty_proxy::{Fault, FaultyProxy};
use load::Target;
use parking_lot::{Mutex, RwLock};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use worldstate::Error;
use worldstate::fork::ForkStats;

const THREADS: u64 = 6;
const FORKS: u64 = 9;

struct Settings {
    url: String,
    verify: bool,
    cache_dir: Option<PathBuf>,
}

/// What happened.
#[derive(Default)]
struct Tally {
    right: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    opened: AtomicU64,
    differences: Mutex<Vec<String>>,
    closed: Mutex<ForkStats>,
}

impl Tally {
    /// The value, unless it failed in a way that faults explain.
    fn told<T>(&self, result: worldstate::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.right.fetch_add(1, Ordering::Relaxed);
                return Some(value);
            }
            Err(Error::RpcFailed(_)) => self.failed.fetch_add(1, Ordering::Relaxed),
            Err(Error::ProofInvalid(_)) => self.refused.fetch_add(1, Ordering::Relaxed),
            Err(other) => {
                self.differs(format!("a read failed otherwise than by the node: {other}"));
                0
            }
        };
        None
    }

    fn differs(&self, text: String) {
        self.differences.lock().push(text);
    }

    fn note(&self, stats: &ForkStats) {
        let mut sum = self.closed.lock();
        sum.hits += stats.hits;
        sum.misses += stats.misses;
        sum.requests += stats.requests;
        sum.bodies += stats.bodies;
        sum.retries += stats.retries;
        sum.failures += stats.failures;
        sum.evictions += stats.evictions;
        sum.verified += stats.verified;
        sum.verify_failures += stats.verify_failures;
        sum.stored_hits += stats.stored_hits;
        // Forks that are open at the same time share these: no sum, but the most that one of them has seen.
        sum.stored_writes = sum.stored_writes.max(stats.stored_writes);
        sum.stored_dropped = sum.stored_dropped.max(stats.stored_dropped);
    }
}

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

/// Resident memory in MiB, where the system tells.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096 / (1 << 20)
}

fn main() -> ExitCode {
    let (seconds, seed, verify) = (number("SOAK_SECONDS", 600), number("SOAK_SEED", 1), number("SOAK_VERIFY", 0) != 0);
    let Some(chain) = Chain::start() else { return ExitCode::FAILURE };
    let rolls = AtomicU64::new(0);
    let faulty = move |_: &faulty_proxy::Exchange<'_>| {
        faults::any(&mut Dice(seed ^ (rolls.fetch_add(1, Ordering::Relaxed) << 32)), verify)
    };
    let proxy = FaultyProxy::start(&chain.anvil.address, faulty);
    let cache_dir = (number("SOAK_CACHE", 0) != 0)
        .then(|| std::env::temp_dir().join(format!("worldstate-soak-{}", std::process::id())));
    let settings = Settings { url: proxy.url(), verify, cache_dir };
    let tally = Tally::default();
    let start = Instant::now();
    let targets: Vec<_> = (0..FORKS).map(|fork| RwLock::new(Target::open(&chain, &settings, fork, &tally))).collect();
    let end = start + Duration::from_secs(seconds);
    let stop = AtomicBool::new(false);
    let before = resident();
    std::thread::scope(|scope| {
        scope.spawn(|| chain.move_on(&stop));

        let run = |thread| load::run(&targets, seed * 1000 + thread, end, &chain, &settings, &tally);
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        for thread in threads {
            if thread.join().is_err() {
                tally.differs("a thread has panicked".to_owned());
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    let (passed, loaded) = (proxy.passed(), start.elapsed().as_secs());

    // Nothing goes wrong any more: every value of every fork, whatever it keeps, must be the node's.
    proxy.behave(|_| Fault::None);
    let keys: Vec<Key> = chain::keys().collect();
    let node: Vec<_> = (0..EPOCHS).map(|epoch| chain.ask(&keys, usize::try_from(epoch).unwrap_or(0))).collect();
    for (epoch, values) in (0..EPOCHS).zip(&node) {
        for (key, value) in keys.iter().zip(values).filter(|(key, value)| chain::written(**key, epoch) != **value) {
            tally.differs(format!("{key:?} at {epoch} was not written: the node says {value:#x}"));
        }
    }
    for target in &targets {
        let target = target.read();
        target.compare(&keys, &node[target.epoch]).into_iter().for_each(|text| tally.differs(text));
        tally.note(&target.stats());
    }

    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (stats, differences) = (*tally.closed.lock(), tally.differences.lock());
    println!(
        "{loaded} s of load, {THREADS} threads, {} forks opened, seed {seed}, verify {verify}, cache {:?}",
        count(&tally.opened),
        settings.cache_dir
    );
    println!(
        "{} reads right, {} failed and said so, {} refused for a wrong proof",
        count(&tally.right),
        count(&tally.failed),
        count(&tally.refused)
    );
    println!(
        "proxy: {} connections, {} HTTP requests, {} of them with a fault, at most {} at once",
        passed.connections, passed.bodies, passed.faults, passed.most_at_once
    );
    println!("forks: {stats:?}");
    println!("memory: {before} MiB resident at first, {} MiB in the end", resident());
    println!(
        "{} values of each of {FORKS} forks compared with the node's: {} differences",
        keys.len(),
        differences.len()
    );
    differences.iter().take(20).for_each(|text| println!("  {text}"));
    if let Some(directory) = &settings.cache_dir {
        // What is left there is of use to nobody.
        let _ = std::fs::remove_dir_all(directory);
    }
    if differences.is_empty() && count(&tally.right) > 0 && passed.faults > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
