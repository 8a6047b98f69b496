//! Execution over a state manager.

mod call;
mod inspect;
mod lifecycle;
mod result;
mod setup;
mod trace;

use super::guard;
use crate::error::{Error, Result};
use crate::evm::{Evm, Job};
use crate::state::State;
use std::ops::{Deref, DerefMut};

pub use call::*;
pub use inspect::*;
pub use lifecycle::*;
pub use result::*;
pub use setup::*;
pub use trace::*;

/// An executor and the state manager that it works on.
pub(super) struct Executor {
    pub(super) evm: Confined,
    /// The handle, looked up at each call: the state manager stays its owner's.
    state_manager: usize,
    job: Option<Job>,
}

impl Executor {
    fn new(evm: Evm, state_manager: usize) -> Self {
        Self { evm: Confined(evm), state_manager, job: None }
    }

    /// Runs `body` with the executor and its state, which is locked meanwhile.
    fn with_state<T>(&mut self, body: impl FnOnce(&mut Evm, &mut State) -> Result<T>) -> Result<T> {
        let Self { evm, state_manager, .. } = self;
        guard::with_state(*state_manager, |state| body(evm, state)).map_err(|error| match error {
            Error::InvalidHandle(text) => Error::InvalidHandle(format!("the evm's state manager is gone: {text}")),
            error => error,
        })
    }
}

/// An [`Evm`] that goes from thread to thread as a whole.
pub(super) struct Confined(Evm);

// SAFETY: what keeps an `Evm` from being `Send` is revm's memory, an `Rc` that its frames and its local context share,
// and the instruction pointer into the code that the frame itself owns. All clones of that `Rc` live inside this one
// `Evm`, none is handed out, and the handle's lock lets one thread in at a time, with a release and an acquire between.
unsafe impl Send for Confined {}

impl Deref for Confined {
    type Target = Evm;

    fn deref(&self) -> &Evm {
        &self.0
    }
}

impl DerefMut for Confined {
    fn deref_mut(&mut self) -> &mut Evm {
        &mut self.0
    }
}
