//! Execution of transactions and messages over a state.
#![forbid(unsafe_code)]

mod block;
mod hardfork;

pub use block::{BlockOverrides, apply_block, blob_fee_update_fraction};
pub use hardfork::Hardfork;
