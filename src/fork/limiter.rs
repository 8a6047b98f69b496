//! Requests and compute units a second, shared by all threads of a fork.

use super::call::Call;
use super::options::ForkOptions;
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Two token buckets that hold a second's worth.
pub(super) struct Limiter {
    requests: Option<Mutex<Bucket>>,
    units: Option<Mutex<Bucket>>,
}

/// A bucket that may be overdrawn: what is taken in advance is waited for, in the order of asking.
struct Bucket {
    /// Tokens a second, and the most that are held.
    rate: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn new(rate: u32) -> Option<Mutex<Self>> {
        let rate = f64::from(rate);
        (rate > 0.0).then(|| Mutex::new(Self { rate, tokens: rate, at: Instant::now() }))
    }

    /// Takes `cost` tokens and tells how long to wait until they are there. Takes none if that is longer than `most`.
    fn take(&mut self, cost: f64, now: Instant, most: Duration) -> Result<Duration, Duration> {
        self.tokens = (self.tokens + now.saturating_duration_since(self.at).as_secs_f64() * self.rate).min(self.rate);
        self.at = self.at.max(now);
        let lacking = (cost - self.tokens).max(0.0) / self.rate;
        let wait = Duration::try_from_secs_f64(lacking).unwrap_or(Duration::MAX);
        if wait > most {
            return Err(wait);
        }
        self.tokens -= cost;
        Ok(wait)
    }
}

impl Limiter {
    pub(super) fn new(options: &ForkOptions) -> Self {
        Self {
            requests: Bucket::new(options.requests_per_second),
            units: Bucket::new(options.compute_units_per_second),
        }
    }

    /// Whether there is a limit at all.
    pub(super) fn limits(&self) -> bool {
        self.requests.is_some() || self.units.is_some()
    }

    /// How many of `calls`, from the first, a second's budget is enough for; one at least.
    pub(super) fn affordable<'a>(&self, calls: impl Iterator<Item = &'a Call>) -> usize {
        let budget = |bucket: &Option<Mutex<Bucket>>| bucket.as_ref().map_or(f64::INFINITY, |b| b.lock().rate);
        let (requests, units) = (budget(&self.requests), budget(&self.units));
        let (mut count, mut asked, mut cost) = (0, 0.0, 0.0);
        for call in calls {
            asked += 1.0;
            cost += f64::from(units_of(call));
            if count > 0 && (asked > requests || cost > units) {
                break;
            }
            count += 1;
        }
        count
    }

    /// Reserves the budget for `calls` and tells how long to wait before they may be sent; an `Err` tells a wait that
    /// is longer than `most`, for which nothing is reserved.
    pub(super) fn reserve<'a>(
        &self,
        calls: impl Iterator<Item = &'a Call>,
        most: Duration,
    ) -> Result<Duration, Duration> {
        if self.requests.is_none() && self.units.is_none() {
            return Ok(Duration::ZERO);
        }
        let (mut asked, mut cost) = (0.0, 0.0);
        for call in calls {
            asked += 1.0;
            cost += f64::from(units_of(call));
        }
        let now = Instant::now();
        let take = |bucket: &Option<Mutex<Bucket>>, tokens: f64| {
            bucket.as_ref().map_or(Ok(Duration::ZERO), |bucket| bucket.lock().take(tokens, now, most))
        };
        let first = take(&self.requests, asked)?;
        match take(&self.units, cost) {
            Ok(second) => Ok(first.max(second)),
            Err(wait) => {
                if let Some(bucket) = &self.requests {
                    bucket.lock().tokens += asked;
                }
                Err(wait)
            }
        }
    }
}

/// Compute units of a request, as Alchemy's page "Compute Unit Costs" lists them. Methods that it does not list cost as
/// much as the reads beside them, `eth_getStorageValues` as much as the slots in it would one by one.
fn units_of(call: &Call) -> u32 {
    match call {
        Call::ChainId => 0,
        Call::Head => 10,
        Call::Foresight(question) => match question.method {
            crate::state::ForesightMethod::AccessList => 10,
            crate::state::ForesightMethod::Prestate => 40,
        },
        Call::Slots(accounts) => {
            let slots: usize = accounts.iter().map(|(_, slots)| slots.len()).sum();
            u32::try_from(slots).unwrap_or(u32::MAX).saturating_mul(20)
        }
        Call::Block
        | Call::Genesis
        | Call::Look(_)
        | Call::BlockHash(_)
        | Call::Proof { .. }
        | Call::Paths { .. }
        | Call::Balance(_)
        | Call::Nonce(_)
        | Call::AccountCode(_)
        | Call::Code { .. }
        | Call::Slot(..) => 20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    fn limiter(requests_per_second: u32, compute_units_per_second: u32) -> Limiter {
        Limiter::new(&ForkOptions { requests_per_second, compute_units_per_second, ..ForkOptions::default() })
    }

    fn calls(count: usize) -> Vec<Call> {
        vec![Call::Balance(Address::ZERO); count]
    }

    #[test]
    fn a_burst_of_a_second_is_free_and_the_rest_waits_its_turn() {
        let limiter = limiter(10, 0);
        let far = Duration::from_secs(100);
        assert_eq!(limiter.reserve(calls(10).iter(), far), Ok(Duration::ZERO));
        let first = limiter.reserve(calls(5).iter(), far).unwrap();
        let second = limiter.reserve(calls(5).iter(), far).unwrap();
        assert!(first > Duration::from_millis(400) && first <= Duration::from_millis(500), "{first:?}");
        assert!(second > Duration::from_millis(900) && second <= Duration::from_secs(1), "{second:?}");
        assert!(limiter.reserve(calls(5).iter(), Duration::from_secs(1)).is_err());
        let third = limiter.reserve(calls(5).iter(), far).unwrap();
        assert!(third < Duration::from_millis(1501), "a refused wait takes nothing: {third:?}");
    }

    #[test]
    fn units_count_besides_requests() {
        let limiter = limiter(100, 200);
        let far = Duration::from_secs(100);
        assert_eq!(limiter.affordable(calls(50).iter()), 10);
        assert_eq!(limiter.reserve(calls(10).iter(), far), Ok(Duration::ZERO));
        let wait = limiter.reserve(calls(10).iter(), far).unwrap();
        assert!(wait > Duration::from_millis(900) && wait <= Duration::from_secs(1), "{wait:?}");
        for _ in 0..3 {
            assert!(limiter.reserve(calls(50).iter(), Duration::from_secs(1)).is_err());
        }
        let free = vec![Call::ChainId; 80];
        let wait = limiter.reserve(free.iter(), far).unwrap();
        assert!(wait <= Duration::from_secs(1), "a refused wait takes nothing: {wait:?}");
        assert_eq!(super::tests::limiter(0, 5).affordable(calls(3).iter()), 1, "one request is never too many");
        assert_eq!(super::tests::limiter(0, 0).affordable(calls(300).iter()), 300);
    }
}
