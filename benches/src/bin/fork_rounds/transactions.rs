//! Typical transactions over a fork: the contracts of `tests/contracts` on a node, and their calls.

use crate::chain::Chain;
use crate::{Result, millis, record};
use alloy_primitives::B256;
use serde_json::json;
use std::path::Path;
use std::time::Instant;
use worldstate::evm::RunAhead;
use worldstate::fork::Fork;
use worldstate_bench::evm::World;
use worldstate_bench::evm::forked::Session;
use worldstate_bench::evm::scene::Scene;
use worldstate_bench::results::Figure;
use worldstate_floor::workload::splitmix64;

/// Calls of one session.
const SESSION: usize = 1_000;

/// One thing after the other; running ahead; the access list of `eth_createAccessList` first.
const WAYS: [RunAhead; 3] = [RunAhead::Off, RunAhead::On, RunAhead::AccessList];

/// Calls that give a world to a node.
fn written(world: &World) -> Vec<(&'static str, serde_json::Value)> {
    let mut calls = Vec::new();
    for (address, account) in &world.accounts {
        let address = address.to_string();
        calls.push(("anvil_setBalance", json!([address, format!("{:#x}", account.balance)])));
        calls.push(("anvil_setNonce", json!([address, format!("{:#x}", account.nonce)])));
        if !account.code.is_empty() {
            calls.push(("anvil_setCode", json!([address, account.code.to_string()])));
        }
        for (slot, value) in &account.storage {
            let words = [B256::from(*slot).to_string(), B256::from(*value).to_string()];
            calls.push(("anvil_setStorageAt", json!([address, words[0], words[1]])));
        }
    }
    calls
}

/// HTTP requests of each call by itself on a new fork, each way.
fn single(path: &Path, chain: &Chain, scene: &Scene) -> Result<()> {
    println!(
        "{:<22} {:>28} {:>28} {:>28}",
        "HTTP requests", "one thing after the other", "running ahead", "access list"
    );
    let mut sums = [0.0; 3];
    let mut transfer = [0.0; 3];
    for entry in &scene.calls {
        let right = Session::local(&scene.world, &entry.call)?.run(&entry.call)?;
        let mut line = format!("{:<22}", entry.label);
        for (way, run_ahead) in WAYS.into_iter().enumerate() {
            let fork = Fork::open(chain.options())?;
            let mut session = Session::forked(&fork, run_ahead, &entry.call)?;
            let start = Instant::now();
            let (outcome, bodies) = chain.counting(|| Ok(session.run(&entry.call)?))?;
            if outcome != right {
                return Err(format!("{} over a fork: {outcome:?}, on the whole state {right:?}", entry.label).into());
            }
            line += &format!(" {:>17} in {:>5.0} ms", bodies, millis(start));
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let bodies = bodies as f64;
            sums[way] += bodies;
            if entry.label == "transfer" {
                transfer[way] = bodies;
            }
        }
        println!("{line}");
    }
    let figure = |id: &str, what: &str, pair| {
        record(path, &Figure::of(id, what, "one thing after the other", "requests", pair, 0.0))
    };
    figure("forking_transfer_ahead", "an ERC-20 transfer, cold, running ahead", (transfer[1], transfer[0]))?;
    figure("forking_transfer_list", "  with an access list asked for first", (transfer[2], transfer[0]))?;
    figure("forking_calls_ahead", "14 calls, each cold, running ahead", (sums[1], sums[0]))?;
    figure("forking_calls_list", "  with an access list asked for first", (sums[2], sums[0]))
}

/// Many calls after another over one fork, their changes kept.
fn session(path: &Path, chain: &Chain, scene: &Scene) -> Result<()> {
    let mut order = 5;
    let mut draw = || {
        let random = splitmix64(&mut order);
        let entry = &scene.calls[usize::try_from(random >> 8).unwrap_or(0) % scene.calls.len()];
        if random & 1 == 0 { &entry.call } else { &entry.again }
    };
    let calls: Vec<_> = (0..SESSION).map(|_| draw()).collect();
    let fork = Fork::open(chain.options())?;
    let mut forked = Session::forked(&fork, RunAhead::On, calls[0])?;
    let mut local = Session::local(&scene.world, calls[0])?;
    let opened = fork.stats();
    let (succeeded, bodies) = chain.counting(|| {
        let mut succeeded = 0;
        for (number, call) in calls.iter().enumerate() {
            let (outcome, right) = (forked.run(call)?, local.run(call)?);
            if outcome != right {
                return Err(format!("call {number} over a fork: {outcome:?}, on the whole state {right:?}").into());
            }
            succeeded += usize::from(outcome.success);
        }
        Ok(succeeded)
    })?;
    let stats = fork.stats();
    let (hits, misses) = (stats.hits - opened.hits, stats.misses - opened.misses);
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (reads, misses, bodies, calls) = ((hits + misses) as f64, misses as f64, bodies as f64, SESSION as f64);
    println!(
        "{SESSION} mixed calls, {succeeded} of which succeed: {reads:.0} reads of remote values, {:.2} % of them at hand, {bodies:.0} HTTP requests",
        100.0 * (1.0 - misses / reads)
    );
    let figure =
        |id: &str, what: &str, base: &str, unit: &str, pair| record(path, &Figure::of(id, what, base, unit, pair, 0.0));
    figure(
        "forking_session_misses",
        "a session of 1,000 calls: values fetched",
        "values read",
        "values",
        (misses, reads),
    )?;
    figure("forking_session", "  HTTP requests", "calls", "requests", (bodies, calls))
}

pub(crate) fn measure(path: &Path) -> Result<()> {
    let scene = Scene::load()?;
    let Some(chain) = Chain::of(&written(&scene.world))? else { return Ok(()) };
    single(path, &chain, &scene)?;
    session(path, &chain, &scene)
}
