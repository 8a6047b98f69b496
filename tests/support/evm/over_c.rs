//! The library's executor, driven over the C interface by a host that holds the world.

use super::changes::changes_of;
use super::drive::{Run, block_json, hardfork, listed};
use super::plain::{Rules, block_hash};
use super::seen::{End, Ran, Seen, Status, Warm};
use super::world::World;
use alloy_primitives::{Address, B256, Bytes, Log, U256};
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::null_mut;
#[allow(
    clippy::wildcard_imports,
    reason = "all names are there, as for a C program; not every test program lints it"
)]
use worldstate::ffi::evm::*;
use worldstate::ffi::handle::{EvmHandle, StateManagerHandle};
use worldstate::ffi::library::worldstate_last_error;
#[allow(
    clippy::wildcard_imports,
    reason = "all names are there, as for a C program; not every test program lints it"
)]
use worldstate::ffi::state_manager::bytes::*;
use worldstate::ffi::state_manager::lifecycle::{state_manager_create, state_manager_destroy};
#[allow(
    clippy::wildcard_imports,
    reason = "all names are there, as for a C program; not every test program lints it"
)]
use worldstate::ffi::status::*;
use worldstate::state::StateChanges;

/// How the host answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// One after the other, with `evm_continue_ffi`.
    Single,
    /// All that is wanted at once, with run-ahead.
    Batch,
}

struct Executor {
    state: StateManagerHandle,
    evm: EvmHandle,
}

impl Drop for Executor {
    fn drop(&mut self) {
        evm_destroy(self.evm);
        state_manager_destroy(self.state);
    }
}

fn last_error(handle: *mut c_void) -> String {
    let mut text = vec![0u8; 4096];
    let mut length = 0;
    // SAFETY: the buffer is as long as said.
    let status = unsafe { worldstate_last_error(handle, text.as_mut_ptr().cast(), text.len(), &raw mut length) };
    assert_eq!(status, STATE_MANAGER_SUCCESS);
    text.truncate(length);
    String::from_utf8(text).unwrap()
}

impl Executor {
    fn new(rules: &Rules, answers: Answers) -> Result<Self, String> {
        let state = state_manager_create();
        let name = CString::new(rules.fork.as_str()).unwrap();
        // The name is read there as it is here.
        hardfork(rules);
        let options = EvmOptions {
            size: size_of::<EvmOptions>(),
            hardfork: name.as_ptr(),
            chain_id: rules.chain_id,
            flags: EVM_ASK_HOST,
            run_ahead: if answers == Answers::Batch { EVM_RUN_AHEAD_ON } else { EVM_RUN_AHEAD_OFF },
            cache_size: 0,
            gas_cap: 0,
            precompiles: std::ptr::null(),
            precompile_count: 0,
        };
        // SAFETY: the options and what they point to live.
        let executor = Self { state, evm: unsafe { evm_create(state, &raw const options) } };
        if executor.evm.is_null() {
            return Err(format!("evm_create: {}", last_error(null_mut())));
        }
        let block = CString::new(block_json(rules).to_string()).unwrap();
        // SAFETY: a live text.
        executor.done("evm_set_block", unsafe { evm_set_block(executor.evm, block.as_ptr()) })?;
        Ok(executor)
    }

    fn done(&self, what: &str, status: c_int) -> Result<(), String> {
        match status {
            STATE_MANAGER_SUCCESS => Ok(()),
            status => Err(format!("{what}: status {status}: {}", last_error(self.evm.cast()))),
        }
    }

    /// A text of any length: asked for its length, then read.
    fn text(
        &self,
        what: &str,
        read: unsafe extern "C" fn(EvmHandle, *mut c_char, usize, *mut usize) -> c_int,
    ) -> Result<String, String> {
        let mut length = 0;
        // SAFETY: a question for the length.
        self.done(what, unsafe { read(self.evm, null_mut(), 0, &raw mut length) })?;
        let mut text = vec![0u8; length + 1];
        // SAFETY: the buffer is as long as said.
        self.done(what, unsafe { read(self.evm, text.as_mut_ptr().cast(), text.len(), &raw mut length) })?;
        if text.pop() != Some(0) || text.len() != length {
            return Err(format!("{what}: the text does not end where it says"));
        }
        String::from_utf8(text).map_err(|error| format!("{what}: {error}"))
    }

