//! The same operations as real C calls, so that both sides of a ratio pay for the call and for copying 32 bytes.
//!
//! Common contract: `floor` comes from [`floor_create`]; addresses are 20 bytes, slots and values 32; every pointer is
//! valid and aligned; nothing is checked. Calls that can fail return 0 on success.

use crate::map::{Floor, SlotRef};
use std::ffi::c_int;

/// A new, empty floor.
#[unsafe(no_mangle)]
pub extern "C" fn floor_create() -> *mut Floor {
    Box::into_raw(Box::default())
}

/// Frees what [`floor_create`] made.
///
/// # Safety
/// The module's common contract, and no use of `floor` afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_destroy(floor: *mut Floor) {
    // SAFETY: the caller hands back what floor_create gave it.
    drop(unsafe { Box::from_raw(floor) });
}

/// What a call through the linker's table costs.
#[unsafe(no_mangle)]
pub extern "C" fn floor_nothing(_floor: *const Floor) -> c_int {
    0
}

/// Copies the slot's value to `value`.
///
/// # Safety
/// The module's common contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_get(
    floor: *const Floor,
    address: *const [u8; 20],
    slot: *const [u8; 32],
    value: *mut [u8; 32],
) -> c_int {
    // SAFETY: the caller keeps the common contract.
    unsafe { *value = (*floor).get(SlotRef { address: &*address, slot: &*slot }) };
    0
}

/// Writes the slot.
///
/// # Safety
/// The module's common contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_set(
    floor: *mut Floor,
    address: *const [u8; 20],
    slot: *const [u8; 32],
    value: *const [u8; 32],
) -> c_int {
    // SAFETY: the caller keeps the common contract.
    unsafe { (*floor).set(SlotRef { address: &*address, slot: &*slot }, &*value) };
    0
}

/// Copies the balance to `value`.
///
/// # Safety
/// The module's common contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_balance_get(
    floor: *const Floor,
    address: *const [u8; 20],
    value: *mut [u8; 32],
) -> c_int {
    // SAFETY: the caller keeps the common contract.
    unsafe { *value = (*floor).balance(&*address) };
    0
}

/// Writes the balance.
///
/// # Safety
/// The module's common contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_balance_set(
    floor: *mut Floor,
    address: *const [u8; 20],
    value: *const [u8; 32],
) -> c_int {
    // SAFETY: the caller keeps the common contract.
    unsafe { (*floor).set_balance(&*address, *value) };
    0
}

/// Sets a mark: the floor's checkpoint and its snapshot. `mark` gets its index.
///
/// # Safety
/// The module's common contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_mark(floor: *mut Floor, mark: *mut usize) -> c_int {
    // SAFETY: the caller keeps the common contract.
    unsafe { *mark = (*floor).mark() };
    0
}

/// Undoes everything since the newest mark; -1 when there is none.
///
/// # Safety
/// The module's common contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_revert(floor: *mut Floor) -> c_int {
    // SAFETY: the caller keeps the common contract.
    if unsafe { (*floor).revert() } { 0 } else { -1 }
}

/// Undoes everything since `mark`; -1 when there is no such mark.
///
/// # Safety
/// The module's common contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn floor_revert_to(floor: *mut Floor, mark: usize) -> c_int {
    // SAFETY: the caller keeps the common contract.
    if unsafe { (*floor).revert_to(mark) } { 0 } else { -1 }
}
