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

    /// The next call, with at most `max_slots` slots in a proof; without `proofs`, each value has a call of its own.
    pub(super) fn next(&mut self, proofs: bool, max_slots: usize) -> Option<Call> {
        if let Some(call) = self.calls.pop_front() {
            return Some(call);
        }
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

    /// The next call that resolves the pin.
    pub(super) fn next_pin(&mut self) -> Option<Call> {
        matches!(self.calls.front()?, Call::ChainId | Call::Block).then(|| self.calls.pop_front())?
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

    fn all(mut plan: Plan, proofs: bool, max_slots: usize) -> Vec<Call> {
        std::iter::from_fn(|| plan.next(proofs, max_slots)).collect()
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
