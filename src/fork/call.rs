//! One JSON-RPC request: its method, its parameters, and which questions its answer settles.

use super::block::{BlockParam, BlockTag};
use crate::state::{Foresight, ForesightMethod, Request};
use alloy_primitives::{Address, B256, U256};
use std::fmt::Write;
use std::sync::Arc;

/// A JSON-RPC request that the fork can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    ChainId,
    /// Resolves the block tag.
    Block,
    /// The hash of the chain's first block, by which the persistent cache tells chains with one id apart.
    Genesis,
    /// The number of the newest block.
    Head,
    /// Looks up which block has this number now.
    Look(u64),
    BlockHash(u64),
    /// `eth_getProof`. `account` tells whether the account was asked for, or comes along only.
    Proof {
        address: Address,
        slots: Vec<U256>,
        account: bool,
    },
    /// `eth_getProof` for its trie nodes: the account's path, and those of the slots.
    Paths {
        address: Address,
        slots: Vec<U256>,
    },
    Balance(Address),
    Nonce(Address),
    /// The code as a part of the account, where `eth_getProof` is not used.
    AccountCode(Address),
    /// The code for itself; its hash must be `expected` where that is known.
    Code {
        address: Address,
        expected: Option<B256>,
    },
    Slot(Address, U256),
    /// Slots of one or several accounts, without proofs.
    Slots(Vec<(Address, Vec<U256>)>),
    /// What a transaction will touch.
    Foresight(Arc<Foresight>),
}

impl Call {
    pub(super) fn method(&self, tag: &BlockTag) -> &'static str {
        match self {
            Self::ChainId => "eth_chainId",
            Self::Block => tag.query().0,
            Self::Genesis | Self::BlockHash(_) | Self::Look(_) => "eth_getBlockByNumber",
            Self::Head => "eth_blockNumber",
            Self::Proof { .. } | Self::Paths { .. } => "eth_getProof",
            Self::Balance(_) => "eth_getBalance",
            Self::Nonce(_) => "eth_getTransactionCount",
            Self::AccountCode(_) | Self::Code { .. } => "eth_getCode",
            Self::Slot(..) => "eth_getStorageAt",
            Self::Slots(_) => "eth_getStorageValues",
            Self::Foresight(question) => match question.method {
                ForesightMethod::AccessList => "eth_createAccessList",
                ForesightMethod::Prestate => "debug_traceCall",
            },
        }
    }

    /// The JSON array of parameters. `block` names the pinned block; it is not used before that is known.
    pub(super) fn params(&self, tag: &BlockTag, block: &BlockParam) -> String {
        match self {
            Self::ChainId | Self::Head => "[]".into(),
            Self::Block => tag.query().1,
            Self::Genesis => "[\"0x0\",false]".into(),
            Self::BlockHash(number) | Self::Look(number) => format!("[\"{number:#x}\",false]"),
            Self::Proof { address, slots, .. } | Self::Paths { address, slots } => {
                let mut params = format!("[\"{address:#x}\",");
                write_slots(&mut params, slots);
                // Writing to a `String` cannot fail.
                let _ = write!(params, ",{}]", block.json());
                params
            }
            Self::Slots(accounts) => {
                let mut params = "[{".to_owned();
                for (i, (address, slots)) in accounts.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    // Writing to a `String` cannot fail.
                    let _ = write!(params, "{comma}\"{address:#x}\":");
                    write_slots(&mut params, slots);
                }
                let _ = write!(params, "}},{}]", block.json());
                params
            }
            Self::Balance(address) | Self::Nonce(address) | Self::AccountCode(address) | Self::Code { address, .. } => {
                format!("[\"{address:#x}\",{}]", block.json())
            }
            Self::Slot(address, slot) => {
                format!("[\"{address:#x}\",\"{:#x}\",{}]", B256::from(*slot), block.json())
            }
            Self::Foresight(question) => {
                let tracer = match question.method {
                    ForesightMethod::AccessList => "",
                    ForesightMethod::Prestate => ",{\"tracer\":\"prestateTracer\"}",
                };
                format!("[{},{}{tracer}]", question.transaction, block.json())
            }
        }
    }

    /// Whether it belongs to those that resolve the pin.
    pub(super) fn is_pin(&self) -> bool {
        matches!(self, Self::ChainId | Self::Block | Self::Head | Self::Genesis)
    }

    pub(super) fn is_proof(&self) -> bool {
        matches!(self, Self::Proof { .. })
    }

    /// The questions that stay open when this call fails.
    pub(super) fn covers(&self) -> Vec<Request> {
        match self {
            Self::ChainId | Self::Block | Self::Head => vec![Request::Block],
            // Without it the block is known all the same.
            Self::Genesis | Self::Look(_) => Vec::new(),
            Self::BlockHash(number) => vec![Request::BlockHash(*number)],
            Self::Proof { address, slots, account } => {
                let slots = slots.iter().map(|slot| Request::Storage(*address, *slot));
                account.then_some(Request::Account(*address)).into_iter().chain(slots).collect()
            }
            Self::Paths { address, .. } => vec![Request::Proof(*address)],
            Self::Balance(address) | Self::Nonce(address) | Self::AccountCode(address) => {
                vec![Request::Account(*address)]
            }
            Self::Code { address, .. } => vec![Request::Code(*address)],
            Self::Slot(address, slot) => vec![Request::Storage(*address, *slot)],
            Self::Slots(accounts) => accounts
                .iter()
                .flat_map(|(address, slots)| slots.iter().map(|slot| Request::Storage(*address, *slot)))
                .collect(),
            Self::Foresight(question) => vec![Request::Foresight(question.id)],
        }
    }

    /// Whether the call has another form for nodes that have not its method.
    pub(super) fn is_storage_values(&self) -> bool {
        matches!(self, Self::Slots(_))
    }

    /// Cuts the slots of a proof so that its parameters fit into `max_len` bytes, one slot at least; returns the rest.
    pub(super) fn fit(&mut self, block: &BlockParam, max_len: usize) -> Vec<U256> {
        // Quotes, `0x`, 64 digits and a comma.
        const SLOT_LEN: usize = 69;
        let (Self::Proof { slots, .. } | Self::Paths { slots, .. }) = self else { return Vec::new() };
        // Brackets, quotes, commas, `0x` and 40 digits around slots and block.
        let frame = "[\"0x\",[],]".len() + 40 + block.json().len();
        let room = max_len.saturating_sub(frame).saturating_add(1) / SLOT_LEN;
        if slots.len() <= room { Vec::new() } else { slots.split_off(room.max(1).min(slots.len())) }
    }

    /// Method, address, slot and block, for error texts.
    pub(super) fn describe(&self, tag: &BlockTag, block: &BlockParam) -> String {
        let method = self.method(tag);
        match self {
            Self::ChainId | Self::Head => method.to_owned(),
            Self::Block => format!("{method} of block {tag}"),
            Self::Genesis => format!("{method} of block 0"),
            Self::BlockHash(number) | Self::Look(number) => format!("{method} of block {number}"),
            Self::Slots(accounts) => {
                let slots: usize = accounts.iter().map(|(_, slots)| slots.len()).sum();
                let first = accounts.first().map(|(address, _)| address).copied().unwrap_or_default();
                format!(
                    "{method} of {slots} slots of {first} and {} more, at block {block}",
                    accounts.len().saturating_sub(1)
                )
            }
            Self::Proof { address, slots, .. } | Self::Paths { address, slots } => match slots.as_slice() {
                [] => format!("{method} of {address} at block {block}"),
                [slot] => format!("{method} of {address}, slot {slot:#x}, at block {block}"),
                [slot, rest @ ..] => {
                    format!("{method} of {address}, slot {slot:#x} and {} more, at block {block}", rest.len())
                }
            },
            Self::Balance(address) | Self::Nonce(address) | Self::AccountCode(address) | Self::Code { address, .. } => {
                format!("{method} of {address} at block {block}")
            }
            Self::Slot(address, slot) => format!("{method} of {address}, slot {slot:#x}, at block {block}"),
            Self::Foresight(_) => format!("{method} at block {block}"),
        }
    }
}

