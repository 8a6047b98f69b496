use super::*;
use crate::state::DumpFormat;
use proptest::prelude::*;

const ONE: Address = Address::with_last_byte(1);
const TWO: Address = Address::with_last_byte(2);
const AA: Address = Address::with_last_byte(0xaa);

fn error(text: &str) -> String {
    StateOverrides::parse(text).unwrap_err().to_string()
}

fn old_state() -> State {
    let mut state = State::new();
    for address in [ONE, TWO] {
        state.set_balance(address, U256::from(100));
        state.set_nonce(address, 7);
        state.set_code(address, Bytes::from_static(b"\x01"));
        state.set_storage(address, U256::from(1), U256::from(11));
        state.set_storage(address, U256::from(2), U256::from(22));
    }
    state
}

#[test]
fn every_field_has_effect_and_the_rest_stays() {
    let mut state = old_state();
    let before = state.dump(DumpFormat::GenesisAlloc).unwrap();
    state.checkpoint();
    let text = format!(
        r#"{{"{ONE}":{{"balance":"0x5","state":{{"0x2":"0x33"}}}},
            "{TWO}":{{"nonce":"9","code":"0x6002","stateDiff":{{"0x2":"0x44","0x3":"0x0"}}}},
            "{AA}":{{"balance":6,"code":null}}}}"#
    );
    StateOverrides::parse(&text).unwrap().apply(&mut state);
    let slots = |state: &State, address| {
        [1_u64, 2, 3].map(|slot| state.storage(address, U256::from(slot)).unwrap().to::<u64>())
    };
    let account = |state: &State, address| {
        (state.balance(address).unwrap().to::<u64>(), state.nonce(address).unwrap(), state.code(address).unwrap())
    };
    assert_eq!(account(&state, ONE), (5, 7, Bytes::from_static(b"\x01")));
    assert_eq!(account(&state, TWO), (100, 9, Bytes::from_static(b"\x60\x02")));
    assert_eq!(account(&state, AA), (6, 0, Bytes::new()));
    assert_eq!((slots(&state, ONE), slots(&state, TWO)), ([0, 0x33, 0], [11, 0x44, 0]));
    state.revert().unwrap();
    assert_eq!(state.dump(DumpFormat::GenesisAlloc).unwrap(), before);
}

#[test]
fn code_and_storage_can_be_emptied() {
    let mut state = old_state();
    StateOverrides::parse(&format!(r#"{{"{ONE}":{{"code":"0x","state":{{}}}}}}"#)).unwrap().apply(&mut state);
    assert_eq!(state.code(ONE).unwrap(), Bytes::new());
    assert_eq!(state.storage(ONE, U256::from(1)).unwrap(), U256::ZERO);
    assert!(StateOverrides::parse("{}").unwrap().is_empty());
}

#[test]
fn errors_name_address_and_field() {
    let one = format!("the state override of {ONE}");
    let of = |fields: &str| error(&format!(r#"{{"{ONE}":{fields}}}"#));
    assert_eq!(of(r#"{"balanc":1}"#), format!("{one} has an unknown field \"balanc\""));
    assert_eq!(of(r#"{"state":{},"stateDiff":{}}"#), format!("state and stateDiff of {one} are both given"));
    assert!(of(r#"{"balance":"0xg"}"#).starts_with(&format!("balance of {one} ")));
    assert!(of(r#"{"nonce":"0x10000000000000000"}"#).starts_with(&format!("nonce of {one} ")));
    assert!(of(r#"{"code":5}"#).starts_with(&format!("code of {one} ")));
    assert!(of(r#"{"stateDiff":{"0x1":true}}"#).starts_with(&format!("stateDiff of {one} at slot 0x1 ")));
    assert!(of(r#"{"state":{"0x1":"0x1","0x01":"0x2"}}"#).contains("at slot 0x1 is given twice"));
    assert!(of("7").contains("is not a JSON object"));
    assert!(error(r#"{"0x1":{}}"#).starts_with("address in the state overrides "));
    let hex = "0x00000000000000000000000000000000000000aa";
    let twice = format!(r#"{{"{hex}":{{}},"{}":{{}}}}"#, hex.replace('a', "A"));
    assert!(error(&twice).contains(" twice"), "{}", error(&twice));
    assert!(error("[]").contains("is not a JSON object"));
}

#[test]
fn precompiles_move_and_give_way() {
    let is_precompile = |address: Address| address == ONE || address == TWO;
    let text = format!(r#"{{"{ONE}":{{"movePrecompileToAddress":"{AA}"}},"{TWO}":{{"balance":1}}}}"#);
    let overrides = StateOverrides::parse(&text).unwrap();
    let expected = PrecompileOverrides { removed: vec![ONE, TWO], moved: vec![(ONE, AA)] };
    assert_eq!(overrides.precompiles(is_precompile).unwrap(), expected);
    let none = overrides.precompiles(|_| false).unwrap_err().to_string();
    assert_eq!(none, format!("the state override of {ONE} moves a precompile: it is none"));

    let to_overridden = format!(r#"{{"{ONE}":{{"movePrecompileToAddress":"{AA}"}},"{AA}":{{}}}}"#);
    assert!(error(&to_overridden).contains(&format!("{AA} is overridden itself")));
    let to_itself = format!(r#"{{"{ONE}":{{"movePrecompileToAddress":"{ONE}"}}}}"#);
    assert!(error(&to_itself).contains("is overridden itself"));
    let both =
        format!(r#"{{"{ONE}":{{"movePrecompileToAddress":"{AA}"}},"{TWO}":{{"movePrecompileToAddress":"{AA}"}}}}"#);
    assert!(error(&both).contains(&format!("{AA} is the target of {ONE} as well")));
}

proptest! {
    #[test]
    fn garbage_is_no_panic(
        text in ".{0,64}",
        field in "(balance|nonce|code|state|stateDiff|movePrecompileToAddress)",
        value in prop_oneof![Just("{}".to_owned()), "\"(0x)?[0-9a-f]{0,66}\"", r#"\{"0x[0-9]{0,3}":"(0x)?[0-9g]{0,5}"\}"#],
    ) {
        let _ = StateOverrides::parse(&text);
        if let Ok(overrides) = StateOverrides::parse(&format!(r#"{{"{ONE}":{{"{field}":{value}}}}}"#)) {
            overrides.apply(&mut State::new());
            let _ = overrides.precompiles(|address| address == ONE);
        }
    }
}
