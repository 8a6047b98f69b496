//! Call and continue.

use super::Executor;
use crate::error::{Error, Result};
use crate::evm::{Answer, Need, PrecompileAnswer, PrecompileStatus, Progress};
use crate::ffi::buffer::{self, Out, OutSlice};
use crate::ffi::guard;
use crate::ffi::handle::EvmHandle;
use crate::ffi::status::STATE_MANAGER_SUCCESS;
use crate::state::{Request, Source};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::ffi::c_int;

/// It is over: evm_get_result has the result.
pub const EVM_OUTPUT_RESULT: u8 = 0;
/// The value of `slot` of `address` is needed.
pub const EVM_OUTPUT_NEED_STORAGE: u8 = 1;
/// The balance of `address` is needed.
pub const EVM_OUTPUT_NEED_BALANCE: u8 = 2;
/// The code of `address` is needed.
pub const EVM_OUTPUT_NEED_CODE: u8 = 3;
/// The nonce of `address` is needed.
pub const EVM_OUTPUT_NEED_NONCE: u8 = 4;
/// It has ended, and its changes wait: evm_get_state_changes has them, EVM_CONTINUE_AFTER_COMMIT writes them into the
/// state manager, evm_discard does not.
pub const EVM_OUTPUT_READY_TO_COMMIT: u8 = 5;
/// The hash of the block is needed whose number is in `slot`.
pub const EVM_OUTPUT_NEED_BLOCK_HASH: u8 = 6;
/// The result of the precompiled contract `address` is needed: evm_get_precompile_call has the call.
pub const EVM_OUTPUT_NEED_PRECOMPILE: u8 = 7;
/// The call failed: its status and worldstate_last_error say why. An execution that was under way still is, with its
/// question open.
pub const EVM_OUTPUT_ERROR: u8 = 255;

/// 84 bytes: address, slot, value.
pub const EVM_CONTINUE_WITH_STORAGE: u8 = 1;
/// 52 bytes: address, balance.
pub const EVM_CONTINUE_WITH_BALANCE: u8 = 2;
/// 20 bytes of address, then the code.
pub const EVM_CONTINUE_WITH_CODE: u8 = 3;
/// 28 bytes: address, nonce as 8 big-endian bytes.
pub const EVM_CONTINUE_WITH_NONCE: u8 = 4;
/// No bytes: writes the changes into the state manager.
pub const EVM_CONTINUE_AFTER_COMMIT: u8 = 5;
/// 40 bytes: number as 8 big-endian bytes, hash.
pub const EVM_CONTINUE_WITH_BLOCK_HASH: u8 = 6;
/// 20 bytes of address, one of EVM_PRECOMPILE_…, used gas as 8 big-endian bytes, then the output.
pub const EVM_CONTINUE_WITH_PRECOMPILE: u8 = 7;
/// The host could not answer; the bytes are a text that says why. The call fails with EXECUTION and that text; the
/// question stays open, so that it can be answered later, or evm_abort can end it.
pub const EVM_CONTINUE_WITH_ERROR: u8 = 255;

/// The precompiled contract succeeded.
pub const EVM_PRECOMPILE_SUCCESS: u8 = 0;
/// It reverted: what gas is left goes back.
pub const EVM_PRECOMPILE_REVERT: u8 = 1;
/// It failed: all gas is used.
pub const EVM_PRECOMPILE_HALT: u8 = 2;

/// What an execution came to: 53 bytes without gaps.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AsyncRequest {
    /// One of EVM_OUTPUT_….
    pub output_type: u8,
    /// The account; zero where there is none.
    pub address: [u8; 20],
    /// Big-endian; zero where there is none.
    pub slot: [u8; 32],
}

const _: () = assert!(size_of::<AsyncRequest>() == 53 && align_of::<AsyncRequest>() == 1);

impl AsyncRequest {
    fn bare(output_type: u8) -> Self {
        Self { output_type, address: [0; 20], slot: [0; 32] }
    }
}

