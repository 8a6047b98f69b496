//! Proofs of accounts and slots.

use super::account::Account;
use super::overlay::{Overlay, Scope, path, path_of_slot};
use super::world::State;
use crate::error::Result;
use crate::proof::MIN_HASHED;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, hex, keccak256};
use alloy_trie::proof::{ProofNodes, ProofRetainer};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles, TrieAccount};
use std::fmt::Write;

/// An account with the proof of it, or of its absence, under the state root: what `eth_getProof` answers (EIP-1186).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account's address.
    pub address: Address,
    /// Nodes from the root of the state trie to the account's leaf, or to where it would be.
    pub account_proof: Vec<Bytes>,
    /// Balance in wei.
    pub balance: U256,
    /// keccak-256 of the code; of nothing for an absent account as well.
    pub code_hash: B256,
    /// Nonce.
    pub nonce: u64,
    /// Root of the storage trie; the empty root for an absent account.
    pub storage_hash: B256,
    /// The slots that were asked for, in that order.
    pub storage_proof: Vec<SlotProof>,
}

/// A slot with the proof of its value under the storage root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotProof {
    /// The slot.
    pub key: U256,
    /// Its value; zero where there is none.
    pub value: U256,
    /// Nodes from the root of the storage trie to the slot's leaf, or to where it would be; none in an empty trie.
    pub proof: Vec<Bytes>,
}

impl AccountProof {
    fn new(address: Address, leaf: Option<TrieAccount>, account_proof: Vec<Bytes>, slots: Vec<SlotProof>) -> Self {
        let leaf = leaf.unwrap_or(TrieAccount {
            nonce: 0,
            balance: U256::ZERO,
            storage_root: EMPTY_ROOT_HASH,
            code_hash: KECCAK256_EMPTY,
        });
        Self {
            address,
            account_proof,
            balance: leaf.balance,
            code_hash: leaf.code_hash,
            nonce: leaf.nonce,
            storage_hash: leaf.storage_root,
            storage_proof: slots,
        }
    }

    /// The JSON object that `eth_getProof` answers with: slots and hashes as 32 bytes, balance, nonce and values as
    /// quantities, nodes as bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        let nodes = |nodes: &[Bytes]| {
            let quoted: Vec<_> = nodes.iter().map(|node| format!("\"{}\"", hex::encode_prefixed(node))).collect();
            quoted.join(",")
        };
        let Self { address, account_proof, balance, code_hash, nonce, storage_hash, storage_proof } = self;
        let mut json = format!(
            r#"{{"address":"{address:#x}","accountProof":[{}],"balance":"{balance:#x}","codeHash":"{code_hash}","nonce":"{nonce:#x}","storageHash":"{storage_hash}","storageProof":["#,
            nodes(account_proof)
        );
        for (position, SlotProof { key, value, proof }) in storage_proof.iter().enumerate() {
            let separator = if position == 0 { "" } else { "," };
            let _ = write!(
                json,
                r#"{separator}{{"key":"{}","value":"{value:#x}","proof":[{}]}}"#,
                B256::from(*key),
                nodes(proof)
            );
        }
        json.push_str("]}");
        json
    }
}

/// The leaves of the local state trie that the last proof was made from. The next one of an unchanged state then costs
/// a pass over the accounts' leaves, and not one over all slots.
#[derive(Default)]
pub(super) struct Leaves {
    /// State version at which they were made.
    version: u64,
    leaves: Option<Vec<(B256, TrieAccount)>>,
}

/// The nodes on the paths of `keys` in the trie with these leaves, which are in order.
fn nodes(leaves: impl IntoIterator<Item = (B256, Vec<u8>)>, keys: impl IntoIterator<Item = Nibbles>) -> ProofNodes {
    let mut builder = HashBuilder::default().with_proof_retainer(keys.into_iter().collect::<ProofRetainer>());
    for (key, leaf) in leaves {
        builder.add_leaf(Nibbles::unpack(key), &leaf);
    }
    if builder.root() == EMPTY_ROOT_HASH { ProofNodes::default() } else { builder.take_proof_nodes() }
}

fn on_path(nodes: &ProofNodes, key: &Nibbles) -> Vec<Bytes> {
    let nodes = nodes.matching_nodes_sorted(key).into_iter();
    nodes.filter(|(path, node)| path.is_empty() || node.len() >= MIN_HASHED).map(|(_, node)| node).collect()
}

impl State {
    /// The account and these slots of it with their proofs under [`Self::state_root`].
    ///
    /// On a fork, of the source's tries with the local changes applied, as far as its proofs reach. Not forked: a pass
    /// over all accounts, and over all slots as well where the state has changed since the last proof.
    ///
    /// # Errors
    /// As of [`Self::state_root`].
    pub fn get_proof(&mut self, address: Address, slots: &[U256]) -> Result<AccountProof> {
        if let Some(source) = self.source.clone() {
            return proof_over(&mut self.overlay(&*source, Scope::Proof(address, slots))?, address, slots);
        }
        if self.leaves.version != self.version || self.leaves.leaves.is_none() {
            self.leaves = Leaves { version: self.version, leaves: Some(self.leaves()) };
        }
        let leaves = self.leaves.leaves.as_deref().unwrap_or_default();
        let key = path(address);
        let account_nodes = nodes(leaves.iter().map(|(key, leaf)| (*key, alloy_rlp::encode(leaf))), [key]);
        let hashed = keccak256(address);
        let leaf = leaves.binary_search_by_key(&hashed, |(key, _)| *key).ok().and_then(|at| leaves.get(at));
        let slots = self.slot_proofs(address, slots);
        Ok(AccountProof::new(address, leaf.map(|(_, leaf)| *leaf), on_path(&account_nodes, &key), slots))
    }

    /// Proofs of slots of a state without source.
    fn slot_proofs(&self, address: Address, slots: &[U256]) -> Vec<SlotProof> {
        if slots.is_empty() {
            return Vec::new();
        }
        let storage = self.local(&address).map_or_else(Default::default, |account: &Account| account.storage);
        let mut leaves: Vec<_> = self.slots.of(storage).map(|(slot, v)| (keccak256(B256::from(slot)), v)).collect();
        leaves.sort_unstable_by_key(|(key, _)| *key);
        let leaves = leaves.into_iter().map(|(key, value)| (key, alloy_rlp::encode_fixed_size(&value).to_vec()));
        let nodes = nodes(leaves, slots.iter().map(|slot| path_of_slot(*slot)));
        let proof = |slot: &U256| SlotProof {
            key: *slot,
            value: self.local_storage(&address, *slot).unwrap_or_default(),
            proof: on_path(&nodes, &path_of_slot(*slot)),
        };
        slots.iter().map(proof).collect()
    }
}

fn proof_over(overlay: &mut Overlay, address: Address, slots: &[U256]) -> Result<AccountProof> {
    let (leaf, account_proof) = overlay.account(address)?;
    let mut storage_proof = Vec::with_capacity(slots.len());
    for &key in slots {
        let (value, proof) = overlay.slot(key)?;
        storage_proof.push(SlotProof { key, value, proof });
    }
    Ok(AccountProof::new(address, leaf, account_proof, storage_proof))
}
