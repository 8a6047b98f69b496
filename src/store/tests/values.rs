//! What is put is what is read.

use super::super::file::{self, Access};
use super::super::reader::Reader;
use super::*;
use crate::Error;
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[test]
fn every_kind_of_value_comes_back_from_another_opening() {
    let dir = Dir::new();
    let check = |store: &Store, scope: Scope| {
        for n in 0..300 {
            assert_eq!(store.account(scope, address(n)), Some(account(7, n)), "account {n}");
            assert_eq!(slot(store, scope, n), Some(value(7, n)), "slot {n}");
            assert_eq!(store.block_hash(scope, n), Some(keccak256(word(n).to_be_bytes::<32>())), "block hash {n}");
            assert_eq!(store.code(&keccak256(code(n))), Some(code(n)), "code {n}");
            assert_eq!(store.node(&keccak256(code(n))), Some(code(n)), "node {n}");
            assert_eq!(store.touched(&n.to_be_bytes()), Some(code(n).to_vec()), "touched {n}");
        }
        assert_eq!(store.account(scope, address(300)), None);
        assert_eq!(slot(store, scope, 300), None);
        assert_eq!(store.block_hash(scope, 300), None);
        assert_eq!(store.code(&B256::repeat_byte(1)), None);
        assert_eq!(store.touched(b"absent"), None);
    };
    let store = dir.open();
    let scope = store.enter(&block(7), false);
    for n in 0..300 {
        store.put(Record::Account(scope, address(n), account(7, n)));
        put_slot(&store, scope, 7, n);
        store.put(Record::BlockHash(scope, n, keccak256(word(n).to_be_bytes::<32>())));
        store.put(Record::Code(keccak256(code(n)), code(n)));
        store.put(Record::Touched(n.to_be_bytes().to_vec(), code(n).to_vec()));
    }
    store.flush().unwrap();
    check(&store, scope);
    let counts = store.counts();
    assert_eq!((counts.hits, counts.misses), (1800, 5));
    assert_eq!((counts.writes, counts.dropped, counts.bad_records), (1500, 0, 0));
    drop(store);
    assert_eq!(dir.names().len(), 1, "{:?}", dir.names());

    let store = dir.open();
    let scope = store.enter(&block(7), false);
    check(&store, scope);
    assert_eq!(store.take_messages(), Vec::<String>::new());
}

#[test]
fn values_written_twice_are_the_last_ones() {
    let dir = Dir::new();
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    for round in 0..3 {
        store.put(Record::Slot(scope, address(1), word(1), U256::from(round)));
        store.put(Record::Account(scope, address(1), account(round, 1)));
        store.put(Record::Touched(vec![1], vec![u8::try_from(round).unwrap()]));
        store.flush().unwrap();
        assert_eq!(store.slot(scope, address(1), word(1)), Some(U256::from(round)));
        assert_eq!(store.account(scope, address(1)), Some(account(round, 1)));
        assert_eq!(store.touched(&[1]), Some(vec![u8::try_from(round).unwrap()]));
    }
}

#[test]
fn keys_that_share_a_row_do_not_hide_each_other() {
    use super::super::record::Key;
    // 40 bits cannot be made to collide here, so the row of one key is given to another by hand.
    let dir = Dir::new();
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    store.put(Record::BlockHash(scope, 1, B256::repeat_byte(1)));
    store.flush().unwrap();
    let place = store.shared.scopes.place(scope).unwrap();
    let (one, two) = (Key::block_hash(1).row(place.id), Key::block_hash(2).row(place.id));
    let file = rusqlite::Connection::open(dir.file()).unwrap();
    assert_eq!(file.execute("UPDATE value SET id = ?2 WHERE id = ?1", [one, two]).unwrap(), 1);
    store.put(Record::BlockHash(scope, 2, B256::repeat_byte(2)));
    store.flush().unwrap();
    assert_eq!(store.block_hash(scope, 2), Some(B256::repeat_byte(2)));
    assert_eq!(file.query_one("SELECT count(*) FROM value WHERE id IN (?1, ?1 + 1)", [two], |row| row.get(0)), Ok(2));
    store.put(Record::BlockHash(scope, 2, B256::repeat_byte(3)));
    store.flush().unwrap();
    assert_eq!(store.block_hash(scope, 2), Some(B256::repeat_byte(3)));
    assert_eq!(store.counts().bad_records, 0);
}

