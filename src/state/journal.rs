//! The undo journal: what to put back, and the marks that checkpoints and snapshots set in it.

use super::account::{Account, Code, Existence};
use super::slots::Storage;
use crate::error::{Error, Result};
use alloy_primitives::U256;
use alloy_primitives::map::HashSet;
use std::fmt;

/// Names one snapshot of one state. Ids count from 1 and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SnapshotId(pub u64);

impl SnapshotId {
    fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment in the past to compare the state with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// When the innermost open checkpoint was opened.
    Checkpoint,
    /// When this snapshot was taken.
    Snapshot(SnapshotId),
}

/// Position of an account in the state's arena.
pub(super) type AccountIndex = u32;

/// One write, as what its undoing puts back.
#[derive(Debug)]
pub(super) enum Undo {
    /// Action: an account joined the arena. Undo: remove the arena's last account.
    Added,
    /// Action: an account was written to for the first time. Undo: restore what was known of its existence.
    Existence(AccountIndex, Existence),
    /// Action: balance set. Undo: restore.
    Balance(AccountIndex, Option<U256>),
    /// Action: nonce set. Undo: restore.
    Nonce(AccountIndex, Option<u64>),
    /// Action: code set. Undo: restore.
    Code(AccountIndex, Option<Box<Code>>),
    /// Action: slot set. Undo: restore, or forget the slot.
    Slot(AccountIndex, U256, Option<U256>),
    /// Action: storage cleared. Undo: restore all of it.
    Storage(AccountIndex, Storage),
    /// Action: account deleted. Undo: restore all of it.
    Account(AccountIndex, Box<Account>),
}

/// What an undo restores: two entries of one target in one segment do no more than the first alone.
#[derive(PartialEq, Eq, Hash)]
enum Target {
    Existence(AccountIndex),
    Balance(AccountIndex),
    Nonce(AccountIndex),
    Code(AccountIndex),
    Slot(AccountIndex, U256),
    Storage(AccountIndex),
    Account(AccountIndex),
}

impl Undo {
    /// `None` for what must be undone as often as it was done.
    fn target(&self) -> Option<Target> {
        Some(match self {
            Self::Added => return None,
            Self::Existence(account, _) => Target::Existence(*account),
            Self::Balance(account, _) => Target::Balance(*account),
            Self::Nonce(account, _) => Target::Nonce(*account),
            Self::Code(account, _) => Target::Code(*account),
            Self::Slot(account, slot, _) => Target::Slot(*account, *slot),
            Self::Storage(account, _) => Target::Storage(*account),
            Self::Account(account, _) => Target::Account(*account),
        })
    }
}

/// A place in the journal.
#[derive(Debug)]
struct Mark {
    /// Entries before the mark.
    length: usize,
    /// Age among all marks: rises.
    order: u64,
    /// Number of entries after this mark, while it is the newest, at which they are compacted.
    compact_at: usize,
}

/// A segment shorter than this is never compacted.
#[cfg(not(test))]
const COMPACT_MIN: usize = 1 << 16;
#[cfg(test)]
const COMPACT_MIN: usize = 8;

/// The journal keeps capacity for this many entries when its last mark goes.
const RETAINED_ENTRIES: usize = 1 << 16;

/// Undo entries since the oldest open mark.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: Vec<Undo>,
    checkpoints: Vec<Mark>,
    snapshots: Vec<(SnapshotId, Mark)>,
    last_snapshot: SnapshotId,
    last_order: u64,
    /// Number of entries beyond which those after the newest mark are compacted.
    limit: usize,
}

impl Default for SnapshotId {
    /// The id before the first.
    fn default() -> Self {
        Self(0)
    }
}

