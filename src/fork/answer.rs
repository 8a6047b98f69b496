//! Strict reading of what nodes answer: whatever is not exactly what was asked for is an error, never a default.

use super::block::BlockTag;
use super::call::Call;
use super::options::Verify;
use crate::proof::{AccountProof, CheckedNodes, Header};
use crate::rpc::{bytes, field, fixed, hash, number, parse, quantity, word};
use crate::state::{ForesightMethod, Request, SourceAccount};
use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use serde_json::{Map, Value};

/// What an answer is checked against.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trust {
    pub(super) verify: Verify,
    /// State root of the pinned block, once that is known.
    pub(super) state_root: Option<B256>,
    /// The hash that the block or the code which is asked for must have, where that is known.
    pub(super) hash: Option<B256>,
}

impl Trust {
    pub(super) fn checks(&self) -> bool {
        self.verify != Verify::Off
    }
}

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockSeen {
    pub(super) number: u64,
    pub(super) hash: B256,
    /// `None` where the node leaves it out, and answers are not checked.
    pub(super) state_root: Option<B256>,
    /// Known where answers are checked.
    pub(super) parent_hash: Option<B256>,
}

/// A decoded answer; one variant for each kind of call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    ChainId(u64),
    Block(BlockSeen),
    Genesis(B256),
    Head(u64),
    /// The hash of the block that has the number now, if one has.
    Looked(Option<B256>),
    BlockHash(B256),
    /// A header below the pinned block, where answers are checked.
    Header(Header),
    /// `nodes` is empty where answers are not checked.
    Proof {
        account: Option<SourceAccount>,
        slots: Vec<(U256, U256)>,
        nodes: CheckedNodes,
    },
    Paths(CheckedNodes),
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
    /// It does not match what is trusted.
    Invalid(String),
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
        let (Self::Shape(text) | Self::Unknown(text) | Self::Invalid(text) | Self::NoBlock(text)) = self;
        text
    }
}

