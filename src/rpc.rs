//! Fields of JSON-RPC answers, read strictly: whatever is not exactly what it should be is an error, never a default.
//! The texts continue the name of the field.
#![forbid(unsafe_code)]

use alloy_primitives::{B256, Bytes, U256};
use serde_json::{Map, Value};

/// Longest piece of a node's own text that an error text quotes, in bytes.
const QUOTED: usize = 300;

/// Whether an object is a whole JSON-RPC response, and not a result: those that a fork asks for have no such fields.
pub(crate) fn is_response(object: &Map<String, Value>) -> bool {
    ["jsonrpc", "result", "error"].iter().any(|key| object.contains_key(*key))
}

pub(crate) fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Value, String> {
    object.get(name).ok_or_else(|| format!("{name} is missing"))
}

/// The digits after `0x`.
fn digits(value: &Value) -> Result<&str, String> {
    let text = value.as_str().ok_or("is not a string")?;
    let digits = text.strip_prefix("0x").ok_or_else(|| format!("{:?} does not begin with 0x", cut(text)))?;
    if digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(digits)
    } else {
        Err(format!("{:?} is not hexadecimal", cut(text)))
    }
}

/// A number of 1 to 64 digits. Leading zeros are let through: some nodes pad.
pub(crate) fn quantity(value: &Value) -> Result<U256, String> {
    match digits(value)? {
        "" => Err("has no digits".into()),
        digits => parse(digits),
    }
}

/// A storage value, for which some nodes write `0x`.
pub(crate) fn word(value: &Value) -> Result<U256, String> {
    match digits(value)? {
        "" => Ok(U256::ZERO),
        digits => parse(digits),
    }
}

pub(crate) fn parse(digits: &str) -> Result<U256, String> {
    if digits.len() > 64 {
        return Err(format!("has {} digits, 64 at most are a number", digits.len()));
    }
    U256::from_str_radix(digits, 16).map_err(|_| format!("0x{digits} is not a number"))
}

pub(crate) fn number(value: &Value) -> Result<u64, String> {
    let wide = quantity(value)?;
    u64::try_from(wide).map_err(|_| format!("{wide:#x} does not fit into 64 bits"))
}

pub(crate) fn hash(value: &Value) -> Result<B256, String> {
    fixed::<32>(value).map(B256::from)
}

pub(crate) fn fixed<const N: usize>(value: &Value) -> Result<[u8; N], String> {
    let digits = digits(value)?;
    let mut out = [0; N];
    alloy_primitives::hex::decode_to_slice(digits, &mut out)
        .map_err(|_| format!("has {} digits, not {}", digits.len(), 2 * N))?;
    Ok(out)
}

pub(crate) fn bytes(value: &Value) -> Result<Bytes, String> {
    let digits = digits(value)?;
    alloy_primitives::hex::decode(digits).map(Bytes::from).map_err(|_| "has an odd number of digits".into())
}

/// `text` in one line, cut to what an error text can quote.
pub(crate) fn cut(text: &str) -> String {
    let mut line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() > QUOTED {
        let end = (0..=QUOTED).rev().find(|&i| line.is_char_boundary(i)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_a_character() {
        let long = cut(&"é".repeat(1000));
        assert!(long.len() <= QUOTED + 3 && long.ends_with('…'));
        assert_eq!(cut("a\nb\u{1b}[0m"), "a b [0m");
    }
}
