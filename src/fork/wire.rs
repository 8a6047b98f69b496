//! The nodes of a fork that carries its requests itself, one of which is current.

use super::http::{self, HttpClient, HttpNode};
#[cfg(unix)]
use super::ipc::{self, IpcNode};
use super::options::{ForkOptions, TransportKind};
use super::transport::{Transport, TransportError};
use crate::error::{Error, Result};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

thread_local! {
    /// The forks whose transport this thread is inside of.
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(Vec::pop);
    }
}

enum Carrier {
    Http(HttpNode),
    #[cfg(unix)]
    Ipc(IpcNode),
    Custom(Box<dyn Transport>),
}

/// Whether a node is on the fork's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    Unknown,
    Right,
    Wrong,
}

struct Node {
    name: String,
    carrier: Carrier,
    /// A [`Chain`].
    chain: AtomicU8,
    /// Until when the node wants to be left in peace.
    pause: Mutex<Option<Instant>>,
    /// The least time that a body took: about a round trip.
    quickest: Mutex<Option<Duration>>,
}

/// The nodes, and which of them is asked now.
pub(super) struct Wire {
    nodes: Vec<Node>,
    current: AtomicUsize,
    /// Whether bodies may go out on threads of the library's own, and how many at once.
    concurrent: usize,
}

impl Wire {
    /// `None` for the transport of the host.
    pub(super) fn new(transport: TransportKind, options: &ForkOptions) -> Result<Option<Self>> {
        let concurrent = options.max_concurrent;
        match transport {
            TransportKind::Host => Ok(None),
            TransportKind::Http { urls, headers, ca_certificates } => {
                if urls.is_empty() {
                    return Err(Error::InvalidInput("no URL is given".into()));
                }
                let client = HttpClient::new(&headers, ca_certificates.as_deref(), urls.len(), concurrent)?;
                let client = Arc::new(client);
                let node = |url: &String| {
                    #[cfg(unix)]
                    if let Some(path) = ipc::path(url) {
                        let name = format!("ipc://{}", path.display());
                        return Ok(Node::new(name, Carrier::Ipc(IpcNode::new(path, concurrent))));
                    }
                    let name = http::name(url, &["http", "https"])?;
                    Ok(Node::new(name, Carrier::Http(HttpNode::new(url, &client))))
                };
                let nodes = urls.iter().map(node).collect::<Result<Vec<Node>>>()?;
                let is_http = |node: &Node| matches!(node.carrier, Carrier::Http(_));
                let needs_http = !headers.is_empty() || ca_certificates.is_some();
                if needs_http && !nodes.iter().any(is_http) {
                    return Err(Error::InvalidInput("headers or certificates are given, and no URL is HTTP's".into()));
                }
                Ok(Some(Self { nodes, current: AtomicUsize::new(0), concurrent }))
            }
            TransportKind::Custom(custom) => {
                let nodes = vec![Node::new("the host's callback".into(), Carrier::Custom(custom))];
                Ok(Some(Self { nodes, current: AtomicUsize::new(0), concurrent: 1 }))
            }
        }
    }

    /// Sends to node `at`, on behalf of the fork `fork`.
    pub(super) fn send(
        &self,
        fork: u64,
        at: usize,
        body: &[u8],
        deadline: Instant,
        limit: usize,
    ) -> std::result::Result<Vec<u8>, TransportError> {
        INSIDE.with_borrow_mut(|inside| inside.push(fork));
        let _inside = Inside;
        match &self.nodes[at].carrier {
            Carrier::Http(http) => http.send(body, deadline, limit),
            #[cfg(unix)]
            Carrier::Ipc(ipc) => ipc.send(body, deadline, limit),
            Carrier::Custom(custom) => custom
                .send(body, deadline)
                .and_then(|b| if b.len() > limit { Err(TransportError::TooLarge) } else { Ok(b) }),
        }
    }

    /// Whether this thread is inside the transport of `fork`.
    pub(super) fn is_inside(fork: u64) -> bool {
        INSIDE.with_borrow(|inside| inside.contains(&fork))
    }

