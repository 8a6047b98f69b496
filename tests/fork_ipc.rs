//! Nodes on a socket of this machine: anvil's own, and one that goes wrong.
#![cfg(unix)]

#[path = "support/anvil.rs"]
mod anvil;
mod support;

use alloy_primitives::{U256, address as literal};
use anvil::Anvil;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::dir::Dir;
use support::node::{self, Node, address};
use worldstate::Error;
use worldstate::fork::{BlockTag, Fork, ForkOptions, TransportKind};
use worldstate::state::{Request, Source};

fn options(url: String) -> ForkOptions {
    ForkOptions {
        transport: TransportKind::Http { urls: vec![url], headers: vec![], ca_certificates: None },
        request_timeout: Duration::from_millis(400),
        backoff_initial: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        ..ForkOptions::default()
    }
}

#[test]
fn anvil_answers_over_its_socket() {
    let dir = Dir::new("anvil");
    let path = dir.file("anvil.ipc");
    let Some(anvil) = Anvil::start(["--ipc".as_ref(), path.as_os_str()]) else { return };
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(10), "anvil makes no socket");
        std::thread::sleep(Duration::from_millis(20));
    }
    let contract = literal!("00000000000000000000000000000000000000cc");
    anvil.rpc("anvil_setCode", &json!([contract.to_string(), "0x6001"]));
    anvil.rpc("anvil_setStorageAt", &json!([contract.to_string(), "0x5", format!("0x{:064x}", 77)]));
    anvil.rpc("anvil_mine", &json!([]));
    for url in [format!("ipc://{}", path.display()), path.display().to_string()] {
        let fork = Fork::open(ForkOptions { request_timeout: Duration::from_secs(10), ..options(url) }).unwrap();
        let wants: Vec<_> = (0..400).map(|n| Request::Account(U256::from(n).into_address())).collect();
        fork.prefetch(&wants).unwrap();
        let account = fork.account(contract).unwrap().unwrap();
        assert_eq!(fork.code(contract, account.code_hash).unwrap().as_ref(), [0x60, 1]);
        assert_eq!(fork.storage(contract, U256::from(5)), Ok(U256::from(77)));
        assert_eq!(fork.stats().failures, 0);
    }
}

trait IntoAddress {
    fn into_address(self) -> alloy_primitives::Address;
}

impl IntoAddress for U256 {
    fn into_address(self) -> alloy_primitives::Address {
        alloy_primitives::Address::from_word((self + U256::from(1 << 20)).into())
    }
}

/// Serves a socket: `script` gets the number of the body and its answer, and writes what it wants; `false` closes.
fn serve(
    path: &Path,
    script: impl Fn(usize, &[u8], &mut UnixStream) -> bool + Send + Sync + 'static,
) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(path).unwrap();
    let (script, bodies, connections) =
        (Arc::new(script), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let made = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, script, bodies) = (stream.unwrap(), Arc::clone(&script), Arc::clone(&bodies));
            made.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || {
                let (mut buffer, mut chunk) = (Vec::new(), [0; 4096]);
                while let Ok(count @ 1..) = stream.read(&mut chunk) {
                    buffer.extend_from_slice(&chunk[..count]);
                    let Ok(body) = serde_json::from_slice::<Value>(&buffer) else { continue };
                    buffer.clear();
                    let answer = Node::default().answer(&body).to_string();
                    if !script(bodies.fetch_add(1, Ordering::SeqCst), answer.as_bytes(), &mut stream) {
                        return;
                    }
                }
            });
        }
    });
    connections
}

fn whole(answer: &[u8], stream: &mut UnixStream) -> bool {
    stream.write_all(answer).is_ok()
}

fn open(path: &Path) -> Arc<Fork> {
    let url = format!("ipc://{}", path.display());
    Fork::open(ForkOptions { block: BlockTag::Number(node::HEAD), ..options(url) }).unwrap()
}

fn slot(fork: &Fork) -> worldstate::Result<U256> {
    fork.clear_cache();
    fork.storage(address(2), U256::ONE)
}

#[test]
fn one_connection_serves_many_bodies_and_a_cut_answer_is_asked_for_again() {
    let dir = Dir::new("cut");
    let path = dir.file("cut.ipc");
    let connections = serve(&path, |index, answer, stream| match index {
        0..10 => whole(answer, stream),
        _ if index % 2 == 0 => {
            let cut = (index / 2 - 5).min(answer.len() - 1);
            let _ = stream.write_all(&answer[..cut]);
            false
        }
        _ => whole(answer, stream),
    });
    let fork = open(&path);
    for _ in 1..10 {
        assert_eq!(slot(&fork), Ok(node::storage(address(2), U256::ONE)));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    for cut in 0..300 {
        assert_eq!(slot(&fork), Ok(node::storage(address(2), U256::ONE)), "cut at {cut}");
    }
    assert_eq!(fork.stats().failures, 0);
}

#[test]
fn slow_and_long_answers_are_told() {
    let dir = Dir::new("slow");
    let path = dir.file("slow.ipc");
    serve(&path, |index, answer, stream| match index {
        1 => {
            for byte in answer {
                if stream.write_all(&[*byte]).is_err() {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            true
        }
        2 => stream.write_all(&vec![b'['; 200_000]).is_ok(),
        3 => stream.write_all(&[answer, b" {}"].concat()).is_ok(),
        _ => whole(answer, stream),
    });
    let url = format!("ipc://{}", path.display());
    let mut options = ForkOptions { block: BlockTag::Number(node::HEAD), max_attempts: 1, ..options(url) };
    options.max_response_bytes = 100_000;
    let fork = Fork::open(options).unwrap();
    for text in ["timed out", "longer than max_response_bytes"] {
        let Err(Error::RpcFailed(told)) = slot(&fork) else { panic!("{text}") };
        assert!(told.contains(text) && told.contains(&path.display().to_string()), "{told}");
    }
    for _ in 0..2 {
        assert_eq!(slot(&fork), Ok(node::storage(address(2), U256::ONE)), "what is left over answers nothing");
    }
}

#[test]
fn what_is_no_socket_is_told() {
    let dir = Dir::new("none");
    let path = dir.file("none.ipc");
    let Err(Error::RpcFailed(text)) = Fork::open(options(path.display().to_string())) else { panic!() };
    assert!(text.contains("none.ipc") && text.contains("No such file"), "{text}");
    let mut headed = options(path.display().to_string());
    let TransportKind::Http { headers, .. } = &mut headed.transport else { panic!() };
    headers.push(("authorization".into(), "x".into()));
    assert!(matches!(Fork::open(headed), Err(Error::InvalidInput(_))));
}
