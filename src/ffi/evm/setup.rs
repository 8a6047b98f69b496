//! What an executor executes, and in which block.

use crate::error::{Error, Result};
use crate::evm::{BlockOverrides, Job, Message, StateOverrides, Transaction};
use crate::ffi::buffer;
use crate::ffi::guard;
use crate::ffi::handle::EvmHandle;
use crate::ffi::versioned::versioned;
use crate::json;
use alloy_primitives::{Address, B256, Bytes, U256};
use std::ffi::{c_char, c_int};

/// Sets fields of the block from JSON as eth_getBlockByNumber returns it: number, timestamp, gasLimit, baseFeePerGas,
/// miner, mixHash, difficulty, excessBlobGas. Fields that are not given stay; others are ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_set_block(handle: EvmHandle, block_json: *const c_char) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let text = unsafe { buffer::text("block_json", block_json) }?;
        executor.evm.set_block(&json::parse("the block", text)?)
    })
}

/// The hash (32 bytes) of an earlier block, for BLOCKHASH. Comes before what a fork or the host would say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_set_block_hash(handle: EvmHandle, number: u64, hash: *const u8) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let hash = B256::from(unsafe { buffer::bytes::<32>("hash", hash) }?);
        executor.evm.set_block_hash(number, hash)
    })
}

/// Overrides of the block as eth_call takes them, for the executions to come: number, time, gasLimit, feeRecipient,
/// prevRandao, baseFeePerGas, blobBaseFee, difficulty, blockHash. NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_set_block_overrides(handle: EvmHandle, overrides_json: *const c_char) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let text = unsafe { buffer::optional_text("overrides_json", overrides_json) }?;
        executor.evm.set_block_overrides(text.map(BlockOverrides::parse).transpose()?)
    })
}

/// Overrides of the state as eth_call takes them, for the executions to come: `{address: {balance, nonce, code, state,
/// stateDiff, movePrecompileToAddress}}`. They are in force while code runs and never in the state manager; what ran on
/// them cannot be committed. NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_set_state_overrides(handle: EvmHandle, overrides_json: *const c_char) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let text = unsafe { buffer::optional_text("overrides_json", overrides_json) }?;
        executor.evm.set_state_overrides(text.map(StateOverrides::parse).transpose()?)
    })
}

/// What evm_call_ffi executes: a signed transaction as eth_sendRawTransaction takes it, of type legacy, 2930, 1559,
/// 4844 (with or without blobs) or 7702. Stays set until another one is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_set_transaction(handle: EvmHandle, raw: *const u8, raw_len: usize) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let raw = unsafe { buffer::slice("raw", raw, raw_len) }?;
        executor.job = Some(Transaction::from_raw(raw, executor.evm.options().hardfork)?.into());
        Ok(())
    })
}

/// What evm_call_ffi executes: an unsigned transaction as eth_call takes it, or as eth_getTransactionByHash returns it:
/// from, to, gas, gasPrice, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, value, nonce, input, accessList,
/// blobVersionedHashes, authorizationList, type, chainId. What is not given is as in eth_call: without nonce it is not
/// checked, without fee gas is free, without gas it is the cap. Stays set until another one is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_set_transaction_json(handle: EvmHandle, transaction_json: *const c_char) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let text = unsafe { buffer::text("transaction_json", transaction_json) }?;
        executor.job = Some(Transaction::from_json(text)?.into());
        Ok(())
    })
}

/// A message call or creation without the transaction around it: no intrinsic gas, no fee, no nonce. Begin with
/// EVM_MESSAGE_INIT. Addresses are 20 bytes, words 32 big-endian bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EvmMessage {
    /// sizeof(EvmMessage).
    pub size: usize,
    /// Address of the caller. NULL: the zero address.
    pub caller: *const u8,
    /// Address that ORIGIN returns. NULL: the caller.
    pub origin: *const u8,
    /// Address whose storage and balance are used. NULL: a creation, with `input` as its init code.
    pub to: *const u8,
    /// The code that runs. NULL: that of `to`.
    pub code: *const u8,
    /// Its length.
    pub code_len: usize,
    /// Wei that go from the caller to `to`, a word. NULL: none.
    pub value: *const u8,
    /// Call data.
    pub input: *const u8,
    /// Its length.
    pub input_len: usize,
    /// Gas, all of it for the code.
    pub gas: u64,
    /// What GASPRICE returns, in wei. Nothing is paid.
    pub gas_price: u64,
    /// 1: the state must not be changed, as in STATICCALL.
    pub is_static: u32,
    /// Zero.
    pub reserved: u32,
}

const EMPTY: EvmMessage = EvmMessage {
    size: size_of::<EvmMessage>(),
    caller: std::ptr::null(),
    origin: std::ptr::null(),
    to: std::ptr::null(),
    code: std::ptr::null(),
    code_len: 0,
    value: std::ptr::null(),
    input: std::ptr::null(),
    input_len: 0,
    gas: 0,
    gas_price: 0,
    is_static: 0,
    reserved: 0,
};

/// # Safety
/// `message` and the pointers inside are as the struct documents.
unsafe fn read(message: *const EvmMessage) -> Result<Message> {
    // SAFETY: forwarded; all of its fields may be zero.
    let given = unsafe { versioned("EvmMessage", message, EMPTY) }?;
    if given.is_static > 1 || given.reserved != 0 {
        return Err(Error::InvalidInput("EvmMessage: is_static is 0 or 1, and reserved 0".into()));
    }
    let address = |name: &str, pointer: *const u8| {
        // SAFETY: forwarded.
        if pointer.is_null() { Ok(None) } else { unsafe { buffer::bytes::<20>(name, pointer) }.map(Some) }
    };
    let has_code = !given.code.is_null() || given.code_len > 0;
    // SAFETY: forwarded.
    let code = unsafe { buffer::copied("code", given.code, given.code_len) }?;
    // SAFETY: forwarded.
    let input = unsafe { buffer::copied("input", given.input, given.input_len) }?;
    let to = address("to", given.to)?.map(Address::from);
    if to.is_none() && has_code {
        return Err(Error::InvalidInput("EvmMessage: code without to: a creation's init code is its input".into()));
    }
    Ok(Message {
        caller: address("caller", given.caller)?.map(Address::from).unwrap_or_default(),
        origin: address("origin", given.origin)?.map(Address::from),
        to,
        code: has_code.then(|| Bytes::from(code)),
        // SAFETY: forwarded.
        value: if given.value.is_null() { U256::ZERO } else { unsafe { buffer::word("value", given.value) }? },
        input: input.into(),
        gas_limit: given.gas,
        gas_price: given.gas_price.into(),
        is_static: given.is_static == 1,
    })
}

/// What evm_call_ffi executes: a message. Everything that it points to is copied. Stays set until another one is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_set_message(handle: EvmHandle, message: *const EvmMessage) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        executor.job = Some(Job::from(unsafe { read(message) }?));
        Ok(())
    })
}
