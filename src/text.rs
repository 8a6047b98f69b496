//! Numbers and addresses as text.
//!
//! | what | accepted |
//! |---|---|
//! | address | `0x` and 40 hex digits, any case; the prefix may be missing |
//! | word (slot, value) | `0x` and 1 to 64 hex digits, or exactly 64 without prefix |
//! | hash | exactly 64 hex digits; the `0x` prefix may be missing |
//! | quantity (balance, nonce) | `0x` and 1 to 64 hex digits, or decimal digits |
//! | bytes (code) | `0x` and an even number of hex digits; the prefix may be missing |
//!
//! `what` names the value in the error text.

use crate::error::{Error, Result};
use alloy_primitives::{Address, B256, Bytes, U256, hex};

/// How much of a bad text an error quotes.
const QUOTED: usize = 80;

fn invalid(what: &str, text: &[u8], flaw: &str) -> Error {
    let shown = String::from_utf8_lossy(&text[..text.len().min(QUOTED)]);
    let cut = if text.len() > QUOTED { "…" } else { "" };
    Error::InvalidHex(format!("{what} \"{}{cut}\" {flaw}", shown.escape_debug()))
}

fn digits<'a>(what: &str, text: &'a [u8]) -> Result<(&'a [u8], bool)> {
    let (digits, prefixed) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    if digits.is_empty() {
        return Err(invalid(what, text, "has no digits"));
    }
    Ok((digits, prefixed))
}

fn hex_digits<'a>(what: &str, text: &'a [u8]) -> Result<(&'a [u8], bool)> {
    let (digits, prefixed) = digits(what, text)?;
    match digits.iter().find(|byte| !byte.is_ascii_hexdigit()) {
        Some(_) => Err(invalid(what, text, "is not hexadecimal")),
        None => Ok((digits, prefixed)),
    }
}

/// Big-endian number of at most 64 checked hex digits.
fn word(what: &str, text: &[u8], digits: &[u8]) -> Result<U256> {
    if digits.len() > 64 {
        return Err(invalid(what, text, "has more than 64 digits"));
    }
    let mut padded = [b'0'; 64];
    padded[64 - digits.len()..].copy_from_slice(digits);
    let mut bytes = [0; 32];
    hex::decode_to_slice(padded, &mut bytes).map_err(|_| invalid(what, text, "is not hexadecimal"))?;
    Ok(U256::from_be_bytes(bytes))
}

pub(crate) fn parse_address(what: &str, text: &[u8]) -> Result<Address> {
    let (digits, _) = hex_digits(what, text)?;
    if digits.len() != 40 {
        return Err(invalid(what, text, &format!("has {} digits instead of 40", digits.len())));
    }
    let mut address = Address::ZERO;
    hex::decode_to_slice(digits, address.as_mut_slice()).map_err(|_| invalid(what, text, "is not hexadecimal"))?;
    Ok(address)
}

pub(crate) fn parse_word(what: &str, text: &[u8]) -> Result<U256> {
    let (digits, prefixed) = hex_digits(what, text)?;
    if !prefixed && digits.len() != 64 {
        return Err(invalid(what, text, "has neither a 0x prefix nor 64 digits"));
    }
    word(what, text, digits)
}

pub(crate) fn parse_hash(what: &str, text: &[u8]) -> Result<B256> {
    let (digits, _) = hex_digits(what, text)?;
    if digits.len() != 64 {
        return Err(invalid(what, text, &format!("has {} digits instead of 64", digits.len())));
    }
    word(what, text, digits).map(B256::from)
}

pub(crate) fn parse_quantity(what: &str, text: &[u8]) -> Result<U256> {
    let (digits, prefixed) = digits(what, text)?;
    if prefixed {
        return word(what, text, hex_digits(what, text)?.0);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(invalid(what, text, "is neither 0x-prefixed hexadecimal nor decimal"));
    }
    let value = std::str::from_utf8(digits).ok().and_then(|digits| U256::from_str_radix(digits, 10).ok());
    value.ok_or_else(|| invalid(what, text, "does not fit in 256 bits"))
}

pub(crate) fn parse_u64(what: &str, text: &[u8]) -> Result<u64> {
    u64::try_from(parse_quantity(what, text)?).map_err(|_| invalid(what, text, "does not fit in 64 bits"))
}

pub(crate) fn parse_bytes(what: &str, text: &[u8]) -> Result<Bytes> {
    if text.is_empty() || text == b"0x" {
        return Ok(Bytes::new());
    }
    let (digits, _) = hex_digits(what, text)?;
    if digits.len() % 2 != 0 {
        return Err(invalid(what, text, "has an odd number of digits"));
    }
    hex::decode(digits).map(Bytes::from).map_err(|_| invalid(what, text, "is not hexadecimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let lower = parse_address("a", b"0x00000000000000000000000000000000000000ff").unwrap();
        assert_eq!(lower, parse_address("a", b"00000000000000000000000000000000000000FF").unwrap());
        for bad in [
            &b""[..],
            b"0x",
            b"0x1",
            b"0x00000000000000000000000000000000000000f",
            b"0x00000000000000000000000000000000000000fff",
            b"0x00000000000000000000000000000000000000fg",
            b"0x00000000000000000000000000000000000000\xff\xff",
        ] {
            assert!(matches!(parse_address("address", bad), Err(Error::InvalidHex(_))), "{bad:?}");
        }
    }

    #[test]
    fn words_and_quantities() {
        assert_eq!(parse_word("w", b"0xA").unwrap(), U256::from(10));
        assert_eq!(parse_word("w", &[b'f'; 64]).unwrap(), U256::MAX);
        assert_eq!(parse_quantity("q", b"10").unwrap(), U256::from(10));
        assert_eq!(parse_quantity("q", U256::MAX.to_string().as_bytes()).unwrap(), U256::MAX);
        for bad in [&b"10"[..], b"0x", b"", b"0xg", &[b'0'; 65], b"0x-1", b"\xff"] {
            assert!(parse_word("word", bad).is_err(), "{bad:?}");
        }
        for bad in [&b"0xg"[..], b"1f", b"-1", b"", b"1 ", b"0x"] {
            assert!(parse_quantity("quantity", bad).is_err(), "{bad:?}");
        }
        let overflow = format!("{}0", U256::MAX);
        assert!(parse_quantity("quantity", overflow.as_bytes()).unwrap_err().to_string().contains("256 bits"));
        assert_eq!(parse_u64("nonce", b"0xffffffffffffffff").unwrap(), u64::MAX);
        assert!(parse_u64("nonce", b"18446744073709551616").is_err());
    }

    #[test]
    fn hashes_have_all_their_digits() {
        let hash = parse_hash("h", &[b"0x".as_slice(), &[b'f'; 64]].concat()).unwrap();
        assert_eq!((hash, parse_hash("h", &[b'f'; 64]).unwrap()), (B256::repeat_byte(0xff), hash));
        for bad in [&b""[..], b"0x", b"0x1", &[b'0'; 63], &[b'0'; 65], &[b'g'; 64]] {
            assert!(parse_hash("hash", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn texts_name_the_flaw() {
        let error = parse_bytes("code of 0x01", b"0x123").unwrap_err().to_string();
        assert_eq!(error, "code of 0x01 \"0x123\" has an odd number of digits");
    }
}
