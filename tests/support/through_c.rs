//! The operations through the C interface, as a C program calls it: values now as bytes, now as text.

use super::model::World;
use super::remote::{Dice, HEAD, block_hash};
use super::subject::{Failure, Outcome, Subject};
use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{null, null_mut};
use worldstate::ffi::fork_backend::host::{
    fork_backend_continue, fork_backend_continue_batch, fork_backend_fail, fork_backend_next_batch,
    fork_backend_next_request,
};
use worldstate::ffi::fork_backend::lifecycle::{fork_backend_destroy, fork_backend_open};
use worldstate::ffi::fork_backend::options::ForkBackendOptions;
use worldstate::ffi::handle::{ForkBackendHandle, StateManagerHandle};
use worldstate::ffi::library::worldstate_last_error;
use worldstate::ffi::state_manager::lifecycle::{
    state_manager_create, state_manager_create_with_fork, state_manager_destroy,
};
use worldstate::ffi::state_manager::{batch::*, bytes::*, history::*, text::*, whole::*};
use worldstate::ffi::status::*;
use worldstate::state::{
    AccountInfo, AccountStatus, BalanceChange, CodeChange, DumpFormat, NonceChange, SnapshotId, StateChanges,
    StorageChange,
};

/// More than any page here.
const PAGE: usize = 8;

/// A state manager, and below it maybe a fork whose requests this host answers.
pub(crate) struct ThroughC {
    state: StateManagerHandle,
    fork: ForkBackendHandle,
    world: World,
    failing: u64,
    dice: Dice,
}

impl ThroughC {
    pub(crate) fn local(seed: u64) -> Self {
        let state = state_manager_create();
        assert!(!state.is_null());
        Self { state, fork: null_mut(), world: World::default(), failing: 0, dice: Dice(seed) }
    }

    pub(crate) fn over(world: World, seed: u64) -> Self {
        let block = CString::new(HEAD.to_string()).unwrap();
        // SAFETY: all fields may be zero, as the struct documents.
        let mut options: ForkBackendOptions = unsafe { std::mem::zeroed() };
        options.size = size_of::<ForkBackendOptions>();
        options.block = block.as_ptr();
        let mut fork = null_mut();
        // SAFETY: both pointers are to live values.
        assert_eq!(unsafe { fork_backend_open(&raw const options, &raw mut fork) }, STATE_MANAGER_SUCCESS);
        let state = state_manager_create_with_fork(fork);
        assert!(!state.is_null());
        Self { state, fork, world, failing: 0, dice: Dice(seed) }
    }

    fn done(&self, status: c_int) -> Outcome<()> {
        match status {
            STATE_MANAGER_SUCCESS => Ok(()),
            STATE_MANAGER_ERROR_RPC_PENDING => Err(Failure::Missing),
            STATE_MANAGER_ERROR_RPC_FAILED => Err(Failure::Rpc),
            STATE_MANAGER_ERROR_NO_CHECKPOINT => Err(Failure::NoCheckpoint),
            STATE_MANAGER_ERROR_INVALID_SNAPSHOT => Err(Failure::InvalidSnapshot),
            STATE_MANAGER_ERROR_INVALID_STATE => Err(Failure::InvalidState),
            other => Err(Failure::Other(format!("status {other}: {}", self.last_error()))),
        }
    }

    fn last_error(&self) -> String {
        let mut text = [0; 1024];
        let mut length = 0;
        // SAFETY: the buffer is as long as said.
        let status =
            unsafe { worldstate_last_error(self.state.cast(), text.as_mut_ptr(), text.len(), &raw mut length) };
        assert_eq!(status, STATE_MANAGER_SUCCESS);
        of_text(&text)
    }

    /// Whether the next value goes as text: seldom, for text takes this test most of its time.
    fn texts(&mut self) -> bool {
        self.dice.below(8) == 0
    }

    /// A text of any length: asked for its length, then read.
    fn whole_text(
        &mut self,
        read: impl Fn(StateManagerHandle, *mut c_char, usize, *mut usize) -> c_int,
    ) -> Outcome<String> {
        let mut length = 0;
        self.done(read(self.state, null_mut(), 0, &raw mut length))?;
        let mut text = vec![0; length + 1];
        self.done(read(self.state, text.as_mut_ptr(), text.len(), &raw mut length))?;
        if self.dice.below(2) == 0 {
            // A host that asks for the length and then does something else.
            self.done(read(self.state, null_mut(), 0, &raw mut length))?;
        }
        Ok(of_text(&text))
    }

