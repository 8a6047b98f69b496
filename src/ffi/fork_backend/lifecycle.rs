//! Opening and destroying forks.

use super::callback::{Callbacks, ForkRpcVtable};
use super::options::{self, ForkBackendOptions};
use crate::error::Error;
use crate::ffi::buffer::{self, Out};
use crate::ffi::guard;
use crate::ffi::handle::{self, ForkBackendHandle, Kind, Object};
use crate::fork::{Fork, ForkOptions, TransportKind};
use std::ffi::{c_char, c_int, c_void};

/// The plain way to a fork: it asks with eth_getProof and eth_getCode only and passes `block_tag` on as given
/// ("pending" is refused), in each request. With `rpc_vtable` NULL the host carries the requests, with
/// fork_backend_next_request and fork_backend_continue; `rpc_client` must then be NULL. `max_cache_size` 0 stands for
/// 10,000 entries. NULL on failure: worldstate_last_error(NULL, …) says why. fork_backend_open does all the rest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_create(
    rpc_client: *mut c_void,
    rpc_vtable: *const ForkRpcVtable,
    block_tag: *const c_char,
    max_cache_size: usize,
) -> ForkBackendHandle {
    let handle = guard::create(|| {
        // SAFETY: pointers as the interface's contract says.
        let tag = unsafe { buffer::text("block_tag", block_tag) }?;
        let transport = if !rpc_vtable.is_null() {
            // SAFETY: likewise.
            TransportKind::Custom(Box::new(unsafe { Callbacks::new(rpc_client, rpc_vtable) }?))
        } else if rpc_client.is_null() {
            TransportKind::Host
        } else {
            return Err(Error::InvalidInput("rpc_client is given without rpc_vtable".into()));
        };
        let max_cache_size = if max_cache_size == 0 { ForkOptions::default().max_cache_size } else { max_cache_size };
        Ok(Object::ForkBackend(Fork::create(tag, max_cache_size, transport)?))
    });
    std::ptr::without_provenance_mut(handle)
}

/// Opens a fork and writes its handle to `out`. Over HTTP or callbacks, the block and the chain id are asked for at
/// once; with the host as carrier they are the first requests it gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_open(options: *const ForkBackendOptions, out: *mut ForkBackendHandle) -> c_int {
    guard::bare(|| {
        // SAFETY: pointers as the interface's contract says.
        let (options, out) = unsafe { (options::read(options)?, Out::new("out", out)?) };
        let handle = handle::insert(Object::ForkBackend(Fork::open(options)?))?;
        out.write(std::ptr::without_provenance_mut(handle))
    })
}

/// Destroys the handle. State managers on the fork go on; the fork itself ends with the last of them. With the host as
/// carrier nobody can answer then: what is not fetched yet stays RPC_PENDING. NULL and dead handles are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn fork_backend_destroy(handle: ForkBackendHandle) {
    guard::destroy(handle.addr(), Kind::ForkBackend);
}

/// The block that the fork is pinned to: chain id, number and hash (32 bytes), each output NULL where it is not wanted.
/// RPC_PENDING while the host has not answered yet; INVALID_STATE for a fork of fork_backend_create, which is not
/// pinned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_get_block(
    handle: ForkBackendHandle,
    out_chain_id: *mut u64,
    out_number: *mut u64,
    out_hash: *mut u8,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        let block = fork.block()?;
        // SAFETY: pointers as the interface's contract says.
        unsafe {
            if let Ok(out) = Out::new("out_chain_id", out_chain_id) {
                out.write(block.chain_id)?;
            }
            if let Ok(out) = Out::new("out_number", out_number) {
                out.write(block.number)?;
            }
            if let Ok(out) = buffer::out_bytes("out_hash", out_hash) {
                out.write(block.hash.0)?;
            }
        }
        Ok(())
    })
}
