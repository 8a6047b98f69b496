//! `eth_call` with overrides: the node's answer and ours.

use crate::chain::Chain;
use crate::contracts::{Artifact, Scene};
use crate::through_c::ThroughC;
use crate::wallet::PEOPLE;
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use serde_json::{Value, json};
use worldstate::evm::{Hardfork, RunAhead};

const HARDFORK: Hardfork = Hardfork::Prague;
const PLACE: Address = Address::repeat_byte(0xab);

/// Code that returns what each of the instructions puts on the stack; they take nothing from it.
fn returning(instructions: &[&[u8]]) -> Bytes {
    let mut code = Vec::new();
    for (position, instruction) in instructions.iter().enumerate() {
        code.extend_from_slice(instruction);
        code.extend([0x60, u8::try_from(32 * position).unwrap(), 0x52]);
    }
    code.extend([0x61, 0, 0]);
    let end = code.len();
    code[end - 2..].copy_from_slice(&u16::try_from(32 * instructions.len()).unwrap().to_be_bytes());
    code.extend([0x5f, 0xf3]);
    code.into()
}

fn word(number: u64) -> String {
    B256::from(U256::from(number)).to_string()
}

/// A call with what is overridden.
struct Case {
    name: &'static str,
    call: Value,
    state: Value,
    block: Value,
}

/// The instructions that tell of the block.
fn environment() -> Bytes {
    // NUMBER, TIMESTAMP, GASLIMIT, COINBASE, PREVRANDAO, BASEFEE, BLOBBASEFEE, CHAINID
    returning(&[&[0x43], &[0x42], &[0x45], &[0x41], &[0x44], &[0x48], &[0x4a], &[0x46]])
}

fn cases(scene: &Scene, token: &Artifact) -> Vec<Case> {
    let apple = scene.contracts["apple"];
    let balance_of = token.call("balanceOf(address)", &[PEOPLE[2].into()]);
    let balance_slot = keccak256([PEOPLE[2].into_word(), B256::from(U256::from(1))].map(|word| word.0).concat());
    let paid = |data: &Bytes, to: Address| json!({"from": PEOPLE[0].to_string(), "to": to.to_string(), "data": data.to_string(), "gas": "0x100000", "gasPrice": "0x4a817c800"});
    let code = |code: &Bytes| json!({PLACE.to_string(): {"code": code.to_string()}});
    let nothing = Bytes::new();
    let at_place = || paid(&nothing, PLACE);
    // SELFBALANCE, BALANCE of the caller, CODESIZE, slots 0, 1 and 5
    let own = returning(&[&[0x47], &[0x33, 0x31], &[0x38], &[0x5f, 0x54], &[0x60, 1, 0x54], &[0x60, 5, 0x54]]);
    let swap = &scene.calls[2];
    vec![
        Case { name: "nothing", call: paid(&balance_of, apple), state: json!({}), block: json!({}) },
        Case { name: "code", call: at_place(), state: code(&environment()), block: json!({}) },
        Case {
            name: "the block",
            call: at_place(),
            state: code(&environment()),
            block: json!({
                "number": "0x1234", "time": "0x7fffffff", "gasLimit": "0x2000000", "feeRecipient": PEOPLE[5].to_string(),
                "prevRandao": B256::repeat_byte(0x5a).to_string(), "baseFeePerGas": "0x77",
            }),
        },
        Case {
            name: "a slot of a token",
            call: paid(&balance_of, apple),
            state: json!({apple.to_string(): {"stateDiff": {balance_slot.to_string(): word(4711)}}}),
            block: json!({}),
        },
        Case {
            name: "the whole storage of a token",
            call: paid(&balance_of, apple),
            state: json!({apple.to_string(): {"state": {word(0): word(1)}}}),
            block: json!({}),
        },
        Case {
            name: "storage, balance and code",
            call: at_place(),
            state: json!({
                PLACE.to_string(): {"code": own.to_string(), "balance": "0x1122", "nonce": "0x7", "stateDiff": {word(0): word(10), word(5): word(15)}},
                PEOPLE[0].to_string(): {"balance": "0xffffffffffffffffffff"},
            }),
            block: json!({}),
        },
        Case {
            name: "code of a contract that has storage",
            call: paid(&nothing, apple),
            state: json!({apple.to_string(): {"code": own.to_string(), "stateDiff": {word(1): word(3)}}}),
            block: json!({}),
        },
        Case {
            // CREATE of nothing: the address tells the nonce.
            name: "a nonce",
            call: at_place(),
            state: json!({PLACE.to_string(): {"code": returning(&[&hex!("5f5f5ff0")]).to_string(), "nonce": "0x123"}}),
            block: json!({}),
        },
        Case {
            name: "a swap at another time",
            call: json!({"from": PEOPLE[swap.from].to_string(), "to": swap.to.unwrap().to_string(), "data": swap.data.to_string()}),
            state: json!({}),
            block: json!({"time": "0x7fffffff"}),
        },
        Case {
            name: "a sender with code and nothing else",
            call: json!({"from": Address::repeat_byte(0xcd).to_string(), "to": PLACE.to_string(), "value": "0x5"}),
            state: json!({Address::repeat_byte(0xcd).to_string(): {"balance": "0x9", "code": "0x00"}, PLACE.to_string(): {"code": own.to_string()}}),
            block: json!({}),
        },
    ]
}

#[test]
fn calls_with_overrides_return_what_the_node_returns() {
    let (Some(scene), Some(token)) = (Scene::load(), Artifact::load("Token")) else { return };
    let Some(chain) = Chain::start(&["--hardfork", "prague"]) else { return };
    chain.play(&scene);
    let head = chain.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    let mut answers = Vec::new();
    for case in cases(&scene, &token) {
        let params = json!([case.call, head["number"], case.state, case.block]);
        let theirs = chain.ask("eth_call", &params).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        for run_ahead in [RunAhead::Off, RunAhead::On, RunAhead::AccessList, RunAhead::Prestate] {
            let mut ours = ThroughC::http(&chain, &chain.url(), HARDFORK, run_ahead);
            let result = ours.call(&head, &case.call, &case.state, &case.block);
            let (result, _) = result.unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert_eq!(result["output"], theirs, "{}: {run_ahead:?}: {result}", case.name);
            // Nothing of it stays: the same call without overrides is the node's, too.
            let plain = ours.call(&head, &case.call, &json!({}), &json!({})).map(|(result, _)| result);
            let output =
                plain.as_ref().ok().filter(|result| result["status"] == "success").map(|result| &result["output"]);
            let theirs = chain.ask("eth_call", &json!([case.call, head["number"]]));
            assert_eq!(output, theirs.as_ref().ok(), "{} without overrides: {plain:?}, {theirs:?}", case.name);
        }
        answers.push(theirs.to_string());
    }
    assert!(answers.iter().all(|answer| answer.len() > 60), "{answers:?}");
}
