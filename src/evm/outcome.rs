//! What an execution came to.

use super::revert::RevertReason;
use alloy_primitives::{Address, Bytes, Log};
use revm::context_interface::result::{ExecutionResult, HaltReason, OutOfGasError, Output};
use serde_json::{Value, json};
use std::borrow::Cow;

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It returned, stopped, or destroyed itself.
    Success,
    /// The code reverted: its changes are undone, the gas that was left is given back.
    Revert,
    /// The rules of the EVM ended it: its changes are undone, all gas is used.
    Halt,
}

impl Status {
    /// `success`, `revert` or `halt`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Revert => "revert",
            Self::Halt => "halt",
        }
    }
}

/// The result of a finished execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Gas that is paid for, as in the receipt: after the refund, at least the floor of EIP-7623.
    pub gas_used: u64,
    /// What of the gas limit is not paid for.
    pub gas_remaining: u64,
    /// The refund that is already taken off `gas_used`.
    pub gas_refunded: u64,
    /// What was returned; on a revert, its data; of a creation, the code. Empty on a halt.
    pub output: Bytes,
    /// The contract that a successful creation made.
    pub created: Option<Address>,
    /// The logs in the order of their emission; none unless it succeeded.
    pub logs: Vec<Log>,
    /// Why it halted, in words that stay the same: `out of gas`, `stack underflow`…
    pub halt_reason: Option<Cow<'static, str>>,
}

impl Outcome {
    /// From revm's result of an execution that was given `gas_limit`.
    #[must_use]
    pub fn new(result: ExecutionResult<HaltReason>, gas_limit: u64) -> Self {
        let gas = *result.gas();
        let gas_used = gas.tx_gas_used();
        let outcome = Self {
            status: Status::Success,
            gas_used,
            gas_remaining: gas_limit.saturating_sub(gas_used),
            gas_refunded: gas.final_refunded(),
            output: Bytes::new(),
            created: None,
            logs: Vec::new(),
            halt_reason: None,
        };
        match result {
            ExecutionResult::Success { output: Output::Call(output), logs, .. } => Self { output, logs, ..outcome },
            ExecutionResult::Success { output: Output::Create(output, created), logs, .. } => {
                Self { output, created, logs, ..outcome }
            }
            ExecutionResult::Revert { output, .. } => Self { status: Status::Revert, output, ..outcome },
            ExecutionResult::Halt { reason, .. } => {
                Self { status: Status::Halt, halt_reason: Some(halt_text(reason)), ..outcome }
            }
        }
    }

    /// What a revert said; none unless it reverted.
    #[must_use]
    pub fn revert_reason(&self) -> Option<RevertReason> {
        (self.status == Status::Revert).then(|| RevertReason::decode(&self.output))
    }

    /// Why it did not succeed, in words; `None` where it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match &self.halt_reason {
            Some(reason) => Some(reason.to_string()),
            None => self.revert_reason().map(|reason| reason.to_string()),
        }
    }

    /// Everything as one JSON object: `status`, `gasUsed`, `gasRemaining`, `gasRefunded`, `output`, `contractAddress`,
    /// `logs[{address,topics,data,logIndex}]`, `revertReason` (see [`RevertReason::to_json`]) and `haltReason`; `null`
    /// where there is none. Numbers are `0x` quantities.
    #[must_use]
    pub fn to_json(&self) -> String {
        let log = |(index, log): (usize, &Log)| -> Value {
            let topics: Vec<_> = log.topics().iter().map(|topic| format!("{topic:#x}")).collect();
            json!({
                "address": format!("{:#x}", log.address),
                "topics": topics,
                "data": log.data.data.to_string(),
                "logIndex": format!("{index:#x}"),
            })
        };
        json!({
            "status": self.status.name(),
            "gasUsed": format!("{:#x}", self.gas_used),
            "gasRemaining": format!("{:#x}", self.gas_remaining),
            "gasRefunded": format!("{:#x}", self.gas_refunded),
            "output": self.output.to_string(),
            "contractAddress": self.created.map(|address| format!("{address:#x}")),
            "logs": self.logs.iter().enumerate().map(log).collect::<Vec<_>>(),
            "revertReason": self.revert_reason().map(|reason| reason.to_json()),
            "haltReason": self.halt_reason,
        })
        .to_string()
    }
}

