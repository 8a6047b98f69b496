//! `worldstate` over a fork, or over a state that has everything.

use super::ours::{job, options, outcome, prepared, state};
use super::{Call, Outcome, World};
use std::sync::Arc;
use worldstate::Result;
use worldstate::evm::{Evm, EvmOptions, Progress, RunAhead};
use worldstate::fork::Fork;
use worldstate::state::{Source, State};

/// A session of calls.
pub struct Session {
    evm: Evm,
    state: State,
    fork: Option<Arc<Fork>>,
}

impl Session {
    /// Over a fork that carries its requests itself.
    ///
    /// # Errors
    /// When the options are refused.
    pub fn forked(fork: &Arc<Fork>, run_ahead: RunAhead, first: &Call) -> Result<Self> {
        let (evm, _) = prepared(EvmOptions { run_ahead, ..options() }, first)?;
        Ok(Self { evm, state: State::with_source(fork.clone()), fork: Some(fork.clone()) })
    }

    /// Over `world`.
    ///
    /// # Errors
    /// When the options are refused.
    pub fn local(world: &World, first: &Call) -> Result<Self> {
        let (evm, _) = prepared(options(), first)?;
        Ok(Self { evm, state: state(world), fork: None })
    }

    /// Runs a call and keeps what it changes.
    ///
    /// # Errors
    /// When the call is refused, or the node fails.
    pub fn run(&mut self, call: &Call) -> Result<Outcome> {
        self.evm.start(job(call))?;
        while self.evm.run(&mut self.state)? == Progress::Need {
            let Some(fork) = &self.fork else { continue };
            self.evm.foresee(&**fork)?;
            Source::prefetch(&**fork, self.evm.wanted())?;
        }
        let outcome = outcome(&self.evm)?;
        self.evm.commit(&mut self.state, false)?;
        Ok(outcome)
    }
}
