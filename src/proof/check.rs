//! Checks of JSON texts that come from anywhere.

use super::{AccountProof, Header};
use crate::error::{Error, Result};
use crate::rpc::is_response;
use alloy_primitives::{Address, B256, U256};
use serde_json::Value;

/// Checks the answer to `eth_getProof`, or the whole JSON-RPC response: for `address` where one is given, with all of
/// `slots` among its own.
///
/// # Errors
/// `InvalidInput` for a text that is no JSON, or a response without result; `ProofInvalid` for anything that the text
/// does not prove.
pub(crate) fn check_proof(state_root: B256, address: Option<Address>, slots: &[U256], json: &str) -> Result<()> {
    let proof = AccountProof::read(&result("proof", json)?).map_err(Error::ProofInvalid)?;
    if let (Some(asked), Some(given)) = (address, proof.address)
        && asked != given
    {
        return Err(Error::ProofInvalid(format!("proof is for {given}, not for {asked}")));
    }
    let address = address.or(proof.address).ok_or_else(|| Error::ProofInvalid("address is missing".into()))?;
    let lacking = slots.iter().find(|slot| proof.slots.binary_search_by_key(slot, |proven| &proven.slot).is_err());
    if let Some(slot) = lacking {
        return Err(Error::ProofInvalid(format!("slot {slot:#x} of {address} is missing")));
    }
    proof.verify(address, state_root).map_err(Error::ProofInvalid)?;
    Ok(())
}

/// Checks that a header, the header of a block, or the whole JSON-RPC response, has the hash `block_hash`; its state
/// root is then as trustworthy as that.
///
/// # Errors
/// As [`check_proof`].
pub(crate) fn check_header(block_hash: B256, json: &str) -> Result<B256> {
    let header = Header::read(&result("header", json)?).map_err(Error::ProofInvalid)?;
    if header.hash == block_hash {
        return Ok(header.state_root);
    }
    let text = format!("header of block {} has the hash {}, not {block_hash}", header.number, header.hash);
    Err(Error::ProofInvalid(text))
}

/// The JSON of a text, without the JSON-RPC response that may be around it.
fn result(what: &str, json: &str) -> Result<Value> {
    let value: Value =
        serde_json::from_str(json).map_err(|e| Error::InvalidInput(format!("{what} is not JSON: {e}")))?;
    match value {
        Value::Object(mut object) if is_response(&object) => object
            .remove("result")
            .filter(|result| !result.is_null())
            .ok_or_else(|| Error::InvalidInput(format!("{what} is a JSON-RPC response without a result"))),
        value => Ok(value),
    }
}
