//! What a fork keeps: in memory, on disk, and in files for other machines.

use crate::error::Result;
use crate::ffi::buffer;
use crate::ffi::guard;
use crate::ffi::handle::ForkBackendHandle;
use crate::state::Source;
use std::ffi::{c_char, c_int};
use std::path::Path;

/// Forgets everything that was fetched and is held in memory. Open requests stay open; the persistent cache and
/// recordings stay too.
#[unsafe(no_mangle)]
pub extern "C" fn fork_backend_clear_cache(handle: ForkBackendHandle) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        fork.clear_cache();
        Ok(())
    })
}

/// Writes what was fetched to the persistent cache, and waits until it is on the disk. Without this call it is written
/// within a second, and when the fork ends. INVALID_STATE for a fork without cache_dir, CACHE when the disk refuses.
///
/// Of a block that is not final, only what a look at the chain has confirmed is written. Where the library or callbacks
/// carry the requests, this call looks: REORG when the block has left the chain, RPC_FAILED when that cannot be found out.
#[unsafe(no_mangle)]
pub extern "C" fn fork_backend_flush(handle: ForkBackendHandle) -> c_int {
    guard::fork_backend(handle.addr(), crate::fork::Fork::flush)
}

/// Writes everything that the fork holds of its block to a file (a recording): what the persistent cache has of it, what
/// was imported, and what the cache in memory has not dropped. The file is there whole or not at all; one of this name
/// is replaced. CACHE when it cannot be written, INVALID_STATE for a fork that is not pinned.
///
/// With the option `recording`, and `offline`, another fork answers from it on a machine without a network. Trie nodes
/// that are in memory are written too, for state_manager_get_proof and state roots. A fork that verifies asks for those
/// that prove the values and that it no longer holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_export(handle: ForkBackendHandle, path: *const c_char) -> c_int {
    // SAFETY: pointers as the interface's contract says.
    guard::fork_backend(handle.addr(), |fork| fork.export(unsafe { file(path) }?))
}

/// Reads a file of fork_backend_export: what it holds is answered from then on, and written to the persistent cache where
/// there is one. CACHE for a file that cannot be read, was cut or altered; INVALID_INPUT for one of another chain or
/// block; PROOF_INVALID when the fork verifies and the file does not prove its values. Nothing of it is kept then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_import(handle: ForkBackendHandle, path: *const c_char) -> c_int {
    // SAFETY: pointers as the interface's contract says.
    guard::fork_backend(handle.addr(), |fork| fork.import(unsafe { file(path) }?))
}

/// # Safety
/// `path` is NULL or text that ends with NUL.
unsafe fn file<'a>(path: *const c_char) -> Result<&'a Path> {
    // SAFETY: forwarded.
    unsafe { buffer::text("path", path) }.map(Path::new)
}
