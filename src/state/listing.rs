//! Ordered, paged listings of what is known locally.

use super::account::Existence;
use super::world::State;
use alloy_primitives::{Address, U256};

/// The order of the listing asked for last, so that its next page costs a binary search instead of a sort.
#[derive(Default)]
pub(super) struct Listing {
    /// State version at which the order was made.
    version: u64,
    order: Order,
}

#[derive(Default)]
enum Order {
    #[default]
    None,
    Accounts(Vec<Address>),
    Storage(Address, Vec<(U256, U256)>),
}

/// At most `limit` of the items, sorted by key, whose key is greater than `after`.
fn page<T: Copy, K: Ord>(items: &[T], key: impl Fn(&T) -> K, after: Option<K>, limit: usize) -> Vec<T> {
    let start = after.map_or(0, |after| items.partition_point(|item| key(item) <= after));
    items[start..].iter().copied().take(limit).collect()
}

impl State {
    /// Accounts that local writes made exist, in ascending order of address: at most `limit` of those greater than
    /// `after`. Accounts that only the source has are not listed.
    pub fn list_accounts(&mut self, after: Option<Address>, limit: usize) -> Vec<Address> {
        if !matches!(self.listing.order, Order::Accounts(_)) || self.listing.version != self.version {
            let existing = self.accounts.iter().filter(|(_, account)| account.existence == Existence::Present);
            let mut addresses: Vec<_> = existing.map(|(address, _)| address).collect();
            addresses.sort_unstable();
            self.listing = Listing { version: self.version, order: Order::Accounts(addresses) };
        }
        let Order::Accounts(addresses) = &self.listing.order else { return Vec::new() };
        page(addresses, |address| *address, after, limit)
    }

    /// Locally written slots of the account that are not zero, in no order.
    pub(crate) fn local_slots(&self, address: Address) -> impl Iterator<Item = (U256, U256)> {
        let storage = self.local(&address).map(|account| account.storage);
        storage.into_iter().flat_map(|storage| self.slots.of(storage)).filter(|(_, value)| !value.is_zero())
    }

    /// Locally written slots of the account that are not zero, with their values, in ascending order of slot: at most
    /// `limit` of those greater than `after`. Slots that only the source has are not listed.
    pub fn list_storage(&mut self, address: Address, after: Option<U256>, limit: usize) -> Vec<(U256, U256)> {
        if self.local(&address).is_none() {
            return Vec::new();
        }
        if !matches!(self.listing.order, Order::Storage(of, _) if of == address) || self.listing.version != self.version
        {
            let mut held: Vec<_> = self.local_slots(address).collect();
            held.sort_unstable();
            self.listing = Listing { version: self.version, order: Order::Storage(address, held) };
        }
        let Order::Storage(_, held) = &self.listing.order else { return Vec::new() };
        page(held, |(slot, _)| *slot, after, limit)
    }
}
