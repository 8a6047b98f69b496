//! Struct logs: one JSON object for the transaction, as `debug_traceTransaction` answers it.
//!
//! ```json
//! {"structLogs":[
//! {"pc":2,"op":"ADD","gas":7978784,"gasCost":3,"depth":1,"stack":["0x1","0x2"]}
//! ],"gas":21000,"failed":false,"returnValue":"0x"}
//! ```
//! The text is written as the operations come, so the totals stand behind them. As the JSON-RPC specification and geth
//! from 1.17 have it: words of the memory and both sides of `storage` are `0x` and 64 digits, `refund` is there when it
//! is not zero, `returnData` and `memory` when they are not empty, `storage` at `SLOAD` and `SSTORE` only, with all the
//! slots of the account that the transaction has read or written up to and including this operation. A `REVERT` is an
//! operation that worked: it has no `error`.

use super::text::StackText;
use super::{Step, TraceOptions, TraceSummary, operation, text};
use alloy_primitives::{Address, U256};
use revm::interpreter::interpreter_types::MemoryTr;
use revm::interpreter::{InstructionResult, Interpreter};
use std::collections::BTreeMap;

/// The slots that the transaction has touched, a reverted frame's included.
pub(super) type Touched = BTreeMap<Address, BTreeMap<U256, U256>>;

pub(super) const OPENING: &[u8] = b"{\"structLogs\":[";
pub(super) const ABORTED: &[u8] = b"\n],\"aborted\":true}\n";

/// What is known ahead of the operation and stands behind its cost.
pub(super) fn state(out: &mut Vec<u8>, stack: &mut StackText, options: &TraceOptions, interpreter: &Interpreter) {
    if options.stack {
        stack.write(out, b",\"stack\":", interpreter.stack.data());
    } else {
        out.clear();
    }
    let returned = &interpreter.return_data.0;
    if options.return_data && !returned.is_empty() {
        out.extend_from_slice(b",\"returnData\":\"");
        text::hex_bytes(out, returned);
        out.push(b'"');
    }
    let size = interpreter.memory.size();
    if options.memory && size > 0 {
        out.extend_from_slice(b",\"memory\":[");
        // The size is always a whole number of words.
        for (at, word) in interpreter.memory.slice(0..size).chunks(32).enumerate() {
            out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
            text::hex_bytes(out, word);
            out.push(b'"');
        }
        out.push(b']');
    }
}

/// The beginning of the entry, up to the error.
pub(super) fn head(out: &mut Vec<u8>, step: &Step, cost: u64, failure: Option<InstructionResult>, first: bool) {
    out.extend_from_slice(if first { b"\n{\"pc\":" } else { b",\n{\"pc\":" });
    text::decimal(out, step.pc as u64);
    out.extend_from_slice(b",\"op\":");
    operation::quoted_name(out, step.op);
    out.extend_from_slice(b",\"gas\":");
    text::decimal(out, step.gas);
    out.extend_from_slice(b",\"gasCost\":");
    text::decimal(out, cost);
    out.extend_from_slice(b",\"depth\":");
    text::decimal(out, step.depth as u64);
    if let Some(failure) = failure.filter(|failure| *failure != InstructionResult::Revert) {
        out.extend_from_slice(b",\"error\":\"");
        operation::failure(out, step.op, step.height, failure);
        out.push(b'"');
    }
}

/// The end of the entry; with the slots when this operation has touched one.
pub(super) fn tail(out: &mut Vec<u8>, step: &Step, slots: Option<&BTreeMap<U256, U256>>) {
    if let Some(slots) = slots {
        out.extend_from_slice(b",\"storage\":{");
        for (at, (slot, value)) in slots.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
            text::hex_padded(out, slot);
            out.extend_from_slice(b"\":\"");
            text::hex_padded(out, value);
            out.push(b'"');
        }
        out.push(b'}');
    }
    if step.refund > 0 {
        out.extend_from_slice(b",\"refund\":");
        text::decimal(out, step.refund);
    }
    out.push(b'}');
}

pub(super) fn summary(out: &mut Vec<u8>, summary: &TraceSummary<'_>, truncated: bool) {
    out.extend_from_slice(b"\n],\"gas\":");
    text::decimal(out, summary.gas_used);
    out.extend_from_slice(if summary.success { b",\"failed\":false" } else { b",\"failed\":true" });
    out.extend_from_slice(b",\"returnValue\":\"");
    text::hex_bytes(out, summary.output);
    out.extend_from_slice(if truncated { b"\",\"truncated\":true}\n" } else { b"\"}\n" });
}
