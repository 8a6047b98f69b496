//! Forks of a real node: one suite of reads over every transport and way of asking, while the node moves on.

#[path = "support/anvil.rs"]
mod anvil;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, address, hex, keccak256};
use anvil::Anvil;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{AccountStatus, Request, Source, State};
use worldstate::{Error, Result};

const CONTRACT: Address = Address::repeat_byte(0xc0);
const HOLDER: Address = Address::repeat_byte(0xa1);
const ABSENT: Address = Address::repeat_byte(0xee);
const CODE: &[u8] = &hex!("5f545f5260205ff3");
const SLOTS: u64 = 1000;

fn value(slot: u64) -> U256 {
    U256::from(slot) * U256::from(slot) + U256::from(7)
}

/// A chain on which the contract has a thousand slots, and its fork block.
fn chain() -> Option<(Anvil, u64)> {
    let anvil = Anvil::start(["--chain-id", "4242"])?;
    anvil.rpc("anvil_setCode", &json!([CONTRACT.to_string(), hex::encode_prefixed(CODE)]));
    anvil.rpc("anvil_setNonce", &json!([CONTRACT.to_string(), "0x5"]));
    anvil.rpc("anvil_setBalance", &json!([HOLDER.to_string(), format!("{:#x}", U256::MAX)]));
    for slot in 0..SLOTS {
        let (slot, value) = (B256::from(U256::from(slot)), B256::from(value(slot)));
        anvil.rpc("anvil_setStorageAt", &json!([CONTRACT.to_string(), slot.to_string(), value.to_string()]));
    }
    anvil.rpc("anvil_mine", &json!(["0x5"]));
    let number = anvil.rpc("eth_blockNumber", &json!([]));
    let number = u64::from_str_radix(&number.as_str().unwrap()[2..], 16).unwrap();
    Some((anvil, number))
}

/// Everything that a fork may not notice. The first block keeps the changes out of the fork's own, which anvil would
/// still let them into.
fn move_on(anvil: &Anvil) {
    anvil.rpc("anvil_mine", &json!(["0x1"]));
    anvil.rpc("anvil_setBalance", &json!([HOLDER.to_string(), "0x1"]));
    anvil.rpc("anvil_setBalance", &json!([ABSENT.to_string(), "0x1"]));
    anvil.rpc(
        "anvil_setStorageAt",
        &json!([CONTRACT.to_string(), B256::ZERO.to_string(), B256::repeat_byte(9).to_string()]),
    );
    anvil.rpc("anvil_setCode", &json!([CONTRACT.to_string(), "0x00"]));
    anvil.rpc("anvil_mine", &json!(["0x3"]));
}

/// POSTs a body to the node and returns what comes back.
fn post(address: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let start = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an HTTP answer") + 4;
    Ok(answer.split_off(start))
}

struct Callback(String);

