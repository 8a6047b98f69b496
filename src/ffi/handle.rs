//! The handle table.
//!
//! A handle is a number in a pointer's clothes: kind, slot index and generation, never an address. So NULL, garbage, a
//! destroyed handle and one of another kind are told apart from a live one without touching memory that may be gone.
//!
//! | bits (64-bit) | bits (32-bit) | what |
//! |---|---|---|
//! | 0–3 | 0–3 | `Kind`, never zero: no handle is NULL, and none is a multiple of 16 as an allocated pointer would be |
//! | 4–23 | 4–17 | slot index |
//! | 24–51 | 18–31 | generation of the slot |
//!
//! 52 bits, because hosts whose numbers are doubles (JavaScript) carry no more than 53 unharmed.
//!
//! Slots live in chunks that are never freed or moved, so a slot may be reached at any time; its lock guards what is in
//! it. A slot whose generations are used up is retired, so that no number ever names two objects.

use super::fork_backend::Reply;
use super::lock::{Guard, Lock};
use crate::error::{Error, Result};
use crate::fork::Fork;
use crate::state::State;
use parking_lot::Mutex;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A journaled world state. Opaque.
pub struct StateManager(());

/// Names a state manager. Lives from its create to its destroy. May be used from any thread; of several at once, one
/// gets in and the others wait.
pub type StateManagerHandle = *mut StateManager;

/// A chain's state at one block, fetched as it is read. Opaque.
pub struct ForkBackend(());

/// Names a fork backend. Lives from its create or open to its destroy; state managers on it keep what is behind it
/// alive. May be used from any thread, by several at once.
pub type ForkBackendHandle = *mut ForkBackend;

/// Where a callback of a fork backend leaves its answer. Opaque.
pub struct ForkReply(());

/// Names the reply of one callback. Lives until that callback returns. May be used from any thread.
pub type ForkReplyHandle = *mut ForkReply;

/// Executes transactions and messages over a state manager. Opaque.
pub struct EvmExecutor(());

/// Names an executor. Lives from its create to its destroy; the state manager must live as long. May be used from any
/// thread; of several at once, one gets in and the others wait, also while it fetches over HTTP.
pub type EvmHandle = *mut EvmExecutor;

const KIND_BITS: u32 = 4;
const INDEX_BITS: u32 = if usize::BITS >= 64 { 20 } else { 14 };
const GENERATION_BITS: u32 = if usize::BITS >= 64 { 28 } else { 14 };

/// Slots that are always there: most programs need no more, and these are found in the fewest steps.
const FIRST: usize = 64;
/// Further slots come in chunks, the first of which has [`FIRST`] and each other twice as many as the one before.
const CHUNKS: usize = (INDEX_BITS - FIRST.ilog2()) as usize;
/// Number of all slots.
const CAPACITY: usize = 1 << INDEX_BITS;

/// What a handle names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StateManager = 1,
    ForkBackend = 2,
    ForkReply = 3,
    Evm = 4,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StateManager => "state manager",
            Self::ForkBackend => "fork backend",
            Self::ForkReply => "fork reply",
            Self::Evm => "evm",
        })
    }
}

/// The object behind a handle.
pub(super) enum Object {
    StateManager(Box<State>),
    ForkBackend(Arc<Fork>),
    ForkReply(Box<Reply>),
    #[cfg(feature = "evm")]
    Evm(Box<super::evm::Executor>),
}

impl Object {
    fn kind(&self) -> Kind {
        match self {
            Self::StateManager(_) => Kind::StateManager,
            Self::ForkBackend(_) => Kind::ForkBackend,
            Self::ForkReply(_) => Kind::ForkReply,
            #[cfg(feature = "evm")]
            Self::Evm(_) => Kind::Evm,
        }
    }
}

/// What a slot's lock guards.
pub(super) struct Entry {
    generation: usize,
    pub(super) object: Option<Object>,
    /// Text of the last failed call.
    pub(super) last_error: Option<String>,
    /// Text of the panic after which the object is not trusted any more.
    pub(super) broken: Option<Box<str>>,
    /// A text that did not fit the caller's buffer, kept for the call with a larger one.
    pub(super) kept_text: Option<super::buffer::KeptText>,
}

impl Entry {
    const fn new(generation: usize, object: Option<Object>) -> Self {
        Self { generation, object, last_error: None, broken: None, kept_text: None }
    }
}

/// One place of the table.
type Slot = Lock<Entry>;

struct Table {
    first: [Slot; FIRST],
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS],
    free: Mutex<Free>,
}

struct Free {
    /// Indices that were used and may be used again.
    returned: Vec<usize>,
    /// The lowest index never used.
    unused: usize,
}

static TABLE: Table = Table {
    first: [const { Slot::new(Entry::new(0, None)) }; FIRST],
    chunks: [const { OnceLock::new() }; CHUNKS],
    free: Mutex::new(Free { returned: Vec::new(), unused: 0 }),
};

/// Chunk and place in it, for an index that is not among the [`FIRST`].
fn locate(index: usize) -> (usize, usize) {
    let chunk = (index.ilog2() - FIRST.ilog2()) as usize;
    (chunk, index - (FIRST << chunk))
}

#[inline(never)]
fn further_slot(index: usize) -> Option<&'static Slot> {
    let (chunk, offset) = locate(index);
    TABLE.chunks.get(chunk)?.get()?.get(offset)
}

