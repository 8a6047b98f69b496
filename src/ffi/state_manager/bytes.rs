//! The same values as big-endian bytes: addresses of 20, words and hashes of 32.

use super::account_status::status_number;
use super::no_block;
use crate::ffi::buffer::{self, Out, OutSlice};
use crate::ffi::guard;
use crate::ffi::handle::StateManagerHandle;
use std::ffi::c_int;

/// Balance in wei: 32 bytes to `out`. Zero for an absent account.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_balance_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    out: *mut u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_ref(address)?, buffer::out_bytes("out", out)?) };
        state.balance_with(address, |balance| out.write(buffer::to_big_endian(balance)))?
    })
}

/// Sets the balance, in wei: 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_balance_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    balance: *const u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, balance) = unsafe { (buffer::address(address)?, buffer::word("balance", balance)?) };
        state.set_balance(address, balance);
        Ok(())
    })
}

/// Nonce. Zero for an absent account.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_nonce_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    out_nonce: *mut u64,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address(address)?, Out::new("out_nonce", out_nonce)?) };
        out.write(state.nonce(address)?)
    })
}

/// Sets the nonce.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_nonce_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    nonce: u64,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let address = unsafe { buffer::address(address) }?;
        state.set_nonce(address, nonce);
        Ok(())
    })
}

/// Value of a storage slot: 32 bytes to `out`. Zero where nothing was ever written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_storage_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    slot: *const u8,
    out: *mut u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, slot) = unsafe { (buffer::address_ref(address)?, buffer::word("slot", slot)?) };
        // SAFETY: likewise.
        let out = unsafe { buffer::out_bytes("out", out) }?;
        state.storage_with(address, slot, |value| out.write(buffer::to_big_endian(value)))?
    })
}

/// Sets a storage slot: 32 bytes each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_storage_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    slot: *const u8,
    value: *const u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, slot) = unsafe { (buffer::address(address)?, buffer::word("slot", slot)?) };
        // SAFETY: likewise.
        let value = unsafe { buffer::word("value", value) }?;
        state.set_storage(address, slot, value);
        Ok(())
    })
}

/// Length of the code in bytes. Zero for an absent account and for one without code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_code_len_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    out_len: *mut usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address(address)?, Out::new("out_len", out_len)?) };
        out.write(state.code(address)?.len())
    })
}

/// Copies the code to `out`: state_manager_get_code_len_bytes tells how many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_code_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    out: *mut u8,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address(address)?, OutSlice::new("out", out, out_size)?) };
        out.fill(&state.code(address)?)
    })
}

/// Sets the code, copied. Length 0 makes the account one without code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_code_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    code: *const u8,
    code_len: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, code) = unsafe { (buffer::address(address)?, buffer::copied("code", code, code_len)?) };
        state.set_code(address, code.into());
        Ok(())
    })
}

/// keccak-256 of the code: 32 bytes to `out`. That of no bytes for an account without code, zero for an absent one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_code_hash_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    out: *mut u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address(address)?, buffer::out_bytes("out", out)?) };
        out.write(state.code_hash(address)?.0)
    })
}

/// Whether the account exists: one of STATE_MANAGER_ACCOUNT_ABSENT, _EMPTY, _PRESENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_account_status_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    out_status: *mut c_int,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address(address)?, Out::new("out_status", out_status)?) };
        out.write(status_number(state.status(address)?))
    })
}

/// Makes the account absent, with balance, nonce, code and storage. On a fork the chain's account stays hidden.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_delete_account_bytes(handle: StateManagerHandle, address: *const u8) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let address = unsafe { buffer::address(address) }?;
        state.delete_account(address);
        Ok(())
    })
}

/// Sets every slot of the account to zero, on a fork the chain's too. Does not make the account exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_clear_storage_bytes(handle: StateManagerHandle, address: *const u8) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let address = unsafe { buffer::address(address) }?;
        state.clear_storage(address);
        Ok(())
    })
}

/// Root of the account's storage trie: 32 bytes to `out`. Failures as of state_manager_get_storage_root.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_storage_root_bytes(
    handle: StateManagerHandle,
    address: *const u8,
    out: *mut u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address(address)?, buffer::out_bytes("out", out)?) };
        out.write(state.storage_root(address)?.0)
    })
}

/// Root of the state trie: 32 bytes to `out`. Failures as of state_manager_get_state_root.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_state_root_bytes(handle: StateManagerHandle, out: *mut u8) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { buffer::out_bytes("out", out) }?;
        out.write(state.state_root()?.0)
    })
}

/// Hash of the fork's ancestor block `number`, or of the fork's block itself: 32 bytes to `out`. Failures as of
/// state_manager_get_block_hash.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_block_hash_bytes(
    handle: StateManagerHandle,
    number: u64,
    out: *mut u8,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { buffer::out_bytes("out", out) }?;
        out.write(state.block_hash(number)?.ok_or_else(|| no_block(number))?.0)
    })
}
