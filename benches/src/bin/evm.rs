//! Execution against plain revm. Usage: `evm RESULTS_FILE [PEER_NAME=MICROSECONDS…]`, the peers' 1,000 ERC-20 transfers.
//! `evm transfer-data` prints the call data of those transfers.

use std::error::Error;
use std::path::Path;
use worldstate_bench::evm::measure::{geometric_mean, in_turn, thread_time};
use worldstate_bench::evm::ours::{Lifecycle, Ours, Waiting};
use worldstate_bench::evm::plain::{Plain, Restarting};
use worldstate_bench::evm::{Outcome, assembly, local_workloads, scene};
use worldstate_bench::results::{Figure, quantile};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 60;
const PLAIN: &str = "revm 43.0.3 over CacheDB";

/// Everything at hand: ours against plain revm. Microseconds of ours for the ERC-20 transfers.
fn local(path: &Path) -> Result<f64> {
    let mut ratios = Vec::new();
    let mut transfers = 0.0;
    for workload in local_workloads()? {
        let mut ours = Ours::new(&workload.world, &workload.call)?;
        let mut plain = Plain::new(&workload.world, &workload.call);
        let (first, expected) = (ours.run()?, plain.run()?);
        if first != expected || !first.success {
            return Err(format!("{}: ours {first:?}, plain {expected:?}", workload.id).into());
        }
        let times = in_turn(ROUNDS, || Ok(ours.run()?), || Ok(plain.run()?))?;
        let figure = times.figure(workload.id, workload.what, PLAIN, 1.15);
        figure.record(path)?;
        if workload.id == "evm_transfer" {
            transfers = figure.ours;
        }
        ratios.push(figure.ratio);
    }
    let mean = geometric_mean(&ratios);
    Figure::of("evm_local", "all of these, geometric mean of the ratios", PLAIN, "ratio", (mean, 1.0), 1.05)
        .record(path)?;
    Ok(transfers)
}

/// 1,000 values that are missing, 2,000 instructions between two of them.
fn misses(path: &Path) -> Result<()> {
    const MISSES: u32 = 1_000;
    let workload = assembly::misses(MISSES);
    let plain = Plain::new(&workload.world, &workload.call).run()?;
    let mut waiting = Waiting::new(&workload.world, &workload.call)?;
    let mut local = Ours::new(&workload.world, &workload.call)?;
    let check = |outcome: Outcome| if outcome == plain { Ok(()) } else { Err(format!("{outcome:?} is not {plain:?}")) };
    let times = in_turn(
        ROUNDS,
        || {
            let cold = waiting.run()?;
            if cold.rounds < MISSES as usize {
                return Err(format!("{} rounds for {MISSES} misses", cold.rounds).into());
            }
            Ok(check(cold.outcome)?)
        },
        || Ok(check(local.run()?)?),
    )?;
    let figure =
        times.figure("evm_misses", "1,000 misses, 2,000 instructions apart", "the same, nothing missing", 1.05);
    figure.record(path)?;
    let mut answering = Vec::new();
    for _ in 0..ROUNDS {
        answering.push(waiting.run_timing_answers()?.answering.as_secs_f64() * 1e6);
    }
    let answering = quantile(&mut answering, 0.5);
    let each = (figure.ours - figure.base - answering) / f64::from(MISSES);
    Figure::of("evm_miss", "a miss, besides its answer", "0.3 us", "us", (each, 0.3), 1.0).record(path)?;
    let each = answering / f64::from(MISSES);
    Figure::of("evm_answer", "looking up and handing over an answer", "0.3 us", "us", (each, 0.3), 0.0).record(path)?;

    let mut restarting = Restarting::new(&workload.world, &workload.call);
    let start = thread_time();
    let (outcome, starts) = restarting.run()?;
    check(outcome)?;
    let restart = (thread_time() - start).as_secs_f64() * 1e6;
    let what = format!("the same by restarting revm {starts} times");
    Figure::of("evm_restart", "1,000 misses, by going on", &what, "us", (figure.ours, restart), 0.0).record(path)?;
    Ok(())
}

/// Steps a second with a trace, whatever is done with the text. A trace that is off is what the local figures measure.
fn traced(path: &Path) -> Result<()> {
    const WANTED: f64 = 5e6;
    let workload = assembly::compute();
    let mut ours = Ours::new(&workload.world, &workload.call)?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS / 6 {
        let start = thread_time();
        let lines = ours.run_traced()?;
        #[expect(clippy::cast_precision_loss, reason = "below 2^52")]
        times.push((thread_time() - start).as_secs_f64() * 1e9 / lines as f64);
    }
    let step = quantile(&mut times, 0.5);
    let what = "a step with an EIP-3155 trace, stack and all";
    Figure::of("evm_trace", what, "5 million steps a second", "ns", (step, 1e9 / WANTED), 1.0).record(path)?;
    Ok(())
}

fn lifecycle(path: &Path) -> Result<()> {
    let workload = assembly::call();
    let mut lifecycle = Lifecycle::new(&workload.call)?;
    const RUNS: u32 = 2_000;
    let (mut create, mut abort) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = thread_time();
        for _ in 0..RUNS {
            lifecycle.create_and_destroy()?;
        }
        create.push((thread_time() - start).as_secs_f64() * 1e6 / f64::from(RUNS));
        let start = thread_time();
        for _ in 0..RUNS {
            lifecycle.start_and_abort()?;
        }
        abort.push((thread_time() - start).as_secs_f64() * 1e6 / f64::from(RUNS));
    }
    let (create, abort) = (quantile(&mut create, 0.5), quantile(&mut abort, 0.5));
    Figure::of("evm_create", "creating and destroying an Evm", "5 us", "us", (create, 5.0), 1.0).record(path)?;
    Figure::of("evm_abort", "starting an execution, first need, abort", "5 us", "us", (abort, 5.0), 1.0)
        .record(path)?;
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [path, peers @ ..] = arguments.as_slice() else {
        return Err("usage: evm RESULTS_FILE [PEER=MICROSECONDS…]".into());
    };
    if path == "transfer-data" {
        println!("{}", alloy_primitives::hex::encode(scene::Scene::load()?.transfer_loop()?.call.data));
        return Ok(());
    }
    let path = Path::new(path);
    let transfers = local(path)?;
    for peer in peers {
        let (name, time) = peer.split_once('=').ok_or("a peer is NAME=MICROSECONDS")?;
        let id = format!("evm_transfer_{}", name.split(' ').next().unwrap_or(name));
        let what = "ERC-20 transfers, 1,000";
        Figure::of(&id, what, name, "us", (transfers, time.parse()?), 0.0).record(path)?;
    }
    misses(path)?;
    lifecycle(path)?;
    traced(path)?;
    Ok(())
}
