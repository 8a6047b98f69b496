//! `worldstate`, through its Rust interface.

use super::{Call, GAS, Outcome, TIME, World};
use alloy_primitives::{Address, B256, U256, keccak256};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use worldstate::evm::{Answer, Evm, EvmOptions, Need, Progress, RunAhead, Status, Transaction, Wanted};
use worldstate::state::State;
use worldstate::{Error, Result};

/// The options of all workloads: those of [`plain::machine`](super::plain::machine).
fn options() -> EvmOptions {
    EvmOptions { hardfork: "prague".parse().unwrap_or_default(), no_nonce_check: true, ..EvmOptions::default() }
}

fn state(world: &World) -> State {
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
fn prepared(options: EvmOptions, call: &Call) -> Result<(Evm, Wanted)> {
    let mut evm = Evm::new(options)?;
    evm.set_block(&block())?;
    Ok((evm, transaction(call)?.into()))
}

/// The block of all workloads, as `eth_getBlockByNumber` has it.
fn block() -> String {
    serde_json::json!({"number": "0x1", "timestamp": TIME, "gasLimit": GAS}).to_string()
}

fn transaction(call: &Call) -> Result<Transaction> {
    let object = serde_json::json!({
        "from": call.from, "to": call.to, "data": call.data, "gas": GAS, "gasPrice": "0x0", "value": "0x0",
    });
    Transaction::from_json(&object.to_string())
}

fn outcome(evm: &Evm) -> Result<Outcome> {
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
    wanted: Wanted,
}

impl Ours {
    /// An `Evm` and a state that holds `world`.
    ///
    /// # Errors
    /// When the options or the call are refused.
    pub fn new(world: &World, call: &Call) -> Result<Self> {
        let (evm, wanted) = prepared(options(), call)?;
        Ok(Self { evm, state: state(world), wanted })
    }

    /// Runs the transaction; its changes are dropped.
    ///
    /// # Errors
    /// When the transaction is refused, or something is missing.
    pub fn run(&mut self) -> Result<Outcome> {
        self.evm.start(&mut self.state, self.wanted.clone())?;
        match self.evm.run(&mut self.state)? {
            Progress::Ready => {}
            other => return Err(Error::Internal(format!("{other:?}, though all is at hand"))),
        }
        let outcome = outcome(&self.evm)?;
        self.evm.discard()?;
        Ok(outcome)
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
    /// Time of everything, the answering too.
    pub total: Duration,
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
    wanted: Wanted,
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
        let (evm, wanted) = prepared(EvmOptions { ask_host: true, run_ahead, ..options() }, call)?;
        Ok(Self { evm, state: State::new(), wanted, world })
    }

    /// Another call, by the same `Evm`.
    ///
    /// # Errors
    /// When the call is refused.
    pub fn call(&mut self, call: &Call) -> Result<()> {
        self.wanted = transaction(call)?.into();
        Ok(())
    }

    /// Runs the transaction; its changes and all answers are dropped.
    ///
    /// # Errors
    /// When the transaction is refused.
    pub fn run(&mut self) -> Result<Cold> {
        self.go(None)
    }

    /// Runs the transaction; what is asked for goes into `asked`.
    ///
    /// # Errors
    /// When the transaction is refused.
    pub fn run_noting(&mut self, asked: &mut HashSet<Key>) -> Result<Cold> {
        self.go(Some(asked))
    }

    fn go(&mut self, mut asked: Option<&mut HashSet<Key>>) -> Result<Cold> {
        let begin = Instant::now();
        let (mut rounds, mut answering) = (0, Duration::ZERO);
        self.evm.start(&mut self.state, self.wanted.clone())?;
        while self.evm.run(&mut self.state)? == Progress::Need {
            let start = Instant::now();
            rounds += 1;
            let needs = self.evm.pending().to_vec();
            if let Some(asked) = &mut asked {
                asked.extend(needs.iter().map(Key::from));
            }
            for need in &needs {
                self.evm.answer(answer(self.world, need)?)?;
            }
            answering += start.elapsed();
        }
        let outcome = outcome(&self.evm)?;
        self.evm.discard()?;
        Ok(Cold { outcome, rounds, answering, total: begin.elapsed() })
    }
}

/// What it costs to have an execution at all.
pub struct Lifecycle {
    evm: Evm,
    state: State,
    wanted: Wanted,
}

impl Lifecycle {
    /// An execution of `call` that finds nothing at hand.
    ///
    /// # Errors
    /// When the options or the call are refused.
    pub fn new(call: &Call) -> Result<Self> {
        let (evm, wanted) = prepared(EvmOptions { ask_host: true, ..options() }, call)?;
        Ok(Self { evm, state: State::new(), wanted })
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
        self.evm.start(&mut self.state, self.wanted.clone())?;
        if self.evm.run(&mut self.state)? != Progress::Need {
            return Err(Error::Internal("a cold execution needs nothing".into()));
        }
        self.evm.abort();
        Ok(())
    }
}
