//! Keys whose hash begins as wanted.

use alloy_primitives::map::{HashMap, HashSet};
use alloy_primitives::{B256, U256, keccak256};
use alloy_trie::Nibbles;
use std::collections::BTreeSet;

/// Nibbles that a search can be for: 16^5 hashes on average are a quarter of a second, 16^6 four.
const MAX_NIBBLES: usize = 5;
/// The search gives up after so many times the average number of hashes: one in three million fails.
const PATIENCE: u64 = 15;

/// Whether [`preimages`] finds a word for the path.
pub(crate) fn has_preimage(path: &Nibbles) -> bool {
    path.len() <= MAX_NIBBLES
}

/// For each of `paths` a word whose path in a trie begins like that: a slot, or where `are_addresses` an address, padded.
/// The same each time. None for a path too long to search for.
///
/// Nodes give proofs for keys only: with one whose path leads there, any node can be asked for.
pub(crate) fn preimages(paths: impl IntoIterator<Item = Nibbles>, are_addresses: bool) -> HashMap<Nibbles, B256> {
    let mut wanted: HashSet<Nibbles> = paths.into_iter().filter(has_preimage).collect();
    let lengths: BTreeSet<usize> = wanted.iter().map(Nibbles::len).collect();
    let tries = lengths.last().map_or(0, |longest| PATIENCE << (4 * longest));
    let mut found = HashMap::default();
    for n in 0..tries {
        if wanted.is_empty() {
            break;
        }
        let word = B256::from(U256::from(n));
        let path = Nibbles::unpack(keccak256(if are_addresses { &word[12..] } else { &word[..] }));
        for length in &lengths {
            if let Some(beginning) = wanted.take(&path.slice(..*length)) {
                found.insert(beginning, word);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    #[test]
    fn hashes_begin_as_wanted() {
        let paths = [&[][..], &[0xf], &[0xf, 2], &[0, 0, 0], &[3, 0xa, 7]].map(Nibbles::from_nibbles);
        let (slots, addresses) = (preimages(paths, false), preimages(paths, true));
        assert_eq!((slots.len(), addresses.len()), (paths.len(), paths.len()));
        for path in paths {
            assert!(Nibbles::unpack(keccak256(slots[&path])).starts_with(&path));
            assert!(Nibbles::unpack(keccak256(Address::from_word(addresses[&path]))).starts_with(&path));
        }
    }

    #[test]
    fn long_paths_are_not_searched_for() {
        let (long, short) = (Nibbles::from_nibbles([1, 2, 3, 4, 5, 6]), Nibbles::from_nibbles([1]));
        assert_eq!(preimages([long, short], false).keys().collect::<Vec<_>>(), [&short]);
        assert!(has_preimage(&short) && !has_preimage(&long) && preimages([], true).is_empty());
    }
}
