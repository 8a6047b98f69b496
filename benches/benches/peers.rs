//! The operations of the C program, in process: no C call, the compiler may inline, lookups may overlap.

use alloy_primitives::Address;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main, measurement::WallTime};
use std::hint::black_box;
use std::time::Duration;
use worldstate_bench::subjects::{CacheDb, ForkDb, Keys, Revertible, RevmJournal, Subject, WorldState};
use worldstate_floor::workload::{self, SLOTS};

const HOLDERS: usize = 10_000;
const WRITES: usize = 100;
const DEPTH: usize = 1_024;
const SNAPSHOTS: usize = 1_000;

/// Goes round the positions below `n`.
struct Walk {
    position: usize,
    n: usize,
}

impl Walk {
    fn next(&mut self) -> usize {
        self.position = if self.position + 1 == self.n { 0 } else { self.position + 1 };
        self.position
    }
}

fn group<'a>(c: &'a mut Criterion, name: &str, milliseconds: u64) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(milliseconds));
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group
}

fn overwrite<S: Subject>(subject: &mut S, keys: &Keys, position: usize) {
    subject.set(keys.addresses[position], keys.slots[position], keys.values[keys.len() - 1 - position]);
}

fn slots<S: Subject>(c: &mut Criterion, keys: &Keys, subject: &mut S) {
    let mut walk = Walk { position: 0, n: keys.len() };
    group(c, "get_storage", 700).bench_function(S::NAME, |b| {
        b.iter(|| {
            let position = walk.next();
            black_box(subject.get(keys.addresses[position], keys.slots[position]))
        });
    });
    group(c, "set_storage", 700).bench_function(S::NAME, |b| {
        b.iter(|| overwrite(subject, keys, walk.next()));
    });
    // The walks above end anywhere: everything has to have its value again for the next user.
    for position in 0..keys.len() {
        subject.set(keys.addresses[position], keys.slots[position], keys.values[position]);
    }
    subject.settle();
}

fn balances<S: Subject>(c: &mut Criterion) {
    let mut subject = S::new();
    let order = workload::shuffled(HOLDERS);
    let holders: Vec<Address> = order.iter().map(|i| workload::address(*i).into()).collect();
    for (i, holder) in holders.iter().enumerate() {
        subject.set_balance(*holder, alloy_primitives::U256::from(i + 1));
    }
    subject.settle();
    for (i, holder) in holders.iter().enumerate() {
        assert_eq!(subject.balance(*holder), alloy_primitives::U256::from(i + 1), "{}", S::NAME);
    }
    let mut walk = Walk { position: 0, n: HOLDERS };
    group(c, "get_balance", 500).bench_function(S::NAME, |b| {
        b.iter(|| black_box(subject.balance(holders[walk.next()])));
    });
}

fn revert_100<S: Revertible>(c: &mut Criterion, keys: &Keys, subject: &mut S) {
    let mut walk = Walk { position: 0, n: keys.len() };
    group(c, "revert_100", 700).bench_function(S::NAME, |b| {
        b.iter(|| {
            let mark = subject.mark();
            for _ in 0..WRITES {
                overwrite(subject, keys, walk.next());
            }
            subject.revert(mark);
        });
    });
    subject.verify(keys);
}

fn deep<S: Revertible>(c: &mut Criterion, keys: &Keys, subject: &mut S) {
    let mut walk = Walk { position: 0, n: keys.len() };
    group(c, "nested_1024", 700).bench_function(S::NAME, |b| {
        b.iter(|| {
            let mut marks = Vec::with_capacity(DEPTH);
            for _ in 0..DEPTH {
                marks.push(subject.mark());
                overwrite(subject, keys, walk.next());
            }
            for mark in marks.into_iter().rev() {
                subject.revert(mark);
            }
        });
    });
    group(c, "snapshots_1000", 700).bench_function(S::NAME, |b| {
        b.iter(|| {
            let first = subject.mark();
            for snapshot in 0..SNAPSHOTS {
                if snapshot > 0 {
                    subject.mark();
                }
                for _ in 0..WRITES {
                    overwrite(subject, keys, walk.next());
                }
            }
            subject.revert(first);
        });
    });
    subject.verify(keys);
}

fn journaled<S: Revertible>(c: &mut Criterion, keys: &Keys) {
    let mut subject = S::filled(keys);
    subject.verify(keys);
    slots(c, keys, &mut subject);
    revert_100(c, keys, &mut subject);
    deep(c, keys, &mut subject);
    balances::<S>(c);
}

fn peers(c: &mut Criterion) {
    let keys = Keys::new(SLOTS);
    journaled::<WorldState>(c, &keys);
    journaled::<RevmJournal>(c, &keys);

    // A clone of a million slots for each mark: deep nesting would take hundreds of gigabytes.
    let mut cache_db = CacheDb::filled(&keys);
    cache_db.verify(&keys);
    slots(c, &keys, &mut cache_db);
    revert_100(c, &keys, &mut cache_db);
    drop(cache_db);
    balances::<CacheDb>(c);

    let mut fork_db = ForkDb::filled(&keys);
    fork_db.verify(&keys);
    slots(c, &keys, &mut fork_db);
    balances::<ForkDb>(c);
}

criterion_group!(benches, peers);
criterion_main!(benches);
