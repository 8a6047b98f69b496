//! State tests of the official suites, as transactions that nobody here wrote.

use super::{Account, World};
use alloy_primitives::{Address, Bytes, U256, hex};
use serde_json::{Map, Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use worldstate::evm::{Hardfork, Transaction};

/// One transaction on one fork.
pub struct Case {
    /// The test's name.
    pub name: String,
    /// The rules.
    pub hardfork: Hardfork,
    /// The block, as `eth_getBlockByNumber` has it.
    pub block: Value,
    /// What is sent.
    pub transaction: Transaction,
    /// What exists.
    pub world: World,
}

/// Where the suites are: `WORLDSTATE_FIXTURES`, or `../shared/fixtures` beside the repository.
#[must_use]
pub fn directory() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures");
    std::env::var_os("WORLDSTATE_FIXTURES").map_or_else(|| beside.into(), PathBuf::from)
}

/// Every file below `directory` that holds tests, in the order of their names.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(files)
}

fn read<T: FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

fn number(value: &Value) -> Option<U256> {
    read(value)
}

fn world(pre: &Map<String, Value>) -> Option<World> {
    let account = |(address, fields): (&String, &Value)| {
        let storage = fields["storage"].as_object()?.iter();
        let account = Account {
            balance: number(&fields["balance"])?,
            nonce: number(&fields["nonce"])?.try_into().ok()?,
            code: read::<Bytes>(&fields["code"])?,
            storage: storage.map(|(slot, value)| Some((slot.parse().ok()?, number(value)?))).collect::<Option<_>>()?,
        };
        Some((address.parse::<Address>().ok()?, account))
    };
    Some(World { accounts: pre.iter().map(account).collect::<Option<_>>()? })
}

fn block(env: &Value) -> Value {
    let names = [
        ("currentNumber", "number"),
        ("currentTimestamp", "timestamp"),
        ("currentGasLimit", "gasLimit"),
        ("currentCoinbase", "miner"),
        ("currentBaseFee", "baseFeePerGas"),
        ("currentDifficulty", "difficulty"),
        ("currentRandom", "mixHash"),
        ("currentExcessBlobGas", "excessBlobGas"),
    ];
    let known = names.iter().filter(|(name, _)| env[name].is_string());
    let field = |(name, field): &(&str, &str)| {
        let value =
            if *field == "miner" || *field == "mixHash" { env[name].clone() } else { json!(number(&env[name])) };
        ((*field).to_owned(), value)
    };
    Value::Object(known.map(field).collect())
}

/// The tests of a file on the newest fork that it has, without those whose transaction is refused.
///
/// # Errors
/// When the file cannot be read.
pub fn cases(file: &Path) -> Result<Vec<Case>, Box<dyn std::error::Error>> {
    let tests: Map<String, Value> = serde_json::from_slice(&fs::read(file)?)?;
    let mut cases = Vec::new();
    for (name, test) in &tests {
        let (Some(posts), Some(world)) = (test["post"].as_object(), test["pre"].as_object().and_then(world)) else {
            continue;
        };
        let forks = posts.keys().filter_map(|fork| Some((fork.parse::<Hardfork>().ok()?, fork)));
        let Some((hardfork, fork)) = forks.max() else { continue };
        for (i, post) in posts[fork].as_array().into_iter().flatten().enumerate() {
            let raw = post["txbytes"].as_str().and_then(|text| hex::decode(text).ok());
            let transaction = raw.and_then(|raw| Transaction::from_raw(&raw, hardfork).ok());
            let (Some(transaction), None) = (transaction, post.get("expectException")) else { continue };
            let (name, block, world) = (format!("{name} {i}"), block(&test["env"]), world.clone());
            cases.push(Case { name, hardfork, block, transaction, world });
        }
    }
    Ok(cases)
}
