//! The operations of the steps, each through the functions of the C interface that a binding uses for it.

use super::arguments::{
    address, bytes, c_text, field, list, number, of_quantity, quantity, quantity64, str_of, text, word,
};
use super::cases::only;
use super::execute::execute;
use super::failure::Outcome;
use super::manager::Manager;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde_json::{Map, Value, json};
use std::ptr::{null, null_mut};
use worldstate::ffi::state_manager::{batch::*, bytes::*, history::*, text::*, whole::*};

/// Small, so that listings have pages.
const PAGE: usize = 2;

pub(crate) struct Runner {
    manager: Manager,
}

impl Runner {
    pub(crate) fn new(fork: Option<&Value>) -> Self {
        Self { manager: Manager::new(fork) }
    }

    /// What the step returns; null where that is nothing.
    pub(crate) fn perform(&mut self, step: &Value) -> Outcome<Value> {
        let operation = str_of(field(step, "do"));
        let keys = arguments(operation);
        let keys = [&["do", "note", "expect", "error", "text"], keys].concat();
        only(step, &keys).unwrap_or_else(|why| panic!("{operation}: {why}"));
        let manager = &mut self.manager;
        match operation {
            "getBalance" | "getStorage" | "getCodeHash" | "getStorageRoot" | "getStateRoot" | "getBlockHash" => {
                manager.get_number(operation, step)
            }
            "getNonce" | "getCode" | "getAccountStatus" => manager.get_other(operation, step),
            "setBalance" | "setNonce" | "setStorage" | "setCode" | "deleteAccount" | "clearStorage" => {
                manager.write(operation, step).map(|()| Value::Null)
            }
            "getStorageBatch" => manager.storage_batch(list(step, "keys")),
            "setStorageBatch" => manager.set_storage_batch(list(step, "entries")),
            "getAccounts" => manager.accounts(list(step, "addresses")),
            "setAccounts" => manager.set_accounts(list(step, "accounts")),
            "checkpoint" | "revert" | "commit" | "getCheckpointDepth" | "snapshot" | "revertToSnapshot"
            | "deleteSnapshot" | "getChanges" => manager.journal(operation, step),
            "dump" | "load" | "listAccounts" | "listStorage" | "reset" | "clearCaches" | "clearForkCache" => {
                manager.whole(operation, step)
            }
            "execute" => execute(manager, step),
            other => panic!("no operation {other}"),
        }
    }
}

fn arguments(operation: &str) -> &'static [&'static str] {
    match operation {
        "getBalance" | "getNonce" | "getCode" | "getCodeHash" | "getAccountStatus" | "deleteAccount"
        | "clearStorage" | "getStorageRoot" | "listStorage" => &["address"],
        "setBalance" => &["address", "balance"],
        "setNonce" => &["address", "nonce"],
        "getStorage" => &["address", "slot"],
        "setStorage" => &["address", "slot", "value"],
        "setCode" => &["address", "code"],
        "getBlockHash" => &["number"],
        "getStorageBatch" => &["keys"],
        "setStorageBatch" => &["entries"],
        "getAccounts" => &["addresses"],
        "setAccounts" => &["accounts"],
        "snapshot" => &["as"],
        "revertToSnapshot" | "deleteSnapshot" | "getChanges" => &["snapshot"],
        "dump" => &["format"],
        "load" => &["state"],
        "execute" => &["evm", "transaction", "raw", "message", "store", "commit"],
        _ => &[],
    }
}

