//! The local state as JSON that other tools load.

use super::account::{AccountStatus, Existence};
use super::source::Request;
use super::world::State;
use crate::error::Result;
use alloy_primitives::{B256, hex};
use std::fmt::Write;

/// A JSON form of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpFormat {
    /// The `alloc` object of geth's genesis file: address to `{balance, nonce, code, storage}`.
    GenesisAlloc,
    /// The file of `anvil --dump-state` and `--load-state`, without blocks and transactions.
    Anvil,
}

impl State {
    /// Every account that local writes touched and that exists, in ascending order of address, with its non-zero local
    /// slots.
    ///
    /// On a fork, fields that were not written locally are asked of the source, in one go; slots and accounts that were
    /// never written locally are not part of the dump.
    pub fn dump(&self, format: DumpFormat) -> Result<String> {
        if let Some(source) = &self.source {
            let partial = self.accounts.iter().filter(|(_, account)| !account.is_complete());
            let unread = partial.flat_map(|(address, account)| {
                let code = account.code.is_none().then_some(Request::Code(address));
                [Some(Request::Account(address)), code].into_iter().flatten()
            });
            source.prefetch(&unread.collect::<Vec<_>>())?;
        }
        let mut touched: Vec<_> = self.accounts.iter().filter(|(_, a)| a.existence != Existence::Absent).collect();
        touched.sort_unstable_by_key(|(address, _)| *address);
        let mut storages = self.slots.by_storage(|_| true);
        let mut accounts = String::from("{");
        for (address, account) in touched {
            let info = self.account(address)?;
            if info.status == AccountStatus::Absent {
                continue;
            }
            let code = hex::encode_prefixed(self.code(address)?);
            let separator = if accounts.len() == 1 { "" } else { "," };
            let _ = write!(accounts, "{separator}\n\"{address:#x}\":{{\"balance\":\"{:#x}\"", info.balance);
            let _ = match format {
                DumpFormat::GenesisAlloc => write!(accounts, ",\"nonce\":\"{:#x}\"", info.nonce),
                DumpFormat::Anvil => write!(accounts, ",\"nonce\":{}", info.nonce),
            };
            let _ = write!(accounts, ",\"code\":\"{code}\",\"storage\":{{");
            let mut slots = storages.remove(&account.storage.id).unwrap_or_default();
            slots.retain(|(_, value)| !value.is_zero());
            slots.sort_unstable();
            for (position, (slot, value)) in slots.into_iter().enumerate() {
                let separator = if position == 0 { "" } else { "," };
                let _ = write!(accounts, "{separator}\"{}\":\"{}\"", B256::from(slot), B256::from(value));
            }
            accounts.push_str("}}");
        }
        accounts.push_str("\n}");
        Ok(match format {
            DumpFormat::GenesisAlloc => accounts,
            DumpFormat::Anvil => format!(
                "{{\"block\":null,\"accounts\":{accounts},\"best_block_number\":null,\"blocks\":[],\"transactions\":[],\
                 \"historical_states\":null}}"
            ),
        })
    }
}
