//! Executions through the C interface, as a C program calls it.
// Every pointer handed over below is to a live value or buffer of the size that is said.
#![expect(clippy::undocumented_unsafe_blocks, reason = "one reason for all of them, above")]

use crate::chain::Chain;
use crate::simulate::{Simulated, Simulator, name};
use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{null, null_mut};
use worldstate::evm::{Hardfork, RunAhead};
use worldstate::ffi::evm::*;
use worldstate::ffi::fork_backend::lifecycle::{fork_backend_destroy, fork_backend_open};
use worldstate::ffi::fork_backend::options::ForkBackendOptions;
use worldstate::ffi::handle::{EvmHandle, StateManagerHandle};
use worldstate::ffi::library::worldstate_last_error;
use worldstate::ffi::state_manager::bytes::*;
use worldstate::ffi::state_manager::lifecycle::{
    state_manager_create, state_manager_create_with_fork, state_manager_destroy,
};
use worldstate::ffi::status::*;

/// Where missing state comes from.
pub(crate) enum Origin<'a> {
    /// A fork over HTTP, at this URL, without attempts after the first one that fails.
    Http(String),
    /// There is no fork: the host answers the executor's questions itself, out of the chain's block.
    Answers(&'a Chain, u64),
}

pub(crate) struct ThroughC<'a> {
    state: StateManagerHandle,
    evm: EvmHandle,
    origin: Origin<'a>,
    run_ahead: RunAhead,
}

fn text(value: impl std::fmt::Display) -> CString {
    CString::new(value.to_string()).unwrap()
}

fn options<T>() -> T {
    // The structs of options may be all zeros but for their size, which the callers set.
    unsafe { std::mem::zeroed() }
}

impl<'a> ThroughC<'a> {
    pub(crate) fn http(chain: &Chain, url: &str, hardfork: Hardfork, run_ahead: RunAhead) -> Self {
        Self::open(chain, Origin::Http(url.to_owned()), hardfork, run_ahead)
    }

    pub(crate) fn answers(chain: &'a Chain, hardfork: Hardfork, run_ahead: RunAhead) -> Self {
        Self::open(chain, Origin::Answers(chain, chain.head()), hardfork, run_ahead)
    }

    fn open(chain: &Chain, origin: Origin<'a>, hardfork: Hardfork, run_ahead: RunAhead) -> Self {
        let state = match &origin {
            Origin::Answers(..) => state_manager_create(),
            Origin::Http(url) => {
                let (url, mut fork) = (text(url), null_mut());
                let size = size_of::<ForkBackendOptions>();
                let options = ForkBackendOptions { size, url: url.as_ptr(), max_attempts: 1, ..options() };
                assert_eq!(unsafe { fork_backend_open(&raw const options, &raw mut fork) }, STATE_MANAGER_SUCCESS);
                let state = state_manager_create_with_fork(fork);
                fork_backend_destroy(fork);
                state
            }
        };
        assert!(!state.is_null());
        let hardfork = text(hardfork);
        let options = EvmOptions {
            size: size_of::<EvmOptions>(),
            hardfork: hardfork.as_ptr(),
            chain_id: chain.id,
            flags: if matches!(origin, Origin::Answers(..)) { EVM_ASK_HOST } else { 0 },
            run_ahead: match run_ahead {
                RunAhead::Off => EVM_RUN_AHEAD_OFF,
                RunAhead::On => EVM_RUN_AHEAD_ON,
                RunAhead::AccessList => EVM_RUN_AHEAD_ACCESS_LIST,
                RunAhead::Prestate => EVM_RUN_AHEAD_PRESTATE,
            },
            ..options()
        };
        let evm = unsafe { evm_create(state, &raw const options) };
        assert!(!evm.is_null());
        Self { state, evm, origin, run_ahead }
    }

    fn last_error(&self) -> String {
        let (mut text, mut length) = ([0; 2048], 0);
        let status = unsafe { worldstate_last_error(self.evm.cast(), text.as_mut_ptr(), text.len(), &raw mut length) };
        assert_eq!(status, STATE_MANAGER_SUCCESS);
        unsafe { CStr::from_ptr(text.as_ptr()) }.to_str().unwrap().to_owned()
    }

    fn done(&self, status: c_int) -> Result<(), String> {
        if status == STATE_MANAGER_SUCCESS { Ok(()) } else { Err(format!("{status}: {}", self.last_error())) }
    }

    /// A JSON text of any length: asked for its length, then read.
    fn json(&self, read: unsafe extern "C" fn(EvmHandle, *mut c_char, usize, *mut usize) -> c_int) -> Value {
        let mut length = 0;
        self.done(unsafe { read(self.evm, null_mut(), 0, &raw mut length) }).unwrap();
        let mut text = vec![0; length + 1];
        self.done(unsafe { read(self.evm, text.as_mut_ptr(), text.len(), &raw mut length) }).unwrap();
        let text = unsafe { CStr::from_ptr(text.as_ptr()) };
        serde_json::from_slice(text.to_bytes()).unwrap()
    }

