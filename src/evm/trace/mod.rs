//! Traces: what every operation of an execution saw and cost.
//!
//! Two formats: EIP-3155 lines and geth's struct logs. Both show an operation's stack, memory, gas, refund and returned
//! data *before* it runs, and its cost:
//!
//! - `gas` is what the frame has left before the operation, `gasCost` what the operation takes of it, memory and cold
//!   accesses included.
//! - A call's cost includes the gas that it hands to the called frame, without the stipend; a `CREATE`'s does not
//!   include it. So have it geth and the executable specification.
//! - An operation that fails cost what it had been charged when it failed; a static cost that could not be paid counts.
//! - `depth` is 1 for the transaction's own frame. `refund` is the whole transaction's counter, whichever frame is
//!   running.
//! - Code that ends without `STOP` has one at its end. Empty code, also empty init code, has no operation; a precompile
//!   has none either.
//!
//! An operation is written once it has really been executed. An attempt that met missing state leaves nothing behind.

mod eip3155;
mod operation;
mod output;
mod struct_log;
mod text;

use crate::error::Result;
use alloy_primitives::{B256, U256};
use output::Sink;
pub use output::TraceOutput;
use revm::bytecode::opcode::{CREATE, CREATE2, SLOAD, SSTORE};
use revm::interpreter::interpreter_types::{InputsTr, Jumps, LegacyBytecode, LoopControl};
use revm::interpreter::{FrameInput, InstructionExecResult, InstructionResult, Interpreter, InterpreterAction};
use std::fmt;
use text::StackText;

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// EIP-3155: one JSON object a line for each operation, then one with the summary.
    Eip3155,
    /// geth's default tracer: one JSON object with the member `structLogs`.
    StructLogs,
}

/// What a trace shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
pub struct TraceOptions {
    /// How it is written.
    pub format: TraceFormat,
    /// The stack ahead of each operation.
    pub stack: bool,
    /// The whole memory ahead of each operation: long.
    pub memory: bool,
    /// Struct logs only: the account's touched slots at `SLOAD` and `SSTORE`.
    pub storage: bool,
    /// What the last call returned.
    pub return_data: bool,
    /// Bytes that operations may take; then the trace ends, marked as `"truncated":true` in the closing part, which
    /// always comes.
    pub limit: Option<u64>,
}

impl TraceOptions {
    /// EIP-3155 with its required members, which include the returned data; no limit.
    #[must_use]
    pub const fn eip3155() -> Self {
        Self {
            format: TraceFormat::Eip3155,
            stack: true,
            memory: false,
            storage: false,
            return_data: true,
            limit: None,
        }
    }

    /// Struct logs as geth writes them without options: stack and storage; no limit.
    #[must_use]
    pub const fn struct_logs() -> Self {
        Self {
            format: TraceFormat::StructLogs,
            stack: true,
            memory: false,
            storage: true,
            return_data: false,
            limit: None,
        }
    }
}

/// What the closing part tells of the transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceSummary<'a> {
    /// Gas that is paid for, after refunds.
    pub gas_used: u64,
    /// Neither reverted nor halted.
    pub success: bool,
    /// What the outermost frame returned, the created code, or the revert's data.
    pub output: &'a [u8],
    /// EIP-3155 only. `None` is written as an empty text.
    pub state_root: Option<B256>,
    /// EIP-3155 only: the name of the rules.
    pub fork: Option<&'a str>,
    /// EIP-3155 only: how long the execution took.
    pub nanoseconds: Option<u64>,
}

/// An operation ahead of its execution.
struct Step {
    pc: usize,
    op: u8,
    gas: u64,
    depth: usize,
    refund: u64,
    /// Items on the stack.
    height: usize,
    /// `SLOAD` and `SSTORE`: the topmost item.
    slot: U256,
    /// `SSTORE`: the item below.
    value: U256,
}

