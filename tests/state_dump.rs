//! Dumps and loads: our own text, other tools' forms, flaws, and a real node on the other side.

#[path = "support/anvil.rs"]
mod anvil;
mod support;

use alloy_primitives::{Address, Bytes, U256, hex};
use anvil::Anvil;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;
use support::dir::Dir;
use worldstate::Error;
use worldstate::state::{AccountStatus, DumpFormat, State};

const A: Address = Address::repeat_byte(0xaa);
const B: Address = Address::repeat_byte(0xbb);
const C: Address = Address::repeat_byte(0xcc);
/// PUSH0 SLOAD PUSH0 MSTORE PUSH1 32 PUSH0 RETURN: answers with slot 0.
const CODE: &[u8] = &hex!("5f545f5260205ff3");

fn sample() -> State {
    let mut state = State::new();
    state.set_balance(A, U256::MAX);
    state.set_nonce(A, u64::MAX);
    state.set_code(B, Bytes::from_static(CODE));
    state.set_nonce(B, 1);
    state.set_storage(B, U256::ZERO, U256::from(0x2a));
    state.set_storage(B, U256::MAX, U256::MAX);
    state.set_storage(B, U256::from(7), U256::from(7));
    state.set_storage(B, U256::from(7), U256::ZERO);
    state.set_balance(C, U256::ZERO);
    state
}

/// All that a local state holds, to compare.
fn contents(state: &mut State) -> Vec<String> {
    let mut contents = Vec::new();
    for address in state.list_accounts(None, usize::MAX) {
        let (info, code) = (state.account(address).unwrap(), state.code(address).unwrap());
        let slots = state.list_storage(address, None, usize::MAX);
        contents.push(format!("{address} {info:?} {code} {slots:?}"));
    }
    contents
}

