//! JSON objects of other tools, read field by field. Errors name the field and the object it belongs to.

use crate::error::{Error, Result};
use crate::text::{parse_address, parse_bytes, parse_hash, parse_quantity, parse_u64, parse_word};
use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The JSON text as a value.
pub(crate) fn parse(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::InvalidInput(format!("{what} is not JSON: {error}")))
}

/// The number as text, for one reader of numbers: JSON has them both ways.
pub(crate) fn scalar<'a>(what: &str, value: &'a Value) -> Result<Cow<'a, str>> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Number(number) if number.is_u64() => Ok(Cow::Owned(number.to_string())),
        other => Err(Error::InvalidInput(format!("{what} is neither a string nor a natural number: {}", shown(other)))),
    }
}

pub(crate) fn string<'a>(what: &str, value: &'a Value) -> Result<&'a str> {
    value.as_str().ok_or_else(|| Error::InvalidInput(format!("{what} is not a string: {}", shown(value))))
}

pub(crate) fn object<'a>(what: &str, value: &'a Value) -> Result<&'a Map<String, Value>> {
    value.as_object().ok_or_else(|| Error::InvalidInput(format!("{what} is not a JSON object")))
}

pub(crate) fn array<'a>(what: &str, value: &'a Value) -> Result<&'a [Value]> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| Error::InvalidInput(format!("{what} is not a JSON array")))
}

/// An access list (EIP-2930): addresses with their slots. `what` is how errors call the list.
pub(crate) fn access_list(what: &str, entries: &[Value]) -> Result<Vec<(Address, Vec<U256>)>> {
    let entry = |(index, entry): (usize, &Value)| {
        let entry = Fields::new(format!("entry {index} of {what}"), entry)?;
        entry.only(|name| matches!(name, "address" | "storageKeys"))?;
        let what = entry.what("storageKeys");
        let key = |key: &Value| parse_word(&what, string(&what, key)?.as_bytes());
        let keys = entry.array("storageKeys")?.unwrap_or_default().iter().map(key).collect::<Result<_>>()?;
        Ok((entry.required("address", Fields::address)?, keys))
    };
    entries.iter().enumerate().map(entry).collect()
}

/// The kind of a value that may be of any size.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
        Value::String(_) => "a string".into(),
        small => small.to_string(),
    }
}

/// The fields of one object. A field that is `null` counts as not given.
pub(crate) struct Fields<'a> {
    owner: Cow<'a, str>,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `owner` is how errors call the object.
    pub(crate) fn new(owner: impl Into<Cow<'a, str>>, value: &'a Value) -> Result<Self> {
        let owner = owner.into();
        let map = object(&owner, value)?;
        Ok(Self { owner, map })
    }

    /// Refuses the first field that `known` does not accept.
    pub(crate) fn only(&self, known: impl Fn(&str) -> bool) -> Result<()> {
        match self.map.keys().find(|name| !known(name)) {
            Some(name) => Err(Error::InvalidInput(format!("{} has an unknown field {name:?}", self.owner))),
            None => Ok(()),
        }
    }

    pub(crate) fn given(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// How errors call the field.
    pub(crate) fn what(&self, name: &str) -> String {
        format!("{name} of {}", self.owner)
    }

    pub(crate) fn invalid(&self, name: &str, flaw: &str) -> Error {
        Error::InvalidInput(format!("{} {flaw}", self.what(name)))
    }

    /// What `read` makes of the field; an error where it is not given.
    pub(crate) fn required<T>(&self, name: &str, read: impl Fn(&Self, &str) -> Result<Option<T>>) -> Result<T> {
        read(self, name)?.ok_or_else(|| self.invalid(name, "is missing"))
    }

    fn number<T>(&self, name: &str, parse: impl Fn(&str, &[u8]) -> Result<T>) -> Result<Option<T>> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let what = self.what(name);
        parse(&what, scalar(&what, value)?.as_bytes()).map(Some)
    }

    pub(crate) fn quantity(&self, name: &str) -> Result<Option<U256>> {
        self.number(name, parse_quantity)
    }

    pub(crate) fn u64(&self, name: &str) -> Result<Option<u64>> {
        self.number(name, parse_u64)
    }

    pub(crate) fn u128(&self, name: &str) -> Result<Option<u128>> {
        let Some(value) = self.quantity(name)? else { return Ok(None) };
        u128::try_from(value).map(Some).map_err(|_| self.invalid(name, "does not fit in 128 bits"))
    }

    fn text<T>(&self, name: &str, parse: impl Fn(&str, &[u8]) -> Result<T>) -> Result<Option<T>> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let what = self.what(name);
        parse(&what, string(&what, value)?.as_bytes()).map(Some)
    }

    pub(crate) fn address(&self, name: &str) -> Result<Option<Address>> {
        self.text(name, parse_address)
    }

    pub(crate) fn hash(&self, name: &str) -> Result<Option<B256>> {
        self.text(name, parse_hash)
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Option<Bytes>> {
        self.text(name, parse_bytes)
    }

    pub(crate) fn array(&self, name: &str) -> Result<Option<&'a [Value]>> {
        self.given(name).map(|value| array(&self.what(name), value)).transpose()
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>> {
        self.given(name).map(|value| object(&self.what(name), value)).transpose()
    }

    /// The value of the two names of one field; an error where both are given and differ.
    pub(crate) fn either<T: PartialEq>(
        &self,
        names: [&str; 2],
        read: impl Fn(&Self, &str) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        match (read(self, names[0])?, read(self, names[1])?) {
            (Some(first), Some(second)) if first != second => {
                Err(self.invalid(&names.join(" and "), "are both given and differ"))
            }
            (first, second) => Ok(first.or(second)),
        }
    }
}
