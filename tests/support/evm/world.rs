//! A whole world as a plain map.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use std::collections::BTreeMap;
use worldstate::state::{BalanceChange, CodeChange, NonceChange, State, StateChanges, StorageChange};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub balance: U256,
    pub nonce: u64,
    pub code: Bytes,
    /// Without zeros.
    pub storage: BTreeMap<U256, U256>,
}

impl Account {
    pub fn is_empty(&self) -> bool {
        self.balance.is_zero() && self.nonce == 0 && self.code.is_empty()
    }

    pub fn code_hash(&self) -> B256 {
        if self.code.is_empty() { KECCAK256_EMPTY } else { keccak256(&self.code) }
    }
}

/// All accounts that exist, the empty ones among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World(pub BTreeMap<Address, Account>);

impl World {
    pub fn storage(&self, address: Address, slot: U256) -> U256 {
        self.0.get(&address).and_then(|account| account.storage.get(&slot)).copied().unwrap_or_default()
    }

    pub fn to_state(&self) -> State {
        let mut state = State::new();
        for (address, account) in &self.0 {
            state.set_balance(*address, account.balance);
            state.set_nonce(*address, account.nonce);
            state.set_code(*address, account.code.clone());
            for (slot, value) in &account.storage {
                state.set_storage(*address, *slot, *value);
            }
        }
        state
    }

    /// What a state without source holds.
    pub fn of_state(state: &mut State) -> Self {
        let addresses = state.list_accounts(None, usize::MAX);
        let account = |address| {
            let account = Account {
                balance: state.balance(address).unwrap(),
                nonce: state.nonce(address).unwrap(),
                code: state.code(address).unwrap(),
                storage: state.list_storage(address, None, usize::MAX).into_iter().collect(),
            };
            (address, account)
        };
        Self(addresses.into_iter().map(account).collect())
    }

    pub fn root(&self) -> B256 {
        self.to_state().state_root().unwrap()
    }

    /// Every difference, in the order in which [`StateChanges`] lists them.
    pub fn changes_to(&self, then: &Self) -> StateChanges {
        let mut changes = StateChanges::default();
        let none = Account::default();
        let mut addresses: Vec<Address> = self.0.keys().chain(then.0.keys()).copied().collect();
        addresses.sort_unstable();
        addresses.dedup();
        for address in addresses {
            let (before, after) = (self.0.get(&address), then.0.get(&address));
            if before.is_some() && after.is_none() {
                changes.self_destructs.push(address);
            }
            let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
            if before.balance != after.balance {
                let (original_balance, new_balance) = (before.balance, after.balance);
                changes.balances.push(BalanceChange { address, original_balance, new_balance });
            }
            if before.nonce != after.nonce {
                let (original_nonce, new_nonce) = (before.nonce, after.nonce);
                changes.nonces.push(NonceChange { address, original_nonce, new_nonce });
            }
            if before.code != after.code {
                changes.codes.push(CodeChange { address, code: after.code.clone() });
            }
            let mut slots: Vec<U256> = before.storage.keys().chain(after.storage.keys()).copied().collect();
            slots.sort_unstable();
            slots.dedup();
            for slot in slots {
                let value = |account: &Account| account.storage.get(&slot).copied().unwrap_or_default();
                let (original_value, new_value) = (value(before), value(after));
                if original_value != new_value {
                    changes.storage.push(StorageChange { address, slot, original_value, new_value });
                }
            }
        }
        changes
    }
}
