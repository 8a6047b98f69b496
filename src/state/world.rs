//! The journaled state: local writes over an optional source.

use super::account::{Account, AccountInfo, AccountStatus, Code, Existence};
use super::arena::{AddressHash, Arena};
use super::journal::{AccountIndex, Journal, SnapshotId, Undo};
use super::listing::Listing;
use super::proof::Leaves;
use super::slots::{SlotHash, Slots, Storage};
use super::source::{Request, Source, SourceAccount};
use crate::error::{Error, Result};
use alloy_primitives::map::{Entry, HashMap};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use std::hash::Hash;
use std::sync::Arc;

/// Accounts, storage and code with checkpoints and snapshots, over an optional [`Source`].
///
/// Reads fall through: local writes first, then the source, then nothing (absent, zero, empty). Every write makes its
/// account exist. Writes are journaled while a checkpoint or snapshot is open, and only then.
#[derive(Default)]
pub struct State {
    pub(super) source: Option<Arc<dyn Source>>,
    /// Local writes.
    pub(super) accounts: Arena,
    pub(super) slots: Slots,
    pub(super) journal: Journal,
    /// Rises with every write, undo, checkpoint and snapshot.
    pub(super) version: u64,
    pub(super) listing: Listing,
    pub(super) leaves: Leaves,
}

/// Values of `keys` in order. A source has to keep what was prefetched until its first read only: the second read of
/// a repeated key could find it gone, each time anew.
fn read_each_once<K: Copy + Eq + Hash, V: Copy>(
    keys: impl Iterator<Item = K>,
    mut read: impl FnMut(K) -> Result<V>,
) -> Result<Vec<V>> {
    let mut known = HashMap::<K, V>::default();
    keys.map(|key| match known.entry(key) {
        Entry::Occupied(value) => Ok(*value.get()),
        Entry::Vacant(vacant) => Ok(*vacant.insert(read(key)?)),
    })
    .collect()
}

impl State {
    /// An empty state.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A state whose unwritten part is the source's.
    #[must_use]
    pub fn with_source(source: Arc<dyn Source>) -> Self {
        Self { source: Some(source), ..Self::default() }
    }

    /// Puts another source below, and returns the one that was there.
    #[cfg(feature = "evm")]
    pub(crate) fn replace_source(&mut self, source: Option<Arc<dyn Source>>) -> Option<Arc<dyn Source>> {
        std::mem::replace(&mut self.source, source)
    }

    /// The source below, if any.
    #[must_use]
    pub fn source(&self) -> Option<&Arc<dyn Source>> {
        self.source.as_ref()
    }

    #[inline]
    pub(super) fn local(&self, address: &Address) -> Option<&Account> {
        self.accounts.get(self.accounts.hash(address), address)
    }

    fn remote(&self, address: Address) -> Result<Option<SourceAccount>> {
        self.source.as_ref().map_or(Ok(None), |source| source.account(address))
    }

    /// Rises with every write, undo, checkpoint and snapshot: at an equal version, everything local is equal.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Forgets what can be made again from local writes, or fetched again by the source.
    pub fn clear_caches(&mut self) {
        self.listing = Listing::default();
        self.leaves = Leaves::default();
        if let Some(source) = &self.source {
            source.clear_cache();
        }
    }

    // Reads

    /// Balance in wei; zero for an absent account.
    #[inline]
    pub fn balance(&self, address: Address) -> Result<U256> {
        self.balance_with(&address, |balance| balance)
    }

    /// [`Self::balance`], handed to `read` in registers.
    #[inline]
    pub(crate) fn balance_with<T>(&self, address: &Address, read: impl FnOnce(U256) -> T) -> Result<T> {
        let local = self.local(address);
        match local.and_then(Account::balance) {
            Some(balance) => Ok(read(balance)),
            None => Ok(read(self.balance_below(*address, local)?)),
        }
    }

    #[inline(never)]
    fn balance_below(&self, address: Address, local: Option<&Account>) -> Result<U256> {
        match local {
            Some(Account { detached: true, .. }) => Ok(U256::ZERO),
            _ => Ok(self.remote(address)?.map_or(U256::ZERO, |account| account.balance)),
        }
    }

