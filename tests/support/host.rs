//! A host that answers a fork's requests as a node of a given world would.

use super::model::World;
use super::remote::{Dice, HEAD, block_hash};
use alloy_primitives::{Address, B256, U256};
use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char};
use std::ptr::null_mut;
use worldstate::ffi::fork_backend::host::{
    fork_backend_continue, fork_backend_continue_batch, fork_backend_fail, fork_backend_next_batch,
    fork_backend_next_request,
};
use worldstate::ffi::fork_backend::lifecycle::{fork_backend_destroy, fork_backend_open};
use worldstate::ffi::fork_backend::options::ForkBackendOptions;
use worldstate::ffi::handle::ForkBackendHandle;
use worldstate::ffi::status::{STATE_MANAGER_ERROR_NO_PENDING_REQUEST, STATE_MANAGER_SUCCESS};

/// A fork pinned to the block [`HEAD`], and its host.
pub(crate) struct Host {
    pub(crate) fork: ForkBackendHandle,
    world: World,
    failing: u64,
    dice: Dice,
}

impl Host {
    pub(crate) fn open(world: World, seed: u64) -> Self {
        let block = CString::new(HEAD.to_string()).unwrap();
        // SAFETY: all fields may be zero, as the struct documents.
        let mut options: ForkBackendOptions = unsafe { std::mem::zeroed() };
        options.size = size_of::<ForkBackendOptions>();
        options.block = block.as_ptr();
        let mut fork = null_mut();
        // SAFETY: both pointers are to live values.
        assert_eq!(unsafe { fork_backend_open(&raw const options, &raw mut fork) }, STATE_MANAGER_SUCCESS);
        Self { fork, world, failing: 0, dice: Dice(seed) }
    }

    /// Makes the answers to the next requests failures.
    pub(crate) fn fail_next(&mut self, requests: u64) {
        self.failing = requests;
    }

    /// Answers what is queued: one request, or all, one by one or in batches.
    pub(crate) fn serve(&mut self, all: bool) {
        if !all {
            self.serve_request();
        } else if self.dice.below(2) == 0 {
            while self.serve_request() {}
        } else {
            while self.serve_batch() {}
        }
    }

    fn result(&self, method: &str, params: &Value) -> Value {
        let address = || params[0].as_str().unwrap().parse::<Address>().unwrap();
        match method {
            "eth_chainId" => json!("0x1"),
            "eth_getBlockByNumber" => {
                let number = params[0].as_str().unwrap().parse::<U256>().unwrap().to::<u64>();
                json!({"number": format!("{number:#x}"), "hash": block_hash(number).unwrap().to_string()})
            }
            "eth_getCode" => {
                let account = self.world.accounts.get(&address());
                json!(account.map_or("0x".into(), |account| account.code.to_string()))
            }
            "eth_getProof" => {
                let (address, info) = (address(), self.world.info(address()));
                let slots = params[1].as_array().unwrap().iter().map(|slot| {
                    let key = slot.as_str().unwrap();
                    let value = self.world.slots.get(&(address, key.parse().unwrap())).copied().unwrap_or_default();
                    json!({"key": key, "value": format!("{value:#x}"), "proof": []})
                });
                json!({
                    "address": address.to_string(),
                    "balance": format!("{:#x}", info.balance),
                    "nonce": format!("{:#x}", info.nonce),
                    "codeHash": info.code_hash.to_string(),
                    "storageHash": B256::ZERO.to_string(),
                    "accountProof": [],
                    "storageProof": slots.collect::<Vec<_>>(),
                })
            }
            other => panic!("the fork asks for {other} {params}"),
        }
    }

    /// Whether the next answer is a failure, and its code: one that is final, or one that may pass.
    fn failure(&mut self) -> Option<i64> {
        self.failing = self.failing.checked_sub(1)?;
        Some(if self.dice.below(2) == 0 { -32000 } else { 429 })
    }

    /// Takes one request and answers it; false when there is none.
    fn serve_request(&mut self) -> bool {
        let (mut id, mut method, mut params) = (0, [0; 64], [0; 4096]);
        let (mut method_len, mut params_len) = (0, 0);
        // SAFETY: the buffers are as long as said.
        let status = unsafe {
            fork_backend_next_request(
                self.fork,
                &raw mut id,
                method.as_mut_ptr(),
                method.len(),
                &raw mut method_len,
                params.as_mut_ptr(),
                params.len(),
                &raw mut params_len,
            )
        };
        if status == STATE_MANAGER_ERROR_NO_PENDING_REQUEST {
            return false;
        }
        assert_eq!(status, STATE_MANAGER_SUCCESS);
        let status = if let Some(code) = self.failure() {
            // SAFETY: the message is a C string.
            unsafe { fork_backend_fail(self.fork, id, code, c"injected failure".as_ptr()) }
        } else {
            let answer = self.result(&of_text(&method), &serde_json::from_str(&of_text(&params)).unwrap());
            let answer = answer.to_string();
            // SAFETY: the answer is as long as said.
            unsafe { fork_backend_continue(self.fork, id, answer.as_ptr(), answer.len()) }
        };
        assert_eq!(status, STATE_MANAGER_SUCCESS, "answer to request {id}");
        true
    }

    /// Takes all requests as one body and answers it, last request first; false when there is none.
    fn serve_batch(&mut self) -> bool {
        let (mut id, mut body, mut length) = (0, [0; 1 << 14], 0);
        // SAFETY: the buffer is as long as said.
        let status = unsafe {
            fork_backend_next_batch(
                self.fork,
                0,
                &raw mut id,
                body.as_mut_ptr(),
                body.len(),
                &raw mut length,
                null_mut(),
            )
        };
        if status == STATE_MANAGER_ERROR_NO_PENDING_REQUEST {
            return false;
        }
        assert_eq!(status, STATE_MANAGER_SUCCESS);
        let body: Value = serde_json::from_str(&of_text(&body)).unwrap();
        let mut answer = |request: &Value| {
            let id = &request["id"];
            if let Some(code) = self.failure() {
                return json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "injected"}});
            }
            let result = self.result(request["method"].as_str().unwrap(), &request["params"]);
            json!({"jsonrpc": "2.0", "id": id, "result": result})
        };
        let answers = match &body {
            Value::Array(requests) => requests.iter().rev().map(answer).collect(),
            request => answer(request),
        };
        let answers = answers.to_string();
        // SAFETY: the answer is as long as said.
        let status = unsafe { fork_backend_continue_batch(self.fork, id, answers.as_ptr(), answers.len()) };
        assert_eq!(status, STATE_MANAGER_SUCCESS, "answer {answers} to {body}");
        true
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        fork_backend_destroy(self.fork);
    }
}

/// The text before the first NUL.
pub(crate) fn of_text(text: &[c_char]) -> String {
    // SAFETY: a C character is a byte.
    let bytes = unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), text.len()) };
    CStr::from_bytes_until_nul(bytes).unwrap().to_str().unwrap().to_owned()
}
