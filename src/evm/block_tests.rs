use super::*;
use alloy_eips::eip7840::BlobParams;
use proptest::prelude::*;
use serde_json::json;

fn block(value: &Value, hardfork: Hardfork) -> BlockEnv {
    let mut env = BlockEnv::default();
    apply_block(value, &mut env, hardfork, 1).unwrap();
    env
}

#[test]
fn every_field_of_a_block_has_its_place() {
    let header = json!({
        "number": "0x2d", "timestamp": "0x1c2", "gasLimit": "0xbebc200", "baseFeePerGas": "0x56a9213",
        "miner": "0x00000000000000000000000000000000000000aa", "difficulty": "0x7",
        "mixHash": format!("{:#x}", B256::repeat_byte(3)), "excessBlobGas": "0xa00000", "hash": "0x1", "transactions": [],
    });
    let env = block(&header, Hardfork::Cancun);
    let expected = BlockEnv {
        number: U256::from(45),
        beneficiary: Address::with_last_byte(0xaa),
        timestamp: U256::from(450),
        gas_limit: 200_000_000,
        basefee: 90_870_291,
        difficulty: U256::from(7),
        prevrandao: Some(B256::repeat_byte(3)),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 10 << 20, blob_gasprice: 23 }),
        slot_num: 0,
    };
    assert_eq!(env, expected);
    let mut kept = expected.clone();
    apply_block(&json!({ "number": 46, "timestamp": null }), &mut kept, Hardfork::Cancun, 1).unwrap();
    assert_eq!(kept, BlockEnv { number: U256::from(46), ..expected });
}

#[test]
fn the_blob_base_fee_follows_hardfork_chain_and_time() {
    let excess: u64 = 100_000_000;
    let fee = |hardfork, chain_id, timestamp: u64| {
        let mut env = BlockEnv::default();
        let header = json!({ "excessBlobGas": excess, "timestamp": timestamp });
        apply_block(&header, &mut env, hardfork, chain_id).unwrap();
        env.blob_excess_gas_and_price.unwrap().blob_gasprice
    };
    let of = |params: BlobParams| params.calc_blob_fee(excess);
    assert_eq!(fee(Hardfork::Cancun, 1, 1_710_338_135), of(BlobParams::cancun()));
    assert_eq!(fee(Hardfork::Prague, 1, 1_767_747_671), of(BlobParams::prague()));
    assert_eq!(fee(Hardfork::Osaka, 1, 1_765_290_070), of(BlobParams::osaka()));
    assert_eq!(fee(Hardfork::Osaka, 1, 1_765_290_071), of(BlobParams::bpo1()));
    assert_eq!(fee(Hardfork::Osaka, 1, 1_767_747_671), of(BlobParams::bpo2()));
    assert_eq!(fee(Hardfork::Osaka, 11_155_111, 1_761_607_008), of(BlobParams::bpo2()));
    assert_eq!(fee(Hardfork::Osaka, 31_337, 1_767_747_671), of(BlobParams::osaka()));
}

#[test]
fn errors_name_the_field_and_change_nothing() {
    for (field, value) in [
        ("number", json!("0x")),
        ("timestamp", json!(-1)),
        ("gasLimit", json!("0x10000000000000000")),
        ("baseFeePerGas", json!("0x10000000000000000")),
        ("miner", json!("0x01")),
        ("mixHash", json!("0x01")),
        ("difficulty", json!([])),
        ("excessBlobGas", json!("0xffffffffffffffff")),
    ] {
        let mut env = BlockEnv::default();
        let before = env.clone();
        let header = json!({ "number": 9, field: value });
        let error = apply_block(&header, &mut env, Hardfork::Osaka, 1).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{field} of the block ")), "{error}");
        assert_eq!(env, before);
    }
    assert!(apply_block(&json!([]), &mut BlockEnv::default(), Hardfork::Osaka, 1).is_err());
}

#[test]
fn every_override_has_effect() {
    let text = format!(
        r#"{{"number":"0x5","time":6,"gasLimit":"7","feeRecipient":"{:#x}","prevRandao":"{:#x}","baseFeePerGas":"0x8",
            "blobBaseFee":"0x9","difficulty":"0xa","blockHash":{{"0x4":"{:#x}","3":"{:#x}"}}}}"#,
        Address::with_last_byte(1),
        B256::repeat_byte(2),
        B256::repeat_byte(4),
        B256::repeat_byte(3),
    );
    let overrides = BlockOverrides::parse(&text).unwrap();
    assert_eq!(overrides.block_hashes, [(4, B256::repeat_byte(4)), (3, B256::repeat_byte(3))]);
    let mut env = BlockEnv::default();
    overrides.apply(&mut env);
    let expected = BlockEnv {
        number: U256::from(5),
        beneficiary: Address::with_last_byte(1),
        timestamp: U256::from(6),
        gas_limit: 7,
        basefee: 8,
        difficulty: U256::from(10),
        prevrandao: Some(B256::repeat_byte(2)),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 9 }),
        slot_num: 0,
    };
    assert_eq!(env, expected);
    BlockOverrides::parse("{}").unwrap().apply(&mut env);
    assert_eq!(env, expected);
}

#[test]
fn overrides_have_older_names_and_no_others() {
    let older = format!(
        r#"{{"coinbase":"{:#x}","random":"{:#x}","baseFee":"0x8"}}"#,
        Address::with_last_byte(1),
        B256::repeat_byte(2)
    );
    let newer =
        older.replace("coinbase", "feeRecipient").replace("random", "prevRandao").replace("baseFee", "baseFeePerGas");
    assert_eq!(BlockOverrides::parse(&older).unwrap(), BlockOverrides::parse(&newer).unwrap());
    let error = |text: &str| BlockOverrides::parse(text).unwrap_err().to_string();
    assert_eq!(error(r#"{"timestamp":1}"#), "the block overrides has an unknown field \"timestamp\"");
    assert!(error(r#"{"baseFee":1,"baseFeePerGas":2}"#).contains("are both given and differ"));
    assert!(error(r#"{"blockHash":{"1":"0x00"}}"#).contains("at block 1"));
    assert!(error(&format!(r#"{{"blockHash":{{"1":"{0}","0x1":"{0}"}}}}"#, B256::ZERO)).contains("given twice"));
    assert!(error("{").contains("is not JSON"));
}

proptest! {
    #[test]
    fn garbage_is_no_panic(text in ".{0,64}", field in "(number|time|gasLimit|blockHash|prevRandao|blobBaseFee)", excess: u64) {
        let _ = BlockOverrides::parse(&text);
        let _ = BlockOverrides::parse(&json!({ &field: &text }).to_string());
        let header = json!({ "excessBlobGas": excess, "mixHash": text });
        let _ = apply_block(&header, &mut BlockEnv::default(), Hardfork::Osaka, 1);
    }

    /// Up to the limit, the fee is computed without overflow: it grows with the excess.
    #[test]
    fn the_fee_grows(excess in 0..49 * 3_338_477_u64) {
        let low = block(&json!({ "excessBlobGas": excess }), Hardfork::Cancun).blob_excess_gas_and_price.unwrap();
        let high = block(&json!({ "excessBlobGas": excess + 3_338_476 / 2 }), Hardfork::Cancun);
        prop_assert!(high.blob_excess_gas_and_price.unwrap().blob_gasprice >= low.blob_gasprice);
    }
}
