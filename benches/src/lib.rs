//! Benchmarks of `worldstate` against its floor and its in-process peers.
//!
//! | part | what it does |
//! |---|---|
//! | `c/` | measures `libworldstate.so` against the floor, both behind real C calls |
//! | `benches/peers.rs` | criterion: the same operations in process, the peers among them |
//! | `src/bin/memory.rs` | bytes allocated for each slot |
//! | `src/bin/fork_cache.rs` | the fork's cache against the `lru` crate |
//! | `src/bin/report.rs` | one table of all figures |
//! | [`evm`] | execution: workloads, plain revm, ours |
//! | [`results`] | the file in which all of them leave their figures |
//! | [`subjects`] | what is compared, behind one trait |

pub mod evm;
pub mod results;
pub mod subjects;
