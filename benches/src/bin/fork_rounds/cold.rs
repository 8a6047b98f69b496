//! A thousand accounts with one slot each, of which nothing is at hand.

use crate::chain::{ACCOUNTS, Chain, address, balance, slot, value};
use crate::{Result, millis, record};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use worldstate::fork::{AccountSource, Fork, ForkOptions};
use worldstate::state::{Request, State};
use worldstate_bench::results::{Figure, quantile};

/// Read one by one, of [`ACCOUNTS`].
const ONE_BY_ONE: u64 = 20;
const ROUNDS: usize = 5;

/// Compares the balance and the slot of each account with what the chain was made with.
pub(crate) fn read(state: &State, accounts: u64) -> Result<()> {
    for number in 0..accounts {
        let (balance_read, value_read) =
            (state.balance(address(number))?, state.storage(address(number), slot(number))?);
        if balance_read != balance(number) || value_read != value(number) {
            return Err(format!("account {number} reads {balance_read} and {value_read}").into());
        }
    }
    Ok(())
}

pub(crate) fn wanted() -> Vec<Request> {
    let both = |number| [Request::Account(address(number)), Request::Storage(address(number), slot(number))];
    (0..ACCOUNTS).flat_map(both).collect()
}

/// Opens a fork, prefetches all and reads all. Seconds of the prefetch with the reads, HTTP requests of the same.
pub(crate) fn prefetched(chain: &Chain, options: ForkOptions) -> Result<(Arc<Fork>, f64, usize)> {
    let fork = Fork::open(options)?;
    let wanted = wanted();
    let start = Instant::now();
    let ((), bodies) = chain.counting(|| {
        fork.prefetch(&wanted)?;
        read(&State::with_source(fork.clone()), ACCOUNTS)
    })?;
    Ok((fork, millis(start), bodies))
}

/// Median of the milliseconds of some rounds, and the HTTP requests of one.
fn rounds(chain: &Chain, account_source: AccountSource) -> Result<(f64, usize)> {
    let mut times = Vec::new();
    let mut bodies = 0;
    for _ in 0..ROUNDS {
        let (_, time, sent) = prefetched(chain, ForkOptions { account_source, ..chain.options() })?;
        bodies = sent;
        times.push(time);
    }
    Ok((quantile(&mut times, 0.5), bodies))
}

/// Milliseconds for the prefetch and the reads.
pub(crate) fn measure(path: &Path, chain: &Chain) -> Result<f64> {
    let figure = |id: &str, what: &str, base: &str, unit: &str, pair, target| {
        record(path, &Figure::of(id, what, base, unit, pair, target))
    };
    let (time, bodies) = rounds(chain, AccountSource::Auto)?;
    let (fields, _) = rounds(chain, AccountSource::Fields)?;

    let start = Instant::now();
    let state = State::with_source(Fork::open(chain.options())?);
    let opened = millis(start);
    let start = Instant::now();
    let ((), single) = chain.counting(|| read(&state, ONE_BY_ONE))?;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (scale, bodies, single) = ((ACCOUNTS / ONE_BY_ONE) as f64, bodies as f64, single as f64);
    let one_by_one = millis(start) * scale;
    println!("one by one: {ONE_BY_ONE} accounts measured, times {scale:.0}; a fork opens in {opened:.0} ms");
    figure("forking_cold", "1,000 accounts and slots, cold, 50 ms a request", "300 ms", "ms", (time, 300.0), 1.0)?;
    figure("forking_cold_fields", "  without proofs from the beginning", "300 ms", "ms", (fields, 300.0), 1.0)?;
    figure("forking_cold_single", "  against one request a value", "one by one", "ms", (time, one_by_one), 0.0)?;
    figure("forking_cold_requests", "  HTTP requests", "one by one", "requests", (bodies, single * scale), 0.0)?;

    // anvil makes its whole state's trie anew for each proof, which is most of this time.
    let (with_proofs, bodies) = rounds(chain, AccountSource::Proof)?;
    println!("with proofs: {bodies} HTTP requests");
    let what = "  with proofs to the end";
    figure("forking_cold_proofs", what, "default", "ms", (with_proofs, time), 0.0)?;
    Ok(time)
}
