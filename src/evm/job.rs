//! What is executed: a transaction, or a message by itself.

use super::driver;
use super::message::Message;
use super::options::EvmOptions;
use super::transaction::Transaction;
use crate::error::Result;
use alloy_primitives::Address;
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::context_interface::Cfg;
use revm::context_interface::block::BlobExcessGasAndPrice;

/// What is executed.
#[derive(Clone, Debug)]
pub enum Job {
    /// A transaction.
    Transaction(Box<Transaction>),
    /// A message.
    Message(Box<Message>),
}

impl From<Transaction> for Job {
    fn from(transaction: Transaction) -> Self {
        Self::Transaction(Box::new(transaction))
    }
}

impl From<Message> for Job {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl Job {
    /// The transaction and the rules as revm sees them.
    pub(super) fn environment(
        &self,
        cfg: &CfgEnv,
        mut block: BlockEnv,
        options: &EvmOptions,
    ) -> Result<(TxEnv, CfgEnv, BlockEnv)> {
        let mut cfg = cfg.clone();
        let transaction = match self {
            Self::Message(message) => return Ok((message.environment(), cfg, block)),
            Self::Transaction(transaction) => transaction,
        };
        transaction.check_chain(options.chain_id)?;
        let mut tx = transaction.env.clone();
        let lenient = transaction.lenient;
        if lenient.gas {
            tx.gas_limit = options.gas_cap.unwrap_or(block.gas_limit).min(cfg.tx_gas_limit_cap());
        }
        cfg.disable_nonce_check |= lenient.nonce;
        cfg.disable_eip3607 |= lenient.sender_code;
        if lenient.fees {
            cfg.disable_base_fee = true;
            block.basefee = 0;
        }
        if lenient.blob_fee {
            block.blob_excess_gas_and_price = Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 0 });
        }
        Ok((tx, cfg, block))
    }

    pub(super) fn to_driver(&self) -> driver::Job {
        match self {
            Self::Transaction(_) => driver::Job::Transaction,
            Self::Message(message) => driver::Job::Message(message.clone()),
        }
    }

    /// Who sends it.
    pub(super) fn sender(&self) -> Address {
        match self {
            Self::Transaction(transaction) => transaction.env.caller,
            Self::Message(message) => message.caller,
        }
    }

    /// The called account; `None` for a creation.
    pub(super) fn recipient(&self) -> Option<Address> {
        match self {
            Self::Transaction(transaction) => transaction.env.kind.into_to(),
            Self::Message(message) => message.to,
        }
    }

    /// The called account and the first four bytes of its call data.
    pub(super) fn selector(&self) -> Option<(Address, [u8; 4])> {
        let to = self.recipient()?;
        let input = match self {
            Self::Transaction(transaction) => &transaction.env.data,
            Self::Message(message) => &message.input,
        };
        Some((to, input.first_chunk().copied().unwrap_or_default()))
    }
}
