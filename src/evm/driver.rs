//! Drives revm's frames and handler so that an execution can stop where state is missing, and go on from there.
//!
//! An execution passes through phases, each of which can be entered again after a question to the state was not
//! answered, because it left no trace:
//!
//! | phase | what is done again after missing state |
//! |---|---|
//! | `Begin` | validation, fee, warm addresses, authorizations, first frame's input: from scratch, no opcode has run |
//! | `Open` | the opening of a frame; what it changed in the journal is undone |
//! | `Run` | one opcode: see [`super::guard`] |
//! | `Reward` | the loading of the beneficiary, its first action |
//!
//! The order of the handler's phases is that of revm's `Handler::run`.

use super::guard::undo_to;
use super::machine::{Context, Frame, Handler, Machine, MachineError};
use super::message::Message;
use super::trace::Tracer;
use crate::error::{Error, Result};
use crate::state::Request;
use alloy_primitives::{Address, U256};
use revm::context_interface::context::ContextError;
use revm::context_interface::result::{EVMError, ExecutionResult, HaltReason, ResultGas};
use revm::context_interface::{JournalTr, LocalContextTr};
use revm::handler::evm::FrameTr;
use revm::handler::{EvmTr, FrameResult, Handler as _, ItemOrResult, execution, post_execution};
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::interpreter_types::{Jumps, LoopControl};
use revm::interpreter::{CallInputs, FrameInput, GasTracker, InitialAndFloorGas, Interpreter, InterpreterAction};
use revm::state::{EvmState, TransactionId};

/// Where an execution stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// This is missing.
    Missing(Request),
    /// A precompiled contract of the host waits: see `Precompiles::call`.
    Precompile,
    /// As many instructions as were allowed have run.
    Budget,
    /// At its end.
    Done,
}

/// What is executed.
pub(super) enum Job {
    /// The transaction in the machine's context.
    Transaction,
    /// A message, without the transaction around it.
    Message(Box<Message>),
}

/// A call or creation that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFrame {
    /// Whose storage is used.
    pub address: Address,
    /// Whose code runs; the same unless for DELEGATECALL and CALLCODE. For a creation the new account.
    pub code_address: Address,
    /// Who called.
    pub caller: Address,
    /// The value that the code sees.
    pub value: U256,
    /// Gas that it was given.
    pub gas_limit: u64,
    /// Whether it must not change the state.
    pub is_static: bool,
    /// Whether it is a creation.
    pub is_create: bool,
}

impl CallFrame {
    fn of_call(inputs: &CallInputs) -> Self {
        Self {
            address: inputs.target_address,
            code_address: inputs.bytecode_address,
            caller: inputs.caller,
            value: inputs.value.get(),
            gas_limit: inputs.gas_limit,
            is_static: inputs.is_static,
            is_create: false,
        }
    }
}

/// A finished execution.
pub(super) struct Executed {
    pub(super) result: ExecutionResult<HaltReason>,
    /// Every account that was loaded, with what became of it.
    pub(super) state: EvmState,
    /// With it, warm is told from cold.
    pub(super) transaction: TransactionId,
    /// The refund counter of a message, which nobody has subtracted.
    pub(super) message_refund: u64,
}

enum Phase {
    Idle,
    Begin,
    Open(FrameInit),
    Run,
    Return(FrameResult),
    Reward(FrameResult, ResultGas),
}

pub(super) struct Driver {
    pub(super) machine: Machine,
    phase: Phase,
    job: Job,
    gas: GasTracker,
    initial: InitialAndFloorGas,
    delegation_refund: i64,
    calls: Vec<CallFrame>,
    pub(super) tracer: Option<Box<Tracer>>,
}

/// What a frame's instructions ended with.
enum Ended {
    Action(InterpreterAction),
    Budget,
}

