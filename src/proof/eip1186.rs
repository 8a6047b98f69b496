//! The answer to `eth_getProof` (EIP-1186).

use super::path::{CheckedNodes, find, follow};
use crate::rpc::{bytes, field, fixed, hash, number, quantity, word};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use serde_json::Value;

/// An account and some of its slots as a node gives them, with the trie nodes that are to prove them.
#[derive(Clone, Debug)]
pub(crate) struct AccountProof {
    /// `None` where the node leaves it out.
    pub(crate) address: Option<Address>,
    /// Zero code hashes and storage roots, which some nodes give for what is absent, are those of nothing here.
    pub(crate) account: TrieAccount,
    path: Vec<Bytes>,
    /// No slot is there twice.
    pub(crate) slots: Vec<SlotProof>,
}

/// One slot of an [`AccountProof`].
#[derive(Clone, Debug)]
pub(crate) struct SlotProof {
    pub(crate) slot: U256,
    pub(crate) value: U256,
    path: Vec<Bytes>,
}

/// What a proof has proven.
#[derive(Debug)]
pub(crate) struct Proven {
    /// Whether the state trie has the account.
    pub(crate) exists: bool,
    /// All nodes of all paths.
    pub(crate) nodes: CheckedNodes,
}

impl AccountProof {
    /// Reads an answer with its trie nodes.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        Self::read_as(value, path)
    }

    /// Reads the values of an answer only, which cannot be verified then.
    pub(crate) fn read_values(value: &Value) -> Result<Self, String> {
        Self::read_as(value, |_| Ok(Vec::new()))
    }

    fn read_as(value: &Value, path: fn(Option<&Value>) -> Result<Vec<Bytes>, String>) -> Result<Self, String> {
        let object = value.as_object().ok_or("proof is not an object")?;
        let given = |name| object.get(name).filter(|given| !given.is_null());
        let address = given("address").map(fixed::<20>).transpose().map_err(|e| format!("address {e}"))?;
        let account = TrieAccount {
            balance: quantity(field(object, "balance")?).map_err(|e| format!("balance {e}"))?,
            nonce: number(field(object, "nonce")?).map_err(|e| format!("nonce {e}"))?,
            code_hash: hash(field(object, "codeHash")?)
                .map(|hash| if hash.is_zero() { KECCAK256_EMPTY } else { hash })
                .map_err(|e| format!("codeHash {e}"))?,
            storage_root: given("storageHash")
                .map_or(Ok(B256::ZERO), hash)
                .map(|root| if root.is_zero() { EMPTY_ROOT_HASH } else { root })
                .map_err(|e| format!("storageHash {e}"))?,
        };
        Ok(Self {
            address: address.map(Address::from),
            account,
            path: path(object.get("accountProof")).map_err(|e| format!("accountProof {e}"))?,
            slots: slots(given("storageProof"), path)?,
        })
    }

    /// Checks that the answer is for `address`, and for the slots `asked` and no others.
    pub(crate) fn is_for(&self, address: Address, asked: &[U256]) -> Result<(), String> {
        if let Some(other) = self.address.filter(|given| *given != address) {
            return Err(format!("proof is for {other}"));
        }
        let sorted = |slots: &mut Vec<U256>| {
            slots.sort_unstable();
            slots.dedup();
        };
        let (mut asked, mut given) = (asked.to_vec(), self.slots.iter().map(|slot| slot.slot).collect());
        sorted(&mut asked);
        sorted(&mut given);
        if asked == given {
            return Ok(());
        }
        if let Some(slot) = given.iter().find(|slot| asked.binary_search(slot).is_err()) {
            return Err(format!("slot {slot:#x} was not asked for"));
        }
        let missing = asked.iter().find(|slot| given.binary_search(slot).is_err());
        Err(missing.map_or_else(String::new, |slot| format!("slot {slot:#x} is missing")))
    }

    /// Whether there is nothing to tell an account of from one that is not there.
    pub(crate) fn looks_absent(&self) -> bool {
        self.account == TrieAccount::default()
    }

    /// Checks every value against the state trie whose root is `state_root`, as those of `address`. The error names
    /// what does not match.
    pub(crate) fn verify(&self, address: Address, state_root: B256) -> Result<Proven, String> {
        let mut nodes = CheckedNodes::default();
        let found = follow(state_root, keccak256(address), &self.path, &mut nodes)
            .map_err(|text| format!("account {address}: {text}"))?;
        let exists = found.is_some();
        let account = match found {
            None => TrieAccount::default(),
            Some(leaf) => read_leaf(&leaf).map_err(|text| format!("account {address}: {text}"))?,
        };
        self.compare(&account, exists).map_err(|text| format!("account {address}: {text}"))?;
        for SlotProof { slot, value, path } in &self.slots {
            let wrong = |text| format!("slot {slot:#x} of {address}: {text}");
            let found = follow(account.storage_root, keccak256(B256::from(*slot)), path, &mut nodes).map_err(wrong)?;
            let found = found.map_or(Ok(U256::ZERO), |leaf| read_leaf(&leaf)).map_err(wrong)?;
            if found != *value {
                return Err(wrong(format!("value {value:#x}, and the trie has {found:#x}")));
            }
        }
        Ok(Proven { exists, nodes })
    }

    fn compare(&self, found: &TrieAccount, exists: bool) -> Result<(), String> {
        let given = &self.account;
        let (name, given, found) = if given.balance != found.balance {
            ("balance", format!("{:#x}", given.balance), format!("{:#x}", found.balance))
        } else if given.nonce != found.nonce {
            ("nonce", format!("{:#x}", given.nonce), format!("{:#x}", found.nonce))
        } else if given.code_hash != found.code_hash {
            ("codeHash", given.code_hash.to_string(), found.code_hash.to_string())
        } else if given.storage_root != found.storage_root {
            ("storageHash", given.storage_root.to_string(), found.storage_root.to_string())
        } else {
            return Ok(());
        };
        let found = if exists { format!("has {found}") } else { "has no such account".into() };
        Err(format!("{name} {given}, and the trie {found}"))
    }
}

