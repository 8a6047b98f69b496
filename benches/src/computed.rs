//! A node in this process that computes its answers: each slot of each account holds its own key.

use alloy_primitives::{B256, U256, keccak256};
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use worldstate::fork::{Transport, TransportError};

/// Carries bodies to itself, and counts them.
#[derive(Debug, Default)]
pub struct Computed {
    sent: Arc<AtomicU64>,
}

/// The hash of a block.
#[must_use]
pub fn block_hash(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

/// The newest block.
pub const HEAD: u64 = 1_000;

impl Computed {
    /// The number of bodies so far, also after the node has been given away.
    #[must_use]
    pub fn sent(&self) -> Arc<AtomicU64> {
        self.sent.clone()
    }

    fn answer(request: &Value) -> Option<String> {
        let params = &request["params"];
        let mut result = String::new();
        match request["method"].as_str()? {
            "eth_chainId" => result.push_str("\"0x1\""),
            "eth_getBlockByNumber" => {
                let number = match params[0].as_str()? {
                    "latest" | "safe" | "finalized" => HEAD,
                    number => number.parse::<U256>().ok()?.to(),
                };
                block(&mut result, number).ok()?;
            }
            "eth_getBlockByHash" => {
                let hash: B256 = params[0].as_str()?.parse().ok()?;
                block(&mut result, (0..=HEAD).find(|number| block_hash(*number) == hash)?).ok()?;
            }
            "eth_getStorageAt" => write!(result, "\"{:#066x}\"", params[1].as_str()?.parse::<U256>().ok()?).ok()?,
            "eth_getProof" => {
                let (code_hash, root) = (B256::ZERO, B256::repeat_byte(3));
                write!(
                    result,
                    "{{\"address\":{},\"balance\":\"0x1\",\"nonce\":\"0x1\",\"codeHash\":\"{code_hash}\",\
                     \"storageHash\":\"{root}\",\"accountProof\":[],\"storageProof\":[",
                    params[0]
                )
                .ok()?;
                for (place, key) in params[1].as_array()?.iter().enumerate() {
                    let value: U256 = key.as_str()?.parse().ok()?;
                    let comma = if place == 0 { "" } else { "," };
                    write!(result, "{comma}{{\"key\":{key},\"value\":\"{value:#x}\",\"proof\":[]}}").ok()?;
                }
                result.push_str("]}");
            }
            _ => {
                let id = &request["id"];
                let error = "{\"code\":-32601,\"message\":\"no such method\"}";
                return Some(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}"));
            }
        }
        Some(format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", request["id"]))
    }
}

fn block(result: &mut String, number: u64) -> std::fmt::Result {
    let (hash, root) = (block_hash(number), B256::repeat_byte(2));
    write!(
        result,
        "{{\"number\":\"{number:#x}\",\"hash\":\"{hash}\",\"stateRoot\":\"{root}\",\"timestamp\":\"{number:#x}\"}}"
    )
}

impl Transport for Computed {
    fn send(&self, body: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let refused = || TransportError::Refused("not a request that this node answers".to_owned());
        let body: Value = serde_json::from_slice(body).map_err(|_| refused())?;
        let answer = match &body {
            Value::Array(requests) => {
                let answers: Option<Vec<_>> = requests.iter().map(Self::answer).collect();
                format!("[{}]", answers.ok_or_else(refused)?.join(","))
            }
            request => Self::answer(request).ok_or_else(refused)?,
        };
        Ok(answer.into_bytes())
    }
}
