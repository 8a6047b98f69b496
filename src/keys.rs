//! How addresses and slots are hashed and compared: word by word. As the arrays that they are, they would be hashed
//! through the general path for bytes, at several times the cost, and compared by a call for each.

use alloy_primitives::{Address, U256};
use std::hash::{Hash, Hasher};

/// Two words and a half of an address.
#[inline]
fn words(address: &Address) -> ([u64; 2], u32) {
    let mut words = [0; 2];
    let (chunks, rest) = address.as_chunks::<8>();
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u64::from_ne_bytes(*chunk);
    }
    let rest = rest.as_chunks::<4>().0.first().map_or(0, |half| u32::from_ne_bytes(*half));
    (words, rest)
}

/// Feeds an address to a hasher.
#[inline]
pub(crate) fn hash_address(address: &Address, state: &mut impl Hasher) {
    let ([first, second], rest) = words(address);
    state.write_u64(first);
    state.write_u64(second);
    state.write_u32(rest);
}

/// A storage slot of an account, as the key of a table.
#[derive(Clone, Copy, Debug, Eq)]
pub(crate) struct SlotKey(pub(crate) Address, pub(crate) U256);

impl PartialEq for SlotKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.1.as_limbs(), other.1.as_limbs());
        ours[0] == theirs[0]
            && ours[1] == theirs[1]
            && ours[2] == theirs[2]
            && ours[3] == theirs[3]
            && words(&self.0) == words(&other.0)
    }
}

impl Hash for SlotKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_address(&self.0, state);
        for limb in self.1.as_limbs() {
            state.write_u64(*limb);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn each_bit_of_a_key_counts() {
        let (hasher, key) = (RandomState::new(), SlotKey(Address::ZERO, U256::ZERO));
        assert!(key == SlotKey(Address::ZERO, U256::ZERO));
        assert_eq!(hasher.hash_one(key), hasher.hash_one(SlotKey(Address::ZERO, U256::ZERO)));
        for bit in 0..160 {
            let mut address = Address::ZERO;
            address[bit / 8] = 1 << (bit % 8);
            let other = SlotKey(address, U256::ZERO);
            assert!(key != other && hasher.hash_one(key) != hasher.hash_one(other), "{address}");
        }
        for bit in 0..256 {
            let other = SlotKey(Address::ZERO, U256::ONE << bit);
            assert!(key != other && hasher.hash_one(key) != hasher.hash_one(other), "bit {bit} of the slot");
        }
    }
}
