//! What a fork keeps beyond its life: the persistent cache, recordings, and being content with them.

mod support;

use alloy_primitives::{B256, U256};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use support::dir::Dir;
use support::node::{ABSENT, CHAIN_ID, Node, address, balance, block_hash, code, storage};
use worldstate::Error;
use worldstate::fork::{BlockTag, Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Request, Source};

/// Answers as the node does, and counts the bodies.
struct Counting(Node, Arc<AtomicUsize>);

impl Transport for Counting {
    fn send(&self, body: &[u8], _: Instant) -> Result<Vec<u8>, TransportError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let body: Value = serde_json::from_slice(body).unwrap();
        Ok(self.0.answer(&body).to_string().into_bytes())
    }
}

struct Opened {
    fork: Arc<Fork>,
    bodies: Arc<AtomicUsize>,
}

impl Opened {
    fn asked(&self) -> usize {
        self.bodies.load(Ordering::SeqCst)
    }
}

/// A fork whose node is reached by a transport that counts.
fn open(change: impl FnOnce(&mut ForkOptions)) -> Result<Opened, Error> {
    open_at(Node::default(), change)
}

fn open_at(node: Node, change: impl FnOnce(&mut ForkOptions)) -> Result<Opened, Error> {
    let bodies = Arc::new(AtomicUsize::new(0));
    let transport = TransportKind::Custom(Box::new(Counting(node, bodies.clone())));
    let mut options = ForkOptions { transport, block: BlockTag::Hash(block_hash(50)), ..ForkOptions::default() };
    change(&mut options);
    Ok(Opened { fork: Fork::open(options)?, bodies })
}

/// Reads one of each kind of value and compares it.
fn read_all(fork: &Fork) {
    for tag in 1..20 {
        let account = fork.account(address(tag)).unwrap().unwrap();
        assert_eq!(account.balance, balance(address(tag)));
        assert_eq!(fork.code(address(tag), account.code_hash).unwrap(), code(address(tag)));
        for slot in [U256::ZERO, U256::from(7), U256::MAX >> 2] {
            assert_eq!(fork.storage(address(tag), slot).unwrap(), storage(address(tag), slot));
        }
    }
    assert_eq!(fork.account(ABSENT).unwrap(), None);
    assert_eq!(fork.storage(ABSENT, U256::from(1)).unwrap(), U256::ZERO);
    assert_eq!(fork.block_hash(40).unwrap(), Some(block_hash(40)));
}

type Change = fn(&mut ForkOptions);

