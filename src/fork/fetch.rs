//! The blocking way: the reading thread sends what it needs itself and waits for what others have sent.

use super::Fork;
use super::inner::Flight;
use super::plan::{Plan, Want};
use super::run::Run;
use super::wire::Wire;
use crate::error::{Error, Result};
use crate::state::Request;
use alloy_primitives::map::HashSet;
use std::sync::Arc;

/// Closes the questions that this thread has taken on, even if the transport panics.
struct Claim<'a> {
    fork: &'a Fork,
    flights: Vec<(Request, Arc<Flight>)>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.flights.retain(|(_, flight)| flight.outcome.get().is_none());
        if self.flights.is_empty() {
            return;
        }
        let mut inner = self.fork.inner.lock();
        for (request, flight) in &self.flights {
            // Another thread may have asked the same anew since: that question is its own.
            if inner.flights.get(request).is_some_and(|open| Arc::ptr_eq(open, flight)) {
                let text = format!("the request for {request} was given up: the thread that sent it panicked");
                inner.settle(*request, Err(Error::RpcFailed(text)));
            }
        }
        drop(inner);
        self.fork.settled.notify_all();
    }
}

impl Fork {
    /// Makes `wants` ready. A question that another thread has sent is waited for, and its failure shared.
    pub(super) fn fetch_blocking(&self, wire: &Wire, wants: &[Want]) -> Result<()> {
        let mut flights: Vec<Arc<Flight>> = Vec::new();
        let mut claim = Claim { fork: self, flights: Vec::new() };
        let mut own = HashSet::<Request>::default();
        let mut plan = Plan::default();
        {
            let mut inner = self.inner.lock();
            for want in wants {
                if inner.is_ready(want) {
                    continue;
                }
                if Wire::is_inside(self.id) {
                    // Nothing has been claimed yet: this is the first want that is not ready.
                    drop(inner);
                    return Err(Error::InvalidState(format!(
                        "{} is not cached, and this thread is inside the fork's own transport",
                        want.request
                    )));
                }
                if let Some(flight) = inner.flights.get(&want.request) {
                    if !own.contains(&want.request) {
                        flights.push(flight.clone());
                        inner.stats.deduplicated += 1;
                    }
                    continue;
                }
                let flight = Flight::new();
                inner.stats.misses += 1;
                inner.flights.insert(want.request, flight.clone());
                own.insert(want.request);
                claim.flights.push((want.request, flight.clone()));
                flights.push(flight);
                inner.add_to(&mut plan, *want);
            }
        }
        if !plan.is_empty() {
            Run::new(self, wire, plan).finish();
        }
        drop(claim);
        self.tell();
        let mut inner = self.inner.lock();
        for flight in flights {
            while flight.outcome.get().is_none() {
                self.settled.wait(&mut inner);
            }
            if let Some(Err(error)) = flight.outcome.get() {
                return Err(error.clone());
            }
        }
        Ok(())
    }
}
