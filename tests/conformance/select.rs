//! Which files and cases are run: all, or a slice of them that is the same every time.

use crate::fixture::Case;
use alloy_primitives::{B256, keccak256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files of each folder in a slice, and cases of each fork in each of these.
const FILES: usize = 4;
const CASES: usize = 3;
/// Larger files, and transactions with more gas, are not in a slice.
const FILE_BYTES: u64 = 400_000;
const GAS: u64 = 17_000_000;

/// By name alone, so that it does not depend on what else there is.
fn rank(name: &str) -> B256 {
    keccak256(name)
}

/// Every folder is in the slice: with its smallest file, where all are large.
pub(crate) fn files(root: &Path, all: Vec<(PathBuf, u64)>) -> Vec<(PathBuf, u64)> {
    let mut folders: BTreeMap<PathBuf, Vec<(PathBuf, u64)>> = BTreeMap::new();
    for (path, size) in all {
        folders.entry(path.parent().map(Path::to_path_buf).unwrap_or_default()).or_default().push((path, size));
    }
    let slice = |mut files: Vec<(PathBuf, u64)>| {
        let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        files.sort_by_cached_key(|(path, size)| (*size > FILE_BYTES, (*size).max(FILE_BYTES), rank(&name(path))));
        let small = files.iter().filter(|(_, size)| *size <= FILE_BYTES).count();
        files.truncate(small.clamp(1, FILES));
        files
    };
    folders.into_values().flat_map(slice).collect()
}

/// Every fork is in the slice: with its cheapest case, where all have much gas.
pub(crate) fn cases(all: Vec<Case>) -> Vec<Case> {
    let mut forks: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in all {
        forks.entry(case.fork.clone()).or_default().push(case);
    }
    let gas = |case: &Case| case.tx.as_ref().map_or(0, |tx| tx.gas_limit);
    let slice = |mut cases: Vec<Case>| {
        cases.sort_by_cached_key(|case| (gas(case).max(GAS), rank(&case.name)));
        let cheap = cases.iter().filter(|case| gas(case) <= GAS).count();
        cases.truncate(cheap.clamp(1, CASES));
        cases
    };
    forks.into_values().flat_map(slice).collect()
}
