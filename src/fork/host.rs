//! The host protocol: the fork hands requests out, the host carries them, and hands the answers back in any order.

use super::Fork;
use super::answer::{Wrong, decode};
use super::batch::{self, Item, Reading};
use super::call::Call;
use super::failure::Failure;
use super::inner::Inner;
use super::plan::{Plan, Want};
use crate::error::{Error, Result};
use crate::state::Request;
use alloy_primitives::map::{DefaultHashBuilder, HashMap};
use lru::LruCache;
use serde_json::Value;
use std::collections::VecDeque;

/// Failures kept for the reads that will ask for them.
const MAX_FAILURES: usize = 1 << 16;
/// Questions open at once. Reached only by a host that reads on and answers nothing.
const MAX_OPEN: usize = 1 << 20;

/// A JSON-RPC request for the host to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingRequest {
    /// Names the request to [`Fork::continue_request`] and [`Fork::fail_request`].
    pub id: u64,
    /// JSON-RPC method.
    pub method: &'static str,
    /// JSON array of the parameters.
    pub params: String,
}

/// A body for the host to POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingBatch {
    /// Names the body to [`Fork::continue_batch`] and [`Fork::fail_batch`].
    pub id: u64,
    /// JSON: an array of JSON-RPC requests, or one request object when `count` is 1.
    pub body: String,
    /// Number of JSON-RPC requests in the body.
    pub count: usize,
}

struct Queued {
    /// Given when the request is handed out; a repeated request keeps it.
    id: Option<u64>,
    call: Call,
    attempts: u32,
}

/// Requests that wait for the host, and those that it has.
pub(super) struct HostQueue {
    plan: Plan,
    /// Calls before the plan: repeated ones, and those that did not fit into the host's buffer.
    ready: VecDeque<Queued>,
    open: HashMap<u64, Queued>,
    batches: HashMap<u64, Vec<u64>>,
    failures: LruCache<Request, Error, DefaultHashBuilder>,
    last_id: u64,
    last_batch: u64,
}

impl Default for HostQueue {
    fn default() -> Self {
        Self {
            plan: Plan::default(),
            ready: VecDeque::new(),
            open: HashMap::default(),
            batches: HashMap::default(),
            failures: LruCache::unbounded_with_hasher(DefaultHashBuilder::default()),
            last_id: 0,
            last_batch: 0,
        }
    }
}

impl HostQueue {
    /// Keeps a failure for the next read of `request`.
    pub(super) fn remember(&mut self, request: Request, error: Error) {
        self.failures.put(request, error);
        if self.failures.len() > MAX_FAILURES {
            self.failures.pop_lru();
        }
    }
}

impl Inner {
    fn take_off(&mut self, want: Want) {
        self.stats.misses += 1;
        self.flights.insert(want.request, super::inner::Flight::new());
        match self.own_calls(want.request) {
            Some(calls) => calls.into_iter().for_each(|call| self.host.plan.add_call(call)),
            None => self.host.plan.add(want),
        }
    }

    /// The next call to hand out. Before the pin is resolved only the calls that resolve it are.
    fn next_call(&mut self, max_slots: usize) -> Option<Queued> {
        if self.lacks_pin() {
            let is_pin = |queued: &Queued| matches!(queued.call, Call::ChainId | Call::Block);
            if self.host.ready.front().is_some_and(is_pin) {
                return self.host.ready.pop_front();
            }
            return self.host.plan.next_pin().map(|call| Queued { id: None, call, attempts: 0 });
        }
        if let Some(queued) = self.host.ready.pop_front() {
            return Some(queued);
        }
        let call = self.host.plan.next(self.proofs(), max_slots)?;
        Some(Queued { id: None, call, attempts: 0 })
    }

    /// Marks a call as handed out under `id`.
    fn hand_out(&mut self, id: u64, queued: Queued) {
        self.host.last_id = self.host.last_id.max(id);
        self.stats.requests += 1;
        self.stats.retries += u64::from(queued.attempts > 0);
        self.host.open.insert(id, Queued { id: Some(id), attempts: queued.attempts + 1, ..queued });
    }

    /// Puts requests back in front, in order, as if they had not been handed out.
    fn take_back(&mut self, ids: &[u64]) {
        for id in ids.iter().rev() {
            if let Some(queued) = self.host.open.remove(id) {
                self.host.ready.push_front(Queued { attempts: queued.attempts.saturating_sub(1), ..queued });
            }
        }
    }
}

