//! One table of all figures, and one of the peers. Usage: `report RESULTS_FILE LIBRARY [CRITERION_DIR]`

use serde_json::Value;
use std::error::Error;
use std::fs;
use std::path::Path;
use worldstate_bench::results::Figure;
use worldstate_bench::subjects::{CacheDb, ForkDb, RevmJournal, Subject, WorldState};

/// With execution, the curves of its precompiled contracts included.
const SIZE_LIMIT: f64 = (6 << 20) as f64;

/// Operations of the criterion program, with the figure of the C program that has the same name.
const OPERATIONS: [(&str, &str); 6] = [
    ("get_storage", "read a slot"),
    ("set_storage", "write a slot"),
    ("get_balance", "read a balance"),
    ("revert_100", "mark, 100 writes, back"),
    ("nested_1024", "1,024 nested marks, back"),
    ("snapshots_1000", "1,000 marks of 100 writes, back"),
];

/// Median of a criterion benchmark in nanoseconds.
fn median(directory: &Path, operation: &str, subject: &str) -> Option<f64> {
    let file = directory.join(operation).join(subject).join("new/estimates.json");
    let estimates: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn in_words(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => "-".to_owned(),
        Some(ns) if ns < 1e4 => format!("{ns:.1} ns"),
        Some(ns) if ns < 1e7 => format!("{:.1} us", ns / 1e3),
        Some(ns) => format!("{:.1} ms", ns / 1e6),
    }
}

fn print_figures(figures: &[Figure]) {
    println!("\nFigures: the ratio is the median over the rounds, its quartiles beside it\n");
    println!(
        "{:<58} {:>12} {:>12} {:<8} {:>6} {:>14}  {:>6} {:<6}  against",
        "figure", "ours", "base", "unit", "ratio", "quartiles", "target", ""
    );
    let (wanted, given): (Vec<_>, Vec<_>) = figures.iter().partition(|figure| figure.target != 0.0);
    for figure in wanted.iter().chain(&given) {
        let Figure { what, base_name, unit, ours, base, ratio, low, high, target, .. } = figure;
        let target = if *target == 0.0 { String::new() } else { format!("{target:.2}") };
        let quartiles = format!("{low:.2}..{high:.2}");
        let verdict = figure.verdict();
        println!(
            "{what:<58} {ours:>12.1} {base:>12.1} {unit:<8} {ratio:>6.2} {quartiles:>14}  {target:>6} {verdict:<6}  {base_name}"
        );
    }
    let missed = wanted.iter().filter(|figure| figure.verdict() == "MISSED").count();
    println!("\n{} figures have a target: {} met, {missed} missed", wanted.len(), wanted.len() - missed);
}

fn print_peers(figures: &[Figure], criterion: &Path) {
    println!("\nPeers in process, beside worldstate behind its C interface: medians\n");
    let subjects = [WorldState::NAME, RevmJournal::NAME, CacheDb::NAME, ForkDb::NAME];
    print!("{:<34} {:>14}", "operation", "C interface");
    for subject in subjects {
        print!(" {subject:>21}");
    }
    println!();
    for (operation, what) in OPERATIONS {
        let ours = figures.iter().find(|figure| figure.id == operation).map(|figure| figure.ours);
        print!("{what:<34} {:>14}", in_words(ours));
        for subject in subjects {
            print!(" {:>21}", in_words(median(criterion, operation, subject)));
        }
        println!();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [results, library, criterion @ ..] = arguments.as_slice() else {
        return Err("usage: report RESULTS_FILE LIBRARY [CRITERION_DIR]".into());
    };
    #[expect(clippy::cast_precision_loss, reason = "a file far below 2^52 bytes")]
    let size = fs::metadata(library)?.len() as f64;
    let text = fs::read_to_string(results)?;
    let mut figures = text.lines().map(Figure::parse).collect::<Option<Vec<_>>>().ok_or("a line is not a figure")?;
    figures.push(Figure::of("library_size", "libworldstate.so, stripped", "6 MiB", "bytes", (size, SIZE_LIMIT), 1.0));
    print_figures(&figures);
    if let [criterion, ..] = criterion {
        print_peers(&figures, Path::new(criterion));
    }
    Ok(())
}
