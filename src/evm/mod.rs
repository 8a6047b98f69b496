//! Execution of transactions and messages over a state, with revm as the interpreter.
//!
//! An execution that comes to state which is not here stops, says what it needs, and goes on from that very opcode once
//! it is: [`Evm::run`], [`Evm::pending`], [`Evm::answer`]. Missing state is never guessed in an execution that counts,
//! and gas, warm and cold marks, logs and state are those of an execution that had everything from the start.
//!
//! Nothing here knows whether a fork lies below, waits for anybody, or starts a thread.
#![forbid(unsafe_code)]

mod answers;
mod block;
mod database;
mod driver;
mod effect;
mod execution;
mod frames;
mod guard;
mod guesses;
mod hardfork;
mod inside;
mod job;
mod machine;
mod message;
mod options;
mod outcome;
mod overrides;
mod precompile;
mod request;
mod revert;
mod run_ahead;
mod touched;
pub mod trace;
mod transaction;

pub use answers::{Answer, Need};
pub use block::{BlockOverrides, apply_block};
pub use driver::CallFrame;
pub use execution::{Evm, EvmStats, Progress};
pub use hardfork::Hardfork;
pub use job::Job;
pub use message::Message;
pub use options::{EvmOptions, RunAhead};
pub use outcome::{Outcome, Status};
pub use overrides::StateOverrides;
pub use precompile::{PrecompileAnswer, PrecompileCall, PrecompileStatus};
pub use revert::RevertReason;
pub use touched::Touched;
pub use transaction::{Lenient, Transaction};