impl From<Need> for AsyncRequest {
    fn from(need: Need) -> Self {
        let (output_type, address, slot) = match need {
            Need::Storage(address, slot) => (EVM_OUTPUT_NEED_STORAGE, address, slot),
            Need::Balance(address) => (EVM_OUTPUT_NEED_BALANCE, address, U256::ZERO),
            Need::Code(address) => (EVM_OUTPUT_NEED_CODE, address, U256::ZERO),
            Need::Nonce(address) => (EVM_OUTPUT_NEED_NONCE, address, U256::ZERO),
            Need::BlockHash(number) => (EVM_OUTPUT_NEED_BLOCK_HASH, Address::ZERO, U256::from(number)),
            Need::Precompile(address) => (EVM_OUTPUT_NEED_PRECOMPILE, address, U256::ZERO),
        };
        Self { output_type, address: address.into_array(), slot: buffer::to_big_endian(slot) }
    }
}

/// Reads an answer of the host.
struct Payload<'a>(&'a [u8]);

impl Payload<'_> {
    fn take<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or_else(|| {
            Error::InvalidInput(format!("answer too short: {what} needs {N} bytes and {} are left", self.0.len()))
        })?;
        self.0 = rest;
        Ok(*head)
    }

    fn address(&mut self) -> Result<Address> {
        self.take::<20>("the address").map(Address::from)
    }

    fn word(&mut self, what: &str) -> Result<U256> {
        self.take::<32>(what).map(buffer::from_big_endian)
    }

    fn number(&mut self, what: &str) -> Result<u64> {
        self.take::<8>(what).map(u64::from_be_bytes)
    }

    fn rest(self) -> Bytes {
        Bytes::copy_from_slice(self.0)
    }

    fn end(self) -> Result<()> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(Error::InvalidInput(format!("answer too long: {more} bytes more than it takes"))),
        }
    }
}

fn read_answer(continue_type: u8, bytes: &[u8]) -> Result<Answer> {
    let mut payload = Payload(bytes);
    let answer = match continue_type {
        EVM_CONTINUE_WITH_STORAGE => {
            Answer::Storage(payload.address()?, payload.word("the slot")?, payload.word("the value")?)
        }
        EVM_CONTINUE_WITH_BALANCE => Answer::Balance(payload.address()?, payload.word("the balance")?),
        EVM_CONTINUE_WITH_CODE => return Ok(Answer::Code(payload.address()?, payload.rest())),
        EVM_CONTINUE_WITH_NONCE => Answer::Nonce(payload.address()?, payload.number("the nonce")?),
        EVM_CONTINUE_WITH_BLOCK_HASH => {
            Answer::BlockHash(payload.number("the block number")?, B256::from(payload.take::<32>("the hash")?))
        }
        EVM_CONTINUE_WITH_PRECOMPILE => {
            let address = payload.address()?;
            let status = match payload.take::<1>("the status")?[0] {
                EVM_PRECOMPILE_SUCCESS => PrecompileStatus::Success,
                EVM_PRECOMPILE_REVERT => PrecompileStatus::Revert,
                EVM_PRECOMPILE_HALT => PrecompileStatus::Halt,
                other => return Err(Error::InvalidInput(format!("status {other} is none of EVM_PRECOMPILE_…"))),
            };
            let gas_used = payload.number("the used gas")?;
            return Ok(Answer::Precompile(address, PrecompileAnswer { status, gas_used, output: payload.rest() }));
        }
        other => return Err(Error::InvalidInput(format!("continue type {other} is no answer"))),
    };
    payload.end()?;
    Ok(answer)
}

impl Executor {
    /// Goes on, and fetches from the fork below what is missing as long as that can be had without the host.
    fn go_on(&mut self) -> Result<AsyncRequest> {
        const ATTEMPTS: u32 = 3;
        let mut fetched: Option<(Request, u32)> = None;
        loop {
            let (progress, source) = self.with_state(|evm, state| Ok((evm.run(state)?, state.source().cloned())))?;
            match progress {
                Progress::Need => {}
                Progress::Ready if self.evm.is_overridden() => {
                    self.evm.discard()?;
                    return Ok(AsyncRequest::bare(EVM_OUTPUT_RESULT));
                }
                Progress::Ready => return Ok(AsyncRequest::bare(EVM_OUTPUT_READY_TO_COMMIT)),
                Progress::Stepped => continue,
            }
            let (Some(source), Some(&first)) = (source, self.evm.wanted().first()) else { return self.question() };
            let attempts = match fetched {
                Some((request, attempts)) if request == first => attempts + 1,
                _ => 1,
            };
            // The source says that it has it, and it is still not there: it never will be.
            if attempts > ATTEMPTS || !self.fetch(&*source, first)? {
                return self.question();
            }
            fetched = Some((first, attempts));
        }
    }

