//! Failures of a request, and what they allow: to try again, to ask otherwise, to send less at once.

use super::answer::Wrong;
use super::transport::TransportError;
use crate::error::Error;
pub(super) use crate::rpc::cut;
use std::time::Duration;

/// Texts of failures that pass: limits, and state that the asked node of a cluster does not have yet.
const TRANSIENT: [&str; 14] = [
    "rate limit",
    "ratelimit",
    "too many requests",
    "limit exceeded",
    "request limit",
    "throughput",
    "capacity exceeded",
    "try again",
    "timeout",
    "timed out",
    "connection re",
    "missing trie node",
    "header not found",
    "service unavailable",
];

/// Texts with which nodes say that they have no `eth_getProof`, or not for this block.
const NO_PROOF: [&str; 13] = [
    "not supported",
    "unsupported",
    "not available",
    "unavailable",
    "does not exist",
    "not implemented",
    "unknown method",
    "method not found",
    "not whitelisted",
    "proof window",
    "pruned",
    "too old",
    "not enabled",
];

/// One failed attempt at a request.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each allows another remedy, and several can hold at once")]
pub(super) struct Failure {
    /// What the node or the transport said, cut to a sane length.
    pub(super) text: String,
    /// Worth another attempt.
    pub(super) transient: bool,
    /// The pause that the node asked for.
    pub(super) retry_after: Option<Duration>,
    /// Coming from a body with several requests: the node may take fewer at once.
    pub(super) batch_refused: bool,
    /// The answer was longer than the limit.
    pub(super) too_large: bool,
    /// Coming from `eth_getProof`: the node has it not.
    pub(super) no_proof: bool,
    /// The answer does not match what is trusted: no other from the same node will do.
    pub(super) invalid: bool,
}

impl Failure {
    /// An error object of the node, or one that the host reports. `code` is JSON-RPC's or an HTTP status.
    pub(super) fn reported(code: i64, message: &str) -> Self {
        let lower = message.to_lowercase();
        let transient = matches!(code, -32005 | 408 | 429 | 500..=599) || TRANSIENT.iter().any(|t| lower.contains(t));
        Self {
            text: format!("error {code}: {}", cut(message)),
            transient,
            retry_after: None,
            batch_refused: matches!(code, 400 | 405 | 413) || (!transient && lower.contains("batch")),
            too_large: false,
            no_proof: !transient && (matches!(code, -32601 | -32004) || NO_PROOF.iter().any(|t| lower.contains(t))),
            invalid: false,
        }
    }

    /// The error to end a question with.
    pub(super) fn error(&self, text: String) -> Error {
        if self.invalid { Error::ProofInvalid(text) } else { Error::RpcFailed(text) }
    }

    /// An answer that cannot be right, such as one for another request.
    pub(super) fn wrong_answer(text: String, transient: bool) -> Self {
        Self {
            text,
            transient,
            retry_after: None,
            batch_refused: false,
            too_large: false,
            no_proof: false,
            invalid: false,
        }
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        // For a proof, not to know is to have none: the values themselves may still be there.
        let (no_proof, invalid) = (matches!(wrong, Wrong::Unknown(_)), matches!(wrong, Wrong::Invalid(_)));
        Self { no_proof, invalid, ..Self::wrong_answer(wrong.into_text(), false) }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let text = error.to_string();
        match error {
            TransportError::Timeout | TransportError::Connection(_) => Self::wrong_answer(text, true),
            TransportError::Refused(_) => Self::wrong_answer(text, false),
            TransportError::TooLarge => {
                Self { batch_refused: true, too_large: true, ..Self::wrong_answer(text, false) }
            }
            TransportError::Status { code, retry_after, body } => {
                let body = String::from_utf8_lossy(&body);
                Self { text, retry_after, ..Self::reported(i64::from(code), &body) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_that_pass() {
        for (code, message) in [
            (-32005, "x"),
            (429, ""),
            (503, ""),
            (-32000, "Too Many Requests"),
            (-32000, "missing trie node 0xab (path ) state 0x1 is not available, not found"),
            (-32000, "header not found"),
        ] {
            let failure = Failure::reported(code, message);
            assert!(failure.transient && !failure.no_proof, "{code} {message}");
        }
        for (code, message) in [(-32602, "invalid argument"), (-32000, "execution reverted"), (404, ""), (401, "")] {
            assert!(!Failure::reported(code, message).transient, "{code} {message}");
        }
    }

    #[test]
    fn nodes_without_proofs() {
        for (code, message) in [
            (-32601, "x"),
            (-32004, "x"),
            (-32000, "the method eth_getProof does not exist/is not available"),
            (-32000, "distance to target block exceeds maximum proof window"),
            (-32000, "World state unavailable"),
        ] {
            assert!(Failure::reported(code, message).no_proof, "{code} {message}");
        }
        assert!(!Failure::reported(-32602, "invalid argument").no_proof);
    }
}
