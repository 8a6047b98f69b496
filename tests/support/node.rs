//! A small chain in memory that answers JSON-RPC requests.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use serde_json::{Value, json};

pub const CHAIN_ID: u64 = 0x539;
pub const HEAD: u64 = 100;

/// Methods that a node may lack, and a head that may move on.
#[derive(Clone, Debug)]
pub struct Node {
    pub proofs: bool,
    pub batches: bool,
    pub storage_values: bool,
    pub head: u64,
}

impl Default for Node {
    fn default() -> Self {
        Self { proofs: true, batches: true, storage_values: false, head: HEAD }
    }
}

/// An account with code when `tag` is odd.
pub fn address(tag: u8) -> Address {
    Address::repeat_byte(tag)
}

/// The address at which nothing is.
pub const ABSENT: Address = Address::repeat_byte(0xff);

pub fn balance(address: Address) -> U256 {
    if address == ABSENT { U256::ZERO } else { U256::from(address[0]) + U256::from(1_000_000) }
}

pub fn nonce(address: Address) -> u64 {
    if address == ABSENT { 0 } else { u64::from(address[0]) }
}

pub fn code(address: Address) -> Bytes {
    if address == ABSENT || address[0].is_multiple_of(2) { Bytes::new() } else { vec![0x60, address[0]].into() }
}

pub fn storage(address: Address, slot: U256) -> U256 {
    if address == ABSENT { U256::ZERO } else { slot * U256::from(3) + U256::from(address[0]) }
}

pub fn block_hash(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

impl Node {
    /// The answer to a whole body.
    pub fn answer(&self, body: &Value) -> Value {
        match body {
            Value::Array(_) if !self.batches => error(&Value::Null, -32600, "batch requests are not supported"),
            Value::Array(requests) => requests.iter().map(|request| self.answer_one(request)).collect(),
            request => self.answer_one(request),
        }
    }

    pub fn answer_one(&self, request: &Value) -> Value {
        let id = &request["id"];
        match self.result(request["method"].as_str().unwrap(), request["params"].as_array().unwrap()) {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err((code, message)) => error(id, code, message),
        }
    }

    /// The result of one call. Calls about state must name the block that the node's head was at when it was pinned.
    pub fn result(&self, method: &str, params: &[Value]) -> Result<Value, (i64, &'static str)> {
        if method == "eth_chainId" {
            return Ok(json!(format!("{CHAIN_ID:#x}")));
        }
        if method == "eth_blockNumber" {
            return Ok(json!(format!("{:#x}", self.head)));
        }
        if method == "eth_getStorageValues" {
            if !self.storage_values {
                return Err((-32601, "the method eth_getStorageValues does not exist/is not available"));
            }
            let values = params[0].as_object().unwrap().iter().map(|(address, slots)| {
                let account: Address = address.parse().unwrap();
                let values = slots.as_array().unwrap().iter().map(|slot| {
                    let slot: U256 = slot.as_str().unwrap().parse().unwrap();
                    json!(B256::from(storage(account, slot)).to_string())
                });
                (address.clone(), values.collect())
            });
            return Ok(Value::Object(values.collect()));
        }
        if method == "eth_getBlockByNumber" {
            let number = match params[0].as_str().unwrap() {
                "latest" | "safe" | "finalized" => self.head,
                "earliest" => 0,
                number => u64::from_str_radix(number.trim_start_matches("0x"), 16).unwrap(),
            };
            return Ok(self.block(number));
        }
        if method == "eth_getBlockByHash" {
            let hash: B256 = params[0].as_str().unwrap().parse().unwrap();
            return Ok((0..=self.head).find(|n| block_hash(*n) == hash).map_or(Value::Null, |n| self.block(n)));
        }
        let Some(address) = params[0].as_str() else { return Err((-32601, "the method does not exist")) };
        let address: Address = address.parse().unwrap();
        match method {
            "eth_getProof" if !self.proofs => Err((-32601, "the method eth_getProof does not exist/is not available")),
            "eth_getProof" => {
                let slots = params[1].as_array().unwrap().iter().map(|key| {
                    let key = key.as_str().unwrap();
                    assert_eq!(key.len(), 66, "slot keys have 32 bytes");
                    let slot: U256 = key.parse().unwrap();
                    json!({"key": key, "value": format!("{:#x}", storage(address, slot)), "proof": []})
                });
                let code = code(address);
                Ok(json!({
                    "address": address.to_string(), "accountProof": [],
                    "balance": format!("{:#x}", balance(address)),
                    "nonce": format!("{:#x}", nonce(address)),
                    "codeHash": (if code.is_empty() { KECCAK256_EMPTY } else { keccak256(&code) }).to_string(),
                    "storageHash": alloy_trie::EMPTY_ROOT_HASH.to_string(),
                    "storageProof": slots.collect::<Vec<_>>(),
                }))
            }
            "eth_getBalance" => Ok(json!(format!("{:#x}", balance(address)))),
            "eth_getTransactionCount" => Ok(json!(format!("{:#x}", nonce(address)))),
            "eth_getCode" => Ok(json!(code(address).to_string())),
            "eth_getStorageAt" => {
                let slot: U256 = params[1].as_str().unwrap().parse().unwrap();
                Ok(json!(format!("{:#x}", storage(address, slot))))
            }
            _ => Err((-32601, "the method does not exist")),
        }
    }

    fn block(&self, number: u64) -> Value {
        if number > self.head {
            return Value::Null;
        }
        json!({"number": format!("{number:#x}"), "hash": block_hash(number).to_string(), "transactions": []})
    }
}

pub fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
