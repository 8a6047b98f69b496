//! Disks that refuse.

use super::*;
use crate::Error;
use std::io::{BufRead, BufReader, Write};

/// Whether the command can be run here, and does what it says.
fn works(command: &[&str]) -> bool {
    Command::new(command[0])
        .args(&command[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// In a directory that cannot be written.
pub(super) fn read_only(dir: &Path) {
    assert!(std::fs::write(dir.join("probe"), "").is_err(), "the directory can be written");
    let store = Store::open(dir, &mainnet(), LARGE).unwrap();
    let (_, scope) = store.by_hash(block(1).hash, false).expect("the block");
    for n in 0..100 {
        assert_eq!(slot(&store, scope, n), Some(value(1, n)));
        put_slot(&store, scope, 1, 1000 + n);
    }
    assert_eq!(slot(&store, scope, 1000), None);
    let mut given = 0;
    store.each(scope, &mut |_| given += 1).unwrap();
    assert_eq!(given, 100);
    assert_eq!(store.counts().dropped, 100);
    assert!(matches!(store.flush(), Err(Error::Cache(text)) if text.contains("reading only")));
    assert_eq!(store.flush(), Ok(()), "nothing more was put");
    let messages = store.take_messages();
    assert!(messages.len() == 1 && messages[0].contains("reading only"), "{messages:?}");
    assert_eq!(Store::chains(dir).unwrap(), [mainnet()]);

    let other = Store::open(dir, &Chain { id: 2, ..mainnet() }, LARGE).unwrap();
    let scope = other.enter(&block(1), false);
    put_slot(&other, scope, 1, 1);
    assert_eq!(slot(&other, scope, 1), None);
    let messages = other.take_messages();
    assert!(messages.len() == 1 && messages[0].contains("not used"), "{messages:?}");
}

#[test]
fn a_read_only_directory_is_read() {
    let unshare = ["unshare", "-m", "sh", "-c", "mount --bind / /", "sh"];
    if !works(&unshare) {
        println!("skipped: no read-only mounts can be made here");
        return;
    }
    let dir = Dir::new();
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    for n in 0..100 {
        put_slot(&store, scope, 1, n);
    }
    store.flush().unwrap();
    let script = "mount --bind \"$WORLDSTATE_STORE_DIR\" \"$WORLDSTATE_STORE_DIR\" && \
                  mount -o remount,bind,ro \"$WORLDSTATE_STORE_DIR\" && exec \"$@\"";
    let under = ["unshare", "-m", "sh", "-c", script, "sh"];
    // While another process has it open, and when none has.
    finish(start(&under, "read only", &dir.0));
    drop(store);
    assert_eq!(dir.names().len(), 1);
    finish(start(&under, "read only", &dir.0));
    assert_eq!(dir.names().len(), 1);
}

/// Where files cannot grow until it is told otherwise.
pub(super) fn full(dir: &Path) {
    let store = Store::open(dir, &mainnet(), LARGE).unwrap();
    let scope = store.enter(&block(1), false);
    // What a flush has vouched for, and how often in a row one has not.
    let (mut next, mut vouched, mut failures) = (0, Vec::new(), 0);
    while failures < 3 {
        assert!(next < 200_000, "the disk is never full");
        for n in next..next + 1000 {
            put_slot(&store, scope, 1, n);
        }
        match store.flush() {
            Ok(()) => {
                vouched.extend(next..next + 1000);
                failures = 0;
            }
            Err(Error::Cache(text)) if text.contains("not written") => failures += 1,
            Err(other) => panic!("{other}"),
        }
        next += 1000;
    }
    let counts = store.counts();
    assert!(counts.dropped > 1000 && counts.writes + counts.dropped == next, "{counts:?}");
    let messages = store.take_messages();
    assert!(!messages.is_empty() && messages.len() < 5, "{messages:?}");
    assert!(messages.iter().all(|text| text.contains("not written") || text.contains("not tidied")), "{messages:?}");
    let there: Vec<u64> = (0..next)
        .filter(|n| slot(&store, scope, *n).inspect(|found| assert_eq!(*found, value(1, *n), "slot {n}")).is_some())
        .collect();
    assert!(vouched.iter().all(|n| there.binary_search(n).is_ok()));
    assert_eq!(there.len() as u64, counts.writes);
    println!("full");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    assert_eq!(line, "room\n");
    put_slot(&store, scope, 1, next);
    assert_eq!(store.flush(), Ok(()));
    assert_eq!(slot(&store, scope, next), Some(value(1, next)));
    drop(store);
    let store = Store::open(dir, &mainnet(), LARGE).unwrap();
    let scope = store.enter(&block(1), false);
    for n in there {
        assert_eq!(slot(&store, scope, n), Some(value(1, n)), "slot {n}");
    }
    assert_eq!(store.take_messages(), Vec::<String>::new());
}

fn run_full(under: &[&str], dir: &Path, make_room: impl FnOnce(&Child)) {
    let executable = std::env::current_exe().unwrap();
    let mut child = Command::new(under[0])
        .args(&under[1..])
        .arg(executable)
        .args(["--ignored", "--exact", "store::tests::child", "--nocapture"])
        .env(ROLE, "full")
        .env(DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with("full\n") && output.read_line(&mut line).unwrap() > 0 {}
    if line.ends_with("full\n") {
        make_room(&child);
    }
    let _ = child.stdin.take().unwrap().write_all(b"room\n");
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    let result = child.wait_with_output().unwrap();
    assert!(result.status.success(), "{line}\n{}", String::from_utf8_lossy(&result.stderr));
}

#[test]
fn a_file_that_may_not_grow_is_read_and_written_again_later() {
    if !works(&["prlimit", "--version"]) {
        println!("skipped: no prlimit here");
        return;
    }
    let dir = Dir::new();
    // In blocks of 512 bytes; whoever ignores the signal gets an error instead.
    let under = ["sh", "-c", "trap '' XFSZ; ulimit -S -f 3000; exec \"$@\"", "sh"];
    run_full(&under, &dir.0, |child| {
        assert!(works(&["prlimit", "--pid", &child.id().to_string(), "--fsize=unlimited:"]));
    });
}

#[test]
fn a_full_disk_is_read_and_written_again_later() {
    let dir = Dir::new();
    let mount = "mount -t tmpfs -o size=1536k none \"$WORLDSTATE_STORE_DIR\"";
    if !works(&["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]) {
        println!("skipped: no file systems can be mounted here");
        return;
    }
    let script = format!("{mount} && exec \"$@\"");
    run_full(&["unshare", "-m", "sh", "-c", &script, "sh"], &dir.0, |child| {
        let enter = ["nsenter", "-m", "-t", &child.id().to_string()];
        let remount = ["mount", "-o", "remount,size=64m", dir.0.to_str().unwrap()];
        assert!(works(&[&enter[..], &remount[..]].concat()));
    });
}
