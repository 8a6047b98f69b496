//! `worldstate`, through its Rust interface.

use super::fixtures::Case;
use super::{Call, GAS, Outcome, TIME, World, plain};
use alloy_primitives::{Address, B256, U256, keccak256};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use worldstate::evm::trace::{TraceOptions, TraceOutput, Tracer};
use worldstate::evm::{Answer, Evm, EvmOptions, Hardfork, Job, Lenient, Need, Progress, RunAhead, Status, Transaction};
use worldstate::state::State;
use worldstate::{Error, Result};

/// The options of all workloads: those of [`plain::machine`](super::plain::machine).
pub(super) fn options() -> EvmOptions {
    EvmOptions { hardfork: Hardfork::Prague, no_nonce_check: true, ..EvmOptions::default() }
}

pub(super) fn state(world: &World) -> State {
    let mut state = State::new();
    for (address, account) in &world.accounts {
        state.set_balance(*address, account.balance);
        state.set_nonce(*address, account.nonce);
        if !account.code.is_empty() {
            state.set_code(*address, account.code.clone());
        }
        for (slot, value) in &account.storage {
            state.set_storage(*address, *slot, *value);
        }
    }
    state
}

/// What is executed, and an [`Evm`] that has the block of all workloads.
pub(super) fn prepared(options: EvmOptions, call: &Call) -> Result<(Evm, Job)> {
    let mut evm = Evm::new(options)?;
    evm.set_block(&block())?;
    Ok((evm, job(call)))
}

/// The block of all workloads, as `eth_getBlockByNumber` has it.
fn block() -> Value {
    json!({"number": "0x1", "timestamp": format!("{TIME:#x}"), "gasLimit": format!("{GAS:#x}")})
}

pub(super) fn job(call: &Call) -> Job {
    Transaction { env: plain::call(call), lenient: Lenient::default() }.into()
}

pub(super) fn outcome(evm: &Evm) -> Result<Outcome> {
    let outcome = evm.outcome().ok_or_else(|| Error::Internal("a finished execution without outcome".into()))?;
    Ok(Outcome {
        success: outcome.status == Status::Success,
        gas_used: outcome.gas_used,
        output: outcome.output.clone(),
        logs: outcome.logs.len(),
    })
}

/// Ours with everything at hand.
pub struct Ours {
    evm: Evm,
    state: State,
    job: Job,
}

impl Ours {
    /// An `Evm` and a state that holds `world`.
    ///
    /// # Errors
    /// When the options or the call are refused.
    pub fn new(world: &World, call: &Call) -> Result<Self> {
        let (evm, job) = prepared(options(), call)?;
        Ok(Self { evm, state: state(world), job })
    }

    /// Runs the transaction; its changes are dropped.
    ///
    /// # Errors
    /// When the transaction is refused, or something is missing.
    pub fn run(&mut self) -> Result<Outcome> {
        self.evm.start(self.job.clone())?;
        match self.evm.run(&mut self.state)? {
            Progress::Ready => {}
            other => return Err(Error::Internal(format!("{other:?}, though all is at hand"))),
        }
        let outcome = outcome(&self.evm)?;
        self.evm.discard()?;
        Ok(outcome)
    }
}

impl Ours {
    /// Runs the transaction with each step written down as an EIP-3155 line; the number of lines.
    ///
    /// # Errors
    /// When the transaction is refused, or something is missing.
    pub fn run_traced(&mut self) -> Result<u64> {
        let lines = Arc::new(AtomicU64::new(0));
        let output = TraceOutput::writer(Lines(lines.clone()));
        self.evm.set_tracer(Some(Box::new(Tracer::new(TraceOptions::eip3155(), output))));
        let outcome = self.run();
        self.evm.set_tracer(None);
        outcome?;
        Ok(lines.load(Ordering::Relaxed))
    }
}

/// Counts the lines that are written to it.
struct Lines(Arc<AtomicU64>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        self.0.fetch_add(lines as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a run went that had nothing at hand at first.
pub struct Cold {
    /// What came out.
    pub outcome: Outcome,
    /// Times that it stopped, each answered in full before it went on.
    pub rounds: usize,
    /// Time spent on looking answers up and handing them over.
    pub answering: Duration,
}

/// An account or a slot: what one request to a node brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// An account with its code.
    Account(Address),
    /// A slot.
    Storage(Address, U256),
    /// A block's hash.
    BlockHash(u64),
}

impl From<&Need> for Key {
    fn from(need: &Need) -> Self {
        match *need {
            Need::Balance(address) | Need::Nonce(address) | Need::Code(address) | Need::Precompile(address) => {
                Self::Account(address)
            }
            Need::Storage(address, slot) => Self::Storage(address, slot),
            Need::BlockHash(number) => Self::BlockHash(number),
        }
    }
}

fn answer(world: &World, need: &Need) -> Result<Answer> {
    let account = |address| world.accounts.get(address);
    Ok(match need {
        Need::Balance(address) => Answer::Balance(*address, account(address).map_or(U256::ZERO, |a| a.balance)),
        Need::Nonce(address) => Answer::Nonce(*address, account(address).map_or(0, |a| a.nonce)),
        Need::Code(address) => Answer::Code(*address, account(address).map(|a| a.code.clone()).unwrap_or_default()),
        Need::Storage(address, slot) => {
            let value = account(address).and_then(|account| account.storage.get(slot)).copied();
            Answer::Storage(*address, *slot, value.unwrap_or_default())
        }
        Need::BlockHash(number) => Answer::BlockHash(*number, block_hash(*number)),
        Need::Precompile(_) => return Err(Error::Internal("no precompiled contract is the host's".into())),
    })
}

/// The hash of a block in state tests.
fn block_hash(number: u64) -> B256 {
    keccak256(number.to_string())
}

/// Ours with nothing at hand: everything is asked for and answered from a world.
pub struct Waiting<'a> {
    evm: Evm,
    state: State,
    job: Job,
    world: &'a World,
}

