//! How executions are run.

use super::Hardfork;
use alloy_primitives::Address;

/// How an execution finds out what it will need, once something is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunAhead {
    /// Not at all: one thing after the other.
    #[default]
    Off,
    /// By running on with provisional values.
    On,
    /// By asking the node with `eth_createAccessList`; by running on where it cannot tell.
    AccessList,
    /// By asking the node with `debug_traceCall` and its prestate tracer, then as [`Self::AccessList`].
    Prestate,
}

/// Rules and switches of an [`Evm`](super::Evm).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct EvmOptions {
    /// The rules.
    pub hardfork: Hardfork,
    /// What `CHAINID` returns and a transaction's chain id has to be.
    pub chain_id: u64,
    /// Whether the host is asked for what neither the state nor a fork below it has. Otherwise what a state without
    /// fork does not hold is absent, zero, empty.
    pub ask_host: bool,
    /// How further needs are found.
    pub run_ahead: RunAhead,
    /// Storage values of the host that are kept within an execution once they have been read.
    pub cache_size: usize,
    /// Precompiled contracts that the host answers.
    pub precompiles: Vec<Address>,
    /// The sender may spend more than it has.
    pub no_balance_check: bool,
    /// The transaction's nonce need not be the sender's.
    pub no_nonce_check: bool,
    /// The fee may be below the block's base fee.
    pub no_base_fee_check: bool,
    /// Code and init code may be of any size (EIP-170, EIP-3860).
    pub no_code_size_limit: bool,
    /// The transaction's gas limit may be above the block's.
    pub no_block_gas_limit: bool,
    /// A contract may send a transaction (EIP-3607).
    pub no_sender_code_check: bool,
    /// Nothing is charged for gas and nobody is paid.
    pub no_fee: bool,
    /// The largest gas limit of a transaction: that of EIP-7825 where the hardfork has it, or none. Gas that a JSON
    /// transaction does not give is this much, or the block's gas limit, or 50,000,000 where the block has none.
    pub gas_cap: Option<u64>,
}

impl Default for EvmOptions {
    fn default() -> Self {
        Self {
            hardfork: Hardfork::default(),
            chain_id: 1,
            ask_host: false,
            run_ahead: RunAhead::Off,
            cache_size: 1024,
            precompiles: Vec::new(),
            no_balance_check: false,
            no_nonce_check: false,
            no_base_fee_check: false,
            no_code_size_limit: false,
            no_block_gas_limit: false,
            no_sender_code_check: false,
            no_fee: false,
            gas_cap: None,
        }
    }
}
