//! Strict reading of what nodes answer: whatever is not exactly what was asked for is an error, never a default.

use super::block::BlockTag;
use super::call::Call;
use crate::state::{ForesightMethod, Request, SourceAccount};
use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, b256, keccak256};
use serde_json::{Map, Value};

/// The root of an empty storage.
const EMPTY_ROOT: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// A decoded answer; one variant for each kind of call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    ChainId(u64),
    Block {
        number: u64,
        hash: B256,
    },
    Head(u64),
    /// The hash of the block that has the number now, if one has.
    Looked(Option<B256>),
    BlockHash(B256),
    Proof {
        account: Option<SourceAccount>,
        slots: Vec<(U256, U256)>,
    },
    Balance(U256),
    Nonce(u64),
    Code {
        hash: B256,
        code: Bytes,
    },
    Slot(U256),
    Slots(Vec<(Address, U256, U256)>),
    Foreseen(Vec<Request>),
}

/// Why a `result` is no answer; the texts tell what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It does not have the form of an answer to this call.
    Shape(String),
    /// It has the form, and says that the node cannot know: no such block, no proof, a code that is not its account's.
    Unknown(String),
    /// It says that the node does not know the block.
    NoBlock(String),
}

impl From<String> for Wrong {
    fn from(text: String) -> Self {
        Self::Shape(text)
    }
}

impl Wrong {
    pub(super) fn into_text(self) -> String {
        let (Self::Shape(text) | Self::Unknown(text) | Self::NoBlock(text)) = self;
        text
    }
}

/// Decodes the `result` of `call`.
pub(super) fn decode(call: &Call, tag: &BlockTag, value: &Value) -> Result<Answer, Wrong> {
    match call {
        Call::ChainId => Ok(Answer::ChainId(number(value).map_err(|e| format!("chain id {e}"))?)),
        Call::Block => match (block(value)?, tag) {
            (None, _) => Err(Wrong::NoBlock(format!("block {tag} does not exist there"))),
            (Some((number, _)), BlockTag::Number(asked)) if *asked != number => {
                Err(Wrong::Shape(format!("the answer is for block {number}")))
            }
            (Some((_, hash)), BlockTag::Hash(asked)) if *asked != hash => {
                Err(Wrong::Shape(format!("the answer is for block {hash}")))
            }
            (Some((number, hash)), _) => Ok(Answer::Block { number, hash }),
        },
        Call::BlockHash(asked) => match block(value)? {
            None => Err(Wrong::NoBlock(format!("block {asked} does not exist there"))),
            Some((number, _)) if number != *asked => Err(Wrong::Shape(format!("the answer is for block {number}"))),
            Some((_, hash)) => Ok(Answer::BlockHash(hash)),
        },
        Call::Head => Ok(Answer::Head(number(value).map_err(|e| format!("block number {e}"))?)),
        Call::Look(asked) => match block(value)? {
            None => Ok(Answer::Looked(None)),
            Some((number, _)) if number != *asked => Err(Wrong::Shape(format!("the answer is for block {number}"))),
            Some((_, hash)) => Ok(Answer::Looked(Some(hash))),
        },
        Call::Proof { .. } if value.is_null() => Err(Wrong::Unknown("the node has no proof for this block".into())),
        Call::Proof { address, slots, .. } => Ok(proof(value, *address, slots)?),
        Call::Balance(_) => Ok(Answer::Balance(quantity(value).map_err(|e| format!("balance {e}"))?)),
        Call::Nonce(_) => Ok(Answer::Nonce(number(value).map_err(|e| format!("nonce {e}"))?)),
        Call::AccountCode(_) => code(value, None),
        Call::Code { expected, .. } => code(value, *expected),
        Call::Foresight(question) => Ok(Answer::Foreseen(foreseen(question.method, value)?)),
        Call::Slot(..) => Ok(Answer::Slot(word(value).map_err(|e| format!("storage value {e}"))?)),
        Call::Slots(accounts) => Ok(Answer::Slots(storage_values(value, accounts)?)),
    }
}

