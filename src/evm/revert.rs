//! Revert data, decoded as Solidity and Vyper encode it.

use alloy_primitives::{Bytes, FixedBytes, U256};
use serde_json::{Value, json};
use std::fmt;

/// The selector of `Error(string)`.
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// The selector of `Panic(uint256)`.
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

/// What a revert said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevertReason {
    /// No data: `revert()`, `require(false)`, or a call that the code itself refused.
    Empty,
    /// `Error(string)`. Bytes that are not UTF-8 are replaced by `U+FFFD`.
    Error(String),
    /// `Panic(uint256)`: a check that the compiler put in.
    Panic(U256),
    /// An error of the contract's own.
    Custom {
        /// The first four bytes.
        selector: FixedBytes<4>,
        /// What follows them: the ABI-encoded arguments.
        arguments: Bytes,
    },
    /// Less than a selector.
    Raw(Bytes),
}

impl RevertReason {
    /// Reads revert data. Whatever is not the exact form of `Error` or `Panic` counts as custom, nothing as wrong.
    #[must_use]
    pub fn decode(data: &Bytes) -> Self {
        let Some((selector, arguments)) = data.split_first_chunk::<4>() else {
            return if data.is_empty() { Self::Empty } else { Self::Raw(data.clone()) };
        };
        let known = match *selector {
            ERROR => string(arguments).map(Self::Error),
            PANIC => <[u8; 32]>::try_from(arguments).ok().map(|word| Self::Panic(U256::from_be_bytes(word))),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Custom { selector: selector.into(), arguments: data.slice(4..) })
    }

    /// As a JSON object with `kind` (`empty`, `error`, `panic`, `custom` or `raw`), `text` (as it is displayed) and:
    /// `message` of an error; `code` and `meaning` of a panic; `selector` and `data` of a custom error; `data` of raw
    /// bytes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = match self {
            Self::Empty => json!({ "kind": "empty" }),
            Self::Error(message) => json!({ "kind": "error", "message": message }),
            Self::Panic(code) => {
                json!({ "kind": "panic", "code": format!("{code:#x}"), "meaning": panic_meaning(*code) })
            }
            Self::Custom { selector, arguments } => {
                json!({ "kind": "custom", "selector": selector.to_string(), "data": arguments.to_string() })
            }
            Self::Raw(data) => json!({ "kind": "raw", "data": data.to_string() }),
        };
        json["text"] = Value::String(self.to_string());
        json
    }
}

impl fmt::Display for RevertReason {
    /// `execution reverted`, and what is known of the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("execution reverted")?;
        match self {
            Self::Empty => Ok(()),
            Self::Error(message) => write!(f, ": {message}"),
            Self::Panic(code) => write!(f, ": panic {code:#x} ({})", panic_meaning(*code)),
            Self::Custom { selector, .. } => write!(f, ": custom error {selector}"),
            Self::Raw(data) => write!(f, ": {data}"),
        }
    }
}

/// A word that is a small number, at an offset.
fn small(data: &[u8], offset: usize) -> Option<usize> {
    let word = data.get(offset..offset.checked_add(32)?)?;
    U256::from_be_slice(word).try_into().ok()
}

/// The one string that the arguments hold.
fn string(arguments: &[u8]) -> Option<String> {
    let head = small(arguments, 0)?;
    let start = head.checked_add(32)?;
    let bytes = arguments.get(start..start.checked_add(small(arguments, head)?)?)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// What Solidity means by the code.
#[must_use]
fn panic_meaning(code: U256) -> &'static str {
    match u8::try_from(code) {
        Ok(0x00) => "generic panic",
        Ok(0x01) => "assertion failed",
        Ok(0x11) => "arithmetic overflow or underflow",
        Ok(0x12) => "division or modulo by zero",
        Ok(0x21) => "conversion to an enum value that does not exist",
        Ok(0x22) => "incorrectly encoded storage byte array",
        Ok(0x31) => "pop of an empty array",
        Ok(0x32) => "array index out of bounds",
        Ok(0x41) => "out of memory: allocation too large",
        Ok(0x51) => "call of a zero-initialized function pointer",
        _ => "unknown panic code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;
    use proptest::prelude::*;

    fn decode(data: &str) -> RevertReason {
        RevertReason::decode(&data.parse().unwrap())
    }

    /// Answers of a real node to `eth_call`.
    #[test]
    fn errors_and_panics_of_a_real_contract() {
        let error = decode(
            "0x08c379a00000000000000000000000000000000000000000000000000000000000000020\
             000000000000000000000000000000000000000000000000000000000000000a75736572206572726f72",
        );
        assert_eq!(error, RevertReason::Error("user error".into()));
        assert_eq!(error.to_string(), "execution reverted: user error");
        let panic = decode("0x4e487b710000000000000000000000000000000000000000000000000000000000000001");
        assert_eq!(panic, RevertReason::Panic(U256::from(1)));
        assert_eq!(panic.to_json()["meaning"], "assertion failed");
        assert_eq!(panic.to_json()["text"], "execution reverted: panic 0x1 (assertion failed)");
    }

    #[test]
    fn anything_else_keeps_its_bytes() {
        assert_eq!(decode("0x"), RevertReason::Empty);
        assert_eq!(decode("0x08c379"), RevertReason::Raw(Bytes::from_static(&[0x08, 0xc3, 0x79])));
        let custom = decode("0xdeadbeef01");
        assert_eq!(
            custom.to_json(),
            json!({ "kind": "custom", "selector": "0xdeadbeef", "data": "0x01",
                "text": "execution reverted: custom error 0xdeadbeef" })
        );
        let word = |number: U256| hex::encode(number.to_be_bytes::<32>());
        for malformed in [
            String::new(),
            word(U256::from(0x20)),
            word(U256::MAX),
            word(U256::from(u64::MAX)),
            format!("{}{}", word(U256::from(0x20)), word(U256::MAX)),
            format!("{}{}", word(U256::from(0x20)), word(U256::from(1))),
            format!("{}{}00", word(U256::from(usize::MAX - 31)), word(U256::from(1))),
        ] {
            let reason = decode(&format!("0x08c379a0{malformed}"));
            assert!(matches!(reason, RevertReason::Custom { .. }), "{malformed}: {reason:?}");
        }
        assert!(matches!(decode("0x4e487b7101"), RevertReason::Custom { .. }));
        let unknown = decode(&format!("0x4e487b71{}", word(U256::MAX)));
        assert_eq!(unknown.to_json()["meaning"], "unknown panic code");
    }

    proptest! {
        #[test]
        fn garbage_is_no_panic(
            selector in prop_oneof![Just(ERROR), Just(PANIC), any::<[u8; 4]>()],
            words in prop::collection::vec(prop_oneof![(0_u64..200).prop_map(U256::from), any::<[u8; 32]>().prop_map(U256::from_be_bytes)], 0..6),
            cut in 0_usize..32,
        ) {
            let mut data = selector.to_vec();
            for word in &words {
                data.extend(word.to_be_bytes::<32>());
            }
            data.truncate(data.len().saturating_sub(cut));
            let _ = RevertReason::decode(&data.into()).to_json();
        }
    }
}
