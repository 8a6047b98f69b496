//! What is known locally of one account.

use alloy_primitives::map::U256Map;
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

/// Local storage of one account.
///
/// Invariant: a slot whose value is zero is held only while `cleared` is false and a source exists, for only then
/// would its absence mean anything else than zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Storage {
    pub(super) slots: U256Map<U256>,
    /// The source's slots are hidden: what is not in `slots` is zero.
    pub(super) cleared: bool,
}

/// Local writes to one account, laid over the source field by field: `None` falls through.
///
/// Two cache lines, of which the first answers for balance and nonce.
#[derive(Clone, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Account {
    pub(super) balance: Option<U256>,
    pub(super) nonce: Option<u64>,
    pub(super) existence: Existence,
    /// The source's balance, nonce and code are hidden: what is `None` is zero or empty.
    pub(super) detached: bool,
    pub(super) code: Option<Box<Code>>,
    pub(super) storage: Storage,
}

impl Account {
    /// A tombstone: nothing of the source shows through.
    pub(super) fn deleted() -> Self {
        Self {
            existence: Existence::Absent,
            detached: true,
            storage: Storage { slots: U256Map::default(), cleared: true },
            ..Self::default()
        }
    }

    /// Whether status, balance, nonce and code hash are all known without the source.
    pub(super) fn is_complete(&self) -> bool {
        self.existence != Existence::Inherited
            && (self.detached || (self.balance.is_some() && self.nonce.is_some() && self.code.is_some()))
    }
}
