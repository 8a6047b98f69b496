//! Random operation sequences against a naive model that clones the whole world at every mark.
//!
//! `WORLDSTATE_SEED` varies the sequences, `WORLDSTATE_CASES` their number for each of the two tests. A failing sequence
//! is printed shrunk, with the seed.

#[path = "support/model.rs"]
mod model;
#[path = "support/remote.rs"]
mod remote;
#[path = "support/sequence.rs"]
mod sequence;
#[path = "support/subject.rs"]
mod subject;

use model::Model;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use remote::{Dice, FaultySource, random_world};
use sequence::{ADDRESSES, Op, SLOTS, op, run};
use subject::Direct;

const SEQUENCES: u32 = 5_000;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

/// Runs random sequences, each with a random seed of its own.
fn sequences(stream: u8, test: impl Fn(&[Op], u64) -> Result<(), String>) {
    let seed = number("WORLDSTATE_SEED", 1);
    let cases = u32::try_from(number("WORLDSTATE_CASES", SEQUENCES.into())).unwrap();
    let mut bytes = [stream; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let outcome =
        runner.run(&(vec(op(), 1..40), any::<u64>()), |(ops, seed)| test(&ops, seed).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => println!("{cases} sequences, WORLDSTATE_SEED={seed}"),
        Err(TestError::Fail(flaw, (ops, case))) => {
            panic!("{flaw}\nWORLDSTATE_SEED={seed}, seed of the case {case}, shrunk sequence:\n{ops:#?}")
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn local_state_equals_model() {
    sequences(0, |ops, seed| run(&mut Direct::default(), Model::local(), ops, seed));
}

#[test]
fn state_over_a_faulty_source_equals_model() {
    sequences(1, |ops, seed| {
        let world = random_world(&mut Dice(seed), &ADDRESSES, &SLOTS, true);
        run(&mut Direct::over(FaultySource::new(world.clone())), Model::over(world), ops, seed)
    });
}