    pub(super) fn takes_batches(&self) -> bool {
        self.nodes.iter().all(|node| match &node.carrier {
            Carrier::Custom(custom) => custom.takes_batches(),
            _ => true,
        })
    }

    /// How many threads of the library may send for one operation, the reading one included. A host's callback is
    /// called on the reading thread only.
    pub(super) fn concurrent(&self) -> usize {
        self.concurrent
    }

    /// Whether the library's own connections carry the bodies.
    pub(super) fn is_own(&self) -> bool {
        self.nodes.iter().all(|node| !matches!(node.carrier, Carrier::Custom(_)))
    }

    /// Number of nodes that can be tried in turn: those on another chain cannot, unless all are.
    pub(super) fn endpoints(&self) -> usize {
        match self.nodes.iter().filter(|node| node.chain() != Chain::Wrong).count() {
            0 => self.nodes.len(),
            count => count,
        }
    }

    /// Whether there is a node that is not known to be on another chain.
    pub(super) fn has_right(&self) -> bool {
        self.nodes.iter().any(|node| node.chain() != Chain::Wrong)
    }

    /// The node to ask now: the current one, or the first after it that is neither on another chain nor wants a pause.
    pub(super) fn endpoint(&self) -> usize {
        let current = self.current.load(Ordering::Relaxed);
        let turn = || (0..self.nodes.len()).map(|step| (current + step) % self.nodes.len());
        let right = |at: &usize| self.nodes[*at].chain() != Chain::Wrong;
        let now = Instant::now();
        turn()
            .find(|at| right(at) && self.nodes[*at].pause(now).is_zero())
            .or_else(|| turn().find(right))
            .unwrap_or(current)
    }

    /// Turns to the next node, unless another thread has already left `from`.
    pub(super) fn leave(&self, from: usize) {
        let next = (from + 1) % self.nodes.len();
        // Losing the race means that another thread has left `from` already.
        let _ = self.current.compare_exchange(from, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Name of node `at` for error texts.
    pub(super) fn name(&self, at: usize) -> &str {
        &self.nodes[at].name
    }

    pub(super) fn chain(&self, at: usize) -> Chain {
        self.nodes[at].chain()
    }

    /// Remembers on which chain node `at` is.
    pub(super) fn set_chain(&self, at: usize, chain: Chain) {
        self.nodes[at].chain.store(chain as u8, Ordering::Relaxed);
    }

    /// Node `at` has answered a body after `time`. Gives the least time that one took before.
    pub(super) fn answered(&self, at: usize, time: Duration) -> Option<Duration> {
        let mut quickest = self.nodes[at].quickest.lock();
        let before = *quickest;
        *quickest = Some(before.map_or(time, |before| before.min(time)));
        before
    }

    /// How long node `at` wants to be left in peace yet.
    pub(super) fn pause(&self, at: usize) -> Duration {
        self.nodes[at].pause(Instant::now())
    }

    /// Node `at` asks all threads for a pause.
    pub(super) fn set_pause(&self, at: usize, pause: Duration) {
        let Some(until) = Instant::now().checked_add(pause) else { return };
        let mut paused = self.nodes[at].pause.lock();
        *paused = Some(paused.map_or(until, |old| old.max(until)));
    }
}

impl Node {
    fn new(name: String, carrier: Carrier) -> Self {
        Self {
            name,
            carrier,
            chain: AtomicU8::new(Chain::Unknown as u8),
            pause: Mutex::new(None),
            quickest: Mutex::new(None),
        }
    }

    fn chain(&self) -> Chain {
        match self.chain.load(Ordering::Relaxed) {
            chain if chain == Chain::Right as u8 => Chain::Right,
            chain if chain == Chain::Wrong as u8 => Chain::Wrong,
            _ => Chain::Unknown,
        }
    }

    fn pause(&self, now: Instant) -> Duration {
        self.pause.lock().map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }
}