fn text(result: Result<impl Sized, Error>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_restart_asks_nothing() {
    let dir = Dir::new("restart");
    let cached = |options: &mut ForkOptions| options.cache_dir = Some(dir.0.clone());
    let first = open(cached).unwrap();
    read_all(&first.fork);
    assert!(first.asked() > 10);
    first.fork.flush().unwrap();
    drop(first);
    let second = open(cached).unwrap();
    read_all(&second.fork);
    assert_eq!(second.asked(), 0);
    let stats = second.fork.stats();
    assert!(stats.stored_hits > 50 && stats.misses == 0, "{stats:?}");
    // Without a flush, the end of the fork writes.
    assert_eq!(second.fork.storage(address(3), U256::from(99)).unwrap(), storage(address(3), U256::from(99)));
    assert_eq!(second.asked(), 1);
    drop(second);
    let third = open(cached).unwrap();
    assert_eq!(third.fork.storage(address(3), U256::from(99)).unwrap(), storage(address(3), U256::from(99)));
    assert_eq!(third.asked(), 0);
}

#[test]
fn a_cache_smaller_than_its_contents_asks_nothing_either() {
    let dir = Dir::new("small");
    let cached = |options: &mut ForkOptions| {
        options.cache_dir = Some(dir.0.clone());
        options.max_cache_size = 2;
    };
    let fork = open(cached).unwrap();
    read_all(&fork.fork);
    fork.fork.flush().unwrap();
    let asked = fork.asked();
    for _ in 0..3 {
        read_all(&fork.fork);
    }
    assert_eq!(fork.asked(), asked);
    // A recording has what the memory has dropped.
    fork.fork.export(&dir.file("scene")).unwrap();
    let replayed = open(|options| options.recording = Some(dir.file("scene"))).unwrap();
    read_all(&replayed.fork);
    assert_eq!(replayed.asked(), 0);
}

#[test]
fn another_chain_or_block_is_not_served() {
    let dir = Dir::new("other");
    let first = open(|options| options.cache_dir = Some(dir.0.clone())).unwrap();
    read_all(&first.fork);
    drop(first);
    let others: [(&str, Change); 3] = [
        ("another block", |options| options.block = BlockTag::Hash(block_hash(51))),
        ("another network", |options| options.network = Some("mine".into())),
        ("a block by its number, without the chain", |options| options.block = BlockTag::Number(50)),
    ];
    for (what, change) in others {
        let other = open(|options| {
            options.cache_dir = Some(dir.0.clone());
            change(options);
        });
        let other = other.unwrap();
        assert!(other.asked() > 0, "{what}");
    }
    let other = open(|options| {
        options.cache_dir = Some(dir.0.clone());
        options.chain_id = Some(CHAIN_ID + 1);
    });
    assert!(matches!(other.map(|_| ()), Err(Error::WrongChain(_))));
}

#[test]
fn only_a_final_block_is_known_by_its_number() {
    for (depth, requests) in [(10, 0), (60, 1)] {
        let dir = Dir::new(&format!("final-{depth}"));
        let by_number = |options: &mut ForkOptions| {
            options.cache_dir = Some(dir.0.clone());
            options.chain_id = Some(CHAIN_ID);
            options.block = BlockTag::Number(50);
            options.safe_depth = depth;
            // So that the block is looked up at once.
            options.reorg_check = std::time::Duration::ZERO;
        };
        let first = open(by_number).unwrap();
        read_all(&first.fork);
        first.fork.flush().unwrap();
        drop(first);
        let second = open(by_number).unwrap();
        read_all(&second.fork);
        assert_eq!(second.asked(), requests, "depth {depth}");
        assert_eq!(second.fork.block().unwrap().hash, block_hash(50));
        // A number says nothing of the chain.
        let other = open(|options| {
            by_number(options);
            options.chain_id = None;
        });
        assert_eq!(other.unwrap().asked(), 1, "depth {depth}");
    }
}

#[test]
fn what_no_look_has_confirmed_is_not_stored() {
    let dir = Dir::new("unconfirmed");
    let cached = |options: &mut ForkOptions| options.cache_dir = Some(dir.0.clone());
    let first = open(|options| {
        cached(options);
        options.block = BlockTag::Number(50);
        options.reorg_check = std::time::Duration::from_secs(86_400);
    });
    let first = first.unwrap();
    first.fork.account(address(1)).unwrap();
    // Looks.
    first.fork.flush().unwrap();
    first.fork.account(address(2)).unwrap();
    drop(first);
    let second = open(|options| {
        cached(options);
        options.offline = true;
    });
    let second = second.unwrap();
    assert_eq!(second.fork.account(address(1)).unwrap().unwrap().balance, balance(address(1)));
    assert!(matches!(second.fork.account(address(2)), Err(Error::Offline(_))));
}

#[test]
fn offline_several_chains_are_told_apart() {
    let dir = Dir::new("chains");
    for network in ["one", "two"] {
        let opened = open(|options| {
            options.cache_dir = Some(dir.0.clone());
            options.chain_id = Some(CHAIN_ID);
            options.network = Some(network.into());
            options.block = BlockTag::Finalized;
        });
        opened.unwrap().fork.account(address(1)).unwrap();
    }
    let offline = |block: BlockTag, network: Option<&str>| {
        open(|options| {
            options.cache_dir = Some(dir.0.clone());
            options.offline = true;
            options.block = block;
            options.chain_id = network.map(|_| CHAIN_ID);
            options.network = network.map(str::to_owned);
        })
    };
    for block in [BlockTag::Number(100), BlockTag::Finalized] {
        let refused = offline(block.clone(), None).map(|_| ());
        assert!(matches!(&refused, Err(Error::InvalidInput(text)) if text.contains("several chains")), "{refused:?}");
        assert_eq!(offline(block, Some("two")).unwrap().fork.block().unwrap().number, 100);
    }
    assert_eq!(offline(BlockTag::Hash(block_hash(100)), None).unwrap().fork.block().unwrap().number, 100);
}

#[test]
fn offline_is_the_cache_alone() {
    let dir = Dir::new("offline");
    let offline = |options: &mut ForkOptions| {
        options.cache_dir = Some(dir.0.clone());
        options.offline = true;
    };
    let nothing = text(open(offline));
    assert!(nothing.contains("is not in the cache") && nothing.contains("cache_dir"), "{nothing}");
    let first = open(|options| {
        options.cache_dir = Some(dir.0.clone());
        options.block = BlockTag::Latest;
    });
    let first = first.unwrap();
    assert_eq!(first.fork.block().unwrap().number, 100);
    read_all(&first.fork);
    first.fork.flush().unwrap();
    drop(first);
    let second = open(|options| {
        offline(options);
        options.block = BlockTag::Latest;
    });
    let second = second.unwrap();
    assert_eq!(second.fork.block().unwrap().number, 100);
    read_all(&second.fork);
    for (read, named) in [
        (text(second.fork.account(address(77))), format!("account {}", address(77))),
        (text(second.fork.storage(address(3), U256::from(5))), "slot 0x5".to_owned()),
        (text(second.fork.block_hash(12)), "hash of block 12".to_owned()),
        (text(second.fork.prefetch(&[Request::Account(address(78))])), address(78).to_string()),
    ] {
        assert!(read.contains(&named) && read.contains("at block 100 is not in the cache"), "{read}");
    }
    assert!(matches!(second.fork.account(address(77)), Err(Error::Offline(_))));
    read_all(&second.fork);
    assert_eq!(second.asked(), 0);
}

#[test]
fn a_recording_is_replayed_without_a_node() {
    let dir = Dir::new("recording");
    let file = dir.file("scene.recording");
    let first = open(|options| options.block = BlockTag::Finalized).unwrap();
    read_all(&first.fork);
    first.fork.export(&file).unwrap();
    let replayed = |options: &mut ForkOptions| {
        options.transport = TransportKind::Host;
        options.block = BlockTag::Finalized;
        options.recording = Some(file.clone());
        options.offline = true;
        options.max_cache_size = 1;
    };
    let second = open(replayed).unwrap();
    read_all(&second.fork);
    assert_eq!(second.fork.block().unwrap(), first.fork.block().unwrap());
    let miss = text(second.fork.account(address(99)));
    assert!(miss.contains("scene.recording") && miss.contains(&address(99).to_string()), "{miss}");
    // The same contents give the same file.
    let copy = dir.file("copy");
    second.fork.export(&copy).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), std::fs::read_to_string(&copy).unwrap());
    // A fork that may ask has the rest of the node.
    let third = open(|options| {
        options.recording = Some(file.clone());
        options.block = BlockTag::Hash(block_hash(100));
    });
    let third = third.unwrap();
    read_all(&third.fork);
    assert_eq!(third.asked(), 0);
    assert_eq!(third.fork.account(address(99)).unwrap().unwrap().balance, balance(address(99)));
    assert_eq!(third.asked(), 1);
}

