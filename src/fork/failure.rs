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

/// Texts with which nodes say that they give no proofs for a block so old: reth, erigon.
const PROOF_WINDOW: [&str; 3] = ["proof window", "block is too old", "too old, block must be within"];

/// Texts with which nodes say that they have not kept the state of a block: geth and its descendants with either state
/// scheme, nethermind, besu, reth, erigon, openethereum, sonic; Infura and others ask for archive access.
const STATE_PRUNED: [&str; 12] = [
    "missing trie node",
    "missingtrienode",
    "state is not available",
    "state not available",
    "state available for block",
    "world state unavailable",
    "historical state",
    "state histories",
    "pruned",
    "pruning",
    "archive",
    "state recreation",
];

/// Texts with which nodes say that they do not know a block: geth, reth and besu, erigon, nethermind, hardhat.
const NO_BLOCK: [&str; 8] = [
    "header not found",
    "block not found",
    "header for hash not found",
    "unknown block",
    "could not be found",
    "invalid block tag",
    "block does not exist",
    "block number out of range",
];

/// Texts with which nodes and gateways say that they have not a method.
const NO_METHOD: [&str; 9] = [
    "method not found",
    "does not exist/is not available",
    "unknown method",
    "method is not supported",
    "method not supported",
    "unsupported method",
    "not whitelisted",
    "not implemented",
    "method is not available",
];

/// What a failure comes to, once it is told: each has an [`Error`] of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rpc,
    StatePruned,
    ProofPruned,
    BlockNotFound,
    WrongChain,
    UnsupportedMethod,
    Reorg,
    /// What came does not match what is trusted.
    ProofInvalid,
}

impl Kind {
    fn of(code: i64, lower: &str) -> Self {
        let has = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        if has(&PROOF_WINDOW) {
            Self::ProofPruned
        } else if let Some((height, asked)) = out_of_range(lower) {
            // Anvil says so of blocks that it has not reached, and of those that it has dropped.
            if asked > height { Self::BlockNotFound } else { Self::StatePruned }
        } else if has(&NO_BLOCK) {
            Self::BlockNotFound
        } else if has(&STATE_PRUNED) {
            Self::StatePruned
        } else if matches!(code, -32601 | -32004) || has(&NO_METHOD) {
            Self::UnsupportedMethod
        } else {
            Self::Rpc
        }
    }

    /// Whether it says why the question cannot be answered, whoever is asked after that.
    pub(super) fn is_about_the_question(self) -> bool {
        !matches!(self, Self::Rpc | Self::WrongChain | Self::Reorg)
    }

    /// The error with this text.
    pub(super) fn error(self, text: String) -> Error {
        match self {
            Self::Rpc => Error::RpcFailed(text),
            Self::StatePruned => Error::StatePruned(text),
            Self::ProofPruned => Error::ProofPruned(text),
            Self::BlockNotFound => Error::BlockNotFound(text),
            Self::WrongChain => Error::WrongChain(text),
            Self::UnsupportedMethod => Error::UnsupportedMethod(text),
            Self::Reorg => Error::Reorg(text),
            Self::ProofInvalid => Error::ProofInvalid(text),
        }
    }
}

/// Height and asked number of `block height is 5 but requested was 7`.
fn out_of_range(lower: &str) -> Option<(u64, u64)> {
    let (_, rest) = lower.split_once("block height is ")?;
    let (height, rest) = rest.split_once(" but requested was ")?;
    let asked = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((height.parse().ok()?, asked.parse().ok()?))
}

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
    pub(super) kind: Kind,
    /// Worth another attempt.
    pub(super) transient: bool,
    /// The pause that the node asked for.
    pub(super) retry_after: Option<Duration>,
    /// Coming from a body with several requests: the node may take fewer at once.
    pub(super) batch_refused: bool,
    /// Requests in the body that it is for, if it is for all of a body.
    pub(super) items: usize,
    /// No answer came in time.
    pub(super) timed_out: bool,
    /// Neither another attempt nor another endpoint helps.
    pub(super) hopeless: bool,
    /// The answer was longer than the limit.
    pub(super) too_large: bool,
    /// Coming from `eth_getProof`: the node has it not.
    pub(super) no_proof: bool,
}

