//! The connection that reads go through.

use super::file::Failure;
use super::record::{Key, PROBES, Seal, content_row};
use super::scopes::Place;
use alloy_primitives::{B256, Bytes, keccak256};
use rusqlite::Connection;
use std::time::{Duration, Instant};

/// A read transaction is ended after so many reads, or after [`Reader::HELD`], whichever is first: as long as it lasts,
/// what others write is not seen, and the log cannot be emptied.
const READS: u32 = 1000;

/// A connection with a read transaction that many reads share, as each of its own would cost as much as the read.
pub(super) struct Reader {
    connection: Connection,
    since: Option<Instant>,
    reads: u32,
}

/// What a read came to.
pub(super) enum Answer<T> {
    Value(T),
    Absent,
    /// There was a record, and it was damaged.
    Bad,
}

impl Reader {
    pub(super) const HELD: Duration = Duration::from_millis(200);

    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, since: None, reads: 0 }
    }

    /// Makes sure that a transaction is open. `true` when none was.
    pub(super) fn begin(&mut self) -> Result<bool, Failure> {
        if self.since.is_some() && self.reads < READS {
            self.reads += 1;
            return Ok(false);
        }
        let fresh = self.since.is_none();
        self.end()?;
        self.connection.prepare_cached("BEGIN")?.execute([])?;
        self.since = Some(Instant::now());
        self.reads = 1;
        Ok(fresh)
    }

    pub(super) fn end(&mut self) -> Result<(), Failure> {
        if self.since.take().is_some() && !self.connection.is_autocommit() {
            self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        }
        Ok(())
    }

    /// How long the transaction has been open.
    pub(super) fn age(&self) -> Option<Duration> {
        self.since.map(|since| since.elapsed())
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// Reads a value of a block.
pub(super) fn value<T>(
    connection: &Connection,
    place: Place,
    key: &Key,
    decode: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Answer<T>, Failure> {
    let mut statement = connection.prepare_cached("SELECT data FROM value WHERE id = ?1")?;
    let first = key.row(place.id);
    let mut bad = false;
    for row in first..first + PROBES {
        let mut rows = statement.query([row])?;
        let Some(row) = rows.next()? else { break };
        match row.get_ref(0)?.as_blob().ok().and_then(|data| place.seal.open(data)) {
            Some(body) => {
                if let Some(value) = body.strip_prefix(key.as_slice()) {
                    return Ok(decode(value).map_or(Answer::Bad, Answer::Value));
                }
            }
            None => bad = true,
        }
    }
    Ok(if bad { Answer::Bad } else { Answer::Absent })
}

/// Reads a code or a trie node, and when it was last used.
pub(super) fn content(connection: &Connection, hash: &B256) -> Result<Answer<(Bytes, i64)>, Failure> {
    let mut statement = connection.prepare_cached("SELECT used, data FROM content WHERE id = ?1")?;
    let mut rows = statement.query([content_row(hash)])?;
    let Some(row) = rows.next()? else { return Ok(Answer::Absent) };
    let (used, data) = (row.get_ref(0)?.as_i64(), row.get_ref(1)?);
    match data.as_blob() {
        Ok(data) if keccak256(data) == *hash => Ok(Answer::Value((Bytes::copy_from_slice(data), used.unwrap_or(0)))),
        _ => Ok(Answer::Bad),
    }
}

/// Reads a blob of the caller's.
pub(super) fn touched(connection: &Connection, seal: Seal, key: &[u8]) -> Result<Answer<Vec<u8>>, Failure> {
    let mut statement = connection.prepare_cached("SELECT data FROM touched WHERE key = ?1")?;
    let mut rows = statement.query([key])?;
    let Some(row) = rows.next()? else { return Ok(Answer::Absent) };
    let data = row.get_ref(0)?.as_blob().ok().and_then(|data| seal.of_block(key).open(data));
    Ok(data.map_or(Answer::Bad, |data| Answer::Value(data.to_vec())))
}
