//! A real node in a process of its own.
#![allow(dead_code, reason = "each program that includes this file uses some of it")]

#[path = "http.rs"]
#[allow(clippy::duplicate_mod, reason = "programs that include both support files have it in each")]
mod http;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A node on a free port of 127.0.0.1, killed on drop.
pub(crate) struct LiveNode {
    child: Child,
    /// `127.0.0.1:port`
    pub(crate) address: String,
}

/// A file below the repository's root.
pub(crate) fn installed(path: &str) -> Option<PathBuf> {
    let roots = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().take(2);
    roots.map(|root| root.join(path)).find(|file| file.is_file())
}

impl LiveNode {
    /// Runs `command` and waits until a line of its output says, after `announcement`, where it listens, and it answers.
    pub(crate) fn start(mut command: Command, announcement: &'static str) -> Self {
        // Colours, which some write to a pipe too where `CI` is set, would hide the announcement.
        let plain = command.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
        let piped = plain.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = BufReader::new(child.stdout.take().expect("the output is piped"));
        let mut node = Self { child, address: String::new() };
        let (listening, listens) = mpsc::channel();
        // Reads on to the end: a full pipe would stop the node.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix(announcement) {
                    let _ = listening.send(address.trim().trim_end_matches('/').to_owned());
                }
            }
        });
        node.address =
            listens.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{command:?} does not listen: {error}"));
        node.rpc("eth_chainId", &json!([]));
        node
    }

    /// The `result` of a JSON-RPC call.
    pub(crate) fn rpc(&self, method: &str, params: &Value) -> Value {
        self.try_rpc(method, params).unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// The `result` of a JSON-RPC call, or its `error`.
    pub(crate) fn try_rpc(&self, method: &str, params: &Value) -> Result<Value, Value> {
        let mut answer = self.post(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
        if answer.get("result").is_some() { Ok(answer["result"].take()) } else { Err(answer) }
    }

    /// The receipt of a transaction, which a busy node has a moment after it took the transaction.
    pub(crate) fn receipt(&self, hash: &Value) -> Value {
        let start = Instant::now();
        loop {
            let receipt = self.rpc("eth_getTransactionReceipt", &json!([hash]));
            if !receipt.is_null() {
                return receipt;
            }
            assert!(start.elapsed() < PATIENCE, "transaction {hash} is not mined");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The results of many calls, in their order, in one batch.
    pub(crate) fn rpc_all(&self, calls: &[(&str, Value)]) -> Vec<Value> {
        let request = |(id, (method, params)): (usize, &(&str, Value))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let mut answers = self.post(&calls.iter().enumerate().map(request).collect());
        let answers = answers.as_array_mut().expect("a batch is answered by a list");
        assert_eq!(answers.len(), calls.len());
        let mut results = vec![Value::Null; calls.len()];
        for answer in answers {
            assert!(answer.get("result").is_some(), "{answer}");
            let id = answer["id"].as_u64().and_then(|id| usize::try_from(id).ok()).expect("an id of ours");
            results[id] = answer["result"].take();
        }
        results
    }

    /// The answer to a JSON-RPC body.
    pub(crate) fn post(&self, body: &Value) -> Value {
        let stream = TcpStream::connect(&self.address).expect("the node accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let answer = http::exchange(&mut BufReader::new(stream), &self.address, body.to_string().as_bytes());
        let answer = answer.unwrap_or_else(|error| panic!("{body}: {error}"));
        serde_json::from_slice(&answer.body)
            .unwrap_or_else(|error| panic!("{body}: {error}: {}", String::from_utf8_lossy(&answer.body)))
    }

    /// Asks the node to end, as a shell does, and waits until it has written what it writes then.
    pub(crate) fn terminate(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        let start = Instant::now();
        while self.child.try_wait().expect("the child is ours").is_none() {
            assert!(start.elapsed() < PATIENCE, "the node does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for LiveNode {
    fn drop(&mut self) {
        // Fails only for a node that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