    /// Has the source make ready what is wanted. `false` where the host has to.
    fn fetch(&mut self, source: &dyn Source, first: Request) -> Result<bool> {
        // Where the host carries that question, it goes along with the requests below.
        match self.evm.foresee(source) {
            Ok(()) | Err(Error::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        let wanted = self.evm.wanted();
        let fetched = match source.prefetch(wanted) {
            // What was only guessed must not be in the way.
            Err(error) if wanted.len() > 1 && !matches!(error, Error::Missing(_)) => source.prefetch(&[first]),
            fetched => fetched,
        };
        match fetched {
            Ok(()) => Ok(true),
            Err(Error::Missing(_)) => Ok(false),
            // A fork that is not pinned knows no block hashes.
            Err(Error::InvalidState(_)) if matches!(first, Request::BlockHash(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn question(&self) -> Result<AsyncRequest> {
        let first = self.evm.pending().first().copied();
        first.map(AsyncRequest::from).ok_or_else(|| Error::Internal("a need without question".into()))
    }

    fn start(&mut self) -> Result<()> {
        let job = self.job.clone();
        let text = "nothing to execute: evm_set_transaction, evm_set_transaction_json or evm_set_message comes first";
        self.evm.start(job.ok_or_else(|| Error::InvalidState(text.into()))?)
    }

    fn commit(&mut self, in_checkpoint: bool) -> Result<AsyncRequest> {
        self.with_state(|evm, state| evm.commit(state, in_checkpoint))?;
        Ok(AsyncRequest::bare(EVM_OUTPUT_RESULT))
    }

    fn continue_with(&mut self, continue_type: u8, bytes: &[u8]) -> Result<AsyncRequest> {
        match continue_type {
            EVM_CONTINUE_AFTER_COMMIT => {
                Payload(bytes).end()?;
                self.commit(false)
            }
            EVM_CONTINUE_WITH_ERROR => {
                if !self.evm.is_active() {
                    return Err(Error::NoPendingRequest);
                }
                let text = String::from_utf8_lossy(bytes);
                Err(Error::Execution(format!("{}: {text}", self.waiting_for())))
            }
            _ => {
                let answer = read_answer(continue_type, bytes)?;
                self.evm.answer(answer)?;
                if self.evm.is_answered() { self.go_on() } else { self.question() }
            }
        }
    }

    fn waiting_for(&self) -> String {
        self.evm.pending().first().map_or_else(|| "nothing".to_owned(), Need::to_string)
    }
}

/// Runs `body` and writes what it came to; a failure is EVM_OUTPUT_ERROR as well as a status.
///
/// # Safety
/// `out` is NULL or writable.
unsafe fn run(
    handle: EvmHandle,
    out: *mut AsyncRequest,
    body: impl FnOnce(&mut Executor) -> Result<AsyncRequest>,
) -> c_int {
    let status = guard::evm(handle.addr(), |executor| {
        // SAFETY: forwarded.
        let out = unsafe { Out::new("out", out) }?;
        out.write(body(executor)?)
    });
    if status != STATE_MANAGER_SUCCESS && !out.is_null() {
        // SAFETY: forwarded.
        unsafe { out.write_unaligned(AsyncRequest::bare(EVM_OUTPUT_ERROR)) };
    }
    status
}

/// Begins the execution of what evm_set_transaction, evm_set_transaction_json or evm_set_message gave, and runs it until
/// something is missing or it has ended. INVALID_STATE while another one is under way or waits for its commit;
/// EXECUTION for a transaction that is refused, with the reason.
///
/// What the state manager's fork can fetch by itself (HTTP, callbacks) is fetched meanwhile, in batches. Otherwise `out`
/// says what is needed first: answer it with evm_continue_ffi, or answer all of evm_pending with evm_answer and go on
/// with evm_resume, or serve the requests of the fork (fork_backend_next_batch) and go on with evm_resume.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_call_ffi(handle: EvmHandle, out: *mut AsyncRequest) -> c_int {
    // SAFETY: pointers as the interface's contract says.
    unsafe {
        run(handle, out, |executor| {
            executor.start()?;
            executor.go_on()
        })
    }
}

/// Answers and goes on. `continue_type` is one of EVM_CONTINUE_…, which say what `data` holds. An answer to something
/// that was not asked (INVALID_REQUEST), one that is too short or too long (INVALID_INPUT), and a continue while nothing
/// is asked (NO_PENDING_REQUEST) change nothing: the question stays open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_continue_ffi(
    handle: EvmHandle,
    continue_type: u8,
    data: *const u8,
    data_len: usize,
    out: *mut AsyncRequest,
) -> c_int {
    // SAFETY: pointers as the interface's contract says.
    unsafe {
        run(handle, out, |executor| executor.continue_with(continue_type, buffer::slice("data", data, data_len)?))
    }
}

/// Takes an answer as evm_continue_ffi does, and runs nothing: for answering all of evm_pending in any order. Answers
/// that were found to be wanted by running ahead may come until the end of the execution, or never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_answer(handle: EvmHandle, continue_type: u8, data: *const u8, data_len: usize) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let bytes = unsafe { buffer::slice("data", data, data_len) }?;
        executor.evm.answer(read_answer(continue_type, bytes)?)
    })
}

/// Goes on after evm_answer, after the requests of the fork were served, or after a call that failed (RPC_FAILED), and
/// says again what is needed while it still is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_resume(handle: EvmHandle, out: *mut AsyncRequest) -> c_int {
    // SAFETY: pointers as the interface's contract says.
    unsafe { run(handle, out, Executor::go_on) }
}

