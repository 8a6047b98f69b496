//! A simulation beside what the node made of the same transaction.

use crate::chain::{Chain, Mined, quantity};
use crate::simulate::{Simulated, Simulator};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a transaction changed: values before and after.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Differences {
    pub(crate) balances: BTreeMap<Address, (U256, U256)>,
    nonces: BTreeMap<Address, (U256, U256)>,
    /// The code after.
    codes: BTreeMap<Address, Bytes>,
    pub(crate) storage: BTreeMap<(Address, U256), (U256, U256)>,
}

/// What the node tells of a transaction.
pub(crate) struct Told {
    differences: Differences,
    prestate: Value,
    trace: Value,
}

fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

fn entries(value: &Value) -> impl Iterator<Item = (Address, &Value)> {
    value.as_object().unwrap().iter().map(|(at, fields)| (at.parse().unwrap(), fields))
}

fn slots(account: &Value) -> BTreeMap<U256, U256> {
    let slots = account.get("storage").and_then(Value::as_object).into_iter().flatten();
    slots.map(|(slot, value)| (slot.parse().unwrap(), quantity(value))).collect()
}

impl Differences {
    /// From the library's list.
    fn of_ours(changes: &Value) -> Self {
        let list = |name: &str| changes[name].as_array().unwrap().iter();
        let pair = |entry: &Value, old: &str, new: &str| (quantity(&entry[old]), quantity(&entry[new]));
        let code = |entry: &Value| entry["code"].as_str().unwrap().parse().unwrap();
        Self {
            balances: list("balances")
                .map(|entry| (address(&entry["address"]), pair(entry, "originalBalance", "newBalance")))
                .collect(),
            nonces: list("nonces")
                .map(|entry| (address(&entry["address"]), pair(entry, "originalNonce", "newNonce")))
                .collect(),
            codes: list("codes").map(|entry| (address(&entry["address"]), code(entry))).collect(),
            storage: list("storage")
                .map(|entry| {
                    let key = (address(&entry["address"]), quantity(&entry["slot"]));
                    (key, pair(entry, "originalValue", "newValue"))
                })
                .collect(),
        }
    }

    /// From a prestate trace in diff mode: `pre` has whole accounts, `post` of those that still are what changed.
    fn of_node(diff: &Value) -> Self {
        let (pre, post) =
            (entries(&diff["pre"]).collect::<BTreeMap<_, _>>(), entries(&diff["post"]).collect::<BTreeMap<_, _>>());
        let mut differences = Self::default();
        let nothing = json!({});
        for at in pre.keys().chain(post.keys()).copied().collect::<BTreeSet<Address>>() {
            let (before, after) = (pre.get(&at).copied().unwrap_or(&nothing), post.get(&at).copied());
            let field = |name: &str| {
                let old = before.get(name).map(quantity).unwrap_or_default();
                let kept = if after.is_some() { old } else { U256::ZERO };
                (old, after.and_then(|after| after.get(name)).map_or(kept, quantity))
            };
            let mut put = |map: fn(&mut Self) -> &mut BTreeMap<Address, (U256, U256)>, (old, new): (U256, U256)| {
                if old != new {
                    map(&mut differences).insert(at, (old, new));
                }
            };
            put(|all| &mut all.balances, field("balance"));
            put(|all| &mut all.nonces, field("nonce"));
            if let Some(code) = after.and_then(|after| after.get("code")) {
                differences.codes.insert(at, code.as_str().unwrap().parse().unwrap());
            }
            let (old, new) = (slots(before), after.map(slots).unwrap_or_default());
            for slot in old.keys().chain(new.keys()) {
                let pair = (old.get(slot).copied().unwrap_or_default(), new.get(slot).copied().unwrap_or_default());
                if pair.0 != pair.1 {
                    differences.storage.insert((at, *slot), pair);
                }
            }
        }
        differences
    }

    pub(crate) fn count(&self) -> usize {
        self.balances.len() + self.nonces.len() + self.codes.len() + self.storage.len()
    }

    /// The chain has the old values at the block before, and the new ones at `block`.
    fn check_chain(&self, chain: &Chain, block: u64) {
        let nonce = |at: Address, block: u64| U256::from(chain.nonce_at(at, block));
        for (&at, &values) in &self.balances {
            assert_eq!((chain.balance_at(at, block - 1), chain.balance_at(at, block)), values, "balance of {at}");
        }
        for (&at, &values) in &self.nonces {
            assert_eq!((nonce(at, block - 1), nonce(at, block)), values, "nonce of {at}");
        }
        for (&at, code) in &self.codes {
            assert_eq!(chain.code_at(at, block), *code, "code of {at}");
        }
        for (&(at, slot), &values) in &self.storage {
            let on_chain = (chain.storage_at(at, slot, block - 1), chain.storage_at(at, slot, block));
            assert_eq!(on_chain, values, "slot {slot:#x} of {at}");
        }
    }

    /// The committed state has the new values.
    fn check_state(&self, simulator: &mut dyn Simulator) {
        let name = simulator.name();
        for (&at, &(_, new)) in &self.balances {
            assert_eq!(simulator.balance(at), new, "{name}: balance of {at}");
        }
        for (&at, &(_, new)) in &self.nonces {
            assert_eq!(U256::from(simulator.nonce(at)), new, "{name}: nonce of {at}");
        }
        for (&at, code) in &self.codes {
            assert_eq!(simulator.code(at), *code, "{name}: code of {at}");
        }
        for (&(at, slot), &(_, new)) in &self.storage {
            assert_eq!(simulator.storage(at, slot), new, "{name}: slot {slot:#x} of {at}");
        }
    }
}

