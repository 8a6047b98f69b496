//! What an execution has touched: as an access list, and as the state before it.

use super::driver::Executed;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, hex};
use revm::state::Account;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The accounts and slots that a finished execution has loaded.
pub struct Touched<'a> {
    executed: &'a Executed,
}

impl<'a> Touched<'a> {
    pub(super) fn new(executed: &'a Executed) -> Self {
        Self { executed }
    }

    fn accounts(&self) -> BTreeMap<Address, &'a Account> {
        self.executed.state.iter().map(|(address, account)| (*address, account)).collect()
    }

    /// Addresses and slots that are warm at the end (EIP-2929), with those that precompiled contracts and the
    /// transaction's own access list warmed only if they were loaded as well.
    #[must_use]
    pub fn warm(&self) -> BTreeMap<Address, BTreeSet<U256>> {
        let transaction = self.executed.transaction;
        let warm = |account: &Account| {
            let slots = account.storage.iter().filter(|(_, slot)| !slot.is_cold_transaction_id(transaction));
            slots.map(|(slot, _)| *slot).collect()
        };
        let accounts = self.accounts();
        let accounts = accounts.into_iter().filter(|(_, account)| !account.is_cold_transaction_id(transaction));
        accounts.map(|(address, account)| (address, warm(account))).collect()
    }

    /// The access list with which the execution would find all of it warm, as `eth_createAccessList` returns it:
    /// `[{address, storageKeys}]`. Accounts of `excluded`, which are warm anyway, and contracts that the execution made,
    /// which making them warms, are in it only with slots.
    #[must_use]
    pub fn access_list(&self, excluded: &[Address]) -> Value {
        let accounts = self.accounts();
        let is_warm = |address: &Address, account: &Account| account.is_created() || excluded.contains(address);
        let listed =
            accounts.iter().filter(|(address, account)| !account.storage.is_empty() || !is_warm(address, account));
        let entries = listed.map(|(address, account)| {
            let slots: BTreeSet<U256> = account.storage.keys().copied().collect();
            let slots: Vec<String> = slots.into_iter().map(|slot| B256::from(slot).to_string()).collect();
            json!({ "address": format!("{address:#x}"), "storageKeys": slots })
        });
        Value::Array(entries.collect())
    }

    /// The accounts that existed before, with what the execution has read of them, as geth's prestate tracer writes
    /// it: `{address: {balance, nonce, code, storage}}`, nonce and code only where they are not empty, storage where
    /// slots were read, zeros among them. A code that was never read is named by `codeHash`.
    #[must_use]
    pub fn prestate(&self) -> Value {
        let accounts = self.accounts();
        let existed = accounts.iter().filter(|(_, account)| !account.is_loaded_as_not_existing());
        let entry = |(address, account): (&Address, &&Account)| {
            let info = account.original_info();
            let mut fields = Map::new();
            fields.insert("balance".into(), format!("{:#x}", info.balance).into());
            if info.nonce != 0 {
                fields.insert("nonce".into(), info.nonce.into());
            }
            if info.code_hash != KECCAK256_EMPTY {
                let now = Some(&account.info).filter(|now| now.code_hash == info.code_hash);
                match info.code.as_ref().or(now.and_then(|now| now.code.as_ref())) {
                    Some(code) => fields.insert("code".into(), hex::encode_prefixed(code.original_byte_slice()).into()),
                    None => fields.insert("codeHash".into(), info.code_hash.to_string().into()),
                };
            }
            let slots: BTreeMap<U256, U256> =
                account.storage.iter().map(|(slot, value)| (*slot, value.original_value)).collect();
            let slots: Map<String, Value> = slots
                .into_iter()
                .map(|(slot, value)| (B256::from(slot).to_string(), B256::from(value).to_string().into()))
                .collect();
            if !slots.is_empty() {
                fields.insert("storage".into(), slots.into());
            }
            (format!("{address:#x}"), Value::Object(fields))
        };
        Value::Object(existed.map(entry).collect())
    }
}
