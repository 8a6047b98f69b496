//! State root and storage roots.

use super::account::Existence;
use super::world::State;
use crate::error::{Error, Result};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use alloy_trie::TrieAccount;
use alloy_trie::root::{state_root_unhashed, storage_root_unhashed};

fn storage_root(entries: impl IntoIterator<Item = (U256, U256)>) -> B256 {
    let written = entries.into_iter().filter(|(_, value)| !value.is_zero());
    storage_root_unhashed(written.map(|(slot, value)| (B256::from(slot), value)))
}

impl State {
    /// Root of the account's storage trie; the empty root for an absent account.
    ///
    /// On a fork only where no slot of the source shows through, that is after the account was deleted or its storage
    /// cleared: elsewhere the rest of the trie is not known, and no root is invented.
    pub fn storage_root(&self, address: Address) -> Result<B256> {
        match self.local(&address) {
            Some(account) if account.storage.cleared() || self.source.is_none() => {
                Ok(storage_root(self.slots.of(account.storage)))
            }
            None if self.source.is_none() => Ok(alloy_trie::EMPTY_ROOT_HASH),
            _ => Err(Error::InvalidState(format!(
                "storage root of {address}: the state is forked, and slots that were never fetched are part of it"
            ))),
        }
    }

    /// Root of the state trie. Empty accounts are part of it, as they are of the state.
    ///
    /// Not for a forked state: accounts that were never fetched are part of its trie.
    pub fn state_root(&self) -> Result<B256> {
        if self.source.is_some() {
            let text = "state root: the state is forked, and accounts that were never fetched are part of it";
            return Err(Error::InvalidState(text.into()));
        }
        let mut storages = self.slots.by_storage(|_| true);
        let existing = self.accounts.iter().filter(|(_, account)| account.existence == Existence::Present);
        Ok(state_root_unhashed(existing.map(|(address, account)| {
            let leaf = TrieAccount {
                nonce: account.nonce().unwrap_or_default(),
                balance: account.balance().unwrap_or_default(),
                storage_root: storage_root(storages.remove(&account.storage.id).unwrap_or_default()),
                code_hash: account.code.as_ref().map_or(KECCAK256_EMPTY, |code| code.hash),
            };
            (address, leaf)
        })))
    }
}
