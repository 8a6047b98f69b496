//! How a file is kept below its limit.
//!
//! The time that counts is the file's own ([`blocks::clock`](super::blocks::clock)). Code and trie nodes that nobody has
//! used since the oldest block with values was, go first; then that block's values; and so on. The block used last
//! keeps its values, unless it is too large alone: then they go in the order of their hashes, which is as good as
//! chance, with the code and nodes used longest ago.

use super::blocks;
use super::file::{self, Failure};
use super::record::rows;
use super::shared::Shared;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

/// Rows removed in one transaction.
const VALUES: u32 = 4096;
const CONTENTS: u32 = 256;
/// Times that the log is tried to be emptied.
const ATTEMPTS: u32 = 5;
/// Pages given back to the file system in one transaction.
const PAGES: u32 = 2048;

/// Removes what was used longest ago until the file is well below `limit`, and gives its room back.
pub(super) fn shrink(shared: &Shared, connection: &Connection, limit: u64) -> Result<(), Failure> {
    // The log may be all that is too large.
    empty_log(shared, connection)?;
    if file::size(&shared.path) <= limit / 10 * 8 {
        return Ok(());
    }
    let page: u64 = number(connection, "PRAGMA page_size")?;
    let in_use = || -> Result<u64, Failure> {
        let (pages, free) = (number(connection, "PRAGMA page_count")?, number(connection, "PRAGMA freelist_count")?);
        Ok(pages.saturating_sub(free) * page)
    };
    while in_use()? > limit / 10 * 7 {
        if !remove_some(connection)? {
            break;
        }
        give_back(connection, PAGES)?;
        if file::log_size(&shared.path) > file::LOG {
            empty_log(shared, connection)?;
        }
    }
    blocks::forget_empty(connection)?;
    while number(connection, "PRAGMA freelist_count")? > 0 {
        let before = number(connection, "PRAGMA freelist_count")?;
        give_back(connection, PAGES)?;
        if number(connection, "PRAGMA freelist_count")? >= before {
            break;
        }
    }
    empty_log(shared, connection)
}

/// `false` when there is nothing left to remove.
fn remove_some(connection: &Connection) -> Result<bool, Failure> {
    let oldest: Option<(u32, i64)> = connection
        .query_one("SELECT id, used FROM block WHERE filled = 1 ORDER BY used, id LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let latest: Option<u32> = connection
        .query_one("SELECT id FROM block ORDER BY used DESC, id DESC LIMIT 1", [], |row| row.get(0))
        .optional()?;
    let Some((id, used)) = oldest else { return remove_content(connection, i64::MAX) };
    if remove_content(connection, used)? {
        return Ok(true);
    }
    let removed = remove_values(connection, id)?;
    if latest == Some(id) {
        return Ok(remove_content(connection, i64::MAX)? || removed);
    }
    Ok(true)
}

/// Removes some of the code and nodes that were last used before `time`.
fn remove_content(connection: &Connection, time: i64) -> Result<bool, Failure> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM content WHERE id IN (SELECT id FROM content WHERE used < ?1 ORDER BY used LIMIT ?2)",
        )?
        .execute(params![time, CONTENTS])?;
    Ok(removed > 0)
}

/// Removes some of a block's values, and notes when none are left.
fn remove_values(connection: &Connection, block: u32) -> Result<bool, Failure> {
    let (first, last) = rows(block);
    let removed = connection
        .prepare_cached(
            "DELETE FROM value WHERE id IN (SELECT id FROM value WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3)",
        )?
        .execute(params![first, last, VALUES])?;
    if removed < VALUES as usize {
        connection.prepare_cached("UPDATE block SET filled = 0 WHERE id = ?1")?.execute([block])?;
    }
    Ok(removed > 0)
}

fn give_back(connection: &Connection, pages: u32) -> Result<(), Failure> {
    // Each row that this gives is a page given back.
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Moves the log into the file and cuts both to their length, unless another process reads or writes just then.
///
/// It must not wait for readers: this process' own reader waits for this thread to end its transaction.
fn empty_log(shared: &Shared, connection: &Connection) -> Result<(), Failure> {
    connection.busy_timeout(Duration::ZERO)?;
    let mut outcome = Ok(1);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        shared.refresh(Duration::ZERO);
        outcome = connection.query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        if matches!(outcome, Ok(0)) {
            break;
        }
    }
    connection.busy_timeout(file::BUSY)?;
    match outcome.map_err(Failure::from) {
        Ok(_) | Err(Failure::Busy(_)) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn number(connection: &Connection, pragma: &str) -> Result<u64, Failure> {
    let number: i64 = connection.query_one(pragma, [], |row| row.get(0))?;
    Ok(number.unsigned_abs())
}
