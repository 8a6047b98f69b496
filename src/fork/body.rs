//! One body: what is asked along with the calls, the limits it waits for, and the reading of what comes back.

use super::answer::{Answer, Trust, decode};
use super::batch::{self, Answers, Item, Reading};
use super::call::Call;
use super::failure::{Failure, Kind};
use super::options::LogLevel;
use super::run::{Job, Run, after};
use super::watch::Look;
use super::wire::Chain;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

type Outcome<T> = std::result::Result<T, Failure>;

/// A body that was answered.
pub(super) struct Sent {
    /// Answers to the calls.
    pub(super) answers: Answers,
    /// Requests in the body.
    pub(super) items: usize,
    /// The look at the pinned block that came along, and has found it.
    pub(super) look: Option<Look>,
    /// When it was sent: see [`super::watch::Watch::epoch`].
    pub(super) epoch: u64,
    /// How much longer it took than the quickest one before, which is about a round trip.
    pub(super) beyond: Duration,
}

/// Questions about the node, not for anybody's value.
#[derive(Default)]
struct Extras {
    /// Which chain it is on.
    chain: Option<u64>,
    /// Whether it still has the pinned block.
    look: Option<(u64, Look)>,
    calls: Vec<(u64, Call)>,
}

impl Run<'_> {
    /// Sends one body and reads what comes back; an `Err` is for all of it.
    pub(super) fn send(&self, at: usize, jobs: &[Job]) -> Outcome<Sent> {
        let extras = self.extras(at, jobs);
        let epoch = self.fork.inner.lock().watch.epoch();
        let mut calls: Vec<(u64, &Call)> = jobs.iter().map(|job| (job.id, &job.call)).collect();
        let apart = !extras.calls.is_empty() && self.is_single();
        if apart {
            for (id, call) in &extras.calls {
                let (mut answers, _) = self.exchange(at, &[(*id, call)])?;
                self.judge(at, &extras, &mut answers)?;
            }
        } else {
            calls.extend(extras.calls.iter().map(|(id, call)| (*id, call)));
        }
        let sent = self.exchange(at, &calls).and_then(|(mut answers, beyond)| {
            if !apart {
                self.judge(at, &extras, &mut answers)?;
            }
            Ok((answers, beyond))
        });
        if sent.is_err() && extras.look.is_some() {
            self.fork.inner.lock().watch.missed(Instant::now());
        }
        let (answers, beyond) = sent?;
        Ok(Sent { answers, items: calls.len(), look: extras.look.map(|(_, look)| look), epoch, beyond })
    }

    /// What has to be asked of node `at` along with `jobs`.
    fn extras(&self, at: usize, jobs: &[Job]) -> Extras {
        let mut extras = Extras::default();
        let mut inner = self.fork.inner.lock();
        let asks_chain = jobs.iter().any(|job| matches!(job.call, Call::ChainId));
        let chain = self.wire.chain(at) != Chain::Right && inner.known_chain().is_some() && !asks_chain;
        let now = Instant::now();
        let look = match inner.pin {
            Some(pin) if inner.watch.is_due(now) => Some((pin.number, inner.watch.look(now))),
            _ => None,
        };
        drop(inner);
        if chain {
            let id = self.new_id();
            extras.chain = Some(id);
            extras.calls.push((id, Call::ChainId));
        }
        if let Some((number, look)) = look {
            let id = self.new_id();
            extras.look = Some((id, look));
            extras.calls.push((id, Call::Look(number)));
        }
        extras
    }

    /// Takes the answers to `extras` out of a body's, and tells whether the others can be believed.
    fn judge(&self, at: usize, extras: &Extras, answers: &mut Answers) -> Outcome<()> {
        for (id, call) in &extras.calls {
            if answers.missing.contains(id) {
                answers.missing.retain(|missing| missing != id);
                let text =
                    format!("the answer holds none to {}", call.describe(&self.fork.options.block, &self.block()));
                self.settle_extra(at, extras, *id, Err(Failure::wrong_answer(text, true)))?;
            }
            let Some(index) = answers.given.iter().position(|(given, _)| given == id) else { continue };
            let (_, answer) = answers.given.swap_remove(index);
            // What comes along says nothing about values.
            let decode = |value: Value| decode(call, &self.fork.options.block, &Trust::default(), &value);
            let answer = answer.and_then(|value| decode(value).map_err(Failure::from));
            self.settle_extra(at, extras, *id, answer)?;
        }
        Ok(())
    }

    fn settle_extra(&self, at: usize, extras: &Extras, id: u64, answer: Outcome<Answer>) -> Outcome<()> {
        let mut inner = self.fork.inner.lock();
        if extras.chain == Some(id) {
            let checked = answer.and_then(|answer| inner.check(&answer));
            match &checked {
                Ok(()) => self.wire.set_chain(at, Chain::Right),
                Err(failure) if failure.kind == Kind::WrongChain => {
                    self.wire.set_chain(at, Chain::Wrong);
                    let (name, text) = (self.wire.name(at), &failure.text);
                    inner.journal.write(LogLevel::Error, || format!("{name} is not asked: {text}"));
                }
                Err(_) => {}
            }
            return checked;
        }
        let Some((_, look)) = extras.look.filter(|(look, _)| *look == id) else { return Ok(()) };
        match answer {
            Ok(Answer::Looked(Some(hash))) => inner.looked(look, Some(hash)),
            Ok(_) => {
                // One node of several may lag behind: worth another attempt.
                inner.watch.missed(Instant::now());
                let text = "the pinned block is no longer there".to_owned();
                Err(Failure { kind: Kind::Reorg, ..Failure::wrong_answer(text, true) })
            }
            Err(failure) => {
                inner.watch.missed(Instant::now());
                if inner.watch.is_lost() { Err(failure) } else { Ok(()) }
            }
        }
    }

    fn block(&self) -> super::block::BlockParam {
        self.fork.inner.lock().block.clone()
    }

    /// Sends `calls` in one body, when limits allow, and reads the answer. With it, how much longer than the quickest body
    /// before it took.
    fn exchange(&self, at: usize, calls: &[(u64, &Call)]) -> Outcome<(Answers, Duration)> {
        self.wait(at, calls)?;
        let options = &self.fork.options;
        let block = self.block();
        let items: Vec<Item> = calls
            .iter()
            .map(|(id, call)| Item {
                id: *id,
                method: call.method(&options.block),
                params: call.params(&options.block, &block),
            })
            .collect();
        let body = batch::encode(&items);
        let deadline = self.deadline().min(after(options.request_timeout));
        let _slot = if self.wire.is_own() {
            Some(self.fork.slots.take(deadline).ok_or_else(|| {
                Failure::hopeless(Kind::Rpc, "max_concurrent other bodies left no room until the timeout".into())
            })?)
        } else {
            None
        };
        {
            let inner = &mut *self.fork.inner.lock();
            inner.stats.bodies += 1;
            inner.stats.requests += calls.len() as u64;
            inner.stats.bytes_sent += body.len() as u64;
            for item in &items {
                inner.metrics.sent(item.method, item.encoded_len());
            }
            let (name, bytes) = (self.wire.name(at), body.len());
            inner.journal.write(LogLevel::Debug, || format!("{} to {name}, {bytes} bytes", tally(&items)));
        }
        let start = Instant::now();
        let sent = self.wire.send(self.fork.id, at, body.as_bytes(), deadline, options.max_response_bytes);
        let latency = start.elapsed();
        let ids: Vec<u64> = calls.iter().map(|(id, _)| *id).collect();
        let bytes = sent.as_ref().map_or(0, Vec::len);
        let reading = match &sent {
            Ok(answer) => batch::read(answer, &ids).map_err(|text| Failure::wrong_answer(text, true)),
            Err(error) => batch::read_status(error, &ids).ok_or_else(|| Failure::from(error.clone())),
        };
        {
            let inner = &mut *self.fork.inner.lock();
            inner.stats.bytes_received += bytes as u64;
            if sent.is_ok() {
                for (item, bytes) in items.iter().zip(shares(bytes, &ids, &reading)) {
                    inner.metrics.answered(item.method, bytes, latency);
                }
            }
            let (name, ms) = (self.wire.name(at), latency.as_millis());
            inner.journal.write(LogLevel::Debug, || match &reading {
                Ok(_) => format!("{} from {name}, {bytes} bytes after {ms} ms", tally(&items)),
                Err(failure) => format!("{} from {name}: {} after {ms} ms", tally(&items), failure.text),
            });
        }
        match reading.map_err(|failure| Failure { items: calls.len(), ..failure })? {
            Reading::Answers(answers) => {
                let quickest = self.wire.answered(at, latency);
                Ok((answers, quickest.map_or(Duration::ZERO, |quickest| latency.saturating_sub(quickest))))
            }
            Reading::Refused(failure) => {
                Err(Failure { batch_refused: !failure.transient, items: calls.len(), ..failure })
            }
        }
    }

    /// Waits for the pause that the node asked for, and for the rate limit.
    fn wait(&self, at: usize, calls: &[(u64, &Call)]) -> Outcome<()> {
        let left = self.deadline().saturating_duration_since(Instant::now());
        let late = |what: &str| Failure::hopeless(Kind::Rpc, format!("{what}, which would pass total_timeout"));
        let pause = self.wire.pause(at);
        if pause >= left {
            return Err(late(&format!("the node asked for a pause of {} ms", pause.as_millis())));
        }
        let most = left.checked_sub(pause).unwrap_or_default();
        let turn = self.fork.limiter.reserve(calls.iter().map(|(_, call)| *call), most);
        let turn = turn.map_err(|wait| late(&format!("the rate limit asks for a pause of {} ms", wait.as_millis())))?;
        if !turn.is_zero() {
            let mut inner = self.fork.inner.lock();
            inner.stats.throttled += 1;
            let count = calls.len();
            inner
                .journal
                .write(LogLevel::Info, || format!("{count} requests wait {} ms for the rate limit", turn.as_millis()));
        }
        std::thread::sleep(pause.max(turn));
        Ok(())
    }
}

