use super::*;
use alloy_primitives::{Address, Bytes, U256};
use proptest::prelude::*;
use serde_json::json;

const TO: Address = Address::with_last_byte(0x22);
const TO_TEXT: &str = "0x0000000000000000000000000000000000000022";

fn word(byte: u8) -> String {
    B256::with_last_byte(byte).to_string()
}

fn read(value: &Value) -> Transaction {
    Transaction::from_json(&value.to_string()).unwrap()
}

fn error(value: &Value) -> String {
    Transaction::from_json(&value.to_string()).unwrap_err().to_string()
}

fn empty() -> TxEnv {
    TxEnv {
        tx_type: 0,
        caller: Address::ZERO,
        gas_limit: 0,
        gas_price: 0,
        kind: TxKind::Create,
        value: U256::ZERO,
        data: Bytes::new(),
        nonce: 0,
        chain_id: None,
        access_list: AccessList::default(),
        gas_priority_fee: None,
        blob_hashes: vec![],
        max_fee_per_blob_gas: 0,
        authorization_list: vec![],
    }
}

#[test]
fn nothing_given_is_left_open() {
    let transaction = read(&json!({ "to": null, "gas": null }));
    let lenient = Lenient { nonce: true, gas: true, fees: true, blob_fee: false, sender_code: true };
    assert_eq!(transaction, Transaction { env: empty(), lenient });
}

#[test]
fn every_field_has_effect() {
    let blobs = json!({
        "from": "0x0000000000000000000000000000000000000011", "to": TO_TEXT, "gas": "0x5208", "maxFeePerGas": "0x7", "maxPriorityFeePerGas": 3,
        "maxFeePerBlobGas": "9", "value": "0xa", "nonce": "0x0", "input": "0x1234", "data": "0x1234",
        "accessList": [{ "address": TO_TEXT, "storageKeys": ["0x1", word(2)] }, { "address": TO_TEXT }],
        "blobVersionedHashes": [B256::repeat_byte(1).to_string()], "chainId": "0x5",
    });
    let item = |keys: &[u8]| AccessListItem {
        address: TO,
        storage_keys: keys.iter().map(|key| B256::with_last_byte(*key)).collect(),
    };
    let expected = TxEnv {
        tx_type: 3,
        caller: Address::with_last_byte(0x11),
        gas_limit: 21_000,
        gas_price: 7,
        kind: TxKind::Call(TO),
        value: U256::from(10),
        data: Bytes::from_static(&[0x12, 0x34]),
        chain_id: Some(5),
        access_list: AccessList(vec![item(&[1, 2]), item(&[])]),
        gas_priority_fee: Some(3),
        blob_hashes: vec![B256::repeat_byte(1)],
        max_fee_per_blob_gas: 9,
        ..empty()
    };
    let lenient = Lenient { sender_code: true, ..Lenient::default() };
    assert_eq!(read(&blobs), Transaction { env: expected, lenient });

    let authorization =
        json!({ "chainId": "0x1", "address": TO_TEXT, "nonce": "0x2", "yParity": "0x5", "r": "0x3", "s": "0x4" });
    let env = read(&json!({ "to": TO_TEXT, "authorizationList": [authorization], "gasLimit": 8, "nonce": 6 })).env;
    assert_eq!((env.tx_type, env.gas_limit, env.nonce, env.authorization_list.len()), (4, 8, 6, 1));
    let recovered = env.authorization_list[0].as_ref().right().unwrap();
    assert_eq!(recovered.authority(), None, "no signature has a parity of 5");
    let expected = Authorization { chain_id: U256::from(1), address: TO, nonce: 2 };
    assert_eq!(**recovered, expected);
}

#[test]
fn the_type_follows_from_the_fields_or_is_given() {
    let type_of = |value: Value| read(&value).env.tx_type;
    assert_eq!(type_of(json!({ "gasPrice": 1 })), 0);
    assert_eq!(type_of(json!({ "gasPrice": 1, "accessList": [] })), 1);
    assert_eq!(type_of(json!({ "maxFeePerGas": 1, "accessList": [] })), 2);
    assert_eq!(type_of(json!({ "maxPriorityFeePerGas": 0 })), 2);
    assert_eq!(type_of(json!({ "to": TO_TEXT, "blobVersionedHashes": [], "gasPrice": 1 })), 3);
    assert_eq!(type_of(json!({ "to": TO_TEXT, "authorizationList": [] })), 4);
    assert_eq!(type_of(json!({ "type": "0x2" })), 2);
    assert_eq!(type_of(json!({ "type": 0, "accessList": [] })), 0);
    let entry = json!([{ "address": TO_TEXT, "storageKeys": [] }]);
    for (bad, text) in [
        (
            json!({ "type": "0x0", "accessList": entry }),
            "accessList of the transaction is given, but type 0 has no such field",
        ),
        (
            json!({ "type": 1, "maxFeePerGas": 1 }),
            "maxFeePerGas of the transaction is given, but type 1 has no such field",
        ),
        (
            json!({ "type": 4, "to": TO_TEXT, "maxFeePerBlobGas": 1 }),
            "maxFeePerBlobGas of the transaction is given, but type 4",
        ),
        (
            json!({ "type": 2, "blobVersionedHashes": [word(0)] }),
            "blobVersionedHashes of the transaction is given, but type 2",
        ),
        (json!({ "type": 5 }), "type of the transaction is unknown"),
        (json!({ "type": "0x100" }), "type of the transaction is unknown"),
        (json!({ "maxFeePerBlobGas": 1 }), "blobVersionedHashes of the transaction is missing"),
        (
            json!({ "to": TO_TEXT, "authorizationList": [], "blobVersionedHashes": [] }),
            "authorizationList of the transaction and blobs",
        ),
        (json!({ "blobVersionedHashes": [] }), "to of the transaction is missing: type 3"),
        (json!({ "authorizationList": [] }), "to of the transaction is missing: type 4"),
    ] {
        assert!(error(&bad).starts_with(text), "{bad}: {}", error(&bad));
    }
}

