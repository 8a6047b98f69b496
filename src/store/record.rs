//! Records as they are in the file, and the checksums that tell whether they are what was written.
//!
//! A checksum is seeded with the identity of what the record belongs to, so that a record which a damaged file shows in
//! the wrong place is as bad as one with a flipped bit. Code and trie nodes need none: their key is their keccak-256.

use super::types::{Block, Chain};
use crate::state::SourceAccount;
use alloy_primitives::{Address, B256, U256};
use twox_hash::XxHash64;

/// Seeds every checksum; another layout of the records needs another one.
const FORMAT_SEED: u64 = u64::from_be_bytes(*b"wstate01");
const SUM: usize = 8;

const ACCOUNT: u8 = 1;
const SLOT: u8 = 2;
const BLOCK_HASH: u8 = 3;

/// Blocks are numbered below this, so that the row ids of their values stay positive and apart.
pub(super) const MAX_BLOCK_ID: u32 = (1 << 23) - 1;
const VALUE_BITS: u32 = 40;
/// Row ids tried for one key. With 40 bits to a block, two keys of ten million share one in 100,000 cases.
pub(super) const PROBES: i64 = 8;

/// The identity that checksums are seeded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal(u64);

impl Seal {
    pub(super) fn of_format() -> Self {
        Self(FORMAT_SEED)
    }

    pub(super) fn of_chain(chain: &Chain) -> Self {
        Self(XxHash64::oneshot(FORMAT_SEED, &encode_chain(chain)))
    }

    /// Of one block's values; `key` is its [`block_key`].
    pub(super) fn of_block(self, key: &[u8]) -> Self {
        Self(XxHash64::oneshot(self.0, key))
    }

    fn sum(self, bytes: &[u8]) -> [u8; SUM] {
        XxHash64::oneshot(self.0, bytes).to_le_bytes()
    }

    /// The record of `value` under `key`.
    pub(super) fn close(self, key: &[u8], value: &[u8]) -> Vec<u8> {
        let mut data = Vec::with_capacity(key.len() + value.len() + SUM);
        data.extend_from_slice(key);
        data.extend_from_slice(value);
        data.extend_from_slice(&self.sum(&data));
        data
    }

    /// What `data` holds, key and value together, if it is what was written.
    pub(super) fn open(self, data: &[u8]) -> Option<&[u8]> {
        let (body, sum) = data.split_at_checked(data.len().checked_sub(SUM)?)?;
        (self.sum(body) == sum).then_some(body)
    }
}

/// The key that a value of a block is stored under.
#[derive(Clone, Copy)]
pub(super) struct Key {
    bytes: [u8; 53],
    len: usize,
}

impl Key {
    pub(super) fn account(address: Address) -> Self {
        Self::new(ACCOUNT, &[address.as_slice()])
    }

    pub(super) fn slot(address: Address, slot: U256) -> Self {
        Self::new(SLOT, &[address.as_slice(), &slot.to_be_bytes::<32>()])
    }

    pub(super) fn block_hash(number: u64) -> Self {
        Self::new(BLOCK_HASH, &[&number.to_be_bytes()])
    }

    fn new(kind: u8, parts: &[&[u8]]) -> Self {
        let mut key = Self { bytes: [0; 53], len: 1 };
        key.bytes[0] = kind;
        for part in parts {
            key.bytes[key.len..key.len + part.len()].copy_from_slice(part);
            key.len += part.len();
        }
        key
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The first row id that the value can be at; the next ones follow it.
    pub(super) fn row(&self, block: u32) -> i64 {
        let hash = XxHash64::oneshot(FORMAT_SEED, self.as_slice());
        let (first, last) = rows(block);
        (first + (hash >> (64 - VALUE_BITS)).cast_signed()).min(last - PROBES)
    }
}

/// The row ids that the values of a block are at, both included.
pub(super) fn rows(block: u32) -> (i64, i64) {
    let first = i64::from(block) << VALUE_BITS;
    (first, first + ((1 << VALUE_BITS) - 1))
}

/// A value of a block with its key, read back.
pub(super) enum Value {
    Account(Address, Option<SourceAccount>),
    Slot(Address, U256, U256),
    BlockHash(u64, B256),
}

impl Value {
    /// Reads a record's body. `None` when it is none of the three kinds.
    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        let (kind, rest) = body.split_first()?;
        match *kind {
            ACCOUNT => {
                let (address, value) = rest.split_at_checked(20)?;
                Some(Self::Account(Address::from_slice(address), decode_account(value)?))
            }
            SLOT => {
                let (address, rest) = rest.split_at_checked(20)?;
                let (slot, value) = rest.split_at_checked(32)?;
                Some(Self::Slot(Address::from_slice(address), decode_word(slot)?, decode_word(value)?))
            }
            BLOCK_HASH => {
                let (number, hash) = rest.split_at_checked(8)?;
                Some(Self::BlockHash(u64::from_be_bytes(number.try_into().ok()?), decode_hash(hash)?))
            }
            _ => None,
        }
    }
}

