//! Fetching ahead.

use crate::error::{Error, Result};
use crate::ffi::buffer;
use crate::ffi::guard;
use crate::ffi::handle::ForkBackendHandle;
use crate::json;
use crate::state::Request;
use alloy_primitives::{Address, U256};
use std::ffi::{c_char, c_int};

/// Fetch the code as well.
pub const FORK_PREFETCH_CODE: u32 = 1;

/// Makes `count` accounts (20 bytes each) with their slots ready in as few round trips as the limits allow.
/// `slot_counts[i]` is the number of slots of addresses[i], and `slots` has the slots of all of them one after another,
/// 32 bytes each; `slot_counts` may be NULL for no slots. `flags` is 0 or FORK_PREFETCH_CODE. With the host as carrier:
/// RPC_PENDING while requests are open, SUCCESS once everything is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_prefetch(
    handle: ForkBackendHandle,
    addresses: *const u8,
    slot_counts: *const usize,
    count: usize,
    slots: *const u8,
    flags: u32,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let addresses = unsafe { buffer::slice::<[u8; 20]>("addresses", addresses.cast(), count) }?;
        let counts = if slot_counts.is_null() { 0 } else { count };
        // SAFETY: likewise.
        let slot_counts = unsafe { buffer::slice("slot_counts", slot_counts, counts) }?;
        let total = slot_counts.iter().try_fold(0usize, |sum, count| sum.checked_add(*count));
        let total = total.ok_or_else(|| Error::InvalidInput("slot_counts overflow".into()))?;
        // SAFETY: likewise.
        let slots = unsafe { buffer::slice::<[u8; 32]>("slots", slots.cast(), total) }?;
        fork.prefetch(&wanted(addresses, slot_counts, slots, flags)?)
    })
}

/// fork_backend_prefetch for an access list (EIP-2930): JSON as eth_createAccessList returns it, or the array alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_prefetch_access_list(
    handle: ForkBackendHandle,
    access_list: *const c_char,
    flags: u32,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let text = unsafe { buffer::text("access_list", access_list) }?;
        let value = json::parse("the access list", text)?;
        let list = value.get("accessList").unwrap_or(&value);
        let entries = json::access_list("the access list", json::array("the access list", list)?)?;
        let code = wants_code(flags)?;
        let mut requests = Vec::new();
        for (address, slots) in entries {
            requests.push(Request::Account(address));
            requests.extend(code.then_some(Request::Code(address)));
            requests.extend(slots.into_iter().map(|slot| Request::Storage(address, slot)));
        }
        requests.sort_unstable();
        requests.dedup();
        fork.prefetch(&requests)
    })
}

/// fork_backend_prefetch for `count` slots of one account (20 bytes), beginning with `first_slot` (32 bytes): an array in
/// storage, for instance. After the last slot, 2^256 - 1, comes slot 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_prefetch_range(
    handle: ForkBackendHandle,
    address: *const u8,
    first_slot: *const u8,
    count: usize,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let (address, first) = unsafe { (buffer::address(address)?, buffer::word("first_slot", first_slot)?) };
        fork.prefetch_range(address, first, count)
    })
}

fn wants_code(flags: u32) -> Result<bool> {
    if flags & !FORK_PREFETCH_CODE != 0 {
        return Err(Error::InvalidInput(format!("flags {flags:#x} has bits that are none of FORK_PREFETCH_…")));
    }
    Ok(flags & FORK_PREFETCH_CODE != 0)
}

fn wanted(addresses: &[[u8; 20]], slot_counts: &[usize], slots: &[[u8; 32]], flags: u32) -> Result<Vec<Request>> {
    let code = wants_code(flags)?;
    let mut requests = Vec::with_capacity(addresses.len() + slots.len());
    let mut slots = slots.iter();
    let counts = slot_counts.iter().copied().chain(std::iter::repeat(0));
    for (address, count) in addresses.iter().map(Address::from).zip(counts) {
        requests.push(Request::Account(address));
        requests.extend(code.then_some(Request::Code(address)));
        let own = slots.by_ref().take(count);
        requests.extend(own.map(|slot| Request::Storage(address, U256::from_be_bytes(*slot))));
    }
    Ok(requests)
}
