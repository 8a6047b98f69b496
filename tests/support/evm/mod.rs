//! What the tests of execution share: a plain world, plain revm over it as the judge, and what an execution shows.
#![allow(dead_code, unreachable_pub, reason = "each test binary includes this module and uses some of it")]

pub mod actors;
#[path = "../changes.rs"]
pub mod changes;
pub mod drive;
pub mod over_c;
pub mod plain;
pub mod program;
pub mod seen;
pub mod world;
