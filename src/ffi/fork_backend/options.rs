//! Options of a fork.

use super::callback::{Callbacks, ForkRpcVtable};
use crate::error::{Error, Result};
use crate::ffi::buffer;
use crate::ffi::versioned::versioned;
use crate::fork::{AccountSource, BlockTag, ForkOptions, TransportKind};
use std::ffi::{c_char, c_int, c_void};
use std::time::Duration;

/// eth_getProof while the node has it, from then on as FORK_ACCOUNTS_FIELDS; found out once.
pub const FORK_ACCOUNTS_AUTO: c_int = 0;
/// eth_getProof only.
pub const FORK_ACCOUNTS_PROOF: c_int = 1;
/// eth_getBalance, eth_getTransactionCount, eth_getCode and eth_getStorageAt.
pub const FORK_ACCOUNTS_FIELDS: c_int = 2;

/// How fork_backend_open opens a fork. Begin with FORK_BACKEND_OPTIONS_INIT; 0 or NULL stands for the default.
///
/// Who carries the requests: the library itself, over HTTP, when `url` is given; the callbacks of `rpc_vtable` when that
/// is given; the host, with fork_backend_next_request or fork_backend_next_batch, when neither is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ForkBackendOptions {
    /// sizeof(ForkBackendOptions).
    pub size: usize,
    /// http:// or https:// URL of the node. Several, separated by spaces or newlines, are tried in turn.
    pub url: *const c_char,
    /// HTTP headers for each request, one "Name: value" a line.
    pub headers: *const c_char,
    /// PEM file of certificate authorities trusted besides the built-in ones.
    pub ca_file: *const c_char,
    /// First argument of the callbacks.
    pub rpc_client: *mut c_void,
    /// Callbacks. Copied; the functions and `rpc_client` are used until the fork and every state manager on it are
    /// destroyed.
    pub rpc_vtable: *const ForkRpcVtable,
    /// Block to fork from: decimal or 0x number, 32-byte 0x hash, "latest" (default), "safe", "finalized" or
    /// "earliest". Resolved once. "pending" is refused.
    pub block: *const c_char,
    /// One of FORK_ACCOUNTS_….
    pub account_source: c_int,
    /// How often a request is sent at most, for each URL. Default 4.
    pub max_attempts: u32,
    /// Entries that each of the caches of accounts, slots and code keeps. Default 10,000.
    pub max_cache_size: usize,
    /// Bytes of code that the code cache keeps. Default 256 MiB.
    pub max_code_bytes: usize,
    /// Milliseconds for one HTTP request. Default 30,000.
    pub request_timeout_ms: u32,
    /// Milliseconds for one read with all attempts and the pauses between them. Default 120,000.
    pub total_timeout_ms: u32,
    /// Longest pause before the second attempt, in milliseconds; it doubles with each further one, and the real pause
    /// is random between zero and that. Default 250.
    pub backoff_initial_ms: u32,
    /// Limit to its growth, in milliseconds. Default 8,000.
    pub backoff_max_ms: u32,
    /// JSON-RPC requests in one HTTP body at most; halved when the node refuses. Default 100.
    pub max_batch: usize,
    /// Slots in one eth_getProof at most. Default 256.
    pub max_slots_per_request: usize,
    /// Longest answer, in bytes. Default 64 MiB.
    pub max_response_bytes: usize,
}

const EMPTY: ForkBackendOptions = ForkBackendOptions {
    size: size_of::<ForkBackendOptions>(),
    url: std::ptr::null(),
    headers: std::ptr::null(),
    ca_file: std::ptr::null(),
    rpc_client: std::ptr::null_mut(),
    rpc_vtable: std::ptr::null(),
    block: std::ptr::null(),
    account_source: FORK_ACCOUNTS_AUTO,
    max_attempts: 0,
    max_cache_size: 0,
    max_code_bytes: 0,
    request_timeout_ms: 0,
    total_timeout_ms: 0,
    backoff_initial_ms: 0,
    backoff_max_ms: 0,
    max_batch: 0,
    max_slots_per_request: 0,
    max_response_bytes: 0,
};

