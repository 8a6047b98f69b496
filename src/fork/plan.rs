//! From questions to calls: what is asked for together goes into as few calls as possible.

use super::call::Call;
use crate::state::Request;
use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, U256};
use std::collections::VecDeque;

/// A question, with the hash that its answer must have if it is a code whose account is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) request: Request,
    pub(super) code_hash: Option<B256>,
}

impl From<Request> for Want {
    fn from(request: Request) -> Self {
        Self { request, code_hash: None }
    }
}

/// With which methods values are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    /// `eth_getProof`. Without, each value has a call of its own.
    pub(super) proofs: bool,
    /// `eth_getStorageValues`, for slots without proofs.
    pub(super) storage_values: bool,
    /// Slots in one call at most.
    pub(super) max_slots: usize,
}

#[derive(Default)]
struct AddressWants {
    account: bool,
    slots: VecDeque<U256>,
}

/// Questions in the order in which they came, those about one address together.
#[derive(Default)]
pub(super) struct Plan {
    calls: VecDeque<Call>,
    addresses: HashMap<Address, AddressWants>,
    order: VecDeque<Address>,
}

impl Plan {
    /// Adds a question. The caller sees to it that none is added twice.
    pub(super) fn add(&mut self, want: Want) {
        match want.request {
            Request::Block => {
                self.calls.push_front(Call::Block);
                self.calls.push_front(Call::ChainId);
            }
            Request::Account(address) => self.of(address).account = true,
            Request::Storage(address, slot) => self.of(address).slots.push_back(slot),
            Request::Code(address) => self.calls.push_back(Call::Code { address, expected: want.code_hash }),
            Request::BlockHash(number) => self.calls.push_back(Call::BlockHash(number)),
            // Come as calls: see `Self::add_call`.
            Request::Foresight(_) | Request::Proof(_) => {}
        }
    }

    /// Adds a call that has no [`Want`].
    pub(super) fn add_call(&mut self, call: Call) {
        self.calls.push_back(call);
    }

    /// Adds a call that comes along with those that resolve the pin.
    pub(super) fn add_pin_call(&mut self, call: Call) {
        self.calls.push_front(call);
    }

    /// Puts slots back that a call was planned for; they come first again.
    pub(super) fn put_back(&mut self, address: Address, slots: Vec<U256>) {
        if slots.is_empty() {
            return;
        }
        if !self.addresses.contains_key(&address) {
            self.order.push_front(address);
        }
        let wants = self.addresses.entry(address).or_default();
        for slot in slots.into_iter().rev() {
            wants.slots.push_front(slot);
        }
    }

