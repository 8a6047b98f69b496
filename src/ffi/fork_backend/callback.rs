//! The callback transport: the host's functions carry the requests.

use crate::error::{Error, Result};
use crate::ffi::handle::{self, ForkReplyHandle, Kind, Object};
use crate::ffi::{buffer, guard, panics};
use crate::fork::{Transport, TransportError, is_response};
use serde_json::{Map, Value, json};
use std::ffi::{CString, c_char, c_int, c_void};
use std::time::{Duration, Instant};

/// The host's functions for a fork whose requests it carries itself, blocking. Either of the two may be NULL; `send` is
/// taken when both are there.
///
/// They are called on the thread that reads, and by several at once when several read. They leave their answer with
/// fork_reply_body or fork_reply_fail before they return 0; anything else they return fails the request as if the
/// connection had broken. They may use other handles, and of their own fork's and state manager's get INVALID_STATE.
/// They must not unwind (no longjmp, no exception) into the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ForkRpcVtable {
    /// sizeof(ForkRpcVtable).
    pub size: usize,
    /// Answers one JSON-RPC request: `params` is its JSON array. The reply's body is the result as JSON, or a whole
    /// JSON-RPC response.
    pub request: Option<
        unsafe extern "C" fn(
            rpc_client: *mut c_void,
            method: *const c_char,
            params: *const c_char,
            reply: ForkReplyHandle,
        ) -> c_int,
    >,
    /// POSTs one JSON-RPC body, a request or a batch, of `body_len` bytes (and a NUL). The reply's body is the body of
    /// the node's answer. `timeout_ms` is the time that is left for it.
    pub send: Option<
        unsafe extern "C" fn(
            rpc_client: *mut c_void,
            body: *const c_char,
            body_len: usize,
            timeout_ms: u64,
            reply: ForkReplyHandle,
        ) -> c_int,
    >,
}

/// What a callback has left so far.
#[derive(Default)]
pub(in crate::ffi) struct Reply(Option<std::result::Result<Vec<u8>, TransportError>>);

/// Leaves the answer, copied. A later one replaces it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_reply_body(reply: ForkReplyHandle, body: *const u8, body_len: usize) -> c_int {
    guard::fork_reply(reply.addr(), |reply| {
        // SAFETY: pointers as the interface's contract says.
        reply.0 = Some(Ok(unsafe { buffer::copied("body", body, body_len) }?));
        Ok(())
    })
}

/// Leaves a failure instead. `http_status` is the HTTP status of the node's answer: 408, 429 and 5xx are tried again,
/// after `retry_after_ms` at least. With status 0 the connection failed, which is tried again too. `message` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_reply_fail(
    reply: ForkReplyHandle,
    http_status: u16,
    retry_after_ms: u64,
    message: *const c_char,
) -> c_int {
    guard::fork_reply(reply.addr(), |reply| {
        // SAFETY: pointers as the interface's contract says.
        let message = if message.is_null() { "" } else { unsafe { buffer::text("message", message) }? };
        reply.0 = Some(Err(match http_status {
            0 => TransportError::Connection(message.to_owned()),
            code => TransportError::Status {
                code,
                retry_after: (retry_after_ms > 0).then(|| Duration::from_millis(retry_after_ms)),
                body: message.as_bytes().to_vec(),
            },
        }));
        Ok(())
    })
}

/// Calls the host's functions.
pub(super) struct Callbacks {
    rpc_client: *mut c_void,
    functions: Functions,
}

#[derive(Clone, Copy)]
enum Functions {
    Request(unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, ForkReplyHandle) -> c_int),
    Send(unsafe extern "C" fn(*mut c_void, *const c_char, usize, u64, ForkReplyHandle) -> c_int),
}

// SAFETY: the interface's contract lets the library call the functions, with their payload, from any thread and from
// several at once; the library itself never looks behind the payload pointer.
unsafe impl Send for Callbacks {}
// SAFETY: as for `Send`.
unsafe impl Sync for Callbacks {}

