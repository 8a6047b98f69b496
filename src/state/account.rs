//! What is known locally of one account.

use super::slots::Storage;
use alloy_primitives::{B256, Bytes, KECCAK256_EMPTY, U256, keccak256};

/// Whether an account exists. Absent is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// The account is not in the state.
    Absent,
    /// The account exists with balance 0, nonce 0 and no code (EIP-161).
    Empty,
    /// The account exists and is not empty.
    Present,
}

/// Balance, nonce and code hash of an account, with its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    /// Balance in wei.
    pub balance: U256,
    /// Nonce.
    pub nonce: u64,
    /// keccak-256 of the code; `KECCAK256_EMPTY` without code; zero for an absent account.
    pub code_hash: B256,
    /// Whether the account exists.
    pub status: AccountStatus,
}

/// Code with its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) hash: B256,
    pub(super) bytes: Bytes,
}

impl Code {
    pub(super) fn new(bytes: Bytes) -> Self {
        let hash = if bytes.is_empty() { KECCAK256_EMPTY } else { keccak256(&bytes) };
        Self { hash, bytes }
    }
}

/// What local writes say of an account's existence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Existence {
    /// Nothing: the source knows.
    #[default]
    Inherited,
    /// It was written to.
    Present,
    /// It was deleted, and not written to since.
    Absent,
}

/// Local writes to one account, laid over the source field by field: `None` falls through.
///
/// One cache line, which is what a read of balance or nonce touches.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
pub(super) struct Account {
    balance: U256,
    nonce: u64,
    pub(super) code: Option<Box<Code>>,
    pub(super) storage: Storage,
    has_balance: bool,
    has_nonce: bool,
    pub(super) existence: Existence,
    /// The source's balance, nonce and code are hidden: what is `None` is zero or empty.
    pub(super) detached: bool,
}

const _: () = assert!(size_of::<Account>() == 64);

impl Account {
    /// Nothing is known of the account.
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage, ..Self::default() }
    }

    /// A tombstone: nothing of the source shows through. The storage is a new one that is cleared.
    pub(super) fn deleted(storage: Storage) -> Self {
        Self { existence: Existence::Absent, detached: true, storage, ..Self::default() }
    }

    #[inline]
    pub(super) fn balance(&self) -> Option<U256> {
        self.has_balance.then_some(self.balance)
    }

    #[inline]
    pub(super) fn nonce(&self) -> Option<u64> {
        self.has_nonce.then_some(self.nonce)
    }

    /// Sets the balance and returns what was set before.
    #[inline]
    pub(super) fn replace_balance(&mut self, balance: Option<U256>) -> Option<U256> {
        let previous = self.balance();
        (self.has_balance, self.balance) = (balance.is_some(), balance.unwrap_or_default());
        previous
    }

    /// Sets the nonce and returns what was set before.
    #[inline]
    pub(super) fn replace_nonce(&mut self, nonce: Option<u64>) -> Option<u64> {
        let previous = self.nonce();
        (self.has_nonce, self.nonce) = (nonce.is_some(), nonce.unwrap_or_default());
        previous
    }

    /// Whether status, balance, nonce and code hash are all known without the source.
    pub(super) fn is_complete(&self) -> bool {
        self.existence != Existence::Inherited
            && (self.detached || (self.has_balance && self.has_nonce && self.code.is_some()))
    }
}
