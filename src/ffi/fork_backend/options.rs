//! Options of a fork.

use super::callback::{Callbacks, ForkRpcVtable};
use crate::error::{Error, Result};
use crate::ffi::buffer;
use crate::ffi::versioned::versioned;
use crate::fork::{AccountSource, BlockTag, ForkOptions, Log, LogLevel, TransportKind, Verify};
use alloy_primitives::B256;
use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;
use std::time::Duration;

/// eth_getProof, or as FORK_ACCOUNTS_FIELDS once the node turns out not to have it, or to take long for it: where 64
/// accounts or more are asked for at once over URLs and without a rate limit, 16 of them show that, and more than 1 ms for
/// each is long.
pub const FORK_ACCOUNTS_AUTO: c_int = 0;
/// eth_getProof only.
pub const FORK_ACCOUNTS_PROOF: c_int = 1;
/// eth_getBalance, eth_getTransactionCount, eth_getCode and eth_getStorageAt.
pub const FORK_ACCOUNTS_FIELDS: c_int = 2;

/// Answers are believed.
pub const FORK_VERIFY_OFF: c_int = 0;
/// Answers are checked against the state root in the header whose hash is `trusted`. Where `block` is the newest, the
/// default, this one takes its place. Hashes of earlier blocks are checked by the headers between, 1,024 at most.
pub const FORK_VERIFY_BLOCK_HASH: c_int = 1;
/// Answers are checked against the state root `trusted`, which the header of the block must have; what else it says is
/// only known to be consistent.
pub const FORK_VERIFY_STATE_ROOT: c_int = 2;

/// What was given up or set aside.
pub const FORK_LOG_ERROR: c_int = 1;
/// What will be tried again.
pub const FORK_LOG_WARNING: c_int = 2;
/// What was opened, found out, learnt.
pub const FORK_LOG_INFO: c_int = 3;
/// Each body sent and each answer.
pub const FORK_LOG_DEBUG: c_int = 4;

/// How fork_backend_open opens a fork. Begin with FORK_BACKEND_OPTIONS_INIT; 0 or NULL stands for the default.
///
/// Who carries the requests: the library itself, over HTTP, when `url` is given; the callbacks of `rpc_vtable` when that
/// is given; the host, with fork_backend_next_request or fork_backend_next_batch, when neither is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ForkBackendOptions {
    /// sizeof(ForkBackendOptions).
    pub size: usize,
    /// http:// or https:// URL of the node, or (on Unix) the path of its IPC socket: "ipc:///path", "/path", or a path
    /// that ends in ".ipc". Several, separated by spaces or newlines, are tried in turn.
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
    /// HTTP bodies under way at once. Default 8.
    pub max_concurrent: usize,
    /// JSON-RPC requests a second at most. Default: no limit. Not for the host's own carrying.
    pub requests_per_second: u32,
    /// Compute units a second at most, as providers count them. Default: no limit. Not for the host's own carrying.
    pub compute_units_per_second: u32,
    /// What FORK_VERIFY_… needs: 32 bytes. With FORK_VERIFY_BLOCK_HASH NULL stands for the hash that `block` is.
    pub trusted: *const u8,
    /// One of FORK_VERIFY_…: every account, slot and code is checked, or believed. A wrong answer is PROOF_INVALID, kept
    /// nowhere, and asked for at the next URL where there is one.
    pub verify: c_int,
    /// Not 0: never ask a node. What is neither in the cache nor in the recording is OFFLINE. Needs no carrier.
    pub offline: c_int,
    /// Bytes of trie nodes kept in memory for proofs and state roots. Default 256 MiB.
    pub max_proof_bytes: usize,
    /// The chain id that the node must have: another one is WRONG_CHAIN. Default: any.
    pub chain_id: u64,
    /// Names the network in the persistent cache beside its chain id, for chains that share one. Default: the hash of
    /// the genesis block.
    pub network: *const c_char,
    /// Directory of the persistent cache: one file a chain, for any number of processes. Created if it is not there.
    /// Default: no persistent cache.
    pub cache_dir: *const c_char,
    /// Bytes that the file of a chain may have: older blocks leave it first. Default 8 GiB.
    pub cache_max_bytes: u64,
    /// A block with so many on top of it is final: the cache knows it by its number too. Default 128.
    pub safe_depth: u64,
    /// A file of fork_backend_export that values are read from.
    pub recording: *const c_char,
    /// Milliseconds after which a block that is not final is looked up again, to notice that the chain has dropped it.
    /// Default 12,000.
    pub reorg_check_ms: u32,
    /// Not 0: keep what executions touch, for each contract and selector, so that the next one with the same asks for
    /// all of it at once. In the persistent cache where there is one.
    pub remember_touched: c_int,
    /// Told what happens, one line at a time, without a newline. Called on threads that are inside a call of this
    /// library, by several at once when several are, and on no others. It must not call the fork, and must not unwind.
    /// Default: nobody is told anything.
    pub log: Option<unsafe extern "C" fn(context: *mut c_void, level: c_int, text: *const c_char)>,
    /// First argument of `log`; used until the fork and every state manager on it are destroyed.
    pub log_context: *mut c_void,
    /// The least important of FORK_LOG_… that is told. Default FORK_LOG_WARNING.
    pub log_level: c_int,
    /// 0.
    pub reserved: c_int,
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
    max_concurrent: 0,
    requests_per_second: 0,
    compute_units_per_second: 0,
    trusted: std::ptr::null(),
    verify: FORK_VERIFY_OFF,
    offline: 0,
    max_proof_bytes: 0,
    chain_id: 0,
    network: std::ptr::null(),
    cache_dir: std::ptr::null(),
    cache_max_bytes: 0,
    safe_depth: 0,
    recording: std::ptr::null(),
    reorg_check_ms: 0,
    remember_touched: 0,
    log: None,
    log_context: std::ptr::null_mut(),
    log_level: 0,
    reserved: 0,
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
    set(&mut read.max_concurrent, given.max_concurrent);
    set(&mut read.max_proof_bytes, given.max_proof_bytes);
    set_time(&mut read.reorg_check, given.reorg_check_ms);
    read.requests_per_second = given.requests_per_second;
    read.compute_units_per_second = given.compute_units_per_second;
    // SAFETY: forwarded.
    read.verify = unsafe { verify(&given, &read.block) }?;
    read.offline = given.offline != 0;
    read.chain_id = (given.chain_id != 0).then_some(given.chain_id);
    if given.cache_max_bytes != 0 {
        read.cache_max_bytes = given.cache_max_bytes;
    }
    if given.safe_depth != 0 {
        read.safe_depth = given.safe_depth;
    }
    // SAFETY: forwarded.
    unsafe {
        read.network = buffer::optional_text("network", given.network)?.map(str::to_owned);
        read.cache_dir = buffer::optional_text("cache_dir", given.cache_dir)?.map(Into::into);
        read.recording = buffer::optional_text("recording", given.recording)?.map(Into::into);
    }
    read.remember_touched = given.remember_touched != 0;
    read.log = log(&given)?;
    if given.reserved != 0 {
        return Err(Error::InvalidInput("ForkBackendOptions.reserved is not 0".into()));
    }
    Ok(read)
}

