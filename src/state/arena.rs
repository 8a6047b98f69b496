//! Where the locally written accounts are kept.

use super::account::Account;
use super::journal::AccountIndex;
use crate::keys::hash_address;
use alloy_primitives::Address;
use alloy_primitives::map::DefaultHashBuilder;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};
use std::ops::{Index, IndexMut};

/// Hash of an address, from which the hashes of its slots begin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AddressHash(pub(super) u64);

#[inline]
fn hash(hasher: &DefaultHashBuilder, address: &Address) -> AddressHash {
    let mut state = hasher.build_hasher();
    hash_address(address, &mut state);
    AddressHash(state.finish())
}

/// Accounts by address and by index. Grows at its end; shrinks there when the newest account's first write is undone.
///
/// Three tables rather than one, so that finding an account and reading its balance touches two cache lines of two
/// dense tables.
#[derive(Default)]
pub(super) struct Arena {
    index: HashTable<(Address, AccountIndex)>,
    hasher: DefaultHashBuilder,
    addresses: Vec<Address>,
    accounts: Vec<Account>,
}

impl Arena {
    pub(super) fn len(&self) -> usize {
        self.accounts.len()
    }

    #[inline]
    pub(super) fn hash(&self, address: &Address) -> AddressHash {
        hash(&self.hasher, address)
    }

    #[inline]
    pub(super) fn get(&self, hash: AddressHash, address: &Address) -> Option<&Account> {
        self.find(hash, address).map(|at| &self[at])
    }

    #[inline]
    pub(super) fn find(&self, hash: AddressHash, address: &Address) -> Option<AccountIndex> {
        self.index.find(hash.0, |(held, _)| held == address).map(|(_, at)| *at)
    }

    /// Adds an account that is not there yet.
    pub(super) fn push(&mut self, address: Address, account: Account) -> AccountIndex {
        let at = AccountIndex::try_from(self.accounts.len()).expect("2^32 accounts do not fit in memory");
        self.addresses.push(address);
        self.accounts.push(account);
        let Self { index, hasher, .. } = self;
        index.insert_unique(hash(hasher, &address).0, (address, at), |(held, _)| hash(hasher, held).0);
        at
    }

    /// Removes the account that was added last.
    pub(super) fn pop(&mut self) {
        self.accounts.pop();
        if let Some(address) = self.addresses.pop() {
            let AddressHash(hash) = self.hash(&address);
            if let Ok(entry) = self.index.find_entry(hash, |(held, _)| *held == address) {
                entry.remove();
            }
        }
    }

    /// Accounts, without their addresses.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    pub(super) fn address(&self, at: AccountIndex) -> Address {
        self.addresses[at as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Address, &Account)> {
        self.addresses.iter().copied().zip(&self.accounts)
    }
}

impl Index<AccountIndex> for Arena {
    type Output = Account;

    #[inline]
    fn index(&self, at: AccountIndex) -> &Account {
        &self.accounts[at as usize]
    }
}

impl IndexMut<AccountIndex> for Arena {
    #[inline]
    fn index_mut(&mut self, at: AccountIndex) -> &mut Account {
        &mut self.accounts[at as usize]
    }
}
