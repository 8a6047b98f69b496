//! A look into an execution that waits.

use crate::error::Error;
use crate::ffi::buffer::{self, Out, OutSlice, OutText};
use crate::ffi::guard;
use crate::ffi::handle::EvmHandle;
use crate::ffi::versioned::versioned_out;
use std::ffi::{c_char, c_int};

/// The calls that are under way as a JSON array, outermost first: address, codeAddress, caller, value, gasLimit,
/// isStatic, isCreate; the innermost has pc, opcode, gas, stack (bottom first) and memory besides, as before the
/// instruction that comes next. Empty before the first instruction and after the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_frames(
    handle: EvmHandle,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        out.answer(&executor.evm.frames().to_string())
    })
}

/// The call of a precompiled contract that waits for the host. Begin with EVM_PRECOMPILE_CALL_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EvmPrecompileCall {
    /// sizeof(EvmPrecompileCall).
    pub size: usize,
    /// Gas that it may use.
    pub gas: u64,
    /// Bytes of its input.
    pub input_len: usize,
    /// Wei that come with it, big-endian.
    pub value: [u8; 32],
    /// The contract.
    pub address: [u8; 20],
    /// Who calls it.
    pub caller: [u8; 20],
    /// 1 if it must not change the state.
    pub is_static: u32,
    /// Zero.
    pub reserved: u32,
}

/// The call that EVM_OUTPUT_NEED_PRECOMPILE asks for, to a struct that begins with its size, and its input to `input`
/// (NULL with `input_size` 0: not wanted, the struct has its length). NO_PENDING_REQUEST where none waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_precompile_call(
    handle: EvmHandle,
    out_call: *mut EvmPrecompileCall,
    input: *mut u8,
    input_size: usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        let call = executor.evm.precompile_call().ok_or(Error::NoPendingRequest)?;
        // SAFETY: pointers as the interface's contract says.
        let room = unsafe { OutSlice::new("input", input, input_size) }?;
        let (needed, available) = (call.input.len(), input_size);
        if !input.is_null() && needed > available {
            return Err(Error::OutputTooSmall { needed, available });
        }
        let all = EvmPrecompileCall {
            size: size_of::<EvmPrecompileCall>(),
            gas: call.gas_limit,
            input_len: call.input.len(),
            value: buffer::to_big_endian(call.value),
            address: call.address.into_array(),
            caller: call.caller.into_array(),
            is_static: call.is_static.into(),
            reserved: 0,
        };
        // SAFETY: likewise; the struct has no padding.
        unsafe { versioned_out("EvmPrecompileCall", out_call, &all) }?;
        if input.is_null() { Ok(()) } else { room.fill(&call.input) }
    })
}

/// Whether an execution is under way (1) or not (0), to `out_active`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_is_active(handle: EvmHandle, out_active: *mut c_int) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        unsafe { Out::new("out_active", out_active) }?.write(executor.evm.is_active().into())
    })
}
