//! The state as revm asks for it.

use super::answers::Answers;
use super::guesses::Guesses;
use crate::error::{Error, Result};
use crate::state::{AccountStatus, Request, Source, SourceAccount, State};
use alloy_primitives::map::{B256Map, DefaultHashBuilder, HashMap};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use lru::LruCache;
use revm::context_interface::DBErrorMarker;
use revm::state::{AccountInfo, Bytecode};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Analysed codes that are kept from one execution to the next.
const CODES: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// Why a question could not be answered: [`Error::Missing`], or a failure of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DatabaseError(pub(super) Error);

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for DatabaseError {}
impl DBErrorMarker for DatabaseError {}

/// What lies under the state during an execution: the host's answers first, then what the state's own source has at
/// hand. Nothing here waits for anybody.
pub(super) struct Below {
    pub(super) answers: Answers,
    pub(super) at_hand: Option<Arc<dyn Source>>,
    /// Whether there is anything below: what is not written in the state is zero otherwise.
    pub(super) exists: bool,
}

impl Below {
    fn account(&mut self, address: Address) -> Result<Option<SourceAccount>> {
        if !self.exists {
            return Ok(None);
        }
        if let Some(account) = self.answers.account(&address) {
            return Ok(account);
        }
        self.at_hand.as_ref().map_or(Err(Error::Missing(Request::Account(address))), |source| source.account(address))
    }

    #[inline]
    fn storage(&mut self, address: Address, slot: U256) -> Result<U256> {
        if !self.exists {
            return Ok(U256::ZERO);
        }
        if let Some(value) = self.answers.storage(address, slot) {
            return Ok(value);
        }
        let missing = Err(Error::Missing(Request::Storage(address, slot)));
        self.at_hand.as_ref().map_or(missing, |source| source.storage(address, slot))
    }

    fn code(&self, address: Address, code_hash: B256) -> Result<Bytes> {
        if let Some(code) = self.answers.code(&code_hash) {
            return Ok(code.clone());
        }
        let missing = Err(Error::Missing(Request::Code(address)));
        self.at_hand.as_ref().map_or(missing, |source| source.code(address, code_hash))
    }

    fn block_hash(&self, number: u64) -> Result<B256> {
        if !self.exists {
            // No chain lies below: there are no earlier blocks.
            return Ok(B256::ZERO);
        }
        if let Some(hash) = self.answers.block_hash(number) {
            return Ok(hash);
        }
        let missing = Err(Error::Missing(Request::BlockHash(number)));
        match &self.at_hand {
            // Of a block later than the source's own, only the host can know.
            Some(source) => source.block_hash(number)?.map_or(missing, Ok),
            None => missing,
        }
    }
}

/// revm's database over a [`State`].
pub(super) struct Database {
    /// The caller's state while an execution runs, an empty one otherwise. What is not written in it is asked of `below`,
    /// never of its own source, which may wait.
    pub(super) state: State,
    pub(super) below: Below,
    /// By hash, because revm asks for code by its hash alone.
    owners: B256Map<Address>,
    codes: LruCache<B256, Bytecode, DefaultHashBuilder>,
    /// Hashes of earlier blocks that the host gave beforehand.
    pub(super) block_hashes: Arc<HashMap<u64, B256>>,
    /// Provisional values for what is missing; `None` in an execution that counts.
    pub(super) guesses: Option<Guesses>,
}

impl Database {
    /// `slots`: storage values of the host that are kept once they have been read.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            state: State::new(),
            below: Below { answers: Answers::new(slots), at_hand: None, exists: false },
            owners: B256Map::default(),
            codes: LruCache::with_hasher(CODES, DefaultHashBuilder::default()),
            block_hashes: Arc::default(),
            guesses: None,
        }
    }

    /// Whether anything can be missing: only what lies below the state can leave a question open.
    #[inline]
    pub(super) fn can_miss(&self) -> bool {
        self.below.exists
    }

    /// Forgets whose code is whose: the next execution may run on another state.
    pub(super) fn clear(&mut self) {
        self.owners.clear();
    }

    /// The value, or a guess where guesses are wanted and the value is missing.
    fn or_guess<T>(
        &mut self,
        result: Result<T>,
        guess: impl FnOnce(&mut Guesses, Request) -> Option<T>,
    ) -> std::result::Result<T, DatabaseError> {
        match (result, &mut self.guesses) {
            (Err(Error::Missing(request)), Some(guesses)) => {
                guess(guesses, request).ok_or(DatabaseError(Error::Missing(request)))
            }
            (result, _) => result.map_err(DatabaseError),
        }
    }
}

impl revm::Database for Database {
    type Error = DatabaseError;

    fn basic(&mut self, address: Address) -> std::result::Result<Option<AccountInfo>, DatabaseError> {
        let below = &mut self.below;
        let account = self.state.account_over(address, || below.account(address)).map(|account| {
            (account.status != AccountStatus::Absent).then(|| AccountInfo {
                balance: account.balance,
                nonce: account.nonce,
                code_hash: account.code_hash,
                account_id: None,
                code: (account.code_hash == KECCAK256_EMPTY).then(Bytecode::default),
            })
        });
        let account = self.or_guess(account, |guesses, request| guesses.account(address, request))?;
        if let Some(AccountInfo { code: None, code_hash, .. }) = &account {
            self.owners.insert(*code_hash, address);
        }
        Ok(account)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> std::result::Result<Bytecode, DatabaseError> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.codes.get(&code_hash) {
            return Ok(code.clone());
        }
        let Some(owner) = self.owners.get(&code_hash).copied() else {
            let text = format!("code {code_hash} is asked for, and no account with it was");
            return Err(DatabaseError(Error::Internal(text)));
        };
        let local = self.state.local_code(&owner, code_hash).cloned();
        match local.map_or_else(|| self.below.code(owner, code_hash), Ok) {
            Ok(code) => {
                let code = analysed(code);
                self.codes.put(code_hash, code.clone());
                Ok(code)
            }
            missing => self.or_guess(missing.map(analysed), Guesses::code),
        }
    }

    fn storage(&mut self, address: Address, slot: U256) -> std::result::Result<U256, DatabaseError> {
        let value = match self.state.written_storage(&address, slot) {
            Some(value) => Ok(value),
            None => self.below.storage(address, slot),
        };
        self.or_guess(value, |guesses, request| guesses.storage(address, request))
    }

    fn block_hash(&mut self, number: u64) -> std::result::Result<B256, DatabaseError> {
        if let Some(hash) = self.block_hashes.get(&number) {
            return Ok(*hash);
        }
        let hash = self.below.block_hash(number);
        self.or_guess(hash, Guesses::block_hash)
    }
}

/// Code with its jump destinations. Old accounts hold code that no rule of today would let in: it runs as it is.
fn analysed(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}
