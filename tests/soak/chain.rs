//! The chain that is forked: the same accounts at several blocks, with other values in each.

use crate::anvil::Anvil;
use crate::dice::Dice;
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) const ACCOUNTS: u64 = 120;
pub(crate) const SLOTS: u64 = 60;
/// Blocks that are forked.
pub(crate) const EPOCHS: u64 = 3;

/// One value of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Balance(u64),
    Nonce(u64),
    Code(u64),
    Slot(u64, u64),
}

pub(crate) fn address(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

/// A few small ones, the others anywhere.
pub(crate) fn slot(number: u64) -> U256 {
    if number < 8 { U256::from(number) } else { U256::from_be_bytes(keccak256(number.to_be_bytes()).0) }
}

/// A fifth of the accounts is nowhere, a fifth are contracts.
fn is_absent(account: u64) -> bool {
    account % 5 == 4
}

pub(crate) fn is_contract(account: u64) -> bool {
    account.is_multiple_of(5)
}

fn mixed(key: Key, epoch: u64) -> u64 {
    let (kind, account, slot) = match key {
        Key::Balance(account) => (1, account, 0),
        Key::Nonce(account) => (2, account, 0),
        Key::Code(account) => (3, account, 0),
        Key::Slot(account, slot) => (4, account, slot),
    };
    Dice((kind << 40) ^ (account << 20) ^ slot ^ (epoch << 50)).roll()
}

/// What the chain was written with.
pub(crate) fn written(key: Key, epoch: u64) -> U256 {
    let mixed = mixed(key, epoch);
    match key {
        Key::Balance(account) | Key::Nonce(account) | Key::Code(account) | Key::Slot(account, _)
            if is_absent(account) =>
        {
            U256::ZERO
        }
        Key::Balance(_) => U256::from(mixed) * U256::from(mixed),
        Key::Nonce(_) => U256::from(mixed % 100_000 + 1),
        Key::Code(account) if is_contract(account) => U256::from_be_bytes(keccak256(code(account)).0),
        Key::Slot(account, _) if is_contract(account) && !mixed.is_multiple_of(4) => U256::from(mixed) << 100,
        Key::Code(_) | Key::Slot(..) => U256::ZERO,
    }
}

pub(crate) fn code(account: u64) -> Bytes {
    vec![0xfe; usize::try_from(account * 40 + 1).unwrap_or(1)].into()
}

/// Every value that is read.
pub(crate) fn keys() -> impl Iterator<Item = Key> {
    (0..ACCOUNTS).flat_map(|account| {
        let slots = if is_contract(account) { SLOTS } else { 2 };
        [Key::Balance(account), Key::Nonce(account), Key::Code(account)]
            .into_iter()
            .chain((0..slots).map(move |slot| Key::Slot(account, slot)))
    })
}

pub(crate) struct Chain {
    pub(crate) anvil: Anvil,
    /// Number and hash of the forked blocks.
    pub(crate) blocks: Vec<(u64, B256)>,
}

impl Chain {
    /// `None` where there is no anvil.
    pub(crate) fn start() -> Option<Self> {
        let anvil = Anvil::start(["--chain-id", "4242"])?;
        let mut blocks = Vec::new();
        for epoch in 0..EPOCHS {
            let calls: Vec<_> = keys().filter_map(|key| write(key, epoch)).collect();
            calls.chunks(500).for_each(|calls| drop(anvil.rpc_all(calls)));
            anvil.rpc("anvil_mine", &json!(["0x3"]));
            let block = anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
            let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
            let number: U256 = text("number").parse().expect("a block has a number");
            blocks.push((number.to(), text("hash").parse().expect("a block has a hash")));
            anvil.rpc("anvil_mine", &json!(["0x1"]));
        }
        Some(Self { anvil, blocks })
    }

    /// What the node itself says about `keys` at a block.
    pub(crate) fn ask(&self, keys: &[Key], epoch: usize) -> Vec<U256> {
        let block = format!("{:#x}", self.blocks[epoch].0);
        let call = |key: &Key| match *key {
            Key::Balance(account) => ("eth_getBalance", json!([address(account).to_string(), block])),
            Key::Nonce(account) => ("eth_getTransactionCount", json!([address(account).to_string(), block])),
            Key::Code(account) => ("eth_getCode", json!([address(account).to_string(), block])),
            Key::Slot(account, number) => {
                ("eth_getStorageAt", json!([address(account).to_string(), B256::from(slot(number)).to_string(), block]))
            }
        };
        let mut answers = Vec::new();
        for keys in keys.chunks(500) {
            let results = self.anvil.rpc_all(&keys.iter().map(call).collect::<Vec<_>>());
            answers.extend(results.iter().zip(keys).map(|(result, key)| read(result, *key)));
        }
        answers
    }

    /// Goes on with the chain until told to stop: new blocks, and other values in them.
    pub(crate) fn move_on(&self, stop: &AtomicBool) {
        let mut epoch = EPOCHS;
        while !stop.load(Ordering::Relaxed) {
            let calls: Vec<_> = keys().filter_map(|key| write(key, epoch)).step_by(37).collect();
            self.anvil.rpc_all(&calls);
            self.anvil.rpc("anvil_mine", &json!(["0x1"]));
            epoch += 1;
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

fn read(result: &Value, key: Key) -> U256 {
    let text = result.as_str().unwrap_or_default();
    let parsed = match key {
        Key::Code(_) if text == "0x" => Some(U256::ZERO),
        Key::Code(_) => hex::decode(text).ok().map(|code| U256::from_be_bytes(keccak256(code).0)),
        _ => text.parse().ok(),
    };
    parsed.unwrap_or_else(|| panic!("the node says {result} for {key:?}"))
}

/// The call that gives a value to the chain, where there is one to give.
fn write(key: Key, epoch: u64) -> Option<(&'static str, Value)> {
    let value = written(key, epoch);
    match key {
        Key::Balance(account) | Key::Nonce(account) | Key::Code(account) | Key::Slot(account, _)
            if is_absent(account) =>
        {
            None
        }
        Key::Balance(account) => {
            Some(("anvil_setBalance", json!([address(account).to_string(), format!("{value:#x}")])))
        }
        Key::Nonce(account) => Some(("anvil_setNonce", json!([address(account).to_string(), format!("{value:#x}")]))),
        Key::Code(account) if is_contract(account) => {
            Some(("anvil_setCode", json!([address(account).to_string(), code(account).to_string()])))
        }
        Key::Slot(account, number) if is_contract(account) => {
            let words = [B256::from(slot(number)).to_string(), B256::from(value).to_string()];
            Some(("anvil_setStorageAt", json!([address(account).to_string(), words[0], words[1]])))
        }
        Key::Code(_) | Key::Slot(..) => None,
    }
}
