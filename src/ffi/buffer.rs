//! Reading C inputs and writing C outputs.
//!
//! Outputs are written only when the call succeeds, except `*out_len`, which is set on `OUTPUT_TOO_SMALL` too: a call
//! prepares its outputs first (which checks them) and fills them last.

use crate::error::{Error, Result};
use crate::text::{parse_address, parse_quantity, parse_word};
use alloy_primitives::{Address, B256, U256};
use std::ffi::{CStr, c_char};

/// Longest text of an address or number that is looked at.
const MAX_NUMBER_TEXT: usize = 256;
/// Bytes of the longest number text: `0x`, 64 digits, NUL.
const NUMBER_TEXT: usize = 67;

#[cold]
fn null(name: &str) -> Error {
    Error::InvalidInput(format!("{name} is NULL"))
}

#[cold]
fn too_large(name: &str, count: usize) -> Error {
    Error::InvalidInput(format!("{name}: {count} elements are more than memory can hold"))
}

// Byte order

/// The limb with its bytes in the other order.
///
/// One instruction that the compiler cannot see through: where it can, it reverses all four limbs at once with the
/// vector instructions of the oldest processors, which takes three times as long.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
fn swapped(limb: u64) -> u64 {
    let mut limb = limb;
    // SAFETY: bswap changes its register and nothing else.
    unsafe { std::arch::asm!("bswap {}", inout(reg) limb, options(pure, nomem, nostack, preserves_flags)) };
    limb
}

/// The limb with its bytes in the other order.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline]
fn swapped(limb: u64) -> u64 {
    limb.swap_bytes()
}

/// A word from 32 big-endian bytes.
#[inline]
pub(super) fn from_big_endian(bytes: [u8; 32]) -> U256 {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = if cfg!(target_endian = "little") {
            swapped(u64::from_ne_bytes(*chunk))
        } else {
            u64::from_ne_bytes(*chunk)
        };
    }
    U256::from_limbs(limbs)
}

/// The word as 32 big-endian bytes.
#[inline]
pub(super) fn to_big_endian(word: U256) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (limb, chunk) in word.as_limbs().iter().rev().zip(bytes.as_chunks_mut::<8>().0) {
        *chunk = if cfg!(target_endian = "little") { swapped(*limb).to_ne_bytes() } else { limb.to_ne_bytes() };
    }
    bytes
}

// Inputs

/// `N` bytes.
///
/// # Safety
/// `pointer` is NULL or readable for `N` bytes.
#[inline]
pub(super) unsafe fn bytes<const N: usize>(name: &str, pointer: *const u8) -> Result<[u8; N]> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: readable for N bytes by contract; arrays of bytes have no alignment.
    Ok(unsafe { pointer.cast::<[u8; N]>().read() })
}

/// # Safety
/// As [`bytes`] of 20.
#[inline]
pub(super) unsafe fn address(pointer: *const u8) -> Result<Address> {
    // SAFETY: forwarded.
    unsafe { bytes::<20>("address", pointer) }.map(Address::from)
}

/// As [`address`], where the caller keeps it.
///
/// # Safety
/// `pointer` is NULL or readable for 20 bytes, which stay unchanged while the result is used.
#[inline]
pub(super) unsafe fn address_ref<'a>(pointer: *const u8) -> Result<&'a Address> {
    // SAFETY: by contract; an address has the size and alignment of its bytes.
    unsafe { pointer.cast::<Address>().as_ref() }.ok_or_else(|| null("address"))
}

/// # Safety
/// As [`bytes`] of 32.
#[inline]
pub(super) unsafe fn word(name: &str, pointer: *const u8) -> Result<U256> {
    // SAFETY: forwarded.
    unsafe { bytes::<32>(name, pointer) }.map(from_big_endian)
}

/// `count` elements; the pointer is ignored when there are none.
///
/// # Safety
/// `pointer` is NULL or readable for `count` elements, and stays unchanged while the result is used.
pub(super) unsafe fn slice<'a, T>(name: &str, pointer: *const T, count: usize) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(null(name));
    }
    if !pointer.is_aligned() {
        return Err(Error::InvalidInput(format!("{name} is not aligned")));
    }
    if count > isize::MAX as usize / size_of::<T>() {
        return Err(too_large(name, count));
    }
    // SAFETY: not NULL, aligned, in range, and readable by contract.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// A copy of `count` bytes, refused rather than fatal when memory does not suffice.
///
/// # Safety
/// As [`slice`].
pub(super) unsafe fn copied(name: &str, pointer: *const u8, count: usize) -> Result<Vec<u8>> {
    // SAFETY: forwarded.
    let bytes = unsafe { slice(name, pointer, count) }?;
    let mut copy = Vec::new();
    copy.try_reserve_exact(count)
        .map_err(|_| Error::OutOfMemory(format!("{name}: {count} bytes cannot be allocated")))?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// A NUL-terminated text of any length.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string that stays unchanged while the result is used.
pub(super) unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: NUL-terminated by contract.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Error::InvalidInput(format!("{name} is not UTF-8")))
}