    /// The result and the access list of an unsigned transaction with overrides. Nothing of it stays.
    pub(crate) fn call(
        &mut self,
        block: &Value,
        call: &Value,
        state: &Value,
        over: &Value,
    ) -> Result<(Value, Value), String> {
        self.set_block(block);
        let (call, state, over) = (text(call), text(state), text(over));
        let mut out = AsyncRequest { output_type: 77, address: [0; 20], slot: [0; 32] };
        self.done(unsafe { evm_set_transaction_json(self.evm, call.as_ptr()) })?;
        self.done(unsafe { evm_set_state_overrides(self.evm, state.as_ptr()) })?;
        self.done(unsafe { evm_set_block_overrides(self.evm, over.as_ptr()) })?;
        self.done(unsafe { evm_call_ffi(self.evm, &raw mut out) })?;
        if out.output_type == EVM_OUTPUT_READY_TO_COMMIT {
            self.done(evm_discard(self.evm))?;
        } else {
            assert_eq!(out.output_type, EVM_OUTPUT_RESULT);
        }
        Ok((self.json(evm_get_result_json), self.json(evm_get_access_list)))
    }

    /// The host's part: one question, answered out of the block.
    fn answer_to(&self, request: &AsyncRequest) -> (u8, Vec<u8>) {
        let Origin::Answers(chain, block) = self.origin else { panic!("{}: the host is asked", self.name()) };
        let (address, slot) = (Address::from(request.address), U256::from_be_bytes(request.slot));
        let with_address = |value: &[u8]| [address.as_slice(), value].concat();
        match request.output_type {
            EVM_OUTPUT_NEED_STORAGE => {
                let value = chain.storage_at(address, slot, block).to_be_bytes::<32>();
                (EVM_CONTINUE_WITH_STORAGE, with_address(&[request.slot, value].concat()))
            }
            EVM_OUTPUT_NEED_BALANCE => {
                (EVM_CONTINUE_WITH_BALANCE, with_address(&chain.balance_at(address, block).to_be_bytes::<32>()))
            }
            EVM_OUTPUT_NEED_CODE => (EVM_CONTINUE_WITH_CODE, with_address(&chain.code_at(address, block))),
            EVM_OUTPUT_NEED_NONCE => {
                (EVM_CONTINUE_WITH_NONCE, with_address(&chain.nonce_at(address, block).to_be_bytes()))
            }
            EVM_OUTPUT_NEED_BLOCK_HASH => {
                let found = chain.rpc("eth_getBlockByNumber", &json!([format!("{slot:#x}"), false]));
                let hash: B256 = found["hash"].as_str().unwrap().parse().unwrap();
                (EVM_CONTINUE_WITH_BLOCK_HASH, [&slot.to::<u64>().to_be_bytes()[..], hash.as_slice()].concat())
            }
            other => panic!("output type {other}"),
        }
    }

    /// Everything that is wanted now.
    fn pending(&self) -> Vec<AsyncRequest> {
        let mut count = 0;
        self.done(unsafe { evm_pending(self.evm, null_mut(), 0, &raw mut count) }).unwrap();
        let mut pending = vec![AsyncRequest { output_type: 0, address: [0; 20], slot: [0; 32] }; count];
        self.done(unsafe { evm_pending(self.evm, pending.as_mut_ptr(), count, &raw mut count) }).unwrap();
        pending
    }

    /// Runs what has been started or stands still, and commits it.
    fn go_on(
        &mut self,
        first: unsafe extern "C" fn(EvmHandle, *mut AsyncRequest) -> c_int,
    ) -> Result<Simulated, String> {
        let mut out = AsyncRequest { output_type: 77, address: [0; 20], slot: [0; 32] };
        let mut status = unsafe { first(self.evm, &raw mut out) };
        loop {
            assert_eq!(status != STATE_MANAGER_SUCCESS, out.output_type == EVM_OUTPUT_ERROR);
            self.done(status)?;
            if out.output_type == EVM_OUTPUT_READY_TO_COMMIT {
                break;
            }
            if self.run_ahead == RunAhead::Off {
                let (kind, data) = self.answer_to(&out);
                status = unsafe { evm_continue_ffi(self.evm, kind, data.as_ptr(), data.len(), &raw mut out) };
            } else {
                for request in self.pending().iter().rev() {
                    let (kind, data) = self.answer_to(request);
                    self.done(unsafe { evm_answer(self.evm, kind, data.as_ptr(), data.len()) }).unwrap();
                }
                status = unsafe { evm_resume(self.evm, &raw mut out) };
            }
        }
        let simulated = Simulated {
            result: self.json(evm_get_result_json),
            changes: self.json(evm_get_state_changes),
            access_list: self.json(evm_get_access_list),
            prestate: self.json(evm_get_prestate),
            trace: self.json(evm_get_trace),
        };
        self.check_getters(&simulated.result);
        self.done(unsafe { evm_continue_ffi(self.evm, EVM_CONTINUE_AFTER_COMMIT, null(), 0, &raw mut out) })?;
        assert_eq!(out.output_type, EVM_OUTPUT_RESULT);
        assert_eq!(self.json(evm_get_result_json), simulated.result, "a commit changes no result");
        Ok(simulated)
    }

