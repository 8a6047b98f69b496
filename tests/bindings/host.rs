//! A fork whose requests are answered from the replies of a case.

use super::arguments::{c_text, field, list, number, str_of, word};
use super::cases::only;
use super::failure::{Outcome, done};
use alloy_primitives::B256;
use serde_json::{Value, json};
use std::ptr::null_mut;
use worldstate::ffi::fork_backend::host::{fork_backend_continue_batch, fork_backend_next_batch};
use worldstate::ffi::fork_backend::lifecycle::{fork_backend_destroy, fork_backend_open};
use worldstate::ffi::fork_backend::options::{
    FORK_ACCOUNTS_AUTO, FORK_ACCOUNTS_FIELDS, FORK_ACCOUNTS_PROOF, FORK_VERIFY_BLOCK_HASH, FORK_VERIFY_STATE_ROOT,
    ForkBackendOptions,
};
use worldstate::ffi::handle::ForkBackendHandle;
use worldstate::ffi::status::{
    STATE_MANAGER_ERROR_NO_PENDING_REQUEST, STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL, STATE_MANAGER_SUCCESS,
};

pub(crate) struct Host {
    pub(crate) fork: ForkBackendHandle,
    replies: Vec<Value>,
}

impl Host {
    pub(crate) fn open(fork: &Value) -> Self {
        // SAFETY: all fields may be zero, as the struct documents.
        let mut options: ForkBackendOptions = unsafe { std::mem::zeroed() };
        options.size = size_of::<ForkBackendOptions>();
        let mut block = None;
        let mut trusted: Option<B256> = None;
        for (key, value) in fork.get("options").and_then(Value::as_object).into_iter().flatten() {
            match key.as_str() {
                "block" => block = Some(c_text(str_of(value))),
                "accountSource" => {
                    options.account_source = match str_of(value) {
                        "auto" => FORK_ACCOUNTS_AUTO,
                        "proof" => FORK_ACCOUNTS_PROOF,
                        "fields" => FORK_ACCOUNTS_FIELDS,
                        other => panic!("no account source {other}"),
                    }
                }
                "maxAttempts" => options.max_attempts = number(value).try_into().unwrap(),
                "maxBatch" => options.max_batch = number(value).try_into().unwrap(),
                "maxCacheSize" => options.max_cache_size = number(value).try_into().unwrap(),
                "maxSlotsPerRequest" => options.max_slots_per_request = number(value).try_into().unwrap(),
                "chainId" => options.chain_id = number(value),
                "verify" => {
                    only(value, &["blockHash", "stateRoot"]).unwrap();
                    let (kind, hash) = value.as_object().and_then(|one| one.iter().next()).expect("a trusted hash");
                    options.verify = if kind == "blockHash" { FORK_VERIFY_BLOCK_HASH } else { FORK_VERIFY_STATE_ROOT };
                    trusted = Some(word(hash));
                }
                other => panic!("no option {other} of a fork"),
            }
        }
        options.block = block.as_ref().map_or(std::ptr::null(), |block| block.as_ptr());
        options.trusted = trusted.as_ref().map_or(std::ptr::null(), |hash| hash.as_ptr());
        let mut handle = null_mut();
        // SAFETY: both pointers are to live values.
        let status = unsafe { fork_backend_open(&raw const options, &raw mut handle) };
        done(null_mut(), status).unwrap();
        Self { fork: handle, replies: list(fork, "replies").to_vec() }
    }

    /// Answers everything that is queued; false when nothing was.
    pub(crate) fn serve(&mut self) -> Outcome<bool> {
        let mut served = false;
        while let Some((id, body)) = self.next()? {
            let answer = match &body {
                Value::Array(requests) => requests.iter().map(|request| self.answer(request)).collect(),
                request => self.answer(request),
            };
            let answer = answer.to_string();
            // SAFETY: the answer is as long as said.
            let status = unsafe { fork_backend_continue_batch(self.fork, id, answer.as_ptr(), answer.len()) };
            done(self.fork.cast(), status)?;
            served = true;
        }
        Ok(served)
    }

    fn next(&self) -> Outcome<Option<(u64, Value)>> {
        let (mut id, mut length) = (0, 0);
        let take = |buffer: &mut [u8], id: &mut u64, length: &mut usize| {
            // SAFETY: the buffer is as long as said.
            unsafe {
                fork_backend_next_batch(self.fork, 0, id, buffer.as_mut_ptr().cast(), buffer.len(), length, null_mut())
            }
        };
        let mut body = Vec::new();
        let mut status = take(&mut body, &mut id, &mut length);
        if status == STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL {
            body.resize(length + 1, 0);
            status = take(&mut body, &mut id, &mut length);
        }
        match status {
            STATE_MANAGER_SUCCESS => Ok(Some((id, serde_json::from_slice(&body[..length]).unwrap()))),
            STATE_MANAGER_ERROR_NO_PENDING_REQUEST => Ok(None),
            status => done(self.fork.cast(), status).map(|()| None),
        }
    }

    /// The first reply to this request; it is used up when there is another one for the same.
    fn answer(&mut self, request: &Value) -> Value {
        let fits = |reply: &Value| reply["method"] == request["method"] && reply["params"] == request["params"];
        let fitting: Vec<usize> = (0..self.replies.len()).filter(|at| fits(&self.replies[*at])).collect();
        let mut answer = json!({"jsonrpc": "2.0", "id": request["id"]});
        let reply = match fitting[..] {
            [] => json!({"error": {"code": -32601, "message": "no such reply"}}),
            [last] => self.replies[last].clone(),
            [first, ..] => self.replies.remove(first),
        };
        let key = if reply.get("error").is_some() { "error" } else { "result" };
        answer[key] = field(&reply, key).clone();
        answer
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        fork_backend_destroy(self.fork);
    }
}
