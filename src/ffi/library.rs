//! Library-wide functions.

use super::buffer::OutText;
#[cfg(feature = "test-hooks")]
use super::handle::Kind;
use super::{guard, status};
use std::ffi::{c_char, c_int, c_void};

/// Version of the binary interface. It rises when a program built against an older header would break.
pub const WORLDSTATE_ABI_VERSION: u32 = 1;

/// Version of the library, such as "0.1.0". Static text.
#[unsafe(no_mangle)]
pub extern "C" fn worldstate_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// WORLDSTATE_ABI_VERSION of the library that is running. A binding refuses to go on when its header's differs.
#[unsafe(no_mangle)]
pub extern "C" fn worldstate_abi_version() -> u32 {
    WORLDSTATE_ABI_VERSION
}

/// Name of a status, such as "STATE_MANAGER_ERROR_RPC_FAILED"; "STATE_MANAGER_ERROR_UNKNOWN" for a number that is
/// none. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn worldstate_error_name(code: c_int) -> *const c_char {
    status::name(code).as_ptr()
}

/// Text of the last failed call on a handle of any kind, or, with NULL, of this thread's last failed call that had no
/// live handle (a create that gave NULL, a dead handle). Empty when none failed. A call that succeeds leaves it as it is.
///
/// Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
/// alone. Never changes what is the last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn worldstate_last_error(
    handle: *const c_void,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::silent(|| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        guard::last_error(handle.addr(), |text| out.answer(text))
    })
}

/// Panics inside the library, on purpose: in a call on that state manager, fork backend or executor, or in one without
/// handle when `handle` is NULL.
#[cfg(feature = "test-hooks")]
#[expect(clippy::missing_panics_doc, reason = "the guard catches it: that is what is tested")]
#[unsafe(no_mangle)]
pub extern "C" fn worldstate_test_panic(handle: *const c_void) -> c_int {
    match super::handle::claimed_kind(handle.addr()) {
        Some(Kind::ForkBackend) => guard::fork_backend(handle.addr(), |_| panic!("asked to panic in a fork")),
        #[cfg(feature = "evm")]
        Some(Kind::Evm) => {
            guard::evm(handle.addr(), |executor| panic!("asked to panic in an evm: {}", executor.evm.is_active()))
        }
        Some(_) => guard::state_manager(handle.addr(), |state| {
            panic!("asked to panic at checkpoint depth {}", state.checkpoint_depth())
        }),
        None => guard::bare(|| panic!("asked to panic without handle")),
    }
}