    /// The struct, the output and the logs say what the JSON says.
    fn check_getters(&self, json: &Value) {
        let mut result = EvmResult { size: size_of::<EvmResult>(), ..options() };
        self.done(unsafe { evm_get_result(self.evm, &raw mut result) }).unwrap();
        let status = ["success", "revert", "halt"][result.status as usize];
        assert_eq!(json["status"], status);
        for (name, value) in
            [("gasUsed", result.gas_used), ("gasRemaining", result.gas_remaining), ("gasRefunded", result.gas_refunded)]
        {
            assert_eq!(json[name], format!("{value:#x}"), "{name}");
        }
        let created = Address::from(result.created);
        let in_json = json["contractAddress"].as_str().map(|text| text.parse::<Address>().unwrap());
        assert_eq!(in_json, (result.has_created == 1).then_some(created));
        let mut output = vec![0; result.output_len];
        self.done(unsafe { evm_get_output(self.evm, output.as_mut_ptr(), output.len()) }).unwrap();
        assert_eq!(json["output"], Bytes::from(output).to_string());
        let logs: Vec<Value> = (0..result.log_count as usize).map(|index| self.log(index)).collect();
        assert_eq!(json["logs"], Value::Array(logs));
    }

    fn log(&self, index: usize) -> Value {
        let (mut address, mut topics, mut count, mut length) = ([0; 20], [[0; 32]; 4], 0, 0);
        let mut get = |data: *mut u8, size: usize| {
            let topics = topics.as_mut_ptr().cast();
            let status = unsafe {
                evm_get_log(self.evm, index, address.as_mut_ptr(), topics, &raw mut count, data, size, &raw mut length)
            };
            self.done(status).unwrap();
            length
        };
        let mut data = vec![0; get(null_mut(), 0)];
        get(data.as_mut_ptr(), data.len());
        let topics: Vec<_> = topics[..count].iter().map(|topic| B256::from(*topic).to_string()).collect();
        json!({
            "address": format!("{:#x}", Address::from(address)), "topics": topics,
            "data": Bytes::from(data).to_string(), "logIndex": format!("{index:#x}"),
        })
    }
}

impl Drop for ThroughC<'_> {
    fn drop(&mut self) {
        evm_destroy(self.evm);
        state_manager_destroy(self.state);
    }
}

impl Simulator for ThroughC<'_> {
    fn name(&self) -> String {
        let way = match self.origin {
            Origin::Http(_) => "C, HTTP",
            Origin::Answers(..) => "C, the host's answers",
        };
        name(way, self.run_ahead)
    }

    fn set_block(&mut self, block: &Value) {
        self.done(unsafe { evm_set_block(self.evm, text(block).as_ptr()) }).unwrap();
    }

    fn run(&mut self, raw: &[u8]) -> Result<Simulated, String> {
        self.done(evm_set_trace(self.evm, EVM_TRACE_STRUCT_LOGS, 0, 0, -1)).unwrap();
        self.done(unsafe { evm_set_transaction(self.evm, raw.as_ptr(), raw.len()) })?;
        self.go_on(evm_call_ffi)
    }

    fn resume(&mut self) -> Result<Simulated, String> {
        self.go_on(evm_resume)
    }

    fn balance(&mut self, address: Address) -> U256 {
        let mut out = [0; 32];
        self.done(unsafe { state_manager_get_balance_bytes(self.state, address.as_ptr(), out.as_mut_ptr()) }).unwrap();
        U256::from_be_bytes(out)
    }

    fn nonce(&mut self, address: Address) -> u64 {
        let mut out = 0;
        self.done(unsafe { state_manager_get_nonce_bytes(self.state, address.as_ptr(), &raw mut out) }).unwrap();
        out
    }

    fn code(&mut self, address: Address) -> Bytes {
        let mut length = 0;
        self.done(unsafe { state_manager_get_code_len_bytes(self.state, address.as_ptr(), &raw mut length) }).unwrap();
        let mut code = vec![0; length];
        self.done(unsafe { state_manager_get_code_bytes(self.state, address.as_ptr(), code.as_mut_ptr(), length) })
            .unwrap();
        code.into()
    }

    fn storage(&mut self, address: Address, slot: U256) -> U256 {
        let (slot, mut out) = (slot.to_be_bytes::<32>(), [0; 32]);
        let status =
            unsafe { state_manager_get_storage_bytes(self.state, address.as_ptr(), slot.as_ptr(), out.as_mut_ptr()) };
        self.done(status).unwrap();
        U256::from_be_bytes(out)
    }
}