/// Writes the trace of one transaction after the other.
///
/// The driver calls [`before`](Self::before), executes the operation, and calls [`after`](Self::after) once it is done,
/// or [`undo`](Self::undo) when it has to be tried again. Nothing here changes or stops the execution: a writer's error
/// ends the trace and is told by [`finish`](Self::finish).
pub struct Tracer {
    options: TraceOptions,
    sink: Sink,
    /// The middle of the pending operation's line, with the stack at its beginning.
    state: Vec<u8>,
    stack: StackText,
    head: Vec<u8>,
    tail: Vec<u8>,
    pending: Option<Step>,
    /// For each open frame, the refunds of the frames around it.
    outer_refunds: Vec<i64>,
    /// The refund of the frame that ran last, as it was ahead of its last operation.
    refunded: i64,
    touched: struct_log::Touched,
    steps: u64,
    opened: bool,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("options", &self.options).field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl Tracer {
    /// A tracer for the next transaction.
    #[must_use]
    pub fn new(options: TraceOptions, output: TraceOutput) -> Self {
        Self {
            options,
            sink: Sink::new(output, options.limit),
            state: Vec::new(),
            stack: StackText::default(),
            head: Vec::new(),
            tail: Vec::new(),
            pending: None,
            outer_refunds: Vec::new(),
            refunded: 0,
            touched: struct_log::Touched::new(),
            steps: 0,
            opened: false,
        }
    }

    /// The operation at the interpreter's program counter is going to be tried. `depth` is 1 for the transaction's own
    /// frame. Called again without an [`after`](Self::after), it starts over.
    #[inline]
    pub fn before(&mut self, interpreter: &Interpreter, depth: usize) {
        self.pending = None;
        if !self.sink.open() || interpreter.bytecode.bytecode_len() == 0 {
            return;
        }
        let op = interpreter.bytecode.opcode();
        let refund = self.refund(interpreter.gas.refunded(), depth);
        let items = interpreter.stack.data().as_slice();
        let mut step = Step {
            pc: interpreter.bytecode.pc(),
            op,
            gas: interpreter.gas.remaining(),
            depth,
            refund,
            height: items.len(),
            slot: U256::ZERO,
            value: U256::ZERO,
        };
        if let (SLOAD | SSTORE, [below @ .., slot]) = (op, items) {
            step.slot = *slot;
            step.value = below.last().copied().unwrap_or_default();
        }
        let (state, stack) = (&mut self.state, &mut self.stack);
        match self.options.format {
            TraceFormat::Eip3155 => eip3155::state(state, stack, &self.options, interpreter, &step),
            TraceFormat::StructLogs => struct_log::state(state, stack, &self.options, interpreter),
        }
        self.pending = Some(step);
    }

    /// The whole transaction's refund counter. Frames show in the depth alone: between two frames of one depth there is
    /// always an operation of the frame that called them.
    fn refund(&mut self, refunded: i64, depth: usize) -> u64 {
        while self.outer_refunds.len() < depth {
            let outer = self.outer_refunds.last().map_or(0, |outer| outer + self.refunded);
            self.outer_refunds.push(outer);
        }
        self.outer_refunds.truncate(depth);
        self.refunded = refunded;
        let outer = self.outer_refunds.last().copied().unwrap_or_default();
        u64::try_from(outer + refunded).unwrap_or_default()
    }

    /// The operation was tried and will be tried again: forgets the attempt.
    #[inline]
    pub fn undo(&mut self) {
        self.pending = None;
    }

    /// The operation has been executed. `result` is what [`Interpreter::step`] returned; to be called ahead of
    /// [`Interpreter::halt`], which spends the gas that the cost is seen from.
    #[inline]
    pub fn after(&mut self, interpreter: &mut Interpreter, result: InstructionExecResult) {
        let Some(step) = self.pending.take() else {
            return;
        };
        if result == Err(InstructionResult::FatalExternalError) {
            return;
        }
        let failure = result.err().filter(|result| operation::failed(*result));
        // Wrapping: a static cost that cannot be paid is taken nevertheless.
        let mut cost = step.gas.wrapping_sub(interpreter.gas.remaining());
        if let (CREATE | CREATE2, Some(InterpreterAction::NewFrame(FrameInput::Create(inputs)))) =
            (step.op, interpreter.bytecode.action())
        {
            cost -= inputs.gas_limit();
        }
        self.head.clear();
        self.tail.clear();
        match self.options.format {
            TraceFormat::Eip3155 => {
                eip3155::head(&mut self.head, &step, cost);
                eip3155::tail(&mut self.tail, &step, failure);
            }
            TraceFormat::StructLogs => {
                self.open();
                struct_log::head(&mut self.head, &step, cost, failure, self.steps == 0);
                let touches = self.options.storage && failure.is_none() && matches!(step.op, SLOAD | SSTORE);
                let slots = touches.then(|| {
                    let loaded = interpreter.stack.data().last().copied().unwrap_or_default();
                    let slots = self.touched.entry(interpreter.input.target_address()).or_default();
                    slots.insert(step.slot, if step.op == SLOAD { loaded } else { step.value });
                    &*slots
                });
                struct_log::tail(&mut self.tail, &step, slots);
            }
        }
        self.steps += u64::from(self.sink.line([&self.head, &self.state, &self.tail]));
    }

    fn open(&mut self) {
        if !self.opened {
            self.opened = true;
            self.sink.frame(struct_log::OPENING);
        }
    }

    /// Writes the closing part and hands everything to the writer. The next operation begins the next transaction,
    /// whose text follows. The error is the writer's.
    pub fn finish(&mut self, summary: &TraceSummary<'_>) -> Result<()> {
        self.head.clear();
        let truncated = self.sink.truncated();
        match self.options.format {
            TraceFormat::Eip3155 => eip3155::summary(&mut self.head, summary, truncated),
            TraceFormat::StructLogs => {
                self.open();
                struct_log::summary(&mut self.head, summary, truncated);
            }
        }
        self.sink.frame(&self.head);
        self.forget();
        self.sink.flush()
    }

    /// The execution has been given up. What is written stays; struct logs are closed with `"aborted":true`. The error
    /// is the writer's.
    pub fn abort(&mut self) -> Result<()> {
        if self.opened {
            self.sink.frame(struct_log::ABORTED);
        }
        self.forget();
        self.sink.flush()
    }

    fn forget(&mut self) {
        self.pending = None;
        self.outer_refunds.clear();
        self.refunded = 0;
        self.touched.clear();
        self.steps = 0;
        self.opened = false;
    }

    /// Operations of the current transaction so far, those beyond the limit left out.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether operations are missing because of the limit.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.sink.truncated()
    }

    /// The text in memory, in UTF-8. With a writer, what it has not yet been given.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.sink.text()
    }

    /// Takes the text out of memory; the limit begins anew. Empty with a writer.
    pub fn take_text(&mut self) -> Vec<u8> {
        self.sink.take()
    }
}