#[test]
fn imports_fill_the_persistent_cache() {
    let dir = Dir::new("import");
    let file = dir.file("scene");
    let first = open(|_| {}).unwrap();
    read_all(&first.fork);
    first.fork.export(&file).unwrap();
    let second = open(|options| options.cache_dir = Some(dir.file("cache"))).unwrap();
    second.fork.import(&file).unwrap();
    read_all(&second.fork);
    assert_eq!(second.asked(), 1, "the block alone");
    drop(second);
    std::fs::remove_file(&file).unwrap();
    let third = open(|options| options.cache_dir = Some(dir.file("cache"))).unwrap();
    read_all(&third.fork);
    assert_eq!(third.asked(), 0);
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn recordings_that_are_not_whole_are_refused() {
    let dir = Dir::new("altered");
    let (file, other) = (dir.file("good"), dir.file("bad"));
    let fork = open(|_| {}).unwrap();
    fork.fork.storage(address(3), U256::from(5)).unwrap();
    fork.fork.account(ABSENT).unwrap();
    fork.fork.export(&file).unwrap();
    let good = std::fs::read_to_string(&file).unwrap();
    let refuse = |content: &str, what: &str| {
        write(&other, content);
        let imported = fork.fork.import(&other);
        assert!(matches!(&imported, Err(Error::Cache(text)) if text.contains("bad")), "{what}: {imported:?}");
    };
    for cut in 0..good.len() - 1 {
        refuse(&good[..cut], &format!("cut at {cut}"));
    }
    for (at, byte) in good.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if byte == b'1' { b'2' } else { b'1' };
        refuse(&String::from_utf8(bytes).unwrap(), &format!("byte {at}"));
    }
    refuse(&format!("{good}{{}}\n"), "goes on");
    refuse("", "empty");
    refuse("{\"jsonrpc\":\"2.0\"}\n", "foreign");
    assert!(matches!(fork.fork.import(&dir.file("none")), Err(Error::Cache(_))));
    assert!(matches!(fork.fork.import(&dir.0), Err(Error::Cache(_))));
    assert!(matches!(fork.fork.export(&dir.file("no/such/directory")), Err(Error::Cache(_))));
    fork.fork.import(&file).unwrap();
    let elsewhere = open(|options| options.block = BlockTag::Hash(block_hash(51))).unwrap();
    let imported = text(elsewhere.fork.import(&file));
    assert!(imported.contains(&block_hash(50).to_string()) && imported.contains("block 51"), "{imported}");
    let opened = open(|options| {
        options.block = BlockTag::Number(7);
        options.recording = Some(file.clone());
    });
    assert!(text(opened).contains("the recording is of block 50"));
    let opened = open(|options| {
        options.chain_id = Some(CHAIN_ID + 1);
        options.recording = Some(file.clone());
    });
    assert!(text(opened).contains(&format!("of chain {CHAIN_ID}, and the options ask for another")));
}

