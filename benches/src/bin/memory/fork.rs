//! What a fork holds while it reads far more than its cache keeps.

use crate::LIVE;
use alloy_primitives::{Address, U256, keccak256};
use std::path::Path;
use std::sync::atomic::Ordering;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, TransportKind};
use worldstate::state::{Request, State};
use worldstate_bench::computed::Computed;
use worldstate_bench::results::Figure;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const KEPT: usize = 100_000;
const SLOTS: u64 = 10_000_000;
/// Asked for at once.
const GROUP: u64 = 2_560;
const MILLION: u64 = 1_000_000;

const ACCOUNTS: u64 = 1_000;

fn address(number: u64) -> Address {
    Address::from_word(keccak256((number % ACCOUNTS).to_be_bytes()))
}

fn slot(number: u64) -> U256 {
    U256::from(number) << 64
}

/// Resident memory in bytes, where the system tells.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * 4096)
}

/// Reads [`SLOTS`] slots, none of them twice, through a cache of [`KEPT`].
pub(crate) fn measure(path: &Path) -> Result<()> {
    let fork = Fork::open(ForkOptions {
        transport: TransportKind::Custom(Box::new(Computed::default())),
        block: BlockTag::Number(1),
        account_source: AccountSource::Proof,
        max_cache_size: KEPT,
        ..ForkOptions::default()
    })?;
    let state = State::with_source(fork.clone());
    let mut marks = Vec::new();
    let mut next_mark = MILLION;
    for first in (0..SLOTS).step_by(usize::try_from(GROUP)?) {
        // All of a group belong to one account, as in a sweep over a token's balances.
        let address = address(first / GROUP);
        let group = || (first..(first + GROUP).min(SLOTS)).map(slot);
        fork.prefetch(&group().map(|slot| Request::Storage(address, slot)).collect::<Vec<_>>())?;
        for slot in group() {
            if state.storage(address, slot)? != slot {
                return Err(format!("slot {slot:#x} has another value").into());
            }
        }
        if first + GROUP >= next_mark {
            let (live, resident) = (LIVE.load(Ordering::Relaxed), resident());
            marks.push((live, resident));
            if matches!(next_mark / MILLION, 1 | 5 | 10) {
                let resident = resident.map_or("unknown".to_owned(), |bytes| format!("{:.1} MiB", mebibytes(bytes)));
                let live = mebibytes(live as u64);
                println!(
                    "fork, {} million slots read: {live:.1} MiB allocated, {resident} resident",
                    next_mark / MILLION
                );
            }
            next_mark += MILLION;
        }
    }
    let stats = fork.stats();
    if stats.slots != KEPT as u64 || stats.evictions < SLOTS - 2 * KEPT as u64 {
        return Err(format!("{} slots are kept, {} were dropped", stats.slots, stats.evictions).into());
    }
    let [(live, resident), .., (live_last, resident_last)] = marks[..] else { return Err("too few marks".into()) };
    let bytes = |bytes: u64| mebibytes(bytes);
    let what = "a fork's memory, 10 million slots read of which 100,000 stay";
    let pair = (bytes(live_last as u64), bytes(live as u64));
    Figure::of("memory_fork", what, "after 1 million", "MiB", pair, 1.02).record(path)?;
    if let (Some(first), Some(last)) = (resident, resident_last) {
        let pair = (bytes(last), bytes(first));
        Figure::of("memory_fork_resident", "  resident", "after 1 million", "MiB", pair, 1.05).record(path)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "bytes in memory are far below 2^52")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
