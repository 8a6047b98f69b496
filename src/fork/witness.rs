//! Trie nodes on the paths of accounts and slots, for whoever proves or changes the state above the fork.

use super::Fork;
use super::call::Call;
use super::levels::Levels;
use super::plan::Want;
use crate::error::{Error, Result};
use crate::proof::{CheckedNodes, NodeStore, find_account, find_slot};
use crate::state::{Request, Witness};
use alloy_primitives::map::{HashMap, HashSet};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The questions for paths, by address: what the next one asks for, and what the open one waits for.
pub(super) struct Paths {
    max_slots: usize,
    wanted: HashMap<Address, BTreeSet<U256>>,
    open: HashMap<Address, Open>,
    /// What has been answered since the last witness that holds it: asked for again, it was not kept.
    answered: HashMap<Address, BTreeSet<U256>>,
}

struct Open {
    slots: BTreeSet<U256>,
    /// Calls that are not answered yet.
    calls: usize,
}

impl Paths {
    /// `max_slots`: slots in one call at most.
    pub(super) fn new(max_slots: usize) -> Self {
        Self { max_slots, wanted: HashMap::default(), open: HashMap::default(), answered: HashMap::default() }
    }

    pub(super) fn are_wanted(&self, address: &Address) -> bool {
        self.wanted.contains_key(address)
    }

    /// The calls for what is wanted of an address.
    pub(super) fn calls(&mut self, address: Address) -> Vec<Call> {
        let slots = self.wanted.remove(&address).unwrap_or_default();
        let all: Vec<U256> = slots.iter().copied().collect();
        let mut calls: Vec<Call> =
            all.chunks(self.max_slots).map(|slots| Call::Paths { address, slots: slots.to_vec() }).collect();
        if calls.is_empty() {
            calls.push(Call::Paths { address, slots: Vec::new() });
        }
        self.open.insert(address, Open { slots, calls: calls.len() });
        calls
    }

    /// One call has become two.
    pub(super) fn split(&mut self, address: &Address) {
        if let Some(open) = self.open.get_mut(address) {
            open.calls += 1;
        }
    }

    /// One call has been answered; whether it was the last.
    pub(super) fn answered(&mut self, address: &Address) -> bool {
        self.open.get_mut(address).is_some_and(|open| {
            open.calls -= 1;
            open.calls == 0
        })
    }

    /// The question is closed.
    pub(super) fn close(&mut self, address: &Address, well: bool) {
        if let Some(open) = self.open.remove(address)
            && well
        {
            self.answered.entry(*address).or_default().extend(open.slots);
        }
    }

    /// Forgets what was answered: it is to be asked for again.
    pub(super) fn clear(&mut self) {
        self.answered.clear();
    }
}

/// Nodes that a witness has found so far.
struct Gathering {
    store: Arc<NodeStore>,
    levels: Arc<Levels>,
    found: CheckedNodes,
}

impl Gathering {
    fn get(&mut self, hash: &B256) -> Option<Bytes> {
        if let Some(node) = self.found.get(hash) {
            return Some(node.clone());
        }
        let node = self.store.get(hash).or_else(|| self.levels.node(hash))?;
        self.found.insert(*hash, node.clone());
        Some(node)
    }

    /// The slots of an account whose paths are not known; `None` when all is.
    fn lacking(&mut self, state_root: B256, address: Address, slots: &[U256]) -> Option<BTreeSet<U256>> {
        let Some(account) = find_account(state_root, address, |hash| self.get(hash)) else {
            return Some(slots.iter().copied().collect());
        };
        let root = account.storage_root;
        let lacking: BTreeSet<U256> =
            slots.iter().copied().filter(|slot| find_slot(root, *slot, |hash| self.get(hash)).is_none()).collect();
        (!lacking.is_empty()).then_some(lacking)
    }
}

impl Fork {
    /// As [`Source::witness`](crate::state::Source::witness): fetches the paths that are not known, in as few bodies as
    /// possible. Every node has been checked against the state root of the pinned block.
    pub(super) fn gather_witness(&self, keys: &[(Address, Vec<U256>)]) -> Result<Witness> {
        let pin = self.block()?;
        let state_root = pin.state_root.ok_or_else(|| {
            Error::InvalidState(format!("proofs: the node gives no state root in the header of block {}", pin.number))
        })?;
        let store = self.inner.lock().nodes.clone();
        let mut gathering =
            Gathering { store: store.clone(), levels: self.levels.clone(), found: CheckedNodes::default() };
        // Answered a moment ago, and not found before.
        let mut suspects = HashSet::default();
        loop {
            let lacking: Vec<(Address, BTreeSet<U256>)> = keys
                .iter()
                .filter_map(|(address, slots)| Some((*address, gathering.lacking(state_root, *address, slots)?)))
                .collect();
            if lacking.is_empty() {
                break;
            }
            let wants = self.want_paths(lacking, &mut suspects)?;
            self.fetch(&wants)?;
        }
        {
            let mut inner = self.inner.lock();
            for (address, _) in keys {
                inner.paths.answered.remove(address);
                let proven = find_account(state_root, *address, |hash| gathering.get(hash)).unwrap_or_default();
                let answered = inner.cache.accounts.peek(address).copied();
                let answered = answered.map(|known| match known {
                    Some(account) => (account.balance, account.nonce, account.code_hash),
                    None => (U256::ZERO, 0, KECCAK256_EMPTY),
                });
                // An anvil's first block, for one, has accounts and the root of none.
                if answered.is_some_and(|answered| answered != (proven.balance, proven.nonce, proven.code_hash)) {
                    return Err(Error::InvalidState(format!(
                        "proofs: the header of block {} has the state root {state_root}, under which account {address} is not \
                         what the node answers",
                        pin.number
                    )));
                }
            }
        }
        let Gathering { store, levels, found } = gathering;
        let others = store.look_up();
        let find = move |hash: &B256| found.get(hash).cloned().or_else(|| others(hash)).or_else(|| levels.node(hash));
        Ok(Witness { state_root, nodes: Arc::new(find) })
    }

    /// Puts down what is lacking for the next questions; returns those that have to be asked.
    fn want_paths(
        &self,
        lacking: Vec<(Address, BTreeSet<U256>)>,
        suspects: &mut HashSet<Address>,
    ) -> Result<Vec<Want>> {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let mut wants = Vec::with_capacity(lacking.len());
        for (address, slots) in lacking {
            let request = Request::Proof(address);
            if !inner.flights.contains_key(&request) {
                if inner.paths.answered.get(&address).is_some_and(|answered| answered.is_superset(&slots)) {
                    // They may have come since they were looked for.
                    if suspects.insert(address) {
                        continue;
                    }
                    inner.paths.answered.remove(&address);
                    return Err(Error::InvalidState(format!(
                        "proof of {address}: its trie nodes came, and max_proof_bytes ({}) does not hold them",
                        self.options.max_proof_bytes
                    )));
                }
                inner.paths.wanted.entry(address).or_default().extend(slots);
            }
            wants.push(request.into());
        }
        Ok(wants)
    }
}
