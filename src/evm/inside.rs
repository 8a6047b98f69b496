//! A state while an execution runs on it.

use super::database::Below;
use super::execution::Evm;
use crate::state::{Source, State};
use std::sync::Arc;

/// What lies below the state while an execution runs.
pub(super) struct Lower {
    /// The state's own source.
    pub(super) source: Option<Arc<dyn Source>>,
    /// What stands in for it: the host's answers, and what that source has at hand. While it does, that source is here.
    pub(super) below: Option<Arc<dyn Source>>,
}

/// The caller's state inside the machine, with the host's answers below it and the overrides on top. Left by dropping,
/// even in a panic: the state is then as it was, and the caller's again.
pub(super) struct Inside<'a> {
    pub(super) evm: &'a mut Evm,
    state: &'a mut State,
    /// Whether something else lies below the state than its own source.
    replaced: bool,
    overridden: bool,
}

impl<'a> Inside<'a> {
    pub(super) fn enter(evm: &'a mut Evm, state: &'a mut State) -> Self {
        let mut inside = Self { evm, state, replaced: false, overridden: false };
        let Self { evm, state, .. } = &mut inside;
        if evm.options().ask_host || state.source().is_some() {
            let same = |known: &Option<Arc<dyn Source>>| match (known, state.source()) {
                (None, None) => true,
                (Some(known), Some(now)) => Arc::ptr_eq(known, now),
                _ => false,
            };
            if !evm.below.as_ref().is_some_and(|lower| same(&lower.source)) {
                let source = state.source().cloned();
                let at_hand = source.clone().map(Source::at_hand);
                let below: Arc<dyn Source> = Arc::new(Below { answers: evm.answers.clone(), at_hand });
                evm.below = Some(Lower { source, below: Some(below) });
            }
            inside.exchange_sources();
            inside.replaced = true;
        }
        if let Some(overrides) = &inside.evm.state_overrides {
            inside.state.checkpoint();
            inside.overridden = true;
            overrides.apply(inside.state);
        }
        std::mem::swap(&mut inside.evm.driver.machine.ctx.journaled_state.database.state, inside.state);
        inside
    }

    /// Puts below the state what is kept for that, and keeps what was there.
    fn exchange_sources(&mut self) {
        if let Some(lower) = &mut self.evm.below {
            lower.below = self.state.replace_source(lower.below.take());
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.evm.ahead.give_back(&mut self.evm.driver);
        std::mem::swap(&mut self.evm.driver.machine.ctx.journaled_state.database.state, self.state);
        if self.overridden {
            // The checkpoint that `enter` opened: it cannot fail.
            let _ = self.state.revert();
        }
        if self.replaced {
            self.exchange_sources();
        }
    }
}
