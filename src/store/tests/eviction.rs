//! Files that are kept below their limit.

use super::super::file;
use super::*;

const LIMIT: u64 = 2 << 20;
/// What one batch may add before the file is shrunk.
const SLACK: u64 = 1 << 20;

fn size(dir: &Dir) -> u64 {
    file::size(&dir.file())
}

fn small(dir: &Dir) -> Arc<Store> {
    Store::open(&dir.0, &mainnet(), LIMIT).unwrap()
}

/// What stands for trie node `n`: 2,000 bytes.
fn node(n: u64) -> Bytes {
    word(n).to_be_bytes::<32>().into_iter().cycle().take(2000).collect()
}

fn put_node(store: &Store, n: u64) {
    store.put(Record::Node(keccak256(node(n)), node(n)));
}

fn has_node(store: &Store, n: u64) -> bool {
    store.node(&keccak256(node(n))).inspect(|found| assert_eq!(*found, node(n))).is_some()
}

#[test]
fn the_blocks_used_longest_ago_go_first() {
    let dir = Dir::new();
    let store = small(&dir);
    for number in 1..=20 {
        let scope = store.enter(&block(number), true);
        for n in 0..3000 {
            put_slot(&store, scope, number, n);
        }
        // The first block is used again and again.
        store.enter(&block(1), true);
        store.flush().unwrap();
        assert!(size(&dir) < LIMIT + SLACK, "block {number}: {}", size(&dir));
    }
    assert!(size(&dir) <= LIMIT, "{}", size(&dir));
    let kept = |number: u64| {
        let scope = store.enter(&block(number), true);
        let kept =
            (0..3000).filter(|n| slot(&store, scope, *n).inspect(|v| assert_eq!(*v, value(number, *n))).is_some());
        kept.count()
    };
    assert_eq!((kept(1), kept(20)), (3000, 3000));
    assert_eq!((kept(2), kept(3), kept(10)), (0, 0, 0));
    assert_eq!(store.by_number(2, false).unwrap().0, block(2), "the block itself is still known");
    assert_eq!((store.counts().dropped, store.take_messages()), (0, Vec::new()));
}

#[test]
fn code_and_nodes_that_nobody_uses_go_with_their_time() {
    let dir = Dir::new();
    let store = small(&dir);
    for number in 1..=40 {
        let scope = store.enter(&block(number), true);
        for n in 0..50 {
            put_node(&store, number * 50 + n);
        }
        put_slot(&store, scope, number, 1);
        store.flush().unwrap();
        // One that is read all the time.
        assert!(has_node(&store, 51), "block {number}");
        assert!(size(&dir) < LIMIT + SLACK);
    }
    assert!(size(&dir) <= LIMIT, "{}", size(&dir));
    assert!((2000..2050).all(|n| has_node(&store, n)), "those of the last block");
    assert!(!(52..100).any(|n| has_node(&store, n)), "those of the first block, but for the one that was read");
    for number in 35..=40 {
        let scope = store.by_number(number, false).unwrap().1;
        assert_eq!(slot(&store, scope, 1), Some(value(number, 1)), "values go with older nodes, not before them");
    }
}

#[test]
fn nodes_alone_go_in_the_order_of_their_use() {
    let dir = Dir::new();
    let store = small(&dir);
    for number in 1..=10 {
        store.enter(&block(number), true);
        for n in 0..200 {
            put_node(&store, number * 200 + n);
        }
        store.flush().unwrap();
    }
    assert!(size(&dir) <= LIMIT, "{}", size(&dir));
    assert!((2000..2200).all(|n| has_node(&store, n)), "those of the last block");
    assert!(!(200..1000).any(|n| has_node(&store, n)), "those of the first blocks");
}

#[test]
fn a_block_that_is_too_large_alone_loses_some_of_its_own() {
    let dir = Dir::new();
    let store = small(&dir);
    let scope = store.enter(&block(1), true);
    (0..100).for_each(|n| put_node(&store, n));
    for round in 0..20 {
        for n in round * 3000..(round + 1) * 3000 {
            put_slot(&store, scope, 1, n);
        }
        store.flush().unwrap();
        assert!(size(&dir) < LIMIT + SLACK, "{}", size(&dir));
    }
    let kept =
        (0..60_000).filter(|n| slot(&store, scope, *n).inspect(|v| assert_eq!(*v, value(1, *n))).is_some()).count();
    assert!(kept > 5000 && kept < 30_000, "{kept}");
    assert!(!(0..100).any(|n| has_node(&store, n)), "nodes go along with values");
}

#[test]
fn a_file_shrinks_to_a_smaller_limit() {
    let dir = Dir::new();
    let store = dir.open();
    for number in 1..=10 {
        let scope = store.enter(&block(number), true);
        for n in 0..10_000 {
            put_slot(&store, scope, number, n);
        }
    }
    store.flush().unwrap();
    assert!(size(&dir) > 4 * LIMIT, "{}", size(&dir));
    drop(store);
    let store = small(&dir);
    let scope = store.enter(&block(11), true);
    put_slot(&store, scope, 11, 1);
    store.flush().unwrap();
    assert!(size(&dir) <= LIMIT, "{}", size(&dir));
    assert_eq!(slot(&store, scope, 1), Some(value(11, 1)));
}

/// Only the order of use counts: neither the time of day nor that of the file.
#[test]
fn clocks_that_jump_change_nothing() {
    let dir = Dir::new();
    for number in 1..=20 {
        let store = small(&dir);
        let scope = store.enter(&block(number), true);
        for n in 0..3000 {
            put_slot(&store, scope, number, n);
        }
        store.flush().unwrap();
        drop(store);
        let time =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000 - number * 100_000_000);
        std::fs::File::open(dir.file()).unwrap().set_modified(time).unwrap();
    }
    let store = small(&dir);
    let count = |number: u64| {
        let scope = store.by_number(number, false).unwrap().1;
        (0..3000).filter(|n| slot(&store, scope, *n).is_some()).count()
    };
    assert_eq!((count(20), count(19), count(1), count(2)), (3000, 3000, 0, 0));
}
