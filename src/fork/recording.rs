//! Recordings: everything that is held of one block, as a file that other machines read.
//!
//! One JSON object a line: first which block it is, then accounts, slots, codes, block hashes and trie nodes, each kind in
//! order, so that two recordings of the same are the same file. The last line counts the others and has their keccak-256:
//! a file that was cut or altered is refused as a whole.

use super::block::PinnedBlock;
use crate::error::{Error, Result};
use crate::json::Fields;
use crate::keys::SlotKey;
use crate::state::SourceAccount;
use crate::store::Record;
use alloy_primitives::map::{AddressMap, B256Map, HashMap};
use alloy_primitives::{Address, B256, Bytes, Keccak256, U256, hex, keccak256};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What the first line says of the file's form.
const FORM: &str = "worldstate-recording-1";
/// Slots of one account in one line.
const SLOTS_A_LINE: usize = 256;

/// What was held of one block.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) block: PinnedBlock,
    /// How the block was named, if by a tag.
    pub(super) tag: Option<String>,
    pub(super) accounts: AddressMap<Option<SourceAccount>>,
    pub(super) slots: HashMap<SlotKey, U256>,
    pub(super) codes: B256Map<Bytes>,
    pub(super) block_hashes: HashMap<u64, B256>,
    pub(super) nodes: B256Map<Bytes>,
}

impl Recording {
    pub(super) fn new(block: PinnedBlock, tag: Option<String>) -> Self {
        Self {
            block,
            tag,
            accounts: AddressMap::default(),
            slots: HashMap::default(),
            codes: B256Map::default(),
            block_hashes: HashMap::default(),
            nodes: B256Map::default(),
        }
    }

    /// Adds everything of another one of the same block.
    pub(super) fn extend(&mut self, other: &Self) {
        self.accounts.extend(other.accounts.iter().map(|(address, account)| (*address, *account)));
        self.slots.extend(other.slots.iter().map(|(key, value)| (*key, *value)));
        self.codes.extend(other.codes.iter().map(|(hash, code)| (*hash, code.clone())));
        self.block_hashes.extend(other.block_hashes.iter().map(|(number, hash)| (*number, *hash)));
        self.nodes.extend(other.nodes.iter().map(|(hash, node)| (*hash, node.clone())));
    }

    /// Adds what a store holds.
    pub(super) fn add(&mut self, record: Record) {
        match record {
            Record::Account(_, address, account) => {
                self.accounts.insert(address, account);
            }
            Record::Slot(_, address, slot, value) => {
                self.slots.insert(SlotKey(address, slot), value);
            }
            Record::BlockHash(_, number, hash) => {
                self.block_hashes.insert(number, hash);
            }
            Record::Code(hash, code) => {
                self.codes.insert(hash, code);
            }
            Record::Node(hash, node) => {
                self.nodes.insert(hash, node);
            }
            Record::Touched(..) => {}
        }
    }

    /// Writes the file in one piece: it is there whole, or as it was before.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let failed = |error: std::io::Error| Error::Cache(format!("recording {}: {error}", path.display()));
        let temporary = temporary(path);
        let written = File::create(&temporary).and_then(|file| {
            let mut lines = Lines { out: BufWriter::new(file), hash: Keccak256::new(), count: 0 };
            self.write_lines(&mut lines)?;
            let end = json!({ "lines": lines.count, "keccak256": lines.hash.clone().finalize().to_string() });
            writeln!(lines.out, "{end}")?;
            lines.out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
        });
        written.and_then(|()| std::fs::rename(&temporary, path)).map_err(|error| {
            // What is left of it helps nobody; that it cannot be removed changes nothing about the failure.
            let _ = std::fs::remove_file(&temporary);
            failed(error)
        })
    }

    fn write_lines(&self, lines: &mut Lines) -> std::io::Result<()> {
        let PinnedBlock { chain_id, number, hash, state_root } = self.block;
        let mut head = Map::new();
        head.insert("form".into(), FORM.into());
        head.insert("chainId".into(), format!("{chain_id:#x}").into());
        head.insert("number".into(), format!("{number:#x}").into());
        head.insert("hash".into(), hash.to_string().into());
        if let Some(root) = state_root {
            head.insert("stateRoot".into(), root.to_string().into());
        }
        if let Some(tag) = &self.tag {
            head.insert("tag".into(), tag.as_str().into());
        }
        lines.add(&Value::Object(head))?;
        for (address, account) in sorted(&self.accounts) {
            lines.add(&match account {
                None => json!({ "account": hex_of(address), "absent": true }),
                Some(SourceAccount { balance, nonce, code_hash }) => json!({
                    "account": hex_of(address), "balance": format!("{balance:#x}"), "nonce": format!("{nonce:#x}"),
                    "codeHash": code_hash.to_string(),
                }),
            })?;
        }
        let mut slots: Vec<(Address, U256, U256)> =
            self.slots.iter().map(|(SlotKey(address, slot), value)| (*address, *slot, *value)).collect();
        slots.sort_unstable();
        for group in slots.chunk_by(|a, b| a.0 == b.0).flat_map(|group| group.chunks(SLOTS_A_LINE)) {
            let Some((address, ..)) = group.first() else { continue };
            let values: Map<String, Value> =
                group.iter().map(|(_, slot, value)| (format!("{slot:#x}"), format!("{value:#x}").into())).collect();
            lines.add(&json!({ "storage": hex_of(address), "slots": values }))?;
        }
        for (_, code) in sorted(&self.codes) {
            lines.add(&json!({ "code": code.to_string() }))?;
        }
        for (number, hash) in sorted(&self.block_hashes) {
            lines.add(&json!({ "block": format!("{number:#x}"), "hash": hash.to_string() }))?;
        }
        for (_, node) in sorted(&self.nodes) {
            lines.add(&json!({ "node": node.to_string() }))?;
        }
        Ok(())
    }

    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let failed = |why: String| Error::Cache(format!("recording {}: {why}", path.display()));
        let file = File::open(path).map_err(|error| failed(error.to_string()))?;
        let mut hash = Keccak256::new();
        let mut recording = None::<Self>;
        let mut end = None;
        let mut count = 0_u64;
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let at = |why: String| failed(format!("line {}: {why}", index + 1));
            let line = line.map_err(|error| at(error.to_string()))?;
            if end.is_some() {
                return Err(at("it goes on after its last line".into()));
            }
            let value = serde_json::from_str(&line).map_err(|error| at(format!("it is not JSON ({error})")))?;
            let read = read_line(&value, recording.as_mut());
            match read.map_err(|error| at(error.to_string()))? {
                Line::Head(head) => recording = Some(*head),
                Line::Value => {}
                Line::End(lines, keccak) => {
                    end = Some((lines, keccak));
                    continue;
                }
            }
            count += 1;
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        let (Some(recording), Some(end)) = (recording, end) else {
            return Err(failed("it is not a whole recording: its last line is missing".into()));
        };
        if end != (count, hash.finalize()) {
            return Err(failed("it was altered: its last line tells of another content".into()));
        }
        Ok(recording)
    }
}