impl Fork {
    /// Hands the next request out.
    ///
    /// `accept` is shown the request and copies it; the request counts as handed out only when it returns `Ok`. It must
    /// not call the fork. Slots of one address that wait together go into one `eth_getProof`, whose parameters are kept
    /// to `max_params_len` bytes as long as that leaves one slot.
    ///
    /// A request that was handed out stays open until it is answered or failed.
    ///
    /// # Errors
    /// `NoPendingRequest` when nothing waits, which it does too while the requests for the pinned block are open;
    /// `InvalidState` when the fork carries its requests itself; the error of `accept`.
    pub fn next_request(
        &self,
        max_params_len: Option<usize>,
        accept: impl FnOnce(&OutgoingRequest) -> Result<()>,
    ) -> Result<()> {
        self.needs_host()?;
        let mut inner = self.inner.lock();
        let mut queued = inner.next_call(self.options.max_slots_per_request).ok_or(Error::NoPendingRequest)?;
        inner.fit(&mut queued.call, max_params_len.unwrap_or(usize::MAX));
        let outgoing = OutgoingRequest {
            id: queued.id.unwrap_or(inner.host.last_id + 1),
            method: queued.call.method(&self.options.block),
            params: queued.call.params(&self.options.block, &inner.block),
        };
        if let Err(error) = accept(&outgoing) {
            inner.host.ready.push_front(queued);
            return Err(error);
        }
        inner.stats.bodies += 1;
        inner.stats.bytes_sent += outgoing.params.len() as u64;
        inner.hand_out(outgoing.id, queued);
        Ok(())
    }

    /// Answers a request with the JSON of its `result`, or with a whole JSON-RPC response (its id is not looked at).
    ///
    /// An error object in a response acts as [`Fork::fail_request`]. A result that says that the node does not know,
    /// such as `null` for a block, closes the request too: the next read gets `RpcFailed`.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that is not open, or when the answer is not one to this request; the request then
    /// stays open and nothing is kept.
    pub fn continue_request(&self, id: u64, response: &[u8]) -> Result<()> {
        self.needs_host()?;
        let mut inner = self.inner.lock();
        let what = self.describe_open(&inner, id)?;
        let wrong = |text: String| Error::InvalidRequest(format!("answer to request {id}, {what}: {text}"));
        if response.len() > self.options.max_response_bytes {
            return Err(wrong("it is longer than max_response_bytes".into()));
        }
        let value = serde_json::from_slice(response).map_err(|error| wrong(format!("it is not JSON ({error})")))?;
        let answer = match value {
            Value::Object(object) if crate::rpc::is_response(&object) => batch::read_response(object).map_err(wrong)?,
            result => Ok(result),
        };
        inner.stats.bytes_received += response.len() as u64;
        match answer {
            Ok(result) => self.answer(&mut inner, id, &result).map_err(wrong)?,
            Err(failure) => self.fail_call(&mut inner, id, &failure),
        }
        Ok(())
    }

    /// Tells that a request failed. `code` is the node's error code or an HTTP status.
    ///
    /// A failure that may pass (limits, HTTP 408, 429 and 5xx, timeouts by their text) queues the request again under
    /// the same id, until it has been handed out `max_attempts` times; pausing in between is the host's business. Any
    /// other closes it: the next read of each value that it was for gets `RpcFailed`, and the one after asks again.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that is not open.
    pub fn fail_request(&self, id: u64, code: i64, message: &str) -> Result<()> {
        self.needs_host()?;
        let mut inner = self.inner.lock();
        self.describe_open(&inner, id)?;
        self.fail_call(&mut inner, id, &Failure::reported(code, message));
        Ok(())
    }

