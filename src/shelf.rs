//! A bounded cache of answers that were asked for.

use alloy_primitives::map::DefaultHashBuilder;
use lru::LruCache;
use std::hash::Hash;

/// Answers that nobody has read yet are kept up to this number, or the size of the cache if that is more.
pub(crate) const MAX_UNREAD: usize = 1 << 16;
/// Bytes of code that nobody has read yet.
const MAX_UNREAD_BYTES: usize = 64 << 20;

/// When a value that is taken in will be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// By whoever holds the shelf, before anything else is done to it.
    Next,
    Later,
}

type Lru<K, V> = LruCache<K, V, DefaultHashBuilder>;

/// One kind of value: a least-recently-used cache, and before it the answers that nobody has read yet.
///
/// An answer that was asked for stays among the unread until its first read, however small the cache is: otherwise a
/// host that fetches several values for one operation could find the first gone when the last arrives, for ever.
pub(crate) struct Shelf<K, V> {
    lru: Lru<K, V>,
    unread: Lru<K, V>,
    entries: usize,
    bytes: usize,
    lru_bytes: usize,
    unread_bytes: usize,
    weigh: fn(&V) -> usize,
    evictions: u64,
    /// Reads of answers that nobody had read before: what was asked for, not what was cached.
    first_reads: u64,
}

impl<K: Hash + Eq + Copy, V: Clone> Shelf<K, V> {
    pub(crate) fn new(entries: usize, bytes: usize, weigh: fn(&V) -> usize) -> Self {
        Self {
            lru: LruCache::unbounded_with_hasher(DefaultHashBuilder::default()),
            unread: LruCache::unbounded_with_hasher(DefaultHashBuilder::default()),
            entries,
            bytes,
            lru_bytes: 0,
            unread_bytes: 0,
            weigh,
            evictions: 0,
            first_reads: 0,
        }
    }

