//! Catching panics, in silence.
//!
//! Rust's default hook would print each panic to stderr, where nobody asked for it. So a hook is put in front of the one
//! that is there: it keeps quiet, and the place of the panic, for threads that are inside the library, and passes every
//! other panic on. A host that is a Rust program itself sees its own panics as before, in its callbacks too.

use super::handle;
use crate::error::{Error, Result};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whose code a thread runs.
#[derive(Clone, Copy)]
enum Side {
    /// The library's if the thread holds the lock of a handle, else the host's.
    ByLocks,
    /// The library's.
    Inside,
    /// The host's: it is in a callback.
    Outside,
}

thread_local! {
    static SIDE: Cell<Side> = const { Cell::new(Side::ByLocks) };
    /// File and line of the panic that is on its way.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Callbacks under way in all threads.
static CALLBACKS: AtomicUsize = AtomicUsize::new(0);

/// The side that the thread is on until this is dropped; then it is on the one before.
struct On(Side);

impl On {
    fn side(side: Side) -> Self {
        Self(SIDE.replace(side))
    }
}

impl Drop for On {
    fn drop(&mut self) {
        SIDE.set(self.0);
    }
}

fn is_inside() -> bool {
    match SIDE.get() {
        Side::ByLocks => handle::is_inside(),
        Side::Inside => true,
        Side::Outside => false,
    }
}

/// Puts the hook in place. Called before there is a first handle: each call on one is covered.
pub(super) fn keep_quiet() {
    static HOOK: Once = Once::new();
    // A thread that is panicking, which a host's destructor may be in, cannot set a hook: the next call does.
    if std::thread::panicking() {
        return;
    }
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
            if is_inside() {
                PLACE.set(panic.location().map(ToString::to_string));
            } else {
                previous(panic);
            }
        }));
    });
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("panic without text");
    PLACE.take().map_or_else(|| text.to_owned(), |place| format!("{text} ({place})"))
}

/// The error that a panic becomes.
#[cold]
pub(super) fn internal(payload: &(dyn Any + Send)) -> Error {
    Error::Internal(text(payload))
}

/// Runs `body`; a panic in it becomes [`Error::Internal`].
pub(super) fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    let _on = enter();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(internal(&*payload)))
}

#[cold]
fn enter() -> On {
    On::side(Side::Inside)
}

/// As [`caught`], for a thread that holds the lock of a handle: that tells already where the thread is, unless it is in
/// a callback. Thread-local memory costs what a cached read may not; so does handing an [`Error`] around, which is why
/// the status is all that comes out.
#[inline]
pub(super) fn caught_in_entry(body: impl FnOnce() -> c_int) -> std::result::Result<c_int, Box<dyn Any + Send>> {
    let _on = (CALLBACKS.load(Ordering::Relaxed) != 0).then(enter);
    catch_unwind(AssertUnwindSafe(body))
}

/// Runs a callback of the host.
pub(super) fn outside<T>(callback: impl FnOnce() -> T) -> T {
    struct UnderWay;
    impl Drop for UnderWay {
        fn drop(&mut self) {
            CALLBACKS.fetch_sub(1, Ordering::Relaxed);
        }
    }
    CALLBACKS.fetch_add(1, Ordering::Relaxed);
    let _under_way = UnderWay;
    let _on = On::side(Side::Outside);
    callback()
}
