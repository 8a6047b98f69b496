//! What every way of simulating a transaction has in common.

use alloy_primitives::{Address, Bytes, U256};
use serde_json::Value;
use worldstate::evm::RunAhead;

/// What an execution came to, as the C interface tells it in JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Simulated {
    pub(crate) result: Value,
    pub(crate) changes: Value,
    pub(crate) access_list: Value,
    pub(crate) prestate: Value,
    /// With struct logs.
    pub(crate) trace: Value,
}

impl Simulated {
    pub(crate) fn succeeded(&self) -> bool {
        self.result["status"] == "success"
    }
}

/// A state on the chain's latest block, and an executor over it. An error is the library's text.
pub(crate) trait Simulator {
    fn name(&self) -> String;

    /// The block's environment, as `eth_getBlockByNumber` returns it.
    fn set_block(&mut self, block: &Value);

    /// Executes a signed transaction and commits it.
    fn run(&mut self, raw: &[u8]) -> Result<Simulated, String>;

    /// Goes on after a `run` that failed.
    fn resume(&mut self) -> Result<Simulated, String>;

    fn balance(&mut self, address: Address) -> U256;
    fn nonce(&mut self, address: Address) -> u64;
    fn code(&mut self, address: Address) -> Bytes;
    fn storage(&mut self, address: Address, slot: U256) -> U256;
}

/// A name for messages.
pub(crate) fn name(way: impl std::fmt::Debug, run_ahead: RunAhead) -> String {
    format!("{way:?}, run-ahead {run_ahead:?}")
}
