//! Random operation sequences against a naive model that clones the whole world at every mark.
//!
//! `WORLDSTATE_SEED` varies the sequences, `WORLDSTATE_CASES` their number for each of the two tests. A failing sequence
//! is printed shrunk, with the seed.

#[path = "support/direct.rs"]
mod direct;
#[path = "support/faulty_source.rs"]
mod faulty_source;
#[path = "support/model.rs"]
mod model;
#[path = "support/operations.rs"]
mod operations;
#[path = "support/random.rs"]
mod random;
#[path = "support/remote.rs"]
mod remote;
#[path = "support/sequence.rs"]
mod sequence;
#[path = "support/subject.rs"]
mod subject;

use direct::Direct;
use faulty_source::FaultySource;
use model::Model;
use operations::{ADDRESSES, SLOTS, op, sequences};
use remote::{Dice, random_world};
use sequence::run;

const SEQUENCES: u32 = 5_000;

#[test]
fn local_state_equals_model() {
    sequences(0, SEQUENCES, 40, op(1), |ops, seed| run(&mut Direct::default(), Model::local(), ops, seed));
}

#[test]
fn state_over_a_faulty_source_equals_model() {
    sequences(1, SEQUENCES, 40, op(1), |ops, seed| {
        let world = random_world(&mut Dice(seed), &ADDRESSES, &SLOTS, true);
        run(&mut Direct::over(FaultySource::new(world.clone())), Model::over(world), ops, seed)
    });
}
