//! Asking the node what a transaction will touch.

use super::Fork;
use super::call::Call;
use crate::error::{Error, Result};
use crate::state::{Foresight, ForesightMethod, Request};
use alloy_primitives::map::HashMap;
use std::sync::Arc;

/// Questions that were asked, their answers until they are read, and the methods that the node has not.
#[derive(Default)]
pub(super) struct Foresights {
    questions: HashMap<u64, Arc<Foresight>>,
    pub(super) answers: HashMap<u64, Vec<Request>>,
    /// Methods that failed. They are not asked again: a node that has not the method never will, and a guess is not
    /// worth a second failure.
    pub(super) failed: Vec<ForesightMethod>,
}

impl Foresights {
    /// The call for a question, if the request is one.
    pub(super) fn call(&self, request: Request) -> Option<Call> {
        let Request::Foresight(id) = request else { return None };
        self.questions.get(&id).cloned().map(Call::Foresight)
    }
}

impl Fork {
    pub(super) fn ask_foresight(&self, question: &Foresight) -> Result<Option<Vec<Request>>> {
        let request = Request::Foresight(question.id);
        {
            let mut inner = self.inner.lock();
            if self.options.offline || inner.foresights.failed.contains(&question.method) {
                return Ok(None);
            }
            inner.foresights.questions.entry(question.id).or_insert_with(|| Arc::new(question.clone()));
        }
        let fetched = self.fetch(&[request.into()]);
        let mut inner = self.inner.lock();
        match fetched {
            Err(Error::Missing(missing)) => return Err(Error::Missing(missing)),
            Ok(()) | Err(_) => inner.foresights.questions.remove(&question.id),
        };
        Ok(inner.foresights.answers.remove(&question.id))
    }
}
