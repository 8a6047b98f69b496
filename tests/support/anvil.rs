//! A real node for a test's lifetime.
#![allow(dead_code, reason = "each test binary that includes this file uses some of it")]

use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// An anvil on a free port of 127.0.0.1, killed on drop.
pub(crate) struct Anvil {
    child: Child,
    /// `127.0.0.1:port`
    pub(crate) address: String,
}

fn binary() -> Option<PathBuf> {
    let default = || {
        let tools = "build/tools/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
        Path::new(env!("CARGO_MANIFEST_DIR")).join(tools)
    };
    let binary = std::env::var_os("WORLDSTATE_ANVIL").map_or_else(default, PathBuf::from);
    if binary.is_file() {
        return Some(binary);
    }
    println!("skipped: set WORLDSTATE_ANVIL");
    None
}

impl Anvil {
    /// Starts anvil and waits until it answers; `None`, after saying so, where there is none.
    pub(crate) fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Option<Self> {
        let mut command = Command::new(binary()?);
        command.args(["--host", "127.0.0.1", "--port", "0"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("anvil starts");
        let stdout = BufReader::new(child.stdout.take().expect("anvil's output is piped"));
        let mut anvil = Self { child, address: String::new() };
        let (listening, listens) = mpsc::channel();
        // Reads on to the end: a full pipe would stop the node.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("Listening on ") {
                    let _ = listening.send(address.trim().to_owned());
                }
            }
        });
        anvil.address = listens.recv_timeout(PATIENCE).expect("anvil listens");
        anvil.rpc("eth_chainId", &json!([]));
        Some(anvil)
    }

    /// The `result` of a JSON-RPC call.
    pub(crate) fn rpc(&self, method: &str, params: &Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut stream = TcpStream::connect(&self.address).expect("anvil accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{method}: {error}: {body}"));
        answer.get("result").unwrap_or_else(|| panic!("{method} {params}: {answer}")).clone()
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

    /// Asks the node to end, as a shell does, and waits until it has written what it writes then.
    pub(crate) fn terminate(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "anvil does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // Fails only for a node that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
