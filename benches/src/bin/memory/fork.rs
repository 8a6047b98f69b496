//! What a fork holds while it reads far more than its cache keeps.

use crate::LIVE;
use alloy_primitives::{Address, U256, keccak256};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, State};
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

fn value(slot: U256) -> U256 {
    slot ^ (slot >> 60)
}

/// A node in this process that computes its answers.
struct Computed;

impl Computed {
    fn answer(request: &Value) -> Option<String> {
        let params = &request["params"];
        let mut result = String::new();
        match request["method"].as_str()? {
            "eth_chainId" => result.push_str("\"0x1\""),
            "eth_getBlockByNumber" => write!(
                result,
                "{{\"number\":\"0x1\",\"hash\":\"0x{:064x}\",\"stateRoot\":\"0x{:064x}\",\"timestamp\":\"0x1\"}}",
                1, 2
            )
            .ok()?,
            "eth_getProof" => {
                write!(
                    result,
                    "{{\"address\":{},\"balance\":\"0x1\",\"nonce\":\"0x1\",\"codeHash\":\"0x{:064x}\",\"storageHash\":\"0x{:064x}\",\
                     \"accountProof\":[],\"storageProof\":[",
                    params[0], 0, 3
                )
                .ok()?;
                for (place, key) in params[1].as_array()?.iter().enumerate() {
                    let value = value(key.as_str()?.parse().ok()?);
                    let comma = if place == 0 { "" } else { "," };
                    write!(result, "{comma}{{\"key\":{key},\"value\":\"{value:#x}\",\"proof\":[]}}").ok()?;
                }
                result.push_str("]}");
            }
            _ => return None,
        }
        Some(format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", request["id"]))
    }
}

impl Transport for Computed {
    fn send(&self, body: &[u8], _deadline: Instant) -> std::result::Result<Vec<u8>, TransportError> {
        let refused = || TransportError::Refused("not a request that this node answers".to_owned());
        let body: Value = serde_json::from_slice(body).map_err(|_| refused())?;
        let answer = match &body {
            Value::Array(requests) => {
                let answers: Option<Vec<_>> = requests.iter().map(Self::answer).collect();
                format!("[{}]", answers.ok_or_else(refused)?.join(","))
            }
            request => Self::answer(request).ok_or_else(refused)?,
        };
        Ok(answer.into_bytes())
    }
}

/// Resident memory in bytes, where the system tells.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * 4096)
}

/// Reads [`SLOTS`] slots, none of them twice, through a cache of [`KEPT`].
pub(crate) fn measure(path: &Path) -> Result<()> {
    let fork = Fork::open(ForkOptions {
        transport: TransportKind::Custom(Box::new(Computed)),
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
            if state.storage(address, slot)? != value(slot) {
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
