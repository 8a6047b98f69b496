//! Values of accounts, one and many at a time.

use super::arguments::{address, bytes, c_text, field, number, of_quantity, quantity, quantity64, str_of, text, word};
use super::cases::only;
use super::failure::Outcome;
use super::manager::Manager;
use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};
use std::ptr::null;
use worldstate::ffi::state_manager::proof::state_manager_get_proof;
use worldstate::ffi::state_manager::{batch::*, bytes::*, text::*};

// Every pointer handed over below is to a live value or buffer of the size that is said.
#[expect(clippy::undocumented_unsafe_blocks, reason = "one reason for all of them, above")]
impl Manager {
    pub(crate) fn get_number(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
        let of = step.get("address").map_or_else(Default::default, |of| c_text(str_of(of)));
        let of = of.as_ptr();
        match operation {
            "getBalance" => {
                self.number(|state, out, size| unsafe { state_manager_get_balance_sync(state, of, out, size) })
            }
            "getStorage" => {
                let slot = text(step, "slot");
                self.number(|state, out, size| unsafe {
                    state_manager_get_storage_sync(state, of, slot.as_ptr(), out, size)
                })
            }
            "getCodeHash" => {
                self.number(|state, out, size| unsafe { state_manager_get_code_hash(state, of, out, size) })
            }
            "getStorageRoot" => {
                self.number(|state, out, size| unsafe { state_manager_get_storage_root(state, of, out, size) })
            }
            "getStateRoot" => self.number(|state, out, size| unsafe { state_manager_get_state_root(state, out, size) }),
            _ => {
                let number = number(field(step, "number"));
                self.number(|state, out, size| unsafe { state_manager_get_block_hash(state, number, out, size) })
            }
        }
    }

    pub(crate) fn proof(&mut self, of: &Value, slots: &[Value]) -> Outcome<Value> {
        let (of, slots) = (address(of), slots.iter().map(word).collect::<Vec<B256>>());
        self.json(|state, out, size, length| unsafe {
            let (of, keys) = (of.as_ptr(), slots.as_ptr().cast());
            state_manager_get_proof(state, of, keys, slots.len(), out, size, length)
        })
    }

    pub(crate) fn get_other(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
        let of = text(step, "address");
        let of = of.as_ptr();
        match operation {
            "getNonce" => {
                let mut nonce = 0;
                let out = &raw mut nonce;
                self.call(|state| unsafe { state_manager_get_nonce_sync(state, of, out) })?;
                Ok(of_quantity(nonce))
            }
            "getCode" => {
                let mut length = 0;
                let out = &raw mut length;
                self.call(|state| unsafe { state_manager_get_code_len_sync(state, of, out) })?;
                let mut code = vec![0; length];
                let out = code.as_mut_ptr();
                self.call(|state| unsafe { state_manager_get_code_sync(state, of, out, length) })?;
                Ok(Bytes::from(code).to_string().into())
            }
            _ => {
                let mut status = -1;
                let out = &raw mut status;
                self.call(|state| unsafe { state_manager_get_account_status(state, of, out) })?;
                Ok(status_name(status))
            }
        }
    }

    pub(crate) fn write(&mut self, operation: &str, step: &Value) -> Outcome<()> {
        let of = text(step, "address");
        let of = of.as_ptr();
        match operation {
            "setBalance" => {
                let balance = text(step, "balance");
                self.call(|state| unsafe { state_manager_set_balance(state, of, balance.as_ptr()) })
            }
            "setNonce" => {
                let nonce = quantity64(field(step, "nonce"));
                self.call(|state| unsafe { state_manager_set_nonce(state, of, nonce) })
            }
            "setStorage" => {
                let (slot, value) = (text(step, "slot"), text(step, "value"));
                self.call(|state| unsafe { state_manager_set_storage(state, of, slot.as_ptr(), value.as_ptr()) })
            }
            "setCode" => {
                let code = bytes(field(step, "code"));
                self.call(|state| unsafe { state_manager_set_code(state, of, code.as_ptr(), code.len()) })
            }
            "deleteAccount" => self.call(|state| unsafe { state_manager_delete_account(state, of) }),
            _ => self.call(|state| unsafe { state_manager_clear_storage(state, of) }),
        }
    }

