//! The blocking way: the reading thread sends what it needs itself and waits for what others have sent.

use super::Fork;
use super::answer::decode;
use super::batch::{self, Answers, Item, Reading};
use super::call::Call;
use super::failure::Failure;
use super::inner::Flight;
use super::plan::{Plan, Want};
use super::retry::backoff;
use super::transport::Wire;
use crate::error::{Error, Result};
use crate::state::Request;
use alloy_primitives::map::HashSet;
use parking_lot::MutexGuard;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A call on its way.
struct Job {
    id: u64,
    call: Call,
    /// Attempts that failed in a way that may pass.
    attempts: u32,
    /// Attempts that failed for good, each at another endpoint.
    refusals: u32,
    /// The longest pause that an endpoint asked for since the last one.
    asked_pause: Duration,
}

/// The calls of one operation, and what has been learnt while sending them.
struct Run<'a> {
    fork: &'a Fork,
    wire: &'a Wire,
    jobs: VecDeque<Job>,
    last_id: u64,
    /// Calls in one body, after the node refused larger ones.
    limit: usize,
    /// Whether `limit` comes from a refusal, which the fork is to remember once a body of that size has worked.
    refused: bool,
    deadline: Instant,
}

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
        let calls = {
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
                match inner.own_calls(want.request) {
                    Some(calls) => calls.into_iter().for_each(|call| plan.add_call(call)),
                    None => plan.add(*want),
                }
            }
            let proofs = inner.proofs();
            std::iter::from_fn(|| plan.next(proofs, self.options.max_slots_per_request)).collect::<Vec<_>>()
        };
        Run::new(self, wire, calls).finish();
        drop(claim);
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

/// The instant so long from now, or a year from now where a clock does not reach that far.
fn after(time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    Instant::now() + time.min(YEAR)
}

impl<'a> Run<'a> {
    fn new(fork: &'a Fork, wire: &'a Wire, calls: Vec<Call>) -> Self {
        let mut run = Self {
            fork,
            wire,
            jobs: VecDeque::with_capacity(calls.len()),
            last_id: 0,
            limit: if wire.takes_batches() { usize::MAX } else { 1 },
            refused: false,
            deadline: after(fork.options.total_timeout),
        };
        for call in calls {
            run.add(call);
        }
        run
    }

    fn add(&mut self, call: Call) {
        self.last_id += 1;
        self.jobs.push_back(Job { id: self.last_id, call, attempts: 0, refusals: 0, asked_pause: Duration::ZERO });
    }

    /// Sends until every call is answered or given up.
    fn finish(mut self) {
        while !self.jobs.is_empty() {
            let size = self.limit.min(self.fork.inner.lock().batch_limit).min(self.jobs.len());
            let sent: Vec<Job> = self.jobs.drain(..size).collect();
            let at = self.wire.endpoint();
            match self.send(at, &sent) {
                Ok(answers) => self.take(at, sent, answers),
                Err(failure) if failure.batch_refused && size > 1 => {
                    self.limit = size / 2;
                    // An answer that is too long says nothing about other batches of this size.
                    self.refused |= !failure.too_large;
                    self.fork.inner.lock().stats.batch_splits += 1;
                    sent.into_iter().rev().for_each(|job| self.jobs.push_front(job));
                }
                Err(failure) => {
                    let failed = sent.into_iter().map(|job| (job, failure.clone())).collect();
                    self.fail(at, failed);
                }
            }
        }
    }

    /// Sends one body and reads what comes back; an `Err` is for all of it.
    fn send(&self, at: usize, jobs: &[Job]) -> std::result::Result<Answers, Failure> {
        let options = &self.fork.options;
        let block = self.fork.inner.lock().block.clone();
        let items: Vec<Item> = jobs
            .iter()
            .map(|job| Item {
                id: job.id,
                method: job.call.method(&options.block),
                params: job.call.params(&options.block, &block),
            })
            .collect();
        let ids: Vec<u64> = jobs.iter().map(|job| job.id).collect();
        let body = batch::encode(&items);
        {
            let stats = &mut self.fork.inner.lock().stats;
            stats.bodies += 1;
            stats.requests += jobs.len() as u64;
            stats.bytes_sent += body.len() as u64;
        }
        let deadline = self.deadline.min(after(options.request_timeout));
        let sent = self.wire.send(self.fork.id, at, body.as_bytes(), deadline, options.max_response_bytes);
        let reading = match sent {
            Ok(answer) => {
                self.fork.inner.lock().stats.bytes_received += answer.len() as u64;
                batch::read(&answer, &ids).map_err(|text| Failure::wrong_answer(text, true))?
            }
            Err(error) => batch::read_status(&error, &ids).ok_or_else(|| Failure::from(error))?,
        };
        match reading {
            Reading::Answers(answers) => Ok(answers),
            Reading::Refused(failure) => Err(Failure { batch_refused: !failure.transient, ..failure }),
        }
    }

