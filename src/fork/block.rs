//! The block that a fork stands on: as the user names it, as it was found, and as requests name it.

use crate::error::{Error, Result};
use alloy_primitives::B256;
use std::fmt;
use std::str::FromStr;

/// How the user names the block to fork from.
///
/// As text: a decimal number, a `0x` number of at most 16 digits, a `0x` hash of 64 digits, or one of `latest`, `safe`,
/// `finalized`, `earliest`. `pending` is refused: it names no block that could be asked for again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BlockTag {
    /// The block with this number.
    Number(u64),
    /// The block with this hash. Requests then name it by hash (EIP-1898), so that a reorganised chain gives an error
    /// and never another block's state.
    Hash(B256),
    /// The newest block at the time of opening.
    #[default]
    Latest,
    /// The newest block that the chain calls safe at the time of opening.
    Safe,
    /// The newest finalized block at the time of opening.
    Finalized,
    /// Genesis.
    Earliest,
    /// Passed on to the node as it is, in every request; the fork is then not pinned.
    Verbatim(String),
}

impl FromStr for BlockTag {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "latest" => return Ok(Self::Latest),
            "safe" => return Ok(Self::Safe),
            "finalized" => return Ok(Self::Finalized),
            "earliest" => return Ok(Self::Earliest),
            "pending" => return Err(pending_refused()),
            "" => return Err(Error::InvalidInput("the block tag is empty".into())),
            _ => {}
        }
        let unreadable = || Error::InvalidHex(format!("block {text:?} is neither a number nor a 32-byte hash"));
        if let Some(digits) = text.strip_prefix("0x") {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(unreadable());
            }
            if digits.len() == 64 {
                return digits.parse().map(Self::Hash).map_err(|_| unreadable());
            }
            return u64::from_str_radix(digits, 16).map(Self::Number).map_err(|_| unreadable());
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().map(Self::Number).map_err(|_| unreadable());
        }
        Err(Error::InvalidInput(format!(
            "block tag {text:?} is none of latest, safe, finalized, earliest, a number or a 32-byte hash"
        )))
    }
}

impl fmt::Display for BlockTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Hash(hash) => hash.fmt(f),
            Self::Latest => f.write_str("latest"),
            Self::Safe => f.write_str("safe"),
            Self::Finalized => f.write_str("finalized"),
            Self::Earliest => f.write_str("earliest"),
            Self::Verbatim(tag) => f.write_str(tag),
        }
    }
}

impl BlockTag {
    /// Refuses tags that name no block.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Verbatim(tag) if tag.is_empty() => Err(Error::InvalidInput("the block tag is empty".into())),
            Self::Verbatim(tag) if tag == "pending" => Err(pending_refused()),
            _ => Ok(()),
        }
    }

    /// Method and parameters that resolve the tag.
    pub(super) fn query(&self) -> (&'static str, String) {
        match self {
            Self::Hash(hash) => ("eth_getBlockByHash", format!("[\"{hash}\",false]")),
            Self::Number(number) => ("eth_getBlockByNumber", format!("[\"{number:#x}\",false]")),
            tag => ("eth_getBlockByNumber", format!("[{},false]", quoted(&tag.to_string()))),
        }
    }
}

fn pending_refused() -> Error {
    Error::InvalidInput("block tag \"pending\" names no block that could be asked for again".into())
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The block that a fork is pinned to. State is the state after this block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedBlock {
    /// Chain id as `eth_chainId` gave it.
    pub chain_id: u64,
    /// Number of the block.
    pub number: u64,
    /// Hash of the block.
    pub hash: B256,
    /// Root of the state after the block, from its header; `None` where the node leaves it out. Checked where
    /// [`Verify`](super::Verify) is on.
    pub state_root: Option<B256>,
}

/// The block as every request for a value names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BlockParam {
    Number(u64),
    Hash(B256),
    Verbatim(String),
}

impl BlockParam {
    /// The JSON of the last parameter.
    pub(super) fn json(&self) -> String {
        match self {
            Self::Number(number) => format!("\"{number:#x}\""),
            Self::Hash(hash) => format!("{{\"blockHash\":\"{hash}\"}}"),
            Self::Verbatim(tag) => quoted(tag),
        }
    }
}

impl fmt::Display for BlockParam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Hash(hash) => hash.fmt(f),
            Self::Verbatim(tag) => f.write_str(tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read() {
        let hash = format!("0x{}", "ab".repeat(32));
        for (text, tag) in [
            ("0", BlockTag::Number(0)),
            ("19000000", BlockTag::Number(19_000_000)),
            ("0x10", BlockTag::Number(16)),
            ("latest", BlockTag::Latest),
            ("safe", BlockTag::Safe),
            ("finalized", BlockTag::Finalized),
            ("earliest", BlockTag::Earliest),
            (&hash, BlockTag::Hash(B256::repeat_byte(0xab))),
        ] {
            assert_eq!(text.parse::<BlockTag>().unwrap(), tag);
        }
    }

    #[test]
    fn tags_without_a_block_are_refused() {
        for text in ["", "pending", "Latest", "-1", "1.0", " 1"] {
            assert!(matches!(text.parse::<BlockTag>(), Err(Error::InvalidInput(_))), "{text}");
        }
        for text in ["0x", "0xzz", "0x11112222333344445", "99999999999999999999"] {
            assert!(matches!(text.parse::<BlockTag>(), Err(Error::InvalidHex(_))), "{text}");
        }
    }

    #[test]
    fn parameters_name_the_block() {
        assert_eq!(BlockParam::Number(0).json(), "\"0x0\"");
        assert_eq!(BlockParam::Verbatim("a\"b".into()).json(), "\"a\\\"b\"");
        let hash = B256::repeat_byte(1);
        assert_eq!(BlockParam::Hash(hash).json(), format!("{{\"blockHash\":\"{hash}\"}}"));
    }
}
