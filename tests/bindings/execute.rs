//! The operation `execute`: the loop that a binding hides.

use super::arguments::{address, bytes, c_text, field, list, number, of_quantity, quantity, quantity64, str_of, word};
use super::cases::only;
use super::failure::{Outcome, done};
use super::manager::Manager;
use super::store::Store;
use alloy_primitives::{Address, B256, Bytes, hex};
use serde_json::{Map, Value, json};
use std::ffi::{CString, c_char, c_int};
use std::ptr::{null, null_mut};
use worldstate::ffi::evm::*;
use worldstate::ffi::handle::{EvmHandle, StateManagerHandle};

const NO_STORE: &str = "Async request but no stateInterface provided";
const NOTHING: AsyncRequest = AsyncRequest { output_type: 0, address: [0; 20], slot: [0; 32] };

const FLAGS: [(&str, u32); 8] = [
    ("askHost", EVM_ASK_HOST),
    ("noBalanceCheck", EVM_NO_BALANCE_CHECK),
    ("noNonceCheck", EVM_NO_NONCE_CHECK),
    ("noBaseFeeCheck", EVM_NO_BASE_FEE_CHECK),
    ("noCodeSizeLimit", EVM_NO_CODE_SIZE_LIMIT),
    ("noBlockGasLimit", EVM_NO_BLOCK_GAS_LIMIT),
    ("noSenderCodeCheck", EVM_NO_SENDER_CODE_CHECK),
    ("noFee", EVM_NO_FEE),
];

pub(crate) fn execute(manager: &mut Manager, step: &Value) -> Outcome<Value> {
    let empty = json!({});
    let executor = Executor::new(manager.state, step.get("evm").unwrap_or(&empty))?;
    executor.set_job(step)?;
    let mut store = step.get("store").map(Store::new);
    // Some bindings ask by themselves where there is a store, others when they are told to.
    assert!(store.is_none() || step["evm"]["askHost"] == true, "a store, and nobody to ask it");
    if let Err(failure) = executor.run(manager, store.as_mut(), step.get("commit").map_or("commit", str_of)) {
        executor.done(evm_abort(executor.0))?;
        return Err(failure);
    }
    let wanted = step.get("expect").and_then(Value::as_object);
    let mut result = executor.result()?;
    for (key, read) in WHOLE {
        if wanted.is_some_and(|keys| keys.contains_key(*key)) {
            result[key] = serde_json::from_str(&executor.text(*read)?).unwrap();
        }
    }
    result["asked"] = store.map(|store| store.asked.into_iter().collect()).unwrap_or_default();
    Ok(result)
}

type Read = unsafe extern "C" fn(EvmHandle, *mut c_char, usize, *mut usize) -> c_int;

const WHOLE: &[(&str, Read)] =
    &[("changes", evm_get_state_changes), ("accessList", evm_get_access_list), ("prestate", evm_get_prestate)];

struct Executor(EvmHandle);

impl Drop for Executor {
    fn drop(&mut self) {
        evm_destroy(self.0);
    }
}

// Every pointer handed over below is to a live value or buffer of the size that is said.
#[expect(clippy::undocumented_unsafe_blocks, reason = "one reason for all of them, above")]
impl Executor {
    fn new(state: StateManagerHandle, settings: &Value) -> Outcome<Self> {
        let mut options: EvmOptions = unsafe { std::mem::zeroed() };
        options.size = size_of::<EvmOptions>();
        let hardfork = settings.get("hardfork").map(|name| c_text(str_of(name)));
        options.hardfork = hardfork.as_ref().map_or(null(), |name| name.as_ptr());
        let precompiles: Vec<Address> = settings
            .get("precompiles")
            .map(|_| list(settings, "precompiles").iter().map(address).collect())
            .unwrap_or_default();
        (options.precompiles, options.precompile_count) = (precompiles.as_ptr().cast(), precompiles.len());
        for (key, value) in settings.as_object().unwrap() {
            if let Some((_, flag)) = FLAGS.iter().find(|(name, _)| name == key) {
                options.flags |= if value.as_bool().unwrap() { *flag } else { 0 };
                continue;
            }
            match key.as_str() {
                "chainId" => options.chain_id = number(value),
                "gasCap" => options.gas_cap = number(value),
                "cacheSize" => options.cache_size = number(value).try_into().unwrap(),
                "runAhead" => {
                    options.run_ahead = match str_of(value) {
                        "off" => EVM_RUN_AHEAD_OFF,
                        "on" => EVM_RUN_AHEAD_ON,
                        "accessList" => EVM_RUN_AHEAD_ACCESS_LIST,
                        "prestate" => EVM_RUN_AHEAD_PRESTATE,
                        other => panic!("no way {other} of running ahead"),
                    }
                }
                "hardfork" | "precompiles" | "block" | "blockHashes" | "stateOverrides" | "blockOverrides" => {}
                other => panic!("no option {other} of an executor"),
            }
        }
        let executor = Self(unsafe { evm_create(state, &raw const options) });
        assert!(!executor.0.is_null(), "{}", super::failure::last_error(null_mut()));
        executor.set_surroundings(settings)?;
        Ok(executor)
    }