/// The halt in the words of the specification and of geth.
fn halt_text(reason: HaltReason) -> Cow<'static, str> {
    Cow::Borrowed(match reason {
        HaltReason::OutOfGas(OutOfGasError::Basic) => "out of gas",
        HaltReason::OutOfGas(OutOfGasError::MemoryLimit) => "out of gas: memory limit",
        HaltReason::OutOfGas(OutOfGasError::Memory) => "out of gas: memory expansion",
        HaltReason::OutOfGas(OutOfGasError::Precompile) => "out of gas: precompile",
        HaltReason::OutOfGas(OutOfGasError::InvalidOperand) => "out of gas: operand beyond 64 bits",
        HaltReason::OutOfGas(OutOfGasError::ReentrancySentry) => "out of gas: SSTORE within the call stipend",
        HaltReason::OpcodeNotFound => "invalid opcode",
        HaltReason::InvalidFEOpcode => "invalid opcode 0xfe",
        HaltReason::InvalidJump => "invalid jump destination",
        HaltReason::NotActivated => "opcode not active in this hardfork",
        HaltReason::StackUnderflow => "stack underflow",
        HaltReason::StackOverflow => "stack overflow",
        HaltReason::OutOfOffset => "return data out of bounds",
        HaltReason::CreateCollision => "contract address collision",
        HaltReason::PrecompileError => "precompile failed",
        HaltReason::PrecompileErrorWithContext(text) => return Cow::Owned(format!("precompile failed: {text}")),
        HaltReason::NonceOverflow => "nonce overflow",
        HaltReason::CreateContractSizeLimit => "max code size exceeded",
        HaltReason::CreateContractStartingWithEF => "invalid code: must not begin with 0xef",
        HaltReason::CreateInitCodeSizeLimit => "max initcode size exceeded",
        HaltReason::OverflowPayment => "payment overflow",
        HaltReason::StateChangeDuringStaticCall => "write protection",
        HaltReason::CallNotAllowedInsideStatic => "write protection: call with value",
        HaltReason::OutOfFunds => "insufficient balance for transfer",
        HaltReason::CallTooDeep => "max call depth exceeded",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{B256, LogData, U256};
    use revm::context_interface::result::{ResultGas, SuccessReason};

    fn gas(spent: u64, refunded: u64, floor: u64) -> ResultGas {
        ResultGas::default().with_total_gas_spent(spent).with_refunded(refunded).with_floor_gas(floor)
    }

    fn log(byte: u8, topics: usize) -> Log {
        let topics = vec![B256::repeat_byte(byte); topics];
        Log { address: Address::repeat_byte(byte), data: LogData::new_unchecked(topics, Bytes::from(vec![byte; 3])) }
    }

    #[test]
    fn success_has_logs_and_gas() {
        let outcome = Outcome::new(
            ExecutionResult::Success {
                reason: SuccessReason::Return,
                gas: gas(50_000, 4_800, 0),
                logs: vec![log(1, 0), log(2, 2)],
                output: Output::Create(Bytes::from_static(b"\x60"), Some(Address::with_last_byte(9))),
            },
            60_000,
        );
        assert_eq!((outcome.gas_used, outcome.gas_remaining, outcome.gas_refunded), (45_200, 14_800, 4_800));
        assert_eq!(outcome.revert_reason(), None);
        let json: Value = serde_json::from_str(&outcome.to_json()).unwrap();
        let address = |byte: u8| format!("{:#x}", Address::repeat_byte(byte));
        let topic = format!("{:#x}", B256::repeat_byte(2));
        let expected = json!({
            "status": "success", "gasUsed": "0xb090", "gasRemaining": "0x39d0", "gasRefunded": "0x12c0",
            "output": "0x60", "contractAddress": "0x0000000000000000000000000000000000000009",
            "logs": [
                { "address": address(1), "topics": [], "data": "0x010101", "logIndex": "0x0" },
                { "address": address(2), "topics": [topic, topic], "data": "0x020202", "logIndex": "0x1" },
            ],
            "revertReason": null, "haltReason": null,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn the_floor_of_the_calldata_leaves_no_refund() {
        let success = ExecutionResult::Success {
            reason: SuccessReason::Stop,
            gas: gas(30_000, 4_000, 29_000),
            logs: vec![],
            output: Output::Call(Bytes::new()),
        };
        let outcome = Outcome::new(success, 100_000);
        assert_eq!((outcome.gas_used, outcome.gas_remaining, outcome.gas_refunded), (29_000, 71_000, 0));
    }

    #[test]
    fn revert_and_halt_have_no_logs() {
        let panic = U256::from(0x11).to_be_bytes_vec();
        let output = Bytes::from([&[0x4e, 0x48, 0x7b, 0x71][..], &panic].concat());
        let reverted = Outcome::new(
            ExecutionResult::Revert { gas: gas(21_100, 0, 0), logs: vec![log(1, 1)], output: output.clone() },
            30_000,
        );
        assert_eq!((reverted.status, reverted.gas_remaining, &reverted.output), (Status::Revert, 8_900, &output));
        assert!(reverted.logs.is_empty());
        let json: Value = serde_json::from_str(&reverted.to_json()).unwrap();
        assert_eq!(json["revertReason"]["kind"], "panic");
        assert_eq!(json["revertReason"]["code"], "0x11");

        let halt = |reason| {
            let halted = ExecutionResult::Halt { reason, gas: gas(30_000, 0, 0), logs: vec![log(1, 1)] };
            Outcome::new(halted, 30_000)
        };
        let outcome = halt(HaltReason::InvalidFEOpcode);
        assert_eq!((outcome.status, outcome.gas_remaining, outcome.logs.len()), (Status::Halt, 0, 0));
        assert_eq!((outcome.halt_reason.as_deref(), outcome.revert_reason()), (Some("invalid opcode 0xfe"), None));
        let json: Value = serde_json::from_str(&outcome.to_json()).unwrap();
        assert_eq!((&json["status"], &json["haltReason"]), (&json!("halt"), &json!("invalid opcode 0xfe")));
        let named = halt(HaltReason::PrecompileErrorWithContext("bad point".into()));
        assert_eq!(named.halt_reason.as_deref(), Some("precompile failed: bad point"));
        assert_eq!(halt(HaltReason::OutOfGas(OutOfGasError::Basic)).halt_reason.as_deref(), Some("out of gas"));
    }
}
