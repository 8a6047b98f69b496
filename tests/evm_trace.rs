//! The text of traces: formats, options, limits, writers. Their content is compared with the executable specification's
//! in `tests/eels`.
#![cfg(feature = "evm")]

#[path = "support/fixtures.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod fixtures;
#[path = "support/scene.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod scene;

use alloy_consensus::transaction::SignerRecoverable;
use alloy_consensus::{Transaction, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use alloy_rlp::Decodable;
use scene::{Account, Mode, Scene};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use worldstate::evm::trace::{TraceOptions, TraceOutput, TraceSummary, Tracer};
use worldstate::evm::{Answer, Evm, EvmOptions, Hardfork, Message, Need, Progress, Status};
use worldstate::state::State;

const CALLER: Address = address!("00000000000000000000000000000000000000ca");
const MAIN: Address = address!("00000000000000000000000000000000000000a1");
const OTHER: Address = address!("00000000000000000000000000000000000000b2");

/// A call of `MAIN` with a million gas.
fn scene(main: &str, other: &str) -> Scene {
    let account = |code: &str| Account {
        nonce: 1,
        code: hex::decode(code).unwrap().into(),
        storage: HashMap::from([(U256::from(1), U256::from(0x11))]),
        ..Account::default()
    };
    Scene {
        accounts: HashMap::from([(MAIN, account(main)), (OTHER, account(other))]),
        options: EvmOptions { hardfork: Hardfork::Cancun, ..EvmOptions::default() },
        unsigned: Some(json!({"from": CALLER.to_string(), "to": MAIN.to_string(), "gas": "0xf4240"}).to_string()),
        ..Scene::default()
    }
}

fn text(scene: &Scene, options: TraceOptions) -> String {
    scene.text(options, Mode::Local).expect("a valid transaction")
}

fn lines(scene: &Scene, options: TraceOptions) -> Vec<Value> {
    text(scene, options).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn logs(scene: &Scene, options: TraceOptions) -> Vec<Value> {
    let whole: Value = serde_json::from_str(&text(scene, options)).unwrap();
    whole["structLogs"].as_array().unwrap().clone()
}

fn everything(options: TraceOptions) -> TraceOptions {
    TraceOptions { stack: true, memory: true, storage: true, return_data: true, ..options }
}

/// MSTORE(0, 7); SLOAD(1); SSTORE(1, 0) for a refund; a call of `OTHER`; SSTORE(2, 9).
const BUSY: &str = "60076000526001545060006001556000600060006000600060b2620186a0f15060096002555b00";
/// SSTORE(1, 0) for a refund, then the word in memory at 0 returned.
const ANSWER: &str = "600060015560ff60005260206000f3";

#[test]
fn a_line_is_exactly_this() {
    let text = text(&scene("6001600201", ""), TraceOptions::eip3155());
    let expected = concat!(
        r#"{"pc":0,"op":96,"gas":"0xef038","gasCost":"0x3","stack":[],"depth":1,"returnData":"0x","refund":"0x0","memSize":0,"opName":"PUSH1"}"#,
        "\n",
        r#"{"pc":2,"op":96,"gas":"0xef035","gasCost":"0x3","stack":["0x1"],"depth":1,"returnData":"0x","refund":"0x0","memSize":0,"opName":"PUSH1"}"#,
        "\n",
        r#"{"pc":4,"op":1,"gas":"0xef032","gasCost":"0x3","stack":["0x1","0x2"],"depth":1,"returnData":"0x","refund":"0x0","memSize":0,"opName":"ADD"}"#,
        "\n",
        r#"{"pc":5,"op":0,"gas":"0xef02f","gasCost":"0x0","stack":["0x3"],"depth":1,"returnData":"0x","refund":"0x0","memSize":0,"opName":"STOP"}"#,
        "\n",
        r#"{"stateRoot":"","output":"0x","gasUsed":"0x5211","pass":true,"fork":"Cancun"}"#,
        "\n",
    );
    assert_eq!(text, expected);
}

#[test]
fn struct_logs_are_exactly_this() {
    let scene = scene("6001600201", "");
    let expected = concat!(
        r#"{"structLogs":["#,
        "\n",
        r#"{"pc":0,"op":"PUSH1","gas":979000,"gasCost":3,"depth":1,"stack":[]},"#,
        "\n",
        r#"{"pc":2,"op":"PUSH1","gas":978997,"gasCost":3,"depth":1,"stack":["0x1"]},"#,
        "\n",
        r#"{"pc":4,"op":"ADD","gas":978994,"gasCost":3,"depth":1,"stack":["0x1","0x2"]},"#,
        "\n",
        r#"{"pc":5,"op":"STOP","gas":978991,"gasCost":0,"depth":1,"stack":["0x3"]}"#,
        "\n",
        r#"],"gas":21009,"failed":false,"returnValue":"0x"}"#,
        "\n",
    );
    assert_eq!(text(&scene, TraceOptions::struct_logs()), expected);
}

#[test]
fn options_leave_members_out() {
    let scene = scene(BUSY, ANSWER);
    let bare = TraceOptions { stack: false, return_data: false, storage: false, ..TraceOptions::struct_logs() };
    for log in logs(&scene, bare) {
        let names =
            log.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "refund").collect::<Vec<_>>();
        assert_eq!(names, ["pc", "op", "gas", "gasCost", "depth"]);
    }
    let bare = TraceOptions { stack: false, return_data: false, ..TraceOptions::eip3155() };
    let all = lines(&scene, bare);
    for line in &all[..all.len() - 1] {
        assert_eq!(line["stack"], json!([]));
        assert!(line.get("returnData").is_none() && line.get("memory").is_none(), "{line}");
    }
}

#[test]
fn memory_storage_and_returned_data() {
    let scene = scene(BUSY, ANSWER);
    let logs = logs(&scene, everything(TraceOptions::struct_logs()));
    let at = |op: &str, depth: u64| {
        logs.iter().filter(move |log| log["op"] == op && log["depth"] == depth).collect::<Vec<_>>()
    };
    let word = |number: u64| format!("0x{number:064x}");
    assert_eq!(at("MSTORE", 1)[0].get("memory"), None);
    assert_eq!(at("SLOAD", 1)[0]["memory"], json!([word(7)]));
    assert_eq!(at("SLOAD", 1)[0]["storage"], json!({word(1): word(0x11)}));
    // Each account has its own slots, and all it has touched so far are shown.
    assert_eq!(at("SSTORE", 1)[0]["storage"], json!({word(1): word(0)}));
    assert_eq!(at("SSTORE", 2)[0]["storage"], json!({word(1): word(0)}));
    assert_eq!(at("SSTORE", 1)[1]["storage"], json!({word(1): word(0), word(2): word(9)}));
    assert!(logs.iter().all(|log| log.get("storage").is_none() || log["op"] == "SLOAD" || log["op"] == "SSTORE"));
    assert_eq!(at("SSTORE", 1)[0].get("returnData"), None);
    assert_eq!(at("SSTORE", 1)[1]["returnData"], json!(word(0xff)));
    let lines = lines(&scene, everything(TraceOptions::eip3155()));
    assert_eq!(lines[0]["memory"], "0x");
    assert_eq!(lines[lines.len() - 2]["memory"], json!(word(7)));
    assert_eq!(lines[lines.len() - 2]["memSize"], 32);
}

#[test]
fn the_refund_is_the_whole_transactions() {
    let lines = lines(&scene(BUSY, ANSWER), TraceOptions::eip3155());
    let mut refunds = lines.iter().filter_map(|line| line["refund"].as_str()).collect::<Vec<_>>();
    refunds.dedup();
    // 4800 for each slot that is cleared (EIP-3529): in the outer frame, in the inner one, and both after its return.
    assert_eq!(refunds, ["0x0", "0x12c0", "0x2580"]);
    let inner = lines.iter().position(|line| line["depth"] == 2).unwrap();
    assert_eq!(lines[inner]["refund"], "0x12c0");
    // A reverted frame's refund is lost.
    let reverted = ANSWER.replace("6000f3", "6000fd");
    let lines = self::lines(&scene(BUSY, &reverted), TraceOptions::eip3155());
    assert_eq!(lines[lines.len() - 2]["refund"], "0x12c0");
}

#[test]
fn a_call_costs_what_it_passes_on_and_a_create_does_not() {
    // 100 000 gas passed on, 2 600 for the cold account.
    let called = logs(&scene(BUSY, ANSWER), TraceOptions::struct_logs());
    let call = called.iter().find(|log| log["op"] == "CALL").unwrap();
    assert_eq!(call["gasCost"], 102_600);
    // CREATE(0, 0, 1) of the init code 0x00: 32 000 and 2 for a word of init code, 3 for one of memory.
    let created = logs(&scene("600160006000f000", ""), TraceOptions::struct_logs());
    let create = created.iter().find(|log| log["op"] == "CREATE").unwrap();
    assert_eq!(create["gasCost"], 32_005);
    assert_eq!(created.iter().filter(|log| log["depth"] == 2).count(), 1);
    // Empty init code has no operation.
    let empty = logs(&scene("600060006000f000", ""), TraceOptions::struct_logs());
    assert_eq!(
        empty.iter().map(|log| log["op"].as_str().unwrap()).collect::<Vec<_>>(),
        ["PUSH1", "PUSH1", "PUSH1", "CREATE", "STOP"]
    );
}

#[test]
fn failures_say_why() {
    let overflow = "5f".repeat(1025);
    for (code, error) in [
        ("01", "stack underflow (0 <=> 2)"),
        ("6001600255600101", "stack underflow (1 <=> 2)"),
        (overflow.as_str(), "stack limit reached 1024 (1023)"),
        ("0c", "invalid opcode: opcode 0xc not defined"),
        ("fe", "invalid opcode: INVALID"),
        ("600056", "invalid jump destination"),
        ("5f5ffd", "execution reverted"),
        ("63ffffffff51", "out of gas"),
    ] {
        let scene = scene(code, "");
        let lines = lines(&scene, TraceOptions::eip3155());
        let (last, end) = (&lines[lines.len() - 2], &lines[lines.len() - 1]);
        assert_eq!(last["error"], error, "{code}");
        assert_eq!(end["pass"], false, "{code}");
        assert!(lines[..lines.len() - 2].iter().all(|line| line.get("error").is_none()), "{code}");
        let log = logs(&scene, TraceOptions::struct_logs()).pop().unwrap();
        // To geth's tracer a REVERT has worked.
        assert_eq!(log.get("error"), (error != "execution reverted").then(|| json!(error)).as_ref(), "{code}");
    }
    assert_eq!(lines(&scene("0c", ""), TraceOptions::eip3155())[0]["opName"], "opcode 0xc not defined");
}

#[test]
fn an_instruction_that_stopped_for_missing_state_is_written_once() {
    let scene = scene(BUSY, ANSWER);
    for options in [TraceOptions::eip3155(), TraceOptions::struct_logs()].map(everything) {
        for mode in [Mode::Asked, Mode::Stepped] {
            let run = scene.run(Tracer::new(options, TraceOutput::memory()), mode).unwrap();
            assert!(run.needs > 5, "{} values were asked for", run.needs);
            assert_eq!(String::from_utf8_lossy(run.tracer.text()), text(&scene, options), "{mode:?}");
        }
    }
}

#[test]
fn the_limit_ends_the_trace_between_two_operations() {
    let scene = scene(BUSY, ANSWER);
    let whole = logs(&scene, TraceOptions::struct_logs());
    for limit in [0, 70, 500, 1000, 2500] {
        let options = TraceOptions { limit: Some(limit), ..TraceOptions::struct_logs() };
        let tracer = scene.run(Tracer::new(options, TraceOutput::memory()), Mode::Local).unwrap().tracer;
        let json: Value = serde_json::from_slice(tracer.text()).unwrap();
        let kept = json["structLogs"].as_array().unwrap();
        assert_eq!(json["truncated"], true);
        assert!(tracer.truncated() && kept.len() < whole.len());
        assert_eq!(kept[..], whole[..kept.len()]);
        let operations = kept.iter().map(|log| log.to_string().len() + 2).sum::<usize>() as u64;
        let next = whole[kept.len()].to_string().len() as u64 + 2;
        assert!(operations <= limit && operations + next + 1 >= limit, "{limit}: {operations} and {next}");
        let options = TraceOptions { limit: Some(limit), ..TraceOptions::eip3155() };
        let end = lines(&scene, options).pop().unwrap();
        assert_eq!((&end["truncated"], &end["pass"]), (&json!(true), &json!(true)));
    }
    assert!(!text(&scene, TraceOptions { limit: Some(1 << 20), ..TraceOptions::struct_logs() }).contains("truncated"));
}

/// Takes `room` bytes, then fails as a full disk does.
#[derive(Clone)]
struct Disk {
    room: usize,
    pieces: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Write for Disk {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let mut pieces = self.pieces.lock().unwrap();
        if pieces.iter().map(Vec::len).sum::<usize>() + piece.len() > self.room {
            return Err(io::Error::other("the disk is full"));
        }
        pieces.push(piece.to_vec());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts down from 4000 and stops: 36 006 operations.
const LOOP: &str = "610fa05b6001900380600357";

#[test]
fn a_writer_gets_large_pieces_of_the_same_text() {
    for options in [TraceOptions::eip3155(), TraceOptions::struct_logs()] {
        let disk = Disk { room: usize::MAX, pieces: Arc::default() };
        let scene = scene(LOOP, "");
        let run = scene.run(Tracer::new(options, TraceOutput::writer(disk.clone())), Mode::Local).unwrap();
        assert!(run.error.is_none() && run.tracer.text().is_empty());
        let pieces = disk.pieces.lock().unwrap();
        let (last, full) = pieces.split_last().unwrap();
        assert!(full.len() > 20 && full.iter().all(|piece| piece.len() >= 64 << 10) && !last.is_empty());
        assert_eq!(pieces.concat(), text(&scene, options).as_bytes());
    }
}

#[test]
fn a_writers_error_is_told_and_the_execution_goes_on() {
    for room in [0, 100_000, 1_000_000] {
        let disk = Disk { room, pieces: Arc::default() };
        let tracer = Tracer::new(TraceOptions::eip3155(), TraceOutput::writer(disk.clone()));
        let mut run = scene(LOOP, "").run(tracer, Mode::Local).unwrap();
        assert!(run.outcome.status == Status::Success);
        let error = run.error.take().expect("the writer's error").to_string();
        assert!(error.contains("the disk is full"), "{error}");
        // Once failed, nothing is written behind the gap.
        assert_eq!(run.tracer.finish(&TraceSummary::default()).unwrap_err().to_string(), error);
        assert!(disk.pieces.lock().unwrap().concat().len() <= room);
    }
}

#[test]
fn an_execution_that_was_given_up_leaves_what_there_was() {
    for (options, end) in [(TraceOptions::eip3155(), "}\n"), (TraceOptions::struct_logs(), "\n],\"aborted\":true}\n")] {
        let mut evm = Evm::new(EvmOptions { ask_host: true, ..EvmOptions::default() }).unwrap();
        evm.set_tracer(Some(Box::new(Tracer::new(options, TraceOutput::memory()))));
        // 1 + 2, then SLOAD(3), which nobody answers.
        let code = Some(hex!("60016002016003545b").into());
        let message = || Message { to: Some(MAIN), code: code.clone(), gas_limit: 1_000_000, ..Message::default() };
        let mut state = State::new();
        evm.start(message()).unwrap();
        while evm.run(&mut state).unwrap() == Progress::Need && !matches!(evm.pending()[0], Need::Storage(..)) {
            let answer = match evm.pending()[0] {
                Need::Balance(address) => Answer::Balance(address, U256::ZERO),
                Need::Nonce(address) => Answer::Nonce(address, 0),
                Need::Code(address) => Answer::Code(address, Bytes::new()),
                other => panic!("{other}"),
            };
            evm.answer(answer).unwrap();
        }
        evm.abort();
        let text = String::from_utf8(evm.tracer().unwrap().take_text()).unwrap();
        assert_eq!(text.matches("\"pc\":").count(), 4, "{text}");
        assert!(text.ends_with(end) && !text.contains("SLOAD"), "{text}");
        // The next execution begins a trace of its own.
        evm.start(message()).unwrap();
        while evm.run(&mut state).unwrap() == Progress::Need {
            let answer = match evm.pending()[0] {
                Need::Balance(address) => Answer::Balance(address, U256::ZERO),
                Need::Nonce(address) => Answer::Nonce(address, 0),
                Need::Code(address) => Answer::Code(address, Bytes::new()),
                Need::Storage(address, slot) => Answer::Storage(address, slot, U256::ZERO),
                other => panic!("{other}"),
            };
            evm.answer(answer).unwrap();
        }
        let text = String::from_utf8(evm.tracer().unwrap().take_text()).unwrap();
        assert_eq!(text.matches("\"pc\":").count(), 7, "{text}");
        assert!(!text.contains("aborted"), "{text}");
    }
}

#[test]
fn transactions_follow_each_other() {
    for options in [TraceOptions::eip3155(), TraceOptions::struct_logs()] {
        let (first, second) = (scene(BUSY, ANSWER), scene(LOOP, ""));
        let mut tracer = Tracer::new(options, TraceOutput::memory());
        let mut together = String::new();
        for scene in [&first, &second, &first] {
            tracer = scene.run(tracer, Mode::Local).unwrap().tracer;
            together += &text(scene, options);
        }
        assert_eq!(String::from_utf8(tracer.take_text()).unwrap(), together);
        assert!(tracer.text().is_empty());
    }
}

/// The scene of a transaction that sees nothing of the state but its sender, with the rules of its block.
fn of_chain(mut chain: &[u8], genesis: &Value, hash: B256) -> Option<Scene> {
    while !chain.is_empty() {
        let block = alloy_consensus::Block::<TxEnvelope>::decode(&mut chain).expect("blocks");
        let Some(transaction) = block.body.transactions.iter().find(|it| *it.tx_hash() == hash) else { continue };
        let config = &genesis["config"];
        let names = "homesteadBlock eip150Block eip158Block byzantiumBlock petersburgBlock istanbulBlock berlinBlock \
                     londonBlock mergeNetsplitBlock shanghaiTime cancunTime pragueTime osakaTime";
        let past = names.split_whitespace().filter(|name| {
            let now = if name.ends_with("Block") { block.header.number } else { block.header.timestamp };
            config[name].as_u64().is_some_and(|start| start <= now)
        });
        let hardfork = Hardfork::ALL[past.count()];
        let sender = Account { balance: U256::MAX >> 1, nonce: transaction.nonce(), ..Account::default() };
        return Some(Scene {
            accounts: HashMap::from([(transaction.recover_signer().ok()?, sender)]),
            options: EvmOptions { hardfork, chain_id: config["chainId"].as_u64()?, ..EvmOptions::default() },
            block: json!({
                "number": block.header.number,
                "timestamp": block.header.timestamp,
                "gasLimit": block.header.gas_limit,
                "baseFeePerGas": block.header.base_fee_per_gas.unwrap_or_default(),
                "mixHash": block.header.mix_hash.to_string(),
            }),
            transaction: transaction.encoded_2718(),
            unsigned: None,
        });
    }
    None
}

/// Transactions of the chain behind the transcripts: a contract's creation and a transfer, each of which sees nothing
/// of the state but its sender.
#[test]
fn struct_logs_are_geths() {
    let Some(directory) = fixtures::fixtures() else { return };
    let directory = directory.join("execution-apis");
    let chain = std::fs::read(directory.join("chain.rlp")).unwrap();
    let genesis = fixtures::json(&directory.join("genesis.json"));
    let mut compared = 0;
    for entry in std::fs::read_dir(directory.join("debug_traceTransaction")).unwrap() {
        let transcript = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let message = |mark: &str| -> Value {
            serde_json::from_str(transcript.lines().find_map(|line| line.strip_prefix(mark)).unwrap()).unwrap()
        };
        let answer = message("<< ");
        let Some(expected) = answer.get("result") else { continue };
        let hash = message(">> ")["params"][0].as_str().unwrap().parse().unwrap();
        let scene = of_chain(&chain, &genesis, hash).expect("the transaction is in the chain");
        let ours: Value = serde_json::from_str(&text(&scene, TraceOptions::struct_logs())).unwrap();
        assert_eq!(&ours, expected);
        compared += 1;
    }
    assert!(compared >= 2, "{compared}");
}
