//! All local storage slots, of all accounts, in one table.
//!
//! One table rather than one for each account: a read then costs the cache and page misses of a single look-up, however
//! many accounts there are. It is hashed by address and slot, so that the look-up need not wait for the account's, which
//! runs beside it. An account's storage is the entries that bear its id. To clear it, or to delete the
//! account, is to give the account a new id, and to undo that is to give the old one back. What no account and no
//! journal entry names any more is garbage, and is swept when there is enough of it.

use super::arena::AddressHash;
use alloy_primitives::U256;
use alloy_primitives::map::{DefaultHashBuilder, HashMap, HashSet};
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// Garbage below this number of entries is never swept.
const SWEEP_MIN: usize = 1024;

/// Names the storage that an account had at one time. Never reused in one state.
///
/// 64 bits in halves, for an account to fit into a cache line. The lowest bit says whether the storage is cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct StorageId([u32; 2]);

/// The storage of one account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Storage {
    pub(super) id: StorageId,
    /// Number of entries with that id.
    pub(super) len: u32,
}

impl StorageId {
    fn new(count: u64, cleared: bool) -> Self {
        let bits = count << 1 | u64::from(cleared);
        #[expect(clippy::cast_possible_truncation, reason = "the halves are kept apart")]
        Self([bits as u32, (bits >> 32) as u32])
    }

    #[inline]
    fn bits(self) -> u64 {
        u64::from(self.0[1]) << 32 | u64::from(self.0[0])
    }
}

impl Storage {
    /// Whether the source's slots are hidden: what has no entry is zero.
    #[inline]
    pub(super) fn cleared(self) -> bool {
        self.id.0[0] & 1 == 1
    }
}

/// A slot of a storage, with its value.
struct Entry {
    /// For the table to grow without the addresses.
    hash: SlotHash,
    storage: StorageId,
    slot: U256,
    value: U256,
}

impl Entry {
    /// Compares limb by limb, in registers. Comparing arrays is comparing memory: the key would be written to the stack
    /// in small pieces and read back in large ones, which the processor cannot do before the writes have retired. So
    /// each look-up would wait for the one before it, at three times the cost.
    #[inline]
    fn is(&self, storage: StorageId, slot: U256) -> bool {
        let (ours, theirs) = (self.slot.as_limbs(), slot.as_limbs());
        ours[0] == theirs[0]
            && ours[1] == theirs[1]
            && ours[2] == theirs[2]
            && ours[3] == theirs[3]
            && self.storage.bits() == storage.bits()
    }
}

/// Where the table begins to look for a slot of an account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SlotHash(u64);

impl SlotHash {
    /// The same for a storage. One that is cleared may have had many before it at the same address, whose entries are
    /// still there: theirs must not stand in its way. Others are the first there, and a look-up need not wait for the id.
    #[inline]
    fn of(self, storage: StorageId) -> Self {
        if storage.0[0] & 1 == 1 { self.salted(storage) } else { self }
    }

    /// Apart, for the choice to be a branch, which is predicted: a conditional move would make each look-up wait for the
    /// account's memory.
    #[cold]
    fn salted(self, storage: StorageId) -> Self {
        let odd_part_of_golden_ratio = 0x9e37_79b9_7f4a_7c15_u64;
        Self(self.0 ^ storage.bits().wrapping_mul(odd_part_of_golden_ratio))
    }
}

/// The table.
///
/// Invariant: an entry whose value is zero exists only where the storage is not cleared and a source exists, for only
/// then would its absence mean anything else than zero.
#[derive(Default)]
pub(super) struct Slots {
    entries: HashTable<Entry>,
    hasher: DefaultHashBuilder,
    last_id: u64,
    /// Entries of storages that were replaced, whether or not the journal can still bring them back.
    replaced: usize,
    /// Number of replaced entries at which to sweep.
    sweep_at: usize,
}

impl Slots {
    /// A storage without entries.
    pub(super) fn new_storage(&mut self, cleared: bool) -> Storage {
        self.last_id += 1;
        Storage { id: StorageId::new(self.last_id, cleared), len: 0 }
    }

    #[inline]
    pub(super) fn hash(&self, AddressHash(address): AddressHash, slot: U256) -> SlotHash {
        let [a, b, c, d] = slot.into_limbs();
        let mut state = self.hasher.build_hasher();
        state.write_u64(address ^ a);
        state.write_u64(b);
        state.write_u64(c);
        state.write_u64(d);
        SlotHash(state.finish())
    }

    #[inline]
    pub(super) fn get(&self, hash: SlotHash, storage: Storage, slot: U256) -> Option<U256> {
        self.entries.find(hash.of(storage.id).0, |entry| entry.is(storage.id, slot)).map(|entry| entry.value)
    }

    /// Sets an entry and returns what it was.
    ///
    /// Inlined down to the table, for the words to stay in registers: see [`Entry::is`].
    #[inline]
    pub(super) fn insert(&mut self, hash: SlotHash, storage: &mut Storage, slot: U256, value: U256) -> Option<U256> {
        let hash = hash.of(storage.id);
        if let Some(entry) = self.entries.find_mut(hash.0, |entry| entry.is(storage.id, slot)) {
            return Some(std::mem::replace(&mut entry.value, value));
        }
        self.insert_new(hash, storage, slot, value);
        None
    }

