package worldstate

// #include "shim_state.h"
import "C"

import "context"

// Checkpoint opens a checkpoint inside those that are open, at the same cost for any state.
func (s *StateManager) Checkpoint() error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_checkpoint(id) })
}

// Revert undoes everything since the innermost checkpoint and closes it; snapshots taken since die. ErrNoCheckpoint where none is open.
func (s *StateManager) Revert() error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_revert(id) })
}

// Commit closes the innermost checkpoint and keeps what was written since. ErrNoCheckpoint where none is open.
func (s *StateManager) Commit() error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_commit(id) })
}

// CheckpointDepth is the number of open checkpoints.
func (s *StateManager) CheckpointDepth() (int, error) {
	depth, err := s.readNumber(context.Background(), func(id C.uintptr_t) C.ws_number_result { return C.ws_checkpoint_depth(id) })
	return int(depth), err
}

// SnapshotID names a snapshot. Ids count from 1 and are never reused.
type SnapshotID uint64

// Snapshot takes a snapshot. What is written since is remembered until it dies, or DeleteSnapshot forgets it.
func (s *StateManager) Snapshot() (SnapshotID, error) {
	id, err := s.readNumber(context.Background(), func(id C.uintptr_t) C.ws_number_result { return C.ws_snapshot(id) })
	return SnapshotID(id), err
}

// RevertToSnapshot undoes everything since the snapshot, which dies together with every newer one and with the checkpoints opened
// since. ErrInvalidSnapshot for an id that was never given, or is dead.
func (s *StateManager) RevertToSnapshot(snapshot SnapshotID) error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_revert_to_snapshot(id, C.uint64_t(snapshot)) })
}

// DeleteSnapshot forgets a snapshot and keeps what was written since. ErrInvalidSnapshot for an id that was never given, or is dead.
func (s *StateManager) DeleteSnapshot(snapshot SnapshotID) error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_delete_snapshot(id, C.uint64_t(snapshot)) })
}

// Reset forgets all local writes, checkpoints and snapshots; a fork below stays. Snapshot ids go on counting.
func (s *StateManager) Reset() error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_reset(id) })
}

// ClearCaches forgets what can be made or fetched again; never a local write.
func (s *StateManager) ClearCaches() error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_clear_caches(id) })
}

// ClearForkCache forgets what the fork below has fetched, for all states on it. No effect without a fork.
func (s *StateManager) ClearForkCache() error {
	return s.call(func(id C.uintptr_t) C.int { return C.ws_clear_fork_cache(id) })
}
