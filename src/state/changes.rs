//! What really differs between a moment in the past and now.

use super::account::{Account, Code, Existence};
use super::journal::{AccountIndex, Since, Undo};
use super::slots::{Storage, StorageId};
use super::source::Request;
use super::world::State;
use crate::error::Result;
use alloy_primitives::map::{HashMap, HashSet, U256Map};
use alloy_primitives::{Address, Bytes, U256, hex};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A storage slot whose value differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageChange {
    /// The account.
    pub address: Address,
    /// The slot.
    pub slot: U256,
    /// Its value then.
    pub original_value: U256,
    /// Its value now.
    pub new_value: U256,
}

/// A balance that differs, in wei.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// The account.
    pub address: Address,
    /// Its balance then.
    pub original_balance: U256,
    /// Its balance now.
    pub new_balance: U256,
}

/// A nonce that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonceChange {
    /// The account.
    pub address: Address,
    /// Its nonce then.
    pub original_nonce: u64,
    /// Its nonce now.
    pub new_nonce: u64,
}

/// Code that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChange {
    /// The account.
    pub address: Address,
    /// Its code now; empty when it has none any more.
    pub code: Bytes,
}

/// Everything that differs, each list in ascending order of address and slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// Slots.
    pub storage: Vec<StorageChange>,
    /// Balances.
    pub balances: Vec<BalanceChange>,
    /// Nonces.
    pub nonces: Vec<NonceChange>,
    /// Codes.
    pub codes: Vec<CodeChange>,
    /// Accounts that existed then and do not now. What they had is in the other lists as well.
    pub self_destructs: Vec<Address>,
    /// Accounts of a fork that still exist and whose storage was cleared: of their slots, the other lists name only
    /// those that were written locally, because a source cannot enumerate the rest.
    pub cleared_storage: Vec<Address>,
}

impl StateChanges {
    /// The changes as JSON: `storage[{address,slot,originalValue,newValue}]`,
    /// `balances[{address,originalBalance,newBalance}]`, `nonces[{address,originalNonce,newNonce}]`,
    /// `codes[{address,code}]`, `selfDestructs[address]`, and `clearedStorage[address]` only where that is not empty.
    /// Slots and their values are 32-byte `0x` hex, balances and nonces `0x` quantities.
    #[must_use]
    pub fn to_json(&self) -> String {
        let word = |value: U256| format!("0x{value:064x}");
        let mut json = String::with_capacity(64 + 256 * self.storage.len());
        let list = |json: &mut String, name: &str, items: &mut dyn Iterator<Item = String>| {
            let _ = write!(json, "{}\"{name}\":[", if json.is_empty() { "{" } else { "," });
            for (position, item) in items.enumerate() {
                json.push_str(if position == 0 { "" } else { "," });
                json.push_str(&item);
            }
            json.push(']');
        };
        list(
            &mut json,
            "storage",
            &mut self.storage.iter().map(|change| {
                format!(
                    r#"{{"address":"{:#x}","slot":"{}","originalValue":"{}","newValue":"{}"}}"#,
                    change.address,
                    word(change.slot),
                    word(change.original_value),
                    word(change.new_value)
                )
            }),
        );
        list(
            &mut json,
            "balances",
            &mut self.balances.iter().map(|change| {
                format!(
                    r#"{{"address":"{:#x}","originalBalance":"{:#x}","newBalance":"{:#x}"}}"#,
                    change.address, change.original_balance, change.new_balance
                )
            }),
        );
        list(
            &mut json,
            "nonces",
            &mut self.nonces.iter().map(|change| {
                format!(
                    r#"{{"address":"{:#x}","originalNonce":"{:#x}","newNonce":"{:#x}"}}"#,
                    change.address, change.original_nonce, change.new_nonce
                )
            }),
        );
        list(
            &mut json,
            "codes",
            &mut self.codes.iter().map(|change| {
                format!(r#"{{"address":"{:#x}","code":"{}"}}"#, change.address, hex::encode_prefixed(&change.code))
            }),
        );
        let quoted = |address: &Address| format!("\"{address:#x}\"");
        list(&mut json, "selfDestructs", &mut self.self_destructs.iter().map(quoted));
        if !self.cleared_storage.is_empty() {
            list(&mut json, "clearedStorage", &mut self.cleared_storage.iter().map(quoted));
        }
        json.push('}');
        json
    }
}

/// One account as the journal remembers it: each part is the one to put back, or absent where it did not change.
/// Walking the journal backwards, a later put-back overwrites an earlier one, as undoing would.
#[derive(Default)]
#[expect(clippy::option_option, reason = "the outer option is whether it changed, the inner what the account held")]
struct Before<'a> {
    existence: Option<Existence>,
    balance: Option<Option<U256>>,
    nonce: Option<Option<u64>>,
    code: Option<&'a Option<Box<Code>>>,
    slots: U256Map<Option<U256>>,
    storage: Option<Storage>,
    account: Option<&'a Account>,
    /// Every storage that was put back on the way: their slots may differ as well.
    replaced: Vec<Storage>,
    touched: BTreeSet<U256>,
}

