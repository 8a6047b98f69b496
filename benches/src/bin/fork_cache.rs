//! The fork's cache against the bare `lru` crate under Zipf(1.0) keys. Usage: `fork_cache RESULTS_FILE`
//!
//! Both sides see the same reads: 100,000 keys, the k-th as frequent as 1/k, through a cache of 10,000 entries. Reads
//! come in groups of 64. Before a group, untimed, the fork is told to prefetch it, which brings what is missing from a
//! node in this process into the fork's store of unread answers; the bare cache has its values at hand anyway. Timed
//! are the reads of the group: hits, and misses with their insertion and eviction, of 64 keys. The fork's side is
//! [`Source::storage`], with its lock and counters; the base is `LruCache::get`, and `put` after a miss, with the same
//! key, value and hasher, without any lock; a second base adds one. A group during which the fork still had to ask the
//! node is left out: there an insertion evicted a key that the same group was yet to read.

#![expect(clippy::cast_precision_loss, reason = "counts are below 2^52, and a draw needs no more than 53 bits")]

use alloy_primitives::map::DefaultHashBuilder;
use alloy_primitives::{Address, U256};
use lru::LruCache;
use parking_lot::Mutex;
use std::convert::Infallible;
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, TransportKind};
use worldstate::state::{Request, Source};
use worldstate_bench::computed::Computed;
use worldstate_bench::results::{Figure, quantile};
use worldstate_floor::workload;

type Key = (Address, U256);

const KEYS: usize = 100_000;
const CAPACITY: usize = 10_000;
const GROUP: usize = 64;
const GROUPS: usize = 10_000;
const WARM_UP: usize = 2_000;

/// Ranks drawn with probability proportional to 1/rank.
struct Zipf {
    cumulative: Vec<f64>,
    state: u64,
}

impl Zipf {
    fn new(n: usize) -> Self {
        let mut sum = 0.0;
        let weigh = |rank| {
            sum += 1.0 / rank as f64;
            sum
        };
        Self { cumulative: (1..=n).map(weigh).collect(), state: 11 }
    }

    fn draw(&mut self) -> usize {
        let uniform = (workload::splitmix64(&mut self.state) >> 11) as f64 / (1u64 << 53) as f64;
        let total = self.cumulative[self.cumulative.len() - 1];
        self.cumulative.partition_point(|sum| *sum <= uniform * total)
    }
}

type Bare = LruCache<Key, U256, DefaultHashBuilder>;

fn bare() -> Result<Bare, Box<dyn Error>> {
    let capacity = NonZeroUsize::new(CAPACITY).ok_or("a cache of nothing")?;
    Ok(LruCache::with_hasher(capacity, DefaultHashBuilder::default()))
}

/// Reads a key; true when it had to be inserted.
fn read(cache: &mut Bare, key: Key) -> (U256, bool) {
    if let Some(value) = cache.get(&key) {
        return (*value, false);
    }
    cache.put(key, key.1);
    (key.1, true)
}

/// Nanoseconds for each read of the group, and the sum of what was read.
fn time<E>(group: &[Key; GROUP], mut read: impl FnMut(Key) -> Result<U256, E>) -> Result<(f64, U256), E> {
    let start = Instant::now();
    let mut sum = U256::ZERO;
    for key in group {
        sum = sum.wrapping_add(read(*key)?);
    }
    Ok((start.elapsed().as_secs_f64() * 1e9 / GROUP as f64, sum))
}

fn open(node: Computed) -> Result<Arc<Fork>, worldstate::Error> {
    Fork::open(ForkOptions {
        transport: TransportKind::Custom(Box::new(node)),
        block: BlockTag::Number(1),
        account_source: AccountSource::Fields,
        max_cache_size: CAPACITY,
        ..ForkOptions::default()
    })
}

/// The keys by rank. Ranks are dealt at random, so that no account is hotter than the others.
fn keys() -> Vec<Key> {
    let key = |i: usize| (workload::address(i % workload::ACCOUNTS).into(), U256::from_be_bytes(workload::slot(i)));
    workload::shuffled(KEYS).into_iter().map(key).collect()
}

/// Times of the groups, of one base.
#[derive(Default)]
struct Times {
    ours: Vec<f64>,
    base: Vec<f64>,
    ratios: Vec<f64>,
}

impl Times {
    fn push(&mut self, ours: f64, base: f64) {
        self.ours.push(ours);
        self.base.push(base);
        self.ratios.push(ours / base);
    }

    fn record(mut self, path: &Path, id: &str, what: String, base_name: &str, target: f64) -> std::io::Result<()> {
        let [low, ratio, high] = [0.25, 0.5, 0.75].map(|q| quantile(&mut self.ratios, q));
        Figure {
            id: id.to_owned(),
            what,
            base_name: base_name.to_owned(),
            unit: "ns/read".to_owned(),
            ours: quantile(&mut self.ours, 0.5),
            base: quantile(&mut self.base, 0.5),
            ratio,
            low,
            high,
            target,
        }
        .record(path)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: fork_cache RESULTS_FILE")?;
    let path = Path::new(&path);
    let node = Computed::default();
    let sent = node.sent();
    let fork = open(node)?;
    let (mut bare, locked) = (bare()?, Mutex::new(self::bare()?));
    let keys = keys();
    let mut zipf = Zipf::new(KEYS);
    let (mut against_bare, mut against_locked) = (Times::default(), Times::default());
    let (mut missed, mut left_out) = (0, 0);
    for round in 0..WARM_UP + GROUPS {
        let group: [Key; GROUP] = std::array::from_fn(|_| keys[zipf.draw()]);
        fork.prefetch(&group.map(|(address, slot)| Request::Storage(address, slot)))?;
        let sent_before = sent.load(Ordering::Relaxed);
        let mut missed_here = 0;
        let mut times = [(0.0, U256::ZERO); 3];
        for turn in 0..3 {
            let side = (turn + round) % 3;
            times[side] = match side {
                0 => time(&group, |(address, slot)| fork.storage(address, slot))?,
                1 => time(&group, |key| -> Result<U256, Infallible> {
                    let (value, inserted) = read(&mut bare, key);
                    missed_here += usize::from(inserted);
                    Ok(value)
                })?,
                _ => time(&group, |key| -> Result<U256, Infallible> { Ok(read(&mut locked.lock(), key).0) })?,
            };
        }
        let [ours, plain, with_lock] = times;
        if ours.1 != plain.1 || ours.1 != with_lock.1 {
            return Err("the fork and the bare cache read different values".into());
        }
        if round < WARM_UP {
            continue;
        }
        if sent.load(Ordering::Relaxed) != sent_before {
            left_out += 1;
            continue;
        }
        missed += missed_here;
        against_bare.push(ours.0, plain.0);
        against_locked.push(ours.0, with_lock.0);
    }
    if left_out > GROUPS / 10 {
        return Err(format!("{left_out} of {GROUPS} groups had to ask the node").into());
    }
    let hit_rate = 100.0 * (1.0 - missed as f64 / ((GROUPS - left_out) * GROUP) as f64);
    let what = format!("fork cache, Zipf(1.0), {hit_rate:.0} % hits");
    against_bare.record(path, "fork_cache", what.clone(), "lru crate", 1.3)?;
    against_locked.record(path, "fork_cache_locked", what, "lru crate behind a mutex", 0.0)?;
    Ok(())
}