impl Driver {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine,
            phase: Phase::Idle,
            job: Job::Transaction,
            gas: GasTracker::new(0, 0, 0),
            initial: InitialAndFloorGas::new(0, 0),
            delegation_refund: 0,
            calls: Vec::new(),
            tracer: None,
        }
    }

    /// Whether an execution has been started and not ended.
    pub(super) fn is_active(&self) -> bool {
        !matches!(self.phase, Phase::Idle)
    }

    /// Begins an execution; one that was under way is given up.
    pub(super) fn start(&mut self, job: Job) {
        self.abort();
        self.job = job;
        self.phase = Phase::Begin;
    }

    /// Gives everything back that an execution holds.
    pub(super) fn abort(&mut self) {
        self.phase = Phase::Idle;
        self.clear();
        let _ = self.machine.ctx.journaled_state.finalize();
        self.machine.ctx.journaled_state.database.clear();
    }

    fn clear(&mut self) {
        let Machine { ctx, frame_stack, precompiles, .. } = &mut self.machine;
        ctx.error = Ok(());
        ctx.local.clear();
        frame_stack.clear();
        precompiles.clear();
        self.calls.clear();
    }

    /// The calls that are under way, outermost first.
    pub(super) fn calls(&self) -> &[CallFrame] {
        &self.calls
    }

    /// The interpreter of the innermost call, where one is under way.
    pub(super) fn interpreter(&mut self) -> Option<&Interpreter> {
        let stack = &mut self.machine.frame_stack;
        stack.index()?;
        Some(&stack.get().interpreter)
    }

    /// The opcode whose turn it is; `None` before the first and after the last.
    pub(super) fn opcode(&mut self) -> Option<u8> {
        match &self.phase {
            Phase::Open(FrameInit { frame_input: FrameInput::Create(_), .. }) => Some(revm::bytecode::opcode::CREATE),
            Phase::Run => self.interpreter().map(|interpreter| interpreter.bytecode.opcode()),
            _ => None,
        }
    }

    /// Goes on until something is missing, the end, or `budget` instructions later.
    pub(super) fn advance(&mut self, mut budget: Option<u64>) -> Result<(Stop, Option<Executed>)> {
        loop {
            let stop = match std::mem::replace(&mut self.phase, Phase::Idle) {
                Phase::Idle => return Err(Error::InvalidState("no execution is under way".into())),
                Phase::Begin => self.begin(),
                Phase::Open(init) => self.open(init),
                Phase::Run => self.run(&mut budget),
                Phase::Return(result) => self.give_back(result),
                Phase::Reward(result, gas) => match self.reward(result, gas) {
                    Ok(Ok(executed)) => return Ok((Stop::Done, Some(executed))),
                    Ok(Err(stop)) => Ok(Some(stop)),
                    Err(error) => Err(error),
                },
            };
            match stop {
                Ok(None) => {}
                Ok(Some(stop)) => return Ok((stop, None)),
                Err(error) => return Err(error),
            }
        }
    }

    /// What an error means: missing state stops, everything else fails. Either way the phase can be entered again.
    fn stopped_by(error: MachineError) -> Result<Option<Stop>> {
        match error {
            EVMError::Database(error) => match error.0 {
                Error::Missing(request) => Ok(Some(Stop::Missing(request))),
                error => Err(error),
            },
            EVMError::Transaction(error) => Err(Error::Execution(format!("transaction refused: {error}"))),
            EVMError::Header(error) => Err(Error::Execution(format!("block refused: {error}"))),
            EVMError::Custom(text) => Err(Error::Execution(text)),
            EVMError::CustomAny(error) => Err(Error::Execution(error.to_string())),
        }
    }

    fn begin(&mut self) -> Result<Option<Stop>> {
        let begun = match std::mem::replace(&mut self.job, Job::Transaction) {
            Job::Transaction => self.begin_transaction(),
            Job::Message(message) => {
                let begun = message.first_frame(&mut self.machine).map(Phase::Open);
                self.job = Job::Message(message);
                begun
            }
        };
        match begun {
            Ok(phase) => {
                self.phase = phase;
                Ok(None)
            }
            Err(error) => {
                let ctx = &mut self.machine.ctx;
                ctx.journaled_state.discard_tx();
                ctx.error = Ok(());
                self.phase = Phase::Begin;
                Self::stopped_by(error)
            }
        }
    }

    fn begin_transaction(&mut self) -> std::result::Result<Phase, MachineError> {
        let (mut handler, machine) = (Handler::default(), &mut self.machine);
        self.initial = handler.validate(machine)?;
        self.gas = handler.tx_gas(machine, &self.initial);
        self.delegation_refund = 0;
        if let Some(ready) = handler.pre_execution(machine, &mut self.gas)? {
            self.delegation_refund = i64::try_from(ready.eip7702_refund).unwrap_or(i64::MAX);
            if let Some(init) = handler.first_frame_input(machine, &mut self.gas)? {
                machine.ctx.journaled_state.checkpoint_commit();
                return Ok(Phase::Open(init));
            }
            execution::runtime_oog_unwind(&mut machine.ctx, ready.checkpoint)?;
        }
        let mut result = handler.runtime_oog_result(machine, &self.initial, &mut self.gas)?;
        let gas = self.settle(&mut result)?;
        Ok(Phase::Reward(result, gas))
    }

    fn open(&mut self, init: FrameInit) -> Result<Option<Stop>> {
        match &init.frame_input {
            FrameInput::Call(inputs) if !self.machine.precompiles.is_hosted(&inputs.bytecode_address) => {
                self.calls.push(CallFrame::of_call(inputs));
            }
            _ => return self.open_with_question(init),
        }
        // Nothing is missing here: the opcode has loaded what its frame needs.
        match self.machine.frame_init(init) {
            Ok(ItemOrResult::Item(_)) => self.phase = Phase::Run,
            Ok(ItemOrResult::Result(result)) => {
                self.calls.pop();
                self.phase = Phase::Return(result);
            }
            Err(error) => {
                self.calls.pop();
                return Self::stopped_by(error.into());
            }
        }
        Ok(None)
    }

    /// Opens a frame that may ask: a creation's for the account at the new address, a call's of a precompiled contract
    /// that the host answers.
    #[inline(never)]
    fn open_with_question(&mut self, init: FrameInit) -> Result<Option<Stop>> {
        let inner = &self.machine.ctx.journaled_state.inner;
        let (journal, depth) = (inner.journal.len(), inner.depth);
        let call = match &init.frame_input {
            FrameInput::Create(inputs) => {
                let nonce = inner.state.get(&inputs.caller()).map_or(0, |account| account.info.nonce);
                let address = inputs.created_address(nonce);
                if let Some(guesses) = &mut self.machine.ctx.journaled_state.database.guesses {
                    guesses.will_create(address);
                }
                CallFrame {
                    address,
                    code_address: address,
                    caller: inputs.caller(),
                    value: inputs.value(),
                    gas_limit: inputs.gas_limit(),
                    is_static: false,
                    is_create: true,
                }
            }
            FrameInput::Call(inputs) => CallFrame::of_call(inputs),
            FrameInput::Empty => return Err(Error::Internal("a frame without input".into())),
        };
        self.calls.push(call);
        let again = init.clone();
        let opened = self.machine.frame_init(init).map(|opened| match opened {
            ItemOrResult::Item(_) => None,
            ItemOrResult::Result(result) => Some(result),
        });
        if !matches!(opened, Ok(None)) {
            self.calls.pop();
        }
        match opened {
            Ok(None) => {
                self.phase = Phase::Run;
                Ok(None)
            }
            Ok(Some(result)) => {
                self.phase = Phase::Return(result);
                Ok(None)
            }
            Err(error) => {
                let ctx = &mut self.machine.ctx;
                undo_to(ctx, journal);
                ctx.journaled_state.inner.depth = depth;
                ctx.error = Ok(());
                self.phase = Phase::Open(again);
                if self.machine.precompiles.call.is_some() {
                    return Ok(Some(Stop::Precompile));
                }
                Self::stopped_by(error.into())
            }
        }
    }

    /// Runs frames, opens and leaves inner ones, for as long as nothing else comes in between. The phase is written down
    /// only where this ends: a frame's result is large to move in and out of it.
    fn run(&mut self, budget: &mut Option<u64>) -> Result<Option<Stop>> {
        loop {
            let Machine { ctx, instruction, frame_stack, .. } = &mut self.machine;
            let frame = frame_stack.get();
            let (table, static_gas) = (instruction.instruction_table(), instruction.gas_table());
            let ended = match (&mut *budget, &mut self.tracer) {
                (None, None) => Ended::Action(frame.interpreter.run_plain(table, static_gas, ctx)),
                (budget, tracer) => step(frame, table, static_gas, ctx, budget, tracer.as_deref_mut()),
            };
            let action = match ended {
                Ended::Action(action) => action,
                Ended::Budget => {
                    self.phase = Phase::Run;
                    return Ok(Some(Stop::Budget));
                }
            };
            if ctx.error.is_err()
                && let Err(error) = std::mem::replace(&mut ctx.error, Ok(()))
            {
                let interpreter = &mut frame.interpreter;
                interpreter.bytecode.relative_jump(-1);
                interpreter.gas.erase_cost(static_gas[usize::from(interpreter.bytecode.opcode())].into());
                self.phase = Phase::Run;
                return Self::stopped_by(error.into());
            }
            let next = frame.process_next_action::<_, ContextError<super::database::DatabaseError>>(ctx, action);
            let stop = match next {
                Ok(ItemOrResult::Item(init)) => self.open(init)?,
                Ok(ItemOrResult::Result(result)) => {
                    frame.set_finished(true);
                    self.calls.pop();
                    self.give_back(result)?
                }
                Err(error) => return Self::stopped_by(error.into()),
            };
            if stop.is_some() || !matches!(self.phase, Phase::Run) {
                return Ok(stop);
            }
            self.phase = Phase::Idle;
        }
    }

    fn give_back(&mut self, result: <Frame as FrameTr>::FrameResult) -> Result<Option<Stop>> {
        let result = if self.machine.frame_stack.index().is_none() {
            Some(result)
        } else {
            match self.machine.frame_return_result(result) {
                Ok(result) => result,
                Err(error) => return Self::stopped_by(error.into()),
            }
        };
        let Some(mut result) = result else {
            self.phase = Phase::Run;
            return Ok(None);
        };
        let gas = match &self.job {
            Job::Transaction => {
                let handled = Handler::default().last_frame_result(&mut self.machine, &mut result, &mut self.gas);
                match handled.and_then(|()| self.settle(&mut result)) {
                    Ok(gas) => gas,
                    Err(error) => return Self::stopped_by(error),
                }
            }
            Job::Message(_) => Message::gas(&mut result),
        };
        self.phase = Phase::Reward(result, gas);
        Ok(None)
    }

    /// Refund, floor, and what the caller gets back. The caller is always loaded: nothing is missing here.
    fn settle(&mut self, result: &mut FrameResult) -> std::result::Result<ResultGas, MachineError> {
        let (handler, machine) = (Handler::default(), &mut self.machine);
        handler.refund(machine, result, self.delegation_refund)?;
        let halted = result.instruction_result().is_halt();
        let gas = post_execution::build_result_gas(halted, result.gas(), self.initial);
        handler.eip7623_check_gas_floor(machine, result, self.initial);
        handler.reimburse_caller(machine, result)?;
        Ok(gas)
    }

    /// The end: pays the beneficiary and takes everything out of the machine.
    fn reward(&mut self, mut result: FrameResult, gas: ResultGas) -> Result<std::result::Result<Executed, Stop>> {
        if matches!(self.job, Job::Transaction)
            && let Err(error) = Handler::default().reward_beneficiary(&mut self.machine, &mut result)
        {
            self.phase = Phase::Reward(result, gas);
            let stop = Self::stopped_by(error)?;
            return Ok(Err(stop.unwrap_or(Stop::Done)));
        }
        let message_refund = match self.job {
            Job::Message(_) if result.instruction_result().is_ok() => result.gas().refunded().try_into().unwrap_or(0),
            _ => 0,
        };
        let ctx = &mut self.machine.ctx;
        let result = post_execution::output(ctx, result, gas);
        let transaction = ctx.journaled_state.inner.transaction_id;
        let state = ctx.journaled_state.finalize();
        self.clear();
        Ok(Ok(Executed { result, state, transaction, message_refund }))
    }
}