impl Journal {
    /// Whether writes have to be journaled: while any checkpoint or snapshot is open.
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        !(self.checkpoints.is_empty() && self.snapshots.is_empty())
    }

    /// Records a write. Callers check [`Self::is_active`] first.
    #[inline]
    pub(super) fn push(&mut self, undo: Undo) {
        debug_assert!(self.is_active());
        self.entries.push(undo);
        if self.entries.len() > self.limit {
            self.compact_before(u64::MAX);
            self.renew_limit();
        }
    }

    /// Storages that undoing would bring back.
    pub(super) fn storages(&self) -> impl Iterator<Item = Storage> {
        self.entries.iter().filter_map(|undo| match undo {
            Undo::Storage(_, storage) => Some(*storage),
            Undo::Account(_, account) => Some(account.storage),
            _ => None,
        })
    }

    /// Number of entries held.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes the newest entry off, as long as more than `length` are held.
    pub(super) fn pop_beyond(&mut self, length: usize) -> Option<Undo> {
        if self.entries.len() > length { self.entries.pop() } else { None }
    }

    /// Entries after `length`, oldest first.
    pub(super) fn entries_from(&self, length: usize) -> &[Undo] {
        &self.entries[length..]
    }

    fn mark(&mut self) -> Mark {
        self.last_order += 1;
        self.limit = self.entries.len() + COMPACT_MIN;
        Mark { length: self.entries.len(), order: self.last_order, compact_at: COMPACT_MIN }
    }

    pub(super) fn open_checkpoint(&mut self) {
        let mark = self.mark();
        self.checkpoints.push(mark);
    }

    /// Number of open checkpoints.
    pub(super) fn depth(&self) -> usize {
        self.checkpoints.len()
    }

    /// Closes the innermost checkpoint and every snapshot taken since; the caller undoes down to the returned length.
    pub(super) fn revert_checkpoint(&mut self) -> Result<usize> {
        let mark = self.checkpoints.pop().ok_or(Error::NoCheckpoint)?;
        while self.snapshots.last().is_some_and(|(_, newer)| newer.order > mark.order) {
            self.snapshots.pop();
        }
        self.renew_limit();
        Ok(mark.length)
    }

    /// Closes the innermost checkpoint and keeps what was written since.
    pub(super) fn commit_checkpoint(&mut self) -> Result<()> {
        let mark = self.checkpoints.pop().ok_or(Error::NoCheckpoint)?;
        self.forget_mark(mark.order);
        Ok(())
    }

    pub(super) fn take_snapshot(&mut self) -> SnapshotId {
        let mark = self.mark();
        self.last_snapshot = self.last_snapshot.next();
        self.snapshots.push((self.last_snapshot, mark));
        self.last_snapshot
    }

    fn find_snapshot(&self, id: SnapshotId) -> Result<usize> {
        self.snapshots.binary_search_by_key(&id, |(id, _)| *id).map_err(|_| Error::InvalidSnapshot(id))
    }

    /// Kills the snapshot, every newer one and every checkpoint opened since; the caller undoes down to the length.
    pub(super) fn revert_snapshot(&mut self, id: SnapshotId) -> Result<usize> {
        let position = self.find_snapshot(id)?;
        let Mark { length, order, .. } = self.snapshots[position].1;
        self.snapshots.truncate(position);
        while self.checkpoints.last().is_some_and(|newer| newer.order > order) {
            self.checkpoints.pop();
        }
        self.renew_limit();
        Ok(length)
    }

    /// Forgets one snapshot and keeps what was written since.
    pub(super) fn delete_snapshot(&mut self, id: SnapshotId) -> Result<()> {
        let position = self.find_snapshot(id)?;
        let (_, mark) = self.snapshots.remove(position);
        self.forget_mark(mark.order);
        Ok(())
    }

    /// Journal length at a moment in the past.
    pub(super) fn length_at(&self, since: Since) -> Result<usize> {
        match since {
            Since::Checkpoint => self.checkpoints.last().map(|mark| mark.length).ok_or(Error::NoCheckpoint),
            Since::Snapshot(id) => Ok(self.snapshots[self.find_snapshot(id)?].1.length),
        }
    }

    /// Drops every mark and entry. Snapshot ids go on counting.
    pub(super) fn clear(&mut self) {
        self.checkpoints.clear();
        self.snapshots.clear();
        self.release_if_idle();
    }

    /// Gives memory back once no mark needs an entry any more.
    pub(super) fn release_if_idle(&mut self) {
        if !self.is_active() {
            self.entries.clear();
            self.entries.shrink_to(RETAINED_ENTRIES);
        }
    }

    /// Frees what only the mark of this age needed, once it is gone.
    fn forget_mark(&mut self, order: u64) {
        self.release_if_idle();
        self.compact_before(order);
        self.drop_unreachable();
        self.renew_limit();
    }

    /// Drops the entries before the oldest mark, which nothing can undo any more. Waits until they are as many as
    /// those that are kept, so that each entry moves a constant number of times.
    fn drop_unreachable(&mut self) {
        let checkpoint = self.checkpoints.first().map(|mark| mark.length);
        let snapshot = self.snapshots.first().map(|(_, mark)| mark.length);
        let Some(oldest) = checkpoint.into_iter().chain(snapshot).min() else { return };
        if oldest > 0 && oldest >= self.entries.len() - oldest {
            self.entries.drain(..oldest);
            self.marks_from(0).for_each(|mark| mark.length -= oldest);
        }
    }

    /// Marks of this age and newer, in no particular order.
    fn marks_from(&mut self, order: u64) -> impl Iterator<Item = &mut Mark> {
        let checkpoint = self.checkpoints.partition_point(|mark| mark.order < order);
        let snapshot = self.snapshots.partition_point(|(_, mark)| mark.order < order);
        let snapshots = self.snapshots[snapshot..].iter_mut().map(|(_, mark)| mark);
        self.checkpoints[checkpoint..].iter_mut().chain(snapshots)
    }

    /// The newest mark older than `order`.
    fn newest_before(&mut self, order: u64) -> Option<&mut Mark> {
        let checkpoint = self.checkpoints.partition_point(|mark| mark.order < order);
        let snapshot = self.snapshots.partition_point(|(_, mark)| mark.order < order);
        let checkpoint = self.checkpoints[..checkpoint].last_mut();
        let snapshot = self.snapshots[..snapshot].last_mut().map(|(_, mark)| mark);
        checkpoint.into_iter().chain(snapshot).max_by_key(|mark| mark.order)
    }

    /// Sets when the entries after the newest mark are to be compacted.
    fn renew_limit(&mut self) {
        let newest = match (self.checkpoints.last(), self.snapshots.last()) {
            (Some(checkpoint), Some((_, snapshot))) if checkpoint.order < snapshot.order => snapshot,
            (Some(checkpoint), _) => checkpoint,
            (None, Some((_, snapshot))) => snapshot,
            (None, None) => return self.limit = usize::MAX,
        };
        self.limit = newest.length + newest.compact_at;
    }

    /// Keeps a long-open mark's journal proportional to what was touched rather than to the number of writes: of the
    /// entries between the newest mark older than `order` and the next mark, only the first of each target is kept.
    ///
    /// That is enough, since undoing runs backwards and each entry assigns: whatever a later entry of the same target
    /// would restore, the first one overwrites. It holds across whole-account and whole-storage entries as well, which
    /// overwrite all that later entries put into the account or storage they replace.
    fn compact_before(&mut self, order: u64) {
        let end = self.marks_from(order).map(|mark| mark.length).min().unwrap_or(self.entries.len());
        let Some(&mut Mark { length: start, compact_at, .. }) = self.newest_before(order) else { return };
        if end - start <= compact_at {
            return;
        }
        let mut seen = HashSet::<Target>::default();
        let mut position = start;
        let mut tail = self.entries.split_off(start);
        tail.retain(|undo| {
            position += 1;
            position > end || undo.target().is_none_or(|target| seen.insert(target))
        });
        let removed = position - start - tail.len();
        self.entries.append(&mut tail);
        self.marks_from(order).for_each(|mark| mark.length -= removed);
        if let Some(mark) = self.newest_before(order) {
            mark.compact_at = (2 * (end - start - removed)).max(COMPACT_MIN);
        }
    }
}
