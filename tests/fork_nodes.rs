//! One scene on three kinds of real nodes, forked in every way and compared value by value with what the node itself
//! says about the block, before and after its chain has moved on.

#[path = "support/faulty_proxy.rs"]
mod faulty_proxy;
#[path = "support/nodes.rs"]
mod nodes;

use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use faulty_proxy::{Fault, FaultyProxy};
use nodes::Kind;
use nodes::live_node::LiveNode;

use serde_json::{Value, json};
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;
use worldstate::Error;
use worldstate::fork::{AccountSource, BlockTag, Fork, ForkOptions, TransportKind};
use worldstate::state::{AccountStatus, Request, Source, State};

const CONTRACT: Address = Address::repeat_byte(0xc0);
const HOLDER: Address = Address::repeat_byte(0xa1);
const CODE_ONLY: Address = Address::repeat_byte(0xb2);
const EMPTIED: Address = Address::repeat_byte(0xd3);
const ABSENT: Address = Address::repeat_byte(0xee);
const PRECOMPILE: Address = address!("0000000000000000000000000000000000000004");
const RUNTIME: &[u8] = &hex!("5f545f5260205ff3");
/// Stores 0x1234 at slot 1 and 7 at slot 2, and leaves [`RUNTIME`].
const INIT: &[u8] = &hex!("6112346001556007600255675f545f5260205ff35f5260086018f3");
const SLOTS: u64 = 40;
/// Written once, and zero since.
const CLEARED: u64 = 5;

/// The scene on one node.
struct Scene {
    kind: Kind,
    node: LiveNode,
    number: u64,
    deployed: Address,
}

fn parsed<T: FromStr<Err: Debug>>(value: &Value) -> T {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .parse()
        .unwrap_or_else(|error| panic!("{value}: {error:?}"))
}

fn word(number: impl Into<U256>) -> B256 {
    B256::from(number.into())
}

fn slot_value(slot: u64) -> U256 {
    if slot == CLEARED { U256::ZERO } else { U256::from(slot) * U256::from(1_000_003) + U256::from(7) }
}

impl Scene {
    fn start(kind: Kind) -> Option<Self> {
        let node = kind.start()?;
        let set = |what: &str, address: Address, value: Value| {
            node.rpc(&kind.set(what), &json!([address.to_string(), value]))
        };
        set("Code", CONTRACT, json!(hex::encode_prefixed(RUNTIME)));
        set("Nonce", CONTRACT, json!("0x5"));
        let slots = (0..SLOTS).map(|slot| (slot, slot_value(slot)));
        for (slot, value) in std::iter::once((CLEARED, U256::from(9))).chain(slots) {
            node.rpc(&kind.set("StorageAt"), &json!([CONTRACT.to_string(), kind.slot(slot), word(value).to_string()]));
        }
        set("Balance", HOLDER, json!(format!("{:#x}", U256::MAX)));
        set("Nonce", HOLDER, json!("0x1234567"));
        set("Code", CODE_ONLY, json!(hex::encode_prefixed([0xfe; 5000])));
        set("Balance", EMPTIED, json!("0x64"));
        set("Balance", EMPTIED, json!("0x0"));
        let owner: Address = parsed(&node.rpc("eth_accounts", &json!([]))[0]);
        let creation = json!([{"from": owner.to_string(), "data": hex::encode_prefixed(INIT), "gas": "0x100000"}]);
        let hash = node.rpc("eth_sendTransaction", &creation);
        kind.mine(&node, 6);
        let receipt = node.receipt(&hash);
        let deployed = parsed(&receipt["contractAddress"]);
        let number = parsed::<U256>(&node.rpc("eth_blockNumber", &json!([]))).to();
        Some(Self { kind, node, number, deployed })
    }

    /// Changes all that the fork has looked at, in blocks of their own.
    fn move_on(&self) {
        self.kind.mine(&self.node, 1);
        let set = |what: &str, address: Address, value: &str| {
            self.node.rpc(&self.kind.set(what), &json!([address.to_string(), value]))
        };
        for address in [HOLDER, ABSENT, EMPTIED, CODE_ONLY] {
            set("Balance", address, "0x1");
        }
        set("Nonce", CONTRACT, "0x77");
        for slot in [0, CLEARED, SLOTS] {
            let slot = self.kind.slot(slot);
            self.node.rpc(
                &self.kind.set("StorageAt"),
                &json!([CONTRACT.to_string(), slot, B256::repeat_byte(9).to_string()]),
            );
        }
        set("Code", self.deployed, "0x00");
        self.kind.mine(&self.node, 3);
    }