#[test]
fn blocks_are_kept_apart() {
    let dir = Dir::new();
    let store = dir.open();
    let checked = |root: u8| Block { state_root: Some(B256::repeat_byte(root)), verified: true, ..block(1) };
    let scopes = [
        store.enter(&block(1), false),
        store.enter(&block(2), false),
        store.enter(&checked(1), false),
        store.enter(&checked(2), false),
    ];
    for (n, scope) in scopes.into_iter().enumerate() {
        store.put(Record::Slot(scope, address(1), word(1), U256::from(n)));
    }
    store.flush().unwrap();
    for (n, scope) in scopes.into_iter().enumerate() {
        assert_eq!(store.slot(scope, address(1), word(1)), Some(U256::from(n)));
        assert_eq!(store.slot(scope, address(1), word(2)), None);
    }
    drop(store);
    let store = dir.open();
    for root in [1, 2, 1] {
        let scope = store.enter(&checked(root), false);
        store.flush().unwrap();
        assert_eq!(store.by_hash(block(1).hash, true), Some((checked(root), scope)), "the one entered last");
    }
    assert_eq!(store.by_hash(block(1).hash, false).unwrap().0, block(1));
    assert_eq!(store.by_hash(block(3).hash, false), None);
    assert_eq!(store.by_hash(block(2).hash, true), None);
}

#[test]
fn a_block_is_known_by_number_once_it_is_final_and_for_ever() {
    let dir = Dir::new();
    for (is_final, known) in [(false, false), (true, true), (false, true)] {
        let store = dir.open();
        let scope = store.enter(&block(9), is_final);
        store.flush().unwrap();
        assert_eq!(store.by_number(9, false), known.then(|| (block(9), scope)));
        assert_eq!(store.by_number(9, true), None);
        assert_eq!(store.by_number(8, false), None);
        assert_eq!(store.by_hash(block(9).hash, false), Some((block(9), scope)));
    }
}

#[test]
fn a_state_root_that_is_learnt_later_is_added() {
    let dir = Dir::new();
    let store = dir.open();
    store.enter(&Block { state_root: None, ..block(1) }, true);
    store.flush().unwrap();
    assert_eq!(store.by_number(1, false).unwrap().0.state_root, None);
    store.enter(&block(1), false);
    drop(store);
    let store = dir.open();
    store.enter(&Block { state_root: None, ..block(1) }, false);
    drop(store);
    assert_eq!(dir.open().by_number(1, false).unwrap().0, block(1));
}

#[test]
fn a_tag_is_the_block_it_was_last_set_to() {
    let dir = Dir::new();
    let store = dir.open();
    assert_eq!(store.tag("latest", false), None);
    let checked = Block { verified: true, ..block(3) };
    for number in [1, 2] {
        let scope = store.enter(&block(number), false);
        store.set_tag("latest", scope);
    }
    store.set_tag("latest", store.enter(&checked, false));
    store.flush().unwrap();
    drop(store);
    let store = dir.open();
    assert_eq!(store.tag("latest", false).unwrap().0, block(2));
    assert_eq!(store.tag("latest", true).unwrap().0, checked);
    assert_eq!(store.tag("safe", false), None);
}