fn loaded(dump: &[u8]) -> State {
    let mut state = State::new();
    state.load(dump).unwrap();
    state
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn dumps_are_what_other_tools_read() {
    let slot = |slot: &str, value: &str| format!("\"0x{slot:0>64}\":\"0x{value:0>64}\"");
    let (f64, storage) = ("f".repeat(64), [slot("0", "2a"), slot(&"f".repeat(64), &"f".repeat(64))].join(","));
    let accounts = |nonce: fn(u64) -> String| {
        format!(
            "{{\n\"{A:#x}\":{{\"balance\":\"0x{f64}\",\"nonce\":{},\"code\":\"0x\",\"storage\":{{}}}},\
             \n\"{B:#x}\":{{\"balance\":\"0x0\",\"nonce\":{},\"code\":\"0x5f545f5260205ff3\",\"storage\":{{{storage}}}}},\
             \n\"{C:#x}\":{{\"balance\":\"0x0\",\"nonce\":{},\"code\":\"0x\",\"storage\":{{}}}}\n}}",
            nonce(u64::MAX),
            nonce(1),
            nonce(0)
        )
    };
    assert_eq!(sample().dump(DumpFormat::GenesisAlloc).unwrap(), accounts(|nonce| format!("\"{nonce:#x}\"")));
    let anvil: Value = serde_json::from_str(&sample().dump(DumpFormat::Anvil).unwrap()).unwrap();
    let accounts: Value = serde_json::from_str(&accounts(|nonce| nonce.to_string())).unwrap();
    assert_eq!(anvil["accounts"], accounts);
    assert_eq!(State::new().dump(DumpFormat::GenesisAlloc).unwrap(), "{\n}");
}

#[test]
fn both_formats_round_trip() {
    for format in [DumpFormat::GenesisAlloc, DumpFormat::Anvil] {
        let dump = sample().dump(format).unwrap();
        let mut back = loaded(dump.as_bytes());
        assert_eq!(contents(&mut back), contents(&mut sample()));
        assert_eq!(back.status(C), Ok(AccountStatus::Empty), "an empty account is not an absent one");
        assert_eq!(back.dump(format).unwrap(), dump);
    }
}

#[test]
fn forms_that_tools_write_are_read() {
    let account = r#"{"balance":"0x10","nonce":"0x2","code":"0x00","storage":{"0x1":"0x2"}}"#;
    let bare = format!(r#"{{"{A:#x}":{account}}}"#);
    let forms: [(&str, Vec<u8>); 10] = [
        ("bare alloc", bare.clone().into()),
        ("address without prefix", format!(r#"{{"{}":{account}}}"#, hex::encode(A)).into()),
        ("address with checksum", format!(r#"{{"{A}":{account}}}"#).into()),
        ("genesis file", format!(r#"{{"config":{{"chainId":1}},"nonce":"0x0","alloc":{bare}}}"#).into()),
        ("anvil's file", format!(r#"{{"block":{{}},"accounts":{bare},"blocks":[1]}}"#).into()),
        (
            "numbers, decimal text, padded words",
            format!(r#"{{"{A}":{{"balance":16,"nonce":"2","code":"00","storage":{{"{:064x}":"0x{:064x}"}}}}}}"#, 1, 2)
                .into(),
        ),
        ("unknown fields", format!(r#"{{"{A}":{}}}"#, account.replacen('{', r#"{"secretKey":null,"#, 1)).into()),
        ("gzip", gzip(&bare)),
        ("gzip in hex", hex::encode_prefixed(gzip(&bare)).into()),
        ("gzip in a JSON string", format!(" \"{}\"\n", hex::encode_prefixed(gzip(&bare))).into()),
    ];
    let mut expected = State::new();
    expected.set_balance(A, U256::from(16));
    expected.set_nonce(A, 2);
    expected.set_code(A, Bytes::from_static(&[0]));
    expected.set_storage(A, U256::ONE, U256::from(2));
    for (name, form) in forms {
        assert_eq!(contents(&mut loaded(&form)), contents(&mut expected), "{name}");
    }
    let mut bare = loaded(format!(r#"{{"{A}":{{}},"{B}":{{"balance":null,"storage":null}}}}"#).as_bytes());
    assert_eq!(bare.list_accounts(None, 9), [A, B]);
    assert_eq!(bare.status(A), Ok(AccountStatus::Empty));
    assert!(loaded(b"{}").list_accounts(None, 1).is_empty());
}

#[test]
fn flaws_are_named_and_leave_nothing_behind() {
    let one = |fields: &str| format!(r#"{{"{B}":{{"balance":"0x1"}},"{A}":{{{fields}}}}}"#).into_bytes();
    let cut = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() - 9);
        bytes
    };
    let flaws: Vec<(Vec<u8>, String)> = vec![
        (vec![], "state dump is not JSON".into()),
        (b"{".to_vec(), "state dump is not JSON".into()),
        (b"[]".to_vec(), "state dump is not a JSON object".into()),
        (b"null".to_vec(), "state dump is not a JSON object".into()),
        (vec![0xff; 9], "state dump is not JSON".into()),
        (b"0x12zz".to_vec(), "state dump is not hexadecimal".into()),
        (cut(gzip(&"{}".repeat(99))), "state dump is not valid gzip".into()),
        (hex::encode_prefixed(cut(gzip("{}"))).into_bytes(), "state dump is not valid gzip".into()),
        (br#"{"alloc":[]}"#.to_vec(), "alloc is not a JSON object".into()),
        (br#"{"accounts":7}"#.to_vec(), "accounts is not a JSON object".into()),
        (br#"{"0x12":{}}"#.to_vec(), "account address \"0x12\" has 2 digits instead of 40".into()),
        (format!(r#"{{"{A}":5}}"#).into_bytes(), format!("account {A} is not a JSON object")),
        (format!(r#"{{"{A}":{{}},"{A:#x}":{{}}}}"#).into_bytes(), format!("account {A} stands twice")),
        (one(r#""balance":"0xg""#), format!("balance of {A} \"0xg\" is not hexadecimal")),
        (one(r#""balance":"""#), format!("balance of {A} \"\" has no digits")),
        (one(r#""balance":-1"#), format!("balance of {A} is neither a string nor a natural number: -1")),
        (one(r#""balance":1.5"#), format!("balance of {A} is neither a string nor a natural number: 1.5")),
        (one(&format!(r#""balance":"0x1{}""#, "0".repeat(64))), format!("balance of {A}")),
        (one(r#""nonce":"0x10000000000000000""#), format!("nonce of {A} \"0x10000000000000000\" does not fit")),
        (one(r#""nonce":[]"#), format!("nonce of {A} is neither a string nor a natural number: an array")),
        (one(r#""code":"0x123""#), format!("code of {A} \"0x123\" has an odd number of digits")),
        (one(r#""code":1"#), format!("code of {A} is not a string")),
        (one(r#""storage":[]"#), format!("storage of {A} is not a JSON object")),
        (one(r#""storage":{"1":"0x1"}"#), format!("storage slot of {A} \"1\" has neither a 0x prefix nor 64 digits")),
        (one(r#""storage":{"0xff":"0x"}"#), format!("storage of {A} at slot 0xff \"0x\" has no digits")),
        (one(r#""storage":{"0xff":true}"#), format!("storage of {A} at slot 0xff is neither")),
    ];
    for (flawed, text) in flaws {
        let mut state = sample();
        let before = contents(&mut state);
        state.checkpoint();
        let error = state.load(&flawed).expect_err(&text);
        assert!(matches!(error, Error::InvalidInput(_) | Error::InvalidHex(_)), "{error:?}");
        assert!(error.to_string().contains(&text), "{error} does not say {text:?}");
        assert_eq!(state.journal_len(), 0, "{error}");
        assert_eq!(contents(&mut state), before, "{error}");
    }
}

#[test]
fn a_load_replaces_accounts_and_can_be_undone() {
    let mut state = sample();
    let before = contents(&mut state);
    let snapshot = state.snapshot();
    let load = format!(r#"{{"{B}":{{"balance":"0x5","storage":{{"0x1":"0x1"}}}}}}"#);
    assert_eq!(state.load(load.as_bytes()), Ok(1));
    assert_eq!(state.nonce(B), Ok(0));
    assert_eq!(state.code(B), Ok(Bytes::new()));
    assert_eq!(state.list_storage(B, None, 9), [(U256::ONE, U256::ONE)]);
    assert_eq!(state.balance(A), Ok(U256::MAX), "others stay");
    state.revert_to_snapshot(snapshot).unwrap();
    assert_eq!(contents(&mut state), before);
}

/// What the node says of an account, next to what the state says.
fn assert_node_has(anvil: &Anvil, state: &mut State, address: Address) {
    let ask = |method: &str| anvil.rpc(method, &json!([address.to_string(), "latest"]));
    let number = |value: Value| value.as_str().unwrap().parse::<U256>().unwrap();
    assert_eq!(number(ask("eth_getBalance")), state.balance(address).unwrap(), "balance of {address}");
    assert_eq!(number(ask("eth_getTransactionCount")), U256::from(state.nonce(address).unwrap()), "nonce of {address}");
    assert_eq!(ask("eth_getCode"), json!(state.code(address).unwrap().to_string()), "code of {address}");
    for slot in [U256::ZERO, U256::from(7), U256::MAX] {
        let params = json!([address.to_string(), format!("{slot:#x}"), "latest"]);
        let value = number(anvil.rpc("eth_getStorageAt", &params));
        assert_eq!(value, state.storage(address, slot).unwrap(), "slot {slot} of {address}");
    }
}

#[test]
fn anvil_loads_our_dump_and_we_load_its() {
    let dir = Dir::new("dump");
    let (ours, theirs) = (dir.file("ours.json"), dir.file("theirs.json"));
    let mut state = sample();
    // The node counts a nonce on; the greatest would have no successor.
    state.set_nonce(A, u64::MAX - 1);
    std::fs::write(&ours, state.dump(DumpFormat::Anvil).unwrap()).unwrap();
    let arguments = [
        "--accounts".as_ref(),
        "1".as_ref(),
        "--load-state".as_ref(),
        ours.as_os_str(),
        "--dump-state".as_ref(),
        theirs.as_os_str(),
    ];
    let Some(anvil) = Anvil::start(arguments) else { return };
    for address in [A, B, C, Address::repeat_byte(0xdd)] {
        assert_node_has(&anvil, &mut state, address);
    }
    let call = anvil.rpc("eth_call", &json!([{"to": B.to_string()}, "latest"]));
    assert_eq!(call, json!(format!("0x{:064x}", 0x2a)), "our code runs there on our storage");

    // What happens there since comes back.
    anvil.rpc("anvil_setStorageAt", &json!([B.to_string(), format!("0x{:064x}", 9), format!("0x{:064x}", 99)]));
    anvil.rpc("anvil_setBalance", &json!([C.to_string(), "0x1234"]));
    state.set_storage(B, U256::from(9), U256::from(99));
    state.set_balance(C, U256::from(0x1234));
    let answer = anvil.rpc("anvil_dumpState", &json!([]));
    anvil.terminate();
    let expected: Vec<_> = contents(&mut state);
    for dump in [answer.to_string().into_bytes(), std::fs::read(&theirs).unwrap()] {
        let mut back = loaded(&dump);
        let own = contents(&mut back).into_iter().filter(|line| expected.iter().any(|is| is[..42] == line[..42]));
        assert_eq!(own.collect::<Vec<_>>(), expected);
    }
}