impl<'a> Waiting<'a> {
    /// An `Evm` and an empty state; the answers come from `world`.
    ///
    /// # Errors
    /// When the options or the call are refused.
    pub fn new(world: &'a World, call: &Call) -> Result<Self> {
        Self::with(world, call, RunAhead::Off)
    }

    /// The same, with further needs found ahead.
    ///
    /// # Errors
    /// When the options or the call are refused.
    pub fn with(world: &'a World, call: &Call, run_ahead: RunAhead) -> Result<Self> {
        let (evm, job) = prepared(EvmOptions { ask_host: true, run_ahead, ..options() }, call)?;
        Ok(Self { evm, state: State::new(), job, world })
    }

    /// A state test, whose answers come from its own world.
    ///
    /// # Errors
    /// When the options or the block are refused.
    pub fn case(case: &'a Case, run_ahead: RunAhead) -> Result<Self> {
        let options = EvmOptions { hardfork: case.hardfork, ask_host: true, run_ahead, ..EvmOptions::default() };
        let mut evm = Evm::new(options)?;
        evm.set_block(&case.block)?;
        Ok(Self { evm, state: State::new(), job: case.transaction.clone().into(), world: &case.world })
    }

    /// Another call, by the same `Evm`.
    pub fn call(&mut self, call: &Call) {
        self.job = job(call);
    }

    /// Runs the transaction; its changes and all answers are dropped.
    ///
    /// # Errors
    /// When the transaction is refused.
    pub fn run(&mut self) -> Result<Cold> {
        self.go(None, false)
    }

    /// Runs the transaction; what is asked for goes into `asked`.
    ///
    /// # Errors
    /// When the transaction is refused.
    pub fn run_noting(&mut self, asked: &mut HashSet<Key>) -> Result<Cold> {
        self.go(Some(asked), false)
    }

    /// Runs the transaction with a clock around the answers. The clock takes time too, about 40 ns for each round.
    ///
    /// # Errors
    /// When the transaction is refused.
    pub fn run_timing_answers(&mut self) -> Result<Cold> {
        self.go(None, true)
    }

    fn go(&mut self, mut asked: Option<&mut HashSet<Key>>, timed: bool) -> Result<Cold> {
        let (mut rounds, mut answering) = (0, Duration::ZERO);
        self.evm.start(self.job.clone())?;
        while self.evm.run(&mut self.state)? == Progress::Need {
            let start = timed.then(Instant::now);
            rounds += 1;
            let needs = self.evm.pending().to_vec();
            if let Some(asked) = &mut asked {
                asked.extend(needs.iter().map(Key::from));
            }
            for need in &needs {
                self.evm.answer(answer(self.world, need)?)?;
            }
            answering += start.map_or(Duration::ZERO, |start| start.elapsed());
        }
        let outcome = outcome(&self.evm)?;
        self.evm.discard()?;
        Ok(Cold { outcome, rounds, answering })
    }
}

/// What it costs to have an execution at all.
pub struct Lifecycle {
    evm: Evm,
    state: State,
    job: Job,
}

impl Lifecycle {
    /// An execution of `call` that finds nothing at hand.
    ///
    /// # Errors
    /// When the options or the call are refused.
    pub fn new(call: &Call) -> Result<Self> {
        let (evm, job) = prepared(EvmOptions { ask_host: true, ..options() }, call)?;
        Ok(Self { evm, state: State::new(), job })
    }

    /// Makes an `Evm` and drops it.
    ///
    /// # Errors
    /// When the options are refused.
    pub fn create_and_destroy(&self) -> Result<()> {
        std::hint::black_box(Evm::new(EvmOptions { ask_host: true, ..options() })?);
        Ok(())
    }

    /// Starts the transaction, which needs its sender at once, and gives it up.
    ///
    /// # Errors
    /// When the transaction is refused, or needs nothing.
    pub fn start_and_abort(&mut self) -> Result<()> {
        self.evm.start(self.job.clone())?;
        if self.evm.run(&mut self.state)? != Progress::Need {
            return Err(Error::Internal("a cold execution needs nothing".into()));
        }
        self.evm.abort();
        Ok(())
    }
}