    fn set_surroundings(&self, settings: &Value) -> Outcome<()> {
        let json = |key: &str| settings.get(key).map(|value| c_text(value.to_string()));
        let set = |text: Option<CString>, set: unsafe extern "C" fn(EvmHandle, *const c_char) -> c_int| {
            text.map_or(Ok(()), |text| self.done(unsafe { set(self.0, text.as_ptr()) }))
        };
        set(json("block"), evm_set_block)?;
        set(json("blockOverrides"), evm_set_block_overrides)?;
        set(json("stateOverrides"), evm_set_state_overrides)?;
        for (number, hash) in settings.get("blockHashes").and_then(Value::as_object).into_iter().flatten() {
            let (number, hash) = (number.parse().unwrap(), word(hash));
            self.done(unsafe { evm_set_block_hash(self.0, number, hash.as_ptr()) })?;
        }
        Ok(())
    }

    fn set_job(&self, step: &Value) -> Outcome<()> {
        let given = ["transaction", "raw", "message"].map(|key| step.get(key));
        match given {
            [Some(transaction), None, None] => {
                let text = c_text(transaction.to_string());
                self.done(unsafe { evm_set_transaction_json(self.0, text.as_ptr()) })
            }
            [None, Some(raw), None] => {
                let raw = bytes(raw);
                self.done(unsafe { evm_set_transaction(self.0, raw.as_ptr(), raw.len()) })
            }
            [None, None, Some(message)] => self.set_message(message),
            _ => panic!("one of transaction, raw and message has to be there"),
        }
    }

    fn set_message(&self, fields: &Value) -> Outcome<()> {
        only(fields, &["caller", "origin", "to", "code", "value", "input", "gas", "gasPrice", "isStatic"]).unwrap();
        let of = |key| fields.get(key).map(address);
        let place = |of: &Option<Address>| of.as_ref().map_or(null(), |of| of.as_ptr());
        let (caller, origin, to) = (of("caller"), of("origin"), of("to"));
        let value = fields.get("value").map(|value| B256::from(quantity(value)));
        let (code, input) = (fields.get("code").map(bytes), fields.get("input").map(bytes));
        let start = |data: &Option<Bytes>| data.as_ref().map_or(null(), |data| data.as_ptr());
        let length = |data: &Option<Bytes>| data.as_ref().map_or(0, |data| data.len());
        let message = EvmMessage {
            size: size_of::<EvmMessage>(),
            caller: place(&caller),
            origin: place(&origin),
            to: place(&to),
            code: start(&code),
            code_len: length(&code),
            value: value.as_ref().map_or(null(), |value| value.as_ptr()),
            input: start(&input),
            input_len: length(&input),
            gas: quantity64(field(fields, "gas")),
            gas_price: fields.get("gasPrice").map_or(0, quantity64),
            is_static: u32::from(fields.get("isStatic").is_some_and(|value| value.as_bool().unwrap())),
            reserved: 0,
        };
        self.done(unsafe { evm_set_message(self.0, &raw const message) })
    }

    fn done(&self, status: c_int) -> Outcome<()> {
        done(self.0.cast(), status)
    }

