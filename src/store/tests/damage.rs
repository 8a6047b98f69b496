//! Files that are damaged, cut short, or not ours.

use super::super::file;
use super::super::record::{Seal, encode_chain};
use super::*;

const N: u64 = 12;

/// Makes a file and says what it is.
type Make = Box<dyn Fn(&Dir) -> String>;

/// A small file with everything in it.
fn fill(dir: &Dir) {
    let store = dir.open();
    for number in [1, 2] {
        let scope = store.enter(&block(number), number == 1);
        for n in 0..N {
            store.put(Record::Account(scope, address(n), account(number, n)));
            put_slot(&store, scope, number, n);
        }
        store.put(Record::BlockHash(scope, number, block(number).hash));
        store.set_tag("latest", scope);
    }
    for n in 0..N {
        store.put(Record::Code(keccak256(code(n)), code(n)));
        store.put(Record::Touched(n.to_be_bytes().to_vec(), code(n).to_vec()));
    }
    store.put(Record::Node(keccak256(code(200)), code(200)));
    store.flush().unwrap();
}

/// Reads everything and fails when anything is wrong. Gives the number of values that are there.
fn survey(store: &Store, what: &str) -> usize {
    let mut found = 0;
    let mut check = |is: bool, known: bool| {
        assert!(is || !known, "{what}: a wrong value");
        found += usize::from(known);
    };
    for number in [1, 2] {
        let named = store.by_hash(block(number).hash, false);
        check(named.as_ref().is_some_and(|named| named.0 == block(number)), named.is_some());
        let known = store.by_number(number, false);
        check(number == 1 && known.as_ref().is_some_and(|known| known.0 == block(1)), known.is_some());
        let scope = store.enter(&block(number), false);
        for n in 0..N {
            let known = store.account(scope, address(n));
            check(known == Some(account(number, n)), known.is_some());
            let known = slot(store, scope, n);
            check(known == Some(value(number, n)), known.is_some());
        }
        let known = store.block_hash(scope, number);
        check(known == Some(block(number).hash), known.is_some());
        let _ = store.each(scope, &mut |record| match record {
            Record::Account(_, who, account) => assert!(store.account(scope, who).is_none_or(|known| known == account)),
            Record::Slot(_, who, slot, value) => {
                assert!(store.slot(scope, who, slot).is_none_or(|known| known == value));
            }
            Record::BlockHash(_, number, hash) => assert_eq!(hash, block(number).hash),
            Record::Code(hash, code) => assert_eq!(hash, keccak256(code)),
            other => panic!("{other:?}"),
        });
    }
    let tag = store.tag("latest", false);
    check(tag.as_ref().is_some_and(|tag| tag.0 == block(2)), tag.is_some());
    for n in 0..N {
        let known = store.code(&keccak256(code(n)));
        check(known == Some(code(n)), known.is_some());
        let known = store.touched(&n.to_be_bytes());
        check(known == Some(code(n).to_vec()), known.is_some());
    }
    let known = store.node(&keccak256(code(200)));
    check(known == Some(code(200)), known.is_some());
    found
}

/// Two blocks, one of them by number; accounts, slots and a block hash of each; the tag; codes, blobs, and a node.
const ALL: usize = 2 + 1 + 2 * (2 * 12 + 1) + 1 + 2 * 12 + 1;

/// Opens what is there, checks that nothing wrong is read from it, and that it takes and gives values again.
fn trial(dir: &Dir, what: &str) -> usize {
    let store = dir.open();
    let found = survey(&store, what);
    let scope = store.enter(&block(3), false);
    // Damage that is found while a value is written or read back costs that value, and the file.
    let comes_back = (0..3).any(|_| {
        put_slot(&store, scope, 3, 1);
        assert_eq!(store.flush(), Ok(()), "{what}");
        let found = slot(&store, scope, 1);
        assert!(found.is_none_or(|found| found == value(3, 1)), "{what}");
        found.is_some()
    });
    assert!(comes_back, "{what}");
    let aside = dir.set_aside();
    assert_eq!(aside > 0, store.take_messages().iter().any(|text| text.contains("set aside")), "{what}");
    found
}

fn clear(dir: &Dir) {
    for name in dir.names() {
        std::fs::remove_file(dir.0.join(name)).unwrap();
    }
}

