//! Helpers that the integration tests share.
#![allow(dead_code, unreachable_pub, reason = "each test binary includes this module and uses some of it")]

pub mod dir;
pub mod faulty_server;
pub mod node;
