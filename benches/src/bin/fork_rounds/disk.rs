//! What the persistent cache saves and costs.

use crate::chain::{ACCOUNTS, Chain};
use crate::{Result, cold, millis, record};
use alloy_primitives::{Address, U256, keccak256};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, TransportKind};
use worldstate::state::{Request, Source, State};
use worldstate_bench::computed::{Computed, HEAD, block_hash};
use worldstate_bench::results::{Figure, quantile};
use worldstate_floor::workload;

const SLOTS: usize = 1_000_000;
/// Restarts, after each of which every slot is read once.
const RESTARTS: usize = 5;
/// The first argument of a restarted process; its second one is the cache directory.
pub(crate) const RESTARTED: &str = "restarted";
/// The reads that bring the file's pages into memory.
const EARLY: usize = 100_000;
/// Read in each round with and without the cache.
const FRESH: usize = 100_000;
/// Asked for at once.
const GROUP: usize = 2_500;
const ROUNDS: usize = 9;

/// A directory that goes when it is no longer needed.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("worldstate-bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left there is of use to nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// All slots belong to a thousand accounts.
fn key(number: usize) -> (Address, U256) {
    let (account, slot) = ((number / 1000).to_be_bytes(), number.to_be_bytes());
    (Address::from_word(keccak256(account)), U256::from_be_bytes(keccak256(slot).0))
}

fn computed(cache_dir: Option<PathBuf>) -> (ForkOptions, Arc<std::sync::atomic::AtomicU64>) {
    let node = Computed::default();
    let sent = node.sent();
    let options = ForkOptions {
        transport: TransportKind::Custom(Box::new(node)),
        block: BlockTag::Hash(block_hash(HEAD)),
        account_source: AccountSource::Proof,
        cache_dir,
        ..ForkOptions::default()
    };
    (options, sent)
}

/// Fetches and reads the keys.
fn read(fork: &Arc<Fork>, keys: &[(Address, U256)]) -> Result<()> {
    for group in keys.chunks(GROUP) {
        fork.prefetch(&group.iter().map(|(address, slot)| Request::Storage(*address, *slot)).collect::<Vec<_>>())?;
        for (address, slot) in group {
            if fork.storage(*address, *slot)? != *slot {
                return Err(format!("slot {slot:#x} has another value").into());
            }
        }
    }
    Ok(())
}

