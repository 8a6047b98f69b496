//! The naive model: the whole world, remote part included, cloned at every mark.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use std::collections::{BTreeMap, BTreeSet};
use worldstate::state::{
    AccountInfo, AccountStatus, BalanceChange, CodeChange, NonceChange, SnapshotId, StateChanges, StorageChange,
};

/// An account that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelAccount {
    pub(crate) balance: U256,
    pub(crate) nonce: u64,
    pub(crate) code: Bytes,
}

/// Everything that is true at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Accounts that exist, remote ones too.
    pub(crate) accounts: BTreeMap<Address, ModelAccount>,
    /// Slots that are not zero, remote ones too.
    pub(crate) slots: BTreeMap<(Address, U256), U256>,
    /// Accounts that local writes made exist.
    written: BTreeSet<Address>,
    /// Accounts whose source storage is hidden.
    cleared: BTreeSet<Address>,
    /// Accounts whose source balance, nonce and code are hidden.
    deleted: BTreeSet<Address>,
    /// Slots that hold a local write.
    held: BTreeSet<(Address, U256)>,
    /// Slots that ever held a local write.
    ever_held: BTreeSet<(Address, U256)>,
    /// Fields that hold a local write: 0 balance, 1 nonce, 2 code.
    fields: BTreeSet<(Address, u8)>,
}

#[derive(Clone, Debug)]
enum MarkKind {
    Checkpoint,
    Snapshot(u64),
}

/// The world now, and a clone of it for each open mark, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: World,
    pristine: World,
    forked: bool,
    marks: Vec<(MarkKind, World)>,
    pub(crate) issued: u64,
}

/// Why the model refuses an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoCheckpoint,
    InvalidSnapshot,
}

/// An account as dumps hold it: fields and non-zero local slots.
pub(crate) type Dumped = BTreeMap<Address, (ModelAccount, BTreeMap<U256, U256>)>;

impl Model {
    pub(crate) fn local() -> Self {
        Self::default()
    }

    pub(crate) fn over(pristine: World) -> Self {
        Self { now: pristine.clone(), pristine, forked: true, ..Self::default() }
    }

    pub(crate) fn is_forked(&self) -> bool {
        self.forked
    }

    // Reads

    pub(crate) fn account(&self, address: Address) -> AccountInfo {
        self.now.info(address)
    }

    pub(crate) fn code(&self, address: Address) -> Bytes {
        self.now.accounts.get(&address).map(|account| account.code.clone()).unwrap_or_default()
    }

    pub(crate) fn storage(&self, address: Address, slot: U256) -> U256 {
        self.now.slots.get(&(address, slot)).copied().unwrap_or_default()
    }

    /// Whether local writes alone answer for the slot.
    pub(crate) fn hides_slot(&self, address: Address, slot: U256) -> bool {
        self.now.cleared.contains(&address) || self.now.held.contains(&(address, slot))
    }

    /// Whether local writes alone answer for every slot.
    pub(crate) fn hides_storage(&self, address: Address) -> bool {
        self.now.cleared.contains(&address)
    }

    /// Whether local writes alone answer for field 0 (balance), 1 (nonce) or 2 (code).
    pub(crate) fn hides_field(&self, address: Address, field: u8) -> bool {
        self.now.deleted.contains(&address) || self.now.fields.contains(&(address, field))
    }

    pub(crate) fn list_accounts(&self, after: Option<Address>, limit: usize) -> Vec<Address> {
        let beyond = self.now.written.iter().filter(|address| after.is_none_or(|after| **address > after));
        beyond.copied().take(limit).collect()
    }

    pub(crate) fn list_storage(&self, address: Address, after: Option<U256>, limit: usize) -> Vec<(U256, U256)> {
        let held = self.now.held.iter().filter(|(of, slot)| *of == address && after.is_none_or(|after| *slot > after));
        let values = held.map(|(_, slot)| (*slot, self.storage(address, *slot)));
        values.filter(|(_, value)| !value.is_zero()).take(limit).collect()
    }

    // Writes

    fn touch(&mut self, address: Address) -> &mut ModelAccount {
        self.now.written.insert(address);
        self.now.accounts.entry(address).or_default()
    }

    pub(crate) fn set_balance(&mut self, address: Address, balance: U256) {
        self.touch(address).balance = balance;
        self.now.fields.insert((address, 0));
    }

    pub(crate) fn set_nonce(&mut self, address: Address, nonce: u64) {
        self.touch(address).nonce = nonce;
        self.now.fields.insert((address, 1));
    }

    pub(crate) fn set_code(&mut self, address: Address, code: Bytes) {
        self.touch(address).code = code;
        self.now.fields.insert((address, 2));
    }

