//! One case: plain revm against the fixture, then each mode against plain revm and the fixture.

use crate::evm::plain;
use crate::evm::seen::{End, Seen, Warm};
use crate::exception;
use crate::fixture::{Case, Expected};

/// What plain revm makes of the case, or `None` for rules that it has not.
pub(crate) fn judge(case: &Case) -> Option<Seen> {
    let rules = case.rules.as_ref()?;
    let refused = |why: &String| Seen { end: End::Refused(why.clone()), post: (*case.pre).clone(), warm: Warm::new() };
    Some(match &case.tx {
        Ok(tx) => plain::run(rules, &case.pre, tx.clone()),
        Err(why) => refused(why),
    })
}

/// In what the execution contradicts the fixture.
pub(crate) fn contradiction(seen: &Seen, expected: &Expected) -> Option<String> {
    match (&seen.end, &expected.exception) {
        (End::Refused(why), None) => return Some(format!("refused: {why}")),
        (End::Ran(_), Some(exception)) => return Some(format!("ran, and {exception} is expected")),
        (End::Refused(why), Some(exception)) if !exception::explains(exception, why) => {
            return Some(format!("refused with {why:?}, and {exception} is expected"));
        }
        _ => {}
    }
    if seen.logs_hash() != expected.logs {
        return Some(format!("logs hash {}, expected {}", seen.logs_hash(), expected.logs));
    }
    if let Some(state) = &expected.state
        && *state != seen.post
    {
        return Some(format!("state: expected -> here is {:?}", state.changes_to(&seen.post)));
    }
    let root = seen.post.root();
    (root != expected.root).then(|| format!("state root {root}, expected {}", expected.root))
}
