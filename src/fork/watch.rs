//! Whether the pinned block is still part of the chain.

use crate::state::Request;
use std::time::{Duration, Instant};

/// Unconfirmed values that are known one by one. Of more, a lost block takes everything out of the cache.
const MAX_KNOWN: usize = 1 << 16;

/// Values that were fetched from a chain that may have changed meanwhile.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    pub(super) values: Vec<Request>,
    /// There are more than `values`.
    pub(super) more: bool,
}

impl Unconfirmed {
    fn absorb(&mut self, mut other: Self) {
        self.more |= other.more || self.values.len() + other.values.len() > MAX_KNOWN;
        if !self.more {
            self.values.append(&mut other.values);
        }
    }
}

/// A look at the block that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    epoch: u64,
}

/// Looks the block up again from time to time. A value is confirmed by the first look that was sent after it had come
/// and finds the block where it was.
#[derive(Debug)]
pub(super) struct Watch {
    every: Duration,
    /// `None`: the block cannot leave the chain, or requests name it by its hash, or it is not known yet.
    next: Option<Instant>,
    lost: bool,
    /// Grows when the block is lost: what was asked for before is not taken in any more.
    epoch: u64,
    /// Come since the last look was sent.
    fresh: Unconfirmed,
    /// Come before that, with a look under way.
    looked_for: Unconfirmed,
}

impl Watch {
    pub(super) fn new(every: Duration) -> Self {
        Self {
            every,
            next: None,
            lost: false,
            epoch: 0,
            fresh: Unconfirmed::default(),
            looked_for: Unconfirmed::default(),
        }
    }

    /// Begins to watch a block that has just been seen in the chain.
    pub(super) fn begin(&mut self, now: Instant) {
        self.next = now.checked_add(self.every);
    }

    /// Whether the next body has to look the block up.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.lost || self.next.is_some_and(|next| now >= next)
    }

    /// Whether the last look did not find the block: no answer is taken in before one does.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Names the time since which nothing has been lost.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether every value that came so far is one of the chain that has the block.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the persistent cache, which holds back what is unconfirmed"))]
    pub(super) fn is_confirmed(&self) -> bool {
        !self.lost && [&self.fresh, &self.looked_for].iter().all(|values| values.values.is_empty() && !values.more)
    }

    /// The values of which that is not known; the flag says that there are more.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the persistent cache, which holds back what is unconfirmed"))]
    pub(super) fn unconfirmed(&self) -> (impl Iterator<Item = &Request>, bool) {
        let values = self.looked_for.values.iter().chain(&self.fresh.values);
        (values, self.looked_for.more || self.fresh.more)
    }

    /// A value has come in.
    pub(super) fn note(&mut self, request: Request) {
        if self.next.is_none() || matches!(request, Request::Code(_) | Request::Foresight(_) | Request::Block) {
            return;
        }
        if self.fresh.values.len() >= MAX_KNOWN {
            self.fresh.more = true;
        } else {
            self.fresh.values.push(request);
        }
    }

    /// A look is sent.
    pub(super) fn look(&mut self, now: Instant) -> Look {
        self.next = now.checked_add(self.every);
        let fresh = std::mem::take(&mut self.fresh);
        self.looked_for.absorb(fresh);
        Look { epoch: self.epoch }
    }

    /// The look has found the block.
    pub(super) fn found(&mut self, look: Look) {
        if look.epoch == self.epoch {
            self.looked_for = Unconfirmed::default();
            self.lost = false;
        }
    }

    /// The look told nothing: the next body looks again.
    pub(super) fn missed(&mut self, now: Instant) {
        self.next = Some(now);
    }

    /// The block is not in the chain. Returns the values that are not to be believed; `None` when that is known already.
    pub(super) fn lose(&mut self) -> Option<Unconfirmed> {
        if self.lost {
            return None;
        }
        self.lost = true;
        self.epoch += 1;
        let mut all = std::mem::take(&mut self.looked_for);
        all.absorb(std::mem::take(&mut self.fresh));
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(number: u64) -> Request {
        Request::BlockHash(number)
    }

    fn watch() -> (Watch, Instant) {
        let (mut watch, now) = (Watch::new(Duration::from_secs(12)), Instant::now());
        watch.note(value(0));
        assert!(watch.is_confirmed() && !watch.is_due(now), "nothing is watched yet");
        watch.begin(now);
        (watch, now)
    }

    #[test]
    fn a_look_confirms_what_came_before_it() {
        let (mut watch, now) = watch();
        watch.note(value(1));
        let later = now + Duration::from_secs(12);
        assert!(!watch.is_due(now + Duration::from_secs(11)) && watch.is_due(later));
        let look = watch.look(later);
        assert!(!watch.is_due(later));
        watch.note(value(2));
        assert!(!watch.is_confirmed());
        watch.found(look);
        assert_eq!(watch.unconfirmed().0.collect::<Vec<_>>(), [&value(2)]);
        watch.missed(later);
        assert!(watch.is_due(later));
    }

    #[test]
    fn a_lost_block_takes_what_is_unconfirmed() {
        let (mut watch, now) = watch();
        watch.note(value(1));
        let early = watch.look(now);
        watch.note(value(2));
        assert_eq!(watch.lose().unwrap().values, [value(1), value(2)]);
        assert!(watch.lose().is_none() && watch.is_due(now));
        watch.found(early);
        assert!(watch.is_lost(), "a look from before the loss says nothing");
        let again = watch.look(now);
        watch.found(again);
        assert!(!watch.is_lost() && watch.is_confirmed());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut watch, now) = watch();
        for number in 0..=MAX_KNOWN as u64 {
            watch.note(value(number));
        }
        watch.look(now);
        for number in 0..10 {
            watch.note(value(number));
        }
        let lost = watch.lose().unwrap();
        assert!(lost.more && lost.values.len() <= MAX_KNOWN);
    }
}