impl Transport for Callback {
    fn send(&self, body: &[u8], _deadline: Instant) -> std::result::Result<Vec<u8>, TransportError> {
        post(&self.0, body).map_err(|error| TransportError::Connection(error.to_string()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Carrier {
    Http,
    Callback,
    HostRequests,
    HostBatches,
}

const CARRIERS: [Carrier; 4] = [Carrier::Http, Carrier::Callback, Carrier::HostRequests, Carrier::HostBatches];

/// A state on a fork, with whatever its host has to do.
struct Forked {
    fork: Arc<Fork>,
    state: State,
    carrier: Carrier,
    node: String,
}

impl Forked {
    fn open(anvil: &Anvil, carrier: Carrier, block: BlockTag, account_source: AccountSource) -> Self {
        let transport = match carrier {
            Carrier::Http => TransportKind::Http {
                urls: vec![format!("http://{}", anvil.address)],
                headers: Vec::new(),
                ca_certificates: None,
            },
            Carrier::Callback => TransportKind::Custom(Box::new(Callback(anvil.address.clone()))),
            Carrier::HostRequests | Carrier::HostBatches => TransportKind::Host,
        };
        let fork = Fork::open(ForkOptions { transport, block, account_source, ..ForkOptions::default() }).unwrap();
        let mut forked = Self { state: State::with_source(fork.clone()), fork, carrier, node: anvil.address.clone() };
        // The pin is resolved now, whoever carries the requests.
        forked.read(|_| Ok(()));
        let fork = forked.fork.clone();
        forked.read(move |_| fork.block());
        forked
    }

    /// Reads as a host does: on `Missing`, serves the fork's requests and reads again.
    fn read<T>(&mut self, read: impl Fn(&State) -> Result<T>) -> T {
        for _ in 0..10 {
            match read(&self.state) {
                Ok(value) => return value,
                Err(Error::Missing(_)) => self.serve(),
                Err(error) => panic!("{:?}: {error}", self.carrier),
            }
        }
        panic!("{:?}: still missing after ten rounds", self.carrier)
    }

    fn serve(&self) {
        match self.carrier {
            Carrier::HostRequests => loop {
                let mut request = None;
                match self.fork.next_request(None, |next| {
                    request = Some(next.clone());
                    Ok(())
                }) {
                    Err(Error::NoPendingRequest) => break,
                    handed_out => handed_out.unwrap(),
                }
                let request = request.unwrap();
                let params: Value = serde_json::from_str(&request.params).unwrap();
                let body = json!({"jsonrpc": "2.0", "id": 1, "method": request.method, "params": params});
                let answer = post(&self.node, body.to_string().as_bytes()).unwrap();
                self.fork.continue_request(request.id, &answer).unwrap();
            },
            Carrier::HostBatches => loop {
                let mut batch = None;
                match self.fork.next_batch(usize::MAX, |next| {
                    batch = Some(next.clone());
                    Ok(())
                }) {
                    Err(Error::NoPendingRequest) => break,
                    handed_out => handed_out.unwrap(),
                }
                let batch = batch.unwrap();
                let answer = post(&self.node, batch.body.as_bytes()).unwrap();
                self.fork.continue_batch(batch.id, &answer).unwrap();
            },
            carrier => panic!("{carrier:?} carries its requests itself"),
        }
    }
}

/// The one suite: what must be read at the fork block, whatever the node says by now.
fn suite(forked: &mut Forked, number: u64) {
    assert_eq!(forked.read(|state| state.balance(HOLDER)), U256::MAX);
    assert_eq!(forked.read(|state| state.nonce(CONTRACT)), 5);
    assert_eq!(forked.read(|state| state.code(CONTRACT)), Bytes::from_static(CODE));
    assert_eq!(forked.read(|state| state.code_hash(CONTRACT)), keccak256(CODE));
    assert_eq!(forked.read(|state| state.storage(CONTRACT, U256::ZERO)), value(0));
    assert_eq!(forked.read(|state| state.storage(CONTRACT, U256::MAX)), U256::ZERO);
    assert_eq!(forked.read(|state| state.status(ABSENT)), AccountStatus::Absent);
    assert_eq!(forked.read(|state| state.code_hash(HOLDER)), KECCAK256_EMPTY);
    let keys = (0..300).map(|slot| (CONTRACT, U256::from(slot)));
    let values = forked.read(|state| {
        let mut values = vec![U256::ZERO; 300];
        state.storage_batch(keys.clone(), |position, value| values[position] = value)?;
        Ok(values)
    });
    assert!(values.iter().zip(0..).all(|(got, slot)| *got == value(slot)));
    let pin = forked.fork.block().unwrap();
    assert_eq!((pin.number, pin.chain_id), (number, 4242));
    assert_eq!(forked.read(|state| state.block_hash(number)), Some(pin.hash));
    assert!(forked.read(|state| state.block_hash(number - 1)).is_some_and(|hash| hash != pin.hash));
    assert_eq!(forked.read(|state| state.block_hash(number + 1)), None);
    // Local writes hide the chain, and come off again.
    let state = &mut forked.state;
    state.checkpoint();
    state.set_storage(CONTRACT, U256::from(1), U256::ZERO);
    state.delete_account(HOLDER);
    assert_eq!(forked.read(|state| state.storage(CONTRACT, U256::from(1))), U256::ZERO);
    assert_eq!(forked.read(|state| state.status(HOLDER)), AccountStatus::Absent);
    forked.state.revert().unwrap();
    assert_eq!(forked.read(|state| state.storage(CONTRACT, U256::from(1))), value(1));
    assert_eq!(forked.read(|state| state.balance(HOLDER)), U256::MAX);
}

#[test]
fn every_carrier_reads_the_fork_block_while_the_node_moves_on() {
    let Some((anvil, number)) = chain() else { return };
    let hash: B256 = {
        let block = anvil.rpc("eth_getBlockByNumber", &json!([format!("{number:#x}"), false]));
        block["hash"].as_str().unwrap().parse().unwrap()
    };
    let mut open = Vec::new();
    for carrier in CARRIERS {
        for source in [AccountSource::Auto, AccountSource::Proof, AccountSource::Fields] {
            for block in [BlockTag::Latest, BlockTag::Number(number), BlockTag::Hash(hash)] {
                open.push(Forked::open(&anvil, carrier, block, source));
            }
        }
    }
    move_on(&anvil);
    for forked in &mut open {
        suite(forked, number);
        // The second time nothing is asked for.
        let before = forked.fork.stats();
        suite(forked, number);
        let after = forked.fork.stats();
        assert_eq!((before.requests, before.bodies), (after.requests, after.bodies), "{:?}", forked.carrier);
        assert!(after.hits > before.hits);
    }
}

#[test]
fn a_thousand_slots_take_at_most_three_requests_and_are_shared() {
    let Some((anvil, _)) = chain() else { return };
    for source in [AccountSource::Auto, AccountSource::Proof] {
        let mut forked = Forked::open(&anvil, Carrier::Http, BlockTag::Latest, source);
        let opened = forked.fork.stats().bodies;
        let mut wanted = vec![Request::Account(CONTRACT), Request::Code(CONTRACT)];
        wanted.extend((0..SLOTS).map(|slot| Request::Storage(CONTRACT, U256::from(slot))));
        Source::prefetch(&*forked.fork, &wanted).unwrap();
        let fetched = forked.fork.stats().bodies;
        assert!(fetched - opened <= 3, "{} HTTP requests", fetched - opened);
        let managers: Vec<State> = (0..3).map(|_| State::with_source(forked.fork.clone())).collect();
        for slot in 0..SLOTS {
            assert_eq!(forked.read(|state| state.storage(CONTRACT, U256::from(slot))), value(slot));
            for manager in &managers {
                assert_eq!(manager.storage(CONTRACT, U256::from(slot)).unwrap(), value(slot));
            }
        }
        assert_eq!(managers[0].code(CONTRACT).unwrap(), Bytes::from_static(CODE));
        assert_eq!(forked.fork.stats().bodies, fetched, "everything was there");
        forked.state.clear_caches();
        assert_eq!(forked.read(|state| state.storage(CONTRACT, U256::from(3))), value(3));
        assert_eq!(forked.fork.stats().bodies, fetched + 1, "a cleared cache asks again");
    }
}

#[test]
fn what_the_node_has_not_is_told_and_leaves_the_fork_usable() {
    let Some((anvil, number)) = chain() else { return };
    let transport = || TransportKind::Http {
        urls: vec![format!("http://{}", anvil.address)],
        headers: Vec::new(),
        ca_certificates: None,
    };
    let open = |block| Fork::open(ForkOptions { transport: transport(), block, ..ForkOptions::default() });
    for missing in [BlockTag::Number(number + 100), BlockTag::Hash(B256::repeat_byte(1))] {
        let Err(Error::BlockNotFound(text)) = open(missing.clone()) else { panic!("{missing:?} was found") };
        assert!(text.contains(&missing.to_string()) && text.contains(&anvil.address), "{text}");
    }
    let fork = open(BlockTag::Number(number)).unwrap();
    let state = State::with_source(fork.clone());
    let node = anvil.address.clone();
    assert_eq!(state.balance(HOLDER).unwrap(), U256::MAX);
    drop(anvil);
    // What is cached goes on without node; what is not says where it failed.
    assert_eq!(state.balance(HOLDER).unwrap(), U256::MAX);
    let unread = address!("00000000000000000000000000000000000000aa");
    let fork = Fork::open(ForkOptions {
        transport: TransportKind::Http {
            urls: vec![format!("http://{node}")],
            headers: Vec::new(),
            ca_certificates: None,
        },
        max_attempts: 1,
        ..ForkOptions::default()
    });
    let Err(Error::RpcFailed(text)) = fork.map(|_| ()) else { panic!("a dead node was asked") };
    assert!(text.contains(&node), "{text}");
    assert!(state.storage(unread, U256::ZERO).is_err());
}
