//! The host protocol: the library hands out requests, the host does the I/O and hands the answers back.

use crate::ffi::buffer::{self, Out, OutText};
use crate::ffi::guard;
use crate::ffi::handle::ForkBackendHandle;
use std::ffi::{c_char, c_int};

/// Takes the next request: its id, and method and params (a JSON array) as text with NUL, their lengths without the
/// NUL. Slots of one account go into one eth_getProof, as many as fit into `params_size`.
///
/// NO_PENDING_REQUEST when none is queued. OUTPUT_TOO_SMALL when method or params do not fit: both lengths are set and
/// the request stays queued. NULL buffers with size 0 ask for the lengths that way. May be called again before any
/// answer: all that is wanted can be under way at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_next_request(
    handle: ForkBackendHandle,
    out_request_id: *mut u64,
    out_method: *mut c_char,
    method_size: usize,
    out_method_len: *mut usize,
    out_params: *mut c_char,
    params_size: usize,
    out_params_len: *mut usize,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let id = unsafe { Out::new("out_request_id", out_request_id) }?;
        // SAFETY: likewise.
        let method = unsafe { OutText::new("out_method", out_method, method_size, out_method_len) }?;
        // SAFETY: likewise.
        let params = unsafe { OutText::new("out_params", out_params, params_size, out_params_len) }?;
        let limit = (params_size > 0).then(|| params.room());
        fork.next_request(limit, |request| {
            let fits = (method.check(request.method), params.check(&request.params));
            if fits.0.is_err() || fits.1.is_err() {
                method.report(request.method);
                params.report(&request.params);
            }
            fits.0.and(fits.1)?;
            method.write(request.method)?;
            params.write(&request.params)?;
            id.write(request.id)
        })
    })
}

/// Hands back the answer to a request, in any order: the JSON `result`, or a whole JSON-RPC response, whose error then
/// counts as with fork_backend_fail.
///
/// INVALID_REQUEST when the id is not open, or the answer is not JSON or does not fit the request: nothing of it is
/// kept, and the request stays open for another answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_continue(
    handle: ForkBackendHandle,
    request_id: u64,
    response: *const u8,
    response_len: usize,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let response = unsafe { buffer::slice("response", response, response_len) }?;
        fork.continue_request(request_id, response)
    })
}

/// Says that a request failed: `code` is the JSON-RPC error code, or the HTTP status, or 0; `message` says what
/// happened. What may pass (429, 5xx, timeouts, limits) is queued again up to the fork's attempts; else the next read of
/// what was asked for gives RPC_FAILED with the message, and the read after that asks again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_fail(
    handle: ForkBackendHandle,
    request_id: u64,
    code: i64,
    message: *const c_char,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let message = unsafe { buffer::text("message", message) }?;
        fork.fail_request(request_id, code, message)
    })
}

/// Takes everything queued, up to `max_requests` requests (0: up to the fork's batch size), as one JSON-RPC body to POST
/// as it is: an array, or a single object for a single request. Writes text and NUL to `out_body`, the length without
/// the NUL to `out_body_len`, the batch's id to `out_batch_id`, and to `out_count` (NULL: not wanted) the number of
/// requests in it.
///
/// NO_PENDING_REQUEST when none is queued. OUTPUT_TOO_SMALL when the body does not fit: the length is set and all stays
/// queued. NULL with size 0 asks for the length that way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_next_batch(
    handle: ForkBackendHandle,
    max_requests: usize,
    out_batch_id: *mut u64,
    out_body: *mut c_char,
    body_size: usize,
    out_body_len: *mut usize,
    out_count: *mut usize,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let id = unsafe { Out::new("out_batch_id", out_batch_id) }?;
        // SAFETY: likewise.
        let body = unsafe { OutText::new("out_body", out_body, body_size, out_body_len) }?;
        // SAFETY: likewise.
        let count = unsafe { Out::new("out_count", out_count) }.ok();
        let limit = if max_requests == 0 { usize::MAX } else { max_requests };
        fork.next_batch(limit, |batch| {
            body.write(&batch.body)?;
            id.write(batch.id)?;
            count.map_or(Ok(()), |out| out.write(batch.count))
        })
    })
}

/// Hands back the node's answer to a batch, as it came: elements in any order, each a result or an error.
///
/// What is right in it is kept whatever else is in it. RPC_FAILED when elements are missing, which are queued again;
/// INVALID_REQUEST when the batch is not open, the body is not JSON, or elements do not fit their requests, which then
/// stay queued. A single error object for the whole batch means that the node refuses batches of this size: everything
/// is queued again, for smaller ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_continue_batch(
    handle: ForkBackendHandle,
    batch_id: u64,
    body: *const u8,
    body_len: usize,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let body = unsafe { buffer::slice("body", body, body_len) }?;
        fork.continue_batch(batch_id, body)
    })
}

/// Says that a batch as a whole failed, as fork_backend_fail does of one request. `code` 413 queues it again in smaller
/// pieces.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fork_backend_fail_batch(
    handle: ForkBackendHandle,
    batch_id: u64,
    code: i64,
    message: *const c_char,
) -> c_int {
    guard::fork_backend(handle.addr(), |fork| {
        // SAFETY: pointers as the interface's contract says.
        let message = unsafe { buffer::text("message", message) }?;
        fork.fail_batch(batch_id, code, message)
    })
}
