//! Checks of proofs and headers that a host has from anywhere.

use super::{buffer, guard};
use crate::proof::{check_header, check_proof};
use std::ffi::{c_char, c_int};

/// Checks the answer of a node to eth_getProof (EIP-1186), or the whole JSON-RPC response, against the 32 bytes of a
/// state root: balance, nonce, code hash, storage root, and the value of each of its slots, whether the account is
/// there or not. PROOF_INVALID when anything does not match, is missing, or is there beyond what proves it; the error
/// text names what. INVALID_INPUT for a text that is not JSON, or a response without result.
///
/// The answer must be for `address` (20 bytes), and each of the `slot_count` slots (32 bytes each) among those that it
/// proves. With NULL and 0 it may be for any account and any slots: then look that they are the ones that were meant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn worldstate_verify_proof(
    state_root: *const u8,
    address: *const u8,
    slots: *const u8,
    slot_count: usize,
    proof_json: *const c_char,
) -> c_int {
    guard::bare(|| {
        // SAFETY: pointers as the interface's contract says.
        let state_root = unsafe { buffer::bytes::<32>("state_root", state_root) }?;
        // SAFETY: likewise.
        let address = if address.is_null() { None } else { Some(unsafe { buffer::address(address) }?) };
        // SAFETY: likewise; arrays of bytes have no alignment.
        let slots = unsafe { buffer::slice("slots", slots.cast::<[u8; 32]>(), slot_count) }?;
        let slots: Vec<_> = slots.iter().map(|slot| buffer::from_big_endian(*slot)).collect();
        // SAFETY: likewise.
        let json = unsafe { buffer::text("proof_json", proof_json) }?;
        check_proof(state_root.into(), address, &slots, json)
    })
}

/// Checks that a block header in JSON has the hash `block_hash` (32 bytes), which is computed from its fields, and
/// writes the 32 bytes of its state root. A block, as eth_getBlockByNumber gives it, does, and so does the whole
/// JSON-RPC response. PROOF_INVALID when the hash is another or a field is missing; INVALID_INPUT as for
/// worldstate_verify_proof.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn worldstate_verify_header(
    block_hash: *const u8,
    header_json: *const c_char,
    out_state_root: *mut u8,
) -> c_int {
    guard::bare(|| {
        // SAFETY: pointers as the interface's contract says.
        let block_hash = unsafe { buffer::bytes::<32>("block_hash", block_hash) }?;
        // SAFETY: likewise.
        let json = unsafe { buffer::text("header_json", header_json) }?;
        // SAFETY: likewise.
        let out = unsafe { buffer::out_bytes::<32>("out_state_root", out_state_root) }?;
        out.write(check_header(block_hash.into(), json)?.0)
    })
}
