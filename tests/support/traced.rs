//! revm itself with a tracer: what a trace has to be like, whatever drives the execution.

use revm::context::{BlockEnv, CfgEnv, ContextTr, TxEnv};
use revm::context_interface::JournalTr;
use revm::context_interface::result::{ExecutionResult, Output};
use revm::database::{CacheDB, EmptyDB};
use revm::interpreter::interpreter_types::LoopControl;
use revm::interpreter::{Interpreter, interpreter::EthInterpreter};
use revm::{Context, InspectEvm, Inspector, MainBuilder, MainContext};
use worldstate::evm::trace::{TraceOptions, TraceOutput, TraceSummary, Tracer};

/// Hands every operation to the tracer; with `retries`, as if each had met missing state that many times.
pub(crate) struct Traced {
    pub(crate) tracer: Tracer,
    pub(crate) retries: usize,
}

impl<CTX: ContextTr> Inspector<CTX, EthInterpreter> for Traced {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, context: &mut CTX) {
        let depth = context.journal_mut().depth();
        for attempt in 0..self.retries {
            self.tracer.before(interpreter, depth);
            if attempt % 2 == 0 {
                self.tracer.undo();
            }
        }
        self.tracer.before(interpreter, depth);
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut CTX) {
        let stopped = interpreter.bytecode.action().as_ref().and_then(|action| action.instruction_result());
        self.tracer.after(interpreter, stopped.map_or(Ok(()), Err));
        self.tracer.undo();
    }
}

/// A state, the rules, and one transaction.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) state: CacheDB<EmptyDB>,
    pub(crate) rules: CfgEnv,
    pub(crate) block: BlockEnv,
    pub(crate) transaction: TxEnv,
}

/// Runs the scene's transaction under the inspector. `None`: revm refuses the transaction.
pub(crate) fn inspected<I>(scene: &Scene, inspector: I) -> Option<(ExecutionResult, I)>
where
    I: Inspector<
            Context<BlockEnv, TxEnv, CfgEnv, CacheDB<EmptyDB>, revm::Journal<CacheDB<EmptyDB>>, ()>,
            EthInterpreter,
        >,
{
    let mut evm = Context::mainnet()
        .with_db(scene.state.clone())
        .with_cfg(scene.rules.clone())
        .with_block(scene.block.clone())
        .build_mainnet_with_inspector(inspector);
    let result = evm.inspect_tx(scene.transaction.clone()).ok()?;
    Some((result.result, evm.inspector))
}

/// The trace of the scene's transaction.
pub(crate) fn traced(scene: &Scene, options: TraceOptions, output: TraceOutput, retries: usize) -> Option<(ExecutionResult, Tracer)> {
    let inspector = Traced { tracer: Tracer::new(options, output), retries };
    let (result, Traced { mut tracer, .. }) = inspected(scene, inspector)?;
    tracer.finish(&summary(&result)).expect("the output takes everything");
    Some((result, tracer))
}

/// What the closing part says.
pub(crate) fn summary(result: &ExecutionResult) -> TraceSummary<'_> {
    let output: &[u8] = match result {
        ExecutionResult::Success { output: Output::Call(bytes) | Output::Create(bytes, _), .. }
        | ExecutionResult::Revert { output: bytes, .. } => bytes,
        ExecutionResult::Halt { .. } => &[],
    };
    TraceSummary { gas_used: result.tx_gas_used(), success: result.is_success(), output, ..TraceSummary::default() }
}