    fn result(&mut self, method: &str, params: &Value) -> Value {
        let address = || params[0].as_str().unwrap().parse::<Address>().unwrap();
        match method {
            "eth_chainId" => json!("0x1"),
            "eth_getBlockByNumber" => {
                let number = params[0].as_str().unwrap().parse::<U256>().unwrap().to::<u64>();
                json!({"number": format!("{number:#x}"), "hash": block_hash(number).unwrap().to_string()})
            }
            "eth_getCode" => {
                let account = self.world.accounts.get(&address());
                json!(account.map_or("0x".into(), |account| account.code.to_string()))
            }
            "eth_getProof" => {
                let (address, info) = (address(), self.world.info(address()));
                let slots = params[1].as_array().unwrap().iter().map(|slot| {
                    let key = slot.as_str().unwrap();
                    let value = self.world.slots.get(&(address, key.parse().unwrap())).copied().unwrap_or_default();
                    json!({"key": key, "value": format!("{value:#x}"), "proof": []})
                });
                json!({
                    "address": address.to_string(),
                    "balance": format!("{:#x}", info.balance),
                    "nonce": format!("{:#x}", info.nonce),
                    "codeHash": info.code_hash.to_string(),
                    "storageHash": B256::ZERO.to_string(),
                    "accountProof": [],
                    "storageProof": slots.collect::<Vec<_>>(),
                })
            }
            other => panic!("the fork asks for {other} {params}"),
        }
    }

    /// Whether the next answer is a failure, and its code: one that is final, or one that may pass.
    fn failure(&mut self) -> Option<i64> {
        self.failing = self.failing.checked_sub(1)?;
        Some(if self.dice.below(2) == 0 { -32000 } else { 429 })
    }

    /// Takes one request and answers it; false when there is none.
    fn serve_request(&mut self) -> bool {
        let (mut id, mut method, mut params) = (0, [0; 64], [0; 4096]);
        let (mut method_len, mut params_len) = (0, 0);
        // SAFETY: the buffers are as long as said.
        let status = unsafe {
            fork_backend_next_request(
                self.fork,
                &raw mut id,
                method.as_mut_ptr(),
                method.len(),
                &raw mut method_len,
                params.as_mut_ptr(),
                params.len(),
                &raw mut params_len,
            )
        };
        if status == STATE_MANAGER_ERROR_NO_PENDING_REQUEST {
            return false;
        }
        assert_eq!(status, STATE_MANAGER_SUCCESS);
        let status = match self.failure() {
            // SAFETY: the message is a C string.
            Some(code) => unsafe { fork_backend_fail(self.fork, id, code, c"injected failure".as_ptr()) },
            None => {
                let answer = self.result(&of_text(&method), &serde_json::from_str(&of_text(&params)).unwrap());
                let answer = answer.to_string();
                // SAFETY: the answer is as long as said.
                unsafe { fork_backend_continue(self.fork, id, answer.as_ptr(), answer.len()) }
            }
        };
        assert_eq!(status, STATE_MANAGER_SUCCESS, "answer to request {id}");
        true
    }

    /// Takes all requests as one body and answers it, last request first; false when there is none.
    fn serve_batch(&mut self) -> bool {
        let (mut id, mut body, mut length) = (0, [0; 1 << 14], 0);
        // SAFETY: the buffer is as long as said.
        let status = unsafe {
            fork_backend_next_batch(
                self.fork,
                0,
                &raw mut id,
                body.as_mut_ptr(),
                body.len(),
                &raw mut length,
                null_mut(),
            )
        };
        if status == STATE_MANAGER_ERROR_NO_PENDING_REQUEST {
            return false;
        }
        assert_eq!(status, STATE_MANAGER_SUCCESS);
        let body: Value = serde_json::from_str(&of_text(&body)).unwrap();
        let mut answer = |request: &Value| {
            let id = &request["id"];
            match self.failure() {
                Some(code) => json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "injected"}}),
                None => {
                    let result = self.result(request["method"].as_str().unwrap(), &request["params"]);
                    json!({"jsonrpc": "2.0", "id": id, "result": result})
                }
            }
        };
        let answers = match &body {
            Value::Array(requests) => requests.iter().rev().map(answer).collect(),
            request => answer(request),
        };
        let answers = answers.to_string();
        // SAFETY: the answer is as long as said.
        let status = unsafe { fork_backend_continue_batch(self.fork, id, answers.as_ptr(), answers.len()) };
        assert_eq!(status, STATE_MANAGER_SUCCESS, "answer {answers} to {body}");
        true
    }
}

