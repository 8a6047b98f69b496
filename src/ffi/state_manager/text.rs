//! Values as text.

use super::account_status::status_number;
use super::no_block;
use crate::ffi::buffer::{self, Out, OutNumber, OutSlice};
use crate::ffi::guard;
use crate::ffi::handle::StateManagerHandle;
use std::ffi::{c_char, c_int};

/// Balance in wei, as a `0x` quantity. `out_size` is at least 67. Zero for an absent account.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_balance_sync(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    out: *mut c_char,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_text(address_hex)?, OutNumber::new("out", out, out_size)?) };
        out.quantity(state.balance(address)?)
    })
}

/// Sets the balance, in wei: `0x` hex or decimal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_balance(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    balance_hex: *const c_char,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, balance) =
            unsafe { (buffer::address_text(address_hex)?, buffer::quantity_text("balance", balance_hex)?) };
        state.set_balance(address, balance);
        Ok(())
    })
}

/// Nonce. Zero for an absent account.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_nonce_sync(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    out_nonce: *mut u64,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_text(address_hex)?, Out::new("out_nonce", out_nonce)?) };
        out.write(state.nonce(address)?)
    })
}

/// Sets the nonce.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_nonce(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    nonce: u64,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let address = unsafe { buffer::address_text(address_hex) }?;
        state.set_nonce(address, nonce);
        Ok(())
    })
}

/// Value of a storage slot, as `0x` and 64 digits. `out_size` is at least 67. The slot is `0x` and 1 to 64 hex digits,
/// or 64 digits without prefix. Zero where nothing was ever written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_storage_sync(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    slot_hex: *const c_char,
    out: *mut c_char,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, slot) = unsafe { (buffer::address_text(address_hex)?, buffer::word_text("slot", slot_hex)?) };
        // SAFETY: likewise.
        let out = unsafe { OutNumber::new("out", out, out_size) }?;
        out.word(state.storage(address, slot)?)
    })
}

/// Sets a storage slot. Slot and value are `0x` and 1 to 64 hex digits, or 64 digits without prefix.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_storage(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    slot_hex: *const c_char,
    value_hex: *const c_char,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, slot) = unsafe { (buffer::address_text(address_hex)?, buffer::word_text("slot", slot_hex)?) };
        // SAFETY: likewise.
        let value = unsafe { buffer::word_text("value", value_hex) }?;
        state.set_storage(address, slot, value);
        Ok(())
    })
}

/// Length of the code in bytes. Zero for an absent account and for one without code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_code_len_sync(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    out_len: *mut usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_text(address_hex)?, Out::new("out_len", out_len)?) };
        out.write(state.code(address)?.len())
    })
}

/// Copies the code, raw bytes, to `out`: state_manager_get_code_len_sync tells how many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_code_sync(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    out: *mut u8,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_text(address_hex)?, OutSlice::new("out", out, out_size)?) };
        out.fill(&state.code(address)?)
    })
}

/// Sets the code, raw bytes, copied. Length 0 makes the account one without code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_set_code(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    code: *const u8,
    code_len: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, code) = unsafe { (buffer::address_text(address_hex)?, buffer::copied("code", code, code_len)?) };
        state.set_code(address, code.into());
        Ok(())
    })
}

/// keccak-256 of the code, as `0x` and 64 digits. That of no bytes for an account without code, zero for an absent one.
/// `out_size` is at least 67.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_code_hash(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    out: *mut c_char,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_text(address_hex)?, OutNumber::new("out", out, out_size)?) };
        out.hash(state.code_hash(address)?)
    })
}

/// Whether the account exists: one of STATE_MANAGER_ACCOUNT_ABSENT, _EMPTY, _PRESENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_account_status(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    out_status: *mut c_int,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_text(address_hex)?, Out::new("out_status", out_status)?) };
        out.write(status_number(state.status(address)?))
    })
}

/// Makes the account absent, with balance, nonce, code and storage. On a fork the chain's account stays hidden.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_delete_account(handle: StateManagerHandle, address_hex: *const c_char) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let address = unsafe { buffer::address_text(address_hex) }?;
        state.delete_account(address);
        Ok(())
    })
}

/// Sets every slot of the account to zero, on a fork the chain's too. Does not make the account exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_clear_storage(handle: StateManagerHandle, address_hex: *const c_char) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let address = unsafe { buffer::address_text(address_hex) }?;
        state.clear_storage(address);
        Ok(())
    })
}

/// Root of the account's storage trie, as `0x` and 64 digits; the empty root for an absent account. `out_size` is at
/// least 67. On a fork, local slots are applied to the chain's trie, over its proofs: failures as of
/// state_manager_get_state_root; none where the account was deleted or its storage cleared, which needs no proof.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_storage_root(
    handle: StateManagerHandle,
    address_hex: *const c_char,
    out: *mut c_char,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let (address, out) = unsafe { (buffer::address_text(address_hex)?, OutNumber::new("out", out, out_size)?) };
        out.hash(state.storage_root(address)?)
    })
}

/// Root of the state trie, as `0x` and 64 digits. `out_size` is at least 67.
///
/// On a fork, all that was written locally is applied to the chain's trie, over the proofs of the accounts and slots
/// that it concerns, which are fetched or queued in one go: the result is the root of the whole state. A slot or account
/// that is removed and leaves one other node alone in its branch needs that node too, which is fetched where its path is
/// at most 5 nibbles long. INVALID_STATE, naming the node, where the proofs do not suffice; INVALID_STATE on a fork that
/// keeps no proofs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_state_root(
    handle: StateManagerHandle,
    out: *mut c_char,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutNumber::new("out", out, out_size) }?;
        out.hash(state.state_root()?)
    })
}

/// Hash of the fork's ancestor block `number`, or of the fork's block itself, as `0x` and 64 digits. `out_size` is at
/// least 67. INVALID_INPUT for a later block, INVALID_STATE without fork and on one of fork_backend_create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_block_hash(
    handle: StateManagerHandle,
    number: u64,
    out: *mut c_char,
    out_size: usize,
) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutNumber::new("out", out, out_size) }?;
        out.hash(state.block_hash(number)?.ok_or_else(|| no_block(number))?)
    })
}
