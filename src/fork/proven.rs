//! Recordings that have to prove what they hold.

use super::recording::Recording;
use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::proof::{Fault, SparseTrie};
use crate::state::{SourceAccount, TrieNodes, Witness};
use alloy_primitives::map::{AddressMap, B256Map};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Recording {
    /// Checks every account and slot against `root`, with the trie nodes of the recording itself.
    ///
    /// Codes are found by their hash, so that a wrong one is never asked for. Block hashes cannot be proven: they are
    /// dropped.
    pub(super) fn prove(&mut self, root: B256) -> Result<()> {
        self.block_hashes.clear();
        let known = self.nodes.clone();
        self.check(root, &(Arc::new(move |hash: &B256| known.get(hash).cloned()) as TrieNodes))
    }

    /// Adds the trie nodes that prove every account and slot.
    pub(super) fn add_proof(&mut self, witness: &Witness) -> Result<()> {
        let used = Arc::new(Mutex::new(B256Map::default()));
        let (nodes, seen) = (witness.nodes.clone(), used.clone());
        let noting = move |hash: &B256| {
            let node = nodes(hash)?;
            seen.lock().insert(*hash, node.clone());
            Some(node)
        };
        self.check(witness.state_root, &(Arc::new(noting) as TrieNodes))?;
        self.nodes.extend(std::mem::take(&mut *used.lock()));
        Ok(())
    }

    /// The slots by account.
    pub(super) fn keys(&self) -> Vec<(Address, Vec<U256>)> {
        let mut keys: BTreeMap<Address, Vec<U256>> =
            self.accounts.keys().map(|address| (*address, Vec::new())).collect();
        for SlotKey(address, slot) in self.slots.keys() {
            keys.entry(*address).or_default().push(*slot);
        }
        keys.into_iter().collect()
    }

    fn check(&self, root: B256, nodes: &TrieNodes) -> Result<()> {
        let mut state = SparseTrie::new(root, nodes.clone());
        let mut storages = AddressMap::<SparseTrie>::default();
        let mut leaves = AddressMap::<Option<TrieAccount>>::default();
        let addresses = self.accounts.keys().copied().chain(self.slots.keys().map(|SlotKey(address, _)| *address));
        for address in addresses {
            if !leaves.contains_key(&address) {
                let leaf = leaf::<TrieAccount>(&mut state, keccak256(address));
                leaves.insert(address, leaf.map_err(|why| invalid(&format!("account {address}"), root, &why))?);
            }
        }
        for (address, account) in &self.accounts {
            let proven = leaves.get(address).copied().flatten().map(|leaf| SourceAccount {
                balance: leaf.balance,
                nonce: leaf.nonce,
                code_hash: leaf.code_hash,
            });
            if proven != *account {
                return Err(invalid(&format!("account {address}"), root, "the trie has another"));
            }
        }
        for (SlotKey(address, slot), value) in &self.slots {
            let root = leaves.get(address).copied().flatten().map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage_root);
            let storage = storages.entry(*address).or_insert_with(|| SparseTrie::new(root, nodes.clone()));
            let what = || format!("storage of {address} at slot {slot:#x}");
            let proven = leaf::<U256>(storage, keccak256(B256::from(*slot)));
            if proven.map_err(|why| invalid(&what(), root, &why))?.unwrap_or_default() != *value {
                return Err(invalid(&what(), root, "the trie has another value"));
            }
        }
        Ok(())
    }
}

fn leaf<T: Decodable>(trie: &mut SparseTrie, key: B256) -> std::result::Result<Option<T>, String> {
    let value = trie.get(&Nibbles::unpack(key)).map_err(|fault: Fault| fault.to_string())?;
    value.map(|rlp| T::decode(&mut &rlp[..]).map_err(|error| format!("its leaf is not readable ({error})"))).transpose()
}

fn invalid(what: &str, root: B256, why: &str) -> Error {
    Error::ProofInvalid(format!("the recording does not prove {what} under root {root}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Bytes, address};

    #[test]
    fn nothing_is_believed_without_nodes() {
        let block = crate::fork::PinnedBlock { chain_id: 1, number: 1, hash: B256::ZERO, state_root: None };
        let mut recording = Recording::new(block, None);
        recording.accounts.insert(Address::ZERO, None);
        assert!(recording.prove(EMPTY_ROOT_HASH).is_ok());
        let text = recording.prove(B256::repeat_byte(1)).unwrap_err().to_string();
        assert!(text.contains("account 0x0000") && text.contains("is not known"), "{text}");
        let other = address!("0x00000000000000000000000000000000000000aa");
        recording.slots.insert(SlotKey(other, U256::ZERO), U256::ZERO);
        assert!(recording.prove(EMPTY_ROOT_HASH).is_ok());
        recording.slots.insert(SlotKey(other, U256::ZERO), U256::from(1));
        let text = recording.prove(EMPTY_ROOT_HASH).unwrap_err().to_string();
        assert!(text.contains("slot 0x0") && text.contains("another value"), "{text}");
        recording.slots.clear();
        let account = SourceAccount { balance: U256::ZERO, nonce: 0, code_hash: B256::ZERO };
        recording.accounts.insert(other, Some(account));
        recording.codes.insert(B256::ZERO, Bytes::new());
        assert!(recording.prove(EMPTY_ROOT_HASH).is_err());
    }
}
