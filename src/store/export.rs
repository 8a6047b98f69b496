//! Everything of a block, read in one go.

use super::file::{self, Failure};
use super::reader::{self, Answer};
use super::record::{Value, rows};
use super::shared::Shared;
use super::types::{Record, Scope};
use alloy_primitives::{B256, KECCAK256_EMPTY};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

/// Gives the values of the block and the codes of its accounts, all as of one moment.
pub(super) fn each(shared: &Shared, scope: Scope, receive: &mut dyn FnMut(Record)) -> Result<(), Failure> {
    let Some(place) = shared.scopes.place(scope).filter(|place| place.id != 0) else { return Ok(()) };
    // A connection of its own: it may take long, and other reads go on.
    let (mut connection, _) = file::open_to_read(&shared.path, Some(&shared.chain))?;
    let connection = connection.transaction()?;
    let bad = || shared.bad_records.fetch_add(1, Relaxed);
    let mut codes = BTreeSet::<B256>::new();
    let (first, last) = rows(place.id);
    let mut statement = connection.prepare("SELECT data FROM value WHERE id BETWEEN ?1 AND ?2")?;
    let mut found = statement.query([first, last])?;
    while let Some(row) = found.next()? {
        let body = row.get_ref(0)?.as_blob().ok().and_then(|data| place.seal.open(data));
        receive(match body.and_then(Value::decode) {
            Some(Value::Account(address, account)) => {
                codes.extend(account.map(|account| account.code_hash).filter(|hash| *hash != KECCAK256_EMPTY));
                Record::Account(scope, address, account)
            }
            Some(Value::Slot(address, slot, value)) => Record::Slot(scope, address, slot, value),
            Some(Value::BlockHash(number, hash)) => Record::BlockHash(scope, number, hash),
            None => {
                bad();
                continue;
            }
        });
    }
    for hash in codes {
        match reader::content(&connection, &hash)? {
            Answer::Value((code, _)) => receive(Record::Code(hash, code)),
            Answer::Absent => {}
            Answer::Bad => {
                bad();
            }
        }
    }
    Ok(())
}
