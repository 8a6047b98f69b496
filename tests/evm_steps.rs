//! The traces of chosen state tests, for `tests/eels/compare.py`.

#![cfg(feature = "evm")]

#[path = "support/scene.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod scene;

use scene::{Mode, Scene};
use std::collections::HashMap;
use std::io::{BufWriter, Write};
use worldstate::evm::trace::TraceOptions;

/// Reads lines `<file> TAB <test> TAB <fork> TAB <index>` from `WORLDSTATE_STEPS_CASES` and writes to
/// `WORLDSTATE_STEPS_TRACES`, for each, the line again behind a `#`, then the trace of an execution that begins with
/// nothing and is answered one value at a time.
#[test]
fn traces_of_chosen_cases() {
    let Some(cases) = std::env::var_os("WORLDSTATE_STEPS_CASES") else {
        println!("skipped: tests/eels/compare.py runs this");
        return;
    };
    let cases = std::fs::read_to_string(cases).unwrap();
    let traces = std::env::var_os("WORLDSTATE_STEPS_TRACES").expect("WORLDSTATE_STEPS_TRACES");
    let mut traces = BufWriter::new(std::fs::File::create(traces).unwrap());
    let mut files = HashMap::new();
    for case in cases.lines() {
        let [file, test, fork, index] = case.split('\t').collect::<Vec<_>>()[..] else { panic!("{case}") };
        let tests = files
            .entry(file)
            .or_insert_with(|| serde_json::from_slice::<serde_json::Value>(&std::fs::read(file).unwrap()).unwrap());
        writeln!(traces, "# {case}").unwrap();
        let scene = Scene::of_test(&tests[test], fork, index.parse().unwrap());
        if let Some(text) = scene.text(TraceOptions::eip3155(), Mode::Asked) {
            assert_eq!(scene.text(TraceOptions::eip3155(), Mode::Stepped).unwrap(), text, "{case}");
            assert_eq!(scene.text(TraceOptions::eip3155(), Mode::Local).unwrap(), text, "{case}");
            traces.write_all(text.as_bytes()).unwrap();
        }
    }
}
