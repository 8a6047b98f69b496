//! Ethereum's world state outside a node.
//!
//! | module | what it holds |
//! |---|---|
//! | [`state`] | the journaled world state: accounts, storage, code, checkpoints, snapshots. Pure: no I/O, no C |
//! | [`fork`] | remote state pinned to one block, fetched lazily over JSON-RPC and kept in a bounded cache |
//! | [`evm`] | execution of transactions and messages over a state (cargo feature `evm`) |
//! | `proof` | Merkle proofs and headers: what answers are checked against |
//! | [`ffi`] | the C interface: conversion only |
//! | [`error`] | the one error type |
//!
//! Dependencies point one way: `state` and `proof` stand alone, `state` defines the seam [`state::Source`], `fork`
//! implements it, `evm` reads and writes `state` only, `ffi` knows all, nobody knows `ffi`.
#![deny(unsafe_code)]

#[cfg(panic = "abort")]
compile_error!("worldstate turns panics into a status at the C boundary: build it with panic = \"unwind\"");

// The tests' support files name the crate; some of its own tests include them.
#[cfg(test)]
extern crate self as worldstate;

pub mod error;
#[cfg(feature = "evm")]
pub mod evm;
pub mod ffi;
pub mod fork;
#[cfg_attr(not(feature = "evm"), expect(dead_code, reason = "most of it reads what is to be executed"))]
mod json;
mod keys;
mod proof;
#[cfg(test)]
#[path = "../tests/support/random.rs"]
mod random;
mod rpc;
mod shelf;
pub mod state;
mod store;
mod text;

pub use error::{Error, Result};
