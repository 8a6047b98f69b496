//! An unsigned transaction from JSON.

use super::transaction::{Lenient, Transaction};
use crate::error::Result;
use crate::json::{self, Fields};
use alloy_primitives::{B256, TxKind};
use revm::context::TxEnv;
use revm::context_interface::either::Either;
use revm::context_interface::transaction::{AccessList, AccessListItem, Authorization, SignedAuthorization};
use serde_json::Value;

/// What a transaction that is to be executed may say.
const ARGUMENTS: [&str; 19] = [
    "from",
    "to",
    "gas",
    "gasLimit",
    "gasPrice",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "maxFeePerBlobGas",
    "value",
    "nonce",
    "data",
    "input",
    "accessList",
    "blobVersionedHashes",
    "authorizationList",
    "type",
    "chainId",
    "v",
    "yParity",
];

/// What a node says besides of a transaction that it knows.
const OF_A_NODE: [&str; 12] = [
    "hash",
    "blockHash",
    "blockNumber",
    "blockTimestamp",
    "transactionIndex",
    "r",
    "s",
    "creates",
    "raw",
    "publicKey",
    "standardV",
    "condition",
];

const LEGACY: u8 = 0;
const ACCESS_LIST: u8 = 1;
const DYNAMIC_FEE: u8 = 2;
const BLOBS: u8 = 3;
const SET_CODE: u8 = 4;

/// Prices per gas in wei.
struct Fees {
    max: u128,
    priority: u128,
}

impl Transaction {
    /// Reads an unsigned transaction as `eth_call`, `eth_estimateGas` and `eth_sendTransaction` take it, or a node's
    /// answer to `eth_getTransactionByHash` as it is; its signature is not looked at.
    ///
    /// Fields: `from` (else the zero address), `to` (else a creation), `gas` or `gasLimit`, `gasPrice` or
    /// `maxFeePerGas` and `maxPriorityFeePerGas`, `maxFeePerBlobGas`, `value`, `nonce`, `input` or `data`,
    /// `accessList`, `blobVersionedHashes`, `authorizationList` (signed tuples), `type`, `chainId`. Numbers are `0x`
    /// hex, decimal text or JSON numbers; `null` is as if not given. Without `type`, the type follows from the fields.
    /// What is not given is left open as `eth_call` does, see [`Lenient`]; the sender may have code.
    ///
    /// An unknown field, two names of one field that differ, both kinds of fee, and a field that the given `type` does
    /// not have are errors.
    pub fn from_json(text: &str) -> Result<Self> {
        let value = json::parse("the transaction", text)?;
        let fields = Fields::new("the transaction", &value)?;
        fields.only(|name| ARGUMENTS.contains(&name) || OF_A_NODE.contains(&name))?;
        let known_to_a_node = OF_A_NODE.iter().any(|name| fields.given(name).is_some());

        let tx_type = tx_type(&fields)?;
        let fees = fees(&fields, known_to_a_node)?;
        let kind = fields.address("to")?.map_or(TxKind::Create, TxKind::Call);
        if kind.is_create() && tx_type >= BLOBS {
            return Err(fields.invalid("to", &format!("is missing: type {tx_type} cannot create a contract")));
        }
        let gas = fields.either(["gas", "gasLimit"], Fields::u64)?;
        let nonce = fields.u64("nonce")?;
        let max_fee_per_blob_gas = fields.u128("maxFeePerBlobGas")?.unwrap_or_default();
        let lenient = Lenient {
            nonce: nonce.is_none(),
            gas: gas.is_none(),
            fees: fees.max == 0 && fees.priority == 0,
            blob_fee: tx_type == BLOBS && max_fee_per_blob_gas == 0,
            sender_code: true,
        };
        let env = TxEnv {
            tx_type,
            caller: fields.address("from")?.unwrap_or_default(),
            gas_limit: gas.unwrap_or_default(),
            gas_price: fees.max,
            kind,
            value: fields.quantity("value")?.unwrap_or_default(),
            data: fields.either(["input", "data"], Fields::bytes)?.unwrap_or_default(),
            nonce: nonce.unwrap_or_default(),
            chain_id: fields.u64("chainId")?,
            access_list: access_list(&fields)?,
            gas_priority_fee: (tx_type >= DYNAMIC_FEE).then_some(fees.priority),
            blob_hashes: blob_hashes(&fields)?,
            max_fee_per_blob_gas,
            authorization_list: authorizations(&fields)?.into_iter().map(|it| Either::Right(it.into())).collect(),
        };
        Ok(Self { env, lenient })
    }
}