impl Drop for ThroughC {
    fn drop(&mut self) {
        state_manager_destroy(self.state);
        fork_backend_destroy(self.fork);
    }
}

fn of_text(text: &[c_char]) -> String {
    // SAFETY: a C character is a byte.
    let bytes = unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), text.len()) };
    CStr::from_bytes_until_nul(bytes).unwrap().to_str().unwrap().to_owned()
}

fn text(value: impl ToString) -> CString {
    CString::new(value.to_string()).unwrap()
}

fn hex_text(value: U256) -> CString {
    text(format!("{value:#x}"))
}

fn word(bytes: [u8; 32]) -> U256 {
    U256::from_be_bytes(bytes)
}

fn status_of(number: c_int) -> AccountStatus {
    [AccountStatus::Absent, AccountStatus::Empty, AccountStatus::Present][usize::try_from(number).unwrap()]
}

fn number(value: &Value) -> U256 {
    value.as_str().unwrap().parse().unwrap()
}

/// Reads the JSON of changes back; every list and field must be there.
fn changes_of(json: &str) -> StateChanges {
    let json: Value = serde_json::from_str(json).unwrap();
    let list = |name: &str| json[name].as_array().unwrap_or_else(|| panic!("no {name} in {json}"));
    let address = |value: &Value| value.as_str().unwrap().parse::<Address>().unwrap();
    let of = |change: &Value| address(&change["address"]);
    let storage = |change: &Value| StorageChange {
        address: of(change),
        slot: number(&change["slot"]),
        original_value: number(&change["originalValue"]),
        new_value: number(&change["newValue"]),
    };
    let balance = |change: &Value| BalanceChange {
        address: of(change),
        original_balance: number(&change["originalBalance"]),
        new_balance: number(&change["newBalance"]),
    };
    let nonce = |change: &Value| NonceChange {
        address: of(change),
        original_nonce: number(&change["originalNonce"]).to(),
        new_nonce: number(&change["newNonce"]).to(),
    };
    let code =
        |change: &Value| CodeChange { address: of(change), code: change["code"].as_str().unwrap().parse().unwrap() };
    StateChanges {
        storage: list("storage").iter().map(storage).collect(),
        balances: list("balances").iter().map(balance).collect(),
        nonces: list("nonces").iter().map(nonce).collect(),
        codes: list("codes").iter().map(code).collect(),
        self_destructs: list("selfDestructs").iter().map(address).collect(),
        cleared_storage: json
            .get("clearedStorage")
            .map_or(vec![], |all| all.as_array().unwrap().iter().map(address).collect()),
    }
}

// Every pointer handed over below is to a live value or buffer of the size that is said.
#[expect(clippy::undocumented_unsafe_blocks, reason = "one reason for all of them, above")]
impl Subject for ThroughC {
    fn account(&mut self, address: Address) -> Outcome<AccountInfo> {
        if !self.texts() {
            return Ok(self.account_batch(&[address])?[0]);
        }
        let mut status = -1;
        let done = unsafe { state_manager_get_account_status(self.state, text(address).as_ptr(), &raw mut status) };
        self.done(done)?;
        Ok(AccountInfo {
            balance: self.balance(address)?,
            nonce: self.nonce(address)?,
            code_hash: self.code_hash(address)?,
            status: status_of(status),
        })
    }

    fn balance(&mut self, address: Address) -> Outcome<U256> {
        if self.texts() {
            let mut out = [0; 67];
            let status = unsafe {
                state_manager_get_balance_sync(self.state, text(address).as_ptr(), out.as_mut_ptr(), out.len())
            };
            self.done(status)?;
            return Ok(of_text(&out).parse().unwrap());
        }
        let mut out = [0; 32];
        let status = unsafe { state_manager_get_balance_bytes(self.state, address.as_ptr(), out.as_mut_ptr()) };
        self.done(status).map(|()| word(out))
    }

    fn nonce(&mut self, address: Address) -> Outcome<u64> {
        let mut out = 0;
        let status = if self.texts() {
            unsafe { state_manager_get_nonce_sync(self.state, text(address).as_ptr(), &raw mut out) }
        } else {
            unsafe { state_manager_get_nonce_bytes(self.state, address.as_ptr(), &raw mut out) }
        };
        self.done(status).map(|()| out)
    }

