//! Arguments of steps, in the notation of `bindings/conformance/README.md`.
//!
//! What the data gets wrong here is a mistake in the data, and panics; what the library shall refuse is passed on.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::Value;
use std::ffi::CString;
use std::str::FromStr;

/// A field that has to be there.
pub(crate) fn field<'a>(object: &'a Value, key: &str) -> &'a Value {
    object.get(key).unwrap_or_else(|| panic!("no \"{key}\" in {object}"))
}

pub(crate) fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    field(object, key).as_array().unwrap_or_else(|| panic!("\"{key}\" is no array"))
}

pub(crate) fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

pub(crate) fn text(object: &Value, key: &str) -> CString {
    c_text(str_of(field(object, key)))
}

pub(crate) fn c_text(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).expect("no NUL in a text")
}

/// Hexadecimal with prefix and lower-case digits only, as all values are written.
fn parsed<T: FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    let text = str_of(value);
    assert!(text.starts_with("0x") && text.to_lowercase() == text, "{text} is not in lower-case 0x hex");
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

pub(crate) fn address(value: &Value) -> Address {
    parsed(value)
}

pub(crate) fn word(value: &Value) -> B256 {
    parsed(value)
}

pub(crate) fn bytes(value: &Value) -> Bytes {
    parsed(value)
}

pub(crate) fn quantity(value: &Value) -> U256 {
    parsed(value)
}

pub(crate) fn quantity64(value: &Value) -> u64 {
    quantity(value).try_into().expect("at most 64 bits")
}

/// A block's number.
pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A quantity as it is written: `0x` and no leading zeros.
pub(crate) fn of_quantity(value: impl std::fmt::LowerHex) -> Value {
    format!("{value:#x}").into()
}