/// A JSON array of slots, always of 32 bytes: anvil and hardhat refuse shorter keys.
fn write_slots(params: &mut String, slots: &[U256]) {
    params.push('[');
    for (i, slot) in slots.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        // Writing to a `String` cannot fail.
        let _ = write!(params, "{comma}\"{:#x}\"", B256::from(*slot));
    }
    params.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(slots: usize) -> Call {
        Call::Proof { address: Address::repeat_byte(0xaa), slots: (0..slots).map(U256::from).collect(), account: true }
    }

    #[test]
    fn slot_keys_have_32_bytes() {
        let params = proof(2).params(&BlockTag::Latest, &BlockParam::Number(16));
        let zero = "0".repeat(64);
        let one = format!("{}1", "0".repeat(63));
        assert_eq!(params, format!("[\"0x{}\",[\"0x{zero}\",\"0x{one}\"],\"0x10\"]", "aa".repeat(20)));
    }

    #[test]
    fn proofs_are_cut_to_the_last_byte() {
        let block = BlockParam::Number(16);
        for slots in 1..6 {
            let len = proof(slots).params(&BlockTag::Latest, &block).len();
            let mut exact = proof(5);
            assert_eq!(exact.fit(&block, len).len(), 5 - slots);
            assert_eq!(exact.params(&BlockTag::Latest, &block).len(), len);
            let mut short = proof(5);
            assert_eq!(short.fit(&block, len - 1).len(), 5 - (slots - 1).max(1));
        }
        assert_eq!(proof(3).fit(&block, 0).len(), 2);
        assert!(proof(0).fit(&block, 0).is_empty());
    }
}