/// # Safety
/// `trusted` is as the struct documents.
unsafe fn verify(options: &ForkBackendOptions, block: &BlockTag) -> Result<Verify> {
    let trusted = if options.trusted.is_null() {
        None
    } else {
        // SAFETY: by contract.
        Some(B256::from(unsafe { buffer::bytes::<32>("trusted", options.trusted) }?))
    };
    let named = if let BlockTag::Hash(hash) = block { Some(*hash) } else { None };
    match (options.verify, trusted, named) {
        (FORK_VERIFY_OFF, None, _) => Ok(Verify::Off),
        (FORK_VERIFY_OFF, Some(_), _) => Err(Error::InvalidInput("trusted is given without verify".into())),
        (FORK_VERIFY_BLOCK_HASH, Some(hash), _) | (FORK_VERIFY_BLOCK_HASH, None, Some(hash)) => {
            Ok(Verify::BlockHash(hash))
        }
        (FORK_VERIFY_BLOCK_HASH, None, None) => {
            Err(Error::InvalidInput("FORK_VERIFY_BLOCK_HASH needs a trusted hash, or a hash as the block".into()))
        }
        (FORK_VERIFY_STATE_ROOT, Some(root), _) => Ok(Verify::StateRoot(root)),
        (FORK_VERIFY_STATE_ROOT, None, _) => {
            Err(Error::InvalidInput("FORK_VERIFY_STATE_ROOT needs a trusted state root".into()))
        }
        (other, ..) => Err(Error::InvalidInput(format!("verify {other} is none of FORK_VERIFY_…"))),
    }
}

/// The host's log function.
struct HostLog {
    function: unsafe extern "C" fn(*mut c_void, c_int, *const c_char),
    context: *mut c_void,
}

// SAFETY: the host is told that the function is called by any thread, with this context.
unsafe impl Send for HostLog {}
// SAFETY: likewise.
unsafe impl Sync for HostLog {}

impl HostLog {
    fn write(&self, level: LogLevel, text: &str) {
        let level = match level {
            LogLevel::Error => FORK_LOG_ERROR,
            LogLevel::Warning => FORK_LOG_WARNING,
            LogLevel::Info => FORK_LOG_INFO,
            LogLevel::Debug => FORK_LOG_DEBUG,
        };
        let line: Vec<u8> = text.bytes().map(|byte| if byte < b' ' { b' ' } else { byte }).collect();
        // Without control characters there is no NUL inside.
        let Ok(line) = CString::new(line) else { return };
        // SAFETY: the host keeps function and context as the struct documents.
        unsafe { (self.function)(self.context, level, line.as_ptr()) };
    }
}

fn log(options: &ForkBackendOptions) -> Result<Option<Log>> {
    let Some(function) = options.log else {
        return if options.log_level != 0 || !options.log_context.is_null() {
            Err(Error::InvalidInput("log_level or log_context is given without log".into()))
        } else {
            Ok(None)
        };
    };
    let level = match options.log_level {
        FORK_LOG_ERROR => LogLevel::Error,
        0 | FORK_LOG_WARNING => LogLevel::Warning,
        FORK_LOG_INFO => LogLevel::Info,
        FORK_LOG_DEBUG => LogLevel::Debug,
        other => return Err(Error::InvalidInput(format!("log_level {other} is none of FORK_LOG_…"))),
    };
    let host = HostLog { function, context: options.log_context };
    Ok(Some(Log { level, write: Arc::new(move |level, text| host.write(level, text)) }))
}
