//! Keys and values of the benchmarks, the same in every language and every run.
//!
//! Slot keys and values are 32 random bytes: those of Solidity mappings are hashes, and a value that fills its word is
//! the dearest to keep.

/// Accounts that hold the slots: slot `i` belongs to account `i % ACCOUNTS`.
pub const ACCOUNTS: usize = 1_000;
/// Slots in the large state.
pub const SLOTS: usize = 1_000_000;

const ADDRESS: u64 = 1;
const SLOT: u64 = 2;
const VALUE: u64 = 3;

/// The next number of the splitmix64 sequence.
pub fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn bytes<const N: usize>(stream: u64, index: usize) -> [u8; N] {
    let mut state = (stream << 56) ^ ((index as u64) << 8);
    let mut out = [0; N];
    for chunk in out.chunks_mut(8) {
        let word = splitmix64(&mut state).to_be_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    out
}

/// The address of account `index`.
#[must_use]
pub fn address(index: usize) -> [u8; 20] {
    bytes(ADDRESS, index)
}

/// The key of slot `index`.
#[must_use]
pub fn slot(index: usize) -> [u8; 32] {
    bytes(SLOT, index)
}

/// The value number `index`.
#[must_use]
pub fn value(index: usize) -> [u8; 32] {
    bytes(VALUE, index)
}

/// The numbers below `n` in random order.
#[must_use]
pub fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut state = 7;
    for i in (1..n).rev() {
        // The modulo's bias is far below what a benchmark can see.
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is at most i, a usize")]
        let j = (splitmix64(&mut state) % (i as u64 + 1)) as usize;
        order.swap(i, j);
    }
    order
}

/// [`address`] for C.
///
/// # Safety
/// `out` holds 20 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn workload_address(index: usize, out: *mut [u8; 20]) {
    // SAFETY: the caller's buffer holds 20 bytes.
    unsafe { *out = address(index) };
}

/// [`slot`] for C.
///
/// # Safety
/// `out` holds 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn workload_slot(index: usize, out: *mut [u8; 32]) {
    // SAFETY: the caller's buffer holds 32 bytes.
    unsafe { *out = slot(index) };
}

/// [`value`] for C.
///
/// # Safety
/// `out` holds 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn workload_value(index: usize, out: *mut [u8; 32]) {
    // SAFETY: the caller's buffer holds 32 bytes.
    unsafe { *out = value(index) };
}

/// [`shuffled`] for C.
///
/// # Safety
/// `out` holds `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn workload_shuffled(n: usize, out: *mut usize) {
    // SAFETY: the caller's buffer holds n elements.
    let out = unsafe { std::slice::from_raw_parts_mut(out, n) };
    out.copy_from_slice(&shuffled(n));
}
