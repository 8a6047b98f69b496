//! A state, the rules and one transaction, run on a state that has everything or on one that has nothing.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::Value;
use std::collections::HashMap;
use worldstate::evm::trace::{TraceOptions, TraceOutput, Tracer};
use worldstate::evm::{Answer, Evm, EvmOptions, Hardfork, Need, Outcome, Progress, Transaction};
use worldstate::state::State;

#[derive(Clone, Default)]
pub(crate) struct Account {
    pub(crate) balance: U256,
    pub(crate) nonce: u64,
    pub(crate) code: Bytes,
    pub(crate) storage: HashMap<U256, U256>,
}

#[derive(Clone, Default)]
pub(crate) struct Scene {
    pub(crate) accounts: HashMap<Address, Account>,
    pub(crate) options: EvmOptions,
    /// As `eth_getBlockByNumber` returns it.
    pub(crate) block: Value,
    pub(crate) transaction: Vec<u8>,
    /// The transaction where it is not a signed one.
    pub(crate) unsigned: Option<String>,
}

/// How the execution gets the scene's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All of it is there from the start.
    Local,
    /// Nothing is there, and one value is answered at a time.
    Asked,
    /// As `Asked`, and every instruction is executed by a call of its own.
    Stepped,
}

fn word(value: &Value) -> U256 {
    value.as_str().map_or(U256::ZERO, |text| text.parse().expect("a number"))
}

impl Account {
    fn from_json(account: &Value) -> Self {
        let storage = account["storage"].as_object().into_iter().flatten();
        Self {
            balance: word(&account["balance"]),
            nonce: word(&account["nonce"]).to(),
            code: account["code"].as_str().map_or_else(Bytes::new, |code| code.parse().expect("code")),
            storage: storage.map(|(slot, value)| (slot.parse().expect("a slot"), word(value))).collect(),
        }
    }
}

impl Scene {
    /// One case of a state test: `post[fork][index]`.
    pub(crate) fn of_test(test: &Value, fork: &str, index: usize) -> Self {
        let env = &test["env"];
        let hardfork: Hardfork = fork.parse().expect("a known fork");
        let mut block = serde_json::Map::new();
        for (name, from) in [
            ("number", "currentNumber"),
            ("timestamp", "currentTimestamp"),
            ("gasLimit", "currentGasLimit"),
            ("baseFeePerGas", "currentBaseFee"),
            ("miner", "currentCoinbase"),
            ("difficulty", "currentDifficulty"),
            ("mixHash", "currentRandom"),
            ("excessBlobGas", "currentExcessBlobGas"),
        ] {
            if let Some(value) = env.get(from) {
                block.insert(name.to_owned(), value.clone());
            }
        }
        let accounts = test["pre"].as_object().expect("accounts").iter();
        let transaction: Bytes = test["post"][fork][index]["txbytes"].as_str().expect("bytes").parse().expect("bytes");
        let chain_id = test["config"].get("chainid").map_or(1, |id| word(id).to());
        Self {
            accounts: accounts
                .map(|(address, it)| (address.parse().expect("address"), Account::from_json(it)))
                .collect(),
            options: EvmOptions { hardfork, chain_id, ..EvmOptions::default() },
            block: Value::Object(block),
            transaction: transaction.to_vec(),
            unsigned: None,
        }
    }

    fn transaction(&self) -> Transaction {
        match &self.unsigned {
            Some(json) => Transaction::from_json(json).expect("a transaction"),
            None => Transaction::from_raw(&self.transaction, self.options.hardfork).expect("a signed transaction"),
        }
    }

    fn state(&self) -> State {
        let mut state = State::new();
        for (address, account) in &self.accounts {
            state.set_balance(*address, account.balance);
            state.set_nonce(*address, account.nonce);
            state.set_code(*address, account.code.clone());
            for (slot, value) in &account.storage {
                state.set_storage(*address, *slot, *value);
            }
        }
        state
    }

    fn answer(&self, need: Need) -> Answer {
        let account = |address| self.accounts.get(&address).cloned().unwrap_or_default();
        match need {
            Need::Storage(address, slot) => {
                Answer::Storage(address, slot, account(address).storage.get(&slot).copied().unwrap_or_default())
            }
            Need::Balance(address) => Answer::Balance(address, account(address).balance),
            Need::Code(address) => Answer::Code(address, account(address).code),
            Need::Nonce(address) => Answer::Nonce(address, account(address).nonce),
            Need::BlockHash(number) => Answer::BlockHash(number, B256::ZERO),
            Need::Precompile(address) => panic!("{address} is no precompiled contract of ours"),
        }
    }

    /// Executes the transaction under the tracer. `None`: it is refused.
    pub(crate) fn run(&self, tracer: Tracer, mode: Mode) -> Option<Run> {
        let options = EvmOptions { ask_host: mode != Mode::Local, ..self.options.clone() };
        let mut evm = Evm::new(options).expect("options");
        if !self.block.is_null() {
            evm.set_block(&self.block).expect("a block");
        }
        let mut state = if mode == Mode::Local { self.state() } else { State::new() };
        evm.set_tracer(Some(Box::new(tracer)));
        evm.start(self.transaction()).ok()?;
        let mut needs = 0;
        loop {
            let progress = if mode == Mode::Stepped { evm.step(&mut state) } else { evm.run(&mut state) };
            match progress.ok()? {
                Progress::Ready => break,
                Progress::Stepped => {}
                Progress::Need => {
                    needs += 1;
                    evm.answer(self.answer(evm.pending()[0])).expect("an answer to what was asked");
                }
            }
        }
        let outcome = evm.outcome().expect("it is ready").clone();
        let error = evm.take_trace_error();
        Some(Run { outcome, needs, error, tracer: *evm.set_tracer(None).expect("the tracer") })
    }

    /// The text of its trace.
    pub(crate) fn text(&self, options: TraceOptions, mode: Mode) -> Option<String> {
        let run = self.run(Tracer::new(options, TraceOutput::memory()), mode)?;
        Some(String::from_utf8(run.tracer.text().to_vec()).expect("UTF-8"))
    }
}

/// What came of it.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    /// Values that were asked for.
    pub(crate) needs: u64,
    pub(crate) error: Option<worldstate::Error>,
    pub(crate) tracer: Tracer,
}