#[test]
fn fees() {
    let of = |value: Value| {
        let Transaction { env, lenient } = read(&value);
        (env.gas_price, env.gas_priority_fee, lenient.fees, lenient.blob_fee)
    };
    assert_eq!(of(json!({ "gasPrice": 5 })), (5, None, false, false));
    assert_eq!(of(json!({ "gasPrice": 0 })), (0, None, true, false));
    assert_eq!(of(json!({ "maxFeePerGas": 5 })), (5, Some(0), false, false));
    assert_eq!(of(json!({ "maxPriorityFeePerGas": 5 })), (0, Some(5), false, false));
    assert_eq!(of(json!({ "gasPrice": 5, "to": TO_TEXT, "blobVersionedHashes": [] })), (5, Some(5), false, true));
    let both = json!({ "gasPrice": 5, "maxFeePerGas": 6, "maxPriorityFeePerGas": 1 });
    assert!(error(&both).starts_with("gasPrice of the transaction is given together with"));
    let mut mined = both;
    mined["hash"] = json!(word(0));
    assert_eq!(of(mined), (6, Some(1), false, false));
}

#[test]
fn errors_name_the_field() {
    for (field, value) in [
        ("from", json!("0x1")),
        ("to", json!("")),
        ("gas", json!("0x10000000000000000")),
        ("gasLimit", json!("five")),
        ("gasPrice", json!(U256::MAX.to_string())),
        ("maxFeePerGas", json!(-1)),
        ("maxPriorityFeePerGas", json!(1.5)),
        ("maxFeePerBlobGas", json!(true)),
        ("value", json!([])),
        ("nonce", json!({})),
        ("data", json!("0x1")),
        ("input", json!(7)),
        ("accessList", json!({})),
        ("blobVersionedHashes", json!(["0x1"])),
        ("authorizationList", json!("")),
        ("chainId", json!("0xg")),
    ] {
        let mut bad = json!({ "to": TO_TEXT, "blobVersionedHashes": [] });
        if field == "authorizationList" {
            bad = json!({ "to": TO_TEXT });
        }
        bad[field] = value;
        assert!(error(&bad).starts_with(&format!("{field} of the transaction ")), "{field}: {}", error(&bad));
    }
    assert_eq!(error(&json!({ "gasprice": 1 })), "the transaction has an unknown field \"gasprice\"");
    assert!(
        error(&json!({ "data": "0x01", "input": "0x02" })).contains("input and data of the transaction are both given")
    );
    assert!(error(&json!({ "gas": 1, "gasLimit": 2 })).contains("gas and gasLimit of the transaction are both given"));
    let entry = |entry: Value| error(&json!({ "accessList": [entry] }));
    let what = "entry 0 of accessList of the transaction";
    assert_eq!(entry(json!({ "storageKeys": [] })), format!("address of {what} is missing"));
    assert_eq!(entry(json!({ "address": TO_TEXT, "keys": [] })), format!("{what} has an unknown field \"keys\""));
    assert!(entry(json!({ "address": TO_TEXT, "storageKeys": [1] })).starts_with(&format!("storageKeys of {what} ")));
    let tuple = error(&json!({ "to": TO_TEXT, "authorizationList": [{ "address": TO_TEXT }] }));
    assert_eq!(tuple, "yParity of entry 0 of authorizationList of the transaction is missing");
}

proptest! {
    #[test]
    fn garbage_is_no_panic(
        text in ".{0,64}",
        field in prop::sample::select(ARGUMENTS.to_vec()),
        value in prop_oneof![Just("[]".to_owned()), Just("[{}]".to_owned()), "\"(0x)?[0-9a-f]{0,66}\"", "[0-9]{1,30}", "-?[0-9]{1,3}.[0-9]"],
    ) {
        let _ = Transaction::from_json(&text);
        let _ = Transaction::from_json(&format!(r#"{{"{field}":{value}}}"#));
        let _ = Transaction::from_json(&format!(r#"{{"to":"{TO}","{field}":{value}}}"#));
    }
}