/// The account at `address` in the trie of `state_root`, empty where there is none; `None` when a node on its path is
/// not there.
pub(crate) fn find_account(
    state_root: B256,
    address: Address,
    look_up: impl FnMut(&B256) -> Option<Bytes>,
) -> Option<TrieAccount> {
    match find(state_root, keccak256(address), look_up).ok()? {
        None => Some(TrieAccount::default()),
        Some(leaf) => read_leaf(&leaf).ok(),
    }
}

/// The slot in the trie of `storage_root`, zero where there is none; `None` when a node on its path is not there.
pub(crate) fn find_slot(storage_root: B256, slot: U256, look_up: impl FnMut(&B256) -> Option<Bytes>) -> Option<U256> {
    match find(storage_root, keccak256(B256::from(slot)), look_up).ok()? {
        None => Some(U256::ZERO),
        Some(leaf) => read_leaf(&leaf).ok(),
    }
}

fn read_leaf<T: Decodable>(mut leaf: &[u8]) -> Result<T, String> {
    let value = T::decode(&mut leaf).map_err(|error| format!("the leaf cannot be read: {error}"))?;
    if leaf.is_empty() { Ok(value) } else { Err("the leaf cannot be read: bytes follow its value".into()) }
}

fn slots(
    value: Option<&Value>,
    path: fn(Option<&Value>) -> Result<Vec<Bytes>, String>,
) -> Result<Vec<SlotProof>, String> {
    let entries: &[Value] = match value {
        None => &[],
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err("storageProof is not an array".into()),
    };
    let mut slots = Vec::with_capacity(entries.len());
    for entry in entries {
        let object = entry.as_object().ok_or("storageProof has an entry that is not an object")?;
        let slot = quantity(field(object, "key")?).map_err(|e| format!("slot {e}"))?;
        let value = word(field(object, "value")?).map_err(|e| format!("value of slot {slot:#x} {e}"))?;
        let path = path(object.get("proof")).map_err(|e| format!("proof of slot {slot:#x} {e}"))?;
        slots.push(SlotProof { slot, value, path });
    }
    slots.sort_unstable_by_key(|slot| slot.slot);
    match slots.windows(2).find(|pair| pair[0].slot == pair[1].slot) {
        Some(pair) => Err(format!("slot {:#x} is answered twice", pair[0].slot)),
        None => Ok(slots),
    }
}

/// Trie nodes; `null` is how Go writes none.
fn path(value: Option<&Value>) -> Result<Vec<Bytes>, String> {
    match value {
        None => Err("is missing".into()),
        Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(nodes)) => {
            let node = |(at, node)| bytes(node).map_err(|e| format!("has a node, number {at}, that {e}"));
            nodes.iter().enumerate().map(node).collect()
        }
        Some(_) => Err("is not an array".into()),
    }
}
