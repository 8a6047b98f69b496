//! The JSON of state changes, read back.

use alloy_primitives::{Address, U256};
use serde_json::Value;
use worldstate::state::{BalanceChange, CodeChange, NonceChange, StateChanges, StorageChange};

fn number(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

/// Reads the JSON of changes back; every list and field must be there.
pub(crate) fn changes_of(json: &str) -> StateChanges {
    let json: Value = serde_json::from_str(json).unwrap();
    let list = |name: &str| json[name].as_array().unwrap_or_else(|| panic!("no {name} in {json}"));
    let address = |value: &Value| value.as_str().unwrap().parse::<Address>().unwrap();
    let of = |change: &Value| address(&change["address"]);
    let storage = |change: &Value| StorageChange {
        address: of(change),
        slot: number(&change["slot"]),
        original_value: number(&change["originalValue"]),
        new_value: number(&change["newValue"]),
    };
    let balance = |change: &Value| BalanceChange {
        address: of(change),
        original_balance: number(&change["originalBalance"]),
        new_balance: number(&change["newBalance"]),
    };
    let nonce = |change: &Value| NonceChange {
        address: of(change),
        original_nonce: number(&change["originalNonce"]).to(),
        new_nonce: number(&change["newNonce"]).to(),
    };
    let code =
        |change: &Value| CodeChange { address: of(change), code: change["code"].as_str().unwrap().parse().unwrap() };
    StateChanges {
        storage: list("storage").iter().map(storage).collect(),
        balances: list("balances").iter().map(balance).collect(),
        nonces: list("nonces").iter().map(nonce).collect(),
        codes: list("codes").iter().map(code).collect(),
        self_destructs: list("selfDestructs").iter().map(address).collect(),
        cleared_storage: json
            .get("clearedStorage")
            .map_or(vec![], |all| all.as_array().unwrap().iter().map(address).collect()),
    }
}
