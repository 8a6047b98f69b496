//! What the sequences run against: the operations of a state manager, whatever language it is called from.

use alloy_primitives::{Address, B256, Bytes, U256};
use worldstate::Error;
use worldstate::state::{AccountInfo, DumpFormat, SnapshotId, StateChanges};

/// Why an operation failed, as every interface can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Not here yet: [`Subject::serve`] and ask again.
    Missing,
    /// Fetching failed: ask again.
    Rpc,
    NoCheckpoint,
    InvalidSnapshot,
    InvalidState,
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(_) => Self::Missing,
            Error::RpcFailed(_) => Self::Rpc,
            Error::NoCheckpoint => Self::NoCheckpoint,
            Error::InvalidSnapshot(_) => Self::InvalidSnapshot,
            Error::InvalidState(_) => Self::InvalidState,
            other => Self::Other(other.to_string()),
        }
    }
}

pub(crate) type Outcome<T> = Result<T, Failure>;

pub(crate) trait Subject {
    fn account(&mut self, address: Address) -> Outcome<AccountInfo>;
    fn balance(&mut self, address: Address) -> Outcome<U256>;
    fn nonce(&mut self, address: Address) -> Outcome<u64>;
    fn code_hash(&mut self, address: Address) -> Outcome<B256>;
    fn code(&mut self, address: Address) -> Outcome<Bytes>;
    fn storage(&mut self, address: Address, slot: U256) -> Outcome<U256>;
    fn account_batch(&mut self, addresses: &[Address]) -> Outcome<Vec<AccountInfo>>;
    fn storage_batch(&mut self, keys: &[(Address, U256)]) -> Outcome<Vec<U256>>;
    fn block_hash(&mut self, number: u64) -> Outcome<Option<B256>>;
    fn list_accounts(&mut self, after: Option<Address>, limit: usize) -> Outcome<Vec<Address>>;
    fn list_storage(&mut self, address: Address, after: Option<U256>, limit: usize) -> Outcome<Vec<(U256, U256)>>;

    fn set_balance(&mut self, address: Address, balance: U256) -> Outcome<()>;
    fn set_nonce(&mut self, address: Address, nonce: u64) -> Outcome<()>;
    fn set_code(&mut self, address: Address, code: Bytes) -> Outcome<()>;
    fn set_storage(&mut self, address: Address, slot: U256, value: U256) -> Outcome<()>;
    fn set_storage_batch(&mut self, writes: &[(Address, U256, U256)]) -> Outcome<()>;
    fn delete_account(&mut self, address: Address) -> Outcome<()>;
    fn clear_storage(&mut self, address: Address) -> Outcome<()>;

    fn checkpoint(&mut self) -> Outcome<()>;
    fn revert(&mut self) -> Outcome<()>;
    fn commit(&mut self) -> Outcome<()>;
    fn depth(&mut self) -> Outcome<usize>;
    fn snapshot(&mut self) -> Outcome<SnapshotId>;
    fn revert_to_snapshot(&mut self, id: SnapshotId) -> Outcome<()>;
    fn delete_snapshot(&mut self, id: SnapshotId) -> Outcome<()>;
    fn reset(&mut self) -> Outcome<()>;

    /// Since the snapshot, or since the innermost checkpoint.
    fn changes(&mut self, since: Option<SnapshotId>) -> Outcome<StateChanges>;
    fn dump(&mut self, format: DumpFormat) -> Outcome<String>;
    fn load(&mut self, dump: &[u8]) -> Outcome<usize>;
    fn state_root(&mut self) -> Outcome<B256>;
    fn storage_root(&mut self, address: Address) -> Outcome<B256>;

    /// Entries in the undo journal, where the interface tells.
    fn journal_len(&mut self) -> Option<usize>;
    /// Reads that went past the local state so far, where the interface tells.
    fn remote_reads(&mut self) -> Option<u64>;

    /// Forgets all that can be fetched again.
    fn clear_caches(&mut self);
    /// Brings what is missing: all of it, or one piece.
    fn serve(&mut self, all: bool);
    /// Makes the next `reads` reads of what is not here fail.
    fn fail_next(&mut self, reads: u64);
}
