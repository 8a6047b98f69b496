//! `fork(2)`.
#![expect(unsafe_code, reason = "fork, waitpid and _exit have no safe form")]

use super::*;
use std::time::{Duration, Instant};

/// Runs `work` in a forked process and gives its exit code.
fn in_child(work: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs `work` and ends without returning; what it locks is what `work` is there to try.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(99);
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(code) }
    }
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mut status = 0;
        // SAFETY: `status` is a valid place to write to, `pid` is the child's.
        let ended = unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) };
        if ended == pid {
            return if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 98 };
        }
        if Instant::now() > until {
            // SAFETY: `pid` is the child's, which has not been waited for.
            unsafe { libc::kill(pid, libc::SIGKILL) };
            return 97;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_forked_process_has_an_empty_store_and_does_not_hang() {
    let dir = Dir::new();
    let store = dir.open();
    let scope = store.enter(&block(1), false);
    for n in 0..1000 {
        put_slot(&store, scope, 1, n);
    }
    store.flush().unwrap();
    let elsewhere = Dir::new();
    for round in 0..20 {
        // The writer and a reader are at work while the fork happens.
        put_slot(&store, scope, 1, 1000 + round);
        assert!(slot(&store, scope, 1).is_some());
        let mut held = Some(Arc::clone(&store));
        let code = in_child(|| {
            let inherited = held.take().unwrap();
            if slot(&inherited, scope, 1).is_some() || inherited.by_hash(block(1).hash, false).is_some() {
                return 1;
            }
            put_slot(&inherited, scope, 1, 5000);
            inherited.enter(&block(2), true);
            if inherited.flush().is_ok() || inherited.each(scope, &mut |_| ()).is_ok() {
                return 2;
            }
            if Store::open(&elsewhere.0, &mainnet(), LARGE).is_ok() || Store::chains(&elsewhere.0).is_ok() {
                return 3;
            }
            if !inherited.take_messages().is_empty() {
                return 4;
            }
            drop(inherited);
            // SAFETY: in this process nobody uses the parent's reference any more, so the store is dropped here.
            unsafe { Arc::decrement_strong_count(Arc::as_ptr(&store)) };
            0
        });
        assert_eq!(code, 0, "round {round}");
    }
    store.flush().unwrap();
    for n in 0..1020 {
        assert_eq!(slot(&store, scope, n), Some(value(1, n)));
    }
    assert_eq!(slot(&store, scope, 5000), None);
    assert_eq!(store.by_hash(block(2).hash, false), None);
    assert_eq!(store.take_messages(), Vec::<String>::new());
}
