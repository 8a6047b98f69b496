//! What is executed: a transaction, or a message by itself.

use super::driver;
use super::message::Message;
use super::options::EvmOptions;
use super::transaction::Transaction;
use crate::error::Result;
use crate::state::Request;
use alloy_primitives::Address;
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::context_interface::Cfg;
use revm::context_interface::block::BlobExcessGasAndPrice;
use serde_json::{Map, Value};

/// Gas of a transaction that gives none, in a block that gives no limit: as much as nodes allow a call by default.
const GAS_WITHOUT_BLOCK: u64 = 50_000_000;

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
            let limit = if block.gas_limit == u64::MAX { GAS_WITHOUT_BLOCK } else { block.gas_limit };
            tx.gas_limit = options.gas_cap.unwrap_or(limit).min(cfg.tx_gas_limit_cap());
        }
        if tx.tx_type != 0 {
            tx.chain_id.get_or_insert(options.chain_id);
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

    /// The transaction as `eth_call` takes it; `None` for a message with code of its own, which no node could run.
    pub(super) fn to_json(&self) -> Option<String> {
        let mut call = Map::new();
        let mut set = |name: &str, value: String| call.insert(name.to_owned(), value.into());
        let (to, value, input, gas) = match self {
            Self::Transaction(transaction) => {
                let env = &transaction.env;
                (env.kind.into_to(), env.value, &env.data, (!transaction.lenient.gas).then_some(env.gas_limit))
            }
            Self::Message(message) if message.code.is_some() => return None,
            // What a message has no intrinsic gas for would lack in the node's call.
            Self::Message(message) => (message.to, message.value, &message.input, None),
        };
        set("from", format!("{:#x}", self.sender()));
        if let Some(to) = to {
            set("to", format!("{to:#x}"));
        }
        if let Some(gas) = gas {
            set("gas", format!("{gas:#x}"));
        }
        set("value", format!("{value:#x}"));
        set("input", input.to_string());
        Some(Value::Object(call).to_string())
    }

    /// What its access list names (EIP-2930).
    pub(super) fn declared(&self) -> impl Iterator<Item = Request> {
        let list = match self {
            Self::Transaction(transaction) => transaction.env.access_list.0.as_slice(),
            Self::Message(_) => &[],
        };
        list.iter().flat_map(|item| {
            let address = item.address;
            let slots = item.storage_keys.iter().map(move |slot| Request::Storage(address, (*slot).into()));
            [Request::Account(address), Request::Code(address)].into_iter().chain(slots)
        })
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
