//! The rows of blocks and tags.

use super::file::Failure;
use super::record::{MAX_BLOCK_ID, Seal, block_key, block_prefix, decode_block, encode_block, tag_key};
use super::types::Block;
use alloy_primitives::B256;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Rows of blocks without values that are kept.
const EMPTY_BLOCKS: u32 = 100_000;

/// A block in the file.
pub(super) struct Found {
    pub(super) id: u32,
    pub(super) block: Block,
    pub(super) is_final: bool,
}

/// Finds the block with this key.
pub(super) fn find(connection: &Connection, seal: Seal, key: &[u8]) -> Result<Option<Found>, Failure> {
    let mut statement = connection.prepare_cached("SELECT id, key, data FROM block WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| read(row, seal)).optional()?.flatten())
}

/// Finds the block with this hash. Of several that were checked against different roots, the one used last.
pub(super) fn by_hash(c: &Connection, seal: Seal, hash: &B256, verified: bool) -> Result<Option<Found>, Failure> {
    let prefix = block_prefix(hash, verified);
    let mut statement =
        c.prepare_cached("SELECT id, key, data FROM block WHERE key BETWEEN ?1 AND ?2 ORDER BY used DESC")?;
    let mut last = prefix.clone();
    last.extend_from_slice(&[0xff; 33]);
    let mut rows = statement.query([&prefix, &last])?;
    while let Some(row) = rows.next()? {
        match read(row, seal)? {
            Some(found) if found.block.hash == *hash && found.block.verified == verified => return Ok(Some(found)),
            _ => {}
        }
    }
    Ok(None)
}

/// Finds the final block with this number. Of several, which only a development chain has, the one used last.
pub(super) fn by_number(c: &Connection, seal: Seal, number: u64, verified: bool) -> Result<Option<Found>, Failure> {
    let mut statement =
        c.prepare_cached("SELECT id, key, data FROM block WHERE number = ?1 AND is_final = 1 ORDER BY used DESC")?;
    let mut rows = statement.query([number.to_be_bytes()])?;
    while let Some(row) = rows.next()? {
        match read(row, seal)? {
            Some(found) if found.is_final && found.block.number == number && found.block.verified == verified => {
                return Ok(Some(found));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Finds the block that the tag last meant.
pub(super) fn by_tag(c: &Connection, seal: Seal, tag: &str, verified: bool) -> Result<Option<Found>, Failure> {
    let name = tag_key(tag, verified);
    let mut statement = c.prepare_cached("SELECT data FROM tag WHERE name = ?1")?;
    let data: Option<Vec<u8>> = statement.query_row([&name], |row| row.get(0)).optional()?;
    match data.as_deref().and_then(|data| seal.of_block(&name).open(data)) {
        Some(key) => find(c, seal, key),
        None => Ok(None),
    }
}

pub(super) fn set_tag(c: &Connection, seal: Seal, tag: &str, block: &Block) -> Result<(), Failure> {
    let name = tag_key(tag, block.verified);
    let data = seal.of_block(&name).close(&[], &block_key(block));
    c.prepare_cached("INSERT OR REPLACE INTO tag (name, data) VALUES (?1, ?2)")?.execute(params![name, data])?;
    Ok(())
}

/// Finds the block's row or makes it, and gives its id. What is newly known of the block is added: the root, and that it
/// is final, which it stays.
pub(super) fn ensure(c: &Connection, seal: Seal, block: &Block, is_final: bool) -> Result<Option<u32>, Failure> {
    let key = block_key(block);
    let close = |block: &Block, is_final| seal.of_block(&key).close(&[], &encode_block(block, is_final));
    let mut statement = c.prepare_cached("SELECT id, key, data FROM block WHERE key = ?1")?;
    let row = statement.query_row([&key], |row| Ok((row.get::<_, i64>(0)?, read(row, seal)?))).optional()?;
    let Some((id, found)) = row else {
        let Some(id) = free_id(c)? else { return Ok(None) };
        c.prepare_cached(
            "INSERT INTO block (id, key, number, data, is_final, filled, used) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0)",
        )?
        .execute(params![id, key, block.number.to_be_bytes(), close(block, is_final), is_final])?;
        return Ok(Some(id));
    };
    let Ok(id) = u32::try_from(id) else {
        return Err(Failure::Damaged(format!("block {} has row {id}", block.hash)));
    };
    let (known, was_final) = found.map_or((None, false), |found| (Some(found.block), found.is_final));
    let root = known.as_ref().and_then(|known| known.state_root).or(block.state_root);
    let now = Block { state_root: root, ..block.clone() };
    if known.as_ref() != Some(&now) || is_final && !was_final {
        let is_final = is_final || was_final;
        c.prepare_cached("UPDATE block SET number = ?2, data = ?3, is_final = ?4 WHERE id = ?1")?.execute(params![
            id,
            now.number.to_be_bytes(),
            close(&now, is_final),
            is_final
        ])?;
    }
    Ok(Some(id))
}

/// The time of the file: it goes on by one with each block that is entered, whatever clocks do.
pub(super) fn clock(connection: &Connection) -> Result<i64, Failure> {
    let latest: Option<i64> =
        connection.prepare_cached("SELECT max(used) FROM block")?.query_row([], |row| row.get(0))?;
    Ok(latest.unwrap_or(0))
}

/// Marks the block as used at `time`.
pub(super) fn mark_used(connection: &Connection, id: u32, time: i64) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE block SET used = ?2 WHERE id = ?1 AND used < ?2")?.execute(params![id, time])?;
    Ok(())
}

pub(super) fn mark_filled(connection: &Connection, id: u32) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE block SET filled = 1 WHERE id = ?1 AND filled = 0")?.execute([id])?;
    Ok(())
}

/// Removes the rows of blocks without values that were used longest ago, but for some.
pub(super) fn forget_empty(connection: &Connection) -> Result<(), Failure> {
    connection.execute(
        "DELETE FROM block WHERE filled = 0 AND used < \
         (SELECT used FROM block ORDER BY used DESC LIMIT 1 OFFSET ?1)",
        [EMPTY_BLOCKS],
    )?;
    Ok(())
}

fn free_id(connection: &Connection) -> Result<Option<u32>, Failure> {
    let last: Option<i64> = connection.query_one("SELECT max(id) FROM block", [], |row| row.get(0))?;
    let next = last.unwrap_or(0).saturating_add(1);
    if let Some(id) = u32::try_from(next).ok().filter(|id| (1..=MAX_BLOCK_ID).contains(id)) {
        return Ok(Some(id));
    }
    let gap: Option<i64> = connection
        .query_one(
            "SELECT id + 1 FROM block AS b WHERE NOT EXISTS (SELECT 1 FROM block WHERE id = b.id + 1) ORDER BY id LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(gap.and_then(|id| u32::try_from(id).ok()).filter(|id| (1..=MAX_BLOCK_ID).contains(id)))
}

/// `None` when the row is damaged.
fn read(row: &Row<'_>, seal: Seal) -> rusqlite::Result<Option<Found>> {
    let id: i64 = row.get(0)?;
    let (key, data) = (row.get_ref(1)?, row.get_ref(2)?);
    let (Ok(key), Ok(data), Ok(id)) = (key.as_blob(), data.as_blob(), u32::try_from(id)) else { return Ok(None) };
    let found = seal.of_block(key).open(data).and_then(|data| decode_block(key, data));
    Ok(found.filter(|_| (1..=MAX_BLOCK_ID).contains(&id)).map(|(block, is_final)| Found { id, block, is_final }))
}