impl<'a> Before<'a> {
    fn put_back(&mut self, undo: &'a Undo, nothing: &'a Account) {
        match undo {
            Undo::Added => self.put_back_account(nothing),
            Undo::Existence(_, existence) => self.existence = Some(*existence),
            Undo::Balance(_, balance) => self.balance = Some(*balance),
            Undo::Nonce(_, nonce) => self.nonce = Some(*nonce),
            Undo::Code(_, code) => self.code = Some(code),
            Undo::Slot(_, slot, value) => {
                self.slots.insert(*slot, *value);
                self.touched.insert(*slot);
            }
            Undo::Storage(_, storage) => {
                self.slots.clear();
                self.storage = Some(*storage);
                self.replaced.push(*storage);
            }
            Undo::Account(_, account) => self.put_back_account(account),
        }
    }

    fn put_back_account(&mut self, account: &'a Account) {
        let Self { replaced, touched, .. } = std::mem::take(self);
        *self = Self { account: Some(account), replaced, touched, ..Self::default() };
        self.replaced.push(account.storage);
    }

    /// The account then, except for its slots.
    fn fields<'b>(&'b self, now: &'b Account) -> Fields<'b> {
        let base = self.account.unwrap_or(now);
        Fields {
            existence: self.existence.unwrap_or(base.existence),
            detached: base.detached,
            balance: self.balance.unwrap_or(base.balance()),
            nonce: self.nonce.unwrap_or(base.nonce()),
            code: self.code.unwrap_or(&base.code).as_deref(),
        }
    }

    fn storage(&self, now: &Account) -> Storage {
        self.storage.or(self.account.map(|account| account.storage)).unwrap_or(now.storage)
    }

    fn is_cleared_since(&self, now: &Account) -> bool {
        now.storage.cleared() && !self.storage(now).cleared()
    }
}

/// The fields of an account then or now, as local writes say.
struct Fields<'a> {
    existence: Existence,
    detached: bool,
    balance: Option<U256>,
    nonce: Option<u64>,
    code: Option<&'a Code>,
}

impl<'a> Fields<'a> {
    fn of(account: &'a Account) -> Self {
        Self {
            existence: account.existence,
            detached: account.detached,
            balance: account.balance(),
            nonce: account.nonce(),
            code: account.code.as_deref(),
        }
    }
}