#[test]
fn what_the_store_has_is_not_asked_of_the_host() {
    let dir = Dir::new("host");
    let first = open(|options| options.cache_dir = Some(dir.0.clone())).unwrap();
    first.fork.prefetch(&[Request::Account(address(1)), Request::Storage(address(1), U256::from(4))]).unwrap();
    drop(first);
    let fork = Fork::open(ForkOptions {
        cache_dir: Some(dir.0.clone()),
        block: BlockTag::Number(50),
        ..ForkOptions::default()
    });
    let fork = fork.unwrap();
    // Asked before the block is known.
    let wanted =
        [Request::Account(address(1)), Request::Storage(address(1), U256::from(4)), Request::Account(address(2))];
    assert!(matches!(fork.prefetch(&wanted), Err(Error::Missing(_))));
    let mut bodies = Vec::new();
    loop {
        let mut body = None;
        let taken = fork.next_batch(100, |batch| {
            body = Some(batch.clone());
            Ok(())
        });
        if taken == Err(Error::NoPendingRequest) {
            break;
        }
        taken.unwrap();
        let body = body.unwrap();
        let answer = Node::default().answer(&serde_json::from_str(&body.body).unwrap());
        fork.continue_batch(body.id, answer.to_string().as_bytes()).unwrap();
        bodies.push(body.body);
    }
    fork.prefetch(&wanted).unwrap();
    assert_eq!(fork.storage(address(1), U256::from(4)).unwrap(), storage(address(1), U256::from(4)));
    let all = bodies.join("\n");
    assert!(!all.contains(&"01".repeat(20)) && all.contains(&"02".repeat(20)), "{all}");
}

#[test]
fn a_cache_that_cannot_be_opened_is_an_error() {
    let dir = Dir::new("blocked");
    write(&dir.file("file"), "");
    let opened = open(|options| options.cache_dir = Some(dir.file("file")));
    assert!(matches!(&opened.map(|_| ()), Err(Error::Cache(text)) if text.contains("file")));
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let wrong: [(&str, Change); 4] = [
        ("offline needs cache_dir", |options| options.offline = true),
        ("network is given without", |options| options.network = Some("x".into())),
        ("pinned", |options| {
            options.block = BlockTag::Verbatim("latest".into());
            options.cache_dir = Some("x".into());
        }),
        ("recording", |options| options.recording = Some("/no/such/file".into())),
    ];
    for (part, change) in wrong {
        let refused = text(open(change));
        assert!(refused.contains(part), "{refused}");
    }
    assert!(text(open(|_| {}).unwrap().fork.flush()).contains("cache_dir"));
}

#[test]
fn a_range_of_slots_is_one_request() {
    let opened = open(|_| {}).unwrap();
    let before = opened.asked();
    opened.fork.prefetch_range(address(3), U256::MAX - U256::from(9), 100).unwrap();
    assert_eq!(opened.asked(), before + 1);
    for slot in (0..100).map(|offset| (U256::MAX - U256::from(9)).wrapping_add(U256::from(offset))) {
        assert_eq!(opened.fork.storage(address(3), slot).unwrap(), storage(address(3), slot));
    }
    assert_eq!(opened.asked(), before + 1);
    let refused = text(opened.fork.prefetch_range(address(3), U256::ZERO, usize::MAX));
    assert!(refused.contains("is the limit"), "{refused}");
}

#[test]
fn a_code_is_shared_by_all_blocks() {
    let dir = Dir::new("codes");
    let first = open(|options| options.cache_dir = Some(dir.0.clone())).unwrap();
    let hash = first.fork.account(address(3)).unwrap().unwrap().code_hash;
    assert_eq!(first.fork.code(address(3), hash).unwrap(), code(address(3)));
    drop(first);
    let second = open(|options| {
        options.cache_dir = Some(dir.0.clone());
        options.block = BlockTag::Hash(block_hash(60));
    });
    let second = second.unwrap();
    assert_eq!(second.fork.account(address(3)).unwrap().unwrap().code_hash, hash);
    let asked = second.asked();
    assert_eq!(second.fork.code(address(3), hash).unwrap(), code(address(3)));
    assert_eq!(second.asked(), asked);
    assert_ne!(hash, B256::ZERO);
}