/// The given type, or the one that has all given fields.
fn tx_type(fields: &Fields<'_>) -> Result<u8> {
    let needed = |name: &str| match name {
        "authorizationList" => SET_CODE,
        "blobVersionedHashes" | "maxFeePerBlobGas" => BLOBS,
        "maxFeePerGas" | "maxPriorityFeePerGas" => DYNAMIC_FEE,
        _ => ACCESS_LIST,
    };
    let typed = [
        "authorizationList",
        "blobVersionedHashes",
        "maxFeePerBlobGas",
        "maxFeePerGas",
        "maxPriorityFeePerGas",
        "accessList",
    ];
    let given = |name: &&&str| fields.given(name).is_some();
    let Some(tx_type) = fields.u64("type")? else {
        let derived = typed.iter().find(given).map_or(LEGACY, |name| needed(name));
        if derived == SET_CODE && (given(&&"blobVersionedHashes") || given(&&"maxFeePerBlobGas")) {
            return Err(fields.invalid("authorizationList", "and blobs are both given: no type has both"));
        }
        if derived == BLOBS && !given(&&"blobVersionedHashes") {
            return Err(fields.invalid("blobVersionedHashes", "is missing although maxFeePerBlobGas is given"));
        }
        return Ok(derived);
    };
    let tx_type = u8::try_from(tx_type).ok().filter(|tx_type| *tx_type <= SET_CODE);
    let tx_type = tx_type.ok_or_else(|| fields.invalid("type", "is unknown: the known ones are 0 to 4"))?;
    for name in typed.iter().filter(given) {
        // A node's answer may have an empty list where the type has none.
        let empty = fields.given(name).and_then(Value::as_array).is_some_and(Vec::is_empty);
        let has = match needed(name) {
            exact @ (BLOBS | SET_CODE) => tx_type == exact,
            least => tx_type >= least,
        };
        if !has && !empty {
            return Err(fields.invalid(name, &format!("is given, but type {tx_type} has no such field")));
        }
    }
    Ok(tx_type)
}

/// A node says of a mined transaction what it paid as `gasPrice`, besides the limits it was sent with.
fn fees(fields: &Fields<'_>, known_to_a_node: bool) -> Result<Fees> {
    let price = fields.u128("gasPrice")?;
    let (max, priority) = (fields.u128("maxFeePerGas")?, fields.u128("maxPriorityFeePerGas")?);
    match price {
        Some(_) if max.or(priority).is_some() && !known_to_a_node => {
            Err(fields.invalid("gasPrice", "is given together with maxFeePerGas or maxPriorityFeePerGas"))
        }
        Some(price) if max.or(priority).is_none() => Ok(Fees { max: price, priority: price }),
        _ => Ok(Fees { max: max.unwrap_or_default(), priority: priority.unwrap_or_default() }),
    }
}

fn access_list(fields: &Fields<'_>) -> Result<AccessList> {
    let entries = fields.array("accessList")?.unwrap_or_default();
    let list = json::access_list(&fields.what("accessList"), entries)?;
    let item = |(address, slots): (_, Vec<_>)| AccessListItem {
        address,
        storage_keys: slots.into_iter().map(B256::from).collect(),
    };
    Ok(AccessList(list.into_iter().map(item).collect()))
}

fn blob_hashes(fields: &Fields<'_>) -> Result<Vec<B256>> {
    let what = fields.what("blobVersionedHashes");
    let hash = |hash: &Value| crate::text::parse_hash(&what, json::string(&what, hash)?.as_bytes());
    fields.array("blobVersionedHashes")?.unwrap_or_default().iter().map(hash).collect()
}

fn authorizations(fields: &Fields<'_>) -> Result<Vec<SignedAuthorization>> {
    let mut list = Vec::new();
    for (index, entry) in fields.array("authorizationList")?.unwrap_or_default().iter().enumerate() {
        let entry = Fields::new(format!("entry {index} of authorizationList of the transaction"), entry)?;
        entry.only(|name| matches!(name, "chainId" | "address" | "nonce" | "yParity" | "v" | "r" | "s"))?;
        let parity = entry
            .either(["yParity", "v"], Fields::u64)?
            .ok_or_else(|| entry.invalid("yParity", "is missing"))
            .and_then(|parity| u8::try_from(parity).map_err(|_| entry.invalid("yParity", "does not fit in 8 bits")))?;
        let authorization = Authorization {
            chain_id: entry.required("chainId", Fields::quantity)?,
            address: entry.required("address", Fields::address)?,
            nonce: entry.required("nonce", Fields::u64)?,
        };
        let (r, s) = (entry.required("r", Fields::quantity)?, entry.required("s", Fields::quantity)?);
        list.push(SignedAuthorization::new_unchecked(authorization, parity, r, s));
    }
    Ok(list)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
