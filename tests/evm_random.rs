//! Random programs, worlds and transactions under all hardforks: the executor, with nothing at hand and one answer at a
//! time, and one instruction at a time, shows what plain revm shows.

#[path = "support/evm/mod.rs"]
mod evm;
#[path = "support/random.rs"]
mod random;

use evm::actors::{Scene, scene};
use evm::drive::{How, difference_of, knowable, run};
use evm::plain;
use evm::seen::{End, Seen, Status};
use std::cell::RefCell;
use std::collections::BTreeMap;
use worldstate::evm::{Hardfork, Transaction};

const CASES: u32 = 2_000;

/// What occurred, so that a test which tests nothing is found out.
#[derive(Debug, Default)]
struct Occurred {
    ends: BTreeMap<String, u32>,
    forks: BTreeMap<Hardfork, u32>,
    suspensions: u64,
}

fn check(scene: &Scene, occurred: &RefCell<Occurred>) -> Result<(), String> {
    let (rules, pre, tx) = (scene.rules(), scene.world(), scene.transaction());
    let judged = plain::run(&rules, &pre, tx.clone());
    let changes = judged.post.as_ref().map(|post| pre.changes_to(post)).unwrap();
    for how in [How::Local, How::Host, How::Stepped] {
        let transaction = Transaction { env: tx.clone(), lenient: worldstate::evm::Lenient::default() };
        let run = run(how, &rules, &pre, transaction).map_err(|error| format!("{how:?}: {error}"))?;
        if let Some(difference) = judged.difference(&run.seen) {
            return Err(format!("{how:?}: {difference}"));
        }
        let changes =
            if how == How::Local { changes.clone() } else { knowable(changes.clone(), judged.loaded.as_ref()) };
        if let Some(difference) = difference_of(&changes, &run.changes) {
            return Err(format!("{how:?}: {difference}"));
        }
        occurred.borrow_mut().suspensions += run.suspensions;
    }
    let mut occurred = occurred.borrow_mut();
    *occurred.ends.entry(name(&judged)).or_default() += 1;
    *occurred.forks.entry(scene.hardfork()).or_default() += 1;
    Ok(())
}

fn name(seen: &Seen) -> String {
    match &seen.end {
        End::Refused(_) => "refused".into(),
        End::Ran(ran) => format!("{:?}", ran.status),
    }
}

#[test]
fn executor_equals_plain_revm() {
    let occurred = RefCell::default();
    let cases = random::cases("scenes", 7, CASES, scene(), |scene| check(&scene, &occurred));
    let occurred: Occurred = occurred.into_inner();
    println!("{occurred:?}");
    if cases >= CASES {
        assert_eq!(occurred.forks.len(), Hardfork::ALL.len());
        for end in [Status::Success, Status::Revert, Status::Halt] {
            let times = occurred.ends.get(&format!("{end:?}")).copied().unwrap_or_default();
            assert!(times > cases / 100, "{end:?} occurred {times} times");
        }
        assert!(occurred.suspensions > u64::from(cases) * 10, "{} suspensions", occurred.suspensions);
    }
}
