use super::*;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip4844, TxEip4844WithSidecar, TxEip7702, TxLegacy};
use alloy_eips::Encodable2718;
use alloy_eips::eip4844::{Blob, BlobTransactionSidecar, Bytes48};
use alloy_eips::eip7594::{BlobTransactionSidecarEip7594, CELLS_PER_EXT_BLOB};
use alloy_primitives::{B256, Bytes, Signature, TxKind, hex};
use proptest::prelude::*;
use revm::context_interface::transaction::{AccessList, AccessListItem, Authorization, SignedAuthorization};

/// The example of EIP-155, and its sender.
const EIP155: &str = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080\
    25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
const SENDER: &str = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

fn example() -> (Vec<u8>, Signature) {
    let raw = hex::decode(EIP155).unwrap();
    let signature = *Envelope::decode_2718(&mut raw.as_slice()).unwrap().signature();
    (raw, signature)
}

fn error(raw: &[u8], hardfork: Hardfork) -> String {
    Transaction::from_raw(raw, hardfork).unwrap_err().to_string()
}

fn signed(envelope: impl Into<Envelope>) -> Vec<u8> {
    envelope.into().encoded_2718()
}

#[test]
fn the_example_of_eip155() {
    let transaction = Transaction::from_raw(&example().0, Hardfork::Osaka).unwrap();
    let expected = TxEnv {
        tx_type: 0,
        caller: SENDER.parse().unwrap(),
        gas_limit: 21_000,
        gas_price: 20_000_000_000,
        kind: TxKind::Call(Address::repeat_byte(0x35)),
        value: U256::from(1_000_000_000_000_000_000_u64),
        data: Bytes::new(),
        nonce: 9,
        chain_id: Some(1),
        access_list: AccessList::default(),
        gas_priority_fee: None,
        blob_hashes: vec![],
        max_fee_per_blob_gas: 0,
        authorization_list: vec![],
    };
    assert_eq!(transaction, Transaction { env: expected, lenient: Lenient::default() });
    transaction.check_chain(1).unwrap();
    let wrong = transaction.check_chain(5).unwrap_err().to_string();
    assert_eq!(wrong, "the transaction is for chain 1, the execution is on chain 5");
}

#[test]
fn signatures_are_as_valid_as_the_hardfork_says() {
    let (raw, low) = example();
    assert!(error(&raw, Hardfork::Tangerine).contains("EIP-155"));
    let sender = Transaction::from_raw(&raw, Hardfork::SpuriousDragon).unwrap().env.caller;

    let envelope = Envelope::decode_2718(&mut raw.as_slice()).unwrap();
    let tx = envelope.as_legacy().unwrap().tx().clone();
    let high = Signature::new(low.r(), ORDER - low.s(), !low.v());
    let protected = signed(tx.clone().into_signed(high));
    assert!(error(&protected, Hardfork::Osaka).contains("EIP-2"), "the same sender, but malleated");

    let unprotected = TxLegacy { chain_id: None, ..tx };
    let (low_raw, high_raw) =
        (signed(unprotected.clone().into_signed(low)), signed(unprotected.clone().into_signed(high)));
    let on_frontier = |raw: &[u8]| Transaction::from_raw(raw, Hardfork::Frontier).unwrap().env;
    assert_eq!(on_frontier(&low_raw), on_frontier(&high_raw));
    assert_eq!(on_frontier(&low_raw).chain_id, None);
    assert_ne!(on_frontier(&low_raw).caller, sender, "another hash was signed");
    assert!(Transaction::from_raw(&low_raw, Hardfork::Homestead).is_ok());
    assert!(error(&high_raw, Hardfork::Homestead).contains("EIP-2"));
    let zero = signed(unprotected.into_signed(Signature::new(U256::ZERO, low.s(), false)));
    assert_eq!(error(&zero, Hardfork::Osaka), "raw transaction: no sender can be recovered from its signature");
}

