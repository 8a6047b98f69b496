//! revm's journal, as an EVM uses it within one transaction: every account and slot loaded and warm.

use super::{Revertible, Subject};
use alloy_primitives::{Address, U256};
use revm_context::journal::{JournalEntry, JournalInner};
use revm_context::journaled_state::JournalCheckpoint;
use revm_database::EmptyDB;

/// revm's `JournalInner` over an empty database.
pub struct RevmJournal {
    journal: JournalInner<JournalEntry>,
    database: EmptyDB,
}

impl Subject for RevmJournal {
    const NAME: &str = "revm JournalInner";

    fn new() -> Self {
        Self { journal: JournalInner::new(), database: EmptyDB::default() }
    }

    fn get(&mut self, address: Address, slot: U256) -> U256 {
        self.journal.sload(&mut self.database, address, slot, false).expect("in memory").data
    }

    fn set(&mut self, address: Address, slot: U256, value: U256) {
        self.journal.sstore(&mut self.database, address, slot, value, false).expect("in memory");
    }

    fn balance(&mut self, address: Address) -> U256 {
        self.journal.load_account(&mut self.database, address).expect("in memory").data.info.balance
    }

    fn set_balance(&mut self, address: Address, balance: U256) {
        self.journal.balance_incr(&mut self.database, address, balance).expect("in memory");
    }

    /// Forgets the journal of the filling; its values stay, warm.
    fn settle(&mut self) {
        self.journal.journal.clear();
        self.journal.journal.shrink_to_fit();
    }
}

impl Revertible for RevmJournal {
    type Mark = JournalCheckpoint;

    fn mark(&mut self) -> JournalCheckpoint {
        self.journal.checkpoint()
    }

    fn revert(&mut self, mark: JournalCheckpoint) {
        self.journal.checkpoint_revert(mark);
    }
}
