//! What an execution came to.

use crate::error::{Error, Result};
use crate::evm::{Evm, Outcome, Status};
use crate::ffi::buffer::{self, Out, OutSlice, OutText};
use crate::ffi::guard;
use crate::ffi::handle::EvmHandle;
use crate::ffi::versioned::versioned_out;
use alloy_primitives::Address;
use std::ffi::{c_char, c_int};

/// It returned, stopped, or destroyed itself.
pub const EVM_STATUS_SUCCESS: u32 = 0;
/// The code reverted.
pub const EVM_STATUS_REVERT: u32 = 1;
/// The rules of the EVM ended it: out of gas, invalid opcode…
pub const EVM_STATUS_HALT: u32 = 2;

/// The result of an execution. Begin with EVM_RESULT_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EvmResult {
    /// sizeof(EvmResult).
    pub size: usize,
    /// One of EVM_STATUS_….
    pub status: u32,
    /// Number of logs.
    pub log_count: u32,
    /// Gas that is paid for, after the refund; of a message, all that was used.
    pub gas_used: u64,
    /// What of the gas limit is left.
    pub gas_remaining: u64,
    /// The refund, which is already off `gas_used`; of a message, the refund counter, which is not.
    pub gas_refunded: u64,
    /// Bytes of the output, for evm_get_output.
    pub output_len: usize,
    /// The contract that a creation made; zero where there is none.
    pub created: [u8; 20],
    /// 1 if it made one.
    pub has_created: u32,
}

fn outcome(evm: &Evm) -> Result<&Outcome> {
    evm.outcome().ok_or_else(|| Error::InvalidState("no execution has ended".into()))
}

/// The result, to a struct that begins with its size: of a shorter, older one only the fields that it has are written.
/// INVALID_STATE before an execution has ended; readable until the next one begins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_result(handle: EvmHandle, out_result: *mut EvmResult) -> c_int {
    guard::evm(handle.addr(), |executor| {
        let outcome = outcome(&executor.evm)?;
        let result = EvmResult {
            size: size_of::<EvmResult>(),
            status: match outcome.status {
                Status::Success => EVM_STATUS_SUCCESS,
                Status::Revert => EVM_STATUS_REVERT,
                Status::Halt => EVM_STATUS_HALT,
            },
            log_count: u32::try_from(outcome.logs.len()).unwrap_or(u32::MAX),
            gas_used: outcome.gas_used,
            gas_remaining: outcome.gas_remaining,
            gas_refunded: outcome.gas_refunded,
            output_len: outcome.output.len(),
            created: outcome.created.unwrap_or_default().into_array(),
            has_created: u32::from(outcome.created.is_some()),
        };
        // SAFETY: pointers as the interface's contract says; every field of the struct is a plain number.
        unsafe { versioned_out("EvmResult", out_result, &result) }
    })
}

/// The whole result as JSON: status, gasUsed, gasRemaining, gasRefunded, output, contractAddress, logs, revertReason,
/// haltReason. Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for
/// the length alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_result_json(
    handle: EvmHandle,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        out.answer(&outcome(&executor.evm)?.to_json())
    })
}

/// Why it did not succeed, in words: the decoded reason of a revert (Error, Panic, or the custom error's selector and
/// arguments), or the reason of a halt, such as "out of gas". Empty where it did. Text as of evm_get_result_json.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_failure(
    handle: EvmHandle,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        out.answer(&outcome(&executor.evm)?.failure().unwrap_or_default())
    })
}

/// What was returned, or the data of a revert: `output_len` bytes of evm_get_result to `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_output(handle: EvmHandle, out: *mut u8, out_size: usize) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutSlice::new("out", out, out_size) }?;
        out.fill(&outcome(&executor.evm)?.output)
    })
}

/// One log, `index` below `log_count`: its address (20 bytes), its topics (32 bytes each, room for 4) and their number,
/// and its data to `out_data` with its length to `out_data_len`; OUTPUT_TOO_SMALL sets that length too. NULL with
/// `data_size` 0 asks for everything but the data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_log(
    handle: EvmHandle,
    index: usize,
    out_address: *mut u8,
    out_topics: *mut u8,
    out_topic_count: *mut usize,
    out_data: *mut u8,
    data_size: usize,
    out_data_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        let logs = &outcome(&executor.evm)?.logs;
        let count = logs.len();
        let log = logs.get(index).ok_or_else(|| Error::InvalidInput(format!("log {index}: there are {count}")))?;
        let (topics, data) = (log.topics(), &log.data.data);
        // SAFETY: pointers as the interface's contract says.
        let address = unsafe { buffer::out_bytes::<20>("out_address", out_address) }?;
        // SAFETY: likewise; arrays of bytes have no alignment.
        let mut out_topics = unsafe { OutSlice::<[u8; 32]>::new("out_topics", out_topics.cast(), 4) }?;
        // SAFETY: likewise.
        let topic_count = unsafe { Out::new("out_topic_count", out_topic_count) }?;
        // SAFETY: likewise.
        let length = unsafe { Out::new("out_data_len", out_data_len) }?;
        // SAFETY: likewise.
        let room = unsafe { OutSlice::new("out_data", out_data, data_size) }?;
        length.write(data.len())?;
        if !out_data.is_null() {
            room.fill(data)?;
        }
        for (position, topic) in topics.iter().enumerate() {
            out_topics.put(position, topic.0);
        }
        address.write(log.address.into_array())?;
        topic_count.write(topics.len())
    })
}

/// What the execution changed, as JSON with the arrays storage, balances, nonces, codes and selfDestructs, as of
/// state_manager_get_changes. Length 0 before it has ended. Whole, however long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_state_changes(
    handle: EvmHandle,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        out.answer(&executor.evm.changes().map(crate::state::StateChanges::to_json).unwrap_or_default())
    })
}

/// The accounts and slots that the execution came to as an access list (EIP-2930) in JSON, as eth_createAccessList
/// returns it: without what is warm anyway (the sender, the called account and what it delegates to, authorities,
/// created contracts, the beneficiary, precompiled contracts) unless slots of theirs were read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_access_list(
    handle: EvmHandle,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        outcome(&executor.evm)?;
        let warm: Vec<Address> = executor.evm.warm_from_the_start();
        let list = executor.evm.touched().map(|touched| touched.access_list(&warm));
        out.answer(&list.unwrap_or_default().to_string())
    })
}

/// The accounts that the execution came to as they were before it, in JSON as geth's prestateTracer writes it:
/// `{address: {balance, nonce, code, storage}}`. state_manager_load takes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_prestate(
    handle: EvmHandle,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        outcome(&executor.evm)?;
        let prestate = executor.evm.touched().map(|touched| touched.prestate());
        out.answer(&prestate.unwrap_or_default().to_string())
    })
}
