//! The state as a whole: listings, dump and load, caches.

use crate::error::Error;
use crate::ffi::buffer::{self, KeptText, Out, OutSlice, OutText, TextOf};
use crate::ffi::guard;
use crate::ffi::handle::StateManagerHandle;
use crate::state::{DumpFormat, Source};
use alloy_primitives::{Address, U256};
use std::ffi::{c_char, c_int};

/// The alloc object of geth's genesis file.
pub const STATE_MANAGER_DUMP_GENESIS_ALLOC: c_int = 0;
/// The file of `anvil --dump-state` and `--load-state`, without blocks and transactions.
pub const STATE_MANAGER_DUMP_ANVIL: c_int = 1;

/// Accounts that were written locally and exist, in ascending order: at most `capacity` of those after the address
/// `after` (NULL: from the first), 20 bytes each to `out`, and their number to `out_count`. The listing is at its end
/// when that is less than `capacity`. Accounts that only the chain below a fork has are not listed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_list_accounts(
    handle: StateManagerHandle,
    after: *const u8,
    out: *mut u8,
    capacity: usize,
    out_count: *mut usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let mut out = unsafe { OutSlice::<[u8; 20]>::new("out", out.cast(), capacity) }?;
        // SAFETY: likewise.
        let out_count = unsafe { Out::new("out_count", out_count) }?;
        // SAFETY: likewise.
        let after = if after.is_null() { None } else { Some(unsafe { buffer::address(after) }?) };
        let page: Vec<Address> = state.list_accounts(after, capacity);
        for (position, address) in page.iter().enumerate() {
            out.put(position, address.into_array());
        }
        out_count.write(page.len())
    })
}

/// Slots of the account that were written locally and are not zero, in ascending order: at most `capacity` of those
/// after the slot `after` (32 bytes; NULL: from the first), 32 bytes each to `out_slots`, their values, 32 bytes each,
/// to `out_values`, and their number to `out_count`. The listing is at its end when that is less than `capacity`. Slots
/// that only the chain below a fork has are not listed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_list_storage(
    handle: StateManagerHandle,
    address: *const u8,
    after: *const u8,
    out_slots: *mut u8,
    out_values: *mut u8,
    capacity: usize,
    out_count: *mut usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let address = unsafe { buffer::address(address) }?;
        // SAFETY: likewise.
        let mut slots = unsafe { OutSlice::<[u8; 32]>::new("out_slots", out_slots.cast(), capacity) }?;
        // SAFETY: likewise.
        let mut values = unsafe { OutSlice::<[u8; 32]>::new("out_values", out_values.cast(), capacity) }?;
        // SAFETY: likewise.
        let out_count = unsafe { Out::new("out_count", out_count) }?;
        // SAFETY: likewise.
        let after = if after.is_null() { None } else { Some(unsafe { buffer::word("after", after) }?) };
        let page: Vec<(U256, U256)> = state.list_storage(address, after, capacity);
        for (position, (slot, value)) in page.iter().enumerate() {
            slots.put(position, buffer::to_big_endian(*slot));
            values.put(position, buffer::to_big_endian(*value));
        }
        out_count.write(page.len())
    })
}

/// Every account that was written locally and exists, with its local slots, as JSON: STATE_MANAGER_DUMP_GENESIS_ALLOC
/// or STATE_MANAGER_DUMP_ANVIL. On a fork, fields that were not written locally are fetched or queued at once; slots and
/// accounts never written locally are not part of it.
///
/// Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
/// alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_dump(
    handle: StateManagerHandle,
    format: c_int,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::state_manager_text(handle.addr(), |state, kept| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        let format = match format {
            STATE_MANAGER_DUMP_GENESIS_ALLOC => DumpFormat::GenesisAlloc,
            STATE_MANAGER_DUMP_ANVIL => DumpFormat::Anvil,
            other => return Err(Error::InvalidInput(format!("dump format {other} is none of STATE_MANAGER_DUMP_…"))),
        };
        KeptText::answer(kept, TextOf::Dump(format), state.version(), &out, || state.dump(format))
    })
}

/// Loads accounts from a dump of `dump_len` bytes and writes their number to `out_count` (NULL: not wanted): geth's
/// genesis alloc, bare or in its genesis file; the file of `anvil --dump-state`; the answer of `anvil_dumpState`. Each
/// account replaces what the state has at its address, others stay. All or nothing: a flaw, which the error text names,
/// leaves the state as it was. Undone by reverts like any write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_load(
    handle: StateManagerHandle,
    dump: *const u8,
    dump_len: usize,
    out_count: *mut usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let dump = unsafe { buffer::slice("dump", dump, dump_len) }?;
        let count = state.load(dump)?;
        // SAFETY: likewise.
        if let Ok(out) = unsafe { Out::new("out_count", out_count) } {
            out.write(count)?;
        }
        Ok(())
    })
}

/// Forgets all local writes, checkpoints and snapshots; a fork below stays. Snapshot ids go on counting.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_reset(handle: StateManagerHandle) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        state.reset();
        Ok(())
    })
}

/// Forgets what can be made or fetched again; never a local write.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_clear_caches(handle: StateManagerHandle) -> c_int {
    guard::state_manager_text(handle.addr(), |state, kept| {
        *kept = None;
        state.clear_caches();
        Ok(())
    })
}

/// Forgets what the fork below has fetched, for all state managers on it. No effect without fork.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_clear_fork_cache(handle: StateManagerHandle) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        if let Some(source) = state.source() {
            Source::clear_cache(&**source);
        }
        Ok(())
    })
}
