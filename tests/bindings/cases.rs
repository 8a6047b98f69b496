//! Runs the cases of a file, and compares or writes what they expect.

use super::failure::{Failure, Outcome};
use super::print::print;
use super::steps::Runner;
use serde_json::{Map, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/conformance")
}

fn writes() -> bool {
    std::env::var_os("WORLDSTATE_WRITE_CONFORMANCE").is_some_and(|value| value == "1")
}

/// What failed, one line each.
pub(crate) fn run(path: &Path) -> Vec<String> {
    let before = std::fs::read_to_string(path).unwrap();
    let mut file: Value = serde_json::from_str(&before).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let mut failures = Vec::new();
    if file["name"] != stem {
        failures.push(format!("the file {stem} calls itself {}", file["name"]));
    }
    let mut names = std::collections::BTreeSet::new();
    for case in file["cases"].as_array_mut().expect("cases") {
        let name = case["name"].as_str().expect("a case has a name").to_owned();
        if !names.insert(name.clone()) {
            failures.push(format!("{stem}: {name}: a name that another case has"));
        }
        if let Err(why) = run_case(case) {
            failures.push(format!("{stem}: {name}: {why}"));
        }
    }
    let after = print(&file);
    if writes() {
        std::fs::write(path, after).unwrap();
    } else if before != after && failures.is_empty() {
        failures.push(format!("{stem}: not as the writing mode prints it"));
    }
    failures
}

fn run_case(case: &mut Value) -> Result<(), String> {
    only(case, &["name", "note", "fork", "steps"])?;
    let mut runner = Runner::new(case.get("fork"));
    let steps = case["steps"].as_array_mut().ok_or("no steps")?;
    if !steps.iter().any(|step| step.get("expect").is_some() || step.get("error").is_some()) {
        return Err("expects nothing".into());
    }
    for (at, step) in steps.iter_mut().enumerate() {
        let shown = format!("step {} ({})", at + 1, step["do"].as_str().unwrap_or("?"));
        let outcome = catch_unwind(AssertUnwindSafe(|| runner.perform(step)));
        let outcome = outcome.map_err(|_| format!("{shown} panicked"))?;
        let fields = step.as_object_mut().ok_or("a step is an object")?;
        judge(fields, outcome).map_err(|why| format!("{shown}: {why}"))?;
    }
    Ok(())
}

/// Whether the outcome is what the step expects; in the writing mode, makes it so.
fn judge(step: &mut Map<String, Value>, outcome: Outcome<Value>) -> Result<(), String> {
    match outcome {
        Ok(value) => {
            if step.contains_key("error") {
                return Err(format!("succeeded with {value}"));
            }
            step.get_mut("expect").map_or(Ok(()), |expected| same(expected, value, ""))
        }
        Err(failure) => failed(step, failure),
    }
}

fn failed(step: &mut Map<String, Value>, failure: Failure) -> Result<(), String> {
    let Some(name) = step.get_mut("error") else {
        return Err(format!("failed with {failure}"));
    };
    if writes() {
        *name = failure.name.into();
    } else if *name != failure.name {
        return Err(format!("failed with {failure}, not {name}"));
    }
    let Some(text) = step.get_mut("text") else { return Ok(()) };
    let part = text.as_str().unwrap_or_default();
    if writes() && part.is_empty() {
        *text = failure.text.into();
    } else if part.is_empty() || !failure.text.contains(part) {
        return Err(format!("the text of {} lacks {text}", failure.text));
    }
    Ok(())
}

/// Only the keys that are expected are compared in the result of an execution, which is the only one to have a status.
fn same(expected: &mut Value, actual: Value, of: &str) -> Result<(), String> {
    if actual.get("gasUsed").is_some() {
        let keys = expected.as_object_mut().filter(|keys| !keys.is_empty()).ok_or("expects no key of the result")?;
        return keys.iter_mut().try_for_each(|(key, value)| {
            let actual = actual.get(key).ok_or_else(|| format!("a result has no {key}"))?;
            same(value, actual.clone(), &format!("{key} "))
        });
    }
    if writes() {
        *expected = actual;
    } else if *expected != actual {
        return Err(format!("{of}is {actual}, not {expected}"));
    }
    Ok(())
}

/// Whether the object has no other keys: a misspelt one would go unseen.
pub(crate) fn only(object: &Value, keys: &[&str]) -> Result<(), String> {
    let fields = object.as_object().ok_or_else(|| format!("{object} is no object"))?;
    match fields.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("\"{key}\" means nothing here")),
        None => Ok(()),
    }
}
