//! What carries a JSON-RPC body to a node and its answer back.

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
