//! The traces of chosen state tests, for `tests/eels/compare.py`.

#[path = "support/state_test.rs"]
mod state_test;
#[path = "support/traced.rs"]
mod traced;

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use worldstate::evm::trace::{TraceOptions, TraceOutput};

/// Reads lines `<file> TAB <test> TAB <fork> TAB <index>` from `WORLDSTATE_STEPS_CASES` and writes to `WORLDSTATE_STEPS_TRACES`, for each, the line
/// again behind a `#`, then the trace.
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
        let tests = files.entry(file).or_insert_with(|| {
            serde_json::from_slice::<serde_json::Value>(&std::fs::read(file).unwrap()).unwrap()
        });
        writeln!(traces, "# {case}").unwrap();
        let scene = state_test::scene(&tests[test], fork, index.parse().unwrap()).expect("a decodable transaction");
        if let Some((_, tracer)) = traced::traced(&scene, TraceOptions::eip3155(), TraceOutput::memory(), 0) {
            traces.write_all(tracer.text()).unwrap();
        }
    }
}
