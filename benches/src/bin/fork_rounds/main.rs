//! Round trips of a fork to a distant node. Usage: `fork_rounds RESULTS_FILE LIBRARY [PART…]`, where the parts are
//! `anvil`, `backend`, `transactions`, `disk` and `proof`; without any, all of them.
//!
//! The node is anvil on loopback behind a proxy in this process, in which each HTTP request takes 50 ms; several at the
//! same time take 50 ms together. Every value that is read is compared with what the chain was made with. Without anvil
//! (`WORLDSTATE_ANVIL`) nothing is measured.

#[path = "../../../../tests/support/anvil.rs"]
mod anvil;
mod anvil_fork;
mod chain;
mod cold;
mod disk;
#[path = "../../../../tests/support/faulty_proxy.rs"]
mod faulty_proxy;
mod proof;
mod shared_backend;
mod transactions;

use chain::Chain;
use std::path::Path;
use std::time::Instant;
use worldstate_bench::results::Figure;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn record(path: &Path, figure: &Figure) -> Result<()> {
    Ok(figure.record(path)?)
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [disk::RESTARTED, cache_dir] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return disk::restarted(cache_dir.into());
    }
    let [results, library, parts @ ..] = arguments.as_slice() else {
        return Err("usage: fork_rounds RESULTS_FILE LIBRARY [PART…]".into());
    };
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let path = Path::new(results);
    let Some(chain) = Chain::start()? else { return Ok(()) };
    // What the others are compared with.
    let ours = cold::measure(path, &chain)?;
    if wants("anvil") {
        anvil_fork::measure(path, &chain, ours)?;
    }
    if wants("backend") {
        shared_backend::measure(path, &chain, ours)?;
    }
    if wants("transactions") {
        transactions::measure(path)?;
    }
    if wants("disk") {
        disk::measure(path, &chain, ours)?;
    }
    if wants("proof") {
        proof::measure(path, Path::new(library))?;
    }
    Ok(())
}
