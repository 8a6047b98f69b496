//! The flat map and its undo log.

use foldhash::fast::RandomState;
use hashbrown::{Equivalent, HashMap};
use std::hash::{Hash, Hasher};

/// Address and slot where the map keeps them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct SlotKey {
    address: [u8; 20],
    slot: [u8; 32],
}

/// Address and slot where the caller keeps them.
///
/// A lookup through a key that was just put together on the stack takes four times as long on current processors: the
/// wide loads of the comparison cannot be forwarded from the narrow stores, wait until these retire, and so no lookup
/// overlaps the one before. A floor must not pay for that.
#[derive(Clone, Copy)]
pub struct SlotRef<'a> {
    /// The account's address.
    pub address: &'a [u8; 20],
    /// The slot's key, big-endian.
    pub slot: &'a [u8; 32],
}

impl Hash for SlotRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.address);
        state.write(self.slot);
    }
}

impl Hash for SlotKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        SlotRef { address: &self.address, slot: &self.slot }.hash(state);
    }
}

impl Equivalent<SlotKey> for SlotRef<'_> {
    fn equivalent(&self, key: &SlotKey) -> bool {
        *self.slot == key.slot && *self.address == key.address
    }
}

#[derive(PartialEq, Eq)]
struct AddressKey([u8; 20]);

struct AddressRef<'a>(&'a [u8; 20]);

impl Hash for AddressRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

impl Hash for AddressKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        AddressRef(&self.0).hash(state);
    }
}

impl Equivalent<AddressKey> for AddressRef<'_> {
    fn equivalent(&self, key: &AddressKey) -> bool {
        *self.0 == key.0
    }
}

/// A flat map of slots, one of balances, and a log that undoes writes to slots.
#[derive(Default)]
pub struct Floor {
    slots: HashMap<SlotKey, [u8; 32], RandomState>,
    balances: HashMap<AddressKey, [u8; 32], RandomState>,
    log: Vec<(SlotKey, Option<[u8; 32]>)>,
    marks: Vec<usize>,
}

impl Floor {
    /// The slot's value; zero when it was never written.
    #[inline]
    #[must_use]
    pub fn get(&self, key: SlotRef<'_>) -> [u8; 32] {
        self.slots.get(&key).copied().unwrap_or_default()
    }

    /// Writes a slot; logs the old value only while a mark is set.
    #[inline]
    pub fn set(&mut self, key: SlotRef<'_>, value: &[u8; 32]) {
        let owned = || SlotKey { address: *key.address, slot: *key.slot };
        let old = if let Some(current) = self.slots.get_mut(&key) {
            Some(std::mem::replace(current, *value))
        } else {
            self.slots.insert(owned(), *value)
        };
        if !self.marks.is_empty() {
            self.log.push((owned(), old));
        }
    }

    /// The balance of an address; zero when it was never written.
    #[inline]
    #[must_use]
    pub fn balance(&self, address: &[u8; 20]) -> [u8; 32] {
        self.balances.get(&AddressRef(address)).copied().unwrap_or_default()
    }

    /// Writes a balance, unlogged.
    pub fn set_balance(&mut self, address: &[u8; 20], value: [u8; 32]) {
        self.balances.insert(AddressKey(*address), value);
    }

    /// Sets a mark and returns its index. A checkpoint and a snapshot are the same here.
    pub fn mark(&mut self) -> usize {
        self.marks.push(self.log.len());
        self.marks.len() - 1
    }

    /// Undoes everything since the mark with this index and drops it with all later ones; false when there is none.
    pub fn revert_to(&mut self, mark: usize) -> bool {
        let Some(&length) = self.marks.get(mark) else { return false };
        for (key, old) in self.log.drain(length..).rev() {
            match old {
                Some(value) => self.slots.insert(key, value),
                None => self.slots.remove(&key),
            };
        }
        self.marks.truncate(mark);
        true
    }

    /// Undoes everything since the newest mark; false when there is none.
    pub fn revert(&mut self) -> bool {
        self.marks.len().checked_sub(1).is_some_and(|mark| self.revert_to(mark))
    }
}