/// The text of a number: looked at no further than [`MAX_NUMBER_TEXT`].
///
/// # Safety
/// As [`text`].
unsafe fn number_text<'a>(name: &str, pointer: *const c_char) -> Result<&'a [u8]> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: strnlen reads up to the NUL, or MAX_NUMBER_TEXT bytes of a longer string.
    let length = unsafe { libc::strnlen(pointer, MAX_NUMBER_TEXT) };
    if length == MAX_NUMBER_TEXT {
        return Err(Error::InvalidHex(format!("{name} has {MAX_NUMBER_TEXT} characters or more")));
    }
    // SAFETY: `length` bytes were just read.
    Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), length) })
}

/// NULL is `None`.
///
/// # Safety
/// As [`text`].
pub(super) unsafe fn optional_text<'a>(name: &str, pointer: *const c_char) -> Result<Option<&'a str>> {
    // SAFETY: forwarded.
    if pointer.is_null() { Ok(None) } else { unsafe { text(name, pointer) }.map(Some) }
}

/// # Safety
/// As [`text`].
pub(super) unsafe fn address_text(pointer: *const c_char) -> Result<Address> {
    // SAFETY: forwarded.
    parse_address("address", unsafe { number_text("address", pointer) }?)
}

/// # Safety
/// As [`text`].
pub(super) unsafe fn word_text(name: &str, pointer: *const c_char) -> Result<U256> {
    // SAFETY: forwarded.
    parse_word(name, unsafe { number_text(name, pointer) }?)
}

/// # Safety
/// As [`text`].
pub(super) unsafe fn quantity_text(name: &str, pointer: *const c_char) -> Result<U256> {
    // SAFETY: forwarded.
    parse_quantity(name, unsafe { number_text(name, pointer) }?)
}

// Outputs

/// Room for one value, not written to until [`Out::write`].
pub(super) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// `pointer` is NULL or writable for a `T` until the call returns, aligned or not.
    #[inline]
    pub(super) unsafe fn new(name: &str, pointer: *mut T) -> Result<Self> {
        if pointer.is_null() { Err(null(name)) } else { Ok(Self(pointer)) }
    }

    #[inline]
    #[expect(clippy::unnecessary_wraps, reason = "writing is the last step of an export, whose result this is")]
    pub(super) fn write(self, value: T) -> Result<()> {
        // SAFETY: writable by the contract of `new`; write_unaligned needs no alignment.
        unsafe { self.0.write_unaligned(value) };
        Ok(())
    }
}

/// Room for a big-endian array of bytes.
///
/// # Safety
/// `pointer` is NULL or writable for `N` bytes until the call returns.
#[inline]
pub(super) unsafe fn out_bytes<const N: usize>(name: &str, pointer: *mut u8) -> Result<Out<[u8; N]>> {
    // SAFETY: forwarded; an array of bytes has the size and alignment of its bytes.
    unsafe { Out::new(name, pointer.cast()) }
}

/// Room for `capacity` elements.
pub(super) struct OutSlice<T> {
    pointer: *mut T,
    capacity: usize,
}

impl<T: Copy> OutSlice<T> {
    /// # Safety
    /// `pointer` is NULL or writable for `capacity` elements until the call returns, aligned or not.
    pub(super) unsafe fn new(name: &str, pointer: *mut T, capacity: usize) -> Result<Self> {
        if capacity == 0 {
            return Ok(Self { pointer: std::ptr::dangling_mut(), capacity });
        }
        // SAFETY: forwarded.
        unsafe { Self::optional(pointer, capacity) }.ok_or_else(|| null(name)).and_then(|out| {
            if capacity > isize::MAX as usize / size_of::<T>() { Err(too_large(name, capacity)) } else { Ok(out) }
        })
    }

    /// `None` when the caller does not want it.
    ///
    /// # Safety
    /// As [`Self::new`].
    pub(super) unsafe fn optional(pointer: *mut T, capacity: usize) -> Option<Self> {
        (!pointer.is_null()).then_some(Self { pointer, capacity })
    }

    /// Writes one element; beyond the capacity nothing is written.
    #[inline]
    pub(super) fn put(&mut self, position: usize, value: T) {
        if position < self.capacity {
            // SAFETY: inside the room that `new` was promised.
            unsafe { self.pointer.add(position).write_unaligned(value) };
        }
    }

    /// Writes all of `values`, or says how much room they need.
    pub(super) fn fill(self, values: &[T]) -> Result<()> {
        let (needed, available) = (size_of_val(values), self.capacity * size_of::<T>());
        if needed > available {
            return Err(Error::OutputTooSmall { needed, available });
        }
        // SAFETY: inside the room that `new` was promised; the library's memory and the caller's never overlap.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), self.pointer.cast::<u8>(), needed) };
        Ok(())
    }
}

/// Room for the text of a number: 67 bytes at least, whatever the number, so that a buffer that is too short is found
/// with the first value and not with the first large one.
pub(super) struct OutNumber(Out<[u8; NUMBER_TEXT]>);

