//! The fork's cache against the bare `lru` crate under Zipf(1.0) keys. Usage: `fork_cache RESULTS_FILE`
//!
//! Both sides see the same reads: 100,000 keys, the k-th as frequent as 1/k, through a cache of 10,000 entries. Reads
//! come in groups of 64. Before a group, untimed, the fork is told to prefetch it, which brings what is missing from a
//! node in this process into the fork's store of unread answers; the bare cache has its values at hand anyway. Timed
//! are the reads of the group: hits, and misses with their insertion and eviction, of 64 keys. The fork's side is
//! [`Source::storage`], with its lock and counters; the base is `LruCache::get`, and `put` after a miss, with the same
//! key, value and hasher, without any lock. A group during which the fork still had to ask the node is left out: there
//! an insertion evicted a key that the same group was yet to read.

use alloy_primitives::map::DefaultHashBuilder;
use alloy_primitives::{Address, U256};
use lru::LruCache;
use serde_json::{Value, json};
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, Source};
use worldstate_bench::results::{Figure, quantile};
use worldstate_floor::workload;

type Key = (Address, U256);

const KEYS: usize = 100_000;
const CAPACITY: usize = 10_000;
const GROUP: usize = 64;
const GROUPS: usize = 10_000;
const WARM_UP: usize = 2_000;

/// A node in this process. A slot's value is the slot's own key.
struct Node(Arc<AtomicU64>);

impl Node {
    fn answer(request: &Value) -> Value {
        let result = match request["method"].as_str() {
            Some("eth_chainId") => json!("0x1"),
            Some("eth_getBlockByNumber") => {
                json!({"number": "0x1", "hash": format!("0x{:064x}", 1), "stateRoot": format!("0x{:064x}", 2), "timestamp": "0x1"})
            }
            Some("eth_getStorageAt") => {
                let slot = request["params"][1].as_str().and_then(|slot| slot.parse::<U256>().ok());
                json!(slot.map(|slot| format!("0x{slot:064x}")))
            }
            _ => {
                return json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "no such method"}});
            }
        };
        json!({"jsonrpc": "2.0", "id": request["id"], "result": result})
    }
}

impl Transport for Node {
    fn send(&self, body: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let body: Value = serde_json::from_slice(body).map_err(|e| TransportError::Refused(e.to_string()))?;
        let answer = match &body {
            Value::Array(requests) => requests.iter().map(Self::answer).collect(),
            request => Self::answer(request),
        };
        Ok(answer.to_string().into_bytes())
    }
}

/// Ranks drawn with probability proportional to 1/rank.
struct Zipf {
    cumulative: Vec<f64>,
    state: u64,
}

#[expect(clippy::cast_precision_loss, reason = "ranks are below 2^52; a draw needs no more than 53 bits")]
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

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: fork_cache RESULTS_FILE")?;
    let sent = Arc::new(AtomicU64::new(0));
    let fork = Fork::open(ForkOptions {
        transport: TransportKind::Custom(Box::new(Node(sent.clone()))),
        block: BlockTag::Number(1),
        account_source: AccountSource::Fields,
        max_cache_size: CAPACITY,
        ..ForkOptions::default()
    })?;
    let capacity = NonZeroUsize::new(CAPACITY).ok_or("a cache of nothing")?;
    let mut bare: LruCache<Key, U256, DefaultHashBuilder> =
        LruCache::with_hasher(capacity, DefaultHashBuilder::default());

    // Ranks are dealt to the keys at random, so that no account is hotter than the others.
    let order = workload::shuffled(KEYS);
    let key = |rank: usize| -> Key {
        let i = order[rank];
        (workload::address(i % workload::ACCOUNTS).into(), U256::from_be_bytes(workload::slot(i)))
    };
    let keys: Vec<Key> = (0..KEYS).map(key).collect();
    let mut zipf = Zipf::new(KEYS);

    let (mut ours, mut base, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut misses, mut reads, mut left_out) = (0_u64, 0_u64, 0);
    for group in 0..WARM_UP + GROUPS {
        let group_keys: [Key; GROUP] = std::array::from_fn(|_| keys[zipf.draw()]);
        let requests: Vec<_> = group_keys.iter().map(|(address, slot)| Request::Storage(*address, *slot)).collect();
        fork.prefetch(&requests)?;
        let sent_before = sent.load(Ordering::Relaxed);

        let mut time_fork = || -> Result<(f64, U256), worldstate::Error> {
            let start = Instant::now();
            let mut sum = U256::ZERO;
            for (address, slot) in group_keys {
                sum = sum.wrapping_add(fork.storage(address, slot)?);
            }
            Ok((start.elapsed().as_secs_f64() * 1e9 / GROUP as f64, sum))
        };
        let mut missed = 0;
        let mut time_bare = || {
            let start = Instant::now();
            let mut sum = U256::ZERO;
            for key in group_keys {
                let value = if let Some(value) = bare.get(&key) {
                    *value
                } else {
                    missed += 1;
                    bare.put(key, key.1);
                    key.1
                };
                sum = sum.wrapping_add(value);
            }
            (start.elapsed().as_secs_f64() * 1e9 / GROUP as f64, sum)
        };
        let (fork_time, bare_time) = if group % 2 == 0 {
            let fork_time = time_fork()?;
            (fork_time, time_bare())
        } else {
            let bare_time = time_bare();
            (time_fork()?, bare_time)
        };
        if fork_time.1 != bare_time.1 {
            return Err("the fork and the bare cache read different values".into());
        }
        if group < WARM_UP {
            continue;
        }
        if sent.load(Ordering::Relaxed) != sent_before {
            left_out += 1;
            continue;
        }
        reads += GROUP as u64;
        misses += missed;
        ours.push(fork_time.0);
        base.push(bare_time.0);
        ratios.push(fork_time.0 / bare_time.0);
    }
    if left_out > GROUPS / 10 {
        return Err(format!("{left_out} of {GROUPS} groups had to ask the node").into());
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let hit_rate = 100.0 * (1.0 - misses as f64 / reads as f64);
    let [low, ratio, high] = [0.25, 0.5, 0.75].map(|q| quantile(&mut ratios, q));
    Figure {
        id: "fork_cache".into(),
        what: format!("fork cache, Zipf(1.0), {hit_rate:.0} % hits"),
        base_name: "bare lru crate".into(),
        unit: "ns/read".into(),
        ours: quantile(&mut ours, 0.5),
        base: quantile(&mut base, 0.5),
        ratio,
        low,
        high,
        target: 1.3,
    }
    .record(Path::new(&path))?;
    Ok(())
}
