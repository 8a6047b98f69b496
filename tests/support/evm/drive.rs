//! The library's executor, driven from Rust.

use super::plain::{Rules, block_hash};
use super::seen::{End, Ran, Seen, Status, Warm};
use super::world::World;
use alloy_primitives::Address;
use serde_json::{Value, json};
use worldstate::evm::{Answer, Evm, EvmOptions, Hardfork, Need, Outcome, Progress, RunAhead, Transaction};
use worldstate::state::{State, StateChanges};

/// Where the state is while the execution runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// All of it is local.
    Local,
    /// None of it is: each thing that is missing is answered by itself.
    Host,
    /// As [`How::Host`], and one instruction at a time.
    Stepped,
}

/// What the execution showed, and what it took.
pub struct Run {
    pub seen: Seen,
    pub changes: StateChanges,
    pub suspensions: u64,
    pub answers: u64,
}

impl Run {
    pub fn refused(why: String, pre: &World) -> Self {
        Self { seen: Seen::refused(why, pre), changes: StateChanges::default(), suspensions: 0, answers: 0 }
    }
}

/// What the host says to a need.
pub fn answer(pre: &World, need: Need) -> Answer {
    let account = |address: &Address| pre.0.get(address).cloned().unwrap_or_default();
    match need {
        Need::Storage(address, slot) => Answer::Storage(address, slot, pre.storage(address, slot)),
        Need::Balance(address) => Answer::Balance(address, account(&address).balance),
        Need::Nonce(address) => Answer::Nonce(address, account(&address).nonce),
        Need::Code(address) => Answer::Code(address, account(&address).code),
        Need::BlockHash(number) => Answer::BlockHash(number, block_hash(number)),
        Need::Precompile(address) => panic!("there is no precompiled contract of the host at {address}"),
    }
}

/// The hardfork as a caller finds it: by the name that the fixtures use.
pub fn hardfork(rules: &Rules) -> Hardfork {
    let hardfork: Hardfork = rules.fork.parse().unwrap();
    assert_eq!(hardfork.spec(), rules.spec, "{}", rules.fork);
    hardfork
}

/// The block as a node describes it.
pub fn block_json(rules: &Rules) -> Value {
    let block = &rules.block;
    let mut fields = json!({
        "number": format!("{:#x}", block.number),
        "timestamp": format!("{:#x}", block.timestamp),
        "gasLimit": format!("{:#x}", block.gas_limit),
        "baseFeePerGas": format!("{:#x}", block.basefee),
        "miner": block.beneficiary.to_string(),
        "difficulty": format!("{:#x}", block.difficulty),
    });
    if let Some(random) = block.prevrandao {
        fields["mixHash"] = random.to_string().into();
    }
    if let Some(blob) = block.blob_excess_gas_and_price {
        fields["excessBlobGas"] = format!("{:#x}", blob.excess_blob_gas).into();
    }
    fields
}

/// The numbers of which `BLOCKHASH` answers the hash.
pub fn recent_blocks(rules: &Rules) -> impl Iterator<Item = u64> + use<> {
    let number: u64 = rules.block.number.saturating_to();
    number.saturating_sub(256)..number
}

/// Executes the transaction, commits it, and looks at all of it. `Err`: the executor contradicted itself.
pub fn run(how: How, rules: &Rules, pre: &World, transaction: Transaction) -> Result<Run, String> {
    let options = EvmOptions {
        hardfork: hardfork(rules),
        chain_id: rules.chain_id,
        ask_host: how != How::Local,
        run_ahead: RunAhead::Off,
        ..EvmOptions::default()
    };
    let mut evm = Evm::new(options).map_err(|error| error.to_string())?;
    evm.set_block(&block_json(rules)).map_err(|error| error.to_string())?;
    let mut state = if how == How::Local { pre.to_state() } else { State::new() };
    if how == How::Local {
        for number in recent_blocks(rules) {
            evm.set_block_hash(number, block_hash(number)).map_err(|error| error.to_string())?;
        }
    }
    let (mut suspensions, mut answers) = (0, 0);
    let ended = drive(&mut evm, &mut state, how, pre, transaction, (&mut suspensions, &mut answers));
    if let Err(worldstate::Error::Execution(why) | worldstate::Error::InvalidInput(why)) = ended {
        if evm.is_active() || evm.outcome().is_some() {
            return Err(format!("refused ({why}), and still there"));
        }
        return Ok(Run { seen: Seen::refused(why, pre), changes: StateChanges::default(), suspensions, answers });
    }
    ended.map_err(|error| error.to_string())?;
    let outcome = evm.outcome().ok_or("ended without outcome")?;
    let touched = evm.touched().ok_or("ended without what it touched")?;
    let (ran, warm, loaded) = (ran(outcome), Some(touched.warm()), Some(listed(&touched.access_list(&[]))));
    let changes = evm.changes().ok_or("ended without changes")?.clone();
    evm.commit(&mut state, false).map_err(|error| error.to_string())?;
    let post = if how == How::Local {
        Some(World::of_state(&mut state))
    } else {
        written(&state, &changes)?;
        None
    };
    Ok(Run { seen: Seen { end: End::Ran(ran), post, warm, loaded }, changes, suspensions, answers })
}

