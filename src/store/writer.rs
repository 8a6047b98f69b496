//! The one thread that writes.

use super::blocks;
use super::evict;
use super::file::{self, Failure};
use super::queue::{Task, Turn};
use super::reader::Reader;
use super::record::{Key, PROBES, content_row, encode_account};
use super::scopes::Place;
use super::shared::Shared;
use super::types::{Record, Scope};
use alloy_primitives::B256;
use hashbrown::HashMap;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Blobs of the caller's that are kept.
const TOUCHED: u32 = 10_000;
/// Bytes of tasks in one transaction at most, and at least.
const BATCH: std::ops::RangeInclusive<u64> = 64 << 10..=2 << 20;
/// How long a file that could not be opened or written is left alone, unless somebody waits.
const PAUSE: Duration = Duration::from_secs(1);
/// Times that a batch waits for other processes.
const ATTEMPTS: usize = 4;

pub(super) struct Writer {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    /// Which file the connection is on.
    identity: Option<(u64, u64)>,
    /// When opening last failed.
    failed: Option<Instant>,
    /// A message about writing has been given since the last success.
    complained: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, connection: Option<Connection>) -> Self {
        let identity = file::identity(&shared.path);
        let failed = connection.is_none().then(Instant::now);
        Self { shared, connection, identity, failed, complained: false }
    }

    /// Works until the store is closed and everything is written.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _end = End(&shared);
        loop {
            let patience = shared.refresh(Reader::HELD).map(|age| Reader::HELD.saturating_sub(age));
            let limit = shared.max_bytes.load(Relaxed);
            let batch = (limit / 64).clamp(*BATCH.start(), *BATCH.end());
            let turn = shared.queue.take(patience, usize::try_from(batch).unwrap_or(usize::MAX));
            if shared.damaged.load(Relaxed) {
                self.replace("a read found it damaged");
            }
            let lost = self.work(&turn);
            shared.queue.done(turn.tasks.len(), turn.hurry, lost);
            if turn.last {
                break;
            }
        }
    }

    /// Gives the reason when values were lost.
    fn work(&mut self, turn: &Turn) -> Option<String> {
        if turn.tasks.is_empty() && !turn.hurry {
            return None;
        }
        match self.try_write(turn) {
            Ok(written) => {
                self.shared.writes.fetch_add(written, Relaxed);
                None
            }
            Err(failure) => {
                let values = turn.tasks.iter().filter(|task| task.is_value()).count() as u64;
                self.shared.dropped.fetch_add(values, Relaxed);
                let text = format!("{}: not written: {}", self.shared.path.display(), failure.text());
                self.complain(text.clone());
                (values > 0).then_some(text)
            }
        }
    }

    /// Once until something succeeds.
    fn complain(&mut self, text: String) {
        if !self.complained {
            self.complained = true;
            self.shared.tell(text);
        }
    }

    fn try_write(&mut self, turn: &Turn) -> Result<u64, Failure> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            self.follow(turn.hurry || turn.last);
            let Some(connection) = &mut self.connection else {
                return Err(Failure::Refused("the file could not be opened for writing".to_owned()));
            };
            let outcome = write(&self.shared, connection, &turn.tasks);
            // What was written is there for the next read.
            self.shared.refresh(Duration::ZERO);
            let tidied = outcome.is_ok().then(|| tidy(&self.shared, connection, turn.hurry));
            match (outcome, tidied) {
                (Err(Failure::Damaged(why)), _) | (_, Some(Err(Failure::Damaged(why)))) if attempts < ATTEMPTS => {
                    self.replace(&why);
                }
                (Err(Failure::Busy(_)), _) if attempts < ATTEMPTS => {}
                (outcome, Some(Err(failure))) => {
                    self.complain(format!("{}: not tidied: {}", self.shared.path.display(), failure.text()));
                    return outcome;
                }
                (outcome, _) => {
                    self.complained &= outcome.is_err();
                    return outcome;
                }
            }
        }
    }

    /// Sees to it that the connection is on the file that is at the path now.
    fn follow(&mut self, now: bool) {
        if self.shared.read_only.load(Relaxed) {
            return;
        }
        let there = file::identity(&self.shared.path);
        let lost = self.connection.is_some() && there != self.identity;
        let due = now || self.failed.is_none_or(|failed| failed.elapsed() >= PAUSE);
        if lost || self.connection.is_none() && due {
            self.connection = None;
            self.attach();
        }
    }

    /// Sets the file aside and begins a new one; or, if there is another already, goes over to that.
    fn replace(&mut self, why: &str) {
        if self.shared.read_only.load(Relaxed) {
            self.shared.damaged.store(false, Relaxed);
            return self.shared.stop_reading();
        }
        self.connection = None;
        if file::identity(&self.shared.path) == self.identity {
            self.shared.set_aside(why);
        }
        self.attach();
    }

    fn attach(&mut self) {
        self.connection = self.shared.attach();
        self.identity = file::identity(&self.shared.path);
        self.failed = self.connection.is_none().then(Instant::now);
    }
}

/// Lets nobody wait for a writer that is no more.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.queue.die();
    }
}