    pub(crate) fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        self.touch(address);
        if value.is_zero() {
            self.now.slots.remove(&(address, slot));
        } else {
            self.now.slots.insert((address, slot), value);
        }
        // Zero over storage that is cleared already is no write: there is nothing to hide.
        if !(value.is_zero() && self.now.cleared.contains(&address)) {
            self.now.held.insert((address, slot));
            self.now.ever_held.insert((address, slot));
        }
    }

    pub(crate) fn delete_account(&mut self, address: Address) {
        self.clear_storage(address);
        let World { accounts, written, deleted, fields, .. } = &mut self.now;
        accounts.remove(&address);
        written.remove(&address);
        deleted.insert(address);
        fields.retain(|(of, _)| *of != address);
    }

    pub(crate) fn clear_storage(&mut self, address: Address) {
        self.now.slots.retain(|(of, _), _| *of != address);
        self.now.held.retain(|(of, _)| *of != address);
        self.now.cleared.insert(address);
    }

    pub(crate) fn reset(&mut self) {
        self.now = self.pristine.clone();
        self.marks.clear();
    }

    // Marks

    pub(crate) fn depth(&self) -> usize {
        self.marks.iter().filter(|(kind, _)| matches!(kind, MarkKind::Checkpoint)).count()
    }

    pub(crate) fn is_marked(&self) -> bool {
        !self.marks.is_empty()
    }

    pub(crate) fn checkpoint(&mut self) {
        self.marks.push((MarkKind::Checkpoint, self.now.clone()));
    }

    fn innermost(&self) -> Result<usize, Refusal> {
        let checkpoint = self.marks.iter().rposition(|(kind, _)| matches!(kind, MarkKind::Checkpoint));
        checkpoint.ok_or(Refusal::NoCheckpoint)
    }

    fn find(&self, id: SnapshotId) -> Result<usize, Refusal> {
        let snapshot = self.marks.iter().position(|(kind, _)| matches!(kind, MarkKind::Snapshot(of) if *of == id.0));
        snapshot.ok_or(Refusal::InvalidSnapshot)
    }

    fn restore(&mut self, position: usize) {
        self.now = self.marks[position].1.clone();
        self.marks.truncate(position);
    }

    pub(crate) fn revert(&mut self) -> Result<(), Refusal> {
        self.innermost().map(|position| self.restore(position))
    }

    pub(crate) fn commit(&mut self) -> Result<(), Refusal> {
        self.innermost().map(|position| drop(self.marks.remove(position)))
    }

    pub(crate) fn snapshot(&mut self) -> SnapshotId {
        self.issued += 1;
        self.marks.push((MarkKind::Snapshot(self.issued), self.now.clone()));
        SnapshotId(self.issued)
    }

    pub(crate) fn revert_to_snapshot(&mut self, id: SnapshotId) -> Result<(), Refusal> {
        self.find(id).map(|position| self.restore(position))
    }

    pub(crate) fn delete_snapshot(&mut self, id: SnapshotId) -> Result<(), Refusal> {
        self.find(id).map(|position| drop(self.marks.remove(position)))
    }

    // Differences and dumps

    /// Differences since the snapshot, or since the innermost checkpoint.
    pub(crate) fn changes(&self, since: Option<SnapshotId>) -> Result<StateChanges, Refusal> {
        let position = since.map_or_else(|| self.innermost(), |id| self.find(id))?;
        Ok(self.marks[position].1.diff(&self.now, self.forked))
    }

    /// What a dump holds: the accounts that local writes touched and that exist.
    pub(crate) fn dumped(&self) -> Dumped {
        let World { accounts, written, cleared, .. } = &self.now;
        let touched = accounts.iter().filter(|(address, _)| written.contains(*address) || cleared.contains(*address));
        let slots = |address| self.list_storage(address, None, usize::MAX).into_iter().collect();
        touched.map(|(address, account)| (*address, (account.clone(), slots(*address)))).collect()
    }

    /// Loads each account in place of what was there.
    pub(crate) fn load(&mut self, dumped: &Dumped) {
        for (address, (account, slots)) in dumped {
            self.delete_account(*address);
            self.set_balance(*address, account.balance);
            self.set_nonce(*address, account.nonce);
            self.set_code(*address, account.code.clone());
            for (slot, value) in slots {
                self.set_storage(*address, *slot, *value);
            }
        }
    }
}

impl World {
    pub(crate) fn info(&self, address: Address) -> AccountInfo {
        let Some(account) = self.accounts.get(&address) else {
            return AccountInfo { balance: U256::ZERO, nonce: 0, code_hash: B256::ZERO, status: AccountStatus::Absent };
        };
        let code_hash = if account.code.is_empty() { KECCAK256_EMPTY } else { keccak256(&account.code) };
        let empty = account.balance.is_zero() && account.nonce == 0 && account.code.is_empty();
        let status = if empty { AccountStatus::Empty } else { AccountStatus::Present };
        AccountInfo { balance: account.balance, nonce: account.nonce, code_hash, status }
    }

    fn diff(&self, now: &Self, forked: bool) -> StateChanges {
        let mut changes = StateChanges::default();
        let addresses: BTreeSet<Address> = self.accounts.keys().chain(now.accounts.keys()).copied().collect();
        for address in addresses {
            let fields = |world: &Self| world.accounts.get(&address).cloned().unwrap_or_default();
            let (then, new) = (fields(self), fields(now));
            if then.balance != new.balance {
                let (original_balance, new_balance) = (then.balance, new.balance);
                changes.balances.push(BalanceChange { address, original_balance, new_balance });
            }
            if then.nonce != new.nonce {
                changes.nonces.push(NonceChange { address, original_nonce: then.nonce, new_nonce: new.nonce });
            }
            if then.code != new.code {
                changes.codes.push(CodeChange { address, code: new.code });
            }
            if self.accounts.contains_key(&address) && !now.accounts.contains_key(&address) {
                changes.self_destructs.push(address);
            }
            let hidden_since = now.cleared.contains(&address) && !self.cleared.contains(&address);
            if forked && hidden_since && now.accounts.contains_key(&address) {
                changes.cleared_storage.push(address);
            }
        }
        let keys: BTreeSet<_> = self.slots.keys().chain(now.slots.keys()).copied().collect();
        for (address, slot) in keys {
            let value = |world: &Self| world.slots.get(&(address, slot)).copied().unwrap_or_default();
            let (original_value, new_value) = (value(self), value(now));
            if original_value != new_value && now.ever_held.contains(&(address, slot)) {
                changes.storage.push(StorageChange { address, slot, original_value, new_value });
            }
        }
        changes
    }
}
