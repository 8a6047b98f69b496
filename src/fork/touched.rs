//! What executions touched, by contract and selector, so that the next one with the same is asked for at once.

use super::Fork;
use crate::state::Request;
use alloy_primitives::map::DefaultHashBuilder;
use alloy_primitives::{Address, U256};
use lru::LruCache;
use std::num::NonZeroUsize;

/// Contracts and selectors that are kept in memory.
const KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");
/// Values of one execution that are kept.
const MANY: usize = 1024;

/// Contract and selector: 24 bytes.
pub(super) type Key = [u8; 24];

pub(super) struct Touched(LruCache<Key, Vec<Request>, DefaultHashBuilder>);

impl Default for Touched {
    fn default() -> Self {
        Self(LruCache::with_hasher(KEPT, DefaultHashBuilder::default()))
    }
}

fn key(contract: Address, selector: [u8; 4]) -> Key {
    let mut key = [0; 24];
    key[..20].copy_from_slice(contract.as_slice());
    key[20..].copy_from_slice(&selector);
    key
}

impl Fork {
    pub(super) fn recalled(&self, contract: Address, selector: [u8; 4]) -> Vec<Request> {
        if !self.options.remember_touched {
            return Vec::new();
        }
        let key = key(contract, selector);
        if let Some(known) = self.inner.lock().touched.0.get(&key) {
            return known.clone();
        }
        let Some(known) = self.levels.touched(&key).and_then(|bytes| decode(&bytes)) else { return Vec::new() };
        self.inner.lock().touched.0.put(key, known.clone());
        known
    }

    pub(super) fn remember_touched(
        &self,
        contract: Address,
        selector: [u8; 4],
        touched: &mut dyn Iterator<Item = Request>,
    ) {
        if !self.options.remember_touched {
            return;
        }
        let key = key(contract, selector);
        let mut touched: Vec<Request> = touched.take(MANY).collect();
        touched.sort_unstable();
        let mut inner = self.inner.lock();
        if inner.touched.0.peek(&key) == Some(&touched) {
            return;
        }
        let bytes = encode(&touched);
        inner.touched.0.put(key, touched);
        drop(inner);
        self.levels.keep_touched(key, bytes);
    }
}

const ACCOUNT: u8 = 0;
const CODE: u8 = 1;
const SLOT: u8 = 2;

/// A letter, the address, and for a slot its 32 bytes.
fn encode(requests: &[Request]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(requests.len() * 53);
    for request in requests {
        match request {
            Request::Account(address) => {
                bytes.push(ACCOUNT);
                bytes.extend_from_slice(address.as_slice());
            }
            Request::Code(address) => {
                bytes.push(CODE);
                bytes.extend_from_slice(address.as_slice());
            }
            Request::Storage(address, slot) => {
                bytes.push(SLOT);
                bytes.extend_from_slice(address.as_slice());
                bytes.extend_from_slice(&slot.to_be_bytes::<32>());
            }
            Request::BlockHash(_) | Request::Block | Request::Foresight(_) | Request::Proof(_) => {}
        }
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Request>> {
    let mut requests = Vec::new();
    while let Some((kind, rest)) = bytes.split_first() {
        let (address, rest) = rest.split_first_chunk::<20>()?;
        let address = Address::from(address);
        bytes = rest;
        requests.push(match *kind {
            ACCOUNT => Request::Account(address),
            CODE => Request::Code(address),
            SLOT => {
                let (slot, rest) = rest.split_first_chunk::<32>()?;
                bytes = rest;
                Request::Storage(address, U256::from_be_bytes(*slot))
            }
            _ => return None,
        });
    }
    Some(requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_touched_comes_back() {
        let address = Address::repeat_byte(7);
        let requests = [
            Request::Account(address),
            Request::Storage(address, U256::from(9)),
            Request::Code(address),
            Request::Storage(Address::ZERO, U256::MAX),
        ];
        let bytes = encode(&requests);
        assert_eq!(decode(&bytes).as_deref(), Some(&requests[..]));
        assert_eq!(decode(&[]), Some(Vec::new()));
        for cut in 1..bytes.len() {
            assert!(decode(&bytes[..cut]).is_none_or(|found| requests.starts_with(&found)), "{cut}");
        }
        assert_eq!(decode(&[3; 21]), None);
    }
}
