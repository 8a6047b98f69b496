//! One case: plain revm against the fixture, then each mode against plain revm.

use crate::evm::drive::{self, How, Run, difference_of, hardfork, knowable};
use crate::evm::over_c::{self, Answers};
use crate::evm::plain::{self, Rules};
use crate::evm::seen::{End, Seen, Warm};
use crate::evm::world::World;
use crate::exception;
use crate::fixture::{Case, Expected};
use revm::primitives::hardfork::SpecId;
use worldstate::evm::Transaction;

/// A way in which an execution is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All state is local.
    Local,
    /// Over the C interface; nothing is local, and the host answers one thing at a time.
    Host,
    /// As [`Mode::Host`], with run-ahead, and all that is wanted is answered at once.
    Ahead,
    /// Nothing is local, and one instruction is run at a time.
    Stepped,
}

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Self::Local, Self::Host, Self::Ahead, Self::Stepped];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Host => "host",
            Self::Ahead => "ahead",
            Self::Stepped => "stepped",
        }
    }
}

/// What plain revm makes of the case, or `None` for rules that it has not.
pub(crate) fn judge(case: &Case) -> Option<Judged> {
    let rules = case.rules.as_ref()?;
    let plain = |pre: &World| match &case.tx {
        Ok(tx) => plain::run(rules, pre, tx.clone()),
        Err(why) => Seen::refused(why.clone(), pre),
    };
    let hosted = drive::hosted(&case.pre).map(|pre| (plain(&pre), pre));
    Some(Judged { rules: rules.clone(), plain: plain(&case.pre), hosted })
}

pub(crate) struct Judged {
    rules: Rules,
    pub(crate) plain: Seen,
    /// Plain revm over the world as a host can tell it, where that is another one.
    hosted: Option<(Seen, World)>,
}

/// In what the execution contradicts the fixture.
pub(crate) fn contradiction(Judged { plain: seen, rules, .. }: &Judged, expected: &Expected) -> Option<String> {
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
    let post = seen.post.as_ref()?;
    if let Some(state) = &expected.state
        && state != post
    {
        return Some(format!("state: expected -> here is {:?}", state.changes_to(post)));
    }
    let mut root = post.root();
    if root != expected.root && matches!(seen.end, End::Refused(_)) && !clears_empty(rules) {
        // Before EIP-161 the block without transactions leaves its beneficiary behind, with a reward of nothing.
        let mut rewarded = post.clone();
        rewarded.0.entry(rules.block.beneficiary).or_default();
        root = rewarded.root();
    }
    (root != expected.root).then(|| format!("state root {root}, expected {}", expected.root))
}

fn clears_empty(rules: &Rules) -> bool {
    rules.spec.is_enabled_in(SpecId::SPURIOUS_DRAGON)
}

/// Runs the case in the mode. `Err`: in what it differs from plain revm.
pub(crate) fn check(mode: Mode, case: &Case, judged: &Judged) -> Result<Run, String> {
    let Judged { rules, plain, hosted } = judged;
    let (plain, pre) = match hosted {
        Some((plain, pre)) if mode != Mode::Local => (plain, pre),
        _ => (plain, &*case.pre),
    };
    let run = match mode {
        Mode::Local => through_rust(How::Local, rules, pre, case)?,
        Mode::Stepped => through_rust(How::Stepped, rules, pre, case)?,
        Mode::Host => through_c(Answers::Single, rules, pre, case, plain)?,
        Mode::Ahead => through_c(Answers::Batch, rules, pre, case, plain)?,
    };
    if let Some(difference) = plain.difference(&run.seen) {
        return Err(difference);
    }
    let mut changes = plain.post.as_ref().map(|post| pre.changes_to(post)).unwrap_or_default();
    if mode != Mode::Local {
        changes = knowable(changes, plain.loaded.as_ref());
    }
    difference_of(&changes, &run.changes).map_or(Ok(run), Err)
}

fn through_rust(how: How, rules: &Rules, pre: &World, case: &Case) -> Result<Run, String> {
    match Transaction::from_raw(&case.raw, hardfork(rules)) {
        Ok(transaction) => drive::run(how, rules, pre, transaction),
        Err(error) => Ok(Run::refused(error.to_string(), pre)),
    }
}

fn through_c(answers: Answers, rules: &Rules, pre: &World, case: &Case, plain: &Seen) -> Result<Run, String> {
    let (run, listed) = over_c::run(answers, rules, pre, &case.raw)?;
    if let (Some(listed), Ok(tx)) = (listed, &case.tx) {
        let expected: Warm = plain::access_list(rules, tx, plain);
        if listed != expected {
            return Err(format!("access list {listed:?}, expected {expected:?}"));
        }
    }
    Ok(run)
}
