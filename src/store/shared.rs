//! What the reading threads and the writer have in common: the reading connection, and what becomes of failures.

use super::blocks;
use super::file::{self, Access, Failure};
use super::queue::Queue;
use super::reader::Reader;
use super::record::Seal;
use super::scopes::Scopes;
use super::types::{Chain, Counts};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Messages kept for a caller that takes none.
const MESSAGES: usize = 100;
/// Files set aside before an opening is given up.
const ASIDE: usize = 3;
/// KiB of pages that the reading connection keeps in memory, once it has read so many.
const READ_CACHE: i32 = 128 << 10;
/// How long an opening tries when others are making the same file.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) chain: Chain,
    pub(super) seal: Seal,
    pub(super) max_bytes: AtomicU64,
    pub(super) queue: Queue,
    pub(super) scopes: Scopes,
    reader: Mutex<Option<Reader>>,
    /// A read met damage; the writer is to set the file aside.
    pub(super) damaged: AtomicBool,
    pub(super) read_only: AtomicBool,
    /// The time of the file, as last seen: see [`blocks::clock`].
    pub(super) clock: AtomicI64,
    messages: Mutex<Messages>,
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) writes: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) bad_records: AtomicU64,
}

#[derive(Default)]
struct Messages {
    waiting: Vec<String>,
    last: String,
}

impl Shared {
    pub(super) fn new(path: PathBuf, chain: Chain, max_bytes: u64) -> Self {
        Self {
            seal: Seal::of_chain(&chain),
            path,
            chain,
            max_bytes: AtomicU64::new(max_bytes),
            queue: Queue::default(),
            scopes: Scopes::default(),
            reader: Mutex::new(None),
            damaged: AtomicBool::new(false),
            read_only: AtomicBool::new(false),
            clock: AtomicI64::new(0),
            messages: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            bad_records: AtomicU64::new(0),
        }
    }

    /// Opens the file anew, setting aside what is damaged, and gives the writing connection if there can be one.
    pub(super) fn attach(&self) -> Option<Connection> {
        *self.reader.lock() = None;
        self.damaged.store(false, Relaxed);
        self.scopes.forget_rows();
        let until = Instant::now() + PATIENCE;
        let mut aside = 0;
        let failure = loop {
            match file::open_to_write(&self.path, &self.chain).and_then(|writer| {
                let reader = file::connect(&self.path, Access::Write)?;
                reader.pragma_update(None, "query_only", 1)?;
                reader.pragma_update(None, "cache_size", -READ_CACHE)?;
                Ok((writer, reader))
            }) {
                Ok((writer, reader)) => {
                    self.clock.store(blocks::clock(&writer).unwrap_or(0), Relaxed);
                    *self.reader.lock() = Some(Reader::new(reader));
                    return Some(writer);
                }
                Err(Failure::Damaged(why)) if aside < ASIDE => {
                    aside += 1;
                    if !self.set_aside(&why) {
                        break Failure::ReadOnly(why);
                    }
                }
                Err(Failure::Busy(_)) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                Err(failure) => break failure,
            }
        };
        if matches!(failure, Failure::ReadOnly(_)) {
            self.read_only.store(true, Relaxed);
        }
        let reader = file::open_to_read(&self.path, Some(&self.chain));
        let how = if reader.is_ok() { "opened for reading only" } else { "not used" };
        self.tell(format!("{}: {how}: {}", self.path.display(), failure.text()));
        if let Ok((reader, _)) = reader {
            *self.reader.lock() = Some(Reader::new(reader));
        }
        None
    }

    /// Moves the damaged file out of the way. `false` when that could not be done.
    pub(super) fn set_aside(&self, why: &str) -> bool {
        *self.reader.lock() = None;
        match file::set_aside(&self.path) {
            Ok(aside) => {
                self.tell(format!("{}: set aside as {}: {why}", self.path.display(), aside.display()));
                true
            }
            // Another process has been faster.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => {
                self.tell(format!("{}: {why}; it could not be set aside: {error}", self.path.display()));
                false
            }
        }
    }

    /// Asks the file something. A failure is an answer that is not there, and is dealt with.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Connection) -> Result<Option<T>, Failure>) -> Option<T> {
        let mut guard = self.reader.lock();
        let reader = guard.as_mut()?;
        let answer = match reader.begin() {
            Ok(fresh) => question(reader.connection()).map(|answer| (fresh, answer)),
            Err(failure) => Err(failure),
        };
        match answer {
            Ok((fresh, answer)) => {
                drop(guard);
                if fresh {
                    self.queue.wake();
                }
                answer
            }
            Err(failure) => {
                if reader.end().is_err() || matches!(failure, Failure::Damaged(_)) {
                    *guard = None;
                }
                drop(guard);
                if matches!(failure, Failure::Damaged(_)) {
                    self.damaged.store(true, Relaxed);
                    self.queue.wake();
                }
                self.tell(format!("{}: reading failed: {}", self.path.display(), failure.text()));
                None
            }
        }
    }

    /// Ends the read transaction if it is as old as that, and says how old it is otherwise.
    pub(super) fn refresh(&self, age: Duration) -> Option<Duration> {
        let mut guard = self.reader.lock();
        let reader = guard.as_mut()?;
        match reader.age() {
            Some(now) if now < age => Some(now),
            _ => {
                // A transaction that cannot be ended ends with its connection.
                if reader.end().is_err() {
                    *guard = None;
                    self.damaged.store(true, Relaxed);
                }
                None
            }
        }
    }

    /// Notes that the file is damaged where nobody writes it.
    pub(super) fn stop_reading(&self) {
        *self.reader.lock() = None;
    }

    pub(super) fn tell(&self, text: String) {
        let mut messages = self.messages.lock();
        if messages.last != text && messages.waiting.len() < MESSAGES {
            messages.last.clone_from(&text);
            messages.waiting.push(text);
        }
    }

    pub(super) fn take_messages(&self) -> Vec<String> {
        std::mem::take(&mut self.messages.lock().waiting)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            writes: self.writes.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            bad_records: self.bad_records.load(Relaxed),
        }
    }
}
