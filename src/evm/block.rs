//! The block that an execution sees, from JSON.

use super::hardfork::Hardfork;
use crate::error::{Error, Result};
use crate::json::{self, Fields};
use crate::text::{parse_hash, parse_u64};
use alloy_eips::eip7892::{BPO1_BASE_UPDATE_FRACTION, BPO2_BASE_UPDATE_FRACTION};
use alloy_primitives::{Address, B256, U256};
use revm::context::BlockEnv;
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::primitives::eip4844::{BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN, BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE};
use serde_json::Value;

/// Chain id, and the timestamps from which the blob parameter forks 1 and 2 are in force on it.
const BLOB_PARAMETER_FORKS: [(u64, u64, u64); 4] = [
    (1, 1_765_290_071, 1_767_747_671),          // mainnet
    (11_155_111, 1_761_017_184, 1_761_607_008), // Sepolia
    (17_000, 1_759_800_000, 1_760_389_824),     // Holesky
    (560_048, 1_762_365_720, 1_762_955_544),    // Hoodi
];

/// The blob base fee is the exponential of excess / fraction, which overflows 128 bits on its way soon after this.
const MAX_BLOB_FEE_EXPONENT: u64 = 50;

/// How slowly the blob base fee follows the excess blob gas (`BLOB_BASE_FEE_UPDATE_FRACTION`).
///
/// From Osaka on, the public chains change it between hardforks by timestamp (EIP-7892); other chains keep Osaka's.
#[must_use]
pub(super) fn blob_fee_update_fraction(hardfork: Hardfork, chain_id: u64, timestamp: U256) -> u64 {
    if hardfork < Hardfork::Prague {
        return BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN;
    }
    match BLOB_PARAMETER_FORKS.iter().find(|(id, ..)| *id == chain_id && hardfork >= Hardfork::Osaka) {
        Some((_, _, second)) if timestamp >= U256::from(*second) => BPO2_BASE_UPDATE_FRACTION,
        Some((_, first, _)) if timestamp >= U256::from(*first) => BPO1_BASE_UPDATE_FRACTION,
        _ => BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE,
    }
}

/// Takes over what a block in the form of `eth_getBlockByNumber` says: `number`, `timestamp`, `gasLimit`,
/// `baseFeePerGas`, `miner`, `mixHash`, `difficulty`, `excessBlobGas`.
///
/// What is not given stays as it is in `env`; other fields are ignored, since a block has many more. The blob base fee
/// follows from `excessBlobGas`. An error leaves `env` as it was.
pub fn apply_block(block: &Value, env: &mut BlockEnv, hardfork: Hardfork, chain_id: u64) -> Result<()> {
    let fields = Fields::new("the block", block)?;
    let mut new = env.clone();
    assign(&mut new.number, fields.quantity("number")?);
    assign(&mut new.timestamp, fields.quantity("timestamp")?);
    assign(&mut new.gas_limit, fields.u64("gasLimit")?);
    assign(&mut new.basefee, fields.u64("baseFeePerGas")?);
    assign(&mut new.beneficiary, fields.address("miner")?);
    assign(&mut new.difficulty, fields.quantity("difficulty")?);
    new.prevrandao = fields.hash("mixHash")?.or(new.prevrandao);
    if let Some(excess) = fields.u64("excessBlobGas")? {
        let fraction = blob_fee_update_fraction(hardfork, chain_id, new.timestamp);
        if excess / fraction >= MAX_BLOB_FEE_EXPONENT {
            return Err(fields.invalid("excessBlobGas", "is so high that its blob base fee is beyond 1,000 ether"));
        }
        new.set_blob_excess_gas_and_price(excess, fraction);
    }
    *env = new;
    Ok(())
}

fn assign<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Block overrides as `eth_call` takes them: what is given replaces what the block has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockOverrides {
    /// `number`.
    pub number: Option<U256>,
    /// `time`, in seconds.
    pub time: Option<u64>,
    /// `gasLimit`.
    pub gas_limit: Option<u64>,
    /// `feeRecipient`, or `coinbase`.
    pub fee_recipient: Option<Address>,
    /// `prevRandao`, or `random`.
    pub prev_randao: Option<B256>,
    /// `baseFeePerGas`, or `baseFee`, in wei.
    pub base_fee_per_gas: Option<u64>,
    /// `blobBaseFee`, in wei.
    pub blob_base_fee: Option<u128>,
    /// `difficulty`; without effect since Paris.
    pub difficulty: Option<U256>,
    /// `blockHash`: number to hash, as BLOCKHASH answers.
    pub block_hashes: Vec<(u64, B256)>,
}

impl BlockOverrides {
    /// Reads the JSON object. Numbers are `0x` hex, decimal text or JSON numbers; a field with another name than those
    /// of [`BlockOverrides`] is an error.
    pub fn parse(text: &str) -> Result<Self> {
        let value = json::parse("the block overrides", text)?;
        let fields = Fields::new("the block overrides", &value)?;
        fields.only(|name| {
            matches!(
                name,
                "number"
                    | "time"
                    | "gasLimit"
                    | "feeRecipient"
                    | "coinbase"
                    | "prevRandao"
                    | "random"
                    | "baseFeePerGas"
                    | "baseFee"
                    | "blobBaseFee"
                    | "difficulty"
                    | "blockHash"
            )
        })?;
        let mut block_hashes: Vec<(u64, B256)> = Vec::new();
        for (number, hash) in fields.object("blockHash")?.into_iter().flatten() {
            let number = parse_u64("block number in blockHash of the block overrides", number.as_bytes())?;
            let what = format!("blockHash of the block overrides at block {number}");
            let hash = parse_hash(&what, json::string(&what, hash)?.as_bytes())?;
            if block_hashes.iter().any(|(known, _)| *known == number) {
                return Err(Error::InvalidInput(format!("{what} is given twice")));
            }
            block_hashes.push((number, hash));
        }
        Ok(Self {
            number: fields.quantity("number")?,
            time: fields.u64("time")?,
            gas_limit: fields.u64("gasLimit")?,
            fee_recipient: fields.either(["feeRecipient", "coinbase"], Fields::address)?,
            prev_randao: fields.either(["prevRandao", "random"], Fields::hash)?,
            base_fee_per_gas: fields.either(["baseFeePerGas", "baseFee"], Fields::u64)?,
            blob_base_fee: fields.u128("blobBaseFee")?,
            difficulty: fields.quantity("difficulty")?,
            block_hashes,
        })
    }

    /// Replaces what is given. Block hashes are no part of `env`.
    pub fn apply(&self, env: &mut BlockEnv) {
        assign(&mut env.number, self.number);
        assign(&mut env.timestamp, self.time.map(U256::from));
        assign(&mut env.gas_limit, self.gas_limit);
        assign(&mut env.beneficiary, self.fee_recipient);
        assign(&mut env.basefee, self.base_fee_per_gas);
        assign(&mut env.difficulty, self.difficulty);
        env.prevrandao = self.prev_randao.or(env.prevrandao);
        if let Some(blob_gasprice) = self.blob_base_fee {
            let excess_blob_gas = env.blob_excess_gas_and_price.map_or(0, |blob| blob.excess_blob_gas);
            env.blob_excess_gas_and_price = Some(BlobExcessGasAndPrice { excess_blob_gas, blob_gasprice });
        }
    }
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
