//! What holds the bindings together: the behaviours that they all have to show (`bindings/conformance/*.json`), run
//! here through the C interface, and the functions of the header that each of them has to use.
//!
//! With `WORLDSTATE_WRITE_CONFORMANCE=1` the expectations are written instead of compared.

mod accounts;
mod arguments;
mod cases;
mod coverage;
mod execute;
mod failure;
mod host;
mod manager;
mod print;
mod sources;
mod steps;
mod store;
mod whole;

use std::collections::BTreeSet;
use std::path::Path;

const FILES: [&str; 7] = ["values", "journal", "batches", "changes", "proofs", "fork", "evm"];

fn check(name: &str) {
    let failures = cases::run(&cases::directory().join(format!("{name}.json")));
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn values() {
    check("values");
}

#[test]
fn journal() {
    check("journal");
}

#[test]
fn batches() {
    check("batches");
}

#[test]
fn changes() {
    check("changes");
}

#[test]
fn proofs() {
    check("proofs");
}

#[test]
fn fork() {
    check("fork");
}

#[test]
fn evm() {
    check("evm");
}

#[test]
fn every_file_is_run() {
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let there: BTreeSet<_> = std::fs::read_dir(cases::directory())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| name(&path))
        .collect();
    assert_eq!(there, FILES.map(str::to_owned).into());
}