/// Tries copies of the file that `change` makes, on as many threads as there are processors.
fn try_each<T: Sync>(cases: &[T], whole: &[u8], change: impl Fn(&T, &mut Vec<u8>) -> String + Sync) -> Vec<usize> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(4);
    std::thread::scope(|scope| {
        let work = || {
            let (dir, mut found) = (Dir::new(), Vec::new());
            while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
                clear(&dir);
                let mut bytes = whole.to_vec();
                let what = change(case, &mut bytes);
                std::fs::write(dir.file(), &bytes).unwrap();
                found.push(trial(&dir, &what));
            }
            found
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

#[test]
fn a_flipped_bit_anywhere_is_never_a_wrong_value() {
    let dir = Dir::new();
    fill(&dir);
    let whole = std::fs::read(dir.file()).unwrap();
    assert_eq!(trial(&dir, "whole"), ALL);
    // Room that holds nothing is tried here and there.
    let places: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0 || at % 61 == 0).collect();
    assert!(places.len() > 5000, "{}", places.len());
    let found = try_each(&places, &whole, |at, bytes| {
        bytes[*at] ^= 1 << (at % 8);
        format!("byte {at}")
    });
    assert!(found.contains(&(ALL - 1)), "a record with a flipped bit is a miss");
    assert!(found.contains(&0), "a file that makes no sense is set aside");
    assert!(found.iter().all(|found| *found <= ALL));
}

#[test]
fn a_file_cut_short_anywhere_is_never_a_wrong_value() {
    let dir = Dir::new();
    fill(&dir);
    let whole = std::fs::read(dir.file()).unwrap();
    let lengths: Vec<usize> =
        (0..whole.len()).filter(|length| length % 512 == 0 || length % 509 == 1 || *length < 200).collect();
    let found = try_each(&lengths, &whole, |length, bytes| {
        bytes.truncate(*length);
        format!("length {length}")
    });
    assert!(found.iter().all(|found| *found < ALL));
}

#[test]
fn a_damaged_log_is_never_a_wrong_value() {
    let dir = Dir::new();
    let store = dir.open();
    let first = store.enter(&block(1), true);
    put_slot(&store, first, 1, 1);
    store.flush().unwrap();
    // What is written now stays in the log, as nobody waits for it.
    let before = std::fs::read(dir.file()).unwrap();
    for n in 0..N {
        put_slot(&store, first, 1, n);
    }
    while slot(&store, first, N - 1).is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let log = std::fs::read(file::beside(&dir.file(), "-wal")).unwrap();
    assert!(!log.is_empty());
    let mut seen = [false; 2];
    for at in (0..log.len()).step_by(37) {
        let other = Dir::new();
        let mut log = log.clone();
        log[at] ^= 0x10;
        std::fs::write(other.file(), &before).unwrap();
        std::fs::write(file::beside(&other.file(), "-wal"), &log).unwrap();
        let store = other.open();
        let scope = store.enter(&block(1), false);
        for n in 0..N {
            let found = slot(&store, scope, n);
            assert!(found.is_none_or(|found| found == value(1, n)), "byte {at} of the log");
        }
        seen[usize::from(slot(&store, scope, N - 1).is_some())] = true;
        put_slot(&store, scope, 1, 50);
        assert_eq!(store.flush(), Ok(()), "byte {at} of the log");
        assert_eq!(slot(&store, scope, 50), Some(value(1, 50)));
    }
    assert!(seen[0], "a damaged log is not followed");
}

#[test]
fn a_file_damaged_while_it_is_open_is_set_aside_and_begun_anew() {
    let dir = Dir::new();
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    for n in 0..20_000 {
        put_slot(&store, scope, 1, n);
    }
    store.flush().unwrap();
    let length = dir.file().metadata().unwrap().len();
    // Another process overwrites it: in this one, closing a handle would take the library's locks with it.
    let script = "for at in $(seq 8 $(($2 / 4096 - 1))); do head -c 4096 /dev/zero | tr '\\0' '\\245'; done | \
                  dd of=\"$1\" bs=4096 seek=8 conv=notrunc status=none";
    let done = Command::new("sh").args(["-c", script, "sh"]).arg(dir.file()).arg(length.to_string()).status().unwrap();
    assert!(done.success());
    for n in 0..20_000 {
        assert!(slot(&store, scope, n).is_none_or(|found| found == value(1, n)));
    }
    store.flush().unwrap();
    for n in 0..2000 {
        put_slot(&store, scope, 1, n);
    }
    store.flush().unwrap();
    for n in 0..2000 {
        assert_eq!(slot(&store, scope, n), Some(value(1, n)));
    }
    assert_eq!(dir.set_aside(), 1, "{:?}", dir.names());
    assert!(store.take_messages().iter().any(|text| text.contains("set aside")));
}

#[test]
fn a_file_that_is_not_ours_is_set_aside_untouched() {
    let foreign = |dir: &Dir, name: &str| {
        rusqlite::Connection::open(dir.file())
            .unwrap()
            .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            .unwrap();
        name.to_owned()
    };
    let statement = |dir: &Dir, sql: &str| {
        fill(dir);
        let file = rusqlite::Connection::open(dir.file()).unwrap();
        file.execute_batch(sql).unwrap();
        sql.to_owned()
    };
    let cases: Vec<Make> = vec![
        Box::new(|dir| {
            std::fs::write(dir.file(), "some text of somebody's").unwrap();
            "text".to_owned()
        }),
        Box::new(|dir| {
            std::fs::write(dir.file(), vec![0x5a; 100_000]).unwrap();
            "noise".to_owned()
        }),
        Box::new(move |dir| foreign(dir, "a database of somebody's")),
        Box::new(|dir| {
            let other = Chain { id: 10, ..mainnet() };
            drop(Store::open(&dir.0, &other, LARGE).unwrap());
            std::fs::rename(dir.0.join(file::name(&other)), dir.file()).unwrap();
            "another chain's".to_owned()
        }),
        Box::new(|dir| {
            let other = Chain { network: "other".to_owned(), ..mainnet() };
            drop(Store::open(&dir.0, &other, LARGE).unwrap());
            std::fs::rename(dir.0.join(file::name(&other)), dir.file()).unwrap();
            "another network's".to_owned()
        }),
        Box::new(move |dir| statement(dir, "PRAGMA user_version = 2")),
        Box::new(move |dir| statement(dir, "PRAGMA application_id = 7")),
        Box::new(move |dir| statement(dir, "ALTER TABLE tag RENAME TO gat")),
        Box::new(move |dir| statement(dir, "DELETE FROM meta")),
        Box::new(move |dir| statement(dir, "UPDATE meta SET data = x'00'")),
    ];
    for make in cases {
        let dir = Dir::new();
        let what = make(&dir);
        let before = std::fs::read(dir.file()).unwrap();
        assert_eq!(trial(&dir, &what), 0, "{what}");
        assert_eq!(dir.set_aside(), 1, "{what}");
        let aside = file::beside(&dir.file(), ".corrupt-1");
        assert_eq!(std::fs::read(aside).unwrap(), before, "{what}");
        drop(dir.open());
        assert_eq!(dir.set_aside(), 1, "{what}: the new file is good");
    }
}

#[test]
fn an_empty_file_is_as_none() {
    let dir = Dir::new();
    std::fs::write(dir.file(), "").unwrap();
    assert_eq!(trial(&dir, "empty"), 0);
    assert_eq!(dir.set_aside(), 0);
}

/// Checksums alone, on what the engine takes for good: records in each other's places.
#[test]
fn a_record_in_another_place_is_a_miss() {
    let dir = Dir::new();
    fill(&dir);
    let file = rusqlite::Connection::open(dir.file()).unwrap();
    let rows = |sql: &str| -> i64 { file.query_one(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(rows("SELECT count(*) FROM block"), 2);
    // Each block's rows go to the other block.
    file.execute_batch(
        "UPDATE value SET id = id + (100 << 40) WHERE id < 2 << 40; UPDATE value SET id = id - (1 << 40) WHERE id < 100 << 40; \
         UPDATE value SET id = id - (99 << 40) WHERE id > 100 << 40; UPDATE tag SET data = x'00'; \
         UPDATE touched SET data = (SELECT data FROM touched AS t WHERE t.id = 1 + touched.id % 12); \
         UPDATE content SET data = (SELECT data FROM content AS c WHERE c.id > content.id ORDER BY c.id LIMIT 1);",
    )
    .unwrap();
    drop(file);
    let store = dir.open();
    assert_eq!(survey(&store, "swapped"), 3, "the blocks alone are left");
    assert!(store.counts().bad_records > 40, "{:?}", store.counts());
    assert_eq!(dir.set_aside(), 0);
}

/// What another chain's file had under the same blocks and keys.
#[test]
fn a_record_of_another_chain_is_a_miss() {
    let (dir, other) = (Dir::new(), Chain { id: 2, ..mainnet() });
    fill(&dir);
    std::fs::rename(dir.file(), dir.0.join(file::name(&other))).unwrap();
    let file = rusqlite::Connection::open(dir.0.join(file::name(&other))).unwrap();
    let meta = Seal::of_format().close(&[], &encode_chain(&other));
    assert_eq!(file.execute("UPDATE meta SET data = ?1", [meta]), Ok(1));
    drop(file);
    let store = Store::open(&dir.0, &other, LARGE).unwrap();
    assert_eq!(survey(&store, "another chain's"), 12 + 1, "codes and the node are no chain's");
    assert!(store.counts().bad_records > 40, "{:?}", store.counts());
    assert_eq!(dir.set_aside(), 0);
}

/// Left where it is, the log would be taken for the new file's.
#[test]
fn a_log_that_somebody_holds_is_set_aside_with_its_file() {
    let (dir, other) = (Dir::new(), Chain { id: 2, ..mainnet() });
    let theirs = dir.0.join(file::name(&other));
    let store = Store::open(&dir.0, &other, LARGE).unwrap();
    let held = rusqlite::Connection::open(&theirs).unwrap();
    assert_eq!(held.query_one("SELECT count(*) FROM block", [], |row| row.get(0)), Ok(0));
    put_slot(&store, store.enter(&block(1), true), 1, 1);
    drop(store);
    for suffix in ["", "-wal", "-shm"] {
        std::fs::rename(file::beside(&theirs, suffix), file::beside(&dir.file(), suffix)).unwrap();
    }
    assert_ne!(file::log_size(&dir.file()), 0);
    assert_eq!(trial(&dir, "another chain's with its log"), 0);
    assert_eq!(dir.set_aside(), 1);
    assert_ne!(file::log_size(&file::beside(&dir.file(), ".corrupt-1")), 0);
}