    /// Nonce; zero for an absent account.
    pub fn nonce(&self, address: Address) -> Result<u64> {
        let local = self.local(&address);
        match (local.and_then(Account::nonce), local) {
            (Some(nonce), _) => Ok(nonce),
            (None, Some(Account { detached: true, .. })) => Ok(0),
            _ => Ok(self.remote(address)?.map_or(0, |account| account.nonce)),
        }
    }

    /// Code; empty for an absent account and for one without code.
    pub fn code(&self, address: Address) -> Result<Bytes> {
        match (self.local(&address), &self.source) {
            (Some(Account { code: Some(code), .. }), _) => Ok(code.bytes.clone()),
            (Some(Account { detached: true, .. }), _) | (_, None) => Ok(Bytes::new()),
            (_, Some(source)) => {
                // Both at once: the code's request needs not wait for the account's answer.
                source.prefetch(&[Request::Account(address), Request::Code(address)])?;
                match source.account(address)? {
                    Some(account) if account.code_hash != KECCAK256_EMPTY => source.code(address, account.code_hash),
                    _ => Ok(Bytes::new()),
                }
            }
        }
    }

    /// The account's code as local writes alone decide it, if it has this hash.
    #[cfg(feature = "evm")]
    pub(crate) fn local_code(&self, address: &Address, code_hash: B256) -> Option<&Bytes> {
        let code = self.local(address)?.code.as_ref()?;
        (code.hash == code_hash).then_some(&code.bytes)
    }

    /// keccak-256 of the code; `KECCAK256_EMPTY` for an account without code, zero for an absent one.
    pub fn code_hash(&self, address: Address) -> Result<B256> {
        match self.local(&address) {
            Some(Account { existence: Existence::Present, code: Some(code), .. }) => Ok(code.hash),
            _ => Ok(self.account(address)?.code_hash),
        }
    }

    /// Whether the account is absent, empty or present.
    pub fn status(&self, address: Address) -> Result<AccountStatus> {
        Ok(self.account(address)?.status)
    }

    /// Balance, nonce, code hash and status in one.
    pub fn account(&self, address: Address) -> Result<AccountInfo> {
        self.account_over(address, || self.remote(address))
    }

    /// [`Self::account`] with something else below than the source.
    #[inline]
    pub(crate) fn account_over(
        &self,
        address: Address,
        below: impl FnOnce() -> Result<Option<SourceAccount>>,
    ) -> Result<AccountInfo> {
        let local = self.local(&address);
        let remote = if local.is_some_and(Account::is_complete) { None } else { below()? };
        let exists = match local.map_or(Existence::Inherited, |account| account.existence) {
            Existence::Inherited => remote.is_some(),
            Existence::Present => true,
            Existence::Absent => false,
        };
        if !exists {
            let status = AccountStatus::Absent;
            return Ok(AccountInfo { balance: U256::ZERO, nonce: 0, code_hash: B256::ZERO, status });
        }
        let below = remote.unwrap_or(SourceAccount { balance: U256::ZERO, nonce: 0, code_hash: KECCAK256_EMPTY });
        let balance = local.and_then(Account::balance).unwrap_or(below.balance);
        let nonce = local.and_then(Account::nonce).unwrap_or(below.nonce);
        let code_hash = local.and_then(|account| account.code.as_ref()).map_or(below.code_hash, |code| code.hash);
        let empty = balance.is_zero() && nonce == 0 && code_hash == KECCAK256_EMPTY;
        let status = if empty { AccountStatus::Empty } else { AccountStatus::Present };
        Ok(AccountInfo { balance, nonce, code_hash, status })
    }

    /// [`Self::account`] of each address; what is missing is asked of the source in one go.
    pub fn account_batch(&self, addresses: &[Address]) -> Result<Vec<AccountInfo>> {
        if let Some(source) = &self.source {
            let hidden = |address: &&Address| self.local(address).is_some_and(Account::is_complete);
            let unknown: Vec<_> = addresses.iter().filter(|a| !hidden(a)).map(|a| Request::Account(*a)).collect();
            source.prefetch(&unknown)?;
            return read_each_once(addresses.iter().copied(), |address| self.account(address));
        }
        addresses.iter().map(|address| self.account(*address)).collect()
    }

