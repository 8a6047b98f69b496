//! The lock of a handle's slot: next to free for a thread that has the handle to itself.
//!
//! An uncontended mutex costs two atomic read-modify-writes, which is more than a cached read costs, and each of them
//! stops the processor from running ahead into the next call. Most handles are used by one thread. So a lock that one
//! thread keeps taking becomes *biased* to it: from then on that thread enters and leaves with plain stores, and the
//! first other thread that wants in takes the bias away.
//!
//! Entering by bias is `inside = true; is the bias still mine?`, taking it away is `bias = none; barrier; is it inside?`.
//! Each side writes its own flag before it reads the other's, so at least one of them sees the other, provided that the
//! write is not delayed beyond the read. The biased thread only keeps its compiler from that. The processor is kept from
//! it by the barrier of the other side, `membarrier(2)`, which the kernel runs on every processor that runs a thread of
//! this process. Where that is not to be had, no lock is ever biased.
//!
//! A lock is biased to one thread only in all its life, its owner. A thread that was stopped between its look at the bias
//! and its `inside = true` may go on at any later time; were `inside` by then another's, it would be spoilt.

use parking_lot::lock_api::RawMutex as _;
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, compiler_fence};
use std::time::Duration;

/// Nobody, where a thread token is expected.
const NOBODY: usize = 0;

/// Locks in a row by one thread after which the lock is biased to it. Taking the bias away costs microseconds, so each
/// time that proves wrong, the next time takes [`PATIENCE`] times as many.
const FIRST_STREAK: u32 = 16;
const PATIENCE: u32 = 8;

/// A number that no other living thread has; never [`NOBODY`].
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
#[inline]
fn thread_token() -> usize {
    let token;
    // SAFETY: by the x86-64 ABI of Linux, the word at fs:0 is the address of the thread's control block; reading it has
    // no effect.
    unsafe { std::arch::asm!("mov {}, fs:0", out(reg) token, options(pure, readonly, nostack, preserves_flags)) };
    token
}

/// A number that no other living thread has; never [`NOBODY`].
#[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
#[inline]
fn thread_token() -> usize {
    thread_local!(static TOKEN: u8 = const { 0 });
    TOKEN.with(|token| std::ptr::from_ref(token).addr())
}

/// The thread holds the lock already: it is inside a call on this handle, in a callback.
#[derive(Debug)]
pub(super) struct Reentered;

/// Who took the lock last, and how often in a row.
struct Streak {
    thread: usize,
    count: u32,
    needed: u32,
}

/// A mutual exclusion lock that can be biased, and that refuses to be taken twice by one thread.
pub(super) struct Lock<T> {
    /// The thread that may enter without `raw`: the owner, or [`NOBODY`]. Written only by the holder of `raw`.
    bias: AtomicUsize,
    /// The only thread that the lock is ever biased to; [`NOBODY`] before it first is. Written only by itself.
    owner: AtomicUsize,
    /// The owner is in without `raw`, or looks whether it may. Written only by it.
    inside: AtomicBool,
    raw: parking_lot::RawMutex,
    /// The holder of `raw`.
    holder: AtomicUsize,
    /// The holder of `raw`'s.
    streak: UnsafeCell<Streak>,
    value: UnsafeCell<T>,
}

