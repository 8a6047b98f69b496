//! Cold transactions with and without running ahead. Usage: `run_ahead RESULTS_FILE`
//!
//! Each transaction starts with nothing at hand. A round is one stop: everything that is wanted then is answered before
//! it goes on, as a host does with one request for all of it. Keys are accounts with their code, slots and block hashes.

#![expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use worldstate::evm::RunAhead;
use worldstate_bench::evm::fixtures;
use worldstate_bench::evm::measure::thread_time;
use worldstate_bench::evm::ours::{Key, Waiting};
use worldstate_bench::evm::scene::Scene;
use worldstate_bench::results::{Figure, quantile};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A workload is worth running ahead when it misses more than this.
const FEW: usize = 10;

/// One transaction, run both ways.
struct Compared {
    /// Keys that it needs.
    needs: usize,
    /// Stops without and with running ahead.
    rounds: [usize; 2],
    /// Keys asked for ahead and not needed.
    useless: usize,
    /// Microseconds of processor time that running ahead costs.
    cpu: f64,
    success: bool,
}

struct Run {
    rounds: usize,
    asked: HashSet<Key>,
    micros: f64,
    outcome: worldstate_bench::evm::Outcome,
}

fn run(waiting: &mut Waiting<'_>) -> Result<Run> {
    let mut asked = HashSet::new();
    let start = thread_time();
    let cold = waiting.run_noting(&mut asked)?;
    let micros = (thread_time() - start).as_secs_f64() * 1e6;
    Ok(Run { rounds: cold.rounds, asked, micros, outcome: cold.outcome })
}

fn compare(off: &Run, on: &Run) -> Result<Compared> {
    if off.outcome != on.outcome {
        return Err(format!("ahead {:?}, without {:?}", on.outcome, off.outcome).into());
    }
    if let Some(key) = off.asked.difference(&on.asked).next() {
        return Err(format!("{key:?} was needed and never asked for").into());
    }
    Ok(Compared {
        needs: off.asked.len(),
        rounds: [off.rounds, on.rounds],
        useless: on.asked.len() - off.asked.len(),
        cpu: (on.micros - off.micros).max(0.0),
        success: on.outcome.success,
    })
}

fn mean(values: impl Iterator<Item = usize>) -> f64 {
    let values: Vec<_> = values.collect();
    values.iter().sum::<usize>() as f64 / values.len().max(1) as f64
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(&mut values.collect::<Vec<_>>(), 0.5)
}

/// The figures of a set of transactions.
fn record(path: &Path, id: &str, name: &str, set: &[&Compared], targets: [f64; 3]) -> Result<()> {
    if set.is_empty() {
        return Err(format!("{name}: nothing misses more than {FEW} values").into());
    }
    let rounds = |way: usize| set.iter().map(move |compared| compared.rounds[way]);
    let medians = [0, 1].map(|way| median(rounds(way).map(|rounds| rounds as f64)));
    let needs = set.iter().map(|compared| compared.needs);
    let (needs_mean, needs_median) = (mean(needs.clone()), median(needs.map(|needs| needs as f64)));
    println!("{name}: {} transactions, needs {needs_mean:.1} in the mean, {needs_median:.0} in the median", set.len());
    let one = "one at a time";
    let what = format!("rounds, mean: {name}");
    let means = (mean(rounds(1)), mean(rounds(0)));
    Figure::of(&format!("{id}_rounds"), &what, one, "rounds", means, targets[0]).record(path)?;
    let what = format!("rounds, median: {name}");
    Figure::of(&format!("{id}_rounds_median"), &what, one, "rounds", (medians[1], medians[0]), 0.0).record(path)?;
    let what = format!("useless keys, mean: {name}");
    let useless = mean(set.iter().map(|compared| compared.useless));
    Figure::of(&format!("{id}_useless"), &what, "keys needed", "keys", (useless, needs_mean), targets[1])
        .record(path)?;
    let what = format!("scratch work, median: {name}");
    let cpu = median(set.iter().map(|compared| compared.cpu));
    Figure::of(&format!("{id}_cpu"), &what, "10 ms", "us", (cpu, 10_000.0), targets[2]).record(path)?;
    Ok(())
}

/// The contracts of our own, and each called once more with other arguments.
fn scene(path: &Path) -> Result<Vec<Compared>> {
    let scene = Scene::load()?;
    let (mut all, mut again) = (Vec::new(), Vec::new());
    println!(
        "{:<22} {:>6} {:>14} {:>14} {:>9} {:>9} {:>29}",
        "transaction", "needs", "one at a time", "run ahead", "useless", "CPU us", "again: needs, rounds, useless"
    );
    for call in &scene.calls {
        let off = run(&mut Waiting::new(&scene.world, &call.call)?)?;
        let off_again = run(&mut Waiting::new(&scene.world, &call.again)?)?;
        let mut waiting = Waiting::with(&scene.world, &call.call, RunAhead::On)?;
        let first = compare(&off, &run(&mut waiting)?)?;
        waiting.call(&call.again);
        let second = compare(&off_again, &run(&mut waiting)?)?;
        if !first.success || !second.success {
            return Err(format!("{} does not succeed", call.label).into());
        }
        println!(
            "{:<22} {:>6} {:>14} {:>14} {:>9} {:>9.0} {:>12} {:>7} {:>8}",
            call.label,
            first.needs,
            first.rounds[0],
            first.rounds[1],
            first.useless,
            first.cpu,
            second.needs,
            second.rounds[1],
            second.useless
        );
        if first.needs > FEW {
            again.push((first.rounds[1], second.rounds[1]));
        }
        all.push(first);
    }
    let means = (mean(again.iter().map(|rounds| rounds.1)), mean(again.iter().map(|rounds| rounds.0)));
    let what = "rounds, mean: called again with other arguments";
    Figure::of("ahead_again", what, "the first call", "rounds", means, 0.99).record(path)?;
    Ok(all)
}

fn suites(name: &str) -> Result<Vec<Compared>> {
    let directory = fixtures::directory().join(name);
    if !directory.is_dir() {
        println!("{}: not there, left out", directory.display());
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for file in fixtures::files(&directory)? {
        for case in fixtures::cases(&file)? {
            let off = run(&mut Waiting::case(&case, RunAhead::Off)?)?;
            if off.asked.len() > FEW {
                let on = run(&mut Waiting::case(&case, RunAhead::On)?)?;
                all.push(compare(&off, &on).map_err(|error| format!("{}: {error}", case.name))?);
            }
        }
    }
    Ok(all)
}

fn main() -> Result<()> {
    let path = std::env::args().nth(1).ok_or("usage: run_ahead RESULTS_FILE")?;
    let path = Path::new(&path);
    let scene = scene(path)?;
    let many: Vec<_> = scene.iter().filter(|compared| compared.needs > FEW).collect();
    record(path, "ahead_scene", "our contracts", &many, [0.35, 0.3, 1.0])?;
    for (id, name) in [("ahead_eest", "eest"), ("ahead_legacy", "legacytests")] {
        let all = suites(name)?;
        if !all.is_empty() {
            let all: Vec<_> = all.iter().collect();
            record(path, id, name, &all, [0.0; 3])?;
        }
    }
    Ok(())
}
