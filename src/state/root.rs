//! State root and storage roots.

use super::account::Existence;
use super::overlay::Scope;
use super::world::State;
use crate::error::Result;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::TrieAccount;
use alloy_trie::root::{state_root, storage_root_unhashed};

fn storage_root(entries: impl IntoIterator<Item = (U256, U256)>) -> B256 {
    let written = entries.into_iter().filter(|(_, value)| !value.is_zero());
    storage_root_unhashed(written.map(|(slot, value)| (B256::from(slot), value)))
}

impl State {
    /// Root of the account's storage trie; the empty root for an absent account.
    ///
    /// On a fork, local slots are applied to the source's trie, as far as its proofs reach: see [`Self::state_root`].
    /// Where no slot of the source shows through, that is after the account was deleted or its storage cleared, no
    /// proof is needed.
    pub fn storage_root(&self, address: Address) -> Result<B256> {
        match (self.local(&address), &self.source) {
            (Some(account), Some(_)) if account.storage.cleared() => Ok(storage_root(self.slots.of(account.storage))),
            (_, Some(source)) => Ok(self.overlay(&**source, Scope::Account(address))?.storage_root()),
            (Some(account), None) => Ok(storage_root(self.slots.of(account.storage))),
            (None, None) => Ok(alloy_trie::EMPTY_ROOT_HASH),
        }
    }

    /// Root of the state trie. Empty accounts are part of it, as they are of the state.
    ///
    /// On a fork, what was written locally is applied to the source's trie, over the proofs of all accounts and slots
    /// that it concerns: the result is the root of the whole state, or an error. A removal that leaves one other node
    /// alone in a branch needs that node too; it is asked for where its path is at most 5 nibbles long.
    ///
    /// # Errors
    /// `InvalidState` for a source without proofs, and where a node is needed that its proofs do not give, which the
    /// text names; otherwise as the source's: see [`Source::witness`](super::Source::witness).
    pub fn state_root(&self) -> Result<B256> {
        match &self.source {
            Some(source) => Ok(self.overlay(&**source, Scope::State)?.state_root()),
            None => Ok(state_root(self.leaves())),
        }
    }

    /// The leaves of the state trie of a state without source, by their keys.
    pub(super) fn leaves(&self) -> Vec<(B256, TrieAccount)> {
        let mut storages = self.slots.by_storage(|_| true);
        let existing = self.accounts.iter().filter(|(_, account)| account.existence == Existence::Present);
        let leaf = |(address, account): (Address, &super::account::Account)| {
            let leaf = TrieAccount {
                nonce: account.nonce().unwrap_or_default(),
                balance: account.balance().unwrap_or_default(),
                storage_root: storage_root(storages.remove(&account.storage.id).unwrap_or_default()),
                code_hash: account.code.as_ref().map_or(KECCAK256_EMPTY, |code| code.hash),
            };
            (keccak256(address), leaf)
        };
        let mut leaves: Vec<_> = existing.map(leaf).collect();
        leaves.sort_unstable_by_key(|(key, _)| *key);
        leaves
    }
}
