//! Instructions that may meet missing state, wrapped so that such a meeting leaves no trace.
//!
//! The instruction itself is revm's own. When its question to the database is not answered, everything that it did
//! until then is undone: gas, stack, memory and journal (and with it warm and cold marks) are as before, and the driver
//! sets the program counter back. The instruction can then run again as if for the first time.
//!
//! Over a state with nothing below it nothing is ever missing, and the instructions run unguarded.

use super::database::DatabaseError;
use super::machine::Context;
use revm::Database as _;
use revm::bytecode::opcode;
use revm::context::Journal;
use revm::context_interface::context::ContextError;
use revm::context_interface::journaled_state::entry::JournalEntryTr;
use revm::handler::instructions::EthInstructions;
use revm::interpreter::instructions::{contract, host};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, LoopControl, MemoryTr};
use revm::interpreter::{
    CreateInputs, FrameInput, Gas, Instruction, InstructionContext, InstructionExecResult, InstructionResult,
    Interpreter, InterpreterAction,
};
use revm::primitives::constants::CALL_STACK_LIMIT;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, B256, U256};
use revm::state::Account;

type Guarded = fn(Call<'_>) -> InstructionExecResult;
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
    if !host.journaled_state.database.can_miss() {
        return instruction(InstructionContext { interpreter, host });
    }
    let before = Before::<N>::of(interpreter, host);
    let result = instruction(InstructionContext { interpreter: &mut *interpreter, host: &mut *host });
    if matches!(result, Err(InstructionResult::FatalExternalError)) && matches!(host.error, Err(ContextError::Db(_))) {
        before.restore(interpreter, host);
    }
    result
}

/// A call. One of an account that is loaded with its code asks for nothing: that is most of them, and the copy of what
/// they take off the stack is spared.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as `guarded`")]
fn calling<const N: usize>(
    call: Call<'_>,
    instruction: impl FnOnce(Call<'_>) -> InstructionExecResult,
) -> InstructionExecResult {
    if is_callable(call.interpreter, call.host) { instruction(call) } else { guarded::<N>(call, instruction) }
}

/// Whether the account that is to be called is loaded with its code, and delegates to no other (EIP-7702).
#[inline]
fn is_callable(interpreter: &Interpreter, host: &Context) -> bool {
    if !host.journaled_state.database.can_miss() {
        return true;
    }
    let [.., to, _] = interpreter.stack.data().as_slice() else { return true };
    let account = host.journaled_state.inner.state.get(&Address::from_word(B256::from(*to)));
    account.and_then(|account| account.info.code.as_ref()).is_some_and(|code| !code.is_eip7702())
}

/// A creation, which stops here if the account at the new address is missing: once its frame is being opened, the
/// instruction would have left its traces.
#[inline]
fn creating<const N: usize>(
    call: Call<'_>,
    instruction: impl FnOnce(Call<'_>) -> InstructionExecResult,
) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = call;
    if !host.journaled_state.database.can_miss() {
        return instruction(InstructionContext { interpreter, host });
    }
    let before = Before::<N>::of(interpreter, host);
    let result = instruction(InstructionContext { interpreter: &mut *interpreter, host: &mut *host });
    let Some(InterpreterAction::NewFrame(FrameInput::Create(inputs))) = interpreter.bytecode.action() else {
        return result;
    };
    let Some(error) = load_created(host, inputs, interpreter.input.depth()).err() else { return result };
    host.error = Err(ContextError::Db(error));
    *interpreter.bytecode.action() = None;
    interpreter.bytecode.reset_action();
    before.restore(interpreter, host);
    Err(InstructionResult::FatalExternalError)
}

/// Loads the account at the new address, cold unless the access list has it, if the frame that is going to be opened at
/// `depth` below will ask for it.
fn load_created(host: &mut Context, inputs: &CreateInputs, depth: usize) -> Result<(), DatabaseError> {
    let Journal { database, inner } = &mut host.journaled_state;
    let Some(creator) = inner.state.get(&inputs.caller()).map(|account| &account.info) else { return Ok(()) };
    if creator.balance < inputs.value() || creator.nonce == u64::MAX || depth as u64 >= CALL_STACK_LIMIT {
        return Ok(());
    }
    let address = inputs.created_address(creator.nonce);
    if inner.state.contains_key(&address) {
        return Ok(());
    }
    if let Some(guesses) = &mut database.guesses {
        guesses.will_create(address);
    }
    let account = database.basic(address)?;
    let absent = || Account::new_not_existing(inner.transaction_id);
    let mut account = account.map_or_else(absent, Account::from);
    account.transaction_id = inner.transaction_id;
    let warm = inner.warm_addresses.is_warm(&address);
    inner.state.insert(address, if warm { account } else { account.with_cold_mark() });
    Ok(())
}

/// revm's instructions, with those guarded that ask for state.
///
/// SLOAD, BALANCE, SELFBALANCE, EXTCODEHASH and BLOCKHASH need no guard: they ask once, before they have changed
/// anything, and overwrite the top of the stack only when they have their answer. A guard would cost a warm SLOAD a
/// third more: the copy of the gas waits for the store of what the opcode was just charged.
///
/// CREATE and CREATE2 ask for nothing themselves, their frame does when it is opened; they look ahead to that.
pub(super) fn instructions(spec: SpecId) -> EthInstructions<EthInterpreter, Context> {
    const CALL: u8 = opcode::CALL;
    const CALLCODE: u8 = opcode::CALLCODE;
    const DELEGATECALL: u8 = opcode::DELEGATECALL;
    const STATICCALL: u8 = opcode::STATICCALL;
    let mut instructions = EthInstructions::new_mainnet_with_spec(spec);
    let guards: [(u8, Guarded); 10] = [
        (opcode::SSTORE, |call| guarded::<2>(call, host::sstore)),
        (opcode::EXTCODESIZE, |call| guarded::<0>(call, host::extcodesize)),
        (opcode::EXTCODECOPY, |call| guarded::<4>(call, host::extcodecopy)),
        (opcode::SELFDESTRUCT, |call| guarded::<1>(call, host::selfdestruct)),
        (opcode::CREATE, |call| creating::<3>(call, contract::create::<false, _, _>)),
        (opcode::CREATE2, |call| creating::<4>(call, contract::create::<true, _, _>)),
        (CALL, |call| calling::<7>(call, contract::call::<CALL, _, _>)),
        (CALLCODE, |call| calling::<7>(call, contract::call::<CALLCODE, _, _>)),
        (DELEGATECALL, |call| calling::<6>(call, contract::call::<DELEGATECALL, _, _>)),
        (STATICCALL, |call| calling::<6>(call, contract::call::<STATICCALL, _, _>)),
    ];
    let table = instructions.instruction_table_mut();
    for (code, guard) in guards {
        table[usize::from(code)] = Instruction::new(guard);
    }
    instructions
}
