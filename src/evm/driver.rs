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

use super::database::DatabaseError;
use super::guard::undo_to;
use super::machine::{Context, Frame, Handler, Machine, MachineError};
use super::message::Message;
use super::trace::Tracer;
use crate::error::{Error, Result};
use crate::state::Request;
use alloy_primitives::{Address, U256};
use revm::context_interface::context::ContextError;
use revm::context_interface::local::OutFrame;
use revm::context_interface::result::{EVMError, ExecutionResult, HaltReason, ResultGas};
use revm::context_interface::{JournalTr, LocalContextTr};
use revm::handler::{FrameResult, Handler as _, ItemOrResult, execution, post_execution};
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::interpreter_types::{Jumps, LoopControl};
use revm::interpreter::{FrameInput, GasTracker, InitialAndFloorGas, Interpreter, InterpreterAction};
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
    fn of(frame: &Frame) -> Option<Self> {
        Some(match &frame.input {
            FrameInput::Call(inputs) => Self {
                address: inputs.target_address,
                code_address: inputs.bytecode_address,
                caller: inputs.caller,
                value: inputs.value.get(),
                gas_limit: inputs.gas_limit,
                is_static: inputs.is_static,
                is_create: false,
            },
            FrameInput::Create(inputs) => Self {
                address: frame.interpreter.input.target_address,
                code_address: frame.interpreter.input.target_address,
                caller: inputs.caller(),
                value: inputs.value(),
                gas_limit: inputs.gas_limit(),
                is_static: false,
                is_create: true,
            },
            FrameInput::Empty => return None,
        })
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
    Reward(FrameResult, ResultGas),
}

pub(super) struct Driver {
    pub(super) machine: Machine,
    /// The frames of the calls that are under way, outermost first, `depth` of them; those behind are kept for their
    /// room. Not in revm's stack of them, which shows the innermost alone.
    frames: Vec<Frame>,
    depth: usize,
    phase: Phase,
    job: Job,
    gas: GasTracker,
    initial: InitialAndFloorGas,
    delegation_refund: i64,
    pub(super) tracer: Option<Box<Tracer>>,
}

/// Frames whose room is kept for the next execution: hardly a transaction goes deeper. Each holds up to 32 KiB.
const KEPT_FRAMES: usize = 8;

/// What a frame's instructions ended with.
enum Ended {
    Action(InterpreterAction),
    Budget,
}

/// A result that nobody has taken yet.
type Unclaimed = std::result::Result<Option<FrameResult>, ContextError<DatabaseError>>;

/// What became of a frame that was to be opened.
enum Opened {
    Entered,
    /// There is nothing to run: no code, a precompiled contract, too deep, no funds.
    Ended(FrameResult),
    Stopped(Stop),
}

