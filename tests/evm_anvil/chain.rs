//! A real chain with contracts on it.

use crate::anvil::Anvil;
use crate::contracts::Scene;
use crate::wallet::{Draft, PEOPLE};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

/// A node that mines each transaction in a block of its own.
pub(crate) struct Chain {
    pub(crate) anvil: Anvil,
    pub(crate) id: u64,
}

/// A transaction in its block.
pub(crate) struct Mined {
    pub(crate) hash: B256,
    /// The block, as `eth_getBlockByNumber` returns it.
    pub(crate) block: Value,
    pub(crate) receipt: Value,
}

impl Mined {
    pub(crate) fn number(&self) -> u64 {
        quantity(&self.block["number"]).to()
    }
}

/// POSTs a body to the node and returns what comes back.
pub(crate) fn post(address: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let start = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an HTTP answer") + 4;
    Ok(answer.split_off(start))
}

/// A number as nodes write it: `0x` hex, or a JSON number.
pub(crate) fn quantity(value: &Value) -> U256 {
    match value {
        Value::String(text) => text.parse().unwrap_or_else(|error| panic!("{text}: {error}")),
        Value::Number(number) => U256::from(number.as_u64().unwrap()),
        other => panic!("{other} is no number"),
    }
}

fn tag(block: u64) -> String {
    format!("{block:#x}")
}

impl Chain {
    /// A node with these rules that remembers the steps of its transactions.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let mut all = vec!["--steps-tracing", "--accounts", "10"];
        all.extend(arguments);
        let anvil = Anvil::start(all)?;
        let id = quantity(&anvil.rpc("eth_chainId", &json!([]))).to();
        let chain = Self { anvil, id };
        for person in PEOPLE {
            // No account without money, whatever the genesis says.
            let money = format!("{:#x}", U256::from(10_000) * U256::from(10).pow(U256::from(18)));
            chain.rpc("anvil_setBalance", &json!([person.to_string(), money]));
        }
        Some(chain)
    }

    /// Deploys and populates the contracts of the scene.
    pub(crate) fn play(&self, scene: &Scene) {
        for Draft { label, from, to, data, .. } in &scene.setup {
            let mut transaction =
                json!({"from": PEOPLE[*from].to_string(), "data": data.to_string(), "gas": "0x5b8d80"});
            if let Some(to) = to {
                transaction["to"] = to.to_string().into();
            }
            let hash = self.rpc("eth_sendTransaction", &json!([transaction]));
            assert_eq!(self.mined(&hash).receipt["status"], "0x1", "{label}");
        }
    }

    pub(crate) fn rpc(&self, method: &str, params: &Value) -> Value {
        self.anvil.rpc(method, params)
    }

    /// The result or the error.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Result<Value, String> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer: Value = serde_json::from_slice(&post(&self.anvil.address, body.as_bytes()).unwrap()).unwrap();
        answer.get("result").cloned().ok_or_else(|| answer["error"]["message"].to_string())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.anvil.address)
    }

    pub(crate) fn head(&self) -> u64 {
        quantity(&self.rpc("eth_blockNumber", &json!([]))).to()
    }

    pub(crate) fn nonce(&self, address: Address) -> u64 {
        self.nonce_at(address, self.head())
    }

    /// Signs with the sender's next nonce.
    pub(crate) fn sign(&self, draft: &Draft) -> Vec<u8> {
        draft.sign(self.nonce(PEOPLE[draft.from]), self)
    }

    /// Hands a transaction in, without waiting for its block.
    pub(crate) fn submit(&self, raw: &[u8]) -> Value {
        self.rpc("eth_sendRawTransaction", &json!([hex::encode_prefixed(raw)]))
    }

    /// Sends a transaction and waits for its block.
    pub(crate) fn send(&self, raw: &[u8]) -> Mined {
        self.mined(&self.submit(raw))
    }

    /// Waits until the transaction is in a block.
    pub(crate) fn mined(&self, hash: &Value) -> Mined {
        for _ in 0..2_000 {
            let receipt = self.rpc("eth_getTransactionReceipt", &json!([hash]));
            if !receipt.is_null() {
                let block = self.rpc("eth_getBlockByNumber", &json!([receipt["blockNumber"], false]));
                return Mined { hash: hash.as_str().unwrap().parse().unwrap(), block, receipt };
            }
            sleep(Duration::from_millis(10));
        }
        panic!("{hash} is not mined")
    }

    pub(crate) fn balance_at(&self, address: Address, block: u64) -> U256 {
        quantity(&self.rpc("eth_getBalance", &json!([address.to_string(), tag(block)])))
    }

    pub(crate) fn nonce_at(&self, address: Address, block: u64) -> u64 {
        quantity(&self.rpc("eth_getTransactionCount", &json!([address.to_string(), tag(block)]))).to()
    }

    pub(crate) fn code_at(&self, address: Address, block: u64) -> Bytes {
        self.rpc("eth_getCode", &json!([address.to_string(), tag(block)])).as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn storage_at(&self, address: Address, slot: U256, block: u64) -> U256 {
        let params = json!([address.to_string(), B256::from(slot).to_string(), tag(block)]);
        quantity(&self.rpc("eth_getStorageAt", &params))
    }
}
