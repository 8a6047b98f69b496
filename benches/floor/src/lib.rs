//! What a state behind a C call cannot cost less than.
//!
//! [`Floor`] keeps every slot in one flat hash map (`hashbrown`, foldhash, 52 bytes of key, 32 bytes of value) and
//! undoes writes with one log. It has no accounts, no fork, no tombstones, no lock, no handle check and no error text:
//! the difference between `worldstate` and this is what those cost.
//!
//! [`workload`] makes the keys and values that every benchmark uses, whatever its language.

mod calls;
mod map;
pub mod workload;

pub use calls::*;
pub use map::{Floor, SlotRef};