/// Fills the cache of a chain with [`SLOTS`] slots.
fn fill(directory: &Directory, keys: &[(Address, U256)]) -> Result<()> {
    let fork = Fork::open(computed(Some(directory.0.clone())).0)?;
    for (group, read_so_far) in keys.chunks(GROUP).zip((0_u64..).step_by(GROUP)) {
        read(&fork, group)?;
        // The disk may be slower than a node in this process: what waits for it is bounded, and more would be left out.
        let patience = Instant::now() + Duration::from_millis(500);
        while fork.stats().stored_writes + 100_000 < read_so_far && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    match fork.stats().stored_dropped {
        0 => Ok(()),
        dropped => Err(format!("{dropped} values were not written").into()),
    }
}

/// Restarts with a million slots on the disk, each a process of its own.
fn restarts(path: &Path) -> Result<()> {
    let directory = Directory::new("restart")?;
    fill(&directory, &(0..SLOTS).map(key).collect::<Vec<_>>())?;
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..RESTARTS {
        let restarted = Command::new(std::env::current_exe()?).arg(RESTARTED).arg(&directory.0).output()?;
        if !restarted.status.success() {
            return Err(String::from_utf8_lossy(&restarted.stderr).into());
        }
        let printed = String::from_utf8(restarted.stdout)?;
        for (times, time) in times.iter_mut().zip(printed.split_whitespace()) {
            times.push(time.parse()?);
        }
    }
    let [open, first, read] = times.each_mut().map(|times| quantile(times, 0.5));
    let what = "a fork opened, 1,000,000 slots on the disk";
    record(path, &Figure::of("forking_disk_open", what, "20 ms", "ms", (open, 20.0), 1.0))?;
    let what = "  each of them read once, in random order";
    record(path, &Figure::of("forking_disk_read", what, "3 us", "us", (read, 3.0), 1.0))?;
    let what = "  the first 100,000 of these reads";
    record(path, &Figure::of("forking_disk_first", what, "all", "us", (first, read), 0.0))
}

/// What a restarted process does: opens, and reads every slot. Prints the milliseconds of the opening, and the microseconds
/// of one of the first reads and of one of all.
pub(crate) fn restarted(cache_dir: PathBuf) -> Result<()> {
    let keys: Vec<_> = workload::shuffled(SLOTS).into_iter().map(key).collect();
    let (options, sent) = computed(Some(cache_dir));
    let start = Instant::now();
    let fork = Fork::open(options)?;
    let opened = millis(start);
    let mut first = 0.0;
    let start = Instant::now();
    for (count, &(address, slot)) in keys.iter().enumerate() {
        if fork.storage(address, slot)? != slot {
            return Err(format!("slot {slot:#x} has another value").into());
        }
        if count + 1 == EARLY {
            first = micros_each(start, EARLY);
        }
    }
    let each = micros_each(start, SLOTS);
    match sent.load(Ordering::Relaxed) {
        0 => {
            println!("{opened} {first} {each}");
            Ok(())
        }
        sent => Err(format!("{sent} HTTP requests after a restart").into()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "below 2^52")]
fn micros_each(start: Instant, count: usize) -> f64 {
    millis(start) * 1e3 / count as f64
}

/// The same thousand accounts, at hand after a restart.
fn warm(path: &Path, chain: &Chain, cold: f64) -> Result<()> {
    let directory = Directory::new("warm")?;
    let options = || ForkOptions {
        block: BlockTag::Hash(chain.hash),
        account_source: AccountSource::Fields,
        cache_dir: Some(directory.0.clone()),
        ..chain.options()
    };
    cold::prefetched(chain, options())?;
    let start = Instant::now();
    let ((), bodies) = chain.counting(|| cold::read(&State::with_source(Fork::open(options())?), ACCOUNTS))?;
    let time = millis(start);
    if bodies != 0 {
        return Err(format!("{bodies} HTTP requests after a restart").into());
    }
    let what = "1,000 accounts and slots after a restart, no request";
    record(path, &Figure::of("forking_warm", what, "cold", "ms", (time, cold), 0.0))
}

/// Rounds with the cache and without it, in turns: medians of both, and of the ratios with their quartiles.
fn compare(mut round: impl FnMut(Option<PathBuf>) -> Result<f64>) -> Result<[f64; 5]> {
    let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        let directory = Directory::new("write")?;
        let mut times = [0.0; 2];
        for turn in 0..2 {
            let side = (turn + number) % 2;
            times[side] = round((side == 0).then(|| directory.0.clone()))?;
        }
        with.push(times[0]);
        without.push(times[1]);
        ratios.push(times[0] / times[1]);
    }
    let mut ratio = |q| quantile(&mut ratios, q);
    let (middle, low, high) = (ratio(0.5), ratio(0.25), ratio(0.75));
    Ok([quantile(&mut with, 0.5), quantile(&mut without, 0.5), middle, low, high])
}

fn record_comparison(path: &Path, id: &str, what: &str, compared: [f64; 5], target: f64) -> Result<()> {
    let [ours, base, ratio, low, high] = compared;
    let [id, what, base_name, unit] = [id, what, "no cache_dir", "ms"].map(str::to_owned);
    record(path, &Figure { id, what, base_name, unit, ours, base, ratio, low, high, target })
}

fn write_behind(path: &Path, chain: &Chain) -> Result<()> {
    let distant = compare(|cache_dir| {
        let options = ForkOptions { cache_dir, account_source: AccountSource::Fields, ..chain.options() };
        Ok(cold::prefetched(chain, options)?.1)
    })?;
    record_comparison(path, "forking_write_behind", "1,000 accounts and slots, cold, with cache_dir", distant, 1.05)?;
    let keys: Vec<_> = (0..FRESH).map(key).collect();
    let near = compare(|cache_dir| {
        let fork = Fork::open(computed(cache_dir).0)?;
        let start = Instant::now();
        read(&fork, &keys)?;
        Ok(millis(start))
    })?;
    record_comparison(path, "forking_write_behind_near", "  100,000 slots of a node in this process", near, 0.0)
}

pub(crate) fn measure(path: &Path, chain: &Chain, cold: f64) -> Result<()> {
    warm(path, chain, cold)?;
    write_behind(path, chain)?;
    restarts(path)
}
