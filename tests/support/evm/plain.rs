//! The judge: revm as its authors drive it, over a plain world.

use super::seen::{End, Ran, Seen, Status, Warm};
use super::world::{Account, World};
use alloy_primitives::{Address, B256, U256, keccak256};
use revm::context::result::{EVMError, ExecutionResult, Output};
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::context_interface::Transaction as _;
use revm::context_interface::transaction::AuthorizationTr;
use revm::precompile::{PrecompileSpecId, Precompiles};
use revm::primitives::hardfork::SpecId;
use revm::state::{AccountInfo, Bytecode, EvmState};
use revm::{Database, ExecuteEvm, MainBuilder, MainContext};
use std::collections::BTreeSet;
use std::convert::Infallible;

/// The rules and the block.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The name in the fixtures.
    pub fork: String,
    pub spec: SpecId,
    pub chain_id: u64,
    pub max_blobs: Option<u64>,
    pub blob_fraction: Option<u64>,
    pub block: BlockEnv,
}

impl Rules {
    fn cfg(&self) -> CfgEnv {
        let mut cfg = CfgEnv::new_with_spec(self.spec);
        cfg.chain_id = self.chain_id;
        cfg.max_blobs_per_tx = self.max_blobs;
        cfg.blob_base_fee_update_fraction = self.blob_fraction;
        cfg
    }
}

/// The fixtures' rule.
pub fn block_hash(number: u64) -> B256 {
    keccak256(number.to_string())
}

struct Store<'a>(&'a World);

impl Database for Store<'_> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.0.0.get(&address).map(|account| {
            let code = Bytecode::new_raw(account.code.clone());
            AccountInfo::new(account.balance, account.nonce, account.code_hash(), code)
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        unreachable!("code {hash}: each account has brought its own")
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.0.storage(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok(block_hash(number))
    }
}

/// Runs the transaction over the world, which is the same afterwards.
pub fn run(rules: &Rules, pre: &World, tx: TxEnv) -> Seen {
    let context = Context::mainnet().with_db(Store(pre)).with_block(rules.block.clone()).with_cfg(rules.cfg());
    let mut evm = context.build_mainnet();
    match evm.transact(tx) {
        Ok(done) => Seen {
            warm: Some(warm(&done.state)),
            loaded: Some(loaded(&done.state)),
            post: Some(post(pre, &done.state)),
            end: End::Ran(ran(done.result)),
        },
        Err(error) => {
            let why = match error {
                EVMError::Transaction(error) => error.to_string(),
                other => other.to_string(),
            };
            Seen::refused(why, pre)
        }
    }
}

pub fn ran(result: ExecutionResult) -> Ran {
    let (gas_used, gas_refunded) = (result.tx_gas_used(), result.gas().final_refunded());
    let (status, output, created, logs) = match result {
        ExecutionResult::Success { output: Output::Call(output), logs, .. } => (Status::Success, output, None, logs),
        ExecutionResult::Success { output: Output::Create(output, created), logs, .. } => {
            (Status::Success, output, created, logs)
        }
        ExecutionResult::Revert { output, logs, .. } => (Status::Revert, output, None, logs),
        ExecutionResult::Halt { logs, .. } => (Status::Halt, alloy_primitives::Bytes::new(), None, logs),
    };
    Ran { status, gas_used, gas_refunded, output, created, logs }
}

fn warm(state: &EvmState) -> Warm {
    let accounts = state.iter().filter(|(_, account)| !account.status.contains(revm::state::AccountStatus::Cold));
    let marks = accounts.map(|(address, account)| {
        let slots = account.storage.iter().filter(|(_, slot)| !slot.is_cold);
        (*address, slots.map(|(slot, _)| *slot).collect())
    });
    marks.collect()
}

fn loaded(state: &EvmState) -> Warm {
    let loaded = state.iter().filter(|(_, account)| !account.is_created() || !account.storage.is_empty());
    loaded.map(|(address, account)| (*address, account.storage.keys().copied().collect())).collect()
}

/// Of what was loaded, that which `evm_get_access_list` has to list.
pub fn access_list(rules: &Rules, tx: &TxEnv, seen: &Seen) -> Warm {
    let precompiles = Precompiles::new(PrecompileSpecId::from_spec_id(rules.spec));
    let mut excluded: BTreeSet<Address> = precompiles.addresses().copied().collect();
    excluded.extend([tx.caller, rules.block.beneficiary]);
    excluded.extend(tx.authorization_list().filter_map(AuthorizationTr::authority));
    if let Some(to) = tx.kind.to() {
        excluded.insert(*to);
        let code = seen.post.as_ref().and_then(|post| post.0.get(to)).map(|account| &account.code[..]);
        excluded.extend(code.and_then(|code| code.strip_prefix(&[0xef, 0x01, 0x00])).map(Address::from_slice));
    }
    if let End::Ran(ran) = &seen.end {
        excluded.extend(ran.created);
    }
    let mut listed = seen.loaded.clone().unwrap_or_default();
    listed.retain(|address, slots| !slots.is_empty() || !excluded.contains(address));
    listed
}

/// EIP-161 for all hardforks: revm marks what has to survive before it.
fn post(pre: &World, state: &EvmState) -> World {
    let mut post = pre.clone();
    for (address, changed) in state.iter().filter(|(_, account)| account.is_touched()) {
        let emptied = changed.is_empty() && !changed.is_created();
        if changed.is_selfdestructed() || emptied {
            post.0.remove(address);
            continue;
        }
        let account = post.0.entry(*address).or_default();
        if changed.is_created() {
            account.storage.clear();
        }
        account.balance = changed.info.balance;
        account.nonce = changed.info.nonce;
        if changed.info.code_hash != account.code_hash() {
            account.code = changed.info.code.as_ref().unwrap().original_bytes();
        }
        set_slots(account, changed);
    }
    post
}

fn set_slots(account: &mut Account, changed: &revm::state::Account) {
    for (slot, value) in &changed.storage {
        if value.present_value.is_zero() {
            account.storage.remove(slot);
        } else {
            account.storage.insert(*slot, value.present_value);
        }
    }
}
