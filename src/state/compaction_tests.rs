//! The model test again, inside the crate, where segments of eight entries are long enough to be compacted: many writes
//! between the marks, so that nearly all undoing and comparing goes through compacted segments.

#[path = "../../tests/support/direct.rs"]
mod direct;
#[path = "../../tests/support/faulty_source.rs"]
mod faulty_source;
#[path = "../../tests/support/model.rs"]
mod model;
#[path = "../../tests/support/operations.rs"]
mod operations;
#[path = "../../tests/support/remote.rs"]
mod remote;
#[path = "../../tests/support/sequence.rs"]
mod sequence;
#[path = "../../tests/support/subject.rs"]
mod subject;

use crate::random;
use direct::Direct;
use faulty_source::FaultySource;
use model::Model;
use operations::{ADDRESSES, SLOTS, op, sequences};
use remote::{Dice, random_world};
use sequence::run;

const SEQUENCES: u32 = 400;

#[test]
fn compacted_local_state_equals_model() {
    sequences(2, SEQUENCES, 200, op(4), |ops, seed| run(&mut Direct::default(), Model::local(), ops, seed));
}

#[test]
fn compacted_state_over_a_faulty_source_equals_model() {
    sequences(3, SEQUENCES, 200, op(4), |ops, seed| {
        let world = random_world(&mut Dice(seed), &ADDRESSES, &SLOTS, true);
        run(&mut Direct::over(FaultySource::new(world.clone())), Model::over(world), ops, seed)
    });
}
