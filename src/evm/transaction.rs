//! A transaction to execute.

use super::hardfork::Hardfork;
use crate::error::{Error, Result};
use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{EthereumTxEnvelope, Transaction as _, TxEip4844Variant, Typed2718};
use alloy_eips::Decodable2718;
use alloy_eips::eip7594::BlobTransactionSidecarVariant;
use alloy_primitives::{Address, U256, uint};
use revm::context::TxEnv;
use revm::context_interface::either::Either;

/// Half the order of secp256k1: since Homestead no valid signature has a greater `s` (EIP-2).
const HALF_ORDER: U256 = uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// A signed envelope, with or without the sidecar of blobs.
type Envelope = EthereumTxEnvelope<TxEip4844Variant<BlobTransactionSidecarVariant>>;

/// Which checks a transaction is exempt from. A signed transaction is exempt from none; what an unsigned one leaves
/// open is as `eth_call` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent exemption")]
pub struct Lenient {
    /// No nonce was given: it is not checked.
    pub nonce: bool,
    /// No gas was given: it is the execution's gas cap, or else the block's gas limit. [`TxEnv::gas_limit`] is 0.
    pub gas: bool,
    /// No fee was given, or zero: gas is free, the base fee is not checked, and BASEFEE answers 0.
    pub fees: bool,
    /// No blob fee was given, or zero: blob gas is free, the blob base fee is not checked, and BLOBBASEFEE answers 0.
    pub blob_fee: bool,
    /// The sender may have code (EIP-3607 is off).
    pub sender_code: bool,
}

/// A transaction to execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The transaction as revm takes it. Authorities of EIP-7702 are recovered already. Without a chain id it is for
    /// whatever chain the execution is on.
    pub env: TxEnv,
    /// Which checks it is exempt from.
    pub lenient: Lenient,
}

fn invalid(flaw: impl std::fmt::Display) -> Error {
    Error::InvalidInput(format!("raw transaction: {flaw}"))
}

impl Transaction {
    /// Reads a signed transaction as `eth_sendRawTransaction` takes it: the envelope of EIP-2718 of the types legacy
    /// (with and without replay protection), 2930, 1559, 4844 (with and without its sidecar of blobs, which is not
    /// looked at) and 7702. The sender is recovered from the signature.
    ///
    /// `hardfork` decides which signatures are valid: `s` in the upper half is only on Frontier, replay protection
    /// (EIP-155) is from Spurious Dragon on. Whether the hardfork has the transaction's type is found by executing it.
    /// An authorization of EIP-7702 with an invalid signature is no error: it is skipped by the execution.
    pub fn from_raw(raw: &[u8], hardfork: Hardfork) -> Result<Self> {
        let mut rest = raw;
        let envelope = Envelope::decode_2718(&mut rest).map_err(|error| match raw.first() {
            None => invalid("it is empty"),
            Some(kind @ 0..=0x7f) => invalid(format!("type {kind}: {error}")),
            Some(_) => invalid(format!("legacy: {error}")),
        })?;
        if !rest.is_empty() {
            return Err(invalid(format!("{} bytes follow its end", rest.len())));
        }
        if envelope.is_legacy() && envelope.chain_id().is_some() && hardfork < Hardfork::SpuriousDragon {
            return Err(invalid(format!("{hardfork} has no replay protection (EIP-155)")));
        }
        let caller = sender(&envelope, hardfork)?;
        let authorizations = envelope.authorization_list().unwrap_or_default();
        let env = TxEnv {
            tx_type: envelope.ty(),
            caller,
            gas_limit: envelope.gas_limit(),
            gas_price: envelope.max_fee_per_gas(),
            kind: envelope.kind(),
            value: envelope.value(),
            data: envelope.input().clone(),
            nonce: envelope.nonce(),
            chain_id: envelope.chain_id(),
            access_list: envelope.access_list().cloned().unwrap_or_default(),
            gas_priority_fee: envelope.max_priority_fee_per_gas(),
            blob_hashes: envelope.blob_versioned_hashes().unwrap_or_default().to_vec(),
            max_fee_per_blob_gas: envelope.max_fee_per_blob_gas().unwrap_or_default(),
            authorization_list: authorizations.iter().map(|signed| Either::Right(signed.clone().into())).collect(),
        };
        Ok(Self { env, lenient: Lenient::default() })
    }

    /// An error that names both chains if the transaction is for another one.
    pub fn check_chain(&self, chain_id: u64) -> Result<()> {
        match self.env.chain_id {
            Some(own) if own != chain_id => Err(Error::InvalidInput(format!(
                "the transaction is for chain {own}, the execution is on chain {chain_id}"
            ))),
            _ => Ok(()),
        }
    }
}

fn sender(envelope: &Envelope, hardfork: Hardfork) -> Result<Address> {
    if hardfork > Hardfork::Frontier && envelope.signature().s() > HALF_ORDER {
        return Err(invalid("the s of its signature is in the upper half of the curve's order (EIP-2)"));
    }
    envelope.recover_signer_unchecked().map_err(|_| invalid("no sender can be recovered from its signature"))
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