/// Nothing for an absent account; else nonce, code hash, and the balance without its leading zeros.
pub(super) fn encode_account(account: Option<&SourceAccount>) -> Vec<u8> {
    account.map_or_else(Vec::new, |account| {
        let mut value = Vec::with_capacity(72);
        value.extend_from_slice(&account.nonce.to_be_bytes());
        value.extend_from_slice(account.code_hash.as_slice());
        value.extend_from_slice(&account.balance.to_be_bytes_trimmed_vec());
        value
    })
}

#[expect(clippy::option_option, reason = "the outer is whether it could be read, the inner whether the account exists")]
pub(super) fn decode_account(value: &[u8]) -> Option<Option<SourceAccount>> {
    if value.is_empty() {
        return Some(None);
    }
    let (nonce, rest) = value.split_at_checked(8)?;
    let (code_hash, balance) = rest.split_at_checked(32)?;
    Some(Some(SourceAccount {
        balance: decode_word(balance)?,
        nonce: u64::from_be_bytes(nonce.try_into().ok()?),
        code_hash: B256::from_slice(code_hash),
    }))
}

pub(super) fn decode_word(value: &[u8]) -> Option<U256> {
    U256::try_from_be_slice(value)
}

pub(super) fn decode_hash(value: &[u8]) -> Option<B256> {
    B256::try_from(value).ok()
}

/// Where a code or trie node is: the first bytes of its keccak-256, so that nobody can put another in its way but by
/// finding two with the same 64 bits, of which one is then a miss.
pub(super) fn content_row(hash: &B256) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

pub(super) fn encode_chain(chain: &Chain) -> Vec<u8> {
    let mut data = chain.id.to_be_bytes().to_vec();
    data.extend_from_slice(chain.network.as_bytes());
    data
}

pub(super) fn decode_chain(data: &[u8]) -> Option<Chain> {
    let (id, network) = data.split_at_checked(8)?;
    let network = String::from_utf8(network.to_vec()).ok()?;
    Some(Chain { id: u64::from_be_bytes(id.try_into().ok()?), network })
}

/// What tells the values of one block from those of all others. The root is part of it for values that were checked
/// against it: checked against another root, they are others.
pub(super) fn block_key(block: &Block) -> Vec<u8> {
    let mut key = block_prefix(&block.hash, block.verified);
    if block.verified {
        key.extend_from_slice(block.state_root.unwrap_or_default().as_slice());
    }
    key
}

/// What the keys of a block begin with, whatever its root.
pub(super) fn block_prefix(hash: &B256, verified: bool) -> Vec<u8> {
    let mut key = hash.to_vec();
    key.push(u8::from(verified));
    key
}

/// The rest of a block: number, whether it is final, and the root if it is known.
pub(super) fn encode_block(block: &Block, is_final: bool) -> Vec<u8> {
    let mut data = block.number.to_be_bytes().to_vec();
    data.push(u8::from(is_final));
    data.extend(block.state_root.iter().flatten());
    data
}

/// The block, and whether it is final.
pub(super) fn decode_block(key: &[u8], data: &[u8]) -> Option<(Block, bool)> {
    let (hash, rest) = key.split_at_checked(32)?;
    let verified = *rest.first()? == 1;
    let (number, rest) = data.split_at_checked(8)?;
    let (is_final, root) = rest.split_first()?;
    let state_root = if root.is_empty() { None } else { Some(decode_hash(root)?) };
    let number = u64::from_be_bytes(number.try_into().ok()?);
    Some((Block { number, hash: B256::from_slice(hash), state_root, verified }, *is_final == 1))
}

/// The name of a tag as a key: the same tag means two blocks, one with checked values and one without.
pub(super) fn tag_key(tag: &str, verified: bool) -> Vec<u8> {
    let mut key = vec![u8::from(verified)];
    key.extend_from_slice(tag.as_bytes());
    key
}