    #[inline(never)]
    fn insert_new(&mut self, hash: SlotHash, storage: &mut Storage, slot: U256, value: U256) {
        let entry = Entry { hash, storage: storage.id, slot, value };
        self.entries.insert_unique(hash.0, entry, |entry| entry.hash.0);
        storage.len += 1;
    }

    /// Removes an entry and returns what it was.
    pub(super) fn remove(&mut self, hash: SlotHash, storage: &mut Storage, slot: U256) -> Option<U256> {
        let found = self.entries.find_entry(hash.of(storage.id).0, |entry| entry.is(storage.id, slot)).ok()?;
        storage.len -= 1;
        Some(found.remove().0.value)
    }

    /// Entries of one storage, in no order. Looks at all entries of all storages.
    pub(super) fn of(&self, storage: Storage) -> impl Iterator<Item = (U256, U256)> {
        let entries = if storage.len == 0 { None } else { Some(self.entries.iter()) };
        let all = entries.into_iter().flatten().filter(move |entry| entry.storage == storage.id);
        all.map(|entry| (entry.slot, entry.value)).take(storage.len as usize)
    }

    /// Entries by storage, of those that `wanted` names, in no order. Looks at all entries once.
    pub(super) fn by_storage(&self, wanted: impl Fn(StorageId) -> bool) -> HashMap<StorageId, Vec<(U256, U256)>> {
        let mut grouped = HashMap::<_, Vec<_>>::default();
        for entry in self.entries.iter().filter(|entry| wanted(entry.storage)) {
            grouped.entry(entry.storage).or_default().push((entry.slot, entry.value));
        }
        grouped
    }

    /// Notes that an account has got another storage instead of this one.
    pub(super) fn replace(&mut self, storage: Storage) {
        self.replaced += storage.len as usize;
    }

    /// Notes that a replaced storage has come back.
    pub(super) fn restore(&mut self, storage: Storage) {
        self.replaced -= storage.len as usize;
    }

    /// Whether there may be enough garbage for a sweep.
    pub(super) fn wants_sweep(&self) -> bool {
        self.replaced > self.sweep_at.max(SWEEP_MIN)
    }

    /// Drops the entries of all storages but those in use and those that the journal can bring back.
    pub(super) fn sweep(&mut self, used: impl Iterator<Item = Storage>, restorable: impl Iterator<Item = Storage>) {
        let mut named: HashSet<StorageId> = used.map(|storage| storage.id).collect();
        self.replaced = 0;
        for storage in restorable {
            named.insert(storage.id);
            self.replaced += storage.len as usize;
        }
        self.entries.retain(|entry| named.contains(&entry.storage));
        self.entries.shrink_to(2 * self.entries.len(), |entry| entry.hash.0);
        // What could not be dropped now is not looked at again before there is as much to gain as there was to look at.
        self.sweep_at = self.replaced + self.entries.len() / 2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::arena::Arena;
    use super::super::world::State;
    use super::*;
    use alloy_primitives::Address;

    /// Where the journal was compacted, undoing leaves entries behind in storages that it replaces.
    #[test]
    fn what_undoing_leaves_behind_is_swept() {
        let address = Address::repeat_byte(1);
        let mut state = State::new();
        for round in 0..2000 {
            state.checkpoint();
            (0..10).for_each(|slot| state.set_storage(address, U256::from(slot), U256::ONE));
            if round % 2 == 0 {
                state.delete_account(address);
            } else {
                state.clear_storage(address);
            }
            (0..10).for_each(|slot| state.set_storage(address, U256::from(slot), U256::ONE));
            state.revert().unwrap();
        }
        assert!(state.slots.entries.len() <= 2 * SWEEP_MIN, "{} entries", state.slots.entries.len());
    }

    #[test]
    fn earlier_storages_of_an_address_do_not_share_its_hashes() {
        let mut slots = Slots::default();
        let hash = slots.hash(AddressHash(7), U256::ZERO);
        let hashes: HashSet<u64> = (0..1000).map(|_| hash.of(slots.new_storage(true).id).0 >> 57).collect();
        assert_eq!(hashes.len(), 128, "they differ in the bits that the table compares first");
        assert_eq!(hash.of(slots.new_storage(false).id).0, hash.0);
    }

    /// Accounts and slots are often numbered alike: an address mixed into the slot's lowest limb would not do.
    #[test]
    fn numbered_slots_of_numbered_accounts_have_hashes_of_their_own() {
        let (slots, arena) = (Slots::default(), Arena::default());
        let mut hashes = HashSet::<u64>::default();
        for account in 0..100_u64 {
            let address = arena.hash(&Address::left_padding_from(&account.to_be_bytes()));
            hashes.extend((0..100).map(|slot| slots.hash(address, U256::from(slot)).0));
        }
        assert_eq!(hashes.len(), 100 * 100);
    }
}
