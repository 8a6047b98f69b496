//! Several threads on one fork, in the orders that go wrong when one takes what is another's.

mod support;

use serde_json::Value;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use support::node::{Node, address, balance};
use worldstate::fork::{BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, Source};
use worldstate::{Error, Result};

/// Tells of each body and waits for the word to answer it.
struct Stepped {
    arrived: Mutex<Sender<(String, Sender<()>)>>,
}

impl Transport for Stepped {
    fn send(&self, body: &[u8], _: Instant) -> std::result::Result<Vec<u8>, TransportError> {
        let (go, wait) = channel();
        self.arrived.lock().unwrap().send((String::from_utf8_lossy(body).into_owned(), go)).unwrap();
        wait.recv().unwrap();
        let body: Value = serde_json::from_slice(body).unwrap();
        assert!(!body.to_string().contains(&"fe".repeat(20)), "the transport's own fault");
        Ok(Node::default().answer(&body).to_string().into_bytes())
    }

    fn takes_batches(&self) -> bool {
        false
    }
}

fn stepped() -> (Arc<Fork>, Receiver<(String, Sender<()>)>) {
    let (sender, arrived) = channel();
    let options = ForkOptions {
        transport: TransportKind::Custom(Box::new(Stepped { arrived: Mutex::new(sender) })),
        block: BlockTag::Number(100),
        ..ForkOptions::default()
    };
    let fork = std::thread::scope(|scope| {
        let open = scope.spawn(|| Fork::open(options).unwrap());
        for _ in 0..2 {
            arrived.recv().unwrap().1.send(()).unwrap();
        }
        open.join().unwrap()
    });
    (fork, arrived)
}

#[test]
fn a_finished_operation_leaves_the_questions_of_others_alone() {
    let (fork, arrived) = stepped();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| fork.prefetch(&[Request::Account(address(2)), Request::Account(address(4))]));
        arrived.recv().unwrap().1.send(()).unwrap();
        // The first account is answered and forgotten while the first thread asks for the second.
        let (_, second_account) = arrived.recv().unwrap();
        fork.clear_cache();
        let second = scope.spawn(|| fork.account(address(2)));
        let (body, again) = arrived.recv().unwrap();
        assert!(body.contains(&"02".repeat(20)));
        second_account.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Ok(()));
        again.send(()).unwrap();
        let account = second.join().unwrap().unwrap().unwrap();
        assert_eq!(account.balance, balance(address(2)));
    });
    assert_eq!(fork.stats().pending, 0);
}

#[test]
fn who_waits_for_a_thread_that_panics_can_ask_again() {
    let (fork, arrived) = stepped();
    let read = || -> Result<_> { fork.account(address(0xfe)) };
    std::thread::scope(|scope| {
        let leader = scope.spawn(read);
        let (_, go) = arrived.recv().unwrap();
        let waiter = scope.spawn(read);
        while fork.stats().deduplicated == 0 {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        assert!(leader.join().is_err());
        let Err(Error::RpcFailed(text)) = waiter.join().unwrap() else { panic!("the waiter did nothing wrong") };
        assert!(text.contains("0xfefe"), "{text}");
    });
    assert_eq!(fork.stats().pending, 0);
}