    /// Takes a question back that has not been asked.
    pub(super) fn remove(&mut self, request: Request) {
        let (Request::Account(address) | Request::Storage(address, _)) = request else {
            return self.calls.retain(|call| !call.covers().contains(&request));
        };
        let Some(wants) = self.addresses.get_mut(&address) else { return };
        match request {
            Request::Storage(_, slot) => wants.slots.retain(|open| *open != slot),
            _ => wants.account = false,
        }
        if !wants.account && wants.slots.is_empty() {
            self.addresses.remove(&address);
            self.order.retain(|open| *open != address);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.order.is_empty()
    }

    /// Addresses whose account or slots are open.
    pub(super) fn addresses(&self) -> usize {
        self.order.len()
    }

    /// How many calls are left.
    pub(super) fn count(&self, means: Means) -> usize {
        let of_one = |wants: &AddressWants| {
            let together = wants.slots.len().div_ceil(means.max_slots);
            match means {
                Means { proofs: true, .. } => together.max(1),
                Means { storage_values: true, .. } => 3 * usize::from(wants.account),
                _ => 3 * usize::from(wants.account) + wants.slots.len(),
            }
        };
        let slots: usize = self.addresses.values().map(|wants| wants.slots.len()).sum();
        let together = if !means.proofs && means.storage_values { slots.div_ceil(means.max_slots) } else { 0 };
        self.calls.len() + self.addresses.values().map(of_one).sum::<usize>() + together
    }

    /// The next call.
    pub(super) fn next(&mut self, means: Means) -> Option<Call> {
        self.calls.pop_front().or_else(|| self.next_value(means))
    }

    /// The next call for an account or slots that has not been made up yet.
    pub(super) fn next_value(&mut self, means: Means) -> Option<Call> {
        let Means { proofs, storage_values, max_slots } = means;
        let address = *self.order.front()?;
        let wants = self.addresses.get_mut(&address)?;
        let account = std::mem::take(&mut wants.account);
        if !proofs && account {
            self.calls.extend([Call::Nonce(address), Call::AccountCode(address)]);
            if wants.slots.is_empty() {
                self.forget_first();
            }
            return Some(Call::Balance(address));
        }
        if !proofs && storage_values && (self.order.len() > 1 || wants.slots.len() > 1) {
            return self.slots_together(max_slots);
        }
        let take = if proofs { max_slots } else { 1 }.min(wants.slots.len());
        let mut slots: Vec<U256> = wants.slots.drain(..take).collect();
        if wants.slots.is_empty() {
            self.forget_first();
        }
        if proofs {
            return Some(Call::Proof { address, slots, account });
        }
        slots.pop().map(|slot| Call::Slot(address, slot))
    }

    /// Slots of the addresses from the first on, in one call. The calls for their accounts follow.
    fn slots_together(&mut self, max_slots: usize) -> Option<Call> {
        let mut together: Vec<(Address, Vec<U256>)> = Vec::new();
        let mut room = max_slots;
        while let Some(address) = self.order.front().copied().filter(|_| room > 0) {
            let wants = self.addresses.get_mut(&address)?;
            if std::mem::take(&mut wants.account) {
                self.calls.extend([Call::Balance(address), Call::Nonce(address), Call::AccountCode(address)]);
            }
            let slots: Vec<U256> = wants.slots.drain(..room.min(wants.slots.len())).collect();
            room -= slots.len();
            if wants.slots.is_empty() {
                self.forget_first();
            }
            if !slots.is_empty() {
                together.push((address, slots));
            }
        }
        match together.as_slice() {
            [(address, slots)] if slots.len() == 1 => slots.first().map(|slot| Call::Slot(*address, *slot)),
            _ => Some(Call::Slots(together)),
        }
    }

    /// The next call that resolves the pin.
    pub(super) fn next_pin(&mut self) -> Option<Call> {
        self.calls.front()?.is_pin().then(|| self.calls.pop_front())?
    }

    fn of(&mut self, address: Address) -> &mut AddressWants {
        if !self.addresses.contains_key(&address) {
            self.order.push_back(address);
        }
        self.addresses.entry(address).or_default()
    }

    fn forget_first(&mut self) {
        if let Some(address) = self.order.pop_front() {
            self.addresses.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::repeat_byte(1);
    const B: Address = Address::repeat_byte(2);

    fn plan(wants: &[Request]) -> Plan {
        let mut plan = Plan::default();
        for request in wants {
            plan.add((*request).into());
        }
        plan
    }

    fn all(plan: Plan, proofs: bool, max_slots: usize) -> Vec<Call> {
        by(plan, Means { proofs, storage_values: false, max_slots })
    }

    fn by(mut plan: Plan, means: Means) -> Vec<Call> {
        let count = plan.count(means);
        let calls: Vec<Call> = std::iter::from_fn(|| plan.next(means)).collect();
        assert_eq!((calls.len(), plan.count(means)), (count, 0));
        calls
    }

    #[test]
    fn slots_of_several_accounts_go_together() {
        let slot = U256::from;
        let wants = [
            Request::Storage(A, slot(1)),
            Request::Storage(A, slot(2)),
            Request::Account(B),
            Request::Storage(B, slot(3)),
            Request::Storage(B, slot(4)),
        ];
        let means = |max_slots| Means { proofs: false, storage_values: true, max_slots };
        let account = [Call::Balance(B), Call::Nonce(B), Call::AccountCode(B)];
        let mut calls = vec![Call::Slots(vec![(A, vec![slot(1), slot(2)]), (B, vec![slot(3), slot(4)])])];
        calls.extend(account.clone());
        assert_eq!(by(plan(&wants), means(4)), calls);
        let mut calls = vec![Call::Slots(vec![(A, vec![slot(1), slot(2)]), (B, vec![slot(3)])])];
        calls.extend(account);
        calls.push(Call::Slot(B, slot(4)));
        assert_eq!(by(plan(&wants), means(3)), calls);
        assert_eq!(by(plan(&wants[..1]), means(3)), [Call::Slot(A, slot(1))]);
    }

    #[test]
    fn one_proof_carries_the_account_and_its_slots() {
        let slot = U256::from;
        let plan = plan(&[
            Request::Storage(A, slot(1)),
            Request::Account(B),
            Request::Account(A),
            Request::Storage(A, slot(2)),
            Request::Storage(A, slot(3)),
        ]);
        let proof = |address, slots: &[u64], account| Call::Proof {
            address,
            slots: slots.iter().map(|s| slot(*s)).collect(),
            account,
        };
        assert_eq!(all(plan, true, 2), [proof(A, &[1, 2], true), proof(A, &[3], false), proof(B, &[], true)]);
    }

    #[test]
    fn without_proofs_each_value_has_a_call() {
        let plan = plan(&[Request::Account(A), Request::Storage(A, U256::ZERO), Request::Code(B)]);
        let calls = all(plan, false, 256);
        assert_eq!(
            calls,
            [
                Call::Code { address: B, expected: None },
                Call::Balance(A),
                Call::Nonce(A),
                Call::AccountCode(A),
                Call::Slot(A, U256::ZERO)
            ]
        );
    }
}
