//! Benchmarks of `worldstate` against its floor and its in-process peers.
//!
//! | part | what it does |
//! |---|---|
//! | `c/` | measures `libworldstate.so` against the floor, both behind real C calls |
//! | `benches/peers.rs` | criterion: the same operations in process, the peers among them |
//! | `src/bin/memory/` | bytes allocated for each slot, and what a fork holds |
//! | `src/bin/fork_cache.rs` | the fork's cache against the `lru` crate |
//! | `src/bin/fork_rounds/` | a fork of a distant node: round trips, the disk, proofs, executions |
//! | `src/bin/report.rs` | one table of all figures |
//! | [`computed`] | a node that computes its answers |
//! | [`evm`] | execution: workloads, plain revm, ours |
//! | [`results`] | the file in which all of them leave their figures |
//! | [`subjects`] | what is compared, behind one trait |

pub mod computed;
pub mod evm;
pub mod results;
pub mod subjects;