impl OutNumber {
    /// # Safety
    /// `pointer` is NULL or writable for `size` bytes until the call returns.
    pub(super) unsafe fn new(name: &str, pointer: *mut c_char, size: usize) -> Result<Self> {
        if pointer.is_null() {
            return Err(null(name));
        }
        if size < NUMBER_TEXT {
            return Err(Error::OutputTooSmall { needed: NUMBER_TEXT, available: size });
        }
        // SAFETY: writable for NUMBER_TEXT bytes, as just checked.
        Ok(Self(unsafe { Out::new(name, pointer.cast()) }?))
    }

    fn digits(self, digits: &[u8]) -> Result<()> {
        let mut text = [0; NUMBER_TEXT];
        text[..2].copy_from_slice(b"0x");
        text[2..2 + digits.len()].copy_from_slice(digits);
        self.0.write(text)
    }

    /// `0x` and 64 digits.
    pub(super) fn word(self, value: U256) -> Result<()> {
        let mut digits = [0; 64];
        // The buffer is exactly twice the bytes, so encoding cannot fail.
        let _ = alloy_primitives::hex::encode_to_slice(value.to_be_bytes::<32>(), &mut digits);
        self.digits(&digits)
    }

    /// `0x` and 64 digits.
    pub(super) fn hash(self, value: B256) -> Result<()> {
        self.word(U256::from_be_bytes(value.0))
    }

    /// `0x` and as many digits as the number has, at least one.
    pub(super) fn quantity(self, value: U256) -> Result<()> {
        let mut digits = [0; 64];
        let _ = alloy_primitives::hex::encode_to_slice(value.to_be_bytes::<32>(), &mut digits);
        let significant = digits.iter().position(|digit| *digit != b'0').unwrap_or(63);
        self.digits(&digits[significant..])
    }
}

/// Room for a text of any length, NUL-terminated, with `*out_len` for its length without the NUL.
pub(super) struct OutText {
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
}

impl OutText {
    /// NULL with size 0 asks for the length alone.
    ///
    /// # Safety
    /// `buffer` is NULL or writable for `size` bytes, and `length` NULL or writable, until the call returns.
    pub(super) unsafe fn new(name: &str, buffer: *mut c_char, size: usize, length: *mut usize) -> Result<Self> {
        if buffer.is_null() && size > 0 {
            return Err(null(name));
        }
        if length.is_null() {
            // The parameters are called so: `buf` and `out_len`, else `out_x` and `out_x_len`.
            return Err(if name == "buf" { null("out_len") } else { null(&format!("{name}_len")) });
        }
        Ok(Self { buffer, size, length })
    }

    /// Whether only the length is asked for.
    pub(super) fn is_query(&self) -> bool {
        self.buffer.is_null()
    }

    /// Bytes that a text may have here, without the NUL.
    pub(super) fn room(&self) -> usize {
        self.size.saturating_sub(1)
    }

    /// Sets `*out_len`, and nothing else.
    pub(super) fn report(&self, text: &str) {
        // SAFETY: writable by the contract of `new`.
        unsafe { self.length.write_unaligned(text.len()) };
    }

    /// Whether the text fits; `*out_len` is set when it does not.
    pub(super) fn check(&self, text: &str) -> Result<()> {
        if text.len() < self.size {
            return Ok(());
        }
        self.report(text);
        Err(Error::OutputTooSmall { needed: text.len() + 1, available: self.size })
    }

    /// Writes text, NUL and length, all or (but for the length) nothing.
    pub(super) fn write(&self, text: &str) -> Result<()> {
        self.check(text)?;
        // SAFETY: writable for `size` bytes by the contract of `new`, and `check` left room for text and NUL.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), self.buffer.cast(), text.len());
            self.buffer.add(text.len()).write(0);
            self.length.write_unaligned(text.len());
        }
        Ok(())
    }

    /// As [`Self::write`], but asking for the length alone succeeds.
    pub(super) fn answer(&self, text: &str) -> Result<()> {
        match self.write(text) {
            Err(Error::OutputTooSmall { .. }) if self.is_query() => Ok(()),
            written => written,
        }
    }
}

/// Which text was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TextOf {
    Changes(crate::state::Since),
    Dump(crate::state::DumpFormat),
    /// Of an account and of slots, by their hash.
    Proof(Address, B256),
}

/// A text that the caller asked the length of, or had too little room for, with the state version it was made at: the
/// next call need not make it again.
pub(super) struct KeptText {
    pub(super) of: TextOf,
    pub(super) version: u64,
    pub(super) text: String,
}

impl KeptText {
    /// Answers with the kept text if it is still the right one, else with a new one, which is kept if it is not taken.
    pub(super) fn answer(
        kept: &mut Option<Self>,
        of: TextOf,
        version: u64,
        out: &OutText,
        make: impl FnOnce() -> Result<String>,
    ) -> Result<()> {
        let text = match kept.take() {
            Some(kept) if kept.of == of && kept.version == version => kept.text,
            _ => make()?,
        };
        let written = out.write(&text);
        if written.is_err() {
            *kept = Some(Self { of, version, text });
        }
        match written {
            Err(Error::OutputTooSmall { .. }) if out.is_query() => Ok(()),
            written => written,
        }
    }
}