    fn accounts(&self) -> [Address; 7] {
        [CONTRACT, HOLDER, CODE_ONLY, EMPTIED, ABSENT, PRECOMPILE, self.deployed]
    }

    fn slots(&self) -> Vec<(Address, U256)> {
        let mut slots: Vec<_> = (0..SLOTS + 3).map(|slot| (CONTRACT, U256::from(slot))).collect();
        slots.push((CONTRACT, U256::MAX));
        for address in [HOLDER, ABSENT, CODE_ONLY, self.deployed] {
            slots.extend((0..4).map(|slot| (address, U256::from(slot))));
        }
        slots
    }

    /// The node's own answer about an account or slot at the fork's block.
    fn ask<T: FromStr<Err: Debug>>(&self, method: &str, mut params: Vec<Value>) -> T {
        params.push(json!(format!("{:#x}", self.number)));
        parsed(&self.node.rpc(method, &json!(params)))
    }

    fn hash(&self, number: u64) -> B256 {
        parsed(&self.node.rpc("eth_getBlockByNumber", &json!([format!("{number:#x}"), false]))["hash"])
    }

    fn truth(&self) -> Truth {
        let account = |address: &Address| {
            let address = json!(address.to_string());
            let balance: U256 = self.ask("eth_getBalance", vec![address.clone()]);
            let nonce: U256 = self.ask("eth_getTransactionCount", vec![address.clone()]);
            (balance, nonce.to::<u64>(), self.ask("eth_getCode", vec![address]))
        };
        let slot = |(address, slot): &(Address, U256)| {
            self.ask("eth_getStorageAt", vec![json!(address.to_string()), json!(word(*slot).to_string())])
        };
        Truth {
            accounts: self.accounts().iter().map(account).collect(),
            slots: self.slots().iter().map(slot).collect(),
            hashes: (0..=self.number).map(|number| self.hash(number)).collect(),
        }
    }
}

/// What a node says about the block.
#[derive(Debug, PartialEq)]
struct Truth {
    accounts: Vec<(U256, u64, Bytes)>,
    slots: Vec<U256>,
    hashes: Vec<B256>,
}

fn options(url: String, block: BlockTag, account_source: AccountSource) -> ForkOptions {
    let transport = TransportKind::Http { urls: vec![url], headers: Vec::new(), ca_certificates: None };
    ForkOptions { transport, block, account_source, ..ForkOptions::default() }
}

/// Everything that a fork reads of the scene, one by one or fetched ahead.
fn read(scene: &Scene, fork: &Arc<Fork>, ahead: bool) -> worldstate::Result<Truth> {
    let state = State::with_source(fork.clone());
    if ahead {
        let mut wanted: Vec<Request> =
            scene.accounts().into_iter().flat_map(|a| [Request::Account(a), Request::Code(a)]).collect();
        wanted.extend(scene.slots().into_iter().map(|(address, slot)| Request::Storage(address, slot)));
        wanted.extend((0..scene.number).map(Request::BlockHash));
        Source::prefetch(&**fork, &wanted)?;
    }
    let account = |address| Ok((state.balance(address)?, state.nonce(address)?, state.code(address)?));
    Ok(Truth {
        accounts: scene.accounts().into_iter().map(account).collect::<worldstate::Result<_>>()?,
        slots: scene
            .slots()
            .into_iter()
            .map(|(address, slot)| state.storage(address, slot))
            .collect::<worldstate::Result<_>>()?,
        hashes: (0..=scene.number)
            .map(|number| Ok(state.block_hash(number)?.unwrap_or_default()))
            .collect::<worldstate::Result<_>>()?,
    })
}

const SOURCES: [AccountSource; 3] = [AccountSource::Auto, AccountSource::Proof, AccountSource::Fields];

