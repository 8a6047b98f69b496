//! Checkpoints, snapshots, changes, and the state as a whole.

use super::arguments::{address, field, str_of};
use super::failure::Outcome;
use super::manager::Manager;
use alloy_primitives::{Address, B256, hex};
use serde_json::{Map, Value};
use std::ptr::{null, null_mut};
use worldstate::ffi::state_manager::{history::*, whole::*};

/// Small, so that listings have pages.
const PAGE: usize = 2;

// Every pointer handed over below is to a live value or buffer of the size that is said.
#[expect(clippy::undocumented_unsafe_blocks, reason = "one reason for all of them, above")]
impl Manager {
    pub(crate) fn journal(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
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

    pub(crate) fn whole(&mut self, operation: &str, step: &Value) -> Outcome<Value> {
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
                return Ok(all.iter().map(hex::encode_prefixed).collect());
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