/// Decodes the `result` of `call`, and checks it against what is trusted.
pub(super) fn decode(call: &Call, tag: &BlockTag, trust: &Trust, value: &Value) -> Result<Answer, Wrong> {
    match call {
        Call::ChainId => Ok(Answer::ChainId(number(value).map_err(|e| format!("chain id {e}"))?)),
        Call::Block => match (block(value)?, tag) {
            (None, _) => Err(Wrong::NoBlock(format!("block {tag} does not exist there"))),
            (Some(seen), BlockTag::Number(asked)) if *asked != seen.number => {
                Err(Wrong::Shape(format!("the answer is for block {}", seen.number)))
            }
            (Some(seen), BlockTag::Hash(asked)) if *asked != seen.hash => {
                Err(Wrong::Shape(format!("the answer is for block {}", seen.hash)))
            }
            (Some(seen), _) => Ok(Answer::Block(if trust.checks() { check_block(trust, value)? } else { seen })),
        },
        Call::Genesis => match block(value)? {
            Some(seen) if seen.number == 0 => Ok(Answer::Genesis(seen.hash)),
            _ => Err(Wrong::Unknown("the node does not tell its first block".into())),
        },
        Call::BlockHash(asked) => match block(value)? {
            None => Err(Wrong::NoBlock(format!("block {asked} does not exist there"))),
            Some(seen) if seen.number != *asked => {
                Err(Wrong::Shape(format!("the answer is for block {}", seen.number)))
            }
            Some(_) if trust.checks() => Ok(Answer::Header(check_header(trust, value)?)),
            Some(seen) => Ok(Answer::BlockHash(seen.hash)),
        },
        Call::Proof { .. } | Call::Paths { .. } if value.is_null() => {
            Err(Wrong::Unknown("the node has no proof for this block".into()))
        }
        Call::Proof { address, slots, .. } if trust.checks() => {
            let (proof, exists, nodes) = check_proof(trust, value, *address, slots)?;
            let account = exists.then(|| account_of(&proof));
            Ok(Answer::Proof { account, slots: values_of(&proof), nodes })
        }
        Call::Proof { address, slots, .. } => {
            let proof = AccountProof::read_values(value)?;
            proof.is_for(*address, slots)?;
            let account = (!proof.looks_absent()).then(|| account_of(&proof));
            Ok(Answer::Proof { account, slots: values_of(&proof), nodes: CheckedNodes::default() })
        }
        Call::Paths { address, slots } => Ok(Answer::Paths(check_proof(trust, value, *address, slots)?.2)),
        Call::Head => Ok(Answer::Head(number(value).map_err(|e| format!("block number {e}"))?)),
        Call::Look(asked) => match block(value)? {
            None => Ok(Answer::Looked(None)),
            Some(seen) if seen.number != *asked => {
                Err(Wrong::Shape(format!("the answer is for block {}", seen.number)))
            }
            Some(seen) => Ok(Answer::Looked(Some(seen.hash))),
        },
        Call::Balance(_) => Ok(Answer::Balance(quantity(value).map_err(|e| format!("balance {e}"))?)),
        Call::Nonce(_) => Ok(Answer::Nonce(number(value).map_err(|e| format!("nonce {e}"))?)),
        Call::AccountCode(_) => code(value, None, trust),
        Call::Code { expected, .. } => code(value, expected.or(trust.hash), trust),
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

fn account_of(proof: &AccountProof) -> SourceAccount {
    let account = &proof.account;
    SourceAccount { balance: account.balance, nonce: account.nonce, code_hash: account.code_hash }
}

fn values_of(proof: &AccountProof) -> Vec<(U256, U256)> {
    proof.slots.iter().map(|slot| (slot.slot, slot.value)).collect()
}

/// Reads and checks a proof; tells whether the account exists.
fn check_proof(
    trust: &Trust,
    value: &Value,
    address: Address,
    slots: &[U256],
) -> Result<(AccountProof, bool, CheckedNodes), Wrong> {
    let root = trust.state_root.ok_or_else(|| Wrong::Invalid("the state root of the block is not known".into()))?;
    let proof = AccountProof::read(value)?;
    let proven = proof.is_for(address, slots).and_then(|()| proof.verify(address, root)).map_err(Wrong::Invalid)?;
    Ok((proof, proven.exists, proven.nodes))
}

/// Reads a header and computes its hash, which must be the trusted one where there is one.
fn check_header(trust: &Trust, value: &Value) -> Result<Header, Wrong> {
    let header = Header::read(value).map_err(Wrong::Invalid)?;
    match trust.hash {
        Some(trusted) if trusted != header.hash => {
            Err(Wrong::Invalid(format!("header has the hash {}, trusted is {trusted}", header.hash)))
        }
        _ => Ok(header),
    }
}

fn check_block(trust: &Trust, value: &Value) -> Result<BlockSeen, Wrong> {
    let Header { number, hash, parent_hash, state_root } = check_header(trust, value)?;
    match trust.verify {
        Verify::StateRoot(trusted) if trusted != state_root => Err(Wrong::Invalid(format!(
            "block {number}, {hash}, has the state root {state_root}, trusted is {trusted}"
        ))),
        _ => Ok(BlockSeen { number, hash, state_root: Some(state_root), parent_hash: Some(parent_hash) }),
    }
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

fn code(value: &Value, expected: Option<B256>, trust: &Trust) -> Result<Answer, Wrong> {
    let code = bytes(value).map_err(|e| format!("code {e}"))?;
    let hash = keccak256(&code);
    match expected {
        Some(expected) if expected != hash => {
            let text = format!("code has the hash {hash}, its account says {expected}");
            Err(if trust.checks() { Wrong::Invalid(text) } else { Wrong::Unknown(text) })
        }
        _ => Ok(Answer::Code { hash, code }),
    }
}

fn block(value: &Value) -> Result<Option<BlockSeen>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let object = value.as_object().ok_or("block is not an object")?;
    let number = number(field(object, "number")?).map_err(|e| format!("number of the block {e}"))?;
    let own_hash = hash(field(object, "hash")?).map_err(|e| format!("hash of the block {e}"))?;
    let state_root = object.get("stateRoot").and_then(|root| hash(root).ok());
    Ok(Some(BlockSeen { number, hash: own_hash, state_root, parent_hash: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::KECCAK256_EMPTY;
    use alloy_trie::EMPTY_ROOT_HASH as EMPTY_ROOT;
    use serde_json::json;

    const ADDRESS: Address = Address::repeat_byte(0xaa);
    const ABSENT: &str = "0xcccccccccccccccccccccccccccccccccccccccc";

    fn decode(call: &Call, tag: &BlockTag, value: &Value) -> Result<Answer, Wrong> {
        super::decode(call, tag, &Trust::default(), value)
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands beside what decoding returns")]
    fn read(account: Option<SourceAccount>, slots: Vec<(U256, U256)>) -> Result<Answer, Wrong> {
        Ok(Answer::Proof { account, slots, nodes: CheckedNodes::default() })
    }

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
        assert_eq!(answer(&[3, 1], |_| {}), read(account, slots.clone()));
        let long = answer(&[3, 1], |o| {
            o["storageProof"][0]["key"] = json!(B256::from(U256::from(3)).to_string());
        });
        assert_eq!(long, read(account, slots));
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
            assert_eq!(answer, read(None, vec![]));
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
        let call = Call::Proof { address: ADDRESS, slots: vec![], account: true };
        assert!(matches!(decode(&call, &BlockTag::Latest, &Value::Null), Err(Wrong::Unknown(_))));
    }

    #[test]
    fn blocks_must_exist_and_match() {
        let hash = B256::repeat_byte(7);
        let block = json!({"number": "0x5", "hash": hash.to_string()});
        let ask = |tag: BlockTag, value: &Value| decode(&Call::Block, &tag, value);
        assert_eq!(
            ask(BlockTag::Number(5), &block),
            Ok(Answer::Block(BlockSeen { number: 5, hash, state_root: None, parent_hash: None }))
        );
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