impl Told {
    /// Asks the node for everything that it can tell of the transaction, which is alone in its block.
    pub(crate) fn of(chain: &Chain, mined: &Mined) -> Self {
        let told = Self::of_one(chain, mined);
        told.differences.check_chain(chain, mined.number());
        told
    }

    /// The same of one of several in a block.
    pub(crate) fn of_one(chain: &Chain, mined: &Mined) -> Self {
        let trace = |options: Value| chain.rpc("debug_traceTransaction", &json!([mined.hash.to_string(), options]));
        let diff = trace(json!({"tracer": "prestateTracer", "tracerConfig": {"diffMode": true}}));
        let mut differences = Differences::of_node(&diff);
        // The diff does not tell a code that was taken away from one that stays.
        for (at, before) in entries(&diff["pre"]) {
            if before.get("code").is_some() && chain.code_at(at, mined.number()).is_empty() {
                differences.codes.insert(at, Bytes::new());
            }
        }
        Self { differences, prestate: trace(json!({"tracer": "prestateTracer"})), trace: trace(json!({})) }
    }

    /// How many steps the node took.
    pub(crate) fn steps(&self) -> usize {
        self.trace["structLogs"].as_array().unwrap().len()
    }

    pub(crate) fn differences(&self) -> &Differences {
        &self.differences
    }
}

/// Status, gas, logs and the created contract are the receipt's.
pub(crate) fn same_receipt(name: &str, simulated: &Simulated, mined: &Mined) {
    let (ours, receipt) = (&simulated.result, &mined.receipt);
    assert_eq!(simulated.succeeded(), receipt["status"] == "0x1", "{name}: status: {ours}");
    assert_eq!(quantity(&ours["gasUsed"]), quantity(&receipt["gasUsed"]), "{name}: gas");
    let log = |log: &Value| (log["address"].clone(), log["topics"].clone(), log["data"].clone());
    let logs = |logs: &Value| logs.as_array().unwrap().iter().map(log).collect::<Vec<_>>();
    assert_eq!(logs(&ours["logs"]), logs(&receipt["logs"]), "{name}: logs");
    // A receipt names the address of a creation that failed, too.
    let created = if simulated.succeeded() { &receipt["contractAddress"] } else { &Value::Null };
    assert_eq!(ours["contractAddress"], *created, "{name}: created contract");
}

/// Everything that the node can tell is as simulated, and the committed state is the mined block's.
pub(crate) fn same_all(label: &str, mined: &Mined, told: &Told, simulator: &mut dyn Simulator, simulated: &Simulated) {
    let name = format!("{label}: {}", simulator.name());
    same_receipt(&name, simulated, mined);
    let differences = Differences::of_ours(&simulated.changes);
    assert_eq!(differences, told.differences, "{name}: changes");
    differences.check_state(simulator);
    let (ours, node) = (accounts_before(&simulated.prestate), accounts_before(&told.prestate));
    for at in ours.keys().chain(node.keys()) {
        assert_eq!(ours.get(at), node.get(at), "{name}: prestate of {at}");
    }
    same_steps(&name, &simulated.trace, &told.trace);
    // The node's own trace has the gas of the block so far.
    assert_eq!(quantity(&simulated.trace["gas"]), quantity(&mined.receipt["gasUsed"]), "{name}: gas of the trace");
}

/// Balance, nonce, hash of the code, slots.
type Account = (U256, U256, B256, BTreeMap<U256, U256>);

/// The accounts of a prestate.
fn accounts_before(prestate: &Value) -> BTreeMap<Address, Account> {
    let account = |fields: &Value| {
        let field = |name: &str| fields.get(name).map(quantity).unwrap_or_default();
        let code = fields.get("code").map(|code| code.as_str().unwrap().parse::<Bytes>().unwrap());
        (field("balance"), field("nonce"), code.map(keccak256).unwrap_or_default(), slots(fields))
    };
    let accounts = entries(prestate).map(|(at, fields)| (at, account(fields)));
    // geth leaves out what did not exist; this node has it, empty.
    accounts.filter(|(_, account)| !account.0.is_zero() || !account.1.is_zero() || !account.2.is_zero()).collect()
}

/// Each step: where, what, at which depth, with which gas and stack.
pub(crate) fn same_steps(name: &str, ours: &Value, node: &Value) {
    assert_eq!(ours["failed"], node["failed"], "{name}: failed");
    let step = |step: &Value| {
        let stack: Vec<U256> = step["stack"].as_array().into_iter().flatten().map(quantity).collect();
        (step["pc"].as_u64(), step["op"].clone(), step["depth"].as_u64(), step["gas"].as_u64(), stack)
    };
    let mut ours = ours["structLogs"].as_array().unwrap().iter().map(step);
    let mut count = 0;
    for node in node["structLogs"].as_array().unwrap().iter().map(step) {
        // The node shows a STOP in empty init code, where there is no instruction.
        if node.0 == Some(0) && node.1 == "STOP" {
            continue;
        }
        let mut own = ours.next();
        if node.1 == "Unknown" {
            // We have geth's text for what is no instruction.
            own = own.map(|own| (own.0, node.1.clone(), own.2, own.3, own.4));
        }
        assert_eq!(own.as_ref(), Some(&node), "{name}: step {count}");
        count += 1;
    }
    assert_eq!(ours.next(), None, "{name}: after {count} steps");
}

/// An access list in one order.
pub(crate) fn sorted(list: &Value) -> BTreeMap<Address, BTreeSet<U256>> {
    let slots = |entry: &Value| entry["storageKeys"].as_array().unwrap().iter().map(quantity).collect();
    list.as_array().unwrap().iter().map(|entry| (address(&entry["address"]), slots(entry))).collect()
}
