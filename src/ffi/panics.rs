//! Catching panics, in silence.
//!
//! Rust's default hook would print each panic to stderr, where nobody asked for it. So a hook is put in front of the one
//! that is there: it keeps quiet, and the place of the panic, for threads that are inside the library, and passes every
//! other panic on. A host that is a Rust program itself sees its own panics as before, in its callbacks too.

use crate::error::{Error, Result};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread runs the library's code.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// File and line of the panic that is on its way.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sets [`INSIDE`] until it is dropped.
struct Side(bool);

impl Side {
    #[inline]
    fn set(inside: bool) -> Self {
        Self(INSIDE.replace(inside))
    }
}

impl Drop for Side {
    #[inline]
    fn drop(&mut self) {
        INSIDE.set(self.0);
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
            if INSIDE.get() {
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

/// Runs `body`; a panic in it becomes [`Error::Internal`].
#[inline]
pub(super) fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    let _side = Side::set(true);
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(Error::Internal(text(&*payload))))
}

/// Runs a callback of the host.
pub(super) fn outside<T>(callback: impl FnOnce() -> T) -> T {
    let _side = Side::set(false);
    callback()
}