/// Instruction by instruction, for traces, debuggers and budgets.
#[inline(never)]
fn step(
    frame: &mut Frame,
    table: &revm::interpreter::InstructionTable<revm::interpreter::interpreter::EthInterpreter, Context>,
    static_gas: &revm::interpreter::GasTable,
    ctx: &mut Context,
    budget: &mut Option<u64>,
    mut tracer: Option<&mut Tracer>,
) -> Ended {
    let interpreter = &mut frame.interpreter;
    loop {
        match budget {
            Some(0) => return Ended::Budget,
            Some(left) => *left -= 1,
            None => {}
        }
        if let Some(tracer) = &mut tracer {
            tracer.before(interpreter, frame.depth + 1);
        }
        let result = interpreter.step(table, static_gas, ctx);
        let missing = ctx.error.is_err();
        if let Some(tracer) = &mut tracer {
            if missing {
                tracer.undo();
            } else {
                tracer.after(interpreter, result);
            }
        }
        let ended = result.err().map(|error| {
            if interpreter.bytecode.action().is_none() {
                interpreter.halt(error);
            }
            interpreter.take_next_action()
        });
        if missing && let Some(left) = budget {
            *left += 1;
        }
        if let Some(action) = ended {
            return Ended::Action(action);
        }
    }
}