impl Failure {
    /// An error object of the node, or one that the host reports. `code` is JSON-RPC's or an HTTP status.
    pub(super) fn reported(code: i64, message: &str) -> Self {
        let lower = message.to_lowercase();
        let transient = matches!(code, -32005 | 408 | 429 | 500..=599) || TRANSIENT.iter().any(|t| lower.contains(t));
        Self {
            kind: Kind::of(code, &lower),
            transient,
            batch_refused: matches!(code, 400 | 405 | 413) || (!transient && lower.contains("batch")),
            no_proof: !transient && (matches!(code, -32601 | -32004) || NO_PROOF.iter().any(|t| lower.contains(t))),
            ..Self::wrong_answer(format!("error {code}: {}", cut(message)), false)
        }
    }

    /// An answer that cannot be right, such as one for another request.
    pub(super) fn wrong_answer(text: String, transient: bool) -> Self {
        Self {
            text,
            kind: Kind::Rpc,
            transient,
            retry_after: None,
            batch_refused: false,
            items: 0,
            timed_out: false,
            hopeless: false,
            too_large: false,
            no_proof: false,
        }
    }

    /// A failure that no node has part in, such as a limit of the fork's own.
    pub(super) fn hopeless(kind: Kind, text: String) -> Self {
        Self { kind, hopeless: true, ..Self::wrong_answer(text, false) }
    }

    /// The node is on another chain.
    pub(super) fn wrong_chain(expected: u64, found: u64) -> Self {
        let text = format!("the node is on chain {found}, not on chain {expected}");
        Self { kind: Kind::WrongChain, ..Self::wrong_answer(text, false) }
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        // For a proof, not to know is to have none: the values themselves may still be there.
        let no_proof = matches!(wrong, Wrong::Unknown(_));
        let kind = match wrong {
            Wrong::NoBlock(_) => Kind::BlockNotFound,
            Wrong::Invalid(_) => Kind::ProofInvalid,
            Wrong::Shape(_) | Wrong::Unknown(_) => Kind::Rpc,
        };
        Self { kind, no_proof, ..Self::wrong_answer(wrong.into_text(), false) }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let text = error.to_string();
        match error {
            TransportError::Timeout => Self { timed_out: true, ..Self::wrong_answer(text, true) },
            TransportError::Connection(_) => Self::wrong_answer(text, true),
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
    fn failures_have_kinds() {
        for (kind, code, message) in [
            (Kind::StatePruned, -32000, "missing trie node 0xab (path ) state 0x1 is not available, not found"),
            (Kind::StatePruned, -32000, "historical state 0xab is not available"),
            (Kind::StatePruned, -32002, "No state available for block 0xe7b1"),
            (Kind::StatePruned, -32603, "Internal error (Nethermind.Trie.MissingTrieNodeException: Node A: P:2)"),
            (Kind::StatePruned, -32000, "World state unavailable"),
            (Kind::StatePruned, -32602, "state at block #100 is pruned"),
            (Kind::StatePruned, -32000, "project ID does not have access to archive state"),
            (
                Kind::StatePruned,
                -32000,
                "This request is not supported because your node is running with state pruning.",
            ),
            (Kind::StatePruned, -32602, "BlockOutOfRangeError: block height is 94079 but requested was 28568"),
            (Kind::BlockNotFound, -32602, "BlockOutOfRangeError: block height is 5 but requested was 7"),
            (Kind::BlockNotFound, -32000, "header not found"),
            (Kind::BlockNotFound, -32001, "block not found: 0xabc"),
            (Kind::BlockNotFound, -32000, "68719476735 could not be found"),
            (Kind::BlockNotFound, -32000, "Received invalid block tag 12786684. Latest block number is 12786682"),
            (Kind::ProofPruned, -32602, "distance to target block exceeds maximum proof window"),
            (
                Kind::ProofPruned,
                -32000,
                "requested block is too old, block must be within 1000 blocks of the head block number (currently 9)",
            ),
            (Kind::UnsupportedMethod, -32601, "x"),
            (Kind::UnsupportedMethod, -32000, "the method eth_getProof does not exist/is not available"),
            (Kind::UnsupportedMethod, 403, "eth_getProof is not whitelisted"),
            (Kind::Rpc, -32602, "invalid argument 0"),
            (Kind::Rpc, 503, "maintenance"),
        ] {
            assert_eq!(Failure::reported(code, message).kind, kind, "{code} {message}");
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
