//! Numbers and bytes as JSON text, written by hand: this is where a trace spends its time.

use alloy_primitives::{U256, hex};

/// The 16 lower-case hex digits of a number.
const fn digits16(value: u64) -> [u8; 16] {
    let high = spread((value >> 32) as u32).to_be_bytes();
    let low = spread((value & 0xffff_ffff) as u32).to_be_bytes();
    let mut digits = [0; 16];
    let mut at = 0;
    while at < 8 {
        digits[at] = high[at];
        digits[at + 8] = low[at];
        at += 1;
    }
    digits
}

/// Eight hex digits at once: each nibble gets a byte of its own, then all bytes become ASCII together.
const fn spread(value: u32) -> u64 {
    let value = value as u64;
    let value = ((value << 16) | value) & 0x0000_ffff_0000_ffff;
    let value = ((value << 8) | value) & 0x00ff_00ff_00ff_00ff;
    let value = ((value << 4) | value) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = ((value + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    value + 0x3030_3030_3030_3030 + letters * (b'a' - b'0' - 10) as u64
}

/// `0x` and the digits without leading zeros; zero is `0x0`.
pub(super) fn hex_number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(b"0x");
    leading(out, value);
}

fn leading(out: &mut Vec<u8>, value: u64) {
    let spare = ((value | 1).leading_zeros() / 4) as usize;
    // A copy of constant length, then cut, is faster than one of variable length.
    out.extend_from_slice(&digits16(value << (4 * spare)));
    out.truncate(out.len() - spare);
}

/// As [`hex_number`], for a word.
pub(super) fn hex_word(out: &mut Vec<u8>, value: &U256) {
    out.extend_from_slice(b"0x");
    let limbs = value.as_limbs();
    let top = match limbs {
        [_, 0, 0, 0] => 0,
        [_, _, 0, 0] => 1,
        [_, _, _, 0] => 2,
        _ => 3,
    };
    leading(out, limbs[top]);
    for limb in limbs[..top].iter().rev() {
        out.extend_from_slice(&digits16(*limb));
    }
}

/// `0x` and all 64 digits.
pub(super) fn hex_padded(out: &mut Vec<u8>, value: &U256) {
    out.extend_from_slice(b"0x");
    for limb in value.as_limbs().iter().rev() {
        out.extend_from_slice(&digits16(*limb));
    }
}

/// `0x` and two digits a byte.
pub(super) fn hex_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"0x");
    let start = out.len();
    out.resize(start + 2 * bytes.len(), b'0');
    // The lengths match by construction, which is all that can fail.
    let _ = hex::encode_to_slice(bytes, &mut out[start..]);
}

pub(super) fn decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut start = 19;
    while value >= 10 {
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        start -= 1;
    }
    digits[start] = b'0' + (value % 10) as u8;
    out.extend_from_slice(&digits[start..]);
}

/// The text of the last stack, so that only the items above what has stayed the same are written again. Most operations
/// change one or two items.
#[derive(Default)]
pub(super) struct StackText {
    items: Vec<U256>,
    /// Where each item's text ends.
    ends: Vec<usize>,
}

impl StackText {
    /// Makes `out` be `opening` and the stack from the bottom up, as a JSON array. `out` still holds what the last call
    /// left there and whatever has been written behind it, or nothing.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, opening: &[u8], items: &[U256]) {
        let same = self.items.iter().zip(items).take_while(|(old, new)| old == new).count();
        self.items.truncate(same);
        self.ends.truncate(same);
        if let Some(end) = self.ends.last() {
            out.truncate(*end);
        } else {
            out.clear();
            out.extend_from_slice(opening);
            out.push(b'[');
        }
        for item in &items[same..] {
            out.extend_from_slice(if self.ends.is_empty() { b"\"" } else { b",\"" });
            hex_word(out, item);
            out.push(b'"');
            self.ends.push(out.len());
        }
        self.items.extend_from_slice(&items[same..]);
        out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = b"x".to_vec();
        write(&mut out);
        String::from_utf8(out).unwrap().split_off(1)
    }

    #[test]
    fn numbers_are_as_the_standard_library_writes_them() {
        let mut numbers = vec![0, 1, 9, 10, 15, 16, 99, 100, 255, 256, u64::MAX - 1, u64::MAX];
        numbers.extend((0..64).flat_map(|bit| [1 << bit, (1 << bit) - 1, 0x0123_4567_89ab_cdef >> bit]));
        for number in numbers {
            assert_eq!(written(|out| decimal(out, number)), number.to_string());
            assert_eq!(written(|out| hex_number(out, number)), format!("{number:#x}"));
            for shift in [0, 4, 60, 64, 68, 128, 190, 192, 252] {
                let word = U256::from(number) << shift;
                assert_eq!(written(|out| hex_word(out, &word)), format!("{word:#x}"));
                assert_eq!(written(|out| hex_padded(out, &word)), format!("{word:#066x}"));
            }
        }
    }

    #[test]
    fn bytes() {
        assert_eq!(written(|out| hex_bytes(out, &[])), "0x");
        assert_eq!(written(|out| hex_bytes(out, &[0, 0x0a, 0xff])), "0x000aff");
    }

    #[test]
    fn a_stack_is_written_as_if_there_had_been_none_before() {
        let words = [0, 1, 2, u64::MAX].map(U256::from);
        let mut stacks = vec![vec![]];
        for length in 1..=4 {
            for number in 0..4_usize.pow(length) {
                stacks.push((0..length).map(|at| words[number / 4_usize.pow(at) % 4] << (64 * at)).collect());
            }
        }
        let mut cached = (StackText::default(), Vec::new());
        // A step that shares no factor with their number visits all of them, each behind one of another height.
        for at in 0..stacks.len() {
            let stack: &Vec<U256> = &stacks[at * 89 % stacks.len()];
            cached.0.write(&mut cached.1, b"x", stack);
            let texts = stack.iter().map(|item| format!("\"{item:#x}\"")).collect::<Vec<_>>();
            assert_eq!(String::from_utf8_lossy(&cached.1), format!("x[{}]", texts.join(",")));
            cached.1.extend_from_slice(b",more");
        }
    }
}
