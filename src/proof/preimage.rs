//! Keys whose hash begins as wanted.

use alloy_primitives::{B256, U256, keccak256};
use alloy_trie::Nibbles;

/// Nibbles that a search can be for: 16^5 hashes on average are a quarter of a second, 16^6 four.
const MAX_NIBBLES: usize = 5;
/// The search gives up after so many times the average number of hashes: one in three million fails.
const PATIENCE: u64 = 15;

/// A word whose path in a trie begins with `path`: a slot, or where `is_address` an address, padded. The same each time.
/// `None` for a path too long to search for.
///
/// Nodes give proofs for keys only: with one whose path leads there, any node can be asked for.
pub(crate) fn preimage(path: &Nibbles, is_address: bool) -> Option<B256> {
    if path.len() > MAX_NIBBLES {
        return None;
    }
    let tries = PATIENCE << (4 * path.len());
    (0..tries).map(|n| B256::from(U256::from(n))).find(|word| {
        let key = if is_address { &word[12..] } else { &word[..] };
        Nibbles::unpack(keccak256(key)).starts_with(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    #[test]
    fn the_hash_begins_as_wanted() {
        for nibbles in [&[][..], &[0xf], &[1, 2], &[0, 0, 0], &[3, 0xa, 7]] {
            let path = Nibbles::from_nibbles(nibbles);
            let slot = preimage(&path, false).unwrap();
            assert!(Nibbles::unpack(keccak256(slot)).starts_with(&path));
            let address = preimage(&path, true).unwrap();
            assert!(Nibbles::unpack(keccak256(Address::from_word(address))).starts_with(&path));
        }
    }

    #[test]
    fn long_paths_are_not_searched_for() {
        assert_eq!(preimage(&Nibbles::from_nibbles([1, 2, 3, 4, 5, 6]), false), None);
    }
}
