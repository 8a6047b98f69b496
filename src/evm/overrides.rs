//! State overrides as `eth_call` takes them.

use crate::error::{Error, Result};
use crate::json::{self, Fields};
use crate::state::State;
use crate::text::{parse_address, parse_word};
use alloy_primitives::map::AddressMap;
use alloy_primitives::{Address, Bytes, U256};
use std::collections::BTreeMap;

type Slots = BTreeMap<U256, U256>;

/// State that an execution is to find instead of what there is: `{address: {balance, nonce, code, state, stateDiff,
/// movePrecompileToAddress}}`.
///
/// `state` replaces the whole storage of an account, `stateDiff` single slots. Numbers are `0x` hex, decimal text or
/// JSON numbers; slots and their values `0x` hex of up to 32 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateOverrides {
    accounts: BTreeMap<Address, AccountOverride>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct AccountOverride {
    balance: Option<U256>,
    nonce: Option<u64>,
    code: Option<Bytes>,
    state: Option<Slots>,
    state_diff: Option<Slots>,
    precompile_target: Option<Address>,
}

/// What state overrides do to the precompiles of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrecompileOverrides {
    /// Precompiles that are overridden in any way: at these addresses there are accounts instead.
    pub removed: Vec<Address>,
    /// From where to where a precompile moves; each `from` is one of `removed`. What is at the target keeps its state.
    pub moved: Vec<(Address, Address)>,
}

fn slots(fields: &Fields<'_>, name: &str) -> Result<Option<Slots>> {
    let Some(given) = fields.object(name)? else { return Ok(None) };
    let mut slots = Slots::new();
    for (slot, value) in given {
        let slot = parse_word(&format!("slot in {}", fields.what(name)), slot.as_bytes())?;
        let what = format!("{} at slot {slot:#x}", fields.what(name));
        if slots.insert(slot, parse_word(&what, json::scalar(&what, value)?.as_bytes())?).is_some() {
            return Err(Error::InvalidInput(format!("{what} is given twice")));
        }
    }
    Ok(Some(slots))
}

impl StateOverrides {
    /// Reads and checks the JSON object. An unknown field, `state` together with `stateDiff`, an address or slot in two
    /// spellings, and two precompiles that move to one address are errors.
    pub fn parse(text: &str) -> Result<Self> {
        let value = json::parse("the state overrides", text)?;
        let mut accounts = BTreeMap::new();
        for (key, value) in json::object("the state overrides", &value)? {
            let address = parse_address("address in the state overrides", key.as_bytes())?;
            let fields = Fields::new(format!("the state override of {address}"), value)?;
            fields.only(|name| {
                matches!(name, "balance" | "nonce" | "code" | "state" | "stateDiff" | "movePrecompileToAddress")
            })?;
            let account = AccountOverride {
                balance: fields.quantity("balance")?,
                nonce: fields.u64("nonce")?,
                code: fields.bytes("code")?,
                state: slots(&fields, "state")?,
                state_diff: slots(&fields, "stateDiff")?,
                precompile_target: fields.address("movePrecompileToAddress")?,
            };
            if account.state.is_some() && account.state_diff.is_some() {
                return Err(fields.invalid("state and stateDiff", "are both given"));
            }
            if accounts.insert(address, account).is_some() {
                return Err(Error::InvalidInput(format!("the state overrides have {address} twice")));
            }
        }
        let overrides = Self { accounts };
        overrides.check_targets()?;
        Ok(overrides)
    }

    /// True if nothing is overridden.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Writes the overrides into the state: journaled, so that a revert takes exactly them back.
    pub fn apply(&self, state: &mut State) {
        for (&address, account) in &self.accounts {
            if let Some(nonce) = account.nonce {
                state.set_nonce(address, nonce);
            }
            if let Some(code) = &account.code {
                state.set_code(address, code.clone());
            }
            if let Some(balance) = account.balance {
                state.set_balance(address, balance);
            }
            if account.state.is_some() {
                state.clear_storage(address);
            }
            for (&slot, &value) in account.state.iter().chain(&account.state_diff).flatten() {
                state.set_storage(address, slot, value);
            }
        }
    }

    /// What the overrides do to the precompiles. To move what is no precompile is an error.
    pub fn precompiles(&self, is_precompile: impl Fn(Address) -> bool) -> Result<PrecompileOverrides> {
        if let Some((from, _)) = self.moves().find(|(from, _)| !is_precompile(*from)) {
            return Err(Error::InvalidInput(format!("the state override of {from} moves a precompile: it is none")));
        }
        Ok(PrecompileOverrides {
            removed: self.accounts.keys().copied().filter(|address| is_precompile(*address)).collect(),
            moved: self.moves().collect(),
        })
    }

    fn moves(&self) -> impl Iterator<Item = (Address, Address)> {
        self.accounts.iter().filter_map(|(from, account)| Some((*from, account.precompile_target?)))
    }

    fn check_targets(&self) -> Result<()> {
        let mut sources = AddressMap::default();
        for (from, to) in self.moves() {
            let flaw = if self.accounts.contains_key(&to) {
                "is overridden itself".to_owned()
            } else if let Some(other) = sources.insert(to, from) {
                format!("is the target of {other} as well")
            } else {
                continue;
            };
            let what = format!("movePrecompileToAddress of the state override of {from}");
            return Err(Error::InvalidInput(format!("{what}: {to} {flaw}")));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "overrides_tests.rs"]
mod tests;
