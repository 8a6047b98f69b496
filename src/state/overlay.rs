//! The tries of a source with the local changes applied to them.

use super::account::{Account, Existence};
use super::source::{Source, Witness};
use super::world::State;
use crate::error::{Error, Result};
use crate::proof::{Fault, Gap, SparseTrie, has_preimage, preimages};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount};
use std::collections::{BTreeMap, BTreeSet};

/// What is changed locally of one account.
struct Change<'a> {
    address: Address,
    account: &'a Account,
    slots: Vec<(U256, U256)>,
}

/// Accounts and slots whose paths have to be known.
type Keys = BTreeMap<Address, BTreeSet<U256>>;

/// What an [`Overlay`] is made for.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// All changes, for the state root.
    State,
    /// The changes of one account, for its storage root.
    Account(Address),
    /// All changes, for a proof of an account and of slots of it.
    Proof(Address, &'a [U256]),
}

impl Scope<'_> {
    fn account(self) -> Option<Address> {
        match self {
            Self::State => None,
            Self::Account(address) | Self::Proof(address, _) => Some(address),
        }
    }

    /// How errors call what cannot be had.
    fn what(self) -> String {
        match self {
            Self::State => "state root".into(),
            Self::Account(address) => format!("storage root of {address}"),
            Self::Proof(address, _) => format!("proof of {address}"),
        }
    }
}

/// The path of a key that is an address or a slot.
pub(super) fn path(key: impl AsRef<[u8]>) -> Nibbles {
    Nibbles::unpack(keccak256(key))
}

pub(super) fn path_of_slot(slot: U256) -> Nibbles {
    path(B256::from(slot))
}

/// One of the tries, as errors call it: an account's, or that of all accounts.
#[derive(Clone, Copy, PartialEq)]
struct Trie(Option<Address>);

impl std::fmt::Display for Trie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => f.write_str("state trie"),
            Some(address) => write!(f, "storage trie of {address}"),
        }
    }
}

fn refused(what: &str, trie: Trie, fault: &Fault) -> Error {
    let text = format!("{what}: {trie}: {fault}");
    match fault {
        Fault::Unknown(_) => Error::InvalidState(text),
        Fault::Malformed { .. } | Fault::Prefix(_) => Error::ProofInvalid(text),
    }
}

/// The state trie with all changes of a scope, and the storage trie of its account.
pub(super) struct Overlay {
    what: String,
    state: SparseTrie,
    storage: SparseTrie,
    account: Option<Address>,
}

impl Overlay {
    pub(super) fn state_root(&mut self) -> B256 {
        self.state.root()
    }

    pub(super) fn storage_root(&mut self) -> B256 {
        self.storage.root()
    }

    /// The account's leaf, and the proof of it or of its absence.
    pub(super) fn account(&mut self, address: Address) -> Result<(Option<TrieAccount>, Vec<Bytes>)> {
        let key = path(address);
        let held = self.state.get(&key).and_then(|leaf| Ok((leaf, self.state.prove(&key)?)));
        let (leaf, proof) = held.map_err(|fault| refused(&self.what, Trie(None), &fault))?;
        Ok((leaf.map(|leaf| decoded(address, &leaf)).transpose()?, proof))
    }

    /// The slot's value, and the proof of it.
    pub(super) fn slot(&mut self, slot: U256) -> Result<(U256, Vec<Bytes>)> {
        let key = path_of_slot(slot);
        let held = self.storage.get(&key).and_then(|leaf| Ok((leaf, self.storage.prove(&key)?)));
        let (leaf, proof) = held.map_err(|fault| refused(&self.what, Trie(self.account), &fault))?;
        let value = leaf.map_or(Ok(U256::ZERO), |leaf| U256::decode(&mut &leaf[..]));
        let value = value.map_err(|error| Error::ProofInvalid(format!("{}: slot {slot:#x}: {error}", self.what)))?;
        Ok((value, proof))
    }
}

fn decoded(address: Address, leaf: &Bytes) -> Result<TrieAccount> {
    TrieAccount::decode(&mut &leaf[..])
        .map_err(|error| Error::ProofInvalid(format!("leaf of {address} in the state trie is no account: {error}")))
}

/// Nodes that turned out to be needed and not known.
struct Gaps<'a> {
    what: &'a str,
    found: Vec<(Trie, Gap)>,
}

impl Gaps<'_> {
    /// The result, or `None` where a node is not known, which is noted: other operations may find more.
    fn note<T>(&mut self, trie: Trie, result: std::result::Result<T, Fault>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Fault::Unknown(gap)) => {
                if !self.found.contains(&(trie, gap)) {
                    self.found.push((trie, gap));
                }
                Ok(None)
            }
            Err(fault) => Err(refused(self.what, trie, &fault)),
        }
    }

    /// Adds keys whose paths lead through the nodes; an error that names one for which none is to be had.
    fn ask(&self, keys: &mut Keys) -> Result<()> {
        // What is on the path of a key was asked for with the key: asking again would not bring it.
        if let Some((trie, gap)) = self.found.iter().find(|(_, gap)| !gap.sibling || !has_preimage(&gap.path)) {
            return Err(refused(self.what, *trie, &Fault::Unknown(*gap)));
        }
        let paths = |of_accounts: bool| {
            let found = self.found.iter().filter(move |(trie, _)| trie.0.is_none() == of_accounts);
            preimages(found.map(|(_, gap)| gap.path), of_accounts)
        };
        let (addresses, slots) = (paths(true), paths(false));
        for &(trie, gap) in &self.found {
            let refused = || refused(self.what, trie, &Fault::Unknown(gap));
            let words = if trie.0.is_none() { &addresses } else { &slots };
            let word = *words.get(&gap.path).ok_or_else(refused)?;
            let is_new = match trie.0 {
                None => keys.insert(Address::from_word(word), BTreeSet::new()).is_none(),
                Some(address) => keys.entry(address).or_default().insert(word.into()),
            };
            if !is_new {
                return Err(refused());
            }
        }
        Ok(())
    }
}

