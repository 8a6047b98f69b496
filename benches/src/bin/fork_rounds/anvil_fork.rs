//! anvil forking the same chain through the same proxy.

use crate::anvil::Anvil;
use crate::chain::{ACCOUNTS, Chain, address, balance, slot, value};
use crate::{Result, millis, record};
use alloy_primitives::{B256, U256};
use serde_json::json;
use std::path::Path;
use std::time::Instant;
use worldstate_bench::results::Figure;

/// Read through it, of [`ACCOUNTS`].
const SOME: u64 = 50;

/// Milliseconds for balance and slot of all accounts, one call after the other as tools ask.
pub(crate) fn measure(path: &Path, chain: &Chain, ours: f64) -> Result<()> {
    let (url, block) = (chain.proxy.url(), chain.block.to_string());
    let arguments = ["--fork-url", &url, "--fork-block-number", &block, "--no-storage-caching", "--no-rate-limit"];
    let Some(fork) = Anvil::start(arguments) else { return Ok(()) };
    let start = Instant::now();
    let ((), bodies) = chain.counting(|| {
        for number in 0..SOME {
            let (address, key) = (address(number), B256::from(slot(number)));
            let balance_read: U256 = serde_json::from_value(fork.rpc("eth_getBalance", &json!([address, "latest"])))?;
            let read = fork.rpc("eth_getStorageAt", &json!([address, key, "latest"]));
            if balance_read != balance(number) || serde_json::from_value::<U256>(read)? != value(number) {
                return Err(format!("anvil's fork has another value for account {number}").into());
            }
        }
        Ok(())
    })?;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let scale = (ACCOUNTS / SOME) as f64;
    let theirs = millis(start) * scale;
    println!("anvil forking anvil: {SOME} accounts measured in {bodies} HTTP requests, times {scale:.0}");
    let what = "  against anvil forking anvil, call by call";
    record(path, &Figure::of("forking_cold_anvil", what, "anvil's fork", "ms", (ours, theirs), 0.0))
}
