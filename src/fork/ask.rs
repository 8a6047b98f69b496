//! From questions to calls: what is at hand, what has to be asked for, and with which methods.

use super::call::Call;
use super::failure::Failure;
use super::inner::{Inner, ProofUse};
use super::options::{AccountSource, LogLevel};
use super::plan::{Means, Plan, Want};
use crate::keys::SlotKey;
use crate::state::Request;
use alloy_primitives::KECCAK256_EMPTY;

impl Inner {
    /// The calls for a question that no [`Want`] can tell.
    pub(super) fn own_calls(&mut self, request: Request) -> Option<Vec<Call>> {
        match request {
            Request::Proof(address) => Some(self.paths.calls(address)),
            request => self.foresights.call(request).map(|call| vec![call]),
        }
    }

    /// Whether accounts and slots are asked for with `eth_getProof`.
    pub(super) fn proofs(&self) -> bool {
        match self.source {
            _ if self.verifies() => true,
            AccountSource::Auto => matches!(self.proof_use, ProofUse::Untried | ProofUse::Kept),
            AccountSource::Proof => true,
            AccountSource::Fields => false,
        }
    }

    /// Whether so many accounts may be asked for that it matters how long the node takes for a proof, which is not known.
    pub(super) fn may_try_proofs(&self) -> bool {
        self.source == AccountSource::Auto && self.proof_use == ProofUse::Untried && !self.verifies()
    }

    /// Has accounts and slots asked for without proofs from here on.
    pub(super) fn leave_proofs(&mut self, why: impl FnOnce() -> String) {
        if self.proof_use != ProofUse::Left {
            self.proof_use = ProofUse::Left;
            self.journal.write(LogLevel::Info, || format!("no proofs from here on: {}", why()));
        }
    }

    /// Why the failed call could not be done without, for the error text.
    pub(super) fn need_of(&self, call: &Call, failure: &Failure) -> &'static str {
        match call {
            Call::Paths { .. } if failure.no_proof => "; trie nodes need eth_getProof",
            Call::Proof { .. } if failure.no_proof && self.verifies() => "; verify needs eth_getProof",
            _ => "",
        }
    }

    /// With which methods values are asked for now.
    pub(super) fn means(&self) -> Means {
        Means { proofs: self.proofs(), storage_values: !self.no_storage_values, max_slots: self.max_slots }
    }

    /// Adds a question to a plan.
    pub(super) fn add_to(&mut self, plan: &mut Plan, want: Want) {
        match self.own_calls(want.request) {
            Some(calls) => calls.into_iter().for_each(|call| plan.add_call(call)),
            None => plan.add(want),
        }
        if want.request == Request::Block && self.asks_head {
            plan.add_pin_call(Call::Head);
        }
        if want.request == Request::Block && self.wants_genesis() {
            plan.add_pin_call(Call::Genesis);
        }
    }

    /// Whether what `call` was for is to be asked with other methods, because the node has not this one.
    pub(super) fn asks_otherwise(&mut self, call: &Call, failure: &Failure) -> bool {
        if call.is_proof() && failure.no_proof && self.source == AccountSource::Auto && !self.verifies() {
            self.leave_proofs(|| failure.text.clone());
            return true;
        }
        if call.is_storage_values() && !failure.transient && !failure.hopeless {
            if !self.no_storage_values {
                self.journal
                    .write(LogLevel::Info, || format!("no eth_getStorageValues from here on: {}", failure.text));
            }
            self.no_storage_values = true;
            return true;
        }
        false
    }

    /// Whether the question can be answered at once.
    pub(super) fn is_ready(&self, want: &Want) -> bool {
        match want.request {
            Request::Block => !self.lacks_pin(),
            Request::Account(address) => self.cache.accounts.contains(&address),
            Request::Storage(address, slot) => self.cache.slots.contains(&SlotKey(address, slot)),
            Request::Code(address) => {
                let known = self.cache.accounts.peek(&address);
                let known = known.map(|account| account.map_or(KECCAK256_EMPTY, |account| account.code_hash));
                let hash = want.code_hash.or(known);
                hash.is_some_and(|hash| hash == KECCAK256_EMPTY || self.cache.code.contains(&hash))
            }
            Request::Foresight(id) => self.foresights.answers.contains_key(&id),
            Request::Proof(address) => !self.flights.contains_key(&want.request) && !self.paths.are_wanted(&address),
            Request::BlockHash(number) if self.verifies() => self.headers.has(number),
            Request::BlockHash(number) => {
                self.pin.is_some_and(|pin| number >= pin.number) || self.cache.block_hashes.contains(&number)
            }
        }
    }

    /// Adds what has to be asked for so that `request` can be answered: a code needs its account too, and a block hash
    /// that is checked the headers above.
    pub(super) fn wants(&self, request: Request, wants: &mut Vec<Want>) {
        match request {
            Request::Code(address) => {
                let account = self.cache.accounts.peek(&address).copied();
                match account {
                    // Without proofs the code comes along with the account.
                    None if !self.proofs() => {}
                    None => wants.push(request.into()),
                    Some(account) => {
                        wants.push(Want { request, code_hash: account.map(|account| account.code_hash) });
                    }
                }
                if account.is_none() {
                    wants.push(Request::Account(address).into());
                }
            }
            Request::BlockHash(number) if self.verifies() && self.pin.is_some() => {
                if !self.cache.block_hashes.contains(&number) {
                    wants.extend(self.headers.lacking(number).map(|header| Want::from(Request::BlockHash(header))));
                }
            }
            _ => wants.push(request.into()),
        }
    }
}
