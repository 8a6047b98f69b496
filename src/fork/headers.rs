//! The hashes of the blocks below the pinned one, each vouched for by the header above it.

use crate::error::{Error, Result};
use crate::proof::Header;
use alloy_primitives::B256;
use alloy_primitives::map::HashMap;

/// How far below the pinned block the headers are followed.
const MAX_DEPTH: u64 = 1024;

/// Refuses blocks that too many headers would have to vouch for.
pub(super) fn check_depth(pinned: u64, number: u64) -> Result<()> {
    if pinned.saturating_sub(number) <= MAX_DEPTH {
        return Ok(());
    }
    Err(Error::InvalidInput(format!(
        "hash of block {number}: with verify on, {MAX_DEPTH} blocks below the pinned {pinned} are the limit"
    )))
}

/// The chain of parent hashes from the pinned block down.
#[derive(Default)]
pub(super) struct Headers {
    pinned: u64,
    /// The hash of block `pinned - 1 - i` at `i`: vouched for.
    linked: Vec<B256>,
    /// Headers that came before those above them: not vouched for yet.
    loose: HashMap<u64, Header>,
}

impl Headers {
    /// Begins the chain with what the pinned block's header says.
    pub(super) fn begin(&mut self, pinned: u64, parent_hash: B256) {
        *self = Self { pinned, linked: vec![parent_hash], loose: HashMap::default() };
    }

    /// Forgets all that the pinned block does not say itself.
    pub(super) fn clear(&mut self) {
        self.linked.truncate(1);
        self.loose.clear();
    }

    /// The hash of a block below the pinned one, once it is vouched for.
    pub(super) fn hash(&self, number: u64) -> Option<B256> {
        let depth = self.pinned.checked_sub(number)?.checked_sub(1)?;
        self.linked.get(usize::try_from(depth).ok()?).copied()
    }

    /// The blocks whose hash is vouched for, from the highest down, with it.
    pub(super) fn linked(&self) -> impl Iterator<Item = (u64, B256)> + use<'_> {
        (0..self.pinned).rev().zip(self.linked.iter().copied())
    }

    /// Whether the header of this block is here.
    pub(super) fn has(&self, number: u64) -> bool {
        number >= self.pinned
            || number.checked_sub(1).is_some_and(|below| self.hash(below).is_some())
            || self.loose.contains_key(&number)
    }

    /// The headers that are still needed for the hash of block `number`, from the highest down.
    pub(super) fn lacking(&self, number: u64) -> impl Iterator<Item = u64> + use<'_> {
        let lowest = self.lowest().unwrap_or_default();
        (number.saturating_add(1)..=lowest).rev().filter(|at| !self.loose.contains_key(at))
    }

    /// Takes a header in. `false` when one that came before it turns out to be of another chain, and is dropped.
    pub(super) fn admit(&mut self, header: Header) -> bool {
        if self.lowest().is_none_or(|lowest| header.number > lowest) {
            return true;
        }
        self.loose.insert(header.number, header);
        while let Some(lowest) = self.lowest()
            && let Some(next) = self.loose.remove(&lowest)
        {
            if self.hash(lowest) != Some(next.hash) {
                return false;
            }
            self.linked.push(next.parent_hash);
        }
        true
    }

    /// The lowest block whose hash is vouched for; `None` before the chain has begun.
    fn lowest(&self) -> Option<u64> {
        let depth = u64::try_from(self.linked.len()).ok().filter(|depth| *depth > 0)?;
        self.pinned.checked_sub(depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> B256 {
        B256::with_last_byte(u8::try_from(number).unwrap())
    }

    fn header(number: u64) -> Header {
        Header { number, hash: hash(number), parent_hash: hash(number.wrapping_sub(1) % 256), state_root: B256::ZERO }
    }

    fn chain() -> Headers {
        let mut headers = Headers::default();
        headers.begin(10, hash(9));
        headers
    }

    #[test]
    fn headers_are_linked_in_any_order() {
        for order in [[9, 8, 7, 6], [6, 7, 8, 9], [8, 6, 9, 7]] {
            let mut headers = chain();
            assert_eq!(headers.lacking(5).collect::<Vec<_>>(), [9, 8, 7, 6]);
            for number in order {
                assert!(!headers.has(number));
                assert!(headers.admit(header(number)));
                assert!(headers.has(number));
            }
            assert_eq!(
                (5..10).map(|n| headers.hash(n)).collect::<Vec<_>>(),
                (5..10).map(|n| Some(hash(n))).collect::<Vec<_>>()
            );
            assert_eq!((headers.hash(4), headers.hash(10)), (None, None));
            assert_eq!(headers.lacking(5).count(), 0);
            headers.clear();
            assert_eq!((headers.hash(9), headers.hash(8)), (Some(hash(9)), None));
        }
    }

    #[test]
    fn a_header_of_another_chain_is_dropped() {
        let mut headers = chain();
        assert!(headers.admit(Header { hash: hash(99), ..header(8) }));
        assert!(headers.admit(header(7)));
        assert!(!headers.admit(header(9)), "8 is not 9's parent");
        assert_eq!(headers.hash(8), Some(hash(8)), "which 9 says itself");
        assert_eq!((headers.hash(7), headers.lacking(6).collect::<Vec<_>>()), (None, vec![8]));
        assert!(headers.admit(header(8)));
        assert_eq!(headers.hash(6), Some(hash(6)));
    }

    #[test]
    fn genesis_ends_the_chain() {
        let mut headers = Headers::default();
        assert_eq!((headers.hash(0), headers.lacking(0).count(), headers.has(0)), (None, 0, true));
        headers.begin(2, hash(1));
        assert_eq!(headers.lacking(0).collect::<Vec<_>>(), [1]);
        assert!(headers.admit(header(1)));
        assert_eq!(headers.hash(0), Some(hash(0)));
        assert!(headers.admit(header(0)));
        assert_eq!(headers.hash(0), Some(hash(0)));
        assert_eq!(headers.lacking(0).count(), 0);
    }

    #[test]
    fn headers_are_followed_so_far() {
        assert!(check_depth(5000, 5000 - MAX_DEPTH).is_ok() && check_depth(10, 0).is_ok());
        let error = check_depth(5000, 5000 - MAX_DEPTH - 1).unwrap_err();
        assert!(
            matches!(&error, Error::InvalidInput(text) if text.contains("1024 blocks below the pinned 5000")),
            "{error}"
        );
    }
}
