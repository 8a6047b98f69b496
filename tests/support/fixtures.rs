//! Where the fixtures are.

use std::path::{Path, PathBuf};

/// The fixture directory, or `None` after saying so.
pub(crate) fn fixtures() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    let directory = std::env::var_os("WORLDSTATE_FIXTURES").map_or_else(default, PathBuf::from);
    if directory.is_dir() {
        return Some(directory);
    }
    println!("skipped: set WORLDSTATE_FIXTURES");
    None
}

/// All JSON files below the directory, which has some.
pub(crate) fn json_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "no JSON files below {}", directory.display());
    files.sort();
    files
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
