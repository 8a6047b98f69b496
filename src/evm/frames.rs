//! The calls of an execution that waits, as JSON.

use super::execution::Evm;
use alloy_primitives::hex;
use revm::interpreter::interpreter_types::{Jumps, MemoryTr};
use serde_json::{Value, json};

impl Evm {
    /// The calls that are under way, outermost first: `address`, `codeAddress`, `caller`, `value`, `gasLimit`, `isStatic`,
    /// `isCreate`; the innermost has `pc`, `opcode`, `gas`, `stack` (bottom first) and `memory` besides.
    pub fn frames(&mut self) -> Value {
        let mut frames: Vec<Value> = self
            .calls()
            .iter()
            .map(|call| {
                json!({
                    "address": format!("{:#x}", call.address),
                    "codeAddress": format!("{:#x}", call.code_address),
                    "caller": format!("{:#x}", call.caller),
                    "value": format!("{:#x}", call.value),
                    "gasLimit": format!("{:#x}", call.gas_limit),
                    "isStatic": call.is_static,
                    "isCreate": call.is_create,
                })
            })
            .collect();
        if let (Some(last), Some(interpreter)) = (frames.last_mut(), self.interpreter()) {
            let memory = interpreter.memory.slice(0..interpreter.memory.size());
            last["pc"] = interpreter.bytecode.pc().into();
            last["opcode"] = interpreter.bytecode.opcode().into();
            last["gas"] = format!("{:#x}", interpreter.gas.remaining()).into();
            last["stack"] = interpreter.stack.data().iter().map(|word| format!("{word:#x}")).collect();
            last["memory"] = hex::encode_prefixed(&*memory).into();
        }
        Value::Array(frames)
    }
}
