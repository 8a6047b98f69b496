//! What waits for the writer.

use super::types::{Record, Scope};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Bytes that wait at most; what comes when they are reached is dropped.
pub(super) const MAX_BYTES: usize = 64 << 20;
/// The writer waits this long for company to the first record, as each commit has a price.
const LINGER: Duration = Duration::from_millis(50);
/// So many records need no more company.
const ENOUGH: usize = 1024;

/// One thing for the writer to do.
pub(super) enum Task {
    Put(Record),
    /// The block is in use: its row is made if it is not there, and marked as used last.
    Enter(Scope, bool),
    Tag(String, Scope),
    /// The code or trie node in this row has been read.
    Used(i64),
}

impl Task {
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Put(record) => record.weight(),
            Self::Enter(..) | Self::Used(_) => size_of::<Self>(),
            Self::Tag(tag, _) => size_of::<Self>() + tag.len(),
        }
    }

    /// Whether it counts as a value.
    pub(super) fn is_value(&self) -> bool {
        matches!(self, Self::Put(_))
    }
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    bytes: usize,
    pushed: u64,
    done: u64,
    /// Of `done`, what has been made durable.
    synced: u64,
    /// Somebody waits until `synced` is this much.
    hurry: Option<u64>,
    closed: bool,
    /// The writer is no more.
    dead: bool,
    /// A read transaction was begun, or the file was found damaged.
    woken: bool,
    /// What became of the values that were not written since the last flush.
    lost: Option<String>,
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    written: Condvar,
}

/// What the writer does next.
pub(super) struct Turn {
    pub(super) tasks: Vec<Task>,
    /// Somebody waits: what is written is to be made durable.
    pub(super) hurry: bool,
    /// There is nothing more to do, ever.
    pub(super) last: bool,
}

impl Queue {
    /// Whether it was taken.
    pub(super) fn push(&self, task: Task) -> bool {
        let mut state = self.state.lock();
        let weight = task.weight();
        if state.closed || state.bytes + weight > MAX_BYTES {
            if task.is_value() {
                state.lost.get_or_insert_with(|| "the queue of values to write was full".to_owned());
            }
            return false;
        }
        state.bytes += weight;
        state.pushed += 1;
        let wake = state.tasks.is_empty() || state.tasks.len() == ENOUGH;
        state.tasks.push_back(task);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        true
    }

    /// Has the writer look round.
    pub(super) fn wake(&self) {
        self.state.lock().woken = true;
        self.work.notify_one();
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.work.notify_one();
    }

    /// Waits for something to do, for `patience` at most, and takes up to `bytes` of it.
    pub(super) fn take(&self, patience: Option<Duration>, bytes: usize) -> Turn {
        let mut state = self.state.lock();
        let until = patience.map(|patience| Instant::now() + patience);
        while state.tasks.is_empty() && !state.closed && !state.woken && state.hurry.is_none() {
            match until {
                None => self.work.wait(&mut state),
                Some(until) if self.work.wait_until(&mut state, until).timed_out() => break,
                Some(_) => {}
            }
        }
        if !state.tasks.is_empty() {
            let until = Instant::now() + LINGER;
            while state.tasks.len() < ENOUGH && !state.closed && state.hurry.is_none() && !state.woken {
                if self.work.wait_until(&mut state, until).timed_out() {
                    break;
                }
            }
        }
        state.woken = false;
        let (mut tasks, mut taken) = (Vec::new(), 0);
        while taken < bytes {
            let Some(task) = state.tasks.pop_front() else { break };
            taken += task.weight();
            tasks.push(task);
        }
        state.bytes -= taken;
        Turn { hurry: state.hurry.is_some(), last: state.closed && tasks.is_empty(), tasks }
    }

    /// Says what became of a turn.
    pub(super) fn done(&self, tasks: usize, hurry: bool, lost: Option<String>) {
        let mut state = self.state.lock();
        state.done += tasks as u64;
        if state.lost.is_none() {
            state.lost = lost;
        }
        if hurry {
            state.synced = state.done;
            if state.hurry.is_some_and(|target| target <= state.synced) {
                state.hurry = None;
            }
        }
        drop(state);
        self.written.notify_all();
    }

    /// Says that nobody will take anything any more.
    pub(super) fn die(&self) {
        self.state.lock().dead = true;
        self.written.notify_all();
    }

    /// Waits until all that was pushed so far is done. `Some` with the reason when any of it was lost.
    pub(super) fn flush(&self) -> Option<String> {
        let mut state = self.state.lock();
        let target = state.pushed;
        if state.synced < target {
            state.hurry = state.hurry.max(Some(target));
            self.work.notify_one();
        }
        while state.synced < target {
            if state.dead {
                return Some("the writer has ended".to_owned());
            }
            self.written.wait(&mut state);
        }
        state.lost.take()
    }

    /// Notes that a value was given up before it came here.
    pub(super) fn lose(&self, why: &str) {
        self.state.lock().lost.get_or_insert_with(|| why.to_owned());
    }
}
