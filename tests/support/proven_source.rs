//! A source with proofs: a whole state, of which only the nodes that are asked for are known.

use alloy_primitives::map::B256Map;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use worldstate::state::{AccountStatus, Request, Source, SourceAccount, State, Witness};
use worldstate::{Error, Result};

/// Accounts and slots of one call.
pub(crate) type Asked = Vec<(Address, Vec<U256>)>;

pub(crate) struct ProvenSource {
    state: Mutex<State>,
    root: B256,
    /// A host answers: whatever is asked for is there from the next call on.
    hosted: bool,
    answered: Mutex<BTreeSet<(Address, Option<U256>)>>,
    /// Nodes that are not to be had, whoever asks.
    pub(crate) withheld: Mutex<BTreeSet<B256>>,
    /// Every call that was answered, until it is taken.
    pub(crate) asked: Mutex<Vec<Asked>>,
    pub(crate) missing: Mutex<usize>,
}

impl ProvenSource {
    pub(crate) fn new(state: State, hosted: bool) -> Arc<Self> {
        let root = state.state_root().unwrap();
        Arc::new(Self {
            state: Mutex::new(state),
            root,
            hosted,
            answered: Mutex::default(),
            withheld: Mutex::default(),
            asked: Mutex::default(),
            missing: Mutex::default(),
        })
    }
}

impl Source for ProvenSource {
    fn account(&self, address: Address) -> Result<Option<SourceAccount>> {
        let info = self.state.lock().unwrap().account(address)?;
        let exists = info.status != AccountStatus::Absent;
        Ok(exists.then_some(SourceAccount { balance: info.balance, nonce: info.nonce, code_hash: info.code_hash }))
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256> {
        self.state.lock().unwrap().storage(address, slot)
    }

    fn code(&self, address: Address, code_hash: B256) -> Result<Bytes> {
        assert_ne!(code_hash, KECCAK256_EMPTY);
        self.state.lock().unwrap().code(address)
    }

    fn block_hash(&self, _: u64) -> Result<Option<B256>> {
        Ok(None)
    }

    fn prefetch(&self, _: &[Request]) -> Result<()> {
        Ok(())
    }

    fn witness(&self, keys: &[(Address, Vec<U256>)]) -> Result<Witness> {
        if self.hosted {
            let mut answered = self.answered.lock().unwrap();
            let asked = keys.iter().flat_map(|(a, slots)| {
                std::iter::once((*a, None)).chain(slots.iter().map(move |slot| (*a, Some(*slot))))
            });
            let new: Vec<_> = asked.filter(|key| answered.insert(*key)).collect();
            if let Some((address, _)) = new.first() {
                *self.missing.lock().unwrap() += 1;
                return Err(Error::Missing(Request::Account(*address)));
            }
        }
        self.asked.lock().unwrap().push(keys.to_vec());
        let mut known = B256Map::<Bytes>::default();
        for (address, slots) in keys {
            let proof = self.state.lock().unwrap().get_proof(*address, slots)?;
            let of_slots = proof.storage_proof.into_iter().flat_map(|slot| slot.proof);
            known.extend(proof.account_proof.into_iter().chain(of_slots).map(|node| (keccak256(&node), node)));
        }
        known.retain(|hash, _| !self.withheld.lock().unwrap().contains(hash));
        Ok(Witness { state_root: self.root, nodes: Arc::new(move |hash| known.get(hash).cloned()) })
    }

    fn at_hand(self: Arc<Self>) -> Arc<dyn Source> {
        self
    }

    fn clear_cache(&self) {}
}