fn drive(
    evm: &mut Evm,
    state: &mut State,
    how: How,
    pre: &World,
    transaction: Transaction,
    (suspensions, answers): (&mut u64, &mut u64),
) -> worldstate::Result<()> {
    evm.start(transaction)?;
    loop {
        let progress = if how == How::Stepped { evm.step(state)? } else { evm.run(state)? };
        match progress {
            Progress::Ready => return Ok(()),
            Progress::Stepped => assert_eq!(how, How::Stepped),
            Progress::Need => {
                assert_ne!(how, How::Local, "{:?}", evm.pending());
                *suspensions += 1;
                while let Some(need) = evm.pending().first().copied() {
                    *answers += 1;
                    evm.answer(answer(pre, need))?;
                }
            }
        }
    }
}

/// An access list in JSON.
pub fn listed(access_list: &Value) -> Warm {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entry = |entry: &Value| {
        let slots = entry["storageKeys"].as_array().unwrap();
        (text(&entry["address"]).parse().unwrap(), slots.iter().map(|slot| text(slot).parse().unwrap()).collect())
    };
    access_list.as_array().unwrap().iter().map(entry).collect()
}

fn ran(outcome: &Outcome) -> Ran {
    Ran {
        status: match outcome.status {
            worldstate::evm::Status::Success => Status::Success,
            worldstate::evm::Status::Revert => Status::Revert,
            worldstate::evm::Status::Halt => Status::Halt,
        },
        gas_used: outcome.gas_used,
        gas_refunded: outcome.gas_refunded,
        output: outcome.output.clone(),
        created: outcome.created,
        logs: outcome.logs.clone(),
    }
}

/// Whether the state now says what the changes say.
fn written(state: &State, changes: &StateChanges) -> Result<(), String> {
    let text = |error: worldstate::Error| error.to_string();
    let mut wrong = Vec::new();
    for change in &changes.storage {
        if state.storage(change.address, change.slot).map_err(text)? != change.new_value {
            wrong.push(format!("{change:?}"));
        }
    }
    for change in &changes.balances {
        if state.balance(change.address).map_err(text)? != change.new_balance {
            wrong.push(format!("{change:?}"));
        }
    }
    for change in &changes.nonces {
        if state.nonce(change.address).map_err(text)? != change.new_nonce {
            wrong.push(format!("{change:?}"));
        }
    }
    for change in &changes.codes {
        if state.code(change.address).map_err(text)? != change.code {
            wrong.push(format!("{change:?}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("committed, and the state does not say {wrong:?}")) }
}

/// The world as a host can tell it that is asked for balance, nonce and code, where that is another one: an empty account
/// is none, and nobody asks for the storage of what can still be created.
pub fn hosted(pre: &World) -> Option<World> {
    let mut hosted = pre.clone();
    hosted.0.retain(|_, account| !account.is_empty());
    let unborn = hosted.0.values_mut().filter(|account| account.nonce == 0 && account.code.is_empty());
    unborn.for_each(|account| account.storage.clear());
    (hosted != *pre).then_some(hosted)
}

/// Of the changes, those that can be known where storage is known by the slots that were read: the others are slots that
/// went with their account.
pub fn knowable(mut changes: StateChanges, loaded: Option<&Warm>) -> StateChanges {
    let slots = |address: &Address| loaded.and_then(|loaded| loaded.get(address));
    changes.storage.retain(|change| slots(&change.address).is_some_and(|slots| slots.contains(&change.slot)));
    changes
}

/// How the lists differ, in words.
pub fn difference_of(expected: &StateChanges, here: &StateChanges) -> Option<String> {
    fn list<T: PartialEq + std::fmt::Debug>(text: &mut Vec<String>, name: &str, expected: &[T], here: &[T]) {
        if expected == here {
            return;
        }
        let missing: Vec<&T> = expected.iter().filter(|change| !here.contains(change)).collect();
        let more: Vec<&T> = here.iter().filter(|change| !expected.contains(change)).collect();
        text.push(format!("{name} without {missing:?}, with {more:?}"));
    }
    let mut text = Vec::new();
    list(&mut text, "storage", &expected.storage, &here.storage);
    list(&mut text, "balances", &expected.balances, &here.balances);
    list(&mut text, "nonces", &expected.nonces, &here.nonces);
    list(&mut text, "codes", &expected.codes, &here.codes);
    list(&mut text, "selfDestructs", &expected.self_destructs, &here.self_destructs);
    list(&mut text, "clearedStorage", &expected.cleared_storage, &here.cleared_storage);
    (!text.is_empty()).then(|| format!("state changes: {}", text.join("; ")))
}