fn forks_agree(kind: Kind) {
    let Some(scene) = Scene::start(kind) else { return };
    let truth = scene.truth();
    // The scene is on the node as it was written.
    for slot in 0..SLOTS {
        assert_eq!(truth.slots[usize::try_from(slot).unwrap()], slot_value(slot), "slot {slot}");
    }
    assert_eq!(truth.accounts[1], (U256::MAX, 0x0123_4567, Bytes::new()));
    assert_eq!(truth.accounts[6].2, Bytes::from_static(RUNTIME));
    assert_eq!(truth.slots[truth.slots.len() - 3..], [U256::from(0x1234), U256::from(7), U256::ZERO]);

    let url = format!("http://{}", scene.node.address);
    let mut tags = vec![BlockTag::Latest, BlockTag::Number(scene.number)];
    if kind != Kind::Ganache {
        tags.push(BlockTag::Hash(scene.hash(scene.number)));
    }
    let mut forks = Vec::new();
    for source in SOURCES {
        for tag in &tags {
            for ahead in [false, true] {
                forks.push((source, ahead, Fork::open(options(url.clone(), tag.clone(), source)).unwrap()));
            }
        }
    }
    // Half of them read at once, the others when the node has gone on.
    for (source, ahead, fork) in forks.iter().step_by(2) {
        assert_eq!(read(&scene, fork, *ahead), Ok(truth.copy()), "{source:?}, ahead: {ahead}");
    }
    scene.move_on();
    for (source, ahead, fork) in &forks {
        assert_eq!(read(&scene, fork, *ahead), Ok(truth.copy()), "{source:?}, ahead: {ahead}, later");
        let pin = fork.block().unwrap();
        assert_eq!((pin.number, pin.hash), (scene.number, scene.hash(scene.number)));
        let state = State::with_source(fork.clone());
        assert_eq!(state.status(ABSENT), Ok(AccountStatus::Absent), "{source:?}");
        assert_eq!(state.block_hash(scene.number + 1), Ok(None));
        // All of it was read already.
        let before = fork.stats().requests;
        assert_eq!(read(&scene, fork, true), Ok(truth.copy()));
        assert_eq!(fork.stats().requests, before);
    }
    assert_ne!(
        scene.node.rpc("eth_getBalance", &json!([HOLDER.to_string(), "latest"])),
        json!(format!("{:#x}", U256::MAX))
    );
}

impl Truth {
    fn copy(&self) -> Self {
        Self { accounts: self.accounts.clone(), slots: self.slots.clone(), hashes: self.hashes.clone() }
    }
}

/// A node that has no `eth_getProof` says so in its own words, and only a fork that insists on it fails.
fn without_proofs(kind: Kind) {
    let Some(scene) = Scene::start(kind) else { return };
    let truth = scene.truth();
    let proxy = FaultyProxy::start(&scene.node.address, |_| Fault::Rename("eth_getProof", "eth_getProofs"));
    let open = |source| Fork::open(options(proxy.url(), BlockTag::Number(scene.number), source)).unwrap();
    for ahead in [false, true] {
        for source in [AccountSource::Auto, AccountSource::Fields] {
            assert_eq!(read(&scene, &open(source), ahead), Ok(truth.copy()), "{source:?}, ahead: {ahead}");
        }
        let Err(Error::UnsupportedMethod(text)) = read(&scene, &open(AccountSource::Proof), ahead) else {
            panic!("{kind:?} was asked for something else than proofs")
        };
        assert!(text.contains("eth_getProof of 0x"), "{text}");
    }
}

/// What the node has not.
fn missing_blocks(kind: Kind) {
    let Some(scene) = Scene::start(kind) else { return };
    let url = format!("http://{}", scene.node.address);
    for tag in [BlockTag::Number(scene.number + 100), BlockTag::Hash(B256::repeat_byte(1))] {
        let Err(Error::BlockNotFound(text)) = Fork::open(options(url.clone(), tag.clone(), AccountSource::Auto)) else {
            panic!("{kind:?} has {tag}")
        };
        assert!(text.contains(&tag.to_string()), "{text}");
    }
}

macro_rules! on_each_node {
    ($($check:ident: $anvil:ident, $hardhat:ident, $ganache:ident;)*) => {$(
        #[test]
        fn $anvil() {
            $check(Kind::Anvil);
        }
        #[test]
        fn $hardhat() {
            $check(Kind::Hardhat);
        }
        #[test]
        fn $ganache() {
            $check(Kind::Ganache);
        }
    )*};
}

on_each_node! {
    forks_agree: forks_agree_with_anvil, forks_agree_with_hardhat, forks_agree_with_ganache;
    without_proofs: anvil_without_proofs, hardhat_without_proofs, ganache_without_proofs;
    missing_blocks: blocks_missing_on_anvil, blocks_missing_on_hardhat, blocks_missing_on_ganache;
}
