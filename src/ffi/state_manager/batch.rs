//! Many values at a time. Arrays stand one after another without gaps: 20 bytes an address, 32 a word.

use super::account_status::status_number;
use crate::ffi::buffer::{self, OutSlice};
use crate::ffi::guard;
use crate::ffi::handle::StateManagerHandle;
use alloy_primitives::Address;
use std::ffi::c_int;

/// Values of `count` slots, slots[i] of addresses[i]: 32 bytes each to `out`. On a fork, everything that is missing is
/// fetched or queued at once; nothing is written unless all values are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_storage_batch(
    handle: StateManagerHandle,
    addresses: *const u8,
    slots: *const u8,
    count: usize,
    out: *mut u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let addresses = unsafe { buffer::slice::<[u8; 20]>("addresses", addresses.cast(), count) }?;
        // SAFETY: likewise.
        let slots = unsafe { buffer::slice::<[u8; 32]>("slots", slots.cast(), count) }?;
        // SAFETY: likewise.
        let mut out = unsafe { OutSlice::<[u8; 32]>::new("out", out.cast(), count) }?;
        let keys = addresses.iter().zip(slots);
        let keys = keys.map(|(address, slot)| (Address::from(*address), buffer::from_big_endian(*slot)));
        state.storage_batch(keys, |position, value| out.put(position, buffer::to_big_endian(value)))
    })
}

/// Sets `count` slots in order: slots[i] of addresses[i] to values[i].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_storage_batch(
    handle: StateManagerHandle,
    addresses: *const u8,
    slots: *const u8,
    values: *const u8,
    count: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let addresses = unsafe { buffer::slice::<[u8; 20]>("addresses", addresses.cast(), count) }?;
        // SAFETY: likewise.
        let slots = unsafe { buffer::slice::<[u8; 32]>("slots", slots.cast(), count) }?;
        // SAFETY: likewise.
        let values = unsafe { buffer::slice::<[u8; 32]>("values", values.cast(), count) }?;
        for ((address, slot), value) in addresses.iter().zip(slots).zip(values) {
            state.set_storage(address.into(), buffer::from_big_endian(*slot), buffer::from_big_endian(*value));
        }
        Ok(())
    })
}

/// `count` accounts: balances (32 bytes each), nonces, code hashes (32 bytes each) and statuses
/// (STATE_MANAGER_ACCOUNT_…), each output NULL where it is not wanted. On a fork, everything that is missing is fetched
/// or queued at once; nothing is written unless all accounts are there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_account_batch(
    handle: StateManagerHandle,
    addresses: *const u8,
    count: usize,
    out_balances: *mut u8,
    out_nonces: *mut u64,
    out_code_hashes: *mut u8,
    out_statuses: *mut c_int,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let addresses = unsafe { buffer::slice::<[u8; 20]>("addresses", addresses.cast(), count) }?;
        // SAFETY: likewise.
        let mut balances = unsafe { OutSlice::<[u8; 32]>::optional(out_balances.cast(), count) };
        // SAFETY: likewise.
        let mut nonces = unsafe { OutSlice::optional(out_nonces, count) };
        // SAFETY: likewise.
        let mut code_hashes = unsafe { OutSlice::<[u8; 32]>::optional(out_code_hashes.cast(), count) };
        // SAFETY: likewise.
        let mut statuses = unsafe { OutSlice::optional(out_statuses, count) };
        let addresses: Vec<Address> = addresses.iter().map(Address::from).collect();
        for (position, account) in state.account_batch(&addresses)?.into_iter().enumerate() {
            if let Some(out) = &mut balances {
                out.put(position, buffer::to_big_endian(account.balance));
            }
            if let Some(out) = &mut nonces {
                out.put(position, account.nonce);
            }
            if let Some(out) = &mut code_hashes {
                out.put(position, account.code_hash.0);
            }
            if let Some(out) = &mut statuses {
                out.put(position, status_number(account.status));
            }
        }
        Ok(())
    })
}

/// Sets balances (32 bytes each) and nonces of `count` accounts in order; an array is NULL where it is not wanted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_account_batch(
    handle: StateManagerHandle,
    addresses: *const u8,
    balances: *const u8,
    nonces: *const u64,
    count: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        let (balance_count, nonce_count) =
            (if balances.is_null() { 0 } else { count }, if nonces.is_null() { 0 } else { count });
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let addresses = unsafe { buffer::slice::<[u8; 20]>("addresses", addresses.cast(), count) }?;
        // SAFETY: likewise.
        let balances = unsafe { buffer::slice::<[u8; 32]>("balances", balances.cast(), balance_count) }?;
        // SAFETY: likewise.
        let nonces = unsafe { buffer::slice("nonces", nonces, nonce_count) }?;
        for (address, balance) in addresses.iter().zip(balances) {
            state.set_balance(address.into(), buffer::from_big_endian(*balance));
        }
        for (address, nonce) in addresses.iter().zip(nonces) {
            state.set_nonce(address.into(), *nonce);
        }
        Ok(())
    })
}