fn encode(kind: Kind, index: usize, generation: usize) -> usize {
    generation << (KIND_BITS + INDEX_BITS) | index << KIND_BITS | kind as usize
}

/// The slot and generation that a handle names, whatever is in the slot now.
#[inline]
fn decode(handle: usize, kind: Kind) -> Option<(&'static Slot, usize)> {
    if handle & ((1 << KIND_BITS) - 1) != kind as usize {
        return None;
    }
    let index = handle >> KIND_BITS & ((1 << INDEX_BITS) - 1);
    let generation = handle >> (KIND_BITS + INDEX_BITS);
    let slot = if index < FIRST { &TABLE.first[index] } else { further_slot(index)? };
    Some((slot, generation))
}

/// Puts an object into the table and returns its handle.
pub(super) fn insert(object: Object) -> Result<usize> {
    let mut free = TABLE.free.lock();
    let index = match free.returned.pop() {
        Some(index) => index,
        None if free.unused < CAPACITY => {
            free.unused += 1;
            free.unused - 1
        }
        None => return Err(Error::OutOfMemory(format!("all {CAPACITY} handles are in use"))),
    };
    drop(free);
    let slot = if index < FIRST {
        &TABLE.first[index]
    } else {
        let (chunk, offset) = locate(index);
        let empty = || (0..FIRST << chunk).map(|_| Slot::new(Entry::new(0, None))).collect();
        &TABLE.chunks[chunk].get_or_init(empty)[offset]
    };
    let kind = object.kind();
    let mut entry = slot.lock().map_err(|_| reentered(kind))?;
    let generation = entry.generation;
    *entry = Entry::new(generation, Some(object));
    Ok(encode(kind, index, generation))
}

/// Takes the object out of the table, waiting for a call that is under way. The handle is dead from then on.
pub(super) fn remove(handle: usize, kind: Kind) -> Result<Object> {
    let mut entry = lock(handle, kind)?;
    let generation = entry.generation + 1;
    let Entry { object, .. } = std::mem::replace(&mut *entry, Entry::new(generation, None));
    drop(entry);
    if generation < 1 << GENERATION_BITS {
        TABLE.free.lock().returned.push(handle >> KIND_BITS & ((1 << INDEX_BITS) - 1));
    }
    object.ok_or_else(|| invalid(handle, kind))
}

/// Locks what a live handle of this kind names. A thread that is already inside a call on it, in a callback, is refused
/// instead of waiting for itself.
#[inline(always)]
#[expect(clippy::inline_always, reason = "in front of each call that takes a few nanoseconds")]
pub(super) fn lock(handle: usize, kind: Kind) -> Result<Guard<'static, Entry>> {
    let Some((slot, generation)) = decode(handle, kind) else { return Err(invalid(handle, kind)) };
    let Ok(entry) = slot.lock() else { return Err(reentered(kind)) };
    if entry.generation != generation || entry.object.is_none() {
        drop(entry);
        return Err(invalid(handle, kind));
    }
    Ok(entry)
}

#[cold]
fn reentered(kind: Kind) -> Error {
    Error::InvalidState(format!("call on a {kind} from inside its own callback"))
}

/// Whether this thread is inside a call that has locked its handle.
#[cold]
pub(super) fn is_inside() -> bool {
    let chunks = TABLE.chunks.iter().filter_map(OnceLock::get);
    TABLE.first.iter().chain(chunks.flatten()).any(Slot::is_held)
}

#[cold]
fn invalid(handle: usize, kind: Kind) -> Error {
    if handle == 0 {
        return Error::InvalidHandle(format!("the {kind} handle is NULL"));
    }
    for other in [Kind::StateManager, Kind::ForkBackend, Kind::ForkReply, Kind::Evm] {
        let alive = |(slot, generation): (&Slot, usize)| {
            slot.lock().is_ok_and(|entry| entry.generation == generation && entry.object.is_some())
        };
        if other != kind && decode(handle, other).is_some_and(alive) {
            return Error::InvalidHandle(format!("handle {handle:#x} is a {other}, not a {kind}"));
        }
    }
    Error::InvalidHandle(format!("handle {handle:#x} is no live {kind}: destroyed before, or never one"))
}

/// The kind that the handle claims to be of.
pub(super) fn claimed_kind(handle: usize) -> Option<Kind> {
    [Kind::StateManager, Kind::ForkBackend, Kind::ForkReply, Kind::Evm]
        .into_iter()
        .find(|kind| handle & ((1 << KIND_BITS) - 1) == *kind as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_fill_the_chunks_without_gap() {
        let mut expected = (0, 0);
        for index in FIRST..10_000 {
            assert_eq!(locate(index), expected, "index {index}");
            expected.1 += 1;
            if expected.1 == FIRST << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(locate(CAPACITY - 1), (CHUNKS - 1, (FIRST << (CHUNKS - 1)) - 1));
    }

    #[test]
    fn a_handle_dies_with_its_object_and_its_slot_is_used_again() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1000 {
            let handle = insert(Object::StateManager(Box::default())).unwrap();
            assert!(seen.insert(handle));
            assert!(handle >> 52 == 0 && !handle.is_multiple_of(16));
            assert!(lock(handle, Kind::StateManager).is_ok());
            assert!(matches!(lock(handle, Kind::ForkBackend), Err(Error::InvalidHandle(_))));
            assert!(remove(handle, Kind::StateManager).is_ok());
            assert!(remove(handle, Kind::StateManager).is_err());
            assert!(lock(handle, Kind::StateManager).is_err());
        }
    }
}
