//! A real node behind a proxy that makes each HTTP request last as long as one to a distant node.

use crate::Result;
use crate::anvil::Anvil;
use crate::faulty_proxy::{Fault, FaultyProxy};
use alloy_primitives::{Address, B256, U256};
use serde_json::{Value, json};
use std::time::Duration;
use worldstate::fork::{BlockTag, ForkOptions, TransportKind};

/// What one HTTP request takes, besides the node's own work. Requests at the same time wait at the same time.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);
pub(crate) const ACCOUNTS: u64 = 1000;

pub(crate) struct Chain {
    _anvil: Anvil,
    pub(crate) proxy: FaultyProxy,
    pub(crate) block: u64,
    pub(crate) hash: B256,
}

pub(crate) fn address(number: u64) -> Address {
    Address::from_word(alloy_primitives::keccak256(number.to_be_bytes()))
}

pub(crate) fn slot(number: u64) -> U256 {
    U256::from_be_bytes(alloy_primitives::keccak256(address(number)).0)
}

pub(crate) fn value(number: u64) -> U256 {
    slot(number) ^ U256::from(number)
}

pub(crate) fn balance(number: u64) -> U256 {
    U256::from(number) * U256::from(1_000_000_007_u64) + U256::ONE
}

impl Chain {
    /// A chain with [`ACCOUNTS`] accounts, each with a balance and one slot; `None` where no anvil is installed.
    pub(crate) fn start() -> Result<Option<Self>> {
        let mut calls = Vec::new();
        for number in 0..ACCOUNTS {
            let (address, slot, value) = (address(number), B256::from(slot(number)), B256::from(value(number)));
            calls.push(("anvil_setBalance", json!([address, balance(number)])));
            calls.push(("anvil_setStorageAt", json!([address, slot, value])));
        }
        Self::of(&calls)
    }

    /// A chain on which `calls` have been made.
    pub(crate) fn of(calls: &[(&str, Value)]) -> Result<Option<Self>> {
        let Some(anvil) = Anvil::start(["--chain-id", "1", "--timestamp", "2000000000"]) else { return Ok(None) };
        for calls in calls.chunks(500) {
            anvil.rpc_all(calls);
        }
        anvil.rpc("anvil_mine", &json!(["0x2"]));
        let latest = anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
        let text = |name: &str| latest[name].as_str().ok_or("a block without number or hash");
        let (block, hash) = (text("number")?.parse::<U256>()?.to(), text("hash")?.parse()?);
        let proxy = FaultyProxy::start(&anvil.address, |_| Fault::Delay(ROUND_TRIP));
        Ok(Some(Self { _anvil: anvil, proxy, block, hash }))
    }

    /// HTTP requests that `what` takes, beside what it returns.
    pub(crate) fn counting<T>(&self, what: impl FnOnce() -> Result<T>) -> Result<(T, usize)> {
        let before = self.proxy.passed().bodies;
        let result = what()?;
        Ok((result, self.proxy.passed().bodies - before))
    }

    pub(crate) fn options(&self) -> ForkOptions {
        ForkOptions {
            transport: TransportKind::Http { urls: vec![self.proxy.url()], headers: vec![], ca_certificates: None },
            block: BlockTag::Number(self.block),
            ..ForkOptions::default()
        }
    }
}
