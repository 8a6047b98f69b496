//! Instructions that may meet missing state, wrapped so that such a meeting leaves no trace.
//!
//! The instruction itself is revm's own. When its question to the database is not answered, everything that it did
//! until then is undone: gas, stack, memory and journal (and with it warm and cold marks) are as before, and the driver
//! sets the program counter back. The instruction can then run again as if for the first time.

use super::machine::Context;
use revm::bytecode::opcode;
use revm::context_interface::context::ContextError;
use revm::context_interface::journaled_state::entry::JournalEntryTr;
use revm::handler::instructions::EthInstructions;
use revm::interpreter::instructions::{contract, host};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::MemoryTr;
use revm::interpreter::{Gas, Instruction, InstructionContext, InstructionExecResult, InstructionResult, Interpreter};
use revm::primitives::U256;
use revm::primitives::hardfork::SpecId;

type Call<'a> = InstructionContext<'a, Context, EthInterpreter>;

/// What an instruction changes before it may meet missing state; `N` is the number of stack items that it takes off.
struct Before<const N: usize> {
    gas: Gas,
    journal: usize,
    memory: usize,
    depth: usize,
    taken: [U256; N],
}

impl<const N: usize> Before<N> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "in front of each state access")]
    fn of(interpreter: &Interpreter, host: &Context) -> Self {
        let stack = interpreter.stack.data();
        let depth = stack.len();
        let mut taken = [U256::ZERO; N];
        // A stack that is too short makes the instruction fail before it asks for anything.
        if let Some(top) = stack.last_chunk::<N>() {
            taken = *top;
        }
        Self {
            gas: interpreter.gas,
            journal: host.journaled_state.inner.journal.len(),
            memory: interpreter.memory.size(),
            depth,
            taken,
        }
    }

    #[cold]
    #[inline(never)]
    fn restore(&self, interpreter: &mut Interpreter, host: &mut Context) {
        interpreter.gas = self.gas;
        interpreter.memory.resize(self.memory);
        let stack = interpreter.stack.data_mut();
        stack.truncate(self.depth.saturating_sub(N));
        stack.extend_from_slice(&self.taken);
        undo_to(host, self.journal);
    }
}

/// Undoes the journal's entries from `length` on.
pub(super) fn undo_to(host: &mut Context, length: usize) {
    let inner = &mut host.journaled_state.inner;
    let clears_empty = inner.cfg.spec.is_enabled_in(SpecId::SPURIOUS_DRAGON);
    for entry in inner.journal.drain(length..).rev() {
        entry.revert(&mut inner.state, Some(&mut inner.transient_storage), clears_empty);
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "one copy for each guarded instruction, without a call in between")]
fn guarded<const N: usize>(
    call: Call<'_>,
    instruction: impl FnOnce(Call<'_>) -> InstructionExecResult,
) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = call;
    let before = Before::<N>::of(interpreter, host);
    let result = instruction(InstructionContext { interpreter: &mut *interpreter, host: &mut *host });
    if matches!(result, Err(InstructionResult::FatalExternalError)) && matches!(host.error, Err(ContextError::Db(_))) {
        before.restore(interpreter, host);
    }
    result
}

/// revm's instructions, with those guarded that ask for state.
///
/// SLOAD, BALANCE, SELFBALANCE, EXTCODEHASH and BLOCKHASH need no guard: they ask once, before they have changed
/// anything, and overwrite the top of the stack only when they have their answer. A guard would cost a warm SLOAD a
/// third more: the copy of the gas waits for the store of what the opcode was just charged.
///
/// CREATE and CREATE2 ask for nothing themselves: their frame does, when it is opened. From Amsterdam on (EIP-8037)
/// they do, and have to be guarded too.
pub(super) fn instructions(spec: SpecId) -> EthInstructions<EthInterpreter, Context> {
    const CALL: u8 = opcode::CALL;
    const CALLCODE: u8 = opcode::CALLCODE;
    const DELEGATECALL: u8 = opcode::DELEGATECALL;
    const STATICCALL: u8 = opcode::STATICCALL;
    let mut instructions = EthInstructions::new_mainnet_with_spec(spec);
    let guards: [(u8, fn(Call<'_>) -> InstructionExecResult); 8] = [
        (opcode::SSTORE, |call| guarded::<2>(call, host::sstore)),
        (opcode::EXTCODESIZE, |call| guarded::<0>(call, host::extcodesize)),
        (opcode::EXTCODECOPY, |call| guarded::<4>(call, host::extcodecopy)),
        (opcode::SELFDESTRUCT, |call| guarded::<1>(call, host::selfdestruct)),
        (CALL, |call| guarded::<7>(call, contract::call::<CALL, _, _>)),
        (CALLCODE, |call| guarded::<7>(call, contract::call::<CALLCODE, _, _>)),
        (DELEGATECALL, |call| guarded::<6>(call, contract::call::<DELEGATECALL, _, _>)),
        (STATICCALL, |call| guarded::<6>(call, contract::call::<STATICCALL, _, _>)),
    ];
    let table = instructions.instruction_table_mut();
    for (code, guard) in guards {
        table[usize::from(code)] = Instruction::new(guard);
    }
    instructions
}
