//! Accounts from the JSON of other tools.

use super::world::State;
use crate::error::{Error, Result};
use crate::json::{object, scalar};
use crate::text::{parse_address, parse_bytes, parse_quantity, parse_u64, parse_word};
use alloy_primitives::map::AddressMap;
use alloy_primitives::{Address, Bytes, U256, hex};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::borrow::Cow;
use std::io::Read;

/// A compressed dump may not unfold to more than this.
const MAX_UNFOLDED: u64 = 4 << 30;

struct Loaded {
    balance: U256,
    nonce: u64,
    code: Bytes,
    storage: Vec<(U256, U256)>,
}

fn invalid(text: String) -> Error {
    Error::InvalidInput(text)
}

fn account(address: Address, value: &Value) -> Result<Loaded> {
    let fields = object(&format!("account {address}"), value)?;
    let what = |field: &str| format!("{field} of {address}");
    let present = |field: &str| fields.get(field).filter(|value| !value.is_null());
    let balance = match present("balance") {
        Some(value) => parse_quantity(&what("balance"), scalar(&what("balance"), value)?.as_bytes())?,
        None => U256::ZERO,
    };
    let nonce = match present("nonce") {
        Some(value) => parse_u64(&what("nonce"), scalar(&what("nonce"), value)?.as_bytes())?,
        None => 0,
    };
    let code = match present("code") {
        Some(Value::String(text)) => parse_bytes(&what("code"), text.as_bytes())?,
        Some(_) => return Err(invalid(format!("{} is not a string", what("code")))),
        None => Bytes::new(),
    };
    let mut storage = Vec::new();
    if let Some(value) = present("storage") {
        for (slot, value) in object(&what("storage"), value)? {
            let slot = parse_word(&what("storage slot"), slot.as_bytes())?;
            let what = format!("storage of {address} at slot {slot:#x}");
            storage.push((slot, parse_word(&what, scalar(&what, value)?.as_bytes())?));
        }
    }
    Ok(Loaded { balance, nonce, code, storage })
}

/// The JSON text inside: as it is, gzipped, or as the `0x` hex of gzip that `anvil_dumpState` answers with.
fn unfold(dump: &[u8]) -> Result<Cow<'_, [u8]>> {
    let trimmed = dump.trim_ascii();
    let unquoted = trimmed.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(trimmed);
    let gzip: Cow<'_, [u8]> = if unquoted.starts_with(b"0x") {
        let bytes =
            hex::decode(unquoted).map_err(|error| invalid(format!("state dump is not hexadecimal: {error}")))?;
        Cow::Owned(bytes)
    } else {
        Cow::Borrowed(dump)
    };
    if !gzip.starts_with(&[0x1f, 0x8b]) {
        return Ok(gzip);
    }
    let mut json = Vec::new();
    let unfolded = GzDecoder::new(gzip.as_ref()).take(MAX_UNFOLDED).read_to_end(&mut json);
    unfolded.map_err(|error| invalid(format!("state dump is not valid gzip: {error}")))?;
    Ok(Cow::Owned(json))
}

impl State {
    /// Loads accounts from JSON and returns how many: geth's genesis `alloc` (bare or in its genesis file), the file of
    /// `anvil --dump-state`, or the answer of `anvil_dumpState`.
    ///
    /// Each account replaces what the state has at its address; others stay. All or nothing: a flaw anywhere leaves
    /// the state as it was. Journaled like any write.
    pub fn load(&mut self, dump: &[u8]) -> Result<usize> {
        let json = unfold(dump)?;
        let root: Value =
            serde_json::from_slice(&json).map_err(|error| invalid(format!("state dump is not JSON: {error}")))?;
        let root = object("state dump", &root)?;
        let accounts = match (root.get("alloc"), root.get("accounts")) {
            (Some(alloc), _) => object("alloc", alloc)?,
            (None, Some(accounts)) => object("accounts", accounts)?,
            (None, None) => root,
        };
        let mut loaded = AddressMap::default();
        for (key, value) in accounts {
            let address = parse_address("account address", key.as_bytes())?;
            if loaded.insert(address, account(address, value)?).is_some() {
                return Err(invalid(format!("account {address} stands twice in the state dump")));
            }
        }
        let count = loaded.len();
        for (address, Loaded { balance, nonce, code, storage }) in loaded {
            self.delete_account(address);
            self.set_balance(address, balance);
            self.set_nonce(address, nonce);
            self.set_code(address, code);
            for (slot, value) in storage {
                self.set_storage(address, slot, value);
            }
        }
        Ok(count)
    }
}
