//! What stands around every export: handle look-up, the catching of panics, and the keeping of error texts.
//!
//! A panic that left an `extern "C"` function would abort the process. So the guard sits inside each export, and no
//! export calls another.

use super::handle::{self, Entry, Kind, Object};
use super::panics::{self, caught, caught_in_entry};
use super::status;
use crate::error::{Error, Result};
use crate::fork::Fork;
use crate::state::State;
use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::Arc;

thread_local! {
    /// Text of this thread's last failed call that had no live handle.
    static LAST_ERROR: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the error as this thread's, for calls without a live handle.
#[cold]
fn fail_thread(error: &Error) -> c_int {
    LAST_ERROR.with_borrow_mut(|last| *last = Some(error.to_string()));
    status::of(error)
}

/// Keeps the error with the handle. After a panic the object may be half changed, so nothing more is done with it.
#[cold]
fn fail_entry(entry: &mut Entry, error: &Error) -> c_int {
    let text = error.to_string();
    if matches!(error, Error::Internal(_)) && entry.broken.is_none() {
        entry.broken = Some(text.as_str().into());
    }
    entry.last_error = Some(text);
    status::of(error)
}

#[cold]
fn refuse_broken(text: &str) -> Error {
    Error::Internal(format!("the handle can only be destroyed since an earlier call failed with: {text}"))
}

/// A call without handle.
pub(super) fn bare(body: impl FnOnce() -> Result<()>) -> c_int {
    panics::keep_quiet();
    match caught(body) {
        Ok(()) => status::STATE_MANAGER_SUCCESS,
        Err(error) => fail_thread(&error),
    }
}

/// A call that makes a handle: 0 where it fails.
pub(super) fn create(body: impl FnOnce() -> Result<Object>) -> usize {
    panics::keep_quiet();
    let made = caught(|| body().and_then(handle::insert));
    made.unwrap_or_else(|error| {
        fail_thread(&error);
        0
    })
}

/// Destroys a handle. NULL and dead handles are no-ops; a handle inside whose callback this thread is stays alive, and
/// the thread's last error says so.
pub(super) fn destroy(handle: usize, kind: Kind) {
    if handle == 0 {
        return;
    }
    let removed = caught(|| {
        drop(handle::remove(handle, kind)?);
        Ok(())
    });
    if let Err(error) = removed {
        fail_thread(&error);
    }
}

/// A call on a state manager, which is locked meanwhile.
#[inline]
pub(super) fn state_manager(handle: usize, body: impl FnOnce(&mut State) -> Result<()>) -> c_int {
    with_entry(handle, |entry, _| body(entry))
}

/// As [`state_manager`], for calls that keep a text which did not fit.
pub(super) fn state_manager_text(
    handle: usize,
    body: impl FnOnce(&mut State, &mut Option<super::buffer::KeptText>) -> Result<()>,
) -> c_int {
    with_entry(handle, body)
}

#[inline]
fn with_entry(
    handle: usize,
    body: impl FnOnce(&mut State, &mut Option<super::buffer::KeptText>) -> Result<()>,
) -> c_int {
    let mut entry = match handle::lock(handle, Kind::StateManager) {
        Ok(entry) => entry,
        Err(error) => return fail_thread(&error),
    };
    let Entry { object, broken, kept_text, last_error, .. } = &mut *entry;
    let (Some(Object::StateManager(state)), None) = (object, broken.as_ref()) else {
        return refuse(&mut entry);
    };
    let call = || match body(state, kept_text) {
        Ok(()) => status::STATE_MANAGER_SUCCESS,
        Err(error) => keep(last_error, &error),
    };
    caught_in_entry(call).unwrap_or_else(|panic| fail_entry(&mut entry, &panics::internal(&*panic)))
}

/// A state manager that is broken, or is none.
#[cold]
fn refuse(entry: &mut Entry) -> c_int {
    let error = match &entry.broken {
        Some(text) => refuse_broken(text),
        None => Error::InvalidHandle("not a state manager".into()),
    };
    fail_entry(entry, &error)
}

#[cold]
fn keep(last_error: &mut Option<String>, error: &Error) -> c_int {
    *last_error = Some(error.to_string());
    status::of(error)
}

/// Runs `body` with the state behind a handle, inside a call on another handle, whose failure it is if it fails.
#[cfg(feature = "evm")]
pub(super) fn with_state<T>(handle: usize, body: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
    let mut entry = handle::lock(handle, Kind::StateManager)?;
    let Entry { object, broken, .. } = &mut *entry;
    match (object, broken) {
        (Some(Object::StateManager(state)), None) => body(state),
        (_, Some(text)) => Err(refuse_broken(text)),
        _ => Err(Error::InvalidHandle("not a state manager".into())),
    }
}

/// A call on an executor, which is locked meanwhile, also while it fetches.
#[cfg(feature = "evm")]
pub(super) fn evm(handle: usize, body: impl FnOnce(&mut super::evm::Executor) -> Result<()>) -> c_int {
    let mut entry = match handle::lock(handle, Kind::Evm) {
        Ok(entry) => entry,
        Err(error) => return fail_thread(&error),
    };
    let Entry { object, broken, .. } = &mut *entry;
    let result = match (object, broken) {
        (Some(Object::Evm(executor)), None) => caught(|| body(executor)),
        (_, Some(text)) => Err(refuse_broken(text)),
        _ => Err(Error::InvalidHandle("not an evm".into())),
    };
    match result {
        Ok(()) => status::STATE_MANAGER_SUCCESS,
        Err(error) => fail_entry(&mut entry, &error),
    }
}

/// The fork behind a handle. It locks for itself, so the handle is not kept locked.
pub(super) fn fork_of(handle: usize) -> Result<Arc<Fork>> {
    let entry = handle::lock(handle, Kind::ForkBackend)?;
    if let Some(text) = &entry.broken {
        return Err(refuse_broken(text));
    }
    match &entry.object {
        Some(Object::ForkBackend(fork)) => Ok(fork.clone()),
        _ => Err(Error::InvalidHandle("not a fork backend".into())),
    }
}

/// A call on a fork backend. Several threads may be inside one at once; inside its own callback a fork is refused.
pub(super) fn fork_backend(handle: usize, body: impl FnOnce(&Fork) -> Result<()>) -> c_int {
    let fork = match fork_of(handle) {
        Ok(fork) => fork,
        Err(error) => return fail_fork(handle, &error),
    };
    let result = if fork.is_in_transport() {
        Err(Error::InvalidState("call on a fork backend from inside its own callback".into()))
    } else {
        caught(|| body(&fork))
    };
    match result {
        Ok(()) => status::STATE_MANAGER_SUCCESS,
        Err(error) => fail_fork(handle, &error),
    }
}

/// Keeps the error with the handle, or as this thread's if the handle has died meanwhile.
#[cold]
fn fail_fork(handle: usize, error: &Error) -> c_int {
    match handle::lock(handle, Kind::ForkBackend) {
        Ok(mut entry) => fail_entry(&mut entry, error),
        Err(_) => fail_thread(error),
    }
}

/// A call on the reply of a callback.
pub(super) fn fork_reply(handle: usize, body: impl FnOnce(&mut super::fork_backend::Reply) -> Result<()>) -> c_int {
    let mut entry = match handle::lock(handle, Kind::ForkReply) {
        Ok(entry) => entry,
        Err(error) => return fail_thread(&error),
    };
    let result = match &mut entry.object {
        Some(Object::ForkReply(reply)) => caught(|| body(reply)),
        _ => Err(Error::InvalidHandle("not a fork reply".into())),
    };
    match result {
        Ok(()) => status::STATE_MANAGER_SUCCESS,
        Err(error) => fail_entry(&mut entry, &error),
    }
}

/// Text of the last failed call on a live handle, or of this thread's last failed call without one. Looking changes
/// nothing.
pub(super) fn last_error<T>(handle: usize, read: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    if handle == 0 {
        return LAST_ERROR.with_borrow(|text| read(text.as_deref().unwrap_or_default()));
    }
    let Some(kind) = handle::claimed_kind(handle) else {
        return Err(Error::InvalidHandle(format!("handle {handle:#x} is of no kind")));
    };
    let entry = handle::lock(handle, kind)?;
    read(entry.last_error.as_deref().unwrap_or_default())
}

/// The code of a call that must leave all error texts as they are.
pub(super) fn silent(body: impl FnOnce() -> Result<()>) -> c_int {
    match caught(body) {
        Ok(()) => status::STATE_MANAGER_SUCCESS,
        Err(error) => status::of(&error),
    }
}
