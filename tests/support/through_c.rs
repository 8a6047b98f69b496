//! The operations through the C interface, as a C program calls it: values now as bytes, now as text.

use super::changes::changes_of;
use super::host::{Host, of_text};
use super::model::World;
use super::remote::Dice;
use super::subject::{Failure, Outcome, Subject};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::ffi::{CString, c_char, c_int};
use std::ptr::{null, null_mut};
use worldstate::ffi::handle::StateManagerHandle;
use worldstate::ffi::library::worldstate_last_error;
use worldstate::ffi::state_manager::lifecycle::{
    state_manager_create, state_manager_create_with_fork, state_manager_destroy,
};
use worldstate::ffi::state_manager::{batch::*, bytes::*, history::*, text::*, whole::*};
use worldstate::ffi::status::*;
use worldstate::state::{AccountInfo, AccountStatus, DumpFormat, SnapshotId, StateChanges};

/// More than any page here.
const PAGE: usize = 8;

/// A state manager, and below it maybe a fork with its host.
pub(crate) struct ThroughC {
    state: StateManagerHandle,
    host: Option<Host>,
    dice: Dice,
}

impl ThroughC {
    pub(crate) fn local(seed: u64) -> Self {
        let state = state_manager_create();
        assert!(!state.is_null());
        Self { state, host: None, dice: Dice(seed) }
    }

    pub(crate) fn over(world: World, seed: u64) -> Self {
        let host = Host::open(world, seed);
        let state = state_manager_create_with_fork(host.fork);
        assert!(!state.is_null());
        Self { state, host: Some(host), dice: Dice(seed) }
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
}

impl Drop for ThroughC {
    fn drop(&mut self) {
        state_manager_destroy(self.state);
    }
}

fn text(value: impl std::fmt::Display) -> CString {
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
        if let Some(host) = &mut self.host {
            host.serve(all);
        }
    }

    fn fail_next(&mut self, reads: u64) {
        if let Some(host) = &mut self.host {
            host.fail_next(reads);
        }
    }
}