// Every pointer handed over below is to a live value or buffer of the size that is said.
#[expect(clippy::undocumented_unsafe_blocks, reason = "one reason for all of them, above")]
impl Manager {
    fn get_number(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
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

    fn get_other(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
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

    fn write(&mut self, operation: &str, step: &Value) -> Outcome<()> {
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

    fn storage_batch(&mut self, keys: &[Value]) -> Outcome<Value> {
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

    fn set_storage_batch(&mut self, entries: &[Value]) -> Outcome<Value> {
        let addresses: Vec<Address> = entries.iter().map(|entry| address(&entry[0])).collect();
        let slots: Vec<B256> = entries.iter().map(|entry| word(&entry[1])).collect();
        let values: Vec<B256> = entries.iter().map(|entry| word(&entry[2])).collect();
        self.call(|state| unsafe {
            let (addresses, slots) = (addresses.as_ptr().cast(), slots.as_ptr().cast());
            state_manager_set_storage_batch(state, addresses, slots, values.as_ptr().cast(), entries.len())
        })?;
        Ok(Value::Null)
    }

    fn accounts(&mut self, addresses: &[Value]) -> Outcome<Value> {
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
    fn set_accounts(&mut self, accounts: &[Value]) -> Outcome<Value> {
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

    fn journal(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
        let id = step.get("snapshot").map_or(0, |name| {
            let name = str_of(name);
            *self.snapshots.get(name).unwrap_or_else(|| panic!("no snapshot {name} was taken"))
        });
        match operation {
            "getCheckpointDepth" => {
                let mut depth = 0;
                let out = &raw mut depth;
                self.call(|state| unsafe { state_manager_checkpoint_depth(state, out) })?;
                return Ok(depth.into());
            }
            "getChanges" => {
                return self.json(|state, out, size, length| unsafe {
                    state_manager_get_changes(state, id, out, size, length)
                });
            }
            "snapshot" => {
                let mut id = 0;
                let out = &raw mut id;
                self.call(|state| unsafe { state_manager_snapshot(state, out) })?;
                self.snapshots.insert(str_of(field(step, "as")).to_owned(), id);
            }
            "checkpoint" => self.call(|state| state_manager_checkpoint(state))?,
            "revert" => self.call(|state| state_manager_revert(state))?,
            "commit" => self.call(|state| state_manager_commit(state))?,
            "revertToSnapshot" => self.call(|state| state_manager_revert_to_snapshot(state, id))?,
            _ => self.call(|state| state_manager_delete_snapshot(state, id))?,
        }
        Ok(Value::Null)
    }

    fn whole(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
        match operation {
            "dump" => {
                let format = match step.get("format").map_or("genesis", str_of) {
                    "genesis" => STATE_MANAGER_DUMP_GENESIS_ALLOC,
                    "anvil" => STATE_MANAGER_DUMP_ANVIL,
                    other => panic!("no format {other}"),
                };
                return self
                    .json(|state, out, size, length| unsafe { state_manager_dump(state, format, out, size, length) });
            }
            "load" => {
                let dump = field(step, "state").to_string();
                self.call(|state| unsafe { state_manager_load(state, dump.as_ptr(), dump.len(), null_mut()) })?;
            }
            "listAccounts" => return self.list_accounts(),
            "listStorage" => return self.list_storage(address(field(step, "address"))),
            "reset" => self.call(|state| state_manager_reset(state))?,
            "clearCaches" => self.call(|state| state_manager_clear_caches(state))?,
            _ => self.call(|state| state_manager_clear_fork_cache(state))?,
        }
        Ok(Value::Null)
    }

    fn list_accounts(&mut self) -> Outcome<Value> {
        let mut all: Vec<Address> = Vec::new();
        loop {
            let (mut page, mut count) = ([Address::ZERO; PAGE], 0);
            let (after, out, place) = (all.last().copied(), page.as_mut_ptr().cast(), &raw mut count);
            let after = after.as_ref().map_or(null(), |after| after.as_ptr());
            self.call(|state| unsafe { state_manager_list_accounts(state, after, out, PAGE, place) })?;
            all.extend(&page[..count]);
            if count < PAGE {
                return Ok(all.iter().map(|of| hex::encode_prefixed(of)).collect());
            }
        }
    }

    fn list_storage(&mut self, of: Address) -> Outcome<Value> {
        let (mut all, mut last) = (Map::new(), None::<B256>);
        loop {
            let (mut slots, mut values, mut count) = ([B256::ZERO; PAGE], [B256::ZERO; PAGE], 0);
            let out = (slots.as_mut_ptr().cast(), values.as_mut_ptr().cast(), &raw mut count);
            let after = last.as_ref().map_or(null(), |after| after.as_ptr());
            self.call(|state| unsafe {
                state_manager_list_storage(state, of.as_ptr(), after, out.0, out.1, PAGE, out.2)
            })?;
            let page = slots.iter().zip(&values).take(count);
            all.extend(page.map(|(slot, value)| (slot.to_string(), value.to_string().into())));
            if count < PAGE {
                return Ok(all.into());
            }
            last = Some(slots[PAGE - 1]);
        }
    }
}

fn status_name(status: i32) -> Value {
    ["absent", "empty", "present"][usize::try_from(status).unwrap()].into()
}