#[test]
fn everything_of_a_block_is_given_out_and_nothing_else() {
    let dir = Dir::new();
    let store = dir.open();
    let scopes = [store.enter(&block(1), false), store.enter(&block(2), false)];
    for (number, scope) in (1..).zip(scopes) {
        for n in 0..50 {
            store.put(Record::Account(scope, address(n), account(number, n)));
            put_slot(&store, scope, number, n);
        }
        store.put(Record::BlockHash(scope, number, B256::repeat_byte(9)));
    }
    for n in 0..100 {
        store.put(Record::Code(keccak256(code(n)), code(n)));
    }
    let mut seen = HashMap::new();
    store
        .each(scopes[1], &mut |record| {
            let kind = match &record {
                Record::Account(scope, who, found) => {
                    assert_eq!((*scope, store.account(*scope, *who)), (scopes[1], Some(*found)));
                    "account"
                }
                Record::Slot(scope, who, slot, found) => {
                    assert_eq!((*scope, store.slot(*scope, *who, *slot)), (scopes[1], Some(*found)));
                    "slot"
                }
                Record::BlockHash(scope, number, hash) => {
                    assert_eq!((*scope, *number, *hash), (scopes[1], 2, B256::repeat_byte(9)));
                    "block hash"
                }
                Record::Code(hash, found) => {
                    assert_eq!(keccak256(found), *hash);
                    "code"
                }
                other => panic!("{other:?}"),
            };
            *seen.entry(kind).or_insert(0) += 1;
        })
        .unwrap();
    let with_code: std::collections::HashSet<_> =
        (0..50).filter_map(|n| account(2, n)).map(|account| account.code_hash).collect();
    let codes = with_code.len() - 1;
    assert_eq!(seen, HashMap::from([("account", 50), ("slot", 50), ("block hash", 1), ("code", codes)]));
}

#[test]
fn blobs_are_bounded_in_number_and_the_oldest_go() {
    let dir = Dir::new();
    let store = dir.open();
    for n in 0..10_500_u64 {
        store.put(Record::Touched(n.to_be_bytes().to_vec(), vec![1]));
        if n == 10_000 {
            store.put(Record::Touched(0_u64.to_be_bytes().to_vec(), vec![2]));
        }
    }
    store.flush().unwrap();
    assert_eq!(store.touched(&0_u64.to_be_bytes()), Some(vec![2]), "written again");
    assert_eq!(store.touched(&500_u64.to_be_bytes()), None);
    assert_eq!(store.touched(&501_u64.to_be_bytes()), Some(vec![1]));
}

#[test]
fn a_file_has_one_store_in_a_process() {
    let dir = Dir::new();
    let (one, two) = (dir.open(), dir.open());
    assert!(Arc::ptr_eq(&one, &two));
    let other = Store::open(&dir.0, &Chain { id: 2, ..mainnet() }, LARGE).unwrap();
    assert!(!Arc::ptr_eq(&one, &other));
    drop((one, two));
    assert_eq!(dir.open().take_messages(), Vec::<String>::new());
}

#[test]
fn the_chains_of_a_directory_are_listed_and_nothing_is_made() {
    let dir = Dir::new();
    assert_eq!(Store::chains(&dir.0.join("absent")), Ok(Vec::new()));
    assert_eq!(Store::chains(&dir.0), Ok(Vec::new()));
    let chains = [
        mainnet(),
        Chain { id: 10, network: "a/b \u{e4}".to_owned() },
        Chain { id: 10, network: "a/b \u{f6}".to_owned() },
        Chain { id: u64::MAX, network: String::new() },
    ];
    let stores = chains.clone().map(|chain| Store::open(&dir.0, &chain, LARGE).unwrap());
    assert_eq!(Store::chains(&dir.0).unwrap(), chains, "while they are open");
    drop(stores);
    std::fs::write(dir.0.join("1-foreign-00000000.v1.worldstate"), "not a file of ours").unwrap();
    std::fs::write(dir.0.join("note.txt"), "no file at all").unwrap();
    let before = dir.names();
    assert_eq!(Store::chains(&dir.0).unwrap(), chains);
    assert_eq!(dir.names(), before);
    assert!(!dir.0.join("absent").exists());
}

