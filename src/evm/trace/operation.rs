//! Names of operations and texts of failures, as geth writes them.

use super::text;
use revm::bytecode::OpCode;
use revm::interpreter::InstructionResult;

/// The name within quotes, such as `"SSTORE"`, or `"opcode 0xc not defined"`.
pub(super) fn quoted_name(out: &mut Vec<u8>, op: u8) {
    out.push(b'"');
    name(out, op);
    out.push(b'"');
}

fn name(out: &mut Vec<u8>, op: u8) {
    if let Some(known) = OpCode::new(op) {
        out.extend_from_slice(known.as_str().as_bytes());
    } else {
        out.extend_from_slice(b"opcode ");
        text::hex_number(out, op.into());
        out.extend_from_slice(b" not defined");
    }
}

/// Whether the result says that the operation failed, a `REVERT` included.
pub(super) fn failed(result: InstructionResult) -> bool {
    !matches!(
        result,
        InstructionResult::Stop
            | InstructionResult::Return
            | InstructionResult::SelfDestruct
            | InstructionResult::Suspend
    )
}

/// Writes why the operation failed. `height` is the number of items on the stack ahead of it.
pub(super) fn failure(out: &mut Vec<u8>, op: u8, height: usize, result: InstructionResult) {
    use InstructionResult as R;
    let (inputs, outputs) = OpCode::new(op).map_or((0, 0), |known| known.input_output());
    let fixed = match result {
        R::Revert => "execution reverted",
        R::OutOfGas | R::MemoryOOG | R::MemoryLimitOOG | R::PrecompileOOG | R::ReentrancySentryOOG => "out of gas",
        R::InvalidOperandOOG => "gas uint64 overflow",
        R::InvalidJump => "invalid jump destination",
        R::CallNotAllowedInsideStatic | R::StateChangeDuringStaticCall => "write protection",
        R::OutOfOffset => "return data out of bounds",
        R::CallTooDeep => "max call depth exceeded",
        R::OutOfFunds | R::OverflowPayment => "insufficient balance for transfer",
        R::CreateCollision => "contract address collision",
        R::CreateContractSizeLimit => "max code size exceeded",
        R::CreateInitCodeSizeLimit => "max initcode size exceeded",
        R::CreateContractStartingWithEF | R::CreateInitCodeStartingEF00 => "invalid code: must not begin with 0xef",
        R::NonceOverflow => "nonce uint64 overflow",
        R::OpcodeNotFound | R::InvalidFEOpcode | R::NotActivated => {
            out.extend_from_slice(b"invalid opcode: ");
            return name(out, op);
        }
        R::StackUnderflow => {
            out.extend_from_slice(b"stack underflow (");
            text::decimal(out, height as u64);
            out.extend_from_slice(b" <=> ");
            text::decimal(out, inputs.into());
            return out.push(b')');
        }
        R::StackOverflow => {
            out.extend_from_slice(b"stack limit reached ");
            text::decimal(out, height as u64);
            out.extend_from_slice(b" (");
            text::decimal(out, 1024 + u64::from(inputs) - u64::from(outputs));
            return out.push(b')');
        }
        other => return out.extend_from_slice(format!("{other:?}").as_bytes()),
    };
    out.extend_from_slice(fixed.as_bytes());
}
