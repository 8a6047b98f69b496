//! Creating and destroying state managers.

use crate::ffi::guard;
use crate::ffi::handle::{ForkBackendHandle, Kind, Object, StateManagerHandle};
use crate::state::State;

/// A new, empty state. NULL when no handle is free.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_create() -> StateManagerHandle {
    let handle = guard::create(|| Ok(Object::StateManager(Box::new(State::new()))));
    std::ptr::without_provenance_mut(handle)
}

/// A new state over a fork, which it shares with the other state managers on it; the fork's handle may be destroyed
/// first. NULL when the fork handle is not alive or no handle is free: worldstate_last_error(NULL, …) says which.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_create_with_fork(fork: ForkBackendHandle) -> StateManagerHandle {
    let handle = guard::create(|| {
        let fork = guard::fork_of(fork.addr())?;
        Ok(Object::StateManager(Box::new(State::with_source(fork))))
    });
    std::ptr::without_provenance_mut(handle)
}

/// Destroys the state and its handle, after a call on it that is under way in another thread. NULL and dead handles are
/// ignored.
#[unsafe(no_mangle)]
pub extern "C" fn state_manager_destroy(handle: StateManagerHandle) {
    guard::destroy(handle.addr(), Kind::StateManager);
}