impl Driver {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine,
            frames: Vec::new(),
            depth: 0,
            phase: Phase::Idle,
            job: Job::Transaction,
            gas: GasTracker::new(0, 0, 0),
            initial: InitialAndFloorGas::new(0, 0),
            delegation_refund: 0,
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
        let Machine { ctx, precompiles, .. } = &mut self.machine;
        ctx.error = Ok(());
        ctx.local.clear();
        precompiles.clear();
        self.depth = 0;
        self.frames.truncate(KEPT_FRAMES);
    }

    /// The calls that are under way, outermost first.
    pub(super) fn calls(&self) -> Vec<CallFrame> {
        self.frames[..self.depth].iter().filter_map(CallFrame::of).collect()
    }

    /// The interpreter of the innermost call, where one is under way.
    pub(super) fn interpreter(&self) -> Option<&Interpreter> {
        self.frames[..self.depth].last().map(|frame| &frame.interpreter)
    }

    /// The opcode whose turn it is; `None` before the first and after the last.
    pub(super) fn opcode(&self) -> Option<u8> {
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
                Phase::Open(init) => self.enter(init),
                Phase::Run => self.run(&mut budget),
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
    fn stopped_by(error: MachineError) -> Result<Stop> {
        match error {
            EVMError::Database(error) => match error.0 {
                Error::Missing(request) => Ok(Stop::Missing(request)),
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
                Self::stopped_by(error).map(Some)
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

    /// The first frame, and one whose question was not answered at the first try.
    fn enter(&mut self, init: FrameInit) -> Result<Option<Stop>> {
        let result = match self.open(init)? {
            Opened::Entered => None,
            Opened::Stopped(stop) => return Ok(Some(stop)),
            Opened::Ended(result) => match self.give_back(result) {
                Ok(result) => result,
                Err(error) => return Self::stopped_by(error.into()).map(Some),
            },
        };
        if let Some(result) = result {
            return self.end(result);
        }
        self.phase = Phase::Run;
        Ok(None)
    }

    /// Puts a frame on top of the others, if there is anything to run in it.
    #[inline]
    fn push(&mut self, init: FrameInit) -> Unclaimed {
        if self.depth == self.frames.len() {
            self.frames.push(Frame::invalid());
        }
        let Machine { ctx, precompiles, .. } = &mut self.machine;
        let frame = OutFrame::new_init(&mut self.frames[self.depth]);
        let pushed = Frame::init_with_context(frame, ctx, precompiles, init)?;
        Ok(match pushed {
            ItemOrResult::Item(_) => {
                self.depth += 1;
                None
            }
            ItemOrResult::Result(result) => Some(result),
        })
    }

    /// Hands a frame's result to the frame that called it; without such a frame the result is that of all.
    #[inline]
    fn give_back(&mut self, result: FrameResult) -> Unclaimed {
        let Some(caller) = self.frames[..self.depth].last_mut() else { return Ok(Some(result)) };
        caller.return_result::<_, ContextError<DatabaseError>>(&mut self.machine.ctx, result)?;
        Ok(None)
    }

    #[inline]
    fn open(&mut self, init: FrameInit) -> Result<Opened> {
        match &init.frame_input {
            FrameInput::Call(inputs) if !self.machine.precompiles.is_hosted(&inputs.bytecode_address) => {}
            _ => return self.open_with_question(init),
        }
        // Nothing is missing here: the opcode has loaded what its frame needs.
        match self.push(init) {
            Ok(None) => Ok(Opened::Entered),
            Ok(Some(result)) => Ok(Opened::Ended(result)),
            Err(error) => Self::stopped_by(error.into()).map(Opened::Stopped),
        }
    }

    /// Opens a frame that may ask: a creation's for the account at the new address, a call's of a precompiled contract
    /// that the host answers.
    #[inline(never)]
    fn open_with_question(&mut self, init: FrameInit) -> Result<Opened> {
        let inner = &self.machine.ctx.journaled_state.inner;
        let (journal, depth) = (inner.journal.len(), inner.depth);
        if let FrameInput::Create(inputs) = &init.frame_input {
            let nonce = inner.state.get(&inputs.caller()).map_or(0, |account| account.info.nonce);
            let address = inputs.created_address(nonce);
            if let Some(guesses) = &mut self.machine.ctx.journaled_state.database.guesses {
                guesses.will_create(address);
            }
        }
        let again = init.clone();
        let error = match self.push(init) {
            Ok(None) => return Ok(Opened::Entered),
            Ok(Some(result)) => return Ok(Opened::Ended(result)),
            Err(error) => error,
        };
        let ctx = &mut self.machine.ctx;
        undo_to(ctx, journal);
        ctx.journaled_state.inner.depth = depth;
        ctx.error = Ok(());
        self.phase = Phase::Open(again);
        if self.machine.precompiles.call.is_some() {
            return Ok(Opened::Stopped(Stop::Precompile));
        }
        Self::stopped_by(error.into()).map(Opened::Stopped)
    }

    /// Runs frames, opens and leaves inner ones, for as long as nothing else comes in between. The phase is written down
    /// only where this ends.
    fn run(&mut self, budget: &mut Option<u64>) -> Result<Option<Stop>> {
        loop {
            let Machine { ctx, instruction, .. } = &mut self.machine;
            let Some(frame) = self.frames[..self.depth].last_mut() else {
                return Err(Error::Internal("an execution runs without a frame".into()));
            };
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
                return Self::stopped_by(error.into()).map(Some);
            }
            let next = frame.process_next_action::<_, ContextError<DatabaseError>>(ctx, action);
            let result = match next {
                Ok(ItemOrResult::Item(init)) => match self.open(init)? {
                    Opened::Entered => continue,
                    Opened::Ended(result) => result,
                    Opened::Stopped(stop) => return Ok(Some(stop)),
                },
                Ok(ItemOrResult::Result(result)) => {
                    self.depth -= 1;
                    result
                }
                Err(error) => return Self::stopped_by(error.into()).map(Some),
            };
            match self.give_back(result) {
                Ok(None) => {}
                Ok(Some(result)) => return self.end(result),
                Err(error) => return Self::stopped_by(error.into()).map(Some),
            }
        }
    }

    /// The outermost frame has ended.
    fn end(&mut self, mut result: FrameResult) -> Result<Option<Stop>> {
        let gas = match &self.job {
            Job::Transaction => {
                let handled = Handler::default().last_frame_result(&mut self.machine, &mut result, &mut self.gas);
                match handled.and_then(|()| self.settle(&mut result)) {
                    Ok(gas) => gas,
                    Err(error) => return Self::stopped_by(error).map(Some),
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
            return Self::stopped_by(error).map(Err);
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
