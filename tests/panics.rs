//! Panics inside the library are silent; those of a host that is a Rust program itself are not.
#![cfg(feature = "test-hooks")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{catch_unwind, set_hook};
use std::sync::atomic::{AtomicUsize, Ordering};
use worldstate::ffi::fork_backend::callback::{ForkRpcVtable, fork_reply_fail};
use worldstate::ffi::fork_backend::lifecycle::fork_backend_create;
use worldstate::ffi::handle::ForkReplyHandle;
use worldstate::ffi::library::{worldstate_last_error, worldstate_test_panic};
use worldstate::ffi::state_manager::bytes::state_manager_get_nonce_bytes;
use worldstate::ffi::state_manager::lifecycle::{
    state_manager_create, state_manager_create_with_fork, state_manager_destroy,
};
use worldstate::ffi::status::STATE_MANAGER_ERROR_INTERNAL;

static SHOWN: AtomicUsize = AtomicUsize::new(0);

fn shown() -> usize {
    SHOWN.swap(0, Ordering::Relaxed)
}

fn host_panics() {
    assert!(catch_unwind(|| panic!("the host's own")).is_err());
}

unsafe extern "C" fn panics_inside(
    other: *mut c_void,
    _: *const c_char,
    _: *const c_char,
    reply: ForkReplyHandle,
) -> c_int {
    host_panics();
    assert_eq!(shown(), 1, "the host's panic in a callback is the host's");
    assert_eq!(worldstate_test_panic(other), STATE_MANAGER_ERROR_INTERNAL);
    assert_eq!(shown(), 0, "the library's panic in a callback is the library's");
    // SAFETY: no message.
    unsafe { fork_reply_fail(reply, 404, 0, std::ptr::null()) }
}

// One test: the hook is the process's.
#[test]
fn only_the_hosts_panics_reach_its_hook() {
    set_hook(Box::new(|_| {
        SHOWN.fetch_add(1, Ordering::Relaxed);
    }));
    let (broken, other) = (state_manager_create(), state_manager_create());
    assert_eq!(worldstate_test_panic(broken.cast()), STATE_MANAGER_ERROR_INTERNAL);
    assert_eq!(worldstate_test_panic(std::ptr::null()), STATE_MANAGER_ERROR_INTERNAL);
    assert_eq!(shown(), 0);
    host_panics();
    assert_eq!(shown(), 1);
    let mut text = [0_u8; 512];
    let mut length = 0;
    // SAFETY: the buffer is as long as said.
    unsafe { worldstate_last_error(broken.cast(), text.as_mut_ptr().cast(), text.len(), &raw mut length) };
    let text = CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap();
    assert!(text.contains("asked to panic at checkpoint depth 0") && text.contains("library.rs:"), "{text}");

    let vtable = ForkRpcVtable { size: size_of::<ForkRpcVtable>(), request: Some(panics_inside), send: None };
    // SAFETY: the vtable's function takes any reply, and a state manager's handle as payload.
    let fork = unsafe { fork_backend_create(other.cast(), &raw const vtable, c"latest".as_ptr(), 0) };
    let state = state_manager_create_with_fork(fork);
    let mut nonce = 0;
    // SAFETY: both pointers are good.
    assert!(unsafe { state_manager_get_nonce_bytes(state, [0; 20].as_ptr(), &raw mut nonce) } < 0);
    host_panics();
    assert_eq!(shown(), 1);
    for handle in [broken, other, state] {
        state_manager_destroy(handle);
    }
    let _ = std::panic::take_hook();
}
