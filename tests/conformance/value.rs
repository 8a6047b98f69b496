//! Values of the fixtures' JSON.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::Value;

pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Result<&'a Value, String> {
    value.get(name).ok_or_else(|| format!("no {name}"))
}

pub(crate) fn list(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| format!("not a list: {value}"))
}

pub(crate) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("not a string: {value}"))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(value: &Value) -> Result<T, String> {
    text(value)?.parse().map_err(|error| format!("{value}: {error}"))
}

pub(crate) fn number(value: &Value) -> Result<U256, String> {
    parsed(value)
}

pub(crate) fn integer(value: &Value) -> Result<u64, String> {
    number(value)?.try_into().map_err(|error| format!("{value}: {error}"))
}

pub(crate) fn address(value: &Value) -> Result<Address, String> {
    parsed(value)
}

pub(crate) fn hash(value: &Value) -> Result<B256, String> {
    parsed(value)
}

pub(crate) fn bytes(value: &Value) -> Result<Bytes, String> {
    parsed(value)
}