struct Lines {
    out: BufWriter<File>,
    hash: Keccak256,
    count: u64,
}

impl Lines {
    fn add(&mut self, value: &Value) -> std::io::Result<()> {
        let line = format!("{value}\n");
        self.hash.update(line.as_bytes());
        self.count += 1;
        self.out.write_all(line.as_bytes())
    }
}

enum Line {
    Head(Box<Recording>),
    Value,
    End(u64, B256),
}

fn read_line(value: &Value, recording: Option<&mut Recording>) -> Result<Line> {
    let fields = Fields::new("the line", value)?;
    let Some(recording) = recording else {
        if fields.given("form").and_then(Value::as_str) != Some(FORM) {
            return Err(Error::InvalidInput(format!("it does not begin as a recording of the form {FORM} does")));
        }
        fields.only(|name| matches!(name, "form" | "chainId" | "number" | "hash" | "stateRoot" | "tag"))?;
        let block = PinnedBlock {
            chain_id: fields.required("chainId", Fields::u64)?,
            number: fields.required("number", Fields::u64)?,
            hash: fields.required("hash", Fields::hash)?,
            state_root: fields.hash("stateRoot")?,
        };
        let tag = fields.given("tag").map(|tag| crate::json::string("tag", tag)).transpose()?;
        return Ok(Line::Head(Box::new(Recording::new(block, tag.map(str::to_owned)))));
    };
    if let Some(lines) = fields.u64("lines")? {
        return Ok(Line::End(lines, fields.required("keccak256", Fields::hash)?));
    }
    if let Some(address) = fields.address("account")? {
        let absent = fields.given("absent").and_then(Value::as_bool) == Some(true);
        let account = if absent {
            None
        } else {
            Some(SourceAccount {
                balance: fields.required("balance", Fields::quantity)?,
                nonce: fields.required("nonce", Fields::u64)?,
                code_hash: fields.required("codeHash", Fields::hash)?,
            })
        };
        recording.accounts.insert(address, account);
    } else if let Some(address) = fields.address("storage")? {
        for (slot, value) in fields.required("slots", Fields::object)? {
            let value = crate::json::string("value of a slot", value)?;
            let slot = crate::text::parse_word("slot", slot.as_bytes())?;
            recording.slots.insert(SlotKey(address, slot), crate::text::parse_word("value", value.as_bytes())?);
        }
    } else if let Some(code) = fields.bytes("code")? {
        recording.codes.insert(keccak256(&code), code);
    } else if let Some(number) = fields.u64("block")? {
        recording.block_hashes.insert(number, fields.required("hash", Fields::hash)?);
    } else if let Some(node) = fields.bytes("node")? {
        recording.nodes.insert(keccak256(&node), node);
    } else {
        return Err(Error::InvalidInput("it is nothing that a recording holds".into()));
    }
    Ok(Line::Value)
}

fn hex_of(address: &Address) -> String {
    hex::encode_prefixed(address)
}

fn sorted<K: Ord, V, S>(map: &HashMap<K, V, S>) -> Vec<(&K, &V)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
    entries
}

/// A name beside `path` that no other process takes.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}