impl State {
    /// Differences between `since` and now.
    ///
    /// On a fork the original values may have to be asked of the source; they are, in one go.
    pub fn changes(&self, since: Since) -> Result<StateChanges> {
        let length = self.journal.length_at(since)?;
        let nothing = Account::default();
        let mut arena_end = self.accounts.len();
        let mut before = HashMap::<AccountIndex, Before<'_>>::default();
        for undo in self.journal.entries_from(length).iter().rev() {
            let at = match undo {
                Undo::Added => {
                    arena_end -= 1;
                    #[expect(clippy::cast_possible_truncation, reason = "the arena's indices are AccountIndex")]
                    {
                        arena_end as AccountIndex
                    }
                }
                Undo::Existence(at, _)
                | Undo::Balance(at, _)
                | Undo::Nonce(at, _)
                | Undo::Code(at, _)
                | Undo::Slot(at, ..)
                | Undo::Storage(at, _)
                | Undo::Account(at, _) => *at,
            };
            before.entry(at).or_default().put_back(undo, &nothing);
        }
        let touched: BTreeMap<Address, (&Account, Before<'_>)> =
            before.into_iter().map(|(at, before)| (self.accounts.address(at), (&self.accounts[at], before))).collect();
        let candidates = self.candidates(&touched);
        self.prefetch_originals(&touched, &candidates)?;
        let mut changes = StateChanges::default();
        for (address, (now, before)) in &touched {
            self.field_changes(*address, &before.fields(now), &Fields::of(now), &mut changes)?;
            self.storage_changes(*address, &candidates[address], before, now, &mut changes)?;
        }
        Ok(changes)
    }

    /// Slots that may differ, account by account.
    fn candidates(&self, touched: &BTreeMap<Address, (&Account, Before<'_>)>) -> BTreeMap<Address, BTreeSet<U256>> {
        let replaced = |(now, before): &(&Account, Before<'_>)| {
            let storages = before.replaced.iter().map(|storage| storage.id);
            let storages = storages.chain((!before.replaced.is_empty()).then_some(now.storage.id));
            storages.collect::<Vec<_>>()
        };
        let wanted: HashSet<StorageId> = touched.values().flat_map(replaced).collect();
        let entries =
            if wanted.is_empty() { HashMap::default() } else { self.slots.by_storage(|id| wanted.contains(&id)) };
        let slots = |account: &(&Account, Before<'_>)| {
            let held = replaced(account).into_iter().filter_map(|id| entries.get(&id)).flatten();
            let mut slots = account.1.touched.clone();
            slots.extend(held.map(|(slot, _)| *slot));
            slots
        };
        touched.iter().map(|(address, account)| (*address, slots(account))).collect()
    }

    /// A slot's value then; `None` where the source has to be asked.
    fn original(&self, address: &Address, before: &Before<'_>, now: &Account, slot: U256) -> Option<U256> {
        let storage = before.storage(now);
        let held = before
            .slots
            .get(&slot)
            .copied()
            .unwrap_or_else(|| self.slots.get(self.slots.hash(self.accounts.hash(address), slot), storage, slot));
        held.or_else(|| (storage.cleared() || self.source.is_none()).then_some(U256::ZERO))
    }

    fn prefetch_originals(
        &self,
        touched: &BTreeMap<Address, (&Account, Before<'_>)>,
        candidates: &BTreeMap<Address, BTreeSet<U256>>,
    ) -> Result<()> {
        let Some(source) = &self.source else { return Ok(()) };
        let mut requests = Vec::new();
        for (address, (now, before)) in touched {
            let (then, present) = (before.fields(now), Fields::of(now));
            let balance_or_nonce = then.balance != present.balance || then.nonce != present.nonce;
            let code = then.code != present.code;
            let deleted = present.existence == Existence::Absent && then.existence != Existence::Absent;
            let fields_differ = balance_or_nonce || code || deleted;
            let cleared = present.existence == Existence::Inherited && before.is_cleared_since(now);
            if (fields_differ && !(then.detached && present.detached)) || cleared {
                requests.push(Request::Account(*address));
            }
            for &slot in &candidates[address] {
                let then = self.original(address, before, now, slot);
                if then.is_none() && self.local_storage(address, slot).is_some() {
                    requests.push(Request::Storage(*address, slot));
                }
            }
        }
        source.prefetch(&requests)
    }

    fn field_changes(
        &self,
        address: Address,
        then: &Fields<'_>,
        now: &Fields<'_>,
        changes: &mut StateChanges,
    ) -> Result<()> {
        let remote = |fields: &Fields<'_>| match &self.source {
            Some(source) if !fields.detached => source.account(address),
            _ => Ok(None),
        };
        let balance = |fields: &Fields<'_>| match fields.balance {
            Some(balance) => Ok(balance),
            None => Ok(remote(fields)?.map_or(U256::ZERO, |account| account.balance)),
        };
        let nonce = |fields: &Fields<'_>| match fields.nonce {
            Some(nonce) => Ok(nonce),
            None => Ok(remote(fields)?.map_or(0, |account| account.nonce)),
        };
        let code_hash = |fields: &Fields<'_>| match fields.code {
            Some(code) => Ok(code.hash),
            None => Ok(remote(fields)?.map_or(alloy_primitives::KECCAK256_EMPTY, |account| account.code_hash)),
        };
        let exists = |fields: &Fields<'_>| match fields.existence {
            Existence::Present => Ok(true),
            Existence::Absent => Ok(false),
            Existence::Inherited => Ok(remote(fields)?.is_some()),
        };
        if then.balance != now.balance || then.detached != now.detached {
            let (original_balance, new_balance) = (balance(then)?, balance(now)?);
            if original_balance != new_balance {
                changes.balances.push(BalanceChange { address, original_balance, new_balance });
            }
        }
        if then.nonce != now.nonce || then.detached != now.detached {
            let (original_nonce, new_nonce) = (nonce(then)?, nonce(now)?);
            if original_nonce != new_nonce {
                changes.nonces.push(NonceChange { address, original_nonce, new_nonce });
            }
        }
        if (then.code != now.code || then.detached != now.detached) && code_hash(then)? != code_hash(now)? {
            // Code that differs from the original is a local write: without one, nothing could have changed it.
            let code = now.code.map(|code| code.bytes.clone()).unwrap_or_default();
            changes.codes.push(CodeChange { address, code });
        }
        if now.existence == Existence::Absent && then.existence != Existence::Absent && exists(then)? {
            changes.self_destructs.push(address);
        }
        Ok(())
    }

    fn storage_changes(
        &self,
        address: Address,
        candidates: &BTreeSet<U256>,
        before: &Before<'_>,
        now: &Account,
        changes: &mut StateChanges,
    ) -> Result<()> {
        for &slot in candidates {
            let remote = || self.source.as_ref().map_or(Ok(U256::ZERO), |source| source.storage(address, slot));
            let (then, present) = (self.original(&address, before, now, slot), self.local_storage(&address, slot));
            if then == present {
                continue;
            }
            let original_value = then.map_or_else(remote, Ok)?;
            let new_value = present.map_or_else(remote, Ok)?;
            if original_value != new_value {
                changes.storage.push(StorageChange { address, slot, original_value, new_value });
            }
        }
        if let Some(source) = &self.source
            && before.is_cleared_since(now)
        {
            let exists = match now.existence {
                Existence::Present => true,
                Existence::Absent => false,
                Existence::Inherited => source.account(address)?.is_some(),
            };
            if exists {
                changes.cleared_storage.push(address);
            }
        }
        Ok(())
    }
}