    /// The slot's value as local writes alone decide it; `None` where the source has to be asked.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `written_storage`")]
    pub(super) fn local_storage(&self, address: &Address, slot: U256) -> Option<U256> {
        match self.written_storage(address, slot) {
            None if self.source.is_none() => Some(U256::ZERO),
            value => value,
        }
    }

    /// The slot's value if it was written here, or cleared.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the one hot path: the words stay in registers, and nothing is copied twice"
    )]
    pub(crate) fn written_storage(&self, address: &Address, slot: U256) -> Option<U256> {
        let by_address = self.accounts.hash(address);
        let hash = self.slots.hash(by_address, slot);
        if let Some(account) = self.accounts.get(by_address, address) {
            if let Some(value) = self.slots.get(hash, account.storage, slot) {
                return Some(value);
            }
            if account.storage.cleared() {
                return Some(U256::ZERO);
            }
        }
        None
    }

    /// Value of a storage slot; zero where nothing was ever written.
    #[inline]
    pub fn storage(&self, address: Address, slot: U256) -> Result<U256> {
        self.storage_with(&address, slot, |value| value)
    }

    /// [`Self::storage`], handed to `read` in registers.
    #[inline]
    pub(crate) fn storage_with<T>(&self, address: &Address, slot: U256, read: impl FnOnce(U256) -> T) -> Result<T> {
        match self.local_storage(address, slot) {
            Some(value) => Ok(read(value)),
            None => Ok(read(self.storage_below(*address, slot)?)),
        }
    }

    #[inline(never)]
    fn storage_below(&self, address: Address, slot: U256) -> Result<U256> {
        self.source.as_ref().map_or(Ok(U256::ZERO), |source| source.storage(address, slot))
    }

    /// [`Self::storage`] of each key, handed to `put` in order; what is missing is asked of the source in one go.
    /// `put` is not called unless every value is there.
    pub fn storage_batch<K>(&self, keys: K, mut put: impl FnMut(usize, U256)) -> Result<()>
    where
        K: Iterator<Item = (Address, U256)> + Clone,
    {
        let Some(source) = &self.source else {
            self.local_storage_batch(keys, put);
            return Ok(());
        };
        let remote = keys.clone().filter(|(address, slot)| self.local_storage(address, *slot).is_none());
        let requests: Vec<_> = remote.map(|(address, slot)| Request::Storage(address, slot)).collect();
        source.prefetch(&requests)?;
        let values = read_each_once(keys, |(address, slot)| self.storage(address, slot))?;
        for (position, value) in values.into_iter().enumerate() {
            put(position, value);
        }
        Ok(())
    }

    /// Values of slots that no source lies under. In groups, hashes first: then the look-ups of a group are short enough
    /// for the processor to wait for several slots' memory at the same time.
    fn local_storage_batch(&self, mut keys: impl Iterator<Item = (Address, U256)>, mut put: impl FnMut(usize, U256)) {
        const GROUP: usize = 32;
        let mut group = [(SlotHash::default(), Storage::default(), U256::ZERO); GROUP];
        let mut position = 0;
        loop {
            let mut filled = 0;
            for (place, (address, slot)) in group.iter_mut().zip(keys.by_ref()) {
                let by_address = self.accounts.hash(&address);
                let account = self.accounts.get(by_address, &address);
                let storage = account.map_or_else(Storage::default, |account| account.storage);
                *place = (self.slots.hash(by_address, slot), storage, slot);
                filled += 1;
            }
            for (hash, storage, slot) in &group[..filled] {
                put(position, self.slots.get(*hash, *storage, *slot).unwrap_or_default());
                position += 1;
            }
            if filled < GROUP {
                return;
            }
        }
    }

    /// Hash of a block, from the source; `None` for a block later than the source's own. A state without source has
    /// no chain below it: an error.
    pub fn block_hash(&self, number: u64) -> Result<Option<B256>> {
        match &self.source {
            Some(source) => source.block_hash(number),
            None => Err(Error::InvalidState(format!("hash of block {number}: the state is not forked from a chain"))),
        }
    }

    // Writes

    /// The account's place in the arena, which it joins if it is new there.
    #[inline]
    fn place(&mut self, hash: AddressHash, address: Address) -> AccountIndex {
        self.version += 1;
        match self.accounts.find(hash, &address) {
            Some(at) => at,
            None => self.add(address),
        }
    }

    #[inline(never)]
    fn add(&mut self, address: Address) -> AccountIndex {
        let account = Account::new(self.slots.new_storage(false));
        let at = self.accounts.push(address, account);
        if self.journal.is_active() {
            self.journal.push(Undo::Added);
        }
        at
    }

    /// As [`Self::place`], and from now on the account exists.
    #[inline]
    fn touch(&mut self, address: Address) -> AccountIndex {
        self.touch_hashed(self.accounts.hash(&address), address)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "in front of each write")]
    fn touch_hashed(&mut self, hash: AddressHash, address: Address) -> AccountIndex {
        let at = self.place(hash, address);
        let existence = &mut self.accounts[at].existence;
        if *existence != Existence::Present {
            let previous = std::mem::replace(existence, Existence::Present);
            if self.journal.is_active() {
                self.journal.push(Undo::Existence(at, previous));
            }
        }
        at
    }

    /// Sets the balance, in wei.
    pub fn set_balance(&mut self, address: Address, balance: U256) {
        let at = self.touch(address);
        let previous = self.accounts[at].replace_balance(Some(balance));
        if self.journal.is_active() && previous != Some(balance) {
            self.journal.push(Undo::Balance(at, previous));
        }
    }

    /// Sets the nonce.
    pub fn set_nonce(&mut self, address: Address, nonce: u64) {
        let at = self.touch(address);
        let previous = self.accounts[at].replace_nonce(Some(nonce));
        if self.journal.is_active() && previous != Some(nonce) {
            self.journal.push(Undo::Nonce(at, previous));
        }
    }

    /// Sets the code. Empty code makes the account one without code.
    pub fn set_code(&mut self, address: Address, code: Bytes) {
        let at = self.touch(address);
        let previous = self.accounts[at].code.replace(Box::new(Code::new(code)));
        if self.journal.is_active() {
            self.journal.push(Undo::Code(at, previous));
        }
    }

    /// Sets a storage slot. Zero hides the source's value like any other.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the words stay in registers: see `local_storage`")]
    pub fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        let by_address = self.accounts.hash(&address);
        let hash = self.slots.hash(by_address, slot);
        let at = self.touch_hashed(by_address, address);
        let storage = &mut self.accounts[at].storage;
        let removes = value.is_zero() && (storage.cleared() || self.source.is_none());
        let previous = if removes {
            self.slots.remove(hash, storage, slot)
        } else {
            self.slots.insert(hash, storage, slot, value)
        };
        if self.journal.is_active() && previous != (!removes).then_some(value) {
            self.journal.push(Undo::Slot(at, slot, previous));
        }
    }

    /// Makes the account absent, with all it has; the source's account stays hidden. No effect on one that no local
    /// write and no source could know.
    pub fn delete_account(&mut self, address: Address) {
        if self.source.is_none() && self.local(&address).is_none() {
            return;
        }
        let at = self.place(self.accounts.hash(&address), address);
        let storage = self.slots.new_storage(true);
        let previous = std::mem::replace(&mut self.accounts[at], Account::deleted(storage));
        self.slots.replace(previous.storage);
        if self.journal.is_active() {
            self.journal.push(Undo::Account(at, Box::new(previous)));
        }
        self.sweep();
    }

    /// Sets every slot of the account to zero, the source's too. Does not make the account exist.
    pub fn clear_storage(&mut self, address: Address) {
        if self.source.is_none() && self.local(&address).is_none() {
            return;
        }
        let at = self.place(self.accounts.hash(&address), address);
        let storage = self.slots.new_storage(true);
        let previous = std::mem::replace(&mut self.accounts[at].storage, storage);
        self.slots.replace(previous);
        if self.journal.is_active() {
            self.journal.push(Undo::Storage(at, previous));
        }
        self.sweep();
    }

    /// Frees the slots of storages that were replaced and cannot come back, once they are many.
    fn sweep(&mut self) {
        if self.slots.wants_sweep() {
            let used = self.accounts.accounts().map(|account| account.storage);
            self.slots.sweep(used, self.journal.storages());
        }
    }

    // Checkpoints and snapshots

    /// Opens a checkpoint. O(1).
    pub fn checkpoint(&mut self) {
        self.version += 1;
        self.journal.open_checkpoint();
    }

    /// Number of open checkpoints.
    #[must_use]
    pub fn checkpoint_depth(&self) -> usize {
        self.journal.depth()
    }

    /// Undoes everything since the innermost checkpoint and closes it. Snapshots taken since die.
    pub fn revert(&mut self) -> Result<()> {
        let length = self.journal.revert_checkpoint()?;
        self.undo(length);
        Ok(())
    }

    /// Closes the innermost checkpoint and keeps what was written since. Snapshots live on.
    pub fn commit(&mut self) -> Result<()> {
        self.version += 1;
        self.journal.commit_checkpoint()
    }

    /// Takes a snapshot. O(1).
    pub fn snapshot(&mut self) -> SnapshotId {
        self.version += 1;
        self.journal.take_snapshot()
    }

    /// Undoes everything since the snapshot, which dies together with every newer one and with the checkpoints opened
    /// since.
    pub fn revert_to_snapshot(&mut self, id: SnapshotId) -> Result<()> {
        let length = self.journal.revert_snapshot(id)?;
        self.undo(length);
        Ok(())
    }

    /// Forgets a snapshot and keeps what was written since; what only it needed for its undoing is freed.
    pub fn delete_snapshot(&mut self, id: SnapshotId) -> Result<()> {
        self.version += 1;
        self.journal.delete_snapshot(id)
    }

    /// Forgets all local writes, checkpoints and snapshots. The source stays; snapshot ids go on counting.
    pub fn reset(&mut self) {
        self.version += 1;
        self.accounts = Arena::default();
        self.slots = Slots::default();
        self.journal.clear();
    }

    /// Number of entries that the undo journal holds: zero while no checkpoint and no snapshot is open.
    #[must_use]
    pub fn journal_len(&self) -> usize {
        self.journal.len()
    }

    fn undo(&mut self, length: usize) {
        self.version += 1;
        let Self { source: _, accounts, slots, journal, version: _, listing: _, leaves: _ } = self;
        while let Some(undo) = journal.pop_beyond(length) {
            match undo {
                Undo::Added => accounts.pop(),
                Undo::Existence(at, existence) => accounts[at].existence = existence,
                Undo::Balance(at, balance) => drop(accounts[at].replace_balance(balance)),
                Undo::Nonce(at, nonce) => drop(accounts[at].replace_nonce(nonce)),
                Undo::Code(at, code) => accounts[at].code = code,
                Undo::Slot(at, slot, Some(value)) => {
                    let hash = slots.hash(accounts.hash(&accounts.address(at)), slot);
                    slots.insert(hash, &mut accounts[at].storage, slot, value);
                }
                Undo::Slot(at, slot, None) => {
                    let hash = slots.hash(accounts.hash(&accounts.address(at)), slot);
                    slots.remove(hash, &mut accounts[at].storage, slot);
                }
                Undo::Storage(at, storage) => {
                    slots.restore(storage);
                    slots.replace(std::mem::replace(&mut accounts[at].storage, storage));
                }
                Undo::Account(at, account) => {
                    slots.restore(account.storage);
                    slots.replace(std::mem::replace(&mut accounts[at], *account).storage);
                }
            }
        }
        journal.release_if_idle();
        self.sweep();
    }
}