/// Writes a batch in one transaction, and gives the number of values.
fn write(shared: &Shared, connection: &mut Connection, tasks: &[Task]) -> Result<u64, Failure> {
    if tasks.is_empty() {
        return Ok(0);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut batch = Batch {
        shared,
        connection: &transaction,
        places: HashMap::new(),
        time: blocks::clock(&transaction)?,
        values: 0,
        touched: false,
    };
    for task in tasks {
        batch.task(task)?;
    }
    for place in batch.places.values() {
        blocks::mark_filled(&transaction, place.id)?;
        blocks::mark_used(&transaction, place.id, batch.time)?;
    }
    if batch.touched {
        transaction
            .prepare_cached(
                "DELETE FROM touched WHERE id <= (SELECT id FROM touched ORDER BY id DESC LIMIT 1 OFFSET ?1)",
            )?
            .execute([TOUCHED])?;
    }
    let (time, values) = (batch.time, batch.values);
    transaction.commit()?;
    shared.clock.store(time, Relaxed);
    Ok(values)
}

struct Batch<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
    /// The blocks whose values are in the batch.
    places: HashMap<Scope, Place>,
    time: i64,
    values: u64,
    touched: bool,
}

impl Batch<'_> {
    fn task(&mut self, task: &Task) -> Result<(), Failure> {
        match task {
            Task::Put(record) => {
                self.put(record)?;
                self.values += 1;
                Ok(())
            }
            Task::Enter(scope, is_final) => {
                if let Some(place) = self.find(*scope, *is_final)? {
                    self.time += 1;
                    blocks::mark_used(self.connection, place.id, self.time)?;
                }
                Ok(())
            }
            Task::Tag(tag, scope) => match self.shared.scopes.block(*scope) {
                Some(block) => blocks::set_tag(self.connection, self.shared.seal, tag, &block),
                None => Ok(()),
            },
            Task::Used(row) => {
                self.connection
                    .prepare_cached("UPDATE content SET used = ?2 WHERE id = ?1")?
                    .execute(params![row, self.time])?;
                Ok(())
            }
        }
    }

    fn put(&mut self, record: &Record) -> Result<(), Failure> {
        match record {
            Record::Account(scope, address, account) => {
                self.value(*scope, &Key::account(*address), &encode_account(account.as_ref()))
            }
            Record::Slot(scope, address, slot, value) => {
                self.value(*scope, &Key::slot(*address, *slot), &value.to_be_bytes_trimmed_vec())
            }
            Record::BlockHash(scope, number, hash) => self.value(*scope, &Key::block_hash(*number), hash.as_slice()),
            Record::Code(hash, bytes) | Record::Node(hash, bytes) => self.content(hash, bytes),
            Record::Touched(key, value) => {
                let data = self.shared.seal.of_block(key).close(&[], value);
                self.connection
                    .prepare_cached("INSERT OR REPLACE INTO touched (key, data) VALUES (?1, ?2)")?
                    .execute(params![key, data])?;
                self.touched = true;
                Ok(())
            }
        }
    }

    /// The row of a scope's block. It is looked up in each transaction: another process may have removed it.
    fn find(&self, scope: Scope, is_final: bool) -> Result<Option<Place>, Failure> {
        let (Some(block), Some(place)) = (self.shared.scopes.block(scope), self.shared.scopes.place(scope)) else {
            return Ok(None);
        };
        let Some(id) = blocks::ensure(self.connection, self.shared.seal, &block, is_final)? else { return Ok(None) };
        if id != place.id {
            self.shared.scopes.found(scope, id);
        }
        Ok(Some(Place { id, ..place }))
    }

    fn value(&mut self, scope: Scope, key: &Key, value: &[u8]) -> Result<(), Failure> {
        let place = if let Some(place) = self.places.get(&scope) {
            *place
        } else {
            let Some(place) = self.find(scope, false)? else { return Ok(()) };
            self.places.insert(scope, place);
            place
        };
        let data = place.seal.close(key.as_slice(), value);
        let first = key.row(place.id);
        let mut insert =
            self.connection.prepare_cached("INSERT INTO value (id, data) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        for row in first..first + PROBES {
            if insert.execute(params![row, data])? == 1 {
                return Ok(());
            }
            let mut select = self.connection.prepare_cached("SELECT data FROM value WHERE id = ?1")?;
            let mut rows = select.query([row])?;
            let Some(there) = rows.next()? else { continue };
            let there = there.get_ref(0)?.as_blob().unwrap_or_default();
            let of_another_key = place.seal.open(there).is_some_and(|body| !body.starts_with(key.as_slice()));
            if of_another_key {
                continue;
            }
            let same = there == data;
            drop(rows);
            if !same {
                self.connection
                    .prepare_cached("UPDATE value SET data = ?2 WHERE id = ?1")?
                    .execute(params![row, data])?;
            }
            return Ok(());
        }
        Ok(())
    }

    fn content(&self, hash: &B256, bytes: &[u8]) -> Result<(), Failure> {
        let row = content_row(hash);
        let there: Option<bool> = self
            .connection
            .prepare_cached("SELECT data IS ?2 FROM content WHERE id = ?1")?
            .query_row(params![row, bytes], |row| row.get(0))
            .optional()?;
        if there == Some(true) {
            self.connection
                .prepare_cached("UPDATE content SET used = ?2 WHERE id = ?1 AND used < ?2")?
                .execute(params![row, self.time])?;
        } else {
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO content (id, used, data) VALUES (?1, ?2, ?3)")?
                .execute(params![row, self.time, bytes])?;
        }
        Ok(())
    }
}

/// Moves the log into the file when it is long or somebody waits, and keeps the file below its limit.
fn tidy(shared: &Shared, connection: &Connection, hurry: bool) -> Result<(), Failure> {
    if hurry || file::log_size(&shared.path) > file::LOG {
        file::checkpoint(connection)?;
    }
    let limit = shared.max_bytes.load(Relaxed);
    if file::size(&shared.path) > limit / 10 * 9 {
        evict::shrink(shared, connection, limit)?;
    }
    Ok(())
}
