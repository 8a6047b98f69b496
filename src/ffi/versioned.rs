//! Structs that begin with their size, so that they can grow.

use crate::error::{Error, Result};

/// No version of a struct is larger: a size beyond is a struct that was not initialised.
const MAX_STRUCT: usize = 4096;

/// # Safety
/// `pointer` points to a `usize`, aligned or not.
unsafe fn checked_size<T>(name: &str, pointer: *const usize) -> Result<usize> {
    // SAFETY: by contract.
    let size = unsafe { pointer.read_unaligned() };
    if (size_of::<usize>()..=MAX_STRUCT).contains(&size) {
        return Ok(size);
    }
    Err(Error::InvalidInput(format!("{name}.size is {size} instead of {}", size_of::<T>())))
}

/// The caller's struct, of whatever version of this header it was compiled with: what an older one lacks is as in
/// `empty`, what a newer one has beyond ours must be zero.
///
/// # Safety
/// `pointer` is NULL or points to a `usize` size, with that many readable bytes from `pointer` on. `T` is `repr(C)`,
/// begins with that size, and is valid with any of its later fields all zero.
pub(super) unsafe fn versioned<T: Copy>(name: &str, pointer: *const T, empty: T) -> Result<T> {
    if pointer.is_null() {
        return Err(Error::InvalidInput(format!("{name} is NULL")));
    }
    // SAFETY: begins with a size by contract.
    let size = unsafe { checked_size::<T>(name, pointer.cast())? };
    let known = size.min(size_of::<T>());
    for offset in known..size {
        // SAFETY: `size` bytes are readable by contract.
        if unsafe { pointer.cast::<u8>().add(offset).read() } != 0 {
            return Err(Error::InvalidInput(format!("{name} has a field that this version does not know")));
        }
    }
    let mut ours = empty;
    // SAFETY: `known` bytes are readable by contract and fit into `ours`.
    unsafe { std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), (&raw mut ours).cast::<u8>(), known) };
    Ok(ours)
}

/// Writes `ours` to a caller's struct of whatever version, whose size field stays as it is: what an older one lacks is
/// left out, what a newer one has beyond ours is zeroed.
///
/// # Safety
/// `pointer` is NULL or points to a `usize` size, with that many writable bytes from `pointer` on. `T` is `repr(C)`, has
/// no padding and begins with that size.
pub(super) unsafe fn versioned_out<T: Copy>(name: &str, pointer: *mut T, ours: &T) -> Result<()> {
    if pointer.is_null() {
        return Err(Error::InvalidInput(format!("{name} is NULL")));
    }
    // SAFETY: begins with a size by contract.
    let size = unsafe { checked_size::<T>(name, pointer.cast())? };
    let (known, header) = (size.min(size_of::<T>()), size_of::<usize>());
    let (from, to) = (std::ptr::from_ref(ours).cast::<u8>(), pointer.cast::<u8>());
    // SAFETY: `size` bytes are writable by contract, `known` of them readable in `ours`.
    unsafe {
        std::ptr::copy_nonoverlapping(from.add(header), to.add(header), known - header);
        std::ptr::write_bytes(to.add(known), 0, size - known);
    }
    Ok(())
}
