//! Execution: what is executed, and who executes it.
//!
//! | part | what it does |
//! |---|---|
//! | [`World`] | accounts that both sides start from |
//! | [`Workload`] | a world and one transaction on it |
//! | [`assembly`] | loops of single instructions |
//! | [`scene`] | the contracts of `tests/contracts`, deployed and populated |
//! | [`fixtures`] | the transactions of the official state tests |
//! | [`plain`] | revm itself |
//! | [`ours`] | `worldstate` |
//! | [`forked`] | the same over a fork |
//! | [`measure`] | two sides in turn, in short rounds |

pub mod assembly;
pub mod fixtures;
pub mod forked;
pub mod measure;
pub mod ours;
pub mod plain;
pub mod scene;

use alloy_primitives::map::{AddressMap, U256Map};
use alloy_primitives::{Address, Bytes, U256, address};

/// Who sends the transactions of the workloads without a scene.
pub const CALLER: Address = address!("00000000000000000000000000000000000ca11e");
/// The contract that they call.
pub const TARGET: Address = address!("00000000000000000000000000000000007a96e7");
/// A contract that the target calls.
pub const CALLEE: Address = address!("0000000000000000000000000000000000ca11ee");
/// Gas of a transaction, and of the block: no workload comes near it.
pub const GAS: u64 = 1_000_000_000;
/// The block's time in seconds.
pub const TIME: u64 = 2_000_000_000;

/// An account of a [`World`].
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// In wei.
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Empty for an account without.
    pub code: Bytes,
    /// The slots that are not zero.
    pub storage: U256Map<U256>,
}

/// Everything that exists before an execution.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The accounts.
    pub accounts: AddressMap<Account>,
}

impl World {
    /// An account, which appears when it was not there.
    pub fn account(&mut self, address: Address) -> &mut Account {
        self.accounts.entry(address).or_default()
    }

    /// Accounts and slots together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.values().map(|account| 1 + account.storage.len()).sum()
    }

    /// Whether nothing exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

/// A transaction without price, sent on from a world that is as it was each time.
#[derive(Clone, Debug)]
pub struct Call {
    /// The sender.
    pub from: Address,
    /// The contract.
    pub to: Address,
    /// Call data.
    pub data: Bytes,
}

/// One transaction on a world.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Short name, unique.
    pub id: &'static str,
    /// One line for the table.
    pub what: &'static str,
    /// What exists.
    pub world: World,
    /// The transaction.
    pub call: Call,
}

/// What came out of an execution, for the comparison of both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it ended without revert or failure.
    pub success: bool,
    /// Gas used, refund taken off.
    pub gas_used: u64,
    /// What was returned.
    pub output: Bytes,
    /// Number of logs.
    pub logs: usize,
}

/// Everything that both sides run when all state is at hand.
///
/// # Errors
/// When the compiled contracts are not there.
pub fn local_workloads() -> Result<Vec<Workload>, Box<dyn std::error::Error>> {
    let mut workloads = vec![assembly::snailtracer()?, scene::Scene::load()?.transfer_loop()?];
    workloads.extend([assembly::warm_sload(), assembly::cold_sload(), assembly::call(), assembly::compute()]);
    Ok(workloads)
}