impl Callbacks {
    /// # Safety
    /// `vtable` is NULL or points to a vtable whose first `size` bytes are readable; its functions and `rpc_client` are
    /// usable for as long as the fork lives.
    pub(super) unsafe fn new(rpc_client: *mut c_void, vtable: *const ForkRpcVtable) -> Result<Self> {
        const EMPTY: ForkRpcVtable = ForkRpcVtable { size: size_of::<ForkRpcVtable>(), request: None, send: None };
        // SAFETY: forwarded; all-zero is a valid vtable.
        let vtable = unsafe { crate::ffi::versioned::versioned("ForkRpcVtable", vtable, EMPTY) }?;
        let functions = match (vtable.send, vtable.request) {
            (Some(send), _) => Functions::Send(send),
            (None, Some(request)) => Functions::Request(request),
            (None, None) => return Err(Error::InvalidInput("the vtable has neither request nor send".into())),
        };
        Ok(Self { rpc_client, functions })
    }

    /// Runs one callback with a reply of its own.
    fn call(callback: impl FnOnce(ForkReplyHandle) -> c_int) -> std::result::Result<Vec<u8>, TransportError> {
        let refused = |error: Error| TransportError::Refused(error.to_string());
        let reply = handle::insert(Object::ForkReply(Box::default())).map_err(refused)?;
        let status = panics::outside(|| callback(std::ptr::without_provenance_mut(reply)));
        let answer = match handle::remove(reply, Kind::ForkReply).map_err(refused)? {
            Object::ForkReply(reply) => reply.0,
            _ => None,
        };
        match (status, answer) {
            (0, Some(answer)) => answer,
            (0, None) => Err(TransportError::Connection("the callback left no reply".into())),
            (_, Some(Err(failure))) => Err(failure),
            (status, _) => Err(TransportError::Connection(format!("the callback returned {status}"))),
        }
    }

    /// One request object through the `request` function; returns a whole JSON-RPC response.
    fn request(
        &self,
        function: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, ForkReplyHandle) -> c_int,
        body: &[u8],
    ) -> std::result::Result<Vec<u8>, TransportError> {
        let unreadable =
            |error: &dyn std::fmt::Display| TransportError::Refused(format!("unreadable request: {error}"));
        let request: Map<String, Value> = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
        let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
        let method = CString::new(method).map_err(|error| unreadable(&error))?;
        let params = request.get("params").map(ToString::to_string).unwrap_or_default();
        let params = CString::new(params).map_err(|error| unreadable(&error))?;
        let answer = Self::call(|reply| {
            // SAFETY: the function is the host's, called as the vtable documents; both texts outlive the call.
            unsafe { function(self.rpc_client, method.as_ptr(), params.as_ptr(), reply) }
        })?;
        let id = request.get("id").cloned().unwrap_or_default();
        Ok(match serde_json::from_slice(&answer) {
            // What is not JSON is the fork's to complain about.
            Err(_) => answer,
            Ok(Value::Object(mut response)) if is_response(&response) => {
                response.insert("id".into(), id);
                Value::Object(response).to_string().into_bytes()
            }
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string().into_bytes(),
        })
    }
}

impl Transport for Callbacks {
    fn send(&self, body: &[u8], deadline: Instant) -> std::result::Result<Vec<u8>, TransportError> {
        match self.functions {
            Functions::Request(function) => self.request(function, body),
            Functions::Send(function) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let timeout_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
                let body = CString::new(body).map_err(|error| TransportError::Refused(error.to_string()))?;
                Self::call(|reply| {
                    // SAFETY: the function is the host's, called as the vtable documents; the body outlives the call.
                    unsafe { function(self.rpc_client, body.as_ptr(), body.as_bytes().len(), timeout_ms, reply) }
                })
            }
        }
    }

    fn takes_batches(&self) -> bool {
        matches!(self.functions, Functions::Send(_))
    }
}
