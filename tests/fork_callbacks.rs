//! What a `request` callback may leave as its reply.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null_mut;
use worldstate::ffi::fork_backend::callback::{ForkRpcVtable, fork_reply_body};
use worldstate::ffi::fork_backend::lifecycle::{fork_backend_create, fork_backend_destroy};
use worldstate::ffi::handle::ForkReplyHandle;
use worldstate::ffi::library::worldstate_last_error;
use worldstate::ffi::state_manager::lifecycle::{state_manager_create_with_fork, state_manager_destroy};
use worldstate::ffi::state_manager::text::state_manager_get_balance_sync;

/// Leaves the text that `client` points to.
unsafe extern "C" fn leave(client: *mut c_void, _: *const c_char, _: *const c_char, reply: ForkReplyHandle) -> c_int {
    // SAFETY: `balance` passes a C string.
    let text = unsafe { CStr::from_ptr(client.cast()) };
    // SAFETY: a readable text with its length.
    unsafe { fork_reply_body(reply, text.as_ptr().cast(), text.count_bytes()) }
}

/// Status and text (the balance or the error) of a read that such a callback answers.
fn balance(reply: &CStr) -> (c_int, String) {
    let vtable = ForkRpcVtable { size: size_of::<ForkRpcVtable>(), request: Some(leave), send: None };
    let client = reply.as_ptr().cast_mut().cast();
    let mut text = [0; 400];
    // SAFETY: live pointers with their sizes; the handles are destroyed below.
    unsafe {
        let fork = fork_backend_create(client, &raw const vtable, c"latest".as_ptr(), 0);
        let state = state_manager_create_with_fork(fork);
        let address = c"0x00000000000000000000000000000000000a11ce";
        let status = state_manager_get_balance_sync(state, address.as_ptr(), text.as_mut_ptr(), text.len());
        if status != 0 {
            let mut len = 0;
            assert_eq!(worldstate_last_error(state.cast(), text.as_mut_ptr(), text.len(), &raw mut len), 0);
        }
        state_manager_destroy(state);
        fork_backend_destroy(fork);
        fork_backend_destroy(null_mut());
        (status, CStr::from_ptr(text.as_ptr()).to_str().unwrap().to_owned())
    }
}

#[test]
fn a_reply_is_a_result_or_a_whole_response() {
    const PROOF: &str = r#"{"balance":"0x2a","nonce":"0x0","storageProof":[],"codeHash":"0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"}"#;
    for reply in [
        PROOF.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":"mine","result":{PROOF}}}"#),
        format!(r#"{{"result":{PROOF}}}"#),
    ] {
        let reply = std::ffi::CString::new(reply).unwrap();
        assert_eq!(balance(&reply), (0, "0x2a".to_owned()), "{reply:?}");
    }
    for reply in [
        c"{\"jsonrpc\":\"2.0\",\"id\":9,\"error\":{\"code\":-32602,\"message\":\"boom\"}}",
        c"{\"error\":{\"code\":-32602,\"message\":\"boom\"}}",
    ] {
        let (status, text) = balance(reply);
        assert!(status == -4 && text.contains("error -32602: boom"), "{status} {text}");
    }
}
