//! Block headers.

use crate::rpc::{bytes, field, fixed, hash, number, quantity};
use alloy_primitives::{B256, keccak256};
use alloy_rlp::Encodable;
use serde_json::Value;

/// What is needed of a header whose hash follows from its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) hash: B256,
    pub(crate) number: u64,
    pub(crate) parent_hash: B256,
    pub(crate) state_root: B256,
}

/// The fields of a header in the order in which they are hashed. Those from `baseFeePerGas` on came one fork after
/// the other: a header ends before the first that it has not.
const FIELDS: [(&str, Kind); 21] = [
    ("parentHash", Kind::Hash),
    ("sha3Uncles", Kind::Hash),
    ("miner", Kind::Address),
    ("stateRoot", Kind::Hash),
    ("transactionsRoot", Kind::Hash),
    ("receiptsRoot", Kind::Hash),
    ("logsBloom", Kind::Bloom),
    ("difficulty", Kind::Quantity),
    ("number", Kind::Quantity),
    ("gasLimit", Kind::Quantity),
    ("gasUsed", Kind::Quantity),
    ("timestamp", Kind::Quantity),
    ("extraData", Kind::Bytes),
    ("mixHash", Kind::Hash),
    ("nonce", Kind::Nonce),
    ("baseFeePerGas", Kind::Quantity),
    ("withdrawalsRoot", Kind::Hash),
    ("blobGasUsed", Kind::Quantity),
    ("excessBlobGas", Kind::Quantity),
    ("parentBeaconBlockRoot", Kind::Hash),
    ("requestsHash", Kind::Hash),
];

/// How many of [`FIELDS`] every header has.
const REQUIRED: usize = 15;

#[derive(Clone, Copy)]
enum Kind {
    Hash,
    Address,
    Bloom,
    Nonce,
    Quantity,
    Bytes,
}

impl Kind {
    /// Appends the RLP of a field.
    fn encode(self, value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Hash => fixed::<32>(value)?.encode(out),
            Self::Address => fixed::<20>(value)?.encode(out),
            Self::Bloom => fixed::<256>(value)?.encode(out),
            Self::Nonce => fixed::<8>(value)?.encode(out),
            Self::Quantity => quantity(value)?.encode(out),
            Self::Bytes => bytes(value)?.encode(out),
        }
        Ok(())
    }
}

impl Header {
    /// Reads a header, or the header of a block, and computes its hash. The error names the field that is missing or
    /// cannot be read, or says that the `hash` that is given is not the one that follows.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("header is not an object")?;
        let mut payload = Vec::with_capacity(700);
        for (at, (name, kind)) in FIELDS.iter().enumerate() {
            let value = match object.get(*name) {
                None | Some(Value::Null) if at >= REQUIRED => break,
                _ => field(object, name)?,
            };
            kind.encode(value, &mut payload).map_err(|e| format!("{name} of the header {e}"))?;
        }
        let mut rlp = Vec::with_capacity(payload.len() + 3);
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut rlp);
        rlp.extend_from_slice(&payload);
        let header = Self {
            hash: keccak256(&rlp),
            number: number(field(object, "number")?).map_err(|e| format!("number of the header {e}"))?,
            parent_hash: hash(field(object, "parentHash")?).map_err(|e| format!("parentHash of the header {e}"))?,
            state_root: hash(field(object, "stateRoot")?).map_err(|e| format!("stateRoot of the header {e}"))?,
        };
        match object.get("hash").filter(|given| !given.is_null()) {
            Some(given) => {
                let given = hash(given).map_err(|e| format!("hash of the header {e}"))?;
                if given == header.hash {
                    Ok(header)
                } else {
                    Err(format!("header has the hash {}, and says {given}", header.hash))
                }
            }
            None => Ok(header),
        }
    }
}