    fn code_hash(&mut self, address: Address) -> Outcome<B256> {
        if self.texts() {
            let mut out = [0; 67];
            let status =
                unsafe { state_manager_get_code_hash(self.state, text(address).as_ptr(), out.as_mut_ptr(), out.len()) };
            self.done(status)?;
            return Ok(of_text(&out).parse().unwrap());
        }
        let mut out = [0; 32];
        let status = unsafe { state_manager_get_code_hash_bytes(self.state, address.as_ptr(), out.as_mut_ptr()) };
        self.done(status).map(|()| B256::from(out))
    }

    fn code(&mut self, address: Address) -> Outcome<Bytes> {
        let (mut length, texts, address_text) = (0, self.texts(), text(address));
        self.done(if texts {
            unsafe { state_manager_get_code_len_sync(self.state, address_text.as_ptr(), &raw mut length) }
        } else {
            unsafe { state_manager_get_code_len_bytes(self.state, address.as_ptr(), &raw mut length) }
        })?;
        let mut code = vec![0; length];
        self.done(if texts {
            unsafe { state_manager_get_code_sync(self.state, address_text.as_ptr(), code.as_mut_ptr(), length) }
        } else {
            unsafe { state_manager_get_code_bytes(self.state, address.as_ptr(), code.as_mut_ptr(), length) }
        })?;
        Ok(code.into())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Outcome<U256> {
        if self.texts() {
            let mut out = [0; 67];
            let (address, slot) = (text(address), hex_text(slot));
            let status = unsafe {
                state_manager_get_storage_sync(self.state, address.as_ptr(), slot.as_ptr(), out.as_mut_ptr(), out.len())
            };
            self.done(status)?;
            return Ok(of_text(&out).parse().unwrap());
        }
        let (mut out, slot) = ([0; 32], slot.to_be_bytes::<32>());
        let status =
            unsafe { state_manager_get_storage_bytes(self.state, address.as_ptr(), slot.as_ptr(), out.as_mut_ptr()) };
        self.done(status).map(|()| word(out))
    }

    fn account_batch(&mut self, addresses: &[Address]) -> Outcome<Vec<AccountInfo>> {
        let count = addresses.len();
        let addresses: Vec<u8> = addresses.iter().flat_map(|address| address.into_array()).collect();
        let (mut balances, mut nonces) = (vec![[0; 32]; count], vec![0; count]);
        let (mut code_hashes, mut statuses) = (vec![[0; 32]; count], vec![-1; count]);
        let status = unsafe {
            state_manager_get_account_batch(
                self.state,
                addresses.as_ptr(),
                count,
                balances.as_mut_ptr().cast(),
                nonces.as_mut_ptr(),
                code_hashes.as_mut_ptr().cast(),
                statuses.as_mut_ptr(),
            )
        };
        if status != STATE_MANAGER_SUCCESS {
            assert!(statuses.iter().all(|status| *status == -1), "a failed batch wrote something");
        }
        self.done(status)?;
        let info = |at: usize| AccountInfo {
            balance: word(balances[at]),
            nonce: nonces[at],
            code_hash: code_hashes[at].into(),
            status: status_of(statuses[at]),
        };
        Ok((0..count).map(info).collect())
    }

    fn storage_batch(&mut self, keys: &[(Address, U256)]) -> Outcome<Vec<U256>> {
        let addresses: Vec<u8> = keys.iter().flat_map(|(address, _)| address.into_array()).collect();
        let slots: Vec<u8> = keys.iter().flat_map(|(_, slot)| slot.to_be_bytes::<32>()).collect();
        let mut out = vec![[0x5a; 32]; keys.len()];
        let status = unsafe {
            state_manager_get_storage_batch(
                self.state,
                addresses.as_ptr(),
                slots.as_ptr(),
                keys.len(),
                out.as_mut_ptr().cast(),
            )
        };
        if status != STATE_MANAGER_SUCCESS {
            assert!(out.iter().all(|value| *value == [0x5a; 32]), "a failed batch wrote something");
        }
        self.done(status).map(|()| out.into_iter().map(word).collect())
    }

    fn block_hash(&mut self, number: u64) -> Outcome<Option<B256>> {
        let mut out = [0; 32];
        let status = unsafe { state_manager_get_block_hash_bytes(self.state, number, out.as_mut_ptr()) };
        if status == STATE_MANAGER_ERROR_INVALID_INPUT {
            assert_eq!(self.last_error(), format!("block {number} is later than the fork's block"));
            return Ok(None);
        }
        self.done(status).map(|()| Some(B256::from(out)))
    }

    fn list_accounts(&mut self, after: Option<Address>, limit: usize) -> Outcome<Vec<Address>> {
        let mut out = [[0; 20]; PAGE];
        let mut count = 0;
        let after = after.as_ref().map_or(null(), |after| after.as_ptr());
        let status = unsafe {
            state_manager_list_accounts(self.state, after, out.as_mut_ptr().cast(), limit.min(PAGE), &raw mut count)
        };
        self.done(status).map(|()| out[..count].iter().map(Address::from).collect())
    }

    fn list_storage(&mut self, address: Address, after: Option<U256>, limit: usize) -> Outcome<Vec<(U256, U256)>> {
        let (mut slots, mut values) = ([[0; 32]; PAGE], [[0; 32]; PAGE]);
        let mut count = 0;
        let after = after.map(|after| after.to_be_bytes::<32>());
        let after = after.as_ref().map_or(null(), |after| after.as_ptr());
        let status = unsafe {
            state_manager_list_storage(
                self.state,
                address.as_ptr(),
                after,
                slots.as_mut_ptr().cast(),
                values.as_mut_ptr().cast(),
                limit.min(PAGE),
                &raw mut count,
            )
        };
        self.done(status)?;
        Ok(slots[..count].iter().zip(values).map(|(slot, value)| (word(*slot), word(value))).collect())
    }

    fn set_balance(&mut self, address: Address, balance: U256) -> Outcome<()> {
        let status = if self.texts() {
            let balance = if self.dice.below(2) == 0 { hex_text(balance) } else { text(balance) };
            unsafe { state_manager_set_balance(self.state, text(address).as_ptr(), balance.as_ptr()) }
        } else {
            let balance = balance.to_be_bytes::<32>();
            unsafe { state_manager_set_balance_bytes(self.state, address.as_ptr(), balance.as_ptr()) }
        };
        self.done(status)
    }

    fn set_nonce(&mut self, address: Address, nonce: u64) -> Outcome<()> {
        let status = if self.texts() {
            unsafe { state_manager_set_nonce(self.state, text(address).as_ptr(), nonce) }
        } else {
            unsafe { state_manager_set_nonce_bytes(self.state, address.as_ptr(), nonce) }
        };
        self.done(status)
    }

    fn set_code(&mut self, address: Address, code: Bytes) -> Outcome<()> {
        let status = if self.texts() {
            unsafe { state_manager_set_code(self.state, text(address).as_ptr(), code.as_ptr(), code.len()) }
        } else {
            unsafe { state_manager_set_code_bytes(self.state, address.as_ptr(), code.as_ptr(), code.len()) }
        };
        self.done(status)
    }

    fn set_storage(&mut self, address: Address, slot: U256, value: U256) -> Outcome<()> {
        let status = if self.texts() {
            let (address, slot, value) = (text(address), hex_text(slot), hex_text(value));
            unsafe { state_manager_set_storage(self.state, address.as_ptr(), slot.as_ptr(), value.as_ptr()) }
        } else {
            let (slot, value) = (slot.to_be_bytes::<32>(), value.to_be_bytes::<32>());
            unsafe { state_manager_set_storage_bytes(self.state, address.as_ptr(), slot.as_ptr(), value.as_ptr()) }
        };
        self.done(status)
    }

    fn set_storage_batch(&mut self, writes: &[(Address, U256, U256)]) -> Outcome<()> {
        let addresses: Vec<u8> = writes.iter().flat_map(|(address, ..)| address.into_array()).collect();
        let slots: Vec<u8> = writes.iter().flat_map(|(_, slot, _)| slot.to_be_bytes::<32>()).collect();
        let values: Vec<u8> = writes.iter().flat_map(|(.., value)| value.to_be_bytes::<32>()).collect();
        let status = unsafe {
            state_manager_set_storage_batch(
                self.state,
                addresses.as_ptr(),
                slots.as_ptr(),
                values.as_ptr(),
                writes.len(),
            )
        };
        self.done(status)
    }

    fn delete_account(&mut self, address: Address) -> Outcome<()> {
        let status = if self.texts() {
            unsafe { state_manager_delete_account(self.state, text(address).as_ptr()) }
        } else {
            unsafe { state_manager_delete_account_bytes(self.state, address.as_ptr()) }
        };
        self.done(status)
    }

    fn clear_storage(&mut self, address: Address) -> Outcome<()> {
        let status = if self.texts() {
            unsafe { state_manager_clear_storage(self.state, text(address).as_ptr()) }
        } else {
            unsafe { state_manager_clear_storage_bytes(self.state, address.as_ptr()) }
        };
        self.done(status)
    }

    fn checkpoint(&mut self) -> Outcome<()> {
        self.done(state_manager_checkpoint(self.state))
    }

    fn revert(&mut self) -> Outcome<()> {
        self.done(state_manager_revert(self.state))
    }

    fn commit(&mut self) -> Outcome<()> {
        self.done(state_manager_commit(self.state))
    }

    fn depth(&mut self) -> Outcome<usize> {
        let mut depth = 0;
        let status = unsafe { state_manager_checkpoint_depth(self.state, &raw mut depth) };
        self.done(status).map(|()| depth)
    }

    fn snapshot(&mut self) -> Outcome<SnapshotId> {
        let mut id = 0;
        let status = unsafe { state_manager_snapshot(self.state, &raw mut id) };
        self.done(status).map(|()| SnapshotId(id))
    }

    fn revert_to_snapshot(&mut self, id: SnapshotId) -> Outcome<()> {
        self.done(state_manager_revert_to_snapshot(self.state, id.0))
    }

    fn delete_snapshot(&mut self, id: SnapshotId) -> Outcome<()> {
        self.done(state_manager_delete_snapshot(self.state, id.0))
    }

    fn reset(&mut self) -> Outcome<()> {
        self.done(state_manager_reset(self.state))
    }

    fn changes(&mut self, since: Option<SnapshotId>) -> Outcome<StateChanges> {
        // In C, 0 stands for the innermost checkpoint, and so cannot name a snapshot wrongly.
        if since == Some(SnapshotId(0)) {
            return Err(Failure::InvalidSnapshot);
        }
        let id = since.map_or(0, |id| id.0);
        let json = self.whole_text(|state, buffer, size, length| unsafe {
            state_manager_get_changes(state, id, buffer, size, length)
        })?;
        Ok(changes_of(&json))
    }

    fn dump(&mut self, format: DumpFormat) -> Outcome<String> {
        let format = match format {
            DumpFormat::GenesisAlloc => STATE_MANAGER_DUMP_GENESIS_ALLOC,
            DumpFormat::Anvil => STATE_MANAGER_DUMP_ANVIL,
        };
        self.whole_text(|state, buffer, size, length| unsafe {
            state_manager_dump(state, format, buffer, size, length)
        })
    }

    fn load(&mut self, dump: &[u8]) -> Outcome<usize> {
        let mut count = 0;
        let status = unsafe { state_manager_load(self.state, dump.as_ptr(), dump.len(), &raw mut count) };
        self.done(status).map(|()| count)
    }

    fn state_root(&mut self) -> Outcome<B256> {
        let mut out = [0; 32];
        let status = unsafe { state_manager_get_state_root_bytes(self.state, out.as_mut_ptr()) };
        self.done(status).map(|()| B256::from(out))
    }

    fn storage_root(&mut self, address: Address) -> Outcome<B256> {
        let mut out = [0; 32];
        let status = unsafe { state_manager_get_storage_root_bytes(self.state, address.as_ptr(), out.as_mut_ptr()) };
        self.done(status).map(|()| B256::from(out))
    }

    fn journal_len(&mut self) -> Option<usize> {
        None
    }

    fn remote_reads(&mut self) -> Option<u64> {
        None
    }

    fn clear_caches(&mut self) {
        let status = if self.texts() {
            state_manager_clear_caches(self.state)
        } else {
            state_manager_clear_fork_cache(self.state)
        };
        assert_eq!(status, STATE_MANAGER_SUCCESS);
    }

    fn serve(&mut self, all: bool) {
        if !all {
            self.serve_request();
        } else if self.dice.below(2) == 0 {
            while self.serve_request() {}
        } else {
            while self.serve_batch() {}
        }
    }

    fn fail_next(&mut self, reads: u64) {
        self.failing = reads;
    }
}
