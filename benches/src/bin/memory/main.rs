//! Bytes allocated for each slot, and what a fork holds. Usage: `memory RESULTS_FILE [fork]`

mod fork;

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use worldstate_bench::results::Figure;
use worldstate_bench::subjects::{CacheDb, FlatMap, ForkDb, Keys, RevmJournal, Subject, WorldState};
use worldstate_floor::workload::SLOTS;

/// The system's allocator, with a count of the bytes that live in it.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(clippy::cast_precision_loss, reason = "bytes in memory are far below 2^52")]
fn bytes_per_slot<S: Subject>(keys: &Keys) -> f64 {
    let before = LIVE.load(Ordering::Relaxed);
    let mut subject = S::filled(keys);
    let after = LIVE.load(Ordering::Relaxed);
    subject.verify(keys);
    (after - before) as f64 / keys.len() as f64
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: memory RESULTS_FILE [fork]")?;
    let path = Path::new(&path);
    fork::measure(path)?;
    if std::env::args().nth(2).is_some_and(|part| part == "fork") {
        return Ok(());
    }
    let keys = Keys::new(SLOTS);
    let base = bytes_per_slot::<FlatMap>(&keys);
    let against = |id: &str, what: &str, ours: f64, base: f64, target: f64| {
        Figure::of(id, what, "flat map", "bytes", (ours, base), target).record(path)
    };
    against("memory", "memory per slot, 1,000,000 slots", bytes_per_slot::<WorldState>(&keys), base, 1.1)?;

    // Both kinds of table double when they are 7/8 full, at different numbers of slots: one number could flatter.
    let sizes = [600_000, 700_000, 800_000, 900_000, 1_000_000, 1_200_000, 1_400_000, 1_600_000, 1_800_000];
    let (mut ours, mut flat) = (0.0, 0.0);
    for n in sizes {
        let keys = Keys::new(n);
        ours += bytes_per_slot::<WorldState>(&keys);
        flat += bytes_per_slot::<FlatMap>(&keys);
    }
    #[expect(clippy::cast_precision_loss, reason = "nine")]
    let n = sizes.len() as f64;
    against("memory_sizes", "memory per slot, mean of 9 sizes, 0.6 to 1.8 million", ours / n, flat / n, 0.0)?;

    for (id, name, bytes) in [
        ("memory_cache_db", CacheDb::NAME, bytes_per_slot::<CacheDb>(&keys)),
        ("memory_journal", RevmJournal::NAME, bytes_per_slot::<RevmJournal>(&keys)),
        ("memory_fork_db", ForkDb::NAME, bytes_per_slot::<ForkDb>(&keys)),
    ] {
        against(id, &format!("  {name}"), bytes, base, 0.0)?;
    }
    Ok(())
}
