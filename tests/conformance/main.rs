//! Runs the state tests of the official fixtures, in every way in which an execution can be driven.
//!
//! By itself a slice of them; `--full` all below the directory. See `--help`.

#[path = "../support/evm/mod.rs"]
mod evm;

mod check;
mod exception;
mod fixture;
mod known;
mod report;
mod select;
mod value;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const HELP: &str = "\
usage: conformance [--full] [--workers N] [--mode NAME]... [--folders] [FILTER]
  --full       every state test below the directory, not a slice
  --workers N  how many run at a time; as many as there are processors
  --mode NAME  only this mode; may be given several times: local, host, ahead, stepped; none for plain revm alone
  --failures N how many failures are told in words; 50
  --folders    results by folder too; always with --full
  FILTER       only cases whose name contains it
The directory is $WORLDSTATE_FIXTURES, or ../shared/fixtures. Standard error shows how far it is.
";

pub(crate) struct Arguments {
    pub(crate) full: bool,
    pub(crate) workers: usize,
    pub(crate) modes: Option<Vec<String>>,
    pub(crate) failures: usize,
    pub(crate) folders: bool,
    pub(crate) filter: Option<String>,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut arguments = Arguments { full: false, workers, modes: None, failures: 50, folders: false, filter: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--help" => return Ok(None),
            "--full" => arguments.full = true,
            "--folders" => arguments.folders = true,
            "--workers" => arguments.workers = next()?.parse().map_err(|error| format!("--workers: {error}"))?,
            "--failures" => arguments.failures = next()?.parse().map_err(|error| format!("--failures: {error}"))?,
            "--mode" => arguments.modes.get_or_insert_default().push(next()?),
            // What `cargo test` hands to every test program.
            "--show-output" | "--nocapture" | "--quiet" | "-q" => {}
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            filter => arguments.filter = Some(filter.to_owned()),
        }
    }
    arguments.folders |= arguments.full;
    Ok(Some(arguments))
}

fn directory() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    std::env::var_os("WORLDSTATE_FIXTURES").map_or_else(default, PathBuf::from)
}

fn run(arguments: &Arguments) -> Result<bool, String> {
    let directory = directory();
    if !directory.is_dir() {
        if arguments.full {
            return Err(format!("{} is no directory: WORLDSTATE_FIXTURES, or FIXTURES= of make", directory.display()));
        }
        println!("skipped: set WORLDSTATE_FIXTURES");
        println!("test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        return Ok(true);
    }
    let started = Instant::now();
    let report = work::run(&directory, arguments)?;
    print!("{}", report.tell(arguments.folders, arguments.failures));
    let (total, elapsed) = (report.total(), started.elapsed());
    println!("\n{}", report.summary(elapsed));
    if !arguments.full {
        // As the standard test harness puts it, for those who sum over all test programs.
        let failed = total.failed;
        let verdict = if report.is_clean() { "ok" } else { "FAILED" };
        let seconds = elapsed.as_secs_f64();
        println!(
            "test result: {verdict}. {} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in \
             {seconds:.2}s",
            total.passed
        );
    }
    if total.cases == 0 && arguments.filter.is_none() {
        return Err(format!("no state test below {}", directory.display()));
    }
    Ok(report.is_clean())
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