fn headers(lines: &str) -> Result<Vec<(String, String)>> {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once(':') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
            None => Err(Error::InvalidInput("headers: a line has no \"Name: value\"".into())),
        })
        .collect()
}

/// # Safety
/// The pointers inside are as the struct documents.
unsafe fn transport(options: &ForkBackendOptions) -> Result<TransportKind> {
    // SAFETY: forwarded.
    let (url, header_lines) =
        unsafe { (buffer::optional_text("url", options.url)?, buffer::optional_text("headers", options.headers)?) };
    // SAFETY: forwarded.
    let ca_file = unsafe { buffer::optional_text("ca_file", options.ca_file) }?;
    let unused = |name: &str| Err(Error::InvalidInput(format!("{name} is given without url")));
    match url {
        Some(_) if !options.rpc_vtable.is_null() => {
            Err(Error::InvalidInput("url and rpc_vtable are given: one of them carries the requests".into()))
        }
        Some(urls) => Ok(TransportKind::Http {
            urls: urls.split_whitespace().map(str::to_owned).collect(),
            headers: headers(header_lines.unwrap_or_default())?,
            ca_certificates: ca_file.map(Into::into),
        }),
        None if header_lines.is_some() => unused("headers"),
        None if ca_file.is_some() => unused("ca_file"),
        None if options.rpc_vtable.is_null() && !options.rpc_client.is_null() => {
            Err(Error::InvalidInput("rpc_client is given without rpc_vtable".into()))
        }
        None if options.rpc_vtable.is_null() => Ok(TransportKind::Host),
        // SAFETY: forwarded.
        None => Ok(TransportKind::Custom(Box::new(unsafe { Callbacks::new(options.rpc_client, options.rpc_vtable) }?))),
    }
}

/// # Safety
/// `options` and the pointers inside are as the struct documents.
pub(super) unsafe fn read(options: *const ForkBackendOptions) -> Result<ForkOptions> {
    // SAFETY: forwarded; all of its fields may be zero.
    let given = unsafe { versioned("ForkBackendOptions", options, EMPTY) }?;
    // SAFETY: forwarded.
    let (transport, block) = unsafe { (transport(&given)?, buffer::optional_text("block", given.block)?) };
    let block = block.map_or(Ok(BlockTag::default()), str::parse)?;
    let account_source = match given.account_source {
        FORK_ACCOUNTS_AUTO => AccountSource::Auto,
        FORK_ACCOUNTS_PROOF => AccountSource::Proof,
        FORK_ACCOUNTS_FIELDS => AccountSource::Fields,
        other => return Err(Error::InvalidInput(format!("account_source {other} is none of FORK_ACCOUNTS_…"))),
    };
    let mut read = ForkOptions { transport, block, account_source, ..ForkOptions::default() };
    let set = |option: &mut usize, value: usize| {
        if value != 0 {
            *option = value;
        }
    };
    let set_time = |option: &mut Duration, milliseconds: u32| {
        if milliseconds != 0 {
            *option = Duration::from_millis(milliseconds.into());
        }
    };
    if given.max_attempts != 0 {
        read.max_attempts = given.max_attempts;
    }
    set(&mut read.max_cache_size, given.max_cache_size);
    set(&mut read.max_code_bytes, given.max_code_bytes);
    set_time(&mut read.request_timeout, given.request_timeout_ms);
    set_time(&mut read.total_timeout, given.total_timeout_ms);
    set_time(&mut read.backoff_initial, given.backoff_initial_ms);
    set_time(&mut read.backoff_max, given.backoff_max_ms);
    set(&mut read.max_batch, given.max_batch);
    set(&mut read.max_slots_per_request, given.max_slots_per_request);
    set(&mut read.max_response_bytes, given.max_response_bytes);
    Ok(read)
}
