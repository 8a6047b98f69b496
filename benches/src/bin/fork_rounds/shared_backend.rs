//! foundry-fork-db's `SharedBackend` over the same proxy.

use crate::chain::{ACCOUNTS, Chain, address, balance, slot, value};
use crate::{Result, millis, record};
use alloy_primitives::{Address, U256};
use alloy_provider::ProviderBuilder;
use alloy_provider::network::AnyNetwork;
use fork_db_interface::DatabaseRef;
use foundry_fork_db::SharedBackend;
use foundry_fork_db::cache::{BlockchainDb, BlockchainDbMeta};
use std::path::Path;
use std::time::Instant;
use worldstate::fork::Fork;
use worldstate::state::State;
use worldstate_bench::results::{Figure, quantile};

/// Read one after the other, as an execution reads, of [`ACCOUNTS`].
const SOME: u64 = 50;
/// Threads that read at the same time, which is what makes it ask for several values at once.
const THREADS: u64 = 64;
const CACHED_ROUNDS: usize = 101;

type Backend = SharedBackend<AnyNetwork, u64>;

fn open(chain: &Chain) -> Result<Backend> {
    let provider = ProviderBuilder::new().network::<AnyNetwork>().connect_http(chain.proxy.url().parse()?);
    let meta = BlockchainDbMeta::new(chain.block, chain.proxy.url());
    Ok(SharedBackend::spawn_backend_thread(provider, BlockchainDb::new(meta, None), Some(chain.block.into())))
}

fn read(backend: &Backend, number: u64) -> Result<()> {
    let account = backend.basic_ref(address(number))?.ok_or("no account")?;
    if account.balance != balance(number) || backend.storage_ref(address(number), slot(number))? != value(number) {
        return Err(format!("SharedBackend has another value for account {number}").into());
    }
    Ok(())
}

/// Nanoseconds for each of the slots, all of which are at hand.
fn time(keys: &[(Address, U256)], mut read: impl FnMut(Address, U256) -> Result<U256>) -> Result<f64> {
    let start = Instant::now();
    let mut sum = U256::ZERO;
    for (address, slot) in keys {
        sum ^= read(*address, *slot)?;
    }
    let elapsed = start.elapsed();
    if sum != (0..ACCOUNTS).map(value).fold(U256::ZERO, |sum, value| sum ^ value) {
        return Err("a cached slot has another value".into());
    }
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    Ok(elapsed.as_secs_f64() * 1e9 / ACCOUNTS as f64)
}

pub(crate) fn measure(path: &Path, chain: &Chain, ours: f64) -> Result<()> {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let scale = (ACCOUNTS / SOME) as f64;
    let backend = open(chain)?;
    let start = Instant::now();
    let ((), bodies) = chain.counting(|| (0..SOME).try_for_each(|number| read(&backend, number)))?;
    let in_turn = millis(start) * scale;
    println!(
        "SharedBackend, one after the other: {SOME} accounts measured in {bodies} HTTP requests, times {scale:.0}"
    );
    let what = "  against SharedBackend, one read after the other";
    record(path, &Figure::of("forking_cold_backend", what, "SharedBackend", "ms", (ours, in_turn), 0.0))?;

    let backend = open(chain)?;
    let start = Instant::now();
    let ((), bodies) = chain.counting(|| {
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..THREADS)
                .map(|first| {
                    let backend = backend.clone();
                    scope.spawn(move || {
                        let mut numbers = (first..ACCOUNTS).step_by(usize::try_from(THREADS).unwrap_or(1));
                        numbers.try_for_each(|number| read(&backend, number)).map_err(|error| error.to_string())
                    })
                })
                .collect();
            readers
                .into_iter()
                .try_for_each(|reader| reader.join().map_err(|_| "a reader panicked")?.map_err(Into::into))
        })
    })?;
    let at_once = millis(start);
    println!("SharedBackend, {THREADS} threads at once: {bodies} HTTP requests");
    let what = "  against SharedBackend, 64 threads at once";
    record(path, &Figure::of("forking_cold_backend_threads", what, "SharedBackend", "ms", (ours, at_once), 0.0))?;

    // What is at hand, through each one's seam for executions.
    let fork = Fork::open(chain.options())?;
    fork.prefetch(&crate::cold::wanted())?;
    let state = State::with_source(fork);
    crate::cold::read(&state, ACCOUNTS)?;
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    let keys: Vec<_> = (0..ACCOUNTS).map(|number| (address(number), slot(number))).collect();
    for _ in 0..CACHED_ROUNDS {
        mine.push(time(&keys, |address, slot| Ok(state.storage(address, slot)?))?);
        theirs.push(time(&keys, |address, slot| Ok(backend.storage_ref(address, slot)?))?);
    }
    let pair = (quantile(&mut mine, 0.5), quantile(&mut theirs, 0.5));
    let what = "a cached slot of a fork";
    record(path, &Figure::of("forking_cached", what, "SharedBackend", "ns", pair, 0.0))
}