    fn run(&self, manager: &mut Manager, mut store: Option<&mut Store>, commit: &str) -> Outcome<()> {
        let mut request = NOTHING;
        self.done(unsafe { evm_call_ffi(self.0, &raw mut request) })?;
        loop {
            match request.output_type {
                EVM_OUTPUT_RESULT => return Ok(()),
                EVM_OUTPUT_READY_TO_COMMIT => break,
                _ => {}
            }
            if !manager.serve()? {
                self.answer_all(store.as_deref_mut())?;
            }
            self.done(unsafe { evm_resume(self.0, &raw mut request) })?;
        }
        match commit {
            "commit" => {
                self.done(unsafe { evm_continue_ffi(self.0, EVM_CONTINUE_AFTER_COMMIT, null(), 0, &raw mut request) })
            }
            "discard" => self.done(evm_discard(self.0)),
            "checkpoint" => self.done(evm_commit_in_checkpoint(self.0)),
            other => panic!("no way {other} to commit"),
        }
    }

    fn answer_all(&self, store: Option<&mut Store>) -> Outcome<()> {
        let Some(store) = store else { return self.fail(NO_STORE) };
        let mut count = 0;
        self.done(unsafe { evm_pending(self.0, null_mut(), 0, &raw mut count) })?;
        let mut pending = vec![NOTHING; count];
        self.done(unsafe { evm_pending(self.0, pending.as_mut_ptr(), count, &raw mut count) })?;
        for request in &pending {
            match store.answer(request) {
                Ok((kind, answer)) => self.done(unsafe { evm_answer(self.0, kind, answer.as_ptr(), answer.len()) })?,
                Err(text) => return self.fail(&text),
            }
        }
        Ok(())
    }

    /// Says that the host could not answer, which fails with the text.
    fn fail(&self, text: &str) -> Outcome<()> {
        let mut request = NOTHING;
        let kind = EVM_CONTINUE_WITH_ERROR;
        let failed = self.done(unsafe { evm_continue_ffi(self.0, kind, text.as_ptr(), text.len(), &raw mut request) });
        assert!(failed.is_err(), "the execution goes on without an answer");
        failed
    }

    fn text(&self, read: Read) -> Outcome<String> {
        let mut length = 0;
        self.done(unsafe { read(self.0, null_mut(), 0, &raw mut length) })?;
        let mut text = vec![0_u8; length + 1];
        self.done(unsafe { read(self.0, text.as_mut_ptr().cast(), text.len(), &raw mut length) })?;
        text.truncate(length);
        Ok(String::from_utf8(text).unwrap())
    }

    fn result(&self) -> Outcome<Value> {
        let mut result: EvmResult = unsafe { std::mem::zeroed() };
        result.size = size_of::<EvmResult>();
        self.done(unsafe { evm_get_result(self.0, &raw mut result) })?;
        let mut output = vec![0; result.output_len];
        self.done(unsafe { evm_get_output(self.0, output.as_mut_ptr(), output.len()) })?;
        let logs = (0..result.log_count).map(|index| self.log(index as usize)).collect::<Outcome<Vec<_>>>()?;
        let status = match result.status {
            EVM_STATUS_SUCCESS => "success",
            EVM_STATUS_REVERT => "revert",
            EVM_STATUS_HALT => "halt",
            other => panic!("a result has status {other}"),
        };
        let fields = [
            ("status", status.into()),
            ("gasUsed", of_quantity(result.gas_used)),
            ("gasRefunded", of_quantity(result.gas_refunded)),
            ("output", hex::encode_prefixed(output).into()),
            (
                "created",
                if result.has_created == 1 { hex::encode_prefixed(result.created).into() } else { Value::Null },
            ),
            ("logs", logs.into()),
            ("failure", self.text(evm_get_failure)?.into()),
        ];
        Ok(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into())
    }

    fn log(&self, index: usize) -> Outcome<Value> {
        let (mut address, mut topics, mut count, mut length) = ([0; 20], [B256::ZERO; 4], 0, 0);
        let (of, words) = (address.as_mut_ptr(), topics.as_mut_ptr().cast());
        let (topic_count, data_len) = (&raw mut count, &raw mut length);
        let read = |data: *mut u8, size: usize| unsafe {
            evm_get_log(self.0, index, of, words, topic_count, data, size, data_len)
        };
        self.done(read(null_mut(), 0))?;
        let mut data = vec![0; length];
        self.done(read(data.as_mut_ptr(), length))?;
        let topics: Vec<_> = topics[..count].iter().map(ToString::to_string).collect();
        Ok(json!({"address": hex::encode_prefixed(address), "topics": topics, "data": hex::encode_prefixed(data)}))
    }
}
