//! Tests of the store.

mod crash;
mod damage;
mod disk;
mod eviction;
mod forked;
mod values;

use super::{Block, Chain, Record, Scope, Store};
use crate::state::SourceAccount;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Says to a process of a test what it is to do: see [`child`].
const ROLE: &str = "WORLDSTATE_STORE_ROLE";
const DIR: &str = "WORLDSTATE_STORE_DIR";

const LARGE: u64 = 1 << 40;

/// A directory that is removed when the test ends.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("worldstate-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        // In memory where that can be had: thousands of small files are made safe against power cuts in these tests.
        let memory = Path::new("/dev/shm");
        let path = if memory.is_dir() { memory.join(name) } else { std::env::temp_dir().join(name) };
        std::fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    fn open(&self) -> Arc<Store> {
        Store::open(&self.0, &mainnet(), LARGE).unwrap()
    }

    /// The chain's file.
    fn file(&self) -> PathBuf {
        self.0.join(super::file::name(&mainnet()))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn set_aside(&self) -> usize {
        self.names()
            .iter()
            .filter(|name| name.contains(".corrupt-") && !name.ends_with("-wal") && !name.ends_with("-shm"))
            .count()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn mainnet() -> Chain {
    Chain { id: 1, network: "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3".to_owned() }
}

fn block(number: u64) -> Block {
    let hash = keccak256(number.to_be_bytes());
    Block { number, hash, state_root: Some(keccak256(hash)), verified: false }
}

fn word(n: u64) -> U256 {
    U256::from_be_bytes(keccak256(n.to_be_bytes()).0)
}

fn address(n: u64) -> Address {
    Address::from_word(keccak256(n.to_le_bytes()))
}

/// What slot `n` has at block `number`: values of all lengths, zero among them.
fn value(number: u64, n: u64) -> U256 {
    (word(n) ^ word(number)) >> (n % 257)
}

fn account(number: u64, n: u64) -> Option<SourceAccount> {
    (!n.is_multiple_of(5)).then(|| SourceAccount {
        balance: value(number, n),
        nonce: number + n,
        code_hash: if n.is_multiple_of(2) { keccak256(code(n)) } else { alloy_primitives::KECCAK256_EMPTY },
    })
}

fn code(n: u64) -> Bytes {
    (0..n * 37 % 9000).map(|at| u8::try_from((at * (n + 3)) % 251).unwrap()).collect()
}

fn put_slot(store: &Store, scope: Scope, number: u64, n: u64) {
    store.put(Record::Slot(scope, address(n % 10), word(n), value(number, n)));
}

fn slot(store: &Store, scope: Scope, n: u64) -> Option<U256> {
    store.slot(scope, address(n % 10), word(n))
}

/// A process of this test's executable with a role, under a command such as `setpriv` if one is given.
fn start(under: &[&str], role: &str, dir: &Path) -> Child {
    let executable = std::env::current_exe().unwrap();
    let mut words: Vec<&std::ffi::OsStr> = under.iter().map(std::ffi::OsStr::new).collect();
    words.push(executable.as_os_str());
    Command::new(words[0])
        .args(&words[1..])
        .args(["--ignored", "--exact", "store::tests::child", "--nocapture"])
        .env(ROLE, role)
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success() && text(&output.stdout).contains("1 passed"),
        "{}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
#[ignore = "other tests run it in processes of their own"]
fn child() {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    match std::env::var(ROLE).unwrap().as_str() {
        "write" => crash::write(&dir),
        "mix" => crash::mix(&dir),
        "read only" => disk::read_only(&dir),
        "full" => disk::full(&dir),
        role => panic!("{role}"),
    }
}
