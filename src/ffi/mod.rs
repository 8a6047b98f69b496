//! The C interface: conversion only, one file a noun. Its conventions are written down once, in FFI-BOUNDARY.md.
//!
//! | module | what it holds |
//! |---|---|
//! | [`status`] | status codes and their names |
//! | [`library`] | version, error texts |
//! | [`state_manager`] | the journaled state |
//! | [`fork_backend`] | remote state |
//! | [`proof`] | checks of proofs and headers |
//! | [`evm`] | execution (cargo feature `evm`) |
//! | [`handle`] | the handles and their table |
//! | `guard` | what stands around every export: handle look-up, panics, error texts |
//! | `lock` | the lock of each handle |
//! | `panics` | catching panics, in silence |
//! | `versioned` | structs that begin with their size |
//! | `buffer` | reading C inputs, writing C outputs |
#![allow(unsafe_code)]
#![allow(clippy::missing_safety_doc, reason = "the contract of all exports is one: FFI-BOUNDARY.md, Memory ownership")]
#![allow(clippy::doc_markdown, reason = "docs of exports become the comments of the C header, in C words")]
#![allow(rustdoc::broken_intra_doc_links, reason = "likewise: `slots[i]` is C, not a link")]

mod buffer;
#[cfg(feature = "evm")]
pub mod evm;
pub mod fork_backend;
mod guard;
pub mod handle;
pub mod library;
mod lock;
mod panics;
pub mod proof;
pub mod state_manager;
pub mod status;
mod versioned;
