//! A state manager, and below it maybe a fork whose requests are served until a call has what it needs.

use super::failure::{Outcome, done};
use super::host::Host;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int};
use std::ptr::null_mut;
use worldstate::ffi::handle::StateManagerHandle;
use worldstate::ffi::state_manager::lifecycle::{
    state_manager_create, state_manager_create_with_fork, state_manager_destroy,
};
use worldstate::ffi::status::{STATE_MANAGER_ERROR_RPC_PENDING, STATE_MANAGER_SUCCESS};

pub(crate) struct Manager {
    pub(crate) state: StateManagerHandle,
    pub(crate) host: Option<Host>,
    pub(crate) snapshots: BTreeMap<String, u64>,
}

impl Manager {
    pub(crate) fn new(fork: Option<&Value>) -> Self {
        let host = fork.map(Host::open);
        let state =
            host.as_ref().map_or_else(|| state_manager_create(), |host| state_manager_create_with_fork(host.fork));
        assert!(!state.is_null());
        Self { state, host, snapshots: BTreeMap::new() }
    }

    /// Answers what the fork has queued; false where nothing is.
    pub(crate) fn serve(&mut self) -> Outcome<bool> {
        self.host.as_mut().map_or(Ok(false), Host::serve)
    }

    /// Calls until what is missing is here.
    pub(crate) fn call(&mut self, call: impl Fn(StateManagerHandle) -> c_int) -> Outcome<()> {
        loop {
            let status = call(self.state);
            if status != STATE_MANAGER_ERROR_RPC_PENDING || !self.serve()? {
                return done(self.state.cast(), status);
            }
        }
    }

    /// A number as text: the library's widest takes 67 bytes.
    pub(crate) fn number(&mut self, read: impl Fn(StateManagerHandle, *mut c_char, usize) -> c_int) -> Outcome<Value> {
        let mut out = [0_u8; 67];
        let place = out.as_mut_ptr();
        self.call(|state| read(state, place.cast(), 67))?;
        Ok(CStr::from_bytes_until_nul(&out).unwrap().to_str().unwrap().into())
    }

    /// A text of any length, which is JSON.
    pub(crate) fn json(
        &mut self,
        read: impl Fn(StateManagerHandle, *mut c_char, usize, *mut usize) -> c_int,
    ) -> Outcome<Value> {
        let mut length = 0_usize;
        let place = &raw mut length;
        self.call(|state| read(state, null_mut(), 0, place))?;
        let mut text = vec![0_u8; length + 1];
        let status = read(self.state, text.as_mut_ptr().cast(), text.len(), place);
        assert_eq!(status, STATE_MANAGER_SUCCESS, "the text is there");
        Ok(serde_json::from_slice(&text[..length]).unwrap())
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        state_manager_destroy(self.state);
    }
}
