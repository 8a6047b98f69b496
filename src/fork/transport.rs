//! What carries a JSON-RPC body to a node and its answer back.

use super::http::HttpTransport;
use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

/// Carries JSON-RPC bodies for a fork.
///
/// A read that needs the network calls [`Transport::send`] on the reading thread; several threads may be inside at once.
/// The fork holds no lock meanwhile. Asked from inside `send`, the same fork answers from its cache and refuses
/// everything else with [`Error::InvalidState`](crate::Error::InvalidState).
pub trait Transport: Send + Sync {
    /// POSTs `body` (JSON, `application/json`) and returns the body of the answer.
    ///
    /// Gives up with [`TransportError::Timeout`] at `deadline`. Called once for each attempt: repeating is the fork's
    /// business.
    fn send(&self, body: &[u8], deadline: Instant) -> Result<Vec<u8>, TransportError>;

    /// Whether `body` may be a JSON-RPC batch. If not, each body is one request object.
    fn takes_batches(&self) -> bool {
        true
    }
}

/// Why a transport brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No answer in time. Tried again.
    Timeout,
    /// The connection failed or broke. Tried again.
    Connection(String),
    /// The node answered with an HTTP status other than 2xx. 408, 429 and 5xx are tried again.
    Status {
        /// The HTTP status.
        code: u16,
        /// The pause that the node asked for with `Retry-After`.
        retry_after: Option<Duration>,
        /// The body that came along.
        body: Vec<u8>,
    },
    /// The answer is longer than the fork's limit.
    TooLarge,
    /// It will not work the next time either, such as a certificate that nobody vouches for. Not tried again.
    Refused(String),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("timed out"),
            Self::Connection(text) | Self::Refused(text) => f.write_str(text),
            Self::Status { code, body, .. } => {
                write!(f, "HTTP status {code}")?;
                let text = super::failure::cut(&String::from_utf8_lossy(body));
                if text.is_empty() { Ok(()) } else { write!(f, ": {text}") }
            }
            Self::TooLarge => f.write_str("the answer is longer than max_response_bytes"),
        }
    }
}

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

/// A blocking transport with the list of its endpoints.
pub(super) enum Wire {
    Http(HttpTransport),
    Custom(Box<dyn Transport>),
}

impl Wire {
    /// Sends to endpoint `at`, on behalf of the fork `fork`.
    pub(super) fn send(
        &self,
        fork: u64,
        at: usize,
        body: &[u8],
        deadline: Instant,
        limit: usize,
    ) -> Result<Vec<u8>, TransportError> {
        INSIDE.with_borrow_mut(|inside| inside.push(fork));
        let _inside = Inside;
        match self {
            Self::Http(http) => http.send(at, body, deadline, limit),
            Self::Custom(custom) => custom
                .send(body, deadline)
                .and_then(|b| if b.len() > limit { Err(TransportError::TooLarge) } else { Ok(b) }),
        }
    }

    /// Whether this thread is inside the transport of `fork`.
    pub(super) fn is_inside(fork: u64) -> bool {
        INSIDE.with_borrow(|inside| inside.contains(&fork))
    }

    pub(super) fn takes_batches(&self) -> bool {
        match self {
            Self::Http(_) => true,
            Self::Custom(custom) => custom.takes_batches(),
        }
    }

    /// Number of endpoints that can be tried in turn.
    pub(super) fn endpoints(&self) -> usize {
        match self {
            Self::Http(http) => http.endpoints(),
            Self::Custom(_) => 1,
        }
    }

    /// The endpoint to ask now.
    pub(super) fn endpoint(&self) -> usize {
        match self {
            Self::Http(http) => http.endpoint(),
            Self::Custom(_) => 0,
        }
    }

    /// Turns to the next endpoint, unless another thread has already left `from`.
    pub(super) fn leave(&self, from: usize) {
        if let Self::Http(http) = self {
            http.leave(from);
        }
    }

    /// Name of endpoint `at` for error texts.
    pub(super) fn name(&self, at: usize) -> &str {
        match self {
            Self::Http(http) => http.name(at),
            Self::Custom(_) => "the host's callback",
        }
    }
}