// SAFETY: `value` is reached by one thread at a time, as `raw`, `bias` and `inside` see to; so is `streak`, by `raw`.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(super) const fn new(value: T) -> Self {
        Self {
            bias: AtomicUsize::new(NOBODY),
            owner: AtomicUsize::new(NOBODY),
            inside: AtomicBool::new(false),
            raw: parking_lot::RawMutex::INIT,
            holder: AtomicUsize::new(NOBODY),
            streak: UnsafeCell::new(Streak { thread: NOBODY, count: 0, needed: FIRST_STREAK }),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for the lock.
    #[inline]
    pub(super) fn lock(&self) -> Result<Guard<'_, T>, Reentered> {
        let me = thread_token();
        if self.bias.load(Ordering::Relaxed) == me {
            // Only this thread writes `inside`.
            if self.inside.load(Ordering::Relaxed) {
                return Err(Reentered);
            }
            self.inside.store(true, Ordering::Relaxed);
            compiler_fence(Ordering::SeqCst);
            // Acquires what the holder of `raw` wrote that gave the bias.
            if self.bias.load(Ordering::Acquire) == me {
                return Ok(Guard { lock: self, by_bias: true });
            }
            self.inside.store(false, Ordering::Release);
        }
        self.lock_raw(me)
    }

    /// Whether this thread holds the lock.
    pub(super) fn is_held(&self) -> bool {
        let me = thread_token();
        let by_bias = self.bias.load(Ordering::Relaxed) == me && self.inside.load(Ordering::Relaxed);
        // Only the holder stores its token, and takes it back before it unlocks.
        by_bias || self.holder.load(Ordering::Relaxed) == me
    }

    fn lock_raw(&self, me: usize) -> Result<Guard<'_, T>, Reentered> {
        if !self.raw.try_lock() {
            // Only the holder stores its token, and takes it back before it unlocks: seeing one's own means holding. The
            // owner may be in without `raw`, whose holder then waits for it, having taken the bias away.
            let is_inside = || self.owner.load(Ordering::Relaxed) == me && self.inside.load(Ordering::Relaxed);
            if self.holder.load(Ordering::Relaxed) == me || is_inside() {
                return Err(Reentered);
            }
            self.raw.lock();
        }
        self.holder.store(me, Ordering::Relaxed);
        // SAFETY: this thread holds `raw`.
        let streak = unsafe { &mut *self.streak.get() };
        if self.bias.load(Ordering::Relaxed) != NOBODY {
            self.take_bias_away();
            streak.needed = streak.needed.saturating_mul(PATIENCE);
        }
        if streak.thread == me {
            streak.count = streak.count.saturating_add(1);
        } else {
            (streak.thread, streak.count) = (me, 1);
        }
        Ok(Guard { lock: self, by_bias: false })
    }

    /// Ends the bias, and waits until its thread is out. The caller holds `raw`.
    #[cold]
    fn take_bias_away(&self) {
        self.bias.store(NOBODY, Ordering::SeqCst);
        barrier::run();
        let mut waited: u32 = 0;
        while self.inside.load(Ordering::Acquire) {
            waited = waited.saturating_add(1);
            match waited {
                0..100 => std::hint::spin_loop(),
                100..200 => std::thread::yield_now(),
                // Its call waits for the network, or for a callback.
                _ => std::thread::sleep(Duration::from_micros(200)),
            }
        }
    }
}

/// The lock, held.
pub(super) struct Guard<'a, T> {
    lock: &'a Lock<T>,
    by_bias: bool,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, by this guard alone.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.by_bias {
            self.lock.inside.store(false, Ordering::Release);
        } else {
            self.unlock_raw();
        }
    }
}

impl<T> Guard<'_, T> {
    fn unlock_raw(&mut self) {
        let lock = self.lock;
        // SAFETY: this thread holds `raw`.
        let streak = unsafe { &mut *lock.streak.get() };
        let owner = lock.owner.load(Ordering::Relaxed);
        let may_own = owner == NOBODY || owner == streak.thread;
        if streak.count >= streak.needed && may_own && barrier::is_there() {
            streak.count = 0;
            lock.owner.store(streak.thread, Ordering::Relaxed);
            lock.bias.store(streak.thread, Ordering::Release);
        }
        lock.holder.store(NOBODY, Ordering::Relaxed);
        // SAFETY: this guard holds `raw`, and is dropped once.
        unsafe { lock.raw.unlock() };
    }
}

/// The barrier that is run on all threads of the process.
#[cfg(all(target_os = "linux", not(miri), not(worldstate_plain_locks)))]
mod barrier {
    use std::sync::OnceLock;

    // From linux/membarrier.h.
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call takes plain numbers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    /// Whether [`run`] works here: found out once.
    pub(super) fn is_there() -> bool {
        static THERE: OnceLock<bool> = OnceLock::new();
        *THERE.get_or_init(|| membarrier(REGISTER_PRIVATE_EXPEDITED) && membarrier(PRIVATE_EXPEDITED))
    }

    pub(super) fn run() {
        // A child of fork(2) may have to register anew. It has one thread, which has nobody to wait for.
        if !membarrier(PRIVATE_EXPEDITED) {
            membarrier(REGISTER_PRIVATE_EXPEDITED);
            membarrier(PRIVATE_EXPEDITED);
        }
    }
}

/// No such barrier: no lock is ever biased. Thread checkers, who do not know that barrier, get this too, by
/// `--cfg worldstate_plain_locks`.
#[cfg(not(all(target_os = "linux", not(miri), not(worldstate_plain_locks))))]
mod barrier {
    pub(super) fn is_there() -> bool {
        false
    }

