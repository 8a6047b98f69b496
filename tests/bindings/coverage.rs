//! Every function of the header is called by every binding, or its `unused.json` says why not.

use super::sources::{Language, exported};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong, one line each.
fn flaws(exported: &BTreeSet<String>, called: &BTreeSet<String>, unused: &BTreeMap<String, String>) -> Vec<String> {
    let mut flaws = Vec::new();
    for name in exported {
        match (called.contains(name), unused.get(name)) {
            (false, None) => flaws.push(format!("{name} is called nowhere")),
            (true, Some(_)) => flaws.push(format!("{name} is called after all")),
            (false, Some(reason)) if reason.trim().is_empty() => flaws.push(format!("{name} has no reason")),
            _ => {}
        }
    }
    let unknown = unused.keys().filter(|name| !exported.contains(*name));
    flaws.extend(unknown.map(|name| format!("{name} does not exist")));
    flaws
}

fn check(language: Language) {
    let sources = language.sources();
    assert!(!sources.is_empty(), "{language:?} has no sources in {}", language.directory().display());
    let exported = exported();
    let called = language.called(&sources, &exported);
    let path = language.directory().join("unused.json");
    let unused = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str::<serde_json::Map<_, _>>(&text).unwrap(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => serde_json::Map::new(),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let reason = |reason: serde_json::Value| reason.as_str().expect("a reason is a text").to_owned();
    let unused = unused.into_iter().map(|(name, text)| (name, reason(text))).collect();
    let flaws = flaws(&exported, &called, &unused);
    assert!(flaws.is_empty(), "{language:?}, {}:\n{}", path.display(), flaws.join("\n"));
}

#[test]
fn typescript_calls_every_function() {
    check(Language::TypeScript);
}

#[test]
fn python_calls_every_function() {
    check(Language::Python);
}

#[test]
fn go_calls_every_function() {
    check(Language::Go);
}

#[test]
fn zig_calls_every_function() {
    check(Language::Zig);
}

#[test]
fn the_header_is_read_whole() {
    let exported = exported();
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi");
    let mut defined = 0;
    let mut open = vec![sources];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            defined += std::fs::read_to_string(path).unwrap().matches("#[unsafe(no_mangle)]").count();
        }
    }
    // One export is for tests alone, and in no header.
    assert_eq!(exported.len(), defined - 1, "{exported:?}");
}

#[test]
fn reasons_are_for_functions_that_exist_and_are_not_called() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let reasons = |reasons: &[(&str, &str)]| {
        reasons.iter().map(|(name, reason)| ((*name).to_owned(), (*reason).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let (all, some) = (names(&["a", "b", "c"]), names(&["a"]));
    assert!(flaws(&all, &some, &reasons(&[("b", "none"), ("c", "none")])).is_empty());
    let found = flaws(&all, &some, &reasons(&[("a", "none"), ("b", " "), ("d", "none")]));
    assert_eq!(found, ["a is called after all", "b has no reason", "c is called nowhere", "d does not exist"]);
}
