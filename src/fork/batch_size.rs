//! How many requests go into one body: as many as the node turns out to take.

/// Bodies, at least half full, that must have worked before a larger one is tried, at least.
const GROW_AFTER: u32 = 2;
/// At most, after many that were not answered in time.
const GROW_AFTER_MOST: u32 = 1 << 10;

/// Halved when a body is refused or not answered in time. Grows again while bodies work, but not to a size that was
/// refused for good: between what works and what does not, the limit is searched for.
#[derive(Clone, Debug)]
pub(super) struct BatchSize {
    size: usize,
    /// The largest size that is not known to be refused.
    ceiling: usize,
    /// The smallest size that was refused since a body worked. It may have had another reason: a node that refuses
    /// single requests too says nothing about sizes.
    suspect: Option<usize>,
    /// Bodies that have worked one after another.
    streak: u32,
    /// How many have to, before a larger one is tried. A body that takes too long costs a whole timeout: more with each
    /// such one, fewer again as bodies grow.
    patience: u32,
}

impl BatchSize {
    pub(super) fn new(max: usize) -> Self {
        Self { size: max, ceiling: max, suspect: None, streak: 0, patience: GROW_AFTER }
    }

    /// Requests in a body at most.
    pub(super) fn get(&self) -> usize {
        self.size
    }

    /// A body of `size` requests was refused as a whole. Tells whether bodies are smaller now.
    pub(super) fn refused(&mut self, size: usize) -> bool {
        self.suspect = Some(self.suspect.map_or(size, |suspect| suspect.min(size)));
        self.shrink(size)
    }

    /// A body of `size` requests was not answered in time. Tells whether bodies are smaller now.
    pub(super) fn timed_out(&mut self, size: usize) -> bool {
        let smaller = self.shrink(size);
        if smaller {
            self.patience = self.patience.saturating_mul(4).min(GROW_AFTER_MOST);
        }
        smaller
    }

    fn shrink(&mut self, size: usize) -> bool {
        self.streak = 0;
        let half = (size / 2).max(1);
        let smaller = half < self.size;
        self.size = self.size.min(half);
        smaller
    }

    /// A body of `size` requests was answered.
    pub(super) fn worked(&mut self, size: usize) {
        if let Some(suspect) = self.suspect
            && size < suspect
        {
            self.ceiling = self.ceiling.min(suspect - 1);
            self.suspect = None;
        }
        // Bodies that go out at once are alike, and seldom full to the last.
        if size <= self.size / 2 || self.size >= self.ceiling {
            return;
        }
        self.streak += 1;
        if self.streak >= self.patience {
            self.streak = 0;
            self.patience = (self.patience / 2).max(GROW_AFTER);
            self.size = (self.size + self.ceiling).div_ceil(2);
        }
    }

    /// A request alone in its body failed for good: the size was not what bodies were refused for.
    pub(super) fn failed_alone(&mut self) {
        if self.suspect.take().is_some() {
            self.size = self.ceiling;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends bodies to a node that takes `limit` requests, and returns the sizes.
    fn sizes(size: &mut BatchSize, limit: usize, bodies: usize) -> Vec<usize> {
        let mut sent = Vec::new();
        for _ in 0..bodies {
            let now = size.get();
            sent.push(now);
            if now > limit {
                size.refused(now);
            } else {
                size.worked(now);
            }
        }
        sent
    }

    #[test]
    fn the_limit_is_found_and_kept_to() {
        for limit in 1..=100 {
            let mut size = BatchSize::new(100);
            sizes(&mut size, limit, 60);
            assert_eq!(sizes(&mut size, limit, 20), vec![limit; 20], "limit {limit}");
        }
    }

    #[test]
    fn a_timeout_passes() {
        let mut size = BatchSize::new(100);
        assert!(size.timed_out(100));
        assert!(!size.timed_out(100), "told by a body that was sent before");
        assert_eq!(size.get(), 50);
        assert_eq!(sizes(&mut size, 1000, 9), [50, 50, 50, 50, 50, 50, 50, 50, 75]);
        sizes(&mut size, 1000, 20);
        assert_eq!(size.get(), 100);
    }

    #[test]
    fn what_fails_alone_too_says_nothing_about_sizes() {
        let mut size = BatchSize::new(8);
        for asked in [8, 4, 2] {
            size.refused(asked);
        }
        assert_eq!(size.get(), 1);
        size.failed_alone();
        assert_eq!(size.get(), 8);
        size.refused(8);
        size.worked(4);
        size.failed_alone();
        assert_eq!((size.get(), size.ceiling), (4, 7));
    }
}