    fn ran(&self) -> Result<Ran, String> {
        // SAFETY: all bytes of the struct may be zero.
        let mut result: EvmResult = unsafe { std::mem::zeroed() };
        result.size = size_of::<EvmResult>();
        // SAFETY: a live struct of the size that it says.
        self.done("evm_get_result", unsafe { evm_get_result(self.evm, &raw mut result) })?;
        let mut output = vec![0; result.output_len];
        // SAFETY: the buffer is as long as said.
        self.done("evm_get_output", unsafe { evm_get_output(self.evm, output.as_mut_ptr(), output.len()) })?;
        Ok(Ran {
            status: match result.status {
                EVM_STATUS_SUCCESS => Status::Success,
                EVM_STATUS_REVERT => Status::Revert,
                EVM_STATUS_HALT => Status::Halt,
                other => return Err(format!("evm_get_result: status {other}")),
            },
            gas_used: result.gas_used,
            gas_refunded: result.gas_refunded,
            output: output.into(),
            created: (result.has_created == 1).then(|| Address::from(result.created)),
            logs: (0..result.log_count).map(|index| self.log(index as usize)).collect::<Result<_, _>>()?,
        })
    }

    fn log(&self, index: usize) -> Result<Log, String> {
        let (mut address, mut topics, mut count, mut length) = ([0; 20], [[0; 32]; 4], 0, 0);
        let (place, words) = (address.as_mut_ptr(), topics.as_mut_ptr().cast());
        // SAFETY: a question for everything but the data.
        let status =
            unsafe { evm_get_log(self.evm, index, place, words, &raw mut count, null_mut(), 0, &raw mut length) };
        self.done("evm_get_log", status)?;
        let mut data = vec![0; length];
        // SAFETY: the buffer is as long as said.
        let status = unsafe {
            evm_get_log(self.evm, index, place, words, &raw mut count, data.as_mut_ptr(), length, &raw mut length)
        };
        self.done("evm_get_log", status)?;
        let topics = topics[..count].iter().map(|topic| B256::from(*topic)).collect();
        Ok(Log::new_unchecked(Address::from(address), topics, data.into()))
    }

    /// Whether the state manager now says what the changes say.
    fn written(&self, changes: &StateChanges) -> Result<(), String> {
        let mut wrong = Vec::new();
        let mut word = [0; 32];
        for change in &changes.storage {
            let slot = change.slot.to_be_bytes::<32>();
            // SAFETY: 20, 32 and 32 live bytes.
            let status = unsafe {
                state_manager_get_storage_bytes(self.state, change.address.as_ptr(), slot.as_ptr(), word.as_mut_ptr())
            };
            if status != STATE_MANAGER_SUCCESS || U256::from_be_bytes(word) != change.new_value {
                wrong.push(format!("{change:?}"));
            }
        }
        for change in &changes.balances {
            // SAFETY: 20 and 32 live bytes.
            let status =
                unsafe { state_manager_get_balance_bytes(self.state, change.address.as_ptr(), word.as_mut_ptr()) };
            if status != STATE_MANAGER_SUCCESS || U256::from_be_bytes(word) != change.new_balance {
                wrong.push(format!("{change:?}"));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("committed, and the state does not say {wrong:?}")) }
    }
}

/// The bytes of the host's answer.
fn payload(pre: &World, request: &AsyncRequest) -> Result<(u8, Vec<u8>), String> {
    let address = Address::from(request.address);
    let account = pre.0.get(&address).cloned().unwrap_or_default();
    let mut bytes = request.address.to_vec();
    let kind = match request.output_type {
        EVM_OUTPUT_NEED_STORAGE => {
            bytes.extend(request.slot);
            bytes.extend(pre.storage(address, U256::from_be_bytes(request.slot)).to_be_bytes::<32>());
            EVM_CONTINUE_WITH_STORAGE
        }
        EVM_OUTPUT_NEED_BALANCE => {
            bytes.extend(account.balance.to_be_bytes::<32>());
            EVM_CONTINUE_WITH_BALANCE
        }
        EVM_OUTPUT_NEED_CODE => {
            bytes.extend(&account.code);
            EVM_CONTINUE_WITH_CODE
        }
        EVM_OUTPUT_NEED_NONCE => {
            bytes.extend(account.nonce.to_be_bytes());
            EVM_CONTINUE_WITH_NONCE
        }
        EVM_OUTPUT_NEED_BLOCK_HASH => {
            let number: u64 = U256::from_be_bytes(request.slot).to();
            bytes = number.to_be_bytes().to_vec();
            bytes.extend(block_hash(number));
            EVM_CONTINUE_WITH_BLOCK_HASH
        }
        other => return Err(format!("output type {other} is no need")),
    };
    Ok((kind, bytes))
}

