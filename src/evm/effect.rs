//! What an execution did to the state: as a list of changes, and written into a [`State`].

use super::driver::Executed;
use crate::state::{BalanceChange, CodeChange, NonceChange, State, StateChanges, StorageChange};
use alloy_primitives::map::AddressMap;
use alloy_primitives::{Address, KECCAK256_EMPTY, U256};
use revm::primitives::hardfork::SpecId;
use revm::state::{Account, AccountInfo};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a touched account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It exists, as it is now.
    Exists,
    /// It does not exist any more (SELFDESTRUCT, or empty after EIP-161).
    Gone,
    /// It did not exist, and does not now.
    Never,
}

fn fate(account: &Account, spec: SpecId) -> Fate {
    let emptied = account.is_empty() && spec.is_enabled_in(SpecId::SPURIOUS_DRAGON);
    if !account.is_selfdestructed() && !emptied {
        return Fate::Exists;
    }
    if account.is_loaded_as_not_existing() { Fate::Never } else { Fate::Gone }
}

fn touched(executed: &Executed) -> BTreeMap<Address, &Account> {
    executed
        .state
        .iter()
        .filter(|(_, account)| account.is_touched())
        .map(|(address, account)| (*address, account))
        .collect()
}

/// The local slots of accounts that the execution destroyed, or created where there was storage without an account
/// (which EIP-7610 forbids, and revm does not look for). `state` is the one that it ran on.
pub(super) fn lost_slots(executed: &Executed, state: &State, spec: SpecId) -> AddressMap<BTreeMap<U256, U256>> {
    let lost = executed
        .state
        .iter()
        .filter(|(_, account)| account.is_touched() && (fate(account, spec) == Fate::Gone || is_created_anew(account)));
    lost.map(|(address, _)| (*address, state.local_slots(*address).collect())).collect()
}

/// The differences that the execution made, given the [`lost_slots`].
pub(super) fn changes(executed: &Executed, lost: &AddressMap<BTreeMap<U256, U256>>, spec: SpecId) -> StateChanges {
    let mut changes = StateChanges::default();
    for (address, account) in touched(executed) {
        let fate = fate(account, spec);
        if fate == Fate::Never {
            continue;
        }
        if fate == Fate::Gone {
            changes.self_destructs.push(address);
        }
        let gone = AccountInfo::default();
        let now = if fate == Fate::Gone { &gone } else { &account.info };
        let then = account.original_info();
        if then.balance != now.balance {
            let (original_balance, new_balance) = (then.balance, now.balance);
            changes.balances.push(BalanceChange { address, original_balance, new_balance });
        }
        if then.nonce != now.nonce {
            changes.nonces.push(NonceChange { address, original_nonce: then.nonce, new_nonce: now.nonce });
        }
        if then.code_hash != now.code_hash {
            let code = now.code.as_ref().map(revm::state::Bytecode::original_bytes).unwrap_or_default();
            changes.codes.push(CodeChange { address, code });
        }
        storage_changes(address, account, fate == Fate::Gone, lost.get(&address), &mut changes);
    }
    changes
}

fn storage_changes(
    address: Address,
    account: &Account,
    gone: bool,
    lost: Option<&BTreeMap<U256, U256>>,
    changes: &mut StateChanges,
) {
    let loaded = account.storage.keys();
    let slots: BTreeSet<U256> = loaded.chain(lost.into_iter().flat_map(BTreeMap::keys)).copied().collect();
    for slot in slots {
        let held = account.storage.get(&slot);
        let then = lost.and_then(|lost| lost.get(&slot)).copied();
        let original_value = then.or(held.map(|slot| slot.original_value)).unwrap_or_default();
        let new_value = held.filter(|_| !gone).map_or(U256::ZERO, |slot| slot.present_value);
        if original_value != new_value {
            changes.storage.push(StorageChange { address, slot, original_value, new_value });
        }
    }
}

/// Writes what the execution did into the state, through its journal.
pub(super) fn commit(executed: &Executed, state: &mut State, spec: SpecId) {
    for (address, account) in touched(executed) {
        match fate(account, spec) {
            Fate::Never => continue,
            Fate::Gone => {
                state.delete_account(address);
                continue;
            }
            Fate::Exists => {}
        }
        let (now, then) = (&account.info, account.original_info());
        if is_created_anew(account) {
            state.clear_storage(address);
        }
        if account.is_loaded_as_not_existing() || then.balance != now.balance {
            state.set_balance(address, now.balance);
        }
        if then.nonce != now.nonce {
            state.set_nonce(address, now.nonce);
        }
        if then.code_hash != now.code_hash
            && let Some(code) = &now.code
        {
            state.set_code(address, code.original_bytes());
        }
        for (slot, value) in account.changed_storage_slots() {
            state.set_storage(address, *slot, value.present_value);
        }
    }
}

/// Whether the account is new, and no storage is left of what was there. One that merely came into being empty, before
/// EIP-161, counts as created too and has none.
fn is_created_anew(account: &Account) -> bool {
    let materialized = account.is_empty() && account.info.code_hash == KECCAK256_EMPTY && account.storage.is_empty();
    account.is_created() && !materialized
}
