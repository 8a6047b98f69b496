//! The fork backend, in the order of the header.

pub mod cache;
pub mod callback;
pub mod host;
pub mod lifecycle;
pub mod metrics;
pub mod options;
pub mod prefetch;
pub mod stats;

pub(super) use callback::Reply;
