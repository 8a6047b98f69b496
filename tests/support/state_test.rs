//! State tests of the fixtures, as revm wants them.

use super::traced::Scene;
use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{Transaction, TxEnvelope};
use alloy_eips::eip2718::{Decodable2718, Encodable2718, Typed2718};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::Decodable;
use revm::context::either::Either;
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::state::{AccountInfo, Bytecode};
use serde_json::Value;

fn bytes(value: &Value) -> Bytes {
    value.as_str().expect("a text").parse().expect("hex digits")
}

fn word(value: &Value) -> U256 {
    value.as_str().map_or(U256::ZERO, |text| text.parse().expect("a number"))
}

/// The rules' name in a fixture.
pub(crate) fn rules(fork: &str) -> Option<SpecId> {
    Some(match fork {
        "Frontier" => SpecId::FRONTIER,
        "Homestead" => SpecId::HOMESTEAD,
        "EIP150" => SpecId::TANGERINE,
        "EIP158" => SpecId::SPURIOUS_DRAGON,
        "Byzantium" => SpecId::BYZANTIUM,
        "ConstantinopleFix" => SpecId::PETERSBURG,
        "Istanbul" => SpecId::ISTANBUL,
        "Berlin" => SpecId::BERLIN,
        "London" => SpecId::LONDON,
        "Paris" => SpecId::MERGE,
        "Shanghai" => SpecId::SHANGHAI,
        "Cancun" => SpecId::CANCUN,
        "Prague" => SpecId::PRAGUE,
        "Osaka" => SpecId::OSAKA,
        _ => return None,
    })
}

/// The accounts of a genesis file or of a fixture's `pre`.
pub(crate) fn accounts(alloc: &Value) -> CacheDB<EmptyDB> {
    let mut state = CacheDB::new(EmptyDB::default());
    for (address, account) in alloc.as_object().expect("accounts") {
        let address: Address = address.parse().expect("an address");
        let code = account.get("code").map(bytes).unwrap_or_default();
        let info = AccountInfo::default()
            .with_balance(word(&account["balance"]))
            .with_nonce(word(&account["nonce"]).to())
            .with_code(Bytecode::new_raw(code));
        state.insert_account_info(address, info);
        for (slot, value) in account.get("storage").and_then(Value::as_object).into_iter().flatten() {
            state.insert_account_storage(address, slot.parse().expect("a slot"), word(value)).expect("no database below");
        }
    }
    state
}

/// One case of a test: `post[fork][index]`. `None`: the transaction cannot be decoded.
pub(crate) fn scene(test: &Value, fork: &str, index: usize) -> Option<Scene> {
    let spec = rules(fork)?;
    let mut rules = CfgEnv::new_with_spec(spec);
    rules.chain_id = test["config"].get("chainid").map_or(1, |id| word(id).to());
    let env = &test["env"];
    let fraction = test["config"]["blobSchedule"][fork].get("baseFeeUpdateFraction").map(|fraction| word(fraction).to());
    let merged = spec.is_enabled_in(SpecId::MERGE);
    let block = BlockEnv {
        number: word(&env["currentNumber"]),
        beneficiary: env["currentCoinbase"].as_str()?.parse().ok()?,
        timestamp: word(&env["currentTimestamp"]),
        gas_limit: word(&env["currentGasLimit"]).to(),
        basefee: word(&env["currentBaseFee"]).to(),
        difficulty: word(&env["currentDifficulty"]),
        prevrandao: merged.then(|| B256::from(word(&env["currentRandom"]))),
        blob_excess_gas_and_price: env
            .get("currentExcessBlobGas")
            .map(|excess| BlobExcessGasAndPrice::new(word(excess).to(), fraction.unwrap_or(3_338_477))),
        ..BlockEnv::default()
    };
    let transaction = transaction(&bytes(&test["post"][fork][index]["txbytes"]))?;
    Some(Scene { state: accounts(&test["pre"]), rules, block, transaction })
}

/// A signed envelope of any type.
pub(crate) fn transaction(mut raw: &[u8]) -> Option<TxEnv> {
    let envelope = TxEnvelope::decode_2718(&mut raw).ok().filter(|_| raw.is_empty())?;
    Some(TxEnv {
        tx_type: envelope.ty(),
        caller: envelope.recover_signer().ok()?,
        gas_limit: envelope.gas_limit(),
        gas_price: envelope.max_fee_per_gas(),
        kind: envelope.kind(),
        value: envelope.value(),
        data: envelope.input().clone(),
        nonce: envelope.nonce(),
        chain_id: envelope.chain_id(),
        access_list: envelope.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: envelope.max_priority_fee_per_gas(),
        blob_hashes: envelope.blob_versioned_hashes().map(<[B256]>::to_vec).unwrap_or_default(),
        max_fee_per_blob_gas: envelope.max_fee_per_blob_gas().unwrap_or_default(),
        authorization_list: envelope.authorization_list().into_iter().flatten().cloned().map(Either::Left).collect(),
    })
}

/// A transaction of the chain on a state that has its sender only.
pub(crate) fn chain_scene(mut chain: &[u8], genesis: &Value, hash: B256) -> Option<Scene> {
    while !chain.is_empty() {
        let block = alloy_consensus::Block::<TxEnvelope>::decode(&mut chain).expect("blocks");
        let Some(envelope) = block.body.transactions.iter().find(|envelope| *envelope.tx_hash() == hash) else { continue };
        let transaction = transaction(&envelope.encoded_2718())?;
        let config = &genesis["config"];
        let past = |name: &str, now: u64| config[name].as_u64().is_some_and(|start| start <= now);
        let spec = [
            ("homesteadBlock", block.header.number, SpecId::HOMESTEAD),
            ("eip150Block", block.header.number, SpecId::TANGERINE),
            ("eip158Block", block.header.number, SpecId::SPURIOUS_DRAGON),
            ("byzantiumBlock", block.header.number, SpecId::BYZANTIUM),
            ("petersburgBlock", block.header.number, SpecId::PETERSBURG),
            ("istanbulBlock", block.header.number, SpecId::ISTANBUL),
            ("berlinBlock", block.header.number, SpecId::BERLIN),
            ("londonBlock", block.header.number, SpecId::LONDON),
            ("mergeNetsplitBlock", block.header.number, SpecId::MERGE),
            ("shanghaiTime", block.header.timestamp, SpecId::SHANGHAI),
            ("cancunTime", block.header.timestamp, SpecId::CANCUN),
            ("pragueTime", block.header.timestamp, SpecId::PRAGUE),
            ("osakaTime", block.header.timestamp, SpecId::OSAKA),
        ]
        .into_iter()
        .filter(|(name, now, _)| past(name, *now))
        .map(|(_, _, spec)| spec)
        .last()
        .unwrap_or(SpecId::FRONTIER);
        let mut rules = CfgEnv::new_with_spec(spec);
        rules.chain_id = config["chainId"].as_u64()?;
        let mut state = CacheDB::new(EmptyDB::default());
        let sender = AccountInfo::default().with_balance(U256::MAX >> 1).with_nonce(transaction.nonce);
        state.insert_account_info(transaction.caller, sender);
        let block = BlockEnv {
            number: U256::from(block.header.number),
            timestamp: U256::from(block.header.timestamp),
            gas_limit: block.header.gas_limit,
            basefee: block.header.base_fee_per_gas.unwrap_or_default(),
            prevrandao: Some(block.header.mix_hash),
            ..BlockEnv::default()
        };
        return Some(Scene { state, rules, block, transaction });
    }
    None
}