/// Accounts, codes and slots of an access list, or of a prestate.
fn foreseen(method: ForesightMethod, value: &Value) -> Result<Vec<Request>, String> {
    let object = value.as_object().ok_or("what will be touched is not an object")?;
    let mut requests = Vec::new();
    let mut add = |address: &Value, slots: &mut dyn Iterator<Item = &str>| -> Result<(), String> {
        let address = fixed::<20>(address).map_err(|e| format!("address {e}"))?.into();
        requests.extend([Request::Account(address), Request::Code(address)]);
        for slot in slots {
            let slot = parse(slot.trim_start_matches("0x")).map_err(|e| format!("slot {e}"))?;
            requests.push(Request::Storage(address, slot));
        }
        Ok(())
    };
    match method {
        ForesightMethod::AccessList => {
            let list = field(object, "accessList")?.as_array().ok_or("accessList is not an array")?;
            for entry in list {
                let entry = entry.as_object().ok_or("accessList has an entry that is not an object")?;
                let keys = field(entry, "storageKeys")?.as_array().map(Vec::as_slice).unwrap_or_default();
                add(field(entry, "address")?, &mut keys.iter().filter_map(Value::as_str))?;
            }
        }
        ForesightMethod::Prestate => {
            for (address, account) in object {
                let slots = account.get("storage").and_then(Value::as_object);
                add(&Value::from(address.as_str()), &mut slots.into_iter().flat_map(Map::keys).map(String::as_str))?;
            }
        }
    }
    Ok(requests)
}

fn proof(value: &Value, address: Address, asked: &[U256]) -> Result<Answer, String> {
    let object = value.as_object().ok_or("proof is not an object")?;
    if let Some(given) = object.get("address").filter(|given| !given.is_null()) {
        let given = fixed::<20>(given).map_err(|e| format!("address {e}"))?;
        if given != address.0.0 {
            return Err(format!("proof is for {}", Address::from(given)));
        }
    }
    let balance = quantity(field(object, "balance")?).map_err(|e| format!("balance {e}"))?;
    let nonce = number(field(object, "nonce")?).map_err(|e| format!("nonce {e}"))?;
    let code_hash = hash(field(object, "codeHash")?).map_err(|e| format!("codeHash {e}"))?;
    let root = match object.get("storageHash") {
        None | Some(Value::Null) => EMPTY_ROOT,
        Some(given) => hash(given).map_err(|e| format!("storageHash {e}"))?,
    };
    // Nodes give zero as the code hash of an absent account, or the hash of nothing.
    let code_hash = if code_hash.is_zero() { KECCAK256_EMPTY } else { code_hash };
    let absent =
        balance.is_zero() && nonce == 0 && code_hash == KECCAK256_EMPTY && (root == EMPTY_ROOT || root.is_zero());
    let slots = storage_proof(object.get("storageProof"), asked)?;
    Ok(Answer::Proof { account: (!absent).then_some(SourceAccount { balance, nonce, code_hash }), slots })
}

fn storage_proof(value: Option<&Value>, asked: &[U256]) -> Result<Vec<(U256, U256)>, String> {
    let entries: &[Value] = match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err("storageProof is not an array".into()),
    };
    let mut values: Vec<(U256, Option<U256>)> = asked.iter().map(|slot| (*slot, None)).collect();
    values.sort_unstable_by_key(|(slot, _)| *slot);
    for entry in entries {
        let object = entry.as_object().ok_or("storageProof has an entry that is not an object")?;
        let key = quantity(field(object, "key")?).map_err(|e| format!("slot {e}"))?;
        let value = word(field(object, "value")?).map_err(|e| format!("value of slot {key:#x} {e}"))?;
        let at = values
            .binary_search_by_key(&key, |(slot, _)| *slot)
            .map_err(|_| format!("slot {key:#x} was not asked for"))?;
        if values[at].1.replace(value).is_some() {
            return Err(format!("slot {key:#x} is answered twice"));
        }
    }
    values.into_iter().map(|(slot, value)| Ok((slot, value.ok_or(format!("slot {slot:#x} is missing"))?))).collect()
}

