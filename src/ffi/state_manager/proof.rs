//! Proofs of accounts and slots.

use crate::ffi::buffer::{self, KeptText, OutText, TextOf};
use crate::ffi::guard;
use crate::ffi::handle::StateManagerHandle;
use alloy_primitives::keccak256;
use std::ffi::{c_char, c_int};

/// The account of 20 bytes, and `slot_count` slots of it of 32 bytes each, with their proofs under the state root, as the
/// JSON object that eth_getProof answers with: address, accountProof, balance, codeHash, nonce, storageHash, and
/// storageProof with key, value and proof of each slot, in the order given. Keys are 32 bytes, numbers quantities. An
/// account or slot that does not exist has a proof of that; an absent account has the hashes of nothing.
///
/// The root is that of state_manager_get_state_root, and so are the failures. Without fork, a call costs a pass over all
/// accounts, and the first one after a write a pass over all slots too.
///
/// Writes text and NUL to `buf` and the length without the NUL to `out_len`; NULL with `buf_size` 0 asks for the length
/// alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn state_manager_get_proof(
    handle: StateManagerHandle,
    address: *const u8,
    slots: *const u8,
    slot_count: usize,
    buf: *mut c_char,
    buf_size: usize,
    out_len: *mut usize,
) -> c_int {
    guard::state_manager_text(handle.addr(), |state, kept| {
        // SAFETY: pointers as the interface's contract says; arrays of bytes have no alignment.
        let address = unsafe { buffer::address(address) }?;
        // SAFETY: likewise.
        let slots = unsafe { buffer::slice::<[u8; 32]>("slots", slots.cast(), slot_count) }?;
        // SAFETY: likewise.
        let out = unsafe { OutText::new("buf", buf, buf_size, out_len) }?;
        let of = TextOf::Proof(address, keccak256(slots.as_flattened()));
        KeptText::answer(kept, of, state.version(), &out, || {
            let slots: Vec<_> = slots.iter().map(|slot| buffer::from_big_endian(*slot)).collect();
            Ok(state.get_proof(address, &slots)?.to_json())
        })
    })
}
