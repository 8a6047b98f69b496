//! Execution of transactions and messages over a state.
#![forbid(unsafe_code)]

pub mod trace;