#[test]
fn a_directory_that_cannot_be_one_is_named() {
    let dir = Dir::new();
    let file = dir.0.join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        match Store::open(&path, &mainnet(), LARGE) {
            Err(Error::Cache(text)) => assert!(text.contains(path.to_str().unwrap()), "{text}"),
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
}

/// A store with a block, and somebody else who is writing its file.
fn contended(dir: &Dir) -> (Arc<Store>, Scope, rusqlite::Connection) {
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    store.flush().unwrap();
    let other = rusqlite::Connection::open(dir.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    (store, scope, other)
}

#[test]
fn put_does_not_wait_and_what_is_too_much_is_dropped_and_counted() {
    let dir = Dir::new();
    let (store, scope, other) = contended(&dir);
    let blob = vec![7; 1 << 20];
    let mut longest = Duration::ZERO;
    for n in 0..100_u64 {
        let (key, value) = (n.to_be_bytes().to_vec(), blob.clone());
        let start = Instant::now();
        store.put(Record::Touched(key, value));
        longest = longest.max(start.elapsed());
        assert_eq!(slot(&store, scope, 1), None, "reads go on");
    }
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    let dropped = store.counts().dropped;
    assert!((30..40).contains(&dropped), "{dropped}");
    other.execute_batch("ROLLBACK").unwrap();
    let failure = store.flush().unwrap_err();
    assert!(matches!(&failure, Error::Cache(text) if text.contains("full")), "{failure}");
    assert_eq!(store.flush(), Ok(()), "told once");
    assert_eq!(store.touched(&0_u64.to_be_bytes()), Some(blob));
    assert_eq!(store.counts().writes + dropped, 100);
}

#[test]
fn threads_share_a_store() {
    let dir = Dir::new();
    let store = dir.open();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..2000 {
                    let number = n % 3;
                    let at = store.enter(&block(number), n % 2 == 0);
                    put_slot(store, at, number, thread * 10_000 + n);
                    let other = (n * 7919) % 40_000;
                    if let Some(found) = slot(store, at, other) {
                        assert_eq!(found, value(number, other));
                    }
                    if n % 500 == 499 {
                        store.flush().unwrap();
                        assert_eq!(slot(store, at, thread * 10_000 + n), Some(value(number, thread * 10_000 + n)));
                    }
                }
            });
        }
    });
    assert_eq!(store.counts().dropped, 0);
    assert_eq!(store.take_messages(), Vec::<String>::new());
}

/// A reader that holds its view of the file for ever would let the log grow for ever.
#[test]
fn a_read_transaction_ends_by_itself() {
    let dir = Dir::new();
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    put_slot(&store, scope, 1, 1);
    store.flush().unwrap();
    assert_eq!(slot(&store, scope, 1), Some(value(1, 1)));
    std::thread::sleep(Duration::from_millis(500));
    let other = rusqlite::Connection::open(dir.file()).unwrap();
    let busy: i64 = other
        .query_one("INSERT INTO tag VALUES (x'01', x'02') RETURNING 0", [], |row| row.get(0))
        .and_then(|_: i64| other.query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)))
        .unwrap();
    assert_eq!(busy, 0);
}

/// However quickly they follow each other.
#[test]
fn many_reads_do_not_share_a_transaction_for_ever() {
    let dir = Dir::new();
    drop(dir.open());
    let mut reader = Reader::new(file::connect(&dir.file(), Access::Read).unwrap());
    let tags = |reader: &Reader| {
        reader.connection().query_one("SELECT count(*) FROM tag", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((reader.begin(), tags(&reader)), (Ok(true), 0));
    let other = rusqlite::Connection::open(dir.file()).unwrap();
    assert_eq!(other.execute("INSERT INTO tag VALUES (x'01', x'02')", []), Ok(1));
    assert_eq!((reader.begin(), tags(&reader)), (Ok(false), 0));
    (0..1000).for_each(|_| assert_eq!(reader.begin(), Ok(false)));
    assert_eq!(tags(&reader), 1);
}

#[test]
fn a_file_that_somebody_else_writes_for_long_is_waited_for() {
    let dir = Dir::new();
    let (store, scope, other) = contended(&dir);
    put_slot(&store, scope, 1, 1);
    std::thread::sleep(file::BUSY + Duration::from_secs(1));
    drop(other);
    assert_eq!(store.flush(), Ok(()));
    assert_eq!(slot(&store, scope, 1), Some(value(1, 1)));
    assert_eq!((store.counts().dropped, store.take_messages()), (0, Vec::new()));
}

#[test]
fn a_file_that_was_removed_is_made_again() {
    let dir = Dir::new();
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    put_slot(&store, scope, 1, 1);
    store.flush().unwrap();
    for name in dir.names() {
        std::fs::remove_file(dir.0.join(name)).unwrap();
    }
    put_slot(&store, scope, 1, 2);
    store.flush().unwrap();
    drop(store);
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    assert_eq!((slot(&store, scope, 1), slot(&store, scope, 2)), (None, Some(value(1, 2))));
}