    /// Hands out a body with at most `max_requests` requests, and no more than the node is known to take.
    ///
    /// `accept` as for [`Fork::next_request`].
    ///
    /// # Errors
    /// `NoPendingRequest` when nothing waits; `InvalidInput` when `max_requests` is 0; `InvalidState` when the fork
    /// carries its requests itself; the error of `accept`.
    pub fn next_batch(&self, max_requests: usize, accept: impl FnOnce(&OutgoingBatch) -> Result<()>) -> Result<()> {
        self.needs_host()?;
        if max_requests == 0 {
            return Err(Error::InvalidInput("a batch of at most 0 requests".into()));
        }
        let mut inner = self.inner.lock();
        let limit = max_requests.min(inner.batch_limit);
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(queued) = inner.next_call(self.options.max_slots_per_request) else { break };
            taken.push(queued);
        }
        if taken.is_empty() {
            return Err(Error::NoPendingRequest);
        }
        let mut last_id = inner.host.last_id;
        let items: Vec<Item> = taken
            .iter()
            .map(|queued| Item {
                id: queued.id.unwrap_or_else(|| {
                    last_id += 1;
                    last_id
                }),
                method: queued.call.method(&self.options.block),
                params: queued.call.params(&self.options.block, &inner.block),
            })
            .collect();
        let outgoing = OutgoingBatch { id: inner.host.last_batch + 1, body: batch::encode(&items), count: items.len() };
        if let Err(error) = accept(&outgoing) {
            for queued in taken.into_iter().rev() {
                inner.host.ready.push_front(queued);
            }
            return Err(error);
        }
        inner.stats.bodies += 1;
        inner.stats.bytes_sent += outgoing.body.len() as u64;
        inner.host.last_batch = outgoing.id;
        inner.host.batches.insert(outgoing.id, items.iter().map(|item| item.id).collect());
        for (item, queued) in items.iter().zip(taken) {
            inner.hand_out(item.id, queued);
        }
        Ok(())
    }

    /// Answers a body from [`Fork::next_batch`] with the body that the node returned.
    ///
    /// Good answers are kept whatever the others are. An error object for one request acts as [`Fork::fail_request`].
    /// One error for all of several requests is taken as the node refusing batches of this size: smaller ones follow.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that is not open, or when the body is no JSON-RPC answer; the body then stays open.
    /// `RpcFailed` names requests without an answer, and `InvalidRequest` answers that do not fit; those requests are
    /// queued again, and after `max_attempts` closed with a failure.
    pub fn continue_batch(&self, batch_id: u64, body: &[u8]) -> Result<()> {
        self.needs_host()?;
        let mut inner = self.inner.lock();
        let ids = inner.batch(batch_id)?;
        let wrong = |text: String| Error::InvalidRequest(format!("answer to batch {batch_id}: {text}"));
        if body.len() > self.options.max_response_bytes {
            return Err(wrong("it is longer than max_response_bytes".into()));
        }
        let reading = batch::read(body, &ids).map_err(wrong)?;
        inner.host.batches.remove(&batch_id);
        inner.stats.bytes_received += body.len() as u64;
        let answers = match reading {
            Reading::Refused(failure) => {
                let splits = !failure.transient;
                self.fail_all(&mut inner, &ids, &failure, splits);
                return Ok(());
            }
            Reading::Answers(answers) => answers,
        };
        let mut faults = answers.faults;
        for (id, answer) in answers.given {
            match answer {
                Ok(result) => {
                    if let Err(text) = self.answer(&mut inner, id, &result) {
                        faults.push(format!("id {id}: {text}"));
                        self.fail_call(&mut inner, id, &Failure::wrong_answer(text, true));
                    }
                }
                Err(failure) => self.fail_call(&mut inner, id, &failure),
            }
        }
        let mut unanswered = Vec::new();
        for id in answers.missing {
            let Ok(what) = self.describe_open(&inner, id) else { continue };
            unanswered.push(format!("id {id} ({what})"));
            self.fail_call(&mut inner, id, &Failure::wrong_answer("the batch has no answer to it".into(), true));
        }
        let faults = super::failure::cut(&faults.join("; "));
        if !unanswered.is_empty() {
            let named = super::failure::cut(&unanswered.join(", "));
            let faults = if faults.is_empty() { faults } else { format!("; {faults}") };
            return Err(Error::RpcFailed(format!("answer to batch {batch_id}: no answer to {named}{faults}")));
        }
        if faults.is_empty() { Ok(()) } else { Err(wrong(faults)) }
    }

    /// Tells that a whole body failed. `code` is an HTTP status, or an error code of the node.
    ///
    /// HTTP 400, 405 and 413 for several requests mean that the node takes fewer at once: smaller bodies follow.
    /// Otherwise each request fails as in [`Fork::fail_request`].
    ///
    /// # Errors
    /// `InvalidRequest` for an id that is not open.
    pub fn fail_batch(&self, batch_id: u64, code: i64, message: &str) -> Result<()> {
        self.needs_host()?;
        let mut inner = self.inner.lock();
        let ids = inner.batch(batch_id)?;
        inner.host.batches.remove(&batch_id);
        let failure = Failure::reported(code, message);
        let splits = failure.batch_refused;
        self.fail_all(&mut inner, &ids, &failure, splits);
        Ok(())
    }

    /// Queues what is not ready, and says so.
    pub(super) fn queue(&self, wants: &[Want]) -> Result<()> {
        let mut inner = self.inner.lock();
        if inner.lacks_pin() {
            if let Some(error) = inner.host.failures.pop(&Request::Block) {
                return Err(error);
            }
            if !inner.flights.contains_key(&Request::Block) {
                inner.take_off(Request::Block.into());
            }
        }
        let mut failed = None;
        let mut missing = None;
        for want in wants {
            if inner.is_ready(want) {
                continue;
            }
            if !inner.flights.contains_key(&want.request) {
                if let Some(error) = inner.host.failures.pop(&want.request) {
                    // One failure is told for all of them: none may come up again after a later success.
                    failed.get_or_insert(error);
                    continue;
                }
                if inner.flights.len() >= MAX_OPEN {
                    return Err(Error::InvalidState(format!("{MAX_OPEN} questions are open and wait for the host")));
                }
                inner.take_off(*want);
            }
            missing.get_or_insert(want.request);
        }
        match (failed, missing) {
            (Some(error), _) => Err(error),
            (None, Some(request)) => Err(Error::Missing(request)),
            (None, None) => Ok(()),
        }
    }

    fn needs_host(&self) -> Result<()> {
        match self.wire {
            None => Ok(()),
            Some(_) => {
                Err(Error::InvalidState("this fork carries its requests itself: there are none for the host".into()))
            }
        }
    }

    fn describe_open(&self, inner: &Inner, id: u64) -> Result<String> {
        match inner.host.open.get(&id) {
            Some(queued) => Ok(queued.call.describe(&self.options.block, &inner.block)),
            None => {
                Err(Error::InvalidRequest(format!("request {id} is not open: never handed out, or answered already")))
            }
        }
    }

    /// Takes a result in and closes its request; the error says why it is no answer, and leaves the request open.
    fn answer(&self, inner: &mut Inner, id: u64, result: &Value) -> std::result::Result<(), String> {
        let Some(queued) = inner.host.open.get(&id) else { return Ok(()) };
        let trust = inner.trust(&queued.call);
        let decoded = decode(&queued.call, &self.options.block, &trust, result);
        inner.count(&trust, &decoded);
        match decoded {
            Ok(answer) => {
                if let Some(queued) = inner.host.open.remove(&id) {
                    inner.admit(&queued.call, answer);
                }
                Ok(())
            }
            Err(Wrong::Shape(text)) => Err(text),
            Err(wrong) => {
                self.fail_call(inner, id, &wrong.into());
                Ok(())
            }
        }
    }

    fn fail_call(&self, inner: &mut Inner, id: u64, failure: &Failure) {
        let Some(queued) = inner.host.open.remove(&id) else { return };
        if failure.no_proof && queued.call.is_proof() && inner.give_up_proofs() {
            for request in queued.call.covers() {
                inner.host.plan.add(request.into());
            }
        } else if failure.transient && queued.attempts < self.options.max_attempts {
            inner.host.ready.push_back(queued);
        } else {
            let what = queued.call.describe(&self.options.block, &inner.block);
            let times = if queued.attempts == 1 { String::new() } else { format!(" ({} attempts)", queued.attempts) };
            let needed = inner.need_of(&queued.call, failure);
            inner.fail(&queued.call, &failure.error(format!("{what}: {}{needed}{times}", failure.text)));
        }
    }

    /// Fails all requests of a body, or, if the body was too large for the node, queues them again for smaller ones.
    fn fail_all(&self, inner: &mut Inner, ids: &[u64], failure: &Failure, splits: bool) {
        if splits && ids.len() > 1 {
            inner.batch_limit = (ids.len() / 2).min(inner.batch_limit).max(1);
            inner.stats.batch_splits += 1;
            return inner.take_back(ids);
        }
        for id in ids {
            self.fail_call(inner, *id, failure);
        }
    }
}

impl Inner {
    fn batch(&self, id: u64) -> Result<Vec<u64>> {
        self.host.batches.get(&id).cloned().ok_or_else(|| {
            Error::InvalidRequest(format!("batch {id} is not open: never handed out, or answered already"))
        })
    }

    /// Cuts a proof to `max_len` bytes of parameters; the slots that are left wait on.
    fn fit(&mut self, call: &mut Call, max_len: usize) {
        let rest = call.fit(&self.block, max_len);
        match call {
            Call::Proof { address, .. } => self.host.plan.put_back(*address, rest),
            Call::Paths { address, .. } if !rest.is_empty() => {
                self.paths.split(address);
                self.host.plan.add_call(Call::Paths { address: *address, slots: rest });
            }
            _ => {}
        }
    }
}
