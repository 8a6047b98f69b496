//! Random programs, worlds and transactions under all hardforks: the executor, with nothing at hand and one answer at a
//! time, and one instruction at a time, shows what plain revm shows.

#[path = "support/evm/mod.rs"]
mod evm;
#[path = "support/random.rs"]
mod random;

use alloy_primitives::{Address, B256, TxKind, U256};
use evm::actors::{Scene, scene};
use evm::drive::{How, difference_of, knowable, run};
use evm::plain::{self, Rules};
use evm::program::{CallKind, Gas, Op, Reading, assemble};
use evm::seen::{End, Seen, Status};
use evm::world::{Account, World};
use revm::context::{BlockEnv, TxEnv};
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

/// The opcode that calls an account which delegates (EIP-7702) asks for a second account, though the first is loaded with
/// its code: too rare among random programs.
#[test]
fn a_call_asks_for_what_a_loaded_account_delegates_to() {
    const DELEGATING: u8 = 20;
    let (delegating, delegate) = (evm::actors::address(DELEGATING), Address::repeat_byte(0xdf));
    let (sender, caller) = (Address::repeat_byte(0xe0), Address::repeat_byte(0xc0));
    let rules = Rules {
        fork: Hardfork::Prague.name().to_owned(),
        spec: Hardfork::Prague.spec(),
        chain_id: 1,
        max_blobs: None,
        blob_fraction: None,
        block: BlockEnv { number: U256::from(1), prevrandao: Some(B256::ZERO), ..BlockEnv::default() },
    };
    for kind in [CallKind::Call, CallKind::CallCode, CallKind::Delegate, CallKind::Static] {
        let program = [
            Op::Read(Reading::CodeSize(DELEGATING)),
            Op::Call { kind, to: DELEGATING, value: 0, gas: Gas::All, input: 3, output: 32 },
            Op::Keep(0, Reading::Gas),
        ];
        let mut world = World::default();
        let mut put = |address, nonce, code: Vec<u8>| {
            let account =
                Account { balance: U256::from(10).pow(U256::from(18)), nonce, code: code.into(), ..Account::default() };
            world.0.insert(address, account);
        };
        put(sender, 0, Vec::new());
        put(caller, 1, assemble(&program, rules.spec));
        put(delegating, 1, [&[0xef, 0x01, 0x00], delegate.as_slice()].concat());
        put(delegate, 1, assemble(&[Op::Read(Reading::Balance(DELEGATING)), Op::Return(32)], rules.spec));
        let tx = TxEnv { caller: sender, kind: TxKind::Call(caller), gas_limit: 200_000, ..TxEnv::default() };
        let judged = plain::run(&rules, &world, tx.clone());
        assert!(judged.loaded.as_ref().unwrap().contains_key(&delegate), "{kind:?}: {judged:?}");
        for how in [How::Host, How::Stepped] {
            let transaction = Transaction { env: tx.clone(), lenient: worldstate::evm::Lenient::default() };
            let run = run(how, &rules, &world, transaction).unwrap();
            assert_eq!(judged.difference(&run.seen), None, "{kind:?}, {how:?}");
        }
    }
}