/// Values in the order of the slots, by address; the addresses may be written in any case and come in any order.
fn storage_values(value: &Value, asked: &[(Address, Vec<U256>)]) -> Result<Vec<(Address, U256, U256)>, String> {
    let object = value.as_object().ok_or("storage values are not an object")?;
    let mut given = HashMap::<Address, &Value>::default();
    for (address, values) in object {
        let address = fixed::<20>(&Value::from(address.as_str())).map_err(|e| format!("address {e}"))?.into();
        if given.insert(address, values).is_some() {
            return Err(format!("{address} is answered twice"));
        }
    }
    let mut all = Vec::new();
    for (address, slots) in asked {
        let values = given.remove(address).ok_or_else(|| format!("{address} is missing"))?;
        let values = values.as_array().ok_or_else(|| format!("the values of {address} are not an array"))?;
        if values.len() != slots.len() {
            return Err(format!("{} values came for {} slots of {address}", values.len(), slots.len()));
        }
        for (slot, value) in slots.iter().zip(values) {
            // Nodes give whole words here: anything shorter is not what the method answers.
            let value = hash(value).map_err(|e| format!("value of slot {slot:#x} {e}"))?;
            all.push((*address, *slot, value.into()));
        }
    }
    match given.keys().next() {
        Some(address) => Err(format!("{address} was not asked for")),
        None => Ok(all),
    }
}

fn code(value: &Value, expected: Option<B256>) -> Result<Answer, Wrong> {
    let code = bytes(value).map_err(|e| format!("code {e}"))?;
    let hash = keccak256(&code);
    match expected {
        Some(expected) if expected != hash => {
            Err(Wrong::Unknown(format!("code has the hash {hash}, its account says {expected}")))
        }
        _ => Ok(Answer::Code { hash, code }),
    }
}

fn block(value: &Value) -> Result<Option<(u64, B256)>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let object = value.as_object().ok_or("block is not an object")?;
    let number = number(field(object, "number")?).map_err(|e| format!("number of the block {e}"))?;
    let hash = hash(field(object, "hash")?).map_err(|e| format!("hash of the block {e}"))?;
    Ok(Some((number, hash)))
}

fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Value, String> {
    object.get(name).ok_or_else(|| format!("{name} is missing"))
}

/// The digits after `0x`.
fn digits(value: &Value) -> Result<&str, String> {
    let text = value.as_str().ok_or("is not a string")?;
    let digits =
        text.strip_prefix("0x").ok_or_else(|| format!("{:?} does not begin with 0x", super::failure::cut(text)))?;
    if digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(digits)
    } else {
        Err(format!("{:?} is not hexadecimal", super::failure::cut(text)))
    }
}

/// A number of 1 to 64 digits. Leading zeros are let through: some nodes pad.
fn quantity(value: &Value) -> Result<U256, String> {
    match digits(value)? {
        "" => Err("has no digits".into()),
        digits => parse(digits),
    }
}

/// A storage value, for which some nodes write `0x`.
fn word(value: &Value) -> Result<U256, String> {
    match digits(value)? {
        "" => Ok(U256::ZERO),
        digits => parse(digits),
    }
}

fn parse(digits: &str) -> Result<U256, String> {
    if digits.len() > 64 {
        return Err(format!("has {} digits, 64 at most are a number", digits.len()));
    }
    U256::from_str_radix(digits, 16).map_err(|_| format!("0x{digits} is not a number"))
}

fn number(value: &Value) -> Result<u64, String> {
    let wide = quantity(value)?;
    u64::try_from(wide).map_err(|_| format!("{wide:#x} does not fit into 64 bits"))
}

fn hash(value: &Value) -> Result<B256, String> {
    fixed::<32>(value).map(B256::from)
}

fn fixed<const N: usize>(value: &Value) -> Result<[u8; N], String> {
    let digits = digits(value)?;
    let mut out = [0; N];
    alloy_primitives::hex::decode_to_slice(digits, &mut out)
        .map_err(|_| format!("has {} digits, not {}", digits.len(), 2 * N))?;
    Ok(out)
}

