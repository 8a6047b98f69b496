//! Traces.

use crate::error::{Error, Result};
use crate::evm::trace::{TraceFormat, TraceOptions, TraceOutput, Tracer};
use crate::ffi::buffer::OutText;
use crate::ffi::guard;
use crate::ffi::handle::EvmHandle;
use std::ffi::{c_char, c_int};

/// No trace.
pub const EVM_TRACE_OFF: c_int = 0;
/// EIP-3155: one JSON object a line for each operation, then one with the summary.
pub const EVM_TRACE_EIP3155: c_int = 1;
/// What debug_traceTransaction returns: one JSON object with structLogs.
pub const EVM_TRACE_STRUCT_LOGS: c_int = 2;

/// The whole memory ahead of each operation.
pub const EVM_TRACE_MEMORY: u32 = 1;
/// Without the stack.
pub const EVM_TRACE_NO_STACK: u32 = 2;
/// Struct logs: without the touched slots.
pub const EVM_TRACE_NO_STORAGE: u32 = 4;
/// Struct logs: what the last call returned. EIP-3155 has that anyway.
pub const EVM_TRACE_RETURN_DATA: u32 = 8;

/// Traces the executions to come: `format` is one of EVM_TRACE_…, `flags` are EVM_TRACE_MEMORY and others together,
/// `limit` the bytes that an execution's operations may take (0: any number; the closing part says "truncated").
/// The text goes to the file descriptor `fd`, of which a duplicate is kept until the trace is turned off or the executor
/// destroyed, or into memory where `fd` is -1, for evm_get_trace. INVALID_STATE while an execution is under way.
#[unsafe(no_mangle)]
pub extern "C" fn evm_set_trace(handle: EvmHandle, format: c_int, flags: u32, limit: u64, fd: c_int) -> c_int {
    guard::evm(handle.addr(), |executor| {
        if executor.evm.is_active() {
            return Err(Error::InvalidState("the trace cannot be changed while an execution is under way".into()));
        }
        let tracer = options(format, flags, limit)?;
        let tracer = tracer.map(|options| Ok(Box::new(Tracer::new(options, output(fd)?)))).transpose()?;
        executor.evm.set_tracer(tracer);
        Ok(())
    })
}

fn options(format: c_int, flags: u32, limit: u64) -> Result<Option<TraceOptions>> {
    let unknown = flags & !(2 * EVM_TRACE_RETURN_DATA - 1);
    if unknown != 0 {
        return Err(Error::InvalidInput(format!("flags {unknown:#x} are none of EVM_TRACE_…")));
    }
    let base = match format {
        EVM_TRACE_OFF => return Ok(None),
        EVM_TRACE_EIP3155 => TraceOptions::eip3155(),
        EVM_TRACE_STRUCT_LOGS => TraceOptions::struct_logs(),
        other => return Err(Error::InvalidInput(format!("trace format {other} is none of EVM_TRACE_…"))),
    };
    let flag = |flag| flags & flag != 0;
    if base.format == TraceFormat::Eip3155 && flag(EVM_TRACE_NO_STORAGE) {
        return Err(Error::InvalidInput("EVM_TRACE_NO_STORAGE: EIP-3155 has no storage".into()));
    }
    Ok(Some(TraceOptions {
        memory: flag(EVM_TRACE_MEMORY),
        stack: base.stack && !flag(EVM_TRACE_NO_STACK),
        storage: base.storage && !flag(EVM_TRACE_NO_STORAGE),
        return_data: base.return_data || flag(EVM_TRACE_RETURN_DATA),
        limit: (limit != 0).then_some(limit),
        ..base
    }))
}

#[cfg(unix)]
fn output(fd: c_int) -> Result<TraceOutput> {
    use std::os::fd::BorrowedFd;
    if fd == -1 {
        return Ok(TraceOutput::memory());
    }
    if fd < 0 {
        return Err(Error::InvalidInput(format!("file descriptor {fd}")));
    }
    // SAFETY: open for the time of this call, by the interface's contract; one that is not is found by duplicating it.
    let own = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned();
    let own = own.map_err(|error| Error::InvalidInput(format!("file descriptor {fd}: {error}")))?;
    Ok(TraceOutput::writer(std::fs::File::from(own)))
}

#[cfg(not(unix))]
fn output(fd: c_int) -> Result<TraceOutput> {
    match fd {
        -1 => Ok(TraceOutput::memory()),
        _ => Err(Error::InvalidInput("file descriptors are for Unix: give -1 and use evm_get_trace".into())),
    }
}

/// The trace in memory, as text and NUL to `buf` with its length without the NUL to `out_len`; NULL with `buf_size` 0
/// asks for the length alone. Reading it to the end takes it: the next executions' traces follow from an empty text.
/// Fails with EXECUTION once if writing to the file descriptor failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_get_trace(
    handle: EvmHandle,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        if let Some(error) = executor.evm.take_trace_error() {
            return Err(Error::Execution(format!("the trace is not complete: {error}")));
        }
        let tracer = executor.evm.tracer();
        let tracer = tracer.ok_or_else(|| Error::InvalidState("no trace: evm_set_trace turns it on".into()))?;
        out.answer(&String::from_utf8_lossy(tracer.text()))?;
        if !out.is_query() {
            tracer.take_text();
        }
        Ok(())
    })
}
