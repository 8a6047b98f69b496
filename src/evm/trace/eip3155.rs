//! EIP-3155: a JSON object a line for each operation, then one for the summary.
//!
//! ```json
//! {"pc":2,"op":1,"gas":"0x79bf20","gasCost":"0x3","stack":["0x1","0x2"],"depth":1,"returnData":"0x","refund":"0x0","memSize":0,"opName":"ADD"}
//! {"stateRoot":"","output":"0x","gasUsed":"0x5208","pass":true,"fork":"Osaka"}
//! ```
//! Members come in the EIP's order. `error` and `memory` stand at the end where there are any; `memory` is one text, as
//! in the EIP's examples and in every client. Without the stack (an option) `stack` is `[]`, without the returned data
//! `returnData` is left out.

use super::text::StackText;
use super::{Step, TraceOptions, TraceSummary, operation, text};
use revm::interpreter::interpreter_types::MemoryTr;
use revm::interpreter::{InstructionResult, Interpreter};

/// What is known ahead of the operation and stands behind its cost.
pub(super) fn state(
    out: &mut Vec<u8>,
    stack: &mut StackText,
    options: &TraceOptions,
    interpreter: &Interpreter,
    step: &Step,
) {
    stack.write(out, b"\",\"stack\":", if options.stack { interpreter.stack.data() } else { &[] });
    out.extend_from_slice(b",\"depth\":");
    text::decimal(out, step.depth as u64);
    if options.return_data {
        out.extend_from_slice(b",\"returnData\":\"");
        text::hex_bytes(out, &interpreter.return_data.0);
        out.push(b'"');
    }
    out.extend_from_slice(b",\"refund\":\"");
    text::hex_number(out, step.refund);
    out.extend_from_slice(b"\",\"memSize\":");
    let size = interpreter.memory.size();
    text::decimal(out, size as u64);
    out.extend_from_slice(b",\"opName\":");
    operation::quoted_name(out, step.op);
    if options.memory {
        out.extend_from_slice(b",\"memory\":\"");
        text::hex_bytes(out, &interpreter.memory.slice(0..size));
        out.push(b'"');
    }
}

/// The beginning of the line, up to the cost.
pub(super) fn head(out: &mut Vec<u8>, step: &Step, cost: u64) {
    out.extend_from_slice(b"{\"pc\":");
    text::decimal(out, step.pc as u64);
    out.extend_from_slice(b",\"op\":");
    text::decimal(out, step.op.into());
    out.extend_from_slice(b",\"gas\":\"");
    text::hex_number(out, step.gas);
    out.extend_from_slice(b"\",\"gasCost\":\"");
    text::hex_number(out, cost);
}

/// The end of the line.
pub(super) fn tail(out: &mut Vec<u8>, step: &Step, failure: Option<InstructionResult>) {
    if let Some(failure) = failure {
        out.extend_from_slice(b",\"error\":\"");
        operation::failure(out, step.op, step.height, failure);
        out.push(b'"');
    }
    out.extend_from_slice(b"}\n");
}

pub(super) fn summary(out: &mut Vec<u8>, summary: &TraceSummary<'_>, truncated: bool) {
    out.extend_from_slice(b"{\"stateRoot\":\"");
    if let Some(root) = summary.state_root {
        text::hex_bytes(out, root.as_slice());
    }
    out.extend_from_slice(b"\",\"output\":\"");
    text::hex_bytes(out, summary.output);
    out.extend_from_slice(b"\",\"gasUsed\":\"");
    text::hex_number(out, summary.gas_used);
    out.extend_from_slice(if summary.success { b"\",\"pass\":true" } else { b"\",\"pass\":false" });
    if let Some(time) = summary.nanoseconds {
        out.extend_from_slice(b",\"time\":");
        text::decimal(out, time);
    }
    if let Some(fork) = summary.fork {
        out.extend_from_slice(b",\"fork\":");
        out.extend_from_slice(serde_json::Value::from(fork).to_string().as_bytes());
    }
    if truncated {
        out.extend_from_slice(b",\"truncated\":true");
    }
    out.extend_from_slice(b"}\n");
}