fn bytes(value: &Value) -> Result<Bytes, String> {
    let digits = digits(value)?;
    alloy_primitives::hex::decode(digits).map(Bytes::from).map_err(|_| "has an odd number of digits".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ADDRESS: Address = Address::repeat_byte(0xaa);
    const ABSENT: &str = "0xcccccccccccccccccccccccccccccccccccccccc";

    fn answer(slots: &[u64], change: impl FnOnce(&mut Map<String, Value>)) -> Result<Answer, Wrong> {
        let mut value = json!({
            "address": ADDRESS.to_string(),
            "balance": "0x5", "nonce": "0x1", "codeHash": KECCAK256_EMPTY.to_string(),
            "storageHash": EMPTY_ROOT.to_string(), "accountProof": [],
            "storageProof": slots.iter().map(|s| json!({"key": format!("{s:#x}"), "value": "0x7", "proof": []})).collect::<Vec<_>>(),
        });
        change(value.as_object_mut().unwrap());
        let asked = slots.iter().map(|s| U256::from(*s)).collect();
        decode(&Call::Proof { address: ADDRESS, slots: asked, account: true }, &BlockTag::Latest, &value)
    }

    #[test]
    fn proofs_are_read() {
        let account = Some(SourceAccount { balance: U256::from(5), nonce: 1, code_hash: KECCAK256_EMPTY });
        let slots = vec![(U256::from(1), U256::from(7)), (U256::from(3), U256::from(7))];
        assert_eq!(answer(&[3, 1], |_| {}), Ok(Answer::Proof { account, slots: slots.clone() }));
        let long = answer(&[3, 1], |o| {
            o["storageProof"][0]["key"] = json!(B256::from(U256::from(3)).to_string());
        });
        assert_eq!(long, Ok(Answer::Proof { account, slots }));
    }

    #[test]
    fn absent_accounts_have_several_shapes() {
        for (code_hash, root) in [
            (KECCAK256_EMPTY, Some(EMPTY_ROOT)),
            (B256::ZERO, Some(B256::ZERO)),
            (B256::ZERO, Some(EMPTY_ROOT)),
            (KECCAK256_EMPTY, None),
        ] {
            let answer = answer(&[], |o| {
                o["balance"] = json!("0x0");
                o["nonce"] = json!("0x0");
                o["codeHash"] = json!(code_hash.to_string());
                o["storageHash"] = root.map_or(Value::Null, |root| json!(root.to_string()));
            });
            assert_eq!(answer, Ok(Answer::Proof { account: None, slots: vec![] }));
        }
        let only_storage = answer(&[], |o| {
            o["balance"] = json!("0x0");
            o["nonce"] = json!("0x0");
            o["storageHash"] = json!(B256::repeat_byte(1).to_string());
        });
        assert!(matches!(only_storage, Ok(Answer::Proof { account: Some(_), .. })));
    }

    #[test]
    fn proofs_for_something_else_are_refused() {
        type Change = fn(&mut Map<String, Value>);
        let wrong: [(&str, Change); 14] = [
            ("proof is for", |o| o["address"] = json!(Address::repeat_byte(1).to_string())),
            ("codeHash is missing", |o| {
                o.remove("codeHash");
            }),
            ("codeHash is not a string", |o| o["codeHash"] = Value::Null),
            ("codeHash has 2 digits", |o| o["codeHash"] = json!("0x00")),
            ("balance is not a string", |o| o["balance"] = json!(5)),
            ("balance has no digits", |o| o["balance"] = json!("0x")),
            ("balance \"5\" does not begin with 0x", |o| o["balance"] = json!("5")),
            ("nonce 0x10000000000000000 does not fit", |o| o["nonce"] = json!("0x10000000000000000")),
            ("storageProof is not an array", |o| o["storageProof"] = json!({})),
            ("slot 0x1 is missing", |o| o["storageProof"] = json!([])),
            ("slot 0x1 is missing", |o| {
                o.remove("storageProof");
            }),
            ("slot 0x9 was not asked for", |o| o["storageProof"][0]["key"] = json!("0x9")),
            ("slot 0x3 is answered twice", |o| o["storageProof"][0]["key"] = json!("0x3")),
            ("value of slot 0x1 \"0xzz\" is not hexadecimal", |o| o["storageProof"][0]["value"] = json!("0xzz")),
        ];
        for (text, change) in wrong {
            let error = answer(&[1, 3], change).unwrap_err();
            let error = error.into_text();
            assert!(error.contains(text), "{error:?} does not contain {text:?}");
        }
        assert!(proof(&Value::Null, ADDRESS, &[]).is_err());
    }

    #[test]
    fn blocks_must_exist_and_match() {
        let hash = B256::repeat_byte(7);
        let block = json!({"number": "0x5", "hash": hash.to_string()});
        let ask = |tag: BlockTag, value: &Value| decode(&Call::Block, &tag, value);
        assert_eq!(ask(BlockTag::Number(5), &block), Ok(Answer::Block { number: 5, hash }));
        assert_eq!(ask(BlockTag::Number(6), &block).unwrap_err().into_text(), "the answer is for block 5");
        assert!(ask(BlockTag::Hash(B256::ZERO), &block).is_err());
        assert_eq!(ask(BlockTag::Safe, &Value::Null), Err(Wrong::NoBlock("block safe does not exist there".into())));
        let pending = json!({"number": null, "hash": null});
        assert!(ask(BlockTag::Latest, &pending).is_err());
        assert!(decode(&Call::BlockHash(6), &BlockTag::Latest, &block).is_err());
        assert!(decode(&Call::BlockHash(5), &BlockTag::Latest, &Value::Null).is_err());
    }

    #[test]
    fn code_must_have_its_hash() {
        let call = |expected| Call::Code { address: ADDRESS, expected };
        let value = json!("0x6001");
        let hash = keccak256([0x60, 1]);
        assert!(decode(&call(Some(hash)), &BlockTag::Latest, &value).is_ok());
        assert!(decode(&call(None), &BlockTag::Latest, &value).is_ok());
        assert!(decode(&call(Some(KECCAK256_EMPTY)), &BlockTag::Latest, &value).is_err());
        assert!(decode(&call(None), &BlockTag::Latest, &json!("0x600")).is_err());
    }

    #[test]
    fn storage_values_are_what_was_asked_for() {
        let other = Address::repeat_byte(0xbb);
        let call = Call::Slots(vec![(ADDRESS, vec![U256::from(1), U256::from(2)]), (other, vec![U256::from(3)])]);
        let word = |n: u64| B256::from(U256::from(n)).to_string();
        let read = |value: Value| decode(&call, &BlockTag::Latest, &value);
        let right = json!({other.to_string(): [word(30)], ADDRESS.to_string(): [word(10), word(20)]});
        let values = [(ADDRESS, 1, 10), (ADDRESS, 2, 20), (other, 3, 30)];
        let values = values.map(|(address, slot, value)| (address, U256::from(slot), U256::from(value)));
        assert_eq!(read(right), Ok(Answer::Slots(values.to_vec())));
        let (a, b) = (format!("{ADDRESS:#x}"), format!("{other:#x}"));
        let upper = format!("0x{}", "AA".repeat(20));
        for (text, value) in [
            ("not an object", json!([])),
            ("is missing", json!({&a: [word(1), word(2)]})),
            ("1 values came for 2 slots", json!({&a: [word(1)], &b: [word(3)]})),
            ("3 values came for 2 slots", json!({&a: [word(1), word(2), word(3)], &b: [word(3)]})),
            ("not an array", json!({&a: word(1), &b: [word(3)]})),
            ("has 1 digits", json!({&a: [word(1), "0x2"], &b: [word(3)]})),
            ("was not asked for", json!({&a: [word(1), word(2)], &b: [word(3)], ABSENT: []})),
            ("is answered twice", json!({&a: [word(1), word(2)], upper: [], &b: [word(3)]})),
            ("address has 2 digits", json!({&a: [word(1), word(2)], "0xbb": [word(3)]})),
        ] {
            let error = read(value).unwrap_err().into_text();
            assert!(error.contains(text), "{error:?} does not contain {text:?}");
        }
    }

    #[test]
    fn short_words_are_storage_values_only() {
        let slot = Call::Slot(ADDRESS, U256::ZERO);
        assert_eq!(decode(&slot, &BlockTag::Latest, &json!("0x")), Ok(Answer::Slot(U256::ZERO)));
        assert_eq!(decode(&slot, &BlockTag::Latest, &json!("0x2a")), Ok(Answer::Slot(U256::from(42))));
        assert!(decode(&slot, &BlockTag::Latest, &json!(format!("0x{}", "0".repeat(65)))).is_err());
        assert!(decode(&Call::Balance(ADDRESS), &BlockTag::Latest, &json!("0x")).is_err());
    }
}
