//! What grows with what: counted, not timed.

use alloy_primitives::{Address, Bytes, U256};
use worldstate::state::State;

fn account(number: u64) -> Address {
    Address::left_padding_from(&number.to_be_bytes())
}

/// A thousand accounts with a hundred slots each.
fn big() -> State {
    let mut state = State::new();
    for number in 0..1000 {
        state.set_balance(account(number), U256::from(number));
        for slot in 0..100 {
            state.set_storage(account(number), U256::from(slot), U256::from(slot + 1));
        }
    }
    state
}

#[test]
fn writes_without_a_mark_are_not_journaled() {
    let mut state = big();
    assert_eq!(state.journal_len(), 0);
    state.set_code(account(1), Bytes::from_static(&[1]));
    state.set_nonce(account(1), 1);
    state.clear_storage(account(1));
    state.delete_account(account(1));
    assert_eq!(state.load(br#"{"0x0000000000000000000000000000000000000001":{"balance":"0x1"}}"#), Ok(1));
    assert_eq!(state.journal_len(), 0);

    let snapshot = state.snapshot();
    state.set_nonce(account(1), 5);
    assert_eq!(state.journal_len(), 1);
    state.delete_snapshot(snapshot).unwrap();
    assert_eq!(state.journal_len(), 0, "the last mark is gone");
    state.set_nonce(account(1), 6);
    assert_eq!(state.journal_len(), 0);
}

#[test]
fn marks_on_a_big_state_cost_nothing() {
    let mut state = big();
    for depth in 1..=1024 {
        state.checkpoint();
        state.snapshot();
        assert_eq!((state.journal_len(), state.checkpoint_depth()), (0, depth));
    }
    state.set_storage(account(3), U256::ZERO, U256::MAX);
    assert_eq!(state.journal_len(), 1, "one entry a write, however many marks are open");
    for _ in 0..1024 {
        state.revert().unwrap();
    }
    assert_eq!((state.journal_len(), state.checkpoint_depth()), (0, 0));
    assert_eq!(state.storage(account(3), U256::ZERO), Ok(U256::ONE));
}

#[test]
fn writes_that_change_nothing_are_not_journaled() {
    let mut state = big();
    state.checkpoint();
    state.set_balance(account(7), U256::from(7));
    state.set_storage(account(7), U256::from(1), U256::from(2));
    state.set_storage(account(7), U256::from(1000), U256::ZERO);
    assert_eq!(state.journal_len(), 0);
}

/// Rewrites a few slots, balances and codes, and returns the longest journal on the way.
fn rewrite(state: &mut State, rounds: u64) -> usize {
    let mut longest = 0;
    for round in 0..rounds {
        let address = account(round % 3);
        state.set_storage(address, U256::from(round % 7), U256::from(round + 1));
        state.set_balance(address, U256::from(round));
        longest = longest.max(state.journal_len());
    }
    longest
}

#[test]
fn an_open_snapshot_is_bounded_by_what_was_touched() {
    let mut state = big();
    let snapshot = state.snapshot();
    let longest = rewrite(&mut state, 1_000_000);
    assert!(longest <= 70_000, "{longest} journal entries for 24 targets");
    state.revert_to_snapshot(snapshot).unwrap();
    assert_eq!(state.journal_len(), 0);
    assert_eq!(state.balance(account(2)), Ok(U256::from(2)));
    assert_eq!(state.storage(account(2), U256::from(6)), Ok(U256::from(7)));
}

#[test]
fn rolling_snapshots_free_what_no_mark_needs() {
    let mut state = big();
    let mut oldest = state.snapshot();
    for _ in 0..300 {
        rewrite(&mut state, 1000);
        let newer = state.snapshot();
        state.delete_snapshot(oldest).unwrap();
        oldest = newer;
        assert!(state.journal_len() <= 4000, "{} journal entries behind the oldest mark", state.journal_len());
    }
}

#[test]
fn rolling_snapshots_over_an_old_one_are_bounded_by_what_was_touched() {
    let mut state = big();
    let old = state.snapshot();
    let mut newest = state.snapshot();
    for _ in 0..300 {
        rewrite(&mut state, 1000);
        let newer = state.snapshot();
        state.delete_snapshot(newest).unwrap();
        newest = newer;
        assert!(state.journal_len() <= 140_000, "{} journal entries for 24 targets", state.journal_len());
    }
    state.revert_to_snapshot(old).unwrap();
    assert_eq!(state.balance(account(2)), Ok(U256::from(2)));
    assert_eq!(state.storage(account(2), U256::from(6)), Ok(U256::from(7)));
}

#[test]
fn committed_checkpoints_under_a_snapshot_free_what_no_mark_needs() {
    let mut state = big();
    for _ in 0..300 {
        state.checkpoint();
        rewrite(&mut state, 1000);
        let snapshot = state.snapshot();
        state.commit().unwrap();
        assert_eq!(state.journal_len(), 0, "nothing was written since the only mark");
        state.delete_snapshot(snapshot).unwrap();
    }
}
