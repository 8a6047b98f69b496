//! Remote state pinned to one block.
#![forbid(unsafe_code)]