/// The methods in a body, with their numbers.
fn tally(items: &[Item]) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for item in items {
        *counts.entry(item.method).or_default() += 1;
    }
    counts.iter().map(|(method, count)| format!("{count} {method}")).collect::<Vec<_>>().join(", ")
}

/// Splits the bytes of an answer by what is in it for each of the requests `ids`.
pub(super) fn shares<E>(bytes: usize, ids: &[u64], reading: &std::result::Result<Reading, E>) -> Vec<u64> {
    let (bytes, count) = (bytes as u64, ids.len().max(1) as u64);
    let mut weights = vec![1; ids.len()];
    if let (true, Ok(Reading::Answers(answers))) = (ids.len() > 1, reading) {
        for (id, answer) in &answers.given {
            if let (Some(at), Ok(value)) = (ids.iter().position(|asked| asked == id), answer) {
                weights[at] += weight(value);
            }
        }
    }
    let all = weights.iter().sum::<u64>().max(count);
    let mut shares: Vec<u64> = weights
        .iter()
        .map(|weight| u64::try_from(u128::from(bytes) * u128::from(*weight) / u128::from(all)).unwrap_or(bytes))
        .collect();
    let rest = bytes - shares.iter().sum::<u64>();
    if let Some(first) = shares.first_mut() {
        *first += rest;
    }
    shares
}

/// About how long a value is as text.
fn weight(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 + 2,
        Value::Array(values) => values.iter().map(weight).sum::<u64>() + values.len() as u64 + 1,
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() as u64 + 4 + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
    }
}