impl State {
    /// The source's tries with the changes of `scope`. The nodes are asked for all at once; siblings that only applying
    /// the changes shows to be needed, once more.
    pub(super) fn overlay(&self, source: &dyn Source, scope: Scope<'_>) -> Result<Overlay> {
        let changes = self.local_changes(scope);
        let mut keys = Keys::new();
        if let Some(address) = scope.account() {
            keys.entry(address).or_default();
        }
        if let Scope::Proof(address, slots) = scope
            && !self.local(&address).is_some_and(|account| account.storage.cleared())
        {
            keys.entry(address).or_default().extend(slots);
        }
        for Change { address, account, slots } in &changes {
            let keys = keys.entry(*address).or_default();
            if !account.storage.cleared() {
                keys.extend(slots.iter().map(|(slot, _)| *slot));
            }
        }
        let what = scope.what();
        loop {
            let asked: Vec<_> = keys.iter().map(|(a, slots)| (*a, slots.iter().copied().collect())).collect();
            let witness = source.witness(&asked)?;
            let mut gaps = Gaps { what: &what, found: Vec::new() };
            let overlay = applied(&witness, &changes, scope.account(), &mut gaps)?;
            match overlay {
                Some((state, storage)) if gaps.found.is_empty() => {
                    return Ok(Overlay { what, state, storage, account: scope.account() });
                }
                _ => gaps.ask(&mut keys)?,
            }
        }
    }

    fn local_changes(&self, scope: Scope<'_>) -> Vec<Change<'_>> {
        let only = match scope {
            Scope::Account(address) => Some(address),
            Scope::State | Scope::Proof(..) => None,
        };
        if let Some(address) = only {
            let local = self.local(&address).into_iter();
            return local
                .map(|account| Change { address, account, slots: self.slots.of(account.storage).collect() })
                .collect();
        }
        let mut slots = self.slots.by_storage(|_| true);
        let accounts = self.accounts.iter();
        accounts
            .map(|(address, account)| {
                let slots = slots.remove(&account.storage.id).unwrap_or_default();
                Change { address, account, slots }
            })
            .collect()
    }
}

/// The state trie with the changes, and the storage trie of `kept`; `None` where that is not known.
///
/// What is set goes in before what is removed goes out: no branch is joined that would be split again.
fn applied(
    witness: &Witness,
    changes: &[Change<'_>],
    kept: Option<Address>,
    gaps: &mut Gaps<'_>,
) -> Result<Option<(SparseTrie, SparseTrie)>> {
    let mut state = SparseTrie::new(witness.state_root, witness.nodes.clone());
    let mut storage = None;
    let mut removed = Vec::new();
    for Change { address, account, slots } in changes {
        let key = path(address);
        let Some(held) = gaps.note(Trie(None), state.get(&key))? else { continue };
        let below = held.map(|leaf| decoded(*address, &leaf)).transpose()?;
        let exists = match account.existence {
            Existence::Inherited => below.is_some(),
            Existence::Present => true,
            Existence::Absent => false,
        };
        let root = below.filter(|_| exists && !account.storage.cleared()).map_or(EMPTY_ROOT_HASH, |a| a.storage_root);
        let mut trie = SparseTrie::new(root, witness.nodes.clone());
        if exists {
            write_slots(*address, &mut trie, slots, gaps)?;
            let visible = below.filter(|_| !account.detached);
            let leaf = TrieAccount {
                nonce: account.nonce().or(visible.map(|a| a.nonce)).unwrap_or_default(),
                balance: account.balance().or(visible.map(|a| a.balance)).unwrap_or_default(),
                storage_root: trie.root(),
                code_hash: match &account.code {
                    Some(code) => code.hash,
                    None => visible.map_or(KECCAK256_EMPTY, |a| a.code_hash),
                },
            };
            gaps.note(Trie(None), state.insert(&key, &alloy_rlp::encode(leaf).into()))?;
        } else {
            removed.push(key);
        }
        if kept == Some(*address) {
            storage = Some(trie);
        }
    }
    for key in &removed {
        gaps.note(Trie(None), state.remove(key))?;
    }
    if let (None, Some(address)) = (&storage, kept) {
        let Some(held) = gaps.note(Trie(None), state.get(&path(address)))? else { return Ok(None) };
        let root = held.map_or(Ok(EMPTY_ROOT_HASH), |leaf| decoded(address, &leaf).map(|leaf| leaf.storage_root))?;
        storage = Some(SparseTrie::new(root, witness.nodes.clone()));
    }
    let storage = storage.unwrap_or_else(|| SparseTrie::new(EMPTY_ROOT_HASH, witness.nodes.clone()));
    Ok(Some((state, storage)))
}

fn write_slots(address: Address, trie: &mut SparseTrie, slots: &[(U256, U256)], gaps: &mut Gaps<'_>) -> Result<()> {
    let (zero, set): (Vec<_>, Vec<_>) = slots.iter().partition(|(_, value)| value.is_zero());
    for (slot, value) in set {
        let value = alloy_rlp::encode_fixed_size(&value);
        gaps.note(Trie(Some(address)), trie.insert(&path_of_slot(slot), &Bytes::copy_from_slice(&value)))?;
    }
    for (slot, _) in zero {
        gaps.note(Trie(Some(address)), trie.remove(&path_of_slot(slot)))?;
    }
    Ok(())
}
