//! What the host has answered in this execution.
//!
//! Kept for one execution only: the next one asks again, because the host may have committed meanwhile.

use crate::error::{Error, Result};
use crate::keys::SlotKey;
use crate::shelf::Shelf;
use crate::state::{Request, SourceAccount};
use alloy_primitives::map::{AddressMap, B256Map, HashMap};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};

/// One thing that an execution needs and only the host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// A storage slot.
    Storage(Address, U256),
    /// An account's balance.
    Balance(Address),
    /// An account's code.
    Code(Address),
    /// An account's nonce.
    Nonce(Address),
    /// The hash of the block with this number.
    BlockHash(u64),
    /// The result of a precompiled contract of the host: see [`Evm::precompile_call`](super::Evm::precompile_call).
    Precompile(Address),
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Storage(address, slot) => write!(f, "storage of {address} at slot {slot:#x}"),
            Self::Balance(address) => write!(f, "balance of {address}"),
            Self::Code(address) => write!(f, "code of {address}"),
            Self::Nonce(address) => write!(f, "nonce of {address}"),
            Self::BlockHash(number) => write!(f, "hash of block {number}"),
            Self::Precompile(address) => write!(f, "result of the precompiled contract {address}"),
        }
    }
}

/// The host's answer to a [`Need`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The slot's value.
    Storage(Address, U256, U256),
    /// The balance in wei.
    Balance(Address, U256),
    /// The code; empty for an account without.
    Code(Address, Bytes),
    /// The nonce.
    Nonce(Address, u64),
    /// The hash of the block.
    BlockHash(u64, B256),
    /// What the host's precompiled contract returned.
    Precompile(Address, super::PrecompileAnswer),
}

impl Answer {
    /// The need that it answers.
    #[must_use]
    pub fn need(&self) -> Need {
        match self {
            Self::Storage(address, slot, _) => Need::Storage(*address, *slot),
            Self::Balance(address, _) => Need::Balance(*address),
            Self::Code(address, _) => Need::Code(*address),
            Self::Nonce(address, _) => Need::Nonce(*address),
            Self::BlockHash(number, _) => Need::BlockHash(*number),
            Self::Precompile(address, _) => Need::Precompile(*address),
        }
    }
}

/// The parts of an account that have been answered.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    balance: Option<U256>,
    nonce: Option<u64>,
    code_hash: Option<B256>,
}

pub(super) struct Answers {
    accounts: AddressMap<Parts>,
    codes: B256Map<Bytes>,
    slots: Shelf<SlotKey, U256>,
    /// The last answer, not read yet: the execution that waits for it reads it next.
    hand: Option<(SlotKey, U256)>,
    block_hashes: HashMap<u64, B256>,
    capacity: usize,
    pub(super) hits: u64,
    pub(super) misses: u64,
}

impl Answers {
    /// `slots`: storage values that are kept once they have been read.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            accounts: AddressMap::default(),
            codes: B256Map::default(),
            slots: Shelf::new(slots, usize::MAX, |_| 0),
            hand: None,
            block_hashes: HashMap::default(),
            capacity: slots,
            hits: 0,
            misses: 0,
        }
    }

    /// Forgets all answers and counts.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// The account, once all its parts are there. One without balance, nonce and code is absent: the host's questions
    /// cannot tell it from an empty one.
    #[expect(clippy::option_option, reason = "the outer one is whether it is answered, the inner whether it exists")]
    pub(super) fn account(&self, address: &Address) -> Option<Option<SourceAccount>> {
        let Parts { balance: Some(balance), nonce: Some(nonce), code_hash: Some(code_hash) } =
            *self.accounts.get(address)?
        else {
            return None;
        };
        let absent = balance.is_zero() && nonce == 0 && code_hash == KECCAK256_EMPTY;
        Some((!absent).then_some(SourceAccount { balance, nonce, code_hash }))
    }

    pub(super) fn storage(&mut self, address: Address, slot: U256) -> Option<U256> {
        let key = SlotKey(address, slot);
        let value = match self.hand.take_if(|(held, _)| *held == key) {
            Some((_, value)) => {
                self.slots.keep(key, value);
                Some(value)
            }
            None => self.slots.get(&key),
        };
        *(if value.is_some() { &mut self.hits } else { &mut self.misses }) += 1;
        value
    }

    fn holds(&self, key: SlotKey) -> bool {
        self.hand.is_some_and(|(held, _)| held == key) || self.slots.contains(&key)
    }

    pub(super) fn code(&self, hash: &B256) -> Option<&Bytes> {
        self.codes.get(hash)
    }

    pub(super) fn block_hash(&self, number: u64) -> Option<B256> {
        self.block_hashes.get(&number).copied()
    }

    /// Slots that are kept, and how many were dropped for others.
    pub(super) fn slots(&self) -> (usize, u64) {
        (self.slots.len() + usize::from(self.hand.is_some()), self.slots.evictions())
    }

    /// What the host has to be asked for `request`, without what it has answered already.
    pub(super) fn needs(&self, request: &Request) -> impl Iterator<Item = Need> + use<> {
        let parts = |address: &Address| self.accounts.get(address).copied().unwrap_or_default();
        let needs = match request {
            Request::Account(address) => {
                let Parts { balance, nonce, code_hash } = parts(address);
                [
                    balance.is_none().then_some(Need::Balance(*address)),
                    nonce.is_none().then_some(Need::Nonce(*address)),
                    code_hash.is_none().then_some(Need::Code(*address)),
                ]
            }
            Request::Storage(address, slot) => {
                let open = !self.holds(SlotKey(*address, *slot));
                [open.then_some(Need::Storage(*address, *slot)), None, None]
            }
            Request::Code(address) => {
                let held = parts(address).code_hash.is_some_and(|hash| self.codes.contains_key(&hash));
                [(!held).then_some(Need::Code(*address)), None, None]
            }
            Request::BlockHash(number) => {
                let open = !self.block_hashes.contains_key(number);
                [open.then_some(Need::BlockHash(*number)), None, None]
            }
            Request::Block | Request::Foresight(_) | Request::Proof(_) => [None; 3],
        };
        needs.into_iter().flatten()
    }

    /// Takes an answer in. `code_hash`: what is known of the hash of an account's code.
    pub(super) fn take(&mut self, answer: Answer, code_hash: Option<B256>) -> Result<()> {
        match answer {
            Answer::Storage(address, slot, value) => {
                if let Some((key, value)) = self.hand.replace((SlotKey(address, slot), value)) {
                    self.slots.deliver(key, value);
                }
            }
            Answer::Balance(address, balance) => self.accounts.entry(address).or_default().balance = Some(balance),
            Answer::Nonce(address, nonce) => self.accounts.entry(address).or_default().nonce = Some(nonce),
            Answer::Code(address, code) => {
                let hash = if code.is_empty() { KECCAK256_EMPTY } else { keccak256(&code) };
                if let Some(expected) = code_hash
                    && expected != hash
                {
                    return Err(Error::InvalidRequest(format!(
                        "code of {address}: its hash is {hash}, and the account says {expected}"
                    )));
                }
                self.codes.insert(hash, code);
                self.accounts.entry(address).or_default().code_hash = Some(hash);
            }
            Answer::BlockHash(number, hash) => {
                self.block_hashes.insert(number, hash);
            }
            Answer::Precompile(..) => {}
        }
        Ok(())
    }
}
