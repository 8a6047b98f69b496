//! A small chain in memory whose headers have the hashes that they say, and whose proofs prove.

#[path = "prover.rs"]
pub(crate) mod prover;

use super::support::node::error;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use prover::{prove, texts};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The newest block, whose state it is.
pub(crate) const HEAD: u64 = 300;

#[derive(Clone, Default)]
pub(crate) struct Account {
    pub(crate) balance: U256,
    pub(crate) nonce: u64,
    pub(crate) code: Bytes,
    pub(crate) storage: BTreeMap<U256, U256>,
}

pub(crate) struct Chain {
    pub(crate) accounts: BTreeMap<Address, Account>,
    pub(crate) headers: Vec<Header>,
    pub(crate) state_root: B256,
    storage_roots: BTreeMap<Address, B256>,
}

/// An account with storage and, when `tag` is odd, code.
pub(crate) fn address(tag: u8) -> Address {
    Address::repeat_byte(tag)
}

/// The address at which nothing is.
pub(crate) const ABSENT: Address = Address::repeat_byte(0xff);

impl Chain {
    /// Fifty accounts, thirty slots each.
    pub(crate) fn new() -> Self {
        let account = |tag: u8| {
            let number = U256::from(tag);
            let account = Account {
                balance: number + U256::from(1_000_000),
                nonce: u64::from(tag),
                code: if tag.is_multiple_of(2) { Bytes::new() } else { vec![0x60, tag].into() },
                storage: (1..31).map(|slot| (U256::from(slot), U256::from(slot * 1000) + number)).collect(),
            };
            (address(tag), account)
        };
        let accounts: BTreeMap<Address, Account> = (1..51).map(account).collect();
        let storage_roots = accounts.iter().map(|(address, account)| (*address, prove(&slots_of(account), &[]).0));
        let mut chain =
            Self { storage_roots: storage_roots.collect(), accounts, headers: vec![], state_root: B256::ZERO };
        chain.state_root = prove(&chain.leaves(), &[]).0;
        let mut parent_hash = B256::ZERO;
        for number in 0..=HEAD {
            let header = Header {
                parent_hash,
                number,
                timestamp: number * 12,
                gas_limit: 30_000_000,
                state_root: if number == HEAD { chain.state_root } else { keccak256(number.to_be_bytes()) },
                base_fee_per_gas: Some(7),
                withdrawals_root: Some(EMPTY_ROOT_HASH),
                ..Header::default()
            };
            parent_hash = header.hash_slow();
            chain.headers.push(header);
        }
        chain
    }

    pub(crate) fn hash(&self, number: u64) -> B256 {
        self.headers[usize::try_from(number).unwrap()].hash_slow()
    }

    fn leaves(&self) -> BTreeMap<B256, Vec<u8>> {
        let leaf = |(address, account): (&Address, &Account)| {
            let leaf = TrieAccount {
                nonce: account.nonce,
                balance: account.balance,
                storage_root: self.storage_roots[address],
                code_hash: keccak256(&account.code),
            };
            (keccak256(address), alloy_rlp::encode(leaf))
        };
        self.accounts.iter().map(leaf).collect()
    }

    /// The answer to a whole body, each result changed by `change`, which gets method, parameters and result.
    pub(crate) fn answer(&self, body: &Value, change: &dyn Fn(&str, &[Value], &mut Value)) -> Value {
        match body {
            Value::Array(requests) => requests.iter().map(|request| self.answer(request, change)).collect(),
            request => {
                let (id, method) = (&request["id"], request["method"].as_str().unwrap());
                let params = request["params"].as_array().unwrap();
                let Some(mut result) = self.result(method, params) else {
                    return error(id, -32601, &format!("the method {method} does not exist"));
                };
                change(method, params, &mut result);
                json!({"jsonrpc": "2.0", "id": id, "result": result})
            }
        }
    }

    pub(crate) fn result(&self, method: &str, params: &[Value]) -> Option<Value> {
        let text = |at: usize| params[at].as_str().unwrap();
        Some(match method {
            "eth_chainId" => json!("0x1"),
            "eth_blockNumber" => json!(format!("{HEAD:#x}")),
            "eth_getBlockByNumber" => {
                let number = text(0).strip_prefix("0x").map_or(HEAD, |digits| u64::from_str_radix(digits, 16).unwrap());
                self.block(number)
            }
            "eth_getBlockByHash" => {
                let hash: B256 = text(0).parse().unwrap();
                (0..=HEAD).find(|number| self.hash(*number) == hash).map_or(Value::Null, |number| self.block(number))
            }
            "eth_getCode" => {
                json!(
                    self.accounts.get(&text(0).parse::<Address>().unwrap()).map_or("0x".into(), |a| a.code.to_string())
                )
            }
            "eth_getProof" => {
                let slots: Vec<U256> =
                    params[1].as_array().unwrap().iter().map(|slot| slot.as_str().unwrap().parse().unwrap()).collect();
                self.proof(text(0).parse().unwrap(), &slots)
            }
            _ => return None,
        })
    }

    pub(crate) fn proof(&self, address: Address, slots: &[U256]) -> Value {
        let account = self.accounts.get(&address).cloned().unwrap_or_default();
        let path = prove(&self.leaves(), &[keccak256(address)]).1.remove(0);
        let keys: Vec<B256> = slots.iter().map(|slot| keccak256(B256::from(*slot))).collect();
        let (root, paths) = prove(&slots_of(&account), &keys);
        let slots = slots.iter().zip(paths).map(|(slot, path)| {
            let value = account.storage.get(slot).copied().unwrap_or_default();
            json!({"key": format!("{slot:#x}"), "value": format!("{value:#x}"), "proof": texts(&path)})
        });
        json!({
            "address": address.to_string(), "accountProof": texts(&path), "nonce": format!("{:#x}", account.nonce),
            "balance": format!("{:#x}", account.balance), "storageHash": root.to_string(),
            "codeHash": (if account.code.is_empty() { KECCAK256_EMPTY } else { keccak256(&account.code) }).to_string(),
            "storageProof": slots.collect::<Vec<_>>(),
        })
    }

    fn block(&self, number: u64) -> Value {
        let Some(header) = self.headers.get(usize::try_from(number).unwrap()) else { return Value::Null };
        json!({
            "hash": header.hash_slow().to_string(),
            "parentHash": header.parent_hash.to_string(),
            "sha3Uncles": header.ommers_hash.to_string(),
            "miner": header.beneficiary.to_string(),
            "stateRoot": header.state_root.to_string(),
            "transactionsRoot": header.transactions_root.to_string(),
            "receiptsRoot": header.receipts_root.to_string(),
            "logsBloom": header.logs_bloom.to_string(),
            "difficulty": format!("{:#x}", header.difficulty),
            "number": format!("{:#x}", header.number),
            "gasLimit": format!("{:#x}", header.gas_limit),
            "gasUsed": format!("{:#x}", header.gas_used),
            "timestamp": format!("{:#x}", header.timestamp),
            "extraData": header.extra_data.to_string(),
            "mixHash": header.mix_hash.to_string(),
            "nonce": header.nonce.to_string(),
            "baseFeePerGas": format!("{:#x}", header.base_fee_per_gas.unwrap()),
            "withdrawalsRoot": header.withdrawals_root.unwrap().to_string(),
            "transactions": [],
        })
    }
}

fn slots_of(account: &Account) -> BTreeMap<B256, Vec<u8>> {
    account.storage.iter().map(|(slot, value)| (keccak256(B256::from(*slot)), alloy_rlp::encode(value))).collect()
}