    pub(super) fn run() {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    fn is_biased<T>(lock: &Lock<T>) -> bool {
        lock.bias.load(Ordering::Relaxed) != NOBODY
    }

    #[test]
    fn one_thread_gets_the_bias_and_another_takes_it_away() {
        let lock = Lock::new(0_u64);
        for _ in 0..1000 {
            *lock.lock().unwrap() += 1;
        }
        assert_eq!(is_biased(&lock), barrier::is_there());
        std::thread::scope(|scope| {
            scope.spawn(|| *lock.lock().unwrap() += 1);
        });
        assert!(!is_biased(&lock));
        assert_eq!(*lock.lock().unwrap(), 1001);
    }

    #[test]
    fn a_thread_does_not_wait_for_itself() {
        let lock = Lock::new(());
        for _ in 0..1000 {
            let held = lock.lock().unwrap();
            assert!(lock.lock().is_err());
            drop(held);
        }
    }

    #[test]
    fn the_bias_waits_for_the_thread_inside() {
        let lock = Lock::new(0_u64);
        for _ in 0..1000 {
            drop(lock.lock().unwrap());
        }
        std::thread::scope(|scope| {
            let mut held = lock.lock().unwrap();
            let other = scope.spawn(|| *lock.lock().unwrap());
            std::thread::sleep(Duration::from_millis(50));
            assert!(!other.is_finished());
            *held = 7;
            drop(held);
            assert_eq!(other.join().unwrap(), 7);
        });
    }

    /// Two threads in turns of changing length, so that the bias comes and goes all the time, at every moment.
    #[test]
    fn nothing_is_lost_when_the_bias_comes_and_goes() {
        const ROUNDS: u64 = 3000;
        for _ in 0..20 {
            let lock = Lock::new([0_u64; 2]);
            let entered = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for thread in 0..2 {
                    let (lock, entered) = (&lock, &entered);
                    scope.spawn(move || {
                        for round in 0..ROUNDS {
                            let mut value = lock.lock().unwrap();
                            assert_eq!(entered.fetch_add(1, Ordering::Relaxed), 0, "two threads are in");
                            assert_eq!(value[0], value[1]);
                            value[0] += 1;
                            value[1] += 1;
                            entered.fetch_sub(1, Ordering::Relaxed);
                            drop(value);
                            // Longer and longer runs alone, for the bias to be given although it takes ever more.
                            if round % (64 + thread) == 0 {
                                std::thread::sleep(Duration::from_micros(50 * thread));
                            }
                            let held = lock.lock().unwrap();
                            if !held.by_bias {
                                // SAFETY: this thread holds `raw`.
                                unsafe { (*lock.streak.get()).needed = FIRST_STREAK };
                            }
                        }
                    });
                }
            });
            assert_eq!(*lock.lock().unwrap(), [2 * ROUNDS; 2]);
        }
    }

    #[test]
    fn only_one_thread_is_ever_the_owner() {
        let lock = Lock::new(0_u64);
        let many = || (0..10_000).for_each(|_| *lock.lock().unwrap() += 1);
        many();
        std::thread::scope(|scope| {
            scope.spawn(many).join().unwrap();
        });
        assert!(!is_biased(&lock));
        (0..100).for_each(|_| many());
        assert_eq!(is_biased(&lock), barrier::is_there(), "the owner gets it again");
    }

    #[test]
    fn the_owner_inside_does_not_wait_for_who_waits_for_it() {
        let lock = Lock::new(());
        for _ in 0..1000 {
            drop(lock.lock().unwrap());
        }
        std::thread::scope(|scope| {
            let held = lock.lock().unwrap();
            scope.spawn(|| drop(lock.lock().unwrap()));
            while lock.raw.try_lock() {
                // SAFETY: taken just now.
                unsafe { lock.raw.unlock() };
                std::thread::yield_now();
            }
            while is_biased(&lock) {
                std::thread::yield_now();
            }
            assert!(lock.lock().is_err());
            drop(held);
        });
    }

    /// More threads than processors, so that they are stopped at every place.
    #[test]
    fn one_thread_is_in_at_a_time() {
        let end = std::time::Instant::now() + Duration::from_secs(2);
        let lock = Lock::new(());
        let inside = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    while std::time::Instant::now() < end {
                        for _ in 0..1000 {
                            let guard = lock.lock().expect("no thread is inside already");
                            assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two threads are in");
                            if !guard.by_bias {
                                // SAFETY: this thread holds `raw`.
                                unsafe { (*lock.streak.get()).needed = FIRST_STREAK };
                            }
                            inside.fetch_sub(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
    }
}
