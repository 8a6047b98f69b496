//! The operations of the steps, each through the functions of the C interface that a binding uses for it.

use super::arguments::{field, list, str_of};
use super::cases::only;
use super::execute::execute;
use super::failure::Outcome;
use super::manager::Manager;
use serde_json::Value;

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
            "getProof" => manager.proof(&step["address"], list(step, "slots")),
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
        "getProof" => &["address", "slots"],
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
