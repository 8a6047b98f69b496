//! The sequences of `state_model` again, through the C interface; for the forked half, a host answers the fork's
//! requests with the JSON of a node, or fails them.

#[path = "support/changes.rs"]
mod changes;
#[path = "support/host.rs"]
mod host;
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
#[path = "support/through_c.rs"]
mod through_c;

use model::Model;
use operations::{ADDRESSES, SLOTS, op, sequences};
use remote::{Dice, random_world};
use sequence::run;
use through_c::ThroughC;

const SEQUENCES: u32 = 5_000;

#[test]
fn local_state_through_c_equals_model() {
    sequences(0, SEQUENCES, 40, op(1), |ops, seed| run(&mut ThroughC::local(seed), Model::local(), ops, seed));
}

#[test]
fn forked_state_through_c_equals_model() {
    sequences(1, SEQUENCES, 40, op(1), |ops, seed| {
        // Without empty accounts: a node's answer does not tell them from absent ones.
        let world = random_world(&mut Dice(seed), &ADDRESSES, &SLOTS, false);
        run(&mut ThroughC::over(world.clone(), seed), Model::over(world), ops, seed)
    });
}