    /// Keeps the good answers of a body and deals with the others.
    fn take(&mut self, at: usize, sent: Vec<Job>, answers: Answers) {
        let fork = self.fork;
        let size = sent.len();
        let mut jobs: Vec<Option<Job>> = sent.into_iter().map(Some).collect();
        let mut failed = Vec::new();
        let mut inner = fork.inner.lock();
        let mut progress = false;
        for (id, answer) in answers.given {
            let Some(job) = jobs.iter_mut().find_map(|slot| slot.take_if(|job| job.id == id)) else { continue };
            let answer = answer.and_then(|result| {
                let trust = inner.trust(&job.call);
                // Checking a proof takes its time.
                let decoded =
                    MutexGuard::unlocked(&mut inner, || decode(&job.call, &fork.options.block, &trust, &result));
                inner.count(&trust, &decoded);
                decoded.map_err(Failure::from)
            });
            match answer {
                Ok(answer) => {
                    inner.admit(&job.call, answer);
                    progress = true;
                }
                Err(failure) => failed.push((job, failure)),
            }
        }
        if progress {
            self.deadline = after(fork.options.total_timeout);
            if self.refused {
                inner.batch_limit = inner.batch_limit.min(size.max(self.limit));
                self.refused = false;
            }
        }
        drop(inner);
        fork.settled.notify_all();
        let faults = if answers.faults.is_empty() { String::new() } else { format!(": {}", answers.faults.join("; ")) };
        let text = super::failure::cut(&format!("the answer holds none to this request{faults}"));
        failed.extend(jobs.into_iter().flatten().map(|job| (job, Failure::wrong_answer(text.clone(), true))));
        self.fail(at, failed);
    }

    /// Queues failed calls again, after a pause where one is due, asks for their values otherwise, or gives them up.
    fn fail(&mut self, at: usize, failed: Vec<(Job, Failure)>) {
        let options = &self.fork.options;
        let endpoints = u32::try_from(self.wire.endpoints()).unwrap_or(u32::MAX);
        let mut again = Vec::new();
        let mut pause = Duration::ZERO;
        let mut replanned = Plan::default();
        for (mut job, failure) in failed {
            if failure.no_proof && job.call.is_proof() && self.fork.inner.lock().give_up_proofs() {
                job.call.covers().into_iter().for_each(|request| replanned.add(request.into()));
                continue;
            }
            let worth_it = if failure.transient {
                job.attempts += 1;
                job.asked_pause = job.asked_pause.max(failure.retry_after.unwrap_or_default());
                // No pause before an endpoint that has not been tried in this round.
                if job.attempts.is_multiple_of(endpoints) {
                    let round = job.attempts / endpoints - 1;
                    let random = backoff(options.backoff_initial, options.backoff_max, round);
                    pause = pause.max(std::mem::take(&mut job.asked_pause).max(random));
                }
                job.attempts < options.max_attempts.saturating_mul(endpoints)
            } else {
                job.refusals += 1;
                job.refusals < endpoints
            };
            if worth_it {
                again.push((job, failure));
            } else {
                self.give_up(at, &job, &failure, "");
            }
        }
        while let Some(call) = replanned.next(false, 1) {
            self.deadline = after(options.total_timeout);
            self.add(call);
        }
        if again.is_empty() {
            return;
        }
        self.wire.leave(at);
        if pause >= self.deadline.saturating_duration_since(Instant::now()) {
            for (job, failure) in again {
                self.give_up(at, &job, &failure, ", and another one would pass total_timeout");
            }
            return;
        }
        self.fork.inner.lock().stats.retries += again.len() as u64;
        std::thread::sleep(pause);
        again.into_iter().rev().for_each(|(job, _)| self.jobs.push_front(job));
    }

    fn give_up(&self, at: usize, job: &Job, failure: &Failure, why: &str) {
        let mut inner = self.fork.inner.lock();
        let what = job.call.describe(&self.fork.options.block, &inner.block);
        let name = self.wire.name(at);
        let attempts = job.attempts + job.refusals;
        let times = if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
        let needed = inner.need_of(&job.call, failure);
        let text = format!("{what} from {name}: {}{needed} ({times}{why})", failure.text);
        inner.fail(&job.call, &failure.error(text));
        drop(inner);
        self.fork.settled.notify_all();
    }
}
