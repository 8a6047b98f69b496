//! Who answers the questions of an execution, as a program with a state of its own does through a binding.

use super::arguments::{bytes, field, quantity, quantity64, str_of, word};
use super::cases::only;
use alloy_primitives::{Address, B256, U256, hex};
use serde_json::Value;
use std::collections::BTreeSet;
use worldstate::ffi::evm::*;

pub(crate) struct Store<'a> {
    data: &'a Value,
    pub(crate) asked: BTreeSet<String>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(data: &'a Value) -> Self {
        only(data, &["accounts", "blockHashes", "precompiles", "fails"]).unwrap();
        for account in data.get("accounts").and_then(Value::as_object).into_iter().flat_map(|all| all.values()) {
            only(account, &["balance", "nonce", "code", "storage"]).unwrap();
        }
        Self { data, asked: BTreeSet::new() }
    }

    /// The kind of the answer and its bytes; `Err` with the text that the store throws.
    pub(crate) fn answer(&mut self, request: &AsyncRequest) -> Result<(u8, Vec<u8>), String> {
        let of = Address::from(request.address);
        let name = hex::encode_prefixed(of);
        let slot = B256::from(request.slot);
        let account = self.data.get("accounts").and_then(|accounts| accounts.get(&name));
        let value = |key: &str| account.and_then(|account| account.get(key));
        let zero = || "0x0".into();
        let (question, kind, answer) = match request.output_type {
            EVM_OUTPUT_NEED_STORAGE => {
                let value = value("storage").and_then(|storage| storage.get(slot.to_string()));
                let value = value.map_or(B256::ZERO, word);
                (format!("storage {name} {slot}"), EVM_CONTINUE_WITH_STORAGE, [slot, value].concat())
            }
            EVM_OUTPUT_NEED_BALANCE => {
                let balance = quantity(value("balance").unwrap_or(&zero()));
                (format!("balance {name}"), EVM_CONTINUE_WITH_BALANCE, balance.to_be_bytes::<32>().to_vec())
            }
            EVM_OUTPUT_NEED_NONCE => {
                let nonce = quantity64(value("nonce").unwrap_or(&zero()));
                (format!("nonce {name}"), EVM_CONTINUE_WITH_NONCE, nonce.to_be_bytes().to_vec())
            }
            EVM_OUTPUT_NEED_CODE => {
                let code = value("code").map(bytes).unwrap_or_default();
                (format!("code {name}"), EVM_CONTINUE_WITH_CODE, code.to_vec())
            }
            EVM_OUTPUT_NEED_BLOCK_HASH => {
                let number: u64 = U256::from_be_bytes(request.slot).to();
                let hash = word(&field(self.data, "blockHashes")[number.to_string()]);
                let answer = [&number.to_be_bytes()[..], &hash[..]].concat();
                return self.told(format!("blockHash {number}"), EVM_CONTINUE_WITH_BLOCK_HASH, answer);
            }
            EVM_OUTPUT_NEED_PRECOMPILE => {
                let result = &field(self.data, "precompiles")[&name];
                let status = match str_of(field(result, "status")) {
                    "success" => EVM_PRECOMPILE_SUCCESS,
                    "revert" => EVM_PRECOMPILE_REVERT,
                    "halt" => EVM_PRECOMPILE_HALT,
                    other => panic!("no status {other} of a precompiled contract"),
                };
                let gas = quantity64(field(result, "gasUsed")).to_be_bytes();
                let answer = [&[status][..], &gas, &bytes(field(result, "output"))].concat();
                (format!("precompile {name}"), EVM_CONTINUE_WITH_PRECOMPILE, answer)
            }
            other => panic!("no question of type {other}"),
        };
        self.told(question, kind, [of.as_slice(), &answer].concat())
    }

    fn told(&mut self, question: String, kind: u8, answer: Vec<u8>) -> Result<(u8, Vec<u8>), String> {
        if let Some(text) = self.data.get("fails") {
            return Err(str_of(text).to_owned());
        }
        self.asked.insert(question);
        Ok((kind, answer))
    }
}