#[test]
fn every_field_of_the_newer_types() {
    let (_, signature) = example();
    let access_list = AccessList(vec![AccessListItem {
        address: Address::with_last_byte(3),
        storage_keys: vec![B256::with_last_byte(4), B256::with_last_byte(5)],
    }]);
    let dynamic = TxEip1559 {
        chain_id: 10,
        nonce: 1,
        gas_limit: 2,
        max_fee_per_gas: 4,
        max_priority_fee_per_gas: 3,
        to: TxKind::Create,
        value: U256::from(5),
        access_list: access_list.clone(),
        input: Bytes::from_static(b"\x06"),
    };
    let env = Transaction::from_raw(&signed(dynamic.into_signed(signature)), Hardfork::Osaka).unwrap().env;
    let expected = TxEnv {
        tx_type: 2,
        caller: env.caller,
        gas_limit: 2,
        gas_price: 4,
        kind: TxKind::Create,
        value: U256::from(5),
        data: Bytes::from_static(b"\x06"),
        nonce: 1,
        chain_id: Some(10),
        access_list,
        gas_priority_fee: Some(3),
        blob_hashes: vec![],
        max_fee_per_blob_gas: 0,
        authorization_list: vec![],
    };
    assert_eq!(env, expected);
}

#[test]
fn blobs_are_stripped() {
    let (_, signature) = example();
    let tx = TxEip4844 {
        chain_id: 1,
        max_fee_per_blob_gas: 7,
        blob_versioned_hashes: vec![B256::repeat_byte(1)],
        to: Address::with_last_byte(9),
        ..TxEip4844::default()
    };
    let bare = Transaction::from_raw(&signed(tx.clone().into_signed(signature)), Hardfork::Cancun).unwrap();
    assert_eq!((bare.env.tx_type, bare.env.max_fee_per_blob_gas), (3, 7));
    assert_eq!(bare.env.blob_hashes, [B256::repeat_byte(1)]);

    let proof = Bytes48::repeat_byte(3);
    let cancun = BlobTransactionSidecar::new(vec![Blob::default()], vec![proof], vec![proof]);
    let osaka = BlobTransactionSidecarEip7594::new(vec![Blob::default()], vec![proof], vec![proof; CELLS_PER_EXT_BLOB]);
    for sidecar in [BlobTransactionSidecarVariant::Eip4844(cancun), BlobTransactionSidecarVariant::Eip7594(osaka)] {
        let pooled: TxEip4844Variant<_> = TxEip4844WithSidecar { tx: tx.clone(), sidecar }.into();
        let raw = signed(pooled.into_signed(signature));
        assert!(raw.len() > 131_072);
        assert_eq!(Transaction::from_raw(&raw, Hardfork::Osaka).unwrap(), bare);
    }
}

#[test]
fn an_invalid_authorization_stays_invalid() {
    let (_, signature) = example();
    let authorization = Authorization { chain_id: U256::from(1), address: Address::with_last_byte(8), nonce: 6 };
    let (r, s) = (signature.r(), signature.s());
    let signed_by = |parity, s| SignedAuthorization::new_unchecked(authorization.clone(), parity, r, s);
    let list = vec![signed_by(0, s), signed_by(5, s), signed_by(0, ORDER - s)];
    let authority = list[0].recover_authority().unwrap();
    let tx = TxEip7702 { chain_id: 1, authorization_list: list, ..TxEip7702::default() };
    let env = Transaction::from_raw(&signed(tx.into_signed(signature)), Hardfork::Prague).unwrap().env;
    let recovered: Vec<_> = env.authorization_list.iter().map(|it| it.as_ref().right().unwrap()).collect();
    assert_eq!(recovered.iter().map(|it| it.authority()).collect::<Vec<_>>(), [Some(authority), None, None]);
    assert!(recovered.iter().all(|it| ***it == authorization));
}

#[test]
fn what_is_no_envelope() {
    let (raw, _) = example();
    assert_eq!(error(&[], Hardfork::Osaka), "raw transaction: it is empty");
    assert_eq!(error(&[&raw[..], &[0]].concat(), Hardfork::Osaka), "raw transaction: 1 bytes follow its end");
    assert!(error(&[5, 0xc0], Hardfork::Osaka).starts_with("raw transaction: type 5: "));
    assert!(error(&[&[0], &raw[..]].concat(), Hardfork::Osaka).starts_with("raw transaction: type 0: "));
    for length in 1..raw.len() {
        assert!(error(&raw[..length], Hardfork::Osaka).starts_with("raw transaction: legacy: "));
    }
}

proptest! {
    #[test]
    fn garbage_is_no_panic(kind in 0_u8..6, bytes in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, byte: u8) {
        let _ = Transaction::from_raw(&bytes, Hardfork::Osaka);
        let _ = Transaction::from_raw(&[&[kind], &bytes[..]].concat(), Hardfork::Osaka);
        let (mut raw, _) = example();
        *at.get_mut(&mut raw) = byte;
        let _ = Transaction::from_raw(&raw, Hardfork::Frontier);
    }
}
