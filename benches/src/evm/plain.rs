//! revm itself, over its own `CacheDB`.

use super::{Account, Call, GAS, Outcome, TIME, World};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, TxKind, U256};
use revm::bytecode::Bytecode;
use revm::context::result::{EVMError, ExecutionResult, HaltReason, ResultAndState};
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::database_interface::DBErrorMarker;
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, Database, DatabaseCommit, ExecuteEvm, MainBuilder, MainContext, MainnetEvm};
use revm_database::{CacheDB, EmptyDB};
use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;

/// The hardfork of all workloads: the newest without a limit on a transaction's gas.
pub const SPEC: SpecId = SpecId::PRAGUE;

/// revm's context over a database.
pub type Machine<DB> = MainnetEvm<revm::handler::MainnetContext<DB>>;

fn account_info(account: &Account) -> AccountInfo {
    let code = Bytecode::new_raw(account.code.clone());
    AccountInfo::new(account.balance, account.nonce, code.hash_slow(), code)
}

/// The world as revm's own in-memory database, with analysed code.
#[must_use]
pub fn cache_db(world: &World) -> CacheDB<EmptyDB> {
    let mut db = CacheDB::new(EmptyDB::default());
    for (address, account) in &world.accounts {
        db.insert_account_info(*address, account_info(account));
        for (slot, value) in &account.storage {
            // The database below is empty, and its error has no value.
            let Ok(()) = db.insert_account_storage(*address, *slot, *value);
        }
    }
    db
}

/// revm with the environment of all workloads.
pub fn machine<DB: Database>(db: DB) -> Machine<DB> {
    let mut cfg = CfgEnv::new_with_spec(SPEC);
    cfg.disable_nonce_check = true;
    let block = BlockEnv { number: U256::from(1), timestamp: U256::from(TIME), gas_limit: GAS, ..BlockEnv::default() };
    Context::mainnet().with_db(db).with_cfg(cfg).with_block(block).build_mainnet()
}

/// A transaction; `to` is `None` for a creation.
#[must_use]
pub fn transaction(from: Address, to: Option<Address>, data: Bytes) -> TxEnv {
    let kind = to.map_or(TxKind::Create, TxKind::Call);
    TxEnv { caller: from, kind, data, gas_limit: GAS, ..TxEnv::default() }
}

/// The transaction of a [`Call`].
#[must_use]
pub fn call(call: &Call) -> TxEnv {
    transaction(call.from, Some(call.to), call.data.clone())
}

fn outcome(result: ExecutionResult<HaltReason>) -> Outcome {
    let (success, gas_used, logs) = (result.is_success(), result.tx_gas_used(), result.logs().len());
    Outcome { success, gas_used, output: result.into_output().unwrap_or_default(), logs }
}

/// The plain side of a workload.
pub struct Plain {
    machine: Machine<CacheDB<EmptyDB>>,
    transaction: TxEnv,
}

impl Plain {
    /// A machine over `world` that runs `call`.
    #[must_use]
    pub fn new(world: &World, call: &Call) -> Self {
        Self { machine: machine(cache_db(world)), transaction: self::call(call) }
    }

    /// Runs the transaction; its changes are dropped.
    ///
    /// # Errors
    /// When revm refuses the transaction.
    pub fn run(&mut self) -> Result<Outcome, EVMError<Infallible>> {
        let ResultAndState { result, .. } = self.machine.transact(self.transaction.clone())?;
        Ok(outcome(result))
    }
}

/// Sends transactions one after the other, each of which has to succeed; the world that they leave behind.
///
/// # Errors
/// When one does not succeed.
pub fn play(world: &World, transactions: impl IntoIterator<Item = (String, TxEnv)>) -> Result<World, String> {
    let mut machine = machine(cache_db(world));
    for (label, mut transaction) in transactions {
        let sender = machine.ctx.journaled_state.database.cache.accounts.get(&transaction.caller);
        transaction.nonce = sender.map_or(0, |account| account.info.nonce);
        let ResultAndState { result, state } = machine.transact(transaction).map_err(|e| format!("{label}: {e}"))?;
        if !result.is_success() {
            return Err(format!("{label}: {result:?}"));
        }
        machine.ctx.journaled_state.database.commit(state);
    }
    let cache = machine.ctx.journaled_state.database.cache;
    let account = |(address, account): (&Address, &revm_database::DbAccount)| {
        let code = match (account.info.code_hash, &account.info.code) {
            (KECCAK256_EMPTY | B256::ZERO, _) => Bytes::new(),
            (_, Some(code)) => code.original_bytes(),
            (hash, None) => cache.contracts.get(&hash).map(Bytecode::original_bytes).unwrap_or_default(),
        };
        let storage = account.storage.iter().filter(|(_, v)| !v.is_zero()).map(|(s, v)| (*s, *v)).collect();
        (*address, Account { balance: account.info.balance, nonce: account.info.nonce, code, storage })
    };
    Ok(World { accounts: cache.accounts.iter().map(account).collect() })
}

/// A question that has no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// An account.
    Account(Address),
    /// A slot.
    Storage(Address, U256),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?} is missing")
    }
}

impl std::error::Error for Missing {}
impl DBErrorMarker for Missing {}

/// A world that answers only what was fetched before.
pub struct Remote {
    below: CacheDB<EmptyDB>,
    fetched: HashSet<Missing>,
}

impl Remote {
    fn wants(&self, question: Missing) -> Result<(), Missing> {
        if self.fetched.contains(&question) { Ok(()) } else { Err(question) }
    }
}

impl Database for Remote {
    type Error = Missing;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Missing> {
        self.wants(Missing::Account(address))?;
        let Ok(account) = self.below.basic(address);
        Ok(account)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Missing> {
        let Ok(code) = self.below.code_by_hash(hash);
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Missing> {
        self.wants(Missing::Storage(address, slot))?;
        let Ok(value) = self.below.storage(address, slot);
        Ok(value)
    }

    fn block_hash(&mut self, _: u64) -> Result<B256, Missing> {
        Ok(B256::ZERO)
    }
}

/// revm without a driver: each miss ends the transaction, which is started again when the answer is there.
pub struct Restarting(Machine<Remote>, TxEnv);

impl Restarting {
    /// A machine over `world` that runs `call`.
    #[must_use]
    pub fn new(world: &World, call: &Call) -> Self {
        Self(machine(Remote { below: cache_db(world), fetched: HashSet::new() }), self::call(call))
    }

    /// Runs the transaction with nothing fetched; what came out, and how often it was started.
    ///
    /// # Errors
    /// When revm refuses the transaction.
    pub fn run(&mut self) -> Result<(Outcome, usize), EVMError<Missing>> {
        self.0.ctx.journaled_state.database.fetched.clear();
        for starts in 1.. {
            match self.0.transact(self.1.clone()) {
                Err(EVMError::Database(missing)) => {
                    self.0.ctx.journaled_state.database.fetched.insert(missing);
                }
                result => return Ok((outcome(result?.result), starts)),
            }
        }
        unreachable!("each start fetches something new")
    }
}
