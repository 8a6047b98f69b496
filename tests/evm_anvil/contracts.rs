//! The contracts of `tests/contracts`, compiled, and how they are called.

use crate::wallet::{Draft, PEOPLE};
use alloy_primitives::{Address, Bytes, U256, hex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::time::SystemTime;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// When the newest such file of the directory was written.
fn newest(directory: &Path, extension: &str) -> Option<SystemTime> {
    let files = std::fs::read_dir(directory).ok()?.map(|entry| entry.unwrap().path());
    let times = files.filter(|path| path.extension().is_some_and(|end| end == extension));
    times.map(|path| path.metadata().unwrap().modified().unwrap()).max()
}

fn node(script: &str) {
    let output = Command::new("node").arg(root().join(script)).output().expect("node runs");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Compiles what is newer than its compilation; `None`, after saying so, where there is no compiler.
fn compiled() -> Option<PathBuf> {
    static ONCE: Once = Once::new();
    let directory = root().join("build/contracts");
    let has_compiler = root().join("build/tools/node_modules/solc").exists();
    ONCE.call_once(|| {
        let rooms = [("tools/demo", "sol"), ("tests/contracts", "sol"), ("tests/contracts", "mjs")];
        let sources = rooms.map(|(room, extension)| newest(&root().join(room), extension));
        let made = directory.join("scene.json").metadata().and_then(|file| file.modified()).ok();
        if has_compiler && made < sources.into_iter().max().flatten() {
            node("tools/node/compile.mjs");
            node("tests/contracts/scene.mjs");
        }
    });
    if directory.join("Odds.json").is_file() && directory.join("scene.json").is_file() {
        return Some(directory);
    }
    println!("skipped: no compiled contracts; tools/setup.sh npm installs the compiler");
    None
}

/// A compiled contract.
pub(crate) struct Artifact {
    pub(crate) creation: Bytes,
    selectors: BTreeMap<String, [u8; 4]>,
}

/// An argument of a call.
pub(crate) enum Arg<'a> {
    Word(U256),
    Bytes(&'a [u8]),
}

impl From<u64> for Arg<'_> {
    fn from(number: u64) -> Self {
        Self::Word(U256::from(number))
    }
}

impl From<Address> for Arg<'_> {
    fn from(address: Address) -> Self {
        Self::Word(address.into_word().into())
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap().parse().unwrap()
}

impl Artifact {
    pub(crate) fn load(name: &str) -> Option<Self> {
        let artifact = read(&compiled()?.join(format!("{name}.json")));
        let selector = |text: &Value| hex::decode_to_array(text.as_str().unwrap()).unwrap();
        let selectors = artifact["selectors"].as_object().unwrap();
        Some(Self {
            creation: bytes(&artifact["bytecode"]),
            selectors: selectors.iter().map(|(name, text)| (name.clone(), selector(text))).collect(),
        })
    }

    /// The data of a call.
    pub(crate) fn call(&self, signature: &str, arguments: &[Arg<'_>]) -> Bytes {
        let mut data = self.selectors.get(signature).unwrap_or_else(|| panic!("no {signature}")).to_vec();
        let mut tail = Vec::new();
        for argument in arguments {
            let head = match argument {
                Arg::Word(word) => *word,
                Arg::Bytes(bytes) => {
                    let offset = U256::from(32 * arguments.len() + tail.len());
                    tail.extend(U256::from(bytes.len()).to_be_bytes::<32>());
                    tail.extend_from_slice(bytes);
                    tail.resize(tail.len().next_multiple_of(32), 0);
                    offset
                }
            };
            data.extend(head.to_be_bytes::<32>());
        }
        data.extend(tail);
        data.into()
    }
}

/// Transactions that populate a chain, and some more that are worth a look then.
pub(crate) struct Scene {
    pub(crate) contracts: BTreeMap<String, Address>,
    pub(crate) setup: Vec<Draft>,
    /// Each is followed by one that differs in its arguments.
    pub(crate) calls: Vec<Draft>,
}

impl Scene {
    pub(crate) fn load() -> Option<Self> {
        let scene = read(&compiled()?.join("scene.json"));
        let address = |value: &Value| value.as_str().unwrap().parse::<Address>().unwrap();
        let draft = |entry: &Value, label: &str, data: &Value| {
            let sender = address(&entry["from"]);
            let from = PEOPLE.iter().position(|person| *person == sender).unwrap();
            let to = Some(&entry["to"]).filter(|to| !to.is_null()).map(address);
            Draft::new(format!("{}{label}", entry["label"].as_str().unwrap()), from, to, bytes(data))
        };
        let (setup, calls) = (scene["setup"].as_array().unwrap(), scene["calls"].as_array().unwrap());
        let calls =
            calls.iter().flat_map(|entry| [draft(entry, "", &entry["data"]), draft(entry, ", again", &entry["again"])]);
        let contracts = scene["contracts"].as_object().unwrap();
        Some(Self {
            contracts: contracts.iter().map(|(name, at)| (name.clone(), address(at))).collect(),
            setup: setup.iter().map(|entry| draft(entry, "", &entry["data"])).collect(),
            calls: calls.collect(),
        })
    }
}