    pub(crate) fn storage_batch(&mut self, keys: &[Value]) -> Outcome<Value> {
        let addresses: Vec<Address> = keys.iter().map(|key| address(&key[0])).collect();
        let slots: Vec<B256> = keys.iter().map(|key| word(&key[1])).collect();
        let mut values = vec![B256::ZERO; keys.len()];
        let out = values.as_mut_ptr().cast();
        self.call(|state| unsafe {
            let (addresses, slots) = (addresses.as_ptr().cast(), slots.as_ptr().cast());
            state_manager_get_storage_batch(state, addresses, slots, keys.len(), out)
        })?;
        Ok(values.iter().map(ToString::to_string).collect())
    }

    pub(crate) fn set_storage_batch(&mut self, entries: &[Value]) -> Outcome<Value> {
        let addresses: Vec<Address> = entries.iter().map(|entry| address(&entry[0])).collect();
        let slots: Vec<B256> = entries.iter().map(|entry| word(&entry[1])).collect();
        let values: Vec<B256> = entries.iter().map(|entry| word(&entry[2])).collect();
        self.call(|state| unsafe {
            let (addresses, slots) = (addresses.as_ptr().cast(), slots.as_ptr().cast());
            state_manager_set_storage_batch(state, addresses, slots, values.as_ptr().cast(), entries.len())
        })?;
        Ok(Value::Null)
    }

    pub(crate) fn accounts(&mut self, addresses: &[Value]) -> Outcome<Value> {
        let addresses: Vec<Address> = addresses.iter().map(address).collect();
        let count = addresses.len();
        let (mut balances, mut nonces) = (vec![B256::ZERO; count], vec![0; count]);
        let (mut code_hashes, mut statuses) = (vec![B256::ZERO; count], vec![-1; count]);
        let out = (balances.as_mut_ptr().cast(), nonces.as_mut_ptr());
        let more = (code_hashes.as_mut_ptr().cast(), statuses.as_mut_ptr());
        self.call(|state| unsafe {
            let addresses = addresses.as_ptr().cast();
            state_manager_get_account_batch(state, addresses, count, out.0, out.1, more.0, more.1)
        })?;
        let account = |at: usize| {
            json!({
                "balance": of_quantity(U256::from_be_bytes(balances[at].0)),
                "nonce": of_quantity(nonces[at]),
                "codeHash": code_hashes[at].to_string(),
                "status": status_name(statuses[at]),
            })
        };
        Ok((0..count).map(account).collect())
    }

    /// All at once where all have the same fields, else one after the other.
    pub(crate) fn set_accounts(&mut self, accounts: &[Value]) -> Outcome<Value> {
        let has = |account: &Value| (account.get("balance").is_some(), account.get("nonce").is_some());
        for account in accounts {
            only(account, &["address", "balance", "nonce", "code"]).unwrap();
        }
        if accounts.iter().all(|account| has(account) == has(&accounts[0])) {
            self.set_similar(accounts)?;
        } else {
            accounts.chunks(1).try_for_each(|one| self.set_similar(one))?;
        }
        for account in accounts {
            let Some(code) = account.get("code").map(bytes) else { continue };
            let of = address(field(account, "address"));
            self.call(|state| unsafe { state_manager_set_code_bytes(state, of.as_ptr(), code.as_ptr(), code.len()) })?;
        }
        Ok(Value::Null)
    }

    fn set_similar(&mut self, accounts: &[Value]) -> Outcome<()> {
        let addresses: Vec<Address> = accounts.iter().map(|account| address(field(account, "address"))).collect();
        let balance = |account: &Value| account.get("balance").map(|value| B256::from(quantity(value)));
        let balances: Vec<B256> = accounts.iter().filter_map(balance).collect();
        let nonces: Vec<u64> = accounts.iter().filter_map(|account| account.get("nonce").map(quantity64)).collect();
        self.call(|state| unsafe {
            let balances = if balances.is_empty() { null() } else { balances.as_ptr().cast() };
            let nonces = if nonces.is_empty() { null() } else { nonces.as_ptr() };
            state_manager_set_account_batch(state, addresses.as_ptr().cast(), balances, nonces, accounts.len())
        })
    }
}

fn status_name(status: i32) -> Value {
    ["absent", "empty", "present"][usize::try_from(status).unwrap()].into()
}
