//! The calls of one operation on their way: several bodies at once, repeated, split and spread as nodes need it.

use super::Fork;
use super::answer::decode;
use super::body::Sent;
use super::call::Call;
use super::failure::{Failure, Kind};
use super::inner::ProofUse;
use super::options::LogLevel;
use super::plan::{Means, Plan};
use super::retry::backoff;
use super::wire::Wire;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::thread::Scope;
use std::time::{Duration, Instant};

/// Calls in a body below which it is not worth to have several under way.
const MIN_SHARE: usize = 16;
/// Proofs that show how long a node takes for them.
const TRIAL: usize = 16;
/// Addresses in one operation from which on that matters.
const TRIAL_FROM: usize = 4 * TRIAL;
/// A node that takes longer for a proof is asked for the parts of accounts instead: four calls, each a fraction of this.
const SLOW_PROOF: Duration = Duration::from_millis(1);

/// A call on its way.
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) call: Call,
    /// Attempts that failed in a way that may pass.
    attempts: u32,
    /// Attempts that failed for good, each at another endpoint.
    refusals: u32,
    /// The longest pause that an endpoint asked for since the last one.
    asked_pause: Duration,
    /// What a node said last of why it cannot be answered. One that cannot be reached afterwards says nothing about that.
    told: Option<(Kind, String)>,
}

/// The calls of one operation, and what has been learnt while sending them.
pub(super) struct Run<'a> {
    pub(super) fork: &'a Fork,
    pub(super) wire: &'a Wire,
    queue: Mutex<Queue>,
}

struct Queue {
    /// What goes out next, before the plan.
    jobs: VecDeque<Job>,
    plan: Plan,
    /// The next body is the one that shows how long proofs take.
    trial: bool,
    last_id: u64,
    /// Calls in one body, after an answer to more was too long.
    limit: usize,
    /// Calls in one body, so that the bodies that go out at once are alike.
    share: usize,
    /// Threads that send, the reading one included.
    workers: usize,
    /// Moves on with each answer.
    deadline: Instant,
}

/// The instant so long from now, or a year from now where a clock does not reach that far.
pub(super) fn after(time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    Instant::now() + time.min(YEAR)
}

/// Calls in one body, for `calls` of them in bodies of at most `most`, `concurrent` of which go out at once.
fn share(calls: usize, most: usize, concurrent: usize) -> usize {
    let rounds = calls.div_ceil(most.saturating_mul(concurrent)).max(1);
    calls.div_ceil(rounds.saturating_mul(concurrent)).max(MIN_SHARE).min(most)
}

/// Ends the trial of proofs, if nothing else has.
struct Trial<'a>(&'a Fork);

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        let mut inner = self.0.inner.lock();
        if inner.proof_use == ProofUse::OnTrial {
            inner.proof_use = ProofUse::Untried;
        }
    }
}

