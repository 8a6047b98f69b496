//! What each method has cost.

use super::Fork;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest latency that is told apart from longer ones, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// What the requests of one method have cost so far. Latencies are in microseconds, right to 1 percent; all requests of
/// one body have the latency of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodStats {
    /// Requests sent or handed to the host, repeated ones included.
    pub requests: u64,
    /// Requests given up.
    pub failures: u64,
    /// Bytes of the requests.
    pub bytes_sent: u64,
    /// Bytes of the answers: of each body's, the share that the method's answers have in it.
    pub bytes_received: u64,
    /// Answers whose latency was measured.
    pub count: u64,
    /// Half of the answers took no longer.
    pub p50: u64,
    /// 90 percent of the answers took no longer.
    pub p90: u64,
    /// 99 percent of the answers took no longer.
    pub p99: u64,
    /// The slowest answer.
    pub max: u64,
}

#[derive(Default)]
struct Method {
    requests: u64,
    failures: u64,
    bytes_sent: u64,
    bytes_received: u64,
    /// Made with the first answer.
    latency: Option<Histogram<u64>>,
}

/// Counters by method.
#[derive(Default)]
pub(super) struct Metrics {
    methods: BTreeMap<&'static str, Method>,
}

impl Metrics {
    pub(super) fn sent(&mut self, method: &'static str, bytes: usize) {
        let entry = self.methods.entry(method).or_default();
        entry.requests += 1;
        entry.bytes_sent += bytes as u64;
    }

    pub(super) fn answered(&mut self, method: &'static str, bytes: u64, latency: Duration) {
        let entry = self.methods.entry(method).or_default();
        entry.bytes_received += bytes;
        let latency = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).clamp(1, LONGEST);
        if entry.latency.is_none() {
            // The bounds are constants that it takes.
            entry.latency = Histogram::new_with_bounds(1, LONGEST, 2).ok();
        }
        if let Some(histogram) = &mut entry.latency {
            histogram.saturating_record(latency);
        }
    }

    pub(super) fn failed(&mut self, method: &'static str) {
        self.methods.entry(method).or_default().failures += 1;
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, MethodStats)> {
        self.methods.iter().map(|(name, method)| (*name, method.stats()))
    }
}

impl Method {
    fn stats(&self) -> MethodStats {
        let latency = self.latency.as_ref();
        let quantile = |part| latency.map_or(0, |histogram| histogram.value_at_quantile(part).min(histogram.max()));
        MethodStats {
            requests: self.requests,
            failures: self.failures,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            count: latency.map_or(0, Histogram::len),
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: latency.map_or(0, Histogram::max),
        }
    }
}

impl Fork {
    /// What the requests of `method` have cost; all zero for one that was never sent.
    pub fn method_stats(&self, method: &str) -> MethodStats {
        self.inner.lock().metrics.methods.get(method).map(Method::stats).unwrap_or_default()
    }

    /// The methods that were sent, by name, with what they have cost.
    pub fn methods(&self) -> Vec<(&'static str, MethodStats)> {
        self.inner.lock().metrics.all().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_percent() {
        let mut metrics = Metrics::default();
        for micros in 1..=10_000 {
            metrics.sent("a", 10);
            metrics.answered("a", 3, Duration::from_micros(micros));
        }
        metrics.failed("b");
        let (_, stats) = metrics.all().next().unwrap();
        assert_eq!(
            (stats.requests, stats.bytes_sent, stats.bytes_received, stats.count),
            (10_000, 100_000, 30_000, 10_000)
        );
        for (told, right) in [(stats.p50, 5_000), (stats.p90, 9_000), (stats.p99, 9_900), (stats.max, 10_000)] {
            assert!(told.abs_diff(right) * 100 <= right, "{told} {right}");
        }
        metrics.answered("b", 0, Duration::MAX);
        let (_, stats) = metrics.all().nth(1).unwrap();
        assert_eq!((stats.requests, stats.failures, stats.count), (0, 1, 1));
        assert!(stats.max.abs_diff(LONGEST) * 100 <= LONGEST);
    }
}
