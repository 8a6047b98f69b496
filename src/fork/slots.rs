//! Bodies under way at once.

use parking_lot::{Condvar, Mutex};
use std::time::Instant;

/// Places for bodies, shared by all threads of a fork.
pub(super) struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One of the places, until it is dropped.
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), freed: Condvar::new() }
    }

    /// Waits for a place, until `deadline`.
    pub(super) fn take(&self, deadline: Instant) -> Option<Slot<'_>> {
        let mut free = self.free.lock();
        while *free == 0 {
            if self.freed.wait_until(&mut free, deadline).timed_out() && *free == 0 {
                return None;
            }
        }
        *free -= 1;
        Some(Slot(self))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn places_are_given_back() {
        let slots = Slots::new(2);
        let soon = || Instant::now() + Duration::from_millis(20);
        let (first, second) = (slots.take(soon()), slots.take(soon()));
        assert!(first.is_some() && second.is_some() && slots.take(soon()).is_none());
        drop(first);
        assert!(slots.take(soon()).is_some());
    }
}