/// The calls of a body.
struct Body {
    jobs: Vec<Job>,
    /// Shows how long proofs take.
    trial: bool,
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.plan.is_empty()
    }

    /// Makes up calls until `count` are ready to go out.
    fn fill(&mut self, count: usize, means: Means) {
        while self.jobs.len() < count
            && let Some(call) = self.plan.next(means)
        {
            self.add(call);
        }
    }

    fn add(&mut self, call: Call) {
        self.last_id += 1;
        self.jobs.push_back(Job {
            id: self.last_id,
            call,
            attempts: 0,
            refusals: 0,
            asked_pause: Duration::ZERO,
            told: None,
        });
    }

    fn put_back(&mut self, jobs: Vec<Job>) {
        for job in jobs.into_iter().rev() {
            self.jobs.push_front(job);
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(fork: &'a Fork, wire: &'a Wire, plan: Plan) -> Self {
        let mut inner = fork.inner.lock();
        // Without others to go on with all else, the trial would cost a round trip; with limits, calls are dear.
        let trial = plan.addresses() >= TRIAL_FROM
            && wire.concurrent() > 1
            && wire.takes_batches()
            && inner.batch.get() >= TRIAL
            && !fork.limiter.limits()
            && inner.may_try_proofs();
        if trial {
            inner.proof_use = ProofUse::OnTrial;
        }
        let queue = Queue {
            jobs: VecDeque::new(),
            trial,
            last_id: 0,
            limit: if wire.takes_batches() { usize::MAX } else { 1 },
            share: share(plan.count(inner.means()), inner.batch.get(), wire.concurrent()),
            plan,
            workers: 1,
            deadline: after(fork.options.total_timeout),
        };
        Self { fork, wire, queue: Mutex::new(queue) }
    }

    /// Sends until every call is answered or given up. The reading thread is one of those that send.
    pub(super) fn finish(&self) {
        if self.wire.concurrent() > 1 {
            std::thread::scope(|scope| self.work(Some(scope), true));
        } else {
            self.work(None, true);
        }
    }

    /// `reading`: on the thread that came in from outside, which is the one that tells the log.
    fn work<'scope>(&'scope self, scope: Option<&'scope Scope<'scope, '_>>, reading: bool) {
        while let Some(Body { jobs, trial }) = self.next_body(scope) {
            if trial {
                self.try_proofs(jobs);
            } else {
                self.carry(jobs);
            }
            if reading {
                self.fork.tell();
            }
        }
    }

    /// The calls for the next body. Has another thread begin with what is left.
    fn next_body<'scope>(&'scope self, scope: Option<&'scope Scope<'scope, '_>>) -> Option<Body> {
        let (most, mut means) = {
            let inner = self.fork.inner.lock();
            (inner.batch.get(), inner.means())
        };
        let mut queue = self.queue.lock();
        let trial = std::mem::take(&mut queue.trial);
        let size = if trial {
            means.proofs = true;
            while queue.jobs.len() < TRIAL
                && let Some(call) = queue.plan.next_value(means)
            {
                queue.add(call);
            }
            TRIAL
        } else {
            let size = most.min(queue.limit).min(queue.share);
            queue.fill(size, means);
            size
        };
        let size = size.min(queue.jobs.len());
        let size = self.fork.limiter.affordable(queue.jobs.iter().take(size).map(|job| &job.call));
        if size == 0 {
            queue.workers -= 1;
            return None;
        }
        let jobs = queue.jobs.drain(..size).collect();
        if let Some(scope) = scope
            && !queue.is_empty()
            && queue.workers < self.wire.concurrent()
        {
            let worker = std::thread::Builder::new().name("worldstate".into());
            // Where no thread can be had, those that there are go on.
            if worker.spawn_scoped(scope, move || self.work(Some(scope), false)).is_ok() {
                queue.workers += 1;
            }
        }
        Some(Body { jobs, trial })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.queue.lock().deadline
    }

    /// Whether bodies have one request each.
    pub(super) fn is_single(&self) -> bool {
        self.queue.lock().limit == 1 || self.fork.inner.lock().batch.get() == 1
    }

    /// Ids for requests beside the calls.
    pub(super) fn new_id(&self) -> u64 {
        let mut queue = self.queue.lock();
        queue.last_id += 1;
        queue.last_id
    }

    /// Sends the proofs that show how long the node takes for one.
    fn try_proofs(&self, jobs: Vec<Job>) {
        let count = jobs.len();
        // A body that failed has shown nothing, nor has one whose sender panicked.
        let trial = Trial(self.fork);
        let beyond = self.carry(jobs);
        drop(trial);
        let Some(beyond) = beyond else { return };
        let mut inner = self.fork.inner.lock();
        if !inner.may_try_proofs() {
            return;
        }
        if beyond > SLOW_PROOF * u32::try_from(count).unwrap_or(u32::MAX) {
            inner.leave_proofs(|| format!("{count} took {} ms more than a round trip", beyond.as_millis()));
        } else {
            inner.proof_use = ProofUse::Kept;
        }
        let (means, most) = (inner.means(), inner.batch.get());
        drop(inner);
        let mut queue = self.queue.lock();
        queue.share = share(queue.jobs.len() + queue.plan.count(means), most, self.wire.concurrent());
    }

    /// Sends one body and deals with what comes back. Gives how much longer than the quickest one before it took, unless
    /// it failed.
    fn carry(&self, jobs: Vec<Job>) -> Option<Duration> {
        let at = self.wire.endpoint();
        match self.send(at, &jobs) {
            Ok(sent) => {
                let beyond = sent.beyond;
                self.take(at, jobs, sent);
                return Some(beyond);
            }
            Err(failure) if failure.batch_refused && failure.items > 1 => self.split(at, jobs, &failure),
            Err(failure) => {
                if failure.timed_out && failure.items > 1 {
                    let mut inner = self.fork.inner.lock();
                    inner.stats.batch_splits += u64::from(inner.batch.timed_out(failure.items));
                }
                let failed = jobs.into_iter().map(|job| (job, failure.clone())).collect();
                self.fail(at, failed, failure.items);
            }
        }
        None
    }

    /// Has the calls of a refused body go out in smaller ones.
    fn split(&self, at: usize, jobs: Vec<Job>, failure: &Failure) {
        let half = (failure.items / 2).max(1);
        let mut queue = self.queue.lock();
        let mut inner = self.fork.inner.lock();
        let smaller = if failure.too_large {
            // An answer that is too long says nothing about other batches of this size.
            let before = queue.limit;
            queue.limit = before.min(half);
            before > half
        } else {
            inner.batch.refused(failure.items)
        };
        inner.stats.batch_splits += u64::from(smaller);
        let (items, text) = (failure.items, &failure.text);
        inner.journal.write(LogLevel::Warning, || {
            format!("{} refused {items} requests in one body: {text}; at most {half} from here on", self.wire.name(at))
        });
        queue.put_back(jobs);
    }

    /// Keeps the good answers of a body and deals with the others.
    fn take(&self, at: usize, jobs: Vec<Job>, sent: Sent) {
        let fork = self.fork;
        let Sent { answers, items, look, epoch, .. } = sent;
        let mut jobs: Vec<Option<Job>> = jobs.into_iter().map(Some).collect();
        let mut failed = Vec::new();
        let mut progress = false;
        let mut inner = fork.inner.lock();
        for (id, answer) in answers.given {
            let Some(job) = jobs.iter_mut().find_map(|slot| slot.take_if(|job| job.id == id)) else { continue };
            let decoded = answer.and_then(|result| {
                let trust = inner.trust(&job.call);
                // Checking a proof takes its time.
                let decoded =
                    MutexGuard::unlocked(&mut inner, || decode(&job.call, &fork.options.block, &trust, &result));
                inner.count(&trust, &decoded);
                let answer = decoded.map_err(Failure::from)?;
                inner.check(&answer).map(|()| answer)
            });
            if look.is_none() && inner.watch.epoch() != epoch {
                let text = "the pinned block was found to have left the chain while the answer came".to_owned();
                failed.push((job, Failure::wrong_answer(text, true)));
                continue;
            }
            match decoded {
                Ok(answer) => {
                    if matches!(job.call, Call::ChainId) {
                        self.wire.set_chain(at, super::wire::Chain::Right);
                    }
                    inner.admit(&job.call, answer);
                    progress = true;
                }
                Err(failure) => {
                    if failure.kind == Kind::WrongChain {
                        self.wire.set_chain(at, super::wire::Chain::Wrong);
                    }
                    failed.push((job, failure));
                }
            }
        }
        if progress {
            inner.batch.worked(items);
        }
        drop(inner);
        if progress {
            self.queue.lock().deadline = after(fork.options.total_timeout);
        }
        fork.settled.notify_all();
        let faults = if answers.faults.is_empty() { String::new() } else { format!(": {}", answers.faults.join("; ")) };
        let text = super::failure::cut(&format!("the answer holds none to this request{faults}"));
        failed.extend(jobs.into_iter().flatten().map(|job| (job, Failure::wrong_answer(text.clone(), true))));
        self.fail(at, failed, items);
    }

    /// Queues failed calls of a body with `items` requests again, after a pause where one is due, asks for their values
    /// otherwise, or gives them up.
    fn fail(&self, at: usize, failed: Vec<(Job, Failure)>, items: usize) {
        let options = &self.fork.options;
        let endpoints = u32::try_from(self.wire.endpoints()).unwrap_or(u32::MAX);
        let mut again = Vec::new();
        let mut pause = Duration::ZERO;
        let mut replanned = Plan::default();
        for (mut job, failure) in failed {
            if self.fork.inner.lock().asks_otherwise(&job.call, &failure) {
                job.call.covers().into_iter().for_each(|request| replanned.add(request.into()));
                continue;
            }
            if failure.kind.is_about_the_question() {
                job.told = Some((failure.kind, format!("{} from {}", failure.text, self.wire.name(at))));
            }
            let worth_it = if failure.hopeless {
                false
            } else if failure.kind == Kind::WrongChain && self.wire.has_right() {
                // The node counts as none: it is left at once and for good.
                true
            } else if failure.transient {
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
                if items == 1 {
                    self.fork.inner.lock().batch.failed_alone();
                }
                job.refusals += 1;
                job.refusals < endpoints
            };
            if worth_it {
                again.push((job, failure));
            } else {
                self.give_up(at, &job, &failure, "");
            }
        }
        self.plan(replanned);
        if again.is_empty() {
            return;
        }
        self.wire.leave(at);
        let left = self.deadline().saturating_duration_since(Instant::now());
        if pause >= left {
            for (job, failure) in again {
                self.give_up(at, &job, &failure, ", and another one would pass total_timeout");
            }
            return;
        }
        if let Some(asked) = again.iter().filter_map(|(_, failure)| failure.retry_after).max().filter(|a| *a < left) {
            self.wire.set_pause(at, asked);
        }
        {
            let mut inner = self.fork.inner.lock();
            inner.stats.retries += again.len() as u64;
            let (count, why) = (again.len(), again.first().map(|(_, failure)| &failure.text));
            inner.journal.write(LogLevel::Warning, || {
                let why = why.map_or("", String::as_str);
                format!("{count} requests to {} again in {} ms: {why}", self.wire.name(at), pause.as_millis())
            });
        }
        std::thread::sleep(pause);
        self.queue.lock().put_back(again.into_iter().map(|(job, _)| job).collect());
    }

    /// Queues questions anew, with the methods that the node has.
    fn plan(&self, mut replanned: Plan) {
        let means = self.fork.inner.lock().means();
        let mut queue = self.queue.lock();
        while let Some(call) = replanned.next(means) {
            queue.deadline = after(self.fork.options.total_timeout);
            queue.add(call);
        }
        let most = self.fork.inner.lock().batch.get();
        let calls = queue.jobs.len() + queue.plan.count(means);
        queue.share = queue.share.max(share(calls, most, self.wire.concurrent()));
    }

    fn give_up(&self, at: usize, job: &Job, failure: &Failure, why: &str) {
        let mut inner = self.fork.inner.lock();
        let what = job.call.describe(&self.fork.options.block, &inner.block);
        let name = self.wire.name(at);
        let attempts = job.attempts + job.refusals;
        let times = match attempts {
            0 => "not sent".to_owned(),
            1 => "1 attempt".to_owned(),
            _ => format!("{attempts} attempts"),
        };
        if failure.kind == Kind::Reorg
            && let Some(pin) = inner.pin
        {
            // What the node says each time is taken for the truth.
            inner.lose(pin, None);
        }
        let needed = inner.need_of(&job.call, failure);
        let mut text = format!("{what} from {name}: {}{needed} ({times}{why})", failure.text);
        let kind = match &job.told {
            Some((kind, told)) if failure.kind == Kind::Rpc => {
                text = format!("{text}; before: {told}");
                *kind
            }
            _ => failure.kind,
        };
        inner.fail(&job.call, &kind.error(text));
        drop(inner);
        self.fork.settled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_go_out_at_once_are_alike() {
        for (calls, most, concurrent, size) in [
            (1, 100, 8, 16),
            (100, 100, 8, 16),
            (250, 100, 8, 32),
            (1000, 100, 8, 63),
            (1000, 100, 1, 100),
            (1000, 10, 8, 10),
            (0, 100, 8, 16),
        ] {
            assert_eq!(share(calls, most, concurrent), size, "{calls} calls");
        }
    }
}
