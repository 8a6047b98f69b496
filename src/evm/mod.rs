//! Execution of transactions and messages over a state.
#![forbid(unsafe_code)]

mod block;
mod hardfork;
mod outcome;
mod overrides;
mod request;
mod revert;
mod transaction;

pub use block::{BlockOverrides, apply_block, blob_fee_update_fraction};
pub use hardfork::Hardfork;
pub use outcome::{Outcome, Status};
pub use overrides::{PrecompileOverrides, StateOverrides};
pub use revert::RevertReason;
pub use transaction::{Lenient, Transaction};