fn is_need(request: &AsyncRequest) -> bool {
    !matches!(request.output_type, EVM_OUTPUT_RESULT | EVM_OUTPUT_READY_TO_COMMIT | EVM_OUTPUT_ERROR)
}

/// Executes the signed transaction, commits it, and looks at all of it. The marks are not to be seen from here.
/// `Err`: the executor contradicted itself.
pub fn run(answers: Answers, rules: &Rules, pre: &World, raw: &Bytes) -> Result<(Run, Option<Warm>), String> {
    let executor = Executor::new(rules, answers)?;
    let refused = |status: c_int, suspensions, given| {
        let why = last_error(executor.evm.cast());
        let mut active = -1;
        // SAFETY: a live number.
        executor.done("evm_is_active", unsafe { evm_is_active(executor.evm, &raw mut active) })?;
        if !matches!(status, STATE_MANAGER_ERROR_EXECUTION | STATE_MANAGER_ERROR_INVALID_INPUT) || active != 0 {
            return Err(format!("status {status}: {why}, active: {active}"));
        }
        Ok((Run { seen: Seen::refused(why, pre), changes: StateChanges::default(), suspensions, answers: given }, None))
    };
    // SAFETY: live bytes.
    let status = unsafe { evm_set_transaction(executor.evm, raw.as_ptr(), raw.len()) };
    if status != STATE_MANAGER_SUCCESS {
        return refused(status, 0, 0);
    }
    let mut request = AsyncRequest { output_type: EVM_OUTPUT_ERROR, address: [0; 20], slot: [0; 32] };
    let (mut suspensions, mut given) = (0, 0);
    // SAFETY: a live struct.
    let mut status = unsafe { evm_call_ffi(executor.evm, &raw mut request) };
    while status == STATE_MANAGER_SUCCESS && is_need(&request) {
        suspensions += 1;
        status = match answers {
            Answers::Single => {
                given += 1;
                let (kind, bytes) = payload(pre, &request)?;
                // SAFETY: live bytes, a live struct.
                unsafe { evm_continue_ffi(executor.evm, kind, bytes.as_ptr(), bytes.len(), &raw mut request) }
            }
            Answers::Batch => {
                given += answer_pending(&executor, pre)?;
                // SAFETY: a live struct.
                unsafe { evm_resume(executor.evm, &raw mut request) }
            }
        };
    }
    if status != STATE_MANAGER_SUCCESS {
        return refused(status, suspensions, given);
    }
    if request.output_type != EVM_OUTPUT_READY_TO_COMMIT {
        return Err(format!("ended with output type {}", request.output_type));
    }
    let ran = executor.ran()?;
    let changes = changes_of(&executor.text("evm_get_state_changes", evm_get_state_changes)?);
    let access_list = executor.text("evm_get_access_list", evm_get_access_list)?;
    let access_list = listed(&serde_json::from_str(&access_list).map_err(|error| error.to_string())?);
    // SAFETY: no bytes, a live struct.
    let status =
        unsafe { evm_continue_ffi(executor.evm, EVM_CONTINUE_AFTER_COMMIT, std::ptr::null(), 0, &raw mut request) };
    executor.done("commit", status)?;
    if request.output_type != EVM_OUTPUT_RESULT || executor.ran()? != ran {
        return Err("the result is another one after the commit".into());
    }
    executor.written(&changes)?;
    let seen = Seen { end: End::Ran(ran), post: None, warm: None, loaded: None };
    Ok((Run { seen, changes, suspensions, answers: given }, Some(access_list)))
}

fn answer_pending(executor: &Executor, pre: &World) -> Result<u64, String> {
    let mut count = 0;
    // SAFETY: a question for the number.
    executor.done("evm_pending", unsafe { evm_pending(executor.evm, null_mut(), 0, &raw mut count) })?;
    let mut requests = vec![AsyncRequest { output_type: 0, address: [0; 20], slot: [0; 32] }; count];
    // SAFETY: the buffer is as long as said.
    let status = unsafe { evm_pending(executor.evm, requests.as_mut_ptr(), count, &raw mut count) };
    executor.done("evm_pending", status)?;
    // In any order: here from the last to the first.
    for request in requests.iter().rev() {
        let (kind, bytes) = payload(pre, request)?;
        // SAFETY: live bytes.
        let status = unsafe { evm_answer(executor.evm, kind, bytes.as_ptr(), bytes.len()) };
        executor.done("evm_answer", status)?;
    }
    Ok(requests.len() as u64)
}
