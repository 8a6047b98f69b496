//! Checkpoints, snapshots, changes.

use super::since;
use crate::ffi::buffer::{KeptText, Out, OutText, TextOf};
use crate::ffi::guard;
use crate::ffi::handle::StateManagerHandle;
use crate::state::SnapshotId;
use std::ffi::{c_char, c_int};

/// Opens a checkpoint inside those that are open. O(1), whatever the size of the state.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_checkpoint(handle: StateManagerHandle) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        state.checkpoint();
        Ok(())
    })
}

/// Undoes everything since the innermost checkpoint and closes it; snapshots taken since die. NO_CHECKPOINT when none
/// is open.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_revert(handle: StateManagerHandle) -> c_int {
    guard::state_manager(handle.addr(), crate::state::State::revert)
}

/// Closes the innermost checkpoint and keeps what was written since; snapshots live on. NO_CHECKPOINT when none is
/// open.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_commit(handle: StateManagerHandle) -> c_int {
    guard::state_manager(handle.addr(), crate::state::State::commit)
}

/// Number of open checkpoints.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_checkpoint_depth(handle: StateManagerHandle, out_depth: *mut usize) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { Out::new("out_depth", out_depth) }?;
        out.write(state.checkpoint_depth())
    })
}

/// Takes a snapshot. Ids count from 1 and are never reused, whatever checkpoints are open. O(1). What is written since
/// is remembered until the snapshot dies, or is deleted with state_manager_delete_snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_snapshot(handle: StateManagerHandle, out_id: *mut u64) -> c_int {
    guard::state_manager(handle.addr(), |state| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { Out::new("out_id", out_id) }?;
        out.write(state.snapshot().0)
    })
}

/// Undoes everything since the snapshot, which dies together with every newer one and with the checkpoints opened
/// since. INVALID_SNAPSHOT for an id that was never given, or is dead.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_revert_to_snapshot(handle: StateManagerHandle, id: u64) -> c_int {
    guard::state_manager(handle.addr(), |state| state.revert_to_snapshot(SnapshotId(id)))
}

/// Forgets a snapshot and keeps what was written since; other snapshots and checkpoints live on. INVALID_SNAPSHOT for
/// an id that was never given, or is dead.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_delete_snapshot(handle: StateManagerHandle, id: u64) -> c_int {
    guard::state_manager(handle.addr(), |state| state.delete_snapshot(SnapshotId(id)))
}

/// What really differs between a snapshot (or, with `snapshot_id` 0, the opening of the innermost checkpoint) and now,
/// as JSON:
///
///   {"storage":[{"address","slot","originalValue","newValue"}],
///    "balances":[{"address","originalBalance","newBalance"}],
///    "nonces":[{"address","originalNonce","newNonce"}],
///    "codes":[{"address","code"}],
///    "selfDestructs":[address]}
///
/// Slots and their values are 32-byte 0x hex, balances and nonces 0x quantities; each list is in ascending order.
/// Deleted accounts are in selfDestructs, and what they had in the other lists. On a fork, `"clearedStorage":[address]`
/// is added for accounts whose storage was cleared while they still exist: of their slots, only those written locally
/// are listed. NO_CHECKPOINT when none is open, INVALID_SNAPSHOT for an id that was never given, or is dead.
///
/// Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
/// alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_changes(
    handle: StateManagerHandle,
    snapshot_id: u64,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::state_manager_text(handle.addr(), |state, kept| {
        // SAFETY: pointers as the interface's contract says.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        let since = since(snapshot_id);
        KeptText::answer(kept, TextOf::Changes(since), state.version(), &out, || Ok(state.changes(since)?.to_json()))
    })
}