    /// Reads a value; it becomes the most recently used one.
    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.lru.get(key) {
            return Some(value.clone());
        }
        if self.unread.is_empty() {
            return None;
        }
        let value = self.unread.pop(key)?;
        self.first_reads += 1;
        self.unread_bytes -= (self.weigh)(&value);
        self.keep(*key, value.clone());
        Some(value)
    }

    /// Looks at a value without using it.
    pub(crate) fn peek(&self, key: &K) -> Option<&V> {
        self.lru.peek(key).or_else(|| self.unread.peek(key))
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.lru.contains(key) || self.unread.contains(key)
    }

    /// [`Self::deliver`], without the way through the unread for a value that is read next and has room.
    pub(crate) fn take(&mut self, key: K, value: V, read: Read) {
        if read == Read::Next && (self.weigh)(&value) <= self.bytes && !self.unread.contains(&key) {
            self.first_reads += 1;
            self.keep(key, value);
        } else {
            self.deliver(key, value);
        }
    }

    /// Keeps an answer until it has been read, and then as the cache's size allows.
    pub(crate) fn deliver(&mut self, key: K, value: V) {
        if let Some(old) = self.lru.pop(&key) {
            self.lru_bytes -= (self.weigh)(&old);
        }
        self.unread_bytes += (self.weigh)(&value);
        if let Some(old) = self.unread.put(key, value) {
            self.unread_bytes -= (self.weigh)(&old);
        }
        let limit = self.entries.max(MAX_UNREAD);
        while self.unread.len() > 1 && (self.unread.len() > limit || self.unread_bytes > MAX_UNREAD_BYTES) {
            let Some((key, value)) = self.unread.pop_lru() else { break };
            self.unread_bytes -= (self.weigh)(&value);
            self.keep(key, value);
        }
    }

    /// Keeps a value as the cache's size allows.
    pub(crate) fn keep(&mut self, key: K, value: V) {
        if self.unread.contains(&key) {
            return;
        }
        let weight = (self.weigh)(&value);
        if weight > self.bytes {
            return;
        }
        self.lru_bytes += weight;
        if let Some(old) = self.lru.put(key, value) {
            self.lru_bytes -= (self.weigh)(&old);
        }
        while self.lru.len() > self.entries || self.lru_bytes > self.bytes {
            let Some((_, value)) = self.lru.pop_lru() else { break };
            self.lru_bytes -= (self.weigh)(&value);
            self.evictions += 1;
        }
    }

    /// Forgets one value.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(value) = self.lru.pop(key) {
            self.lru_bytes -= (self.weigh)(&value);
        }
        if let Some(value) = self.unread.pop(key) {
            self.unread_bytes -= (self.weigh)(&value);
        }
    }

    /// Values that were dropped for others.
    pub(crate) fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Reads of values that were asked for and not cached.
    pub(crate) fn first_reads(&self) -> u64 {
        self.first_reads
    }

    /// Everything that is kept, without using it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.lru.iter().chain(self.unread.iter())
    }

    pub(crate) fn len(&self) -> usize {
        self.lru.len() + self.unread.len()
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.lru_bytes + self.unread_bytes
    }

    /// New tables, because a cleared one keeps its memory.
    pub(crate) fn clear(&mut self) {
        let Self { evictions, first_reads, .. } = *self;
        *self = Self { evictions, first_reads, ..Self::new(self.entries, self.bytes, self.weigh) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Bytes;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut shelf: Shelf<u32, u32> = Shelf::new(2, usize::MAX, |_| 0);
        shelf.keep(1, 10);
        shelf.keep(2, 20);
        assert_eq!(shelf.get(&1), Some(10));
        shelf.keep(3, 30);
        assert_eq!((shelf.get(&1), shelf.get(&2), shelf.get(&3)), (Some(10), None, Some(30)));
        assert_eq!((shelf.len(), shelf.evictions), (2, 1));
    }

    #[test]
    fn an_answer_stays_until_it_is_read() {
        let mut shelf: Shelf<u32, u32> = Shelf::new(1, usize::MAX, |_| 0);
        for key in 0..100 {
            shelf.deliver(key, key);
        }
        for key in 0..100 {
            assert_eq!(shelf.get(&key), Some(key));
        }
        assert_eq!(shelf.len(), 1);
    }

    #[test]
    fn what_is_read_next_is_there_and_counts_as_asked_for() {
        let mut shelf: Shelf<u32, Bytes> = Shelf::new(1, 100, |code| code.len());
        for (key, length) in [(1, 60), (2, 60), (3, 101), (4, 0)] {
            shelf.take(key, vec![0; length].into(), Read::Next);
            assert_eq!(shelf.get(&key).map(|code| code.len()), Some(length));
        }
        assert_eq!((shelf.first_reads(), shelf.len(), shelf.held_bytes(), shelf.evictions()), (4, 1, 0, 2));
        shelf.deliver(5, Bytes::new());
        shelf.take(5, Bytes::new(), Read::Next);
        assert_eq!((shelf.get(&5), shelf.first_reads()), (Some(Bytes::new()), 5));
        shelf.take(6, Bytes::new(), Read::Later);
        shelf.take(7, Bytes::new(), Read::Next);
        assert_eq!((shelf.get(&6), shelf.first_reads()), (Some(Bytes::new()), 7));
    }

    #[test]
    fn unread_answers_are_bounded() {
        let mut shelf: Shelf<usize, ()> = Shelf::new(1, usize::MAX, |()| 0);
        for key in 0..2 * MAX_UNREAD {
            shelf.deliver(key, ());
        }
        assert_eq!(shelf.len(), MAX_UNREAD + 1);
    }

    #[test]
    fn bytes_are_bounded_and_a_large_value_is_read_once() {
        let mut shelf: Shelf<u32, Bytes> = Shelf::new(10, 100, |code| code.len());
        shelf.deliver(1, vec![0; 60].into());
        shelf.deliver(2, vec![0; 60].into());
        shelf.deliver(3, vec![0; 101].into());
        assert_eq!(shelf.held_bytes(), 221);
        for key in 1..4 {
            assert!(shelf.get(&key).is_some());
        }
        assert!(shelf.get(&1).is_none() && shelf.get(&2).is_some() && shelf.get(&3).is_none());
        assert_eq!((shelf.held_bytes(), shelf.len()), (60, 1));
        shelf.deliver(5, vec![0; 7].into());
        shelf.remove(&2);
        shelf.remove(&5);
        shelf.remove(&6);
        assert_eq!((shelf.held_bytes(), shelf.len(), shelf.get(&5)), (0, 0, None));
        shelf.deliver(4, vec![0; MAX_UNREAD_BYTES + 1].into());
        assert!(shelf.get(&4).is_some());
        shelf.clear();
        assert_eq!((shelf.held_bytes(), shelf.len()), (0, 0));
    }
}
