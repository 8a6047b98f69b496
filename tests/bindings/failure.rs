//! A failed call as a binding shows it: the status by name, and the library's text.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::null_mut;
use worldstate::ffi::library::{worldstate_error_name, worldstate_last_error};
use worldstate::ffi::status::STATE_MANAGER_SUCCESS;

pub(crate) type Outcome<T> = Result<T, Failure>;

#[derive(Debug)]
pub(crate) struct Failure {
    /// Without the prefix `STATE_MANAGER_ERROR_`.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.text)
    }
}

/// `handle` is the one that the call was made on; NULL for a create.
pub(crate) fn done(handle: *mut c_void, status: c_int) -> Outcome<()> {
    if status == STATE_MANAGER_SUCCESS {
        return Ok(());
    }
    let name = worldstate_error_name(status);
    // SAFETY: a static text.
    let name = unsafe { CStr::from_ptr(name) }.to_str().unwrap();
    let name = name.strip_prefix("STATE_MANAGER_ERROR_").unwrap().to_owned();
    Err(Failure { name, text: last_error(handle) })
}

pub(crate) fn last_error(handle: *mut c_void) -> String {
    let mut length = 0;
    // SAFETY: a question for the length.
    let status = unsafe { worldstate_last_error(handle, null_mut(), 0, &raw mut length) };
    assert_eq!(status, STATE_MANAGER_SUCCESS);
    let mut text = vec![0_u8; length + 1];
    // SAFETY: the buffer is as long as said.
    let status = unsafe { worldstate_last_error(handle, text.as_mut_ptr().cast(), text.len(), &raw mut length) };
    assert_eq!(status, STATE_MANAGER_SUCCESS);
    text.truncate(length);
    String::from_utf8(text).unwrap()
}
