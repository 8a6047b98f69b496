//! Where the locally written accounts are kept.

use super::account::Account;
use super::journal::AccountIndex;
use alloy_primitives::Address;
use alloy_primitives::map::AddressMap;
use std::ops::{Index, IndexMut};

/// Accounts by address and by index. Grows at its end; shrinks there when the newest account's first write is undone.
///
/// Three tables rather than one, so that finding an account and reading its balance touches two cache lines of two
/// dense tables.
#[derive(Default)]
pub(super) struct Arena {
    index: AddressMap<AccountIndex>,
    addresses: Vec<Address>,
    accounts: Vec<Account>,
}

impl Arena {
    pub(super) fn len(&self) -> usize {
        self.accounts.len()
    }

    #[inline]
    pub(super) fn get(&self, address: &Address) -> Option<&Account> {
        self.find(address).map(|at| &self[at])
    }

    #[inline]
    pub(super) fn find(&self, address: &Address) -> Option<AccountIndex> {
        self.index.get(address).copied()
    }

    /// Adds an account that is not there yet.
    pub(super) fn push(&mut self, address: Address, account: Account) -> AccountIndex {
        let at = AccountIndex::try_from(self.accounts.len()).expect("2^32 accounts do not fit in memory");
        self.addresses.push(address);
        self.accounts.push(account);
        self.index.insert(address, at);
        at
    }

    /// Removes the account that was added last.
    pub(super) fn pop(&mut self) {
        self.accounts.pop();
        if let Some(address) = self.addresses.pop() {
            self.index.remove(&address);
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