/// Executes without host: as evm_call_ffi, but something that only the host could answer ends the execution with
/// EXECUTION and a text that names it. On success the changes are written into the state manager (but for state
/// overrides), and evm_get_result has the result.
#[unsafe(no_mangle)]
pub extern "C" fn evm_execute(handle: EvmHandle) -> c_int {
    guard::evm(handle.addr(), |executor| {
        executor.start()?;
        let came_to = executor.go_on().inspect_err(|_| executor.evm.abort());
        match came_to?.output_type {
            EVM_OUTPUT_RESULT => Ok(()),
            EVM_OUTPUT_READY_TO_COMMIT => executor.commit(false).map(drop),
            _ => {
                let text = format!("{} is not here, and a synchronous call cannot ask", executor.waiting_for());
                executor.evm.abort();
                Err(Error::Execution(text))
            }
        }
    })
}

/// Everything that is wanted now, what the execution waits for first: up to `capacity` of them to `out`, their number,
/// which may be greater, to `out_count`. 0 while nothing is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_pending(
    handle: EvmHandle,
    out: *mut AsyncRequest,
    capacity: usize,
    out_count: *mut usize,
) -> c_int {
    guard::evm(handle.addr(), |executor| {
        // SAFETY: pointers as the interface's contract says.
        let mut out = unsafe { OutSlice::new("out", out, capacity) }?;
        // SAFETY: likewise.
        let out_count = unsafe { Out::new("out_count", out_count) }?;
        for (position, need) in executor.evm.pending().iter().enumerate() {
            out.put(position, AsyncRequest::from(*need));
        }
        out_count.write(executor.evm.pending().len())
    })
}

/// Gives up the execution that is under way, or the changes and the result of one that has ended. No effect where there
/// is none.
#[unsafe(no_mangle)]
pub extern "C" fn evm_abort(handle: EvmHandle) -> c_int {
    guard::evm(handle.addr(), |executor| {
        executor.evm.abort();
        Ok(())
    })
}

/// Ends an execution that is ready to commit without writing its changes. Its result can be read as after a commit.
#[unsafe(no_mangle)]
pub extern "C" fn evm_discard(handle: EvmHandle) -> c_int {
    guard::evm(handle.addr(), |executor| executor.evm.discard())
}

/// As EVM_CONTINUE_AFTER_COMMIT, but opens a checkpoint of the state manager first: state_manager_revert takes the
/// execution back, state_manager_commit keeps it.
#[unsafe(no_mangle)]
pub extern "C" fn evm_commit_in_checkpoint(handle: EvmHandle) -> c_int {
    guard::evm(handle.addr(), |executor| executor.commit(true).map(drop))
}
