"""What users pass, as the bytes that the library takes.

| what | accepted |
|---|---|
| address | 20 bytes, or 40 hex digits with or without ``0x``, in any case |
| word (slot, value) | int, 32 bytes, ``0x`` and 1 to 64 hex digits, or 64 digits |
| quantity (balance) | int, 32 bytes, ``0x`` and 1 to 64 hex digits, or decimal digits |
| hash | 32 bytes, or 64 hex digits with or without ``0x`` |
| data (code, input) | bytes, or an even number of hex digits with or without ``0x`` |

Bytes are anything of bytes: ``bytes``, ``HexBytes``, ``bytearray``, ``memoryview``. A bad text is an InvalidHexError, a
wrong length or range an InvalidInputError, another type a TypeError.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Optional, Union

from .errors import InvalidHexError, InvalidInputError

BytesLike = Union[bytes, bytearray, memoryview]
Address = Union[str, BytesLike]
Word = Union[int, str, BytesLike]
Data = Union[str, BytesLike]

_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_DECIMAL = re.compile(r"[0-9]+", re.ASCII)
_QUOTED = 80
_BYTES = (bytes, bytearray, memoryview)


def _bad(what: str, text: str, flaw: str) -> InvalidHexError:
    shown = text[:_QUOTED].encode("unicode_escape").decode().replace('"', '\\"')
    return InvalidHexError(f'{what} "{shown}{"…" if len(text) > _QUOTED else ""}" {flaw}')


def _split(what: str, text: str) -> tuple[str, bool]:
    prefixed = text[:2] in ("0x", "0X")
    digits = text[2:] if prefixed else text
    if not digits:
        raise _bad(what, text, "has no digits")
    return digits, prefixed


def _hex(what: str, text: str) -> tuple[str, bool]:
    digits, prefixed = _split(what, text)
    if not _HEX.fullmatch(digits):
        raise _bad(what, text, "is not hexadecimal")
    return digits, prefixed


def _plain(text: str, length: int) -> Optional[bytes]:
    """The usual text, with its prefix and as many digits as ``length`` bytes have; None for any other."""
    if len(text) != 2 * length + 2 or not text.startswith("0x"):
        return None
    try:
        raw = bytes.fromhex(text[2:])
    except ValueError:
        return None
    # Shorter where there was space between the digits.
    return raw if len(raw) == length else None


def _exactly(what: str, value: BytesLike, length: int) -> bytes:
    raw = bytes(value)
    if len(raw) != length:
        raise InvalidInputError(f"{what} has {len(raw)} bytes instead of {length}")
    return raw


def _wrong_type(what: str, value: object, wanted: str) -> TypeError:
    return TypeError(f"{what} has to be {wanted}, not {type(value).__name__}")


def unsigned(what: str, value: int, bits: int) -> int:
    """``value``, which has to fit."""
    if not isinstance(value, int):
        raise _wrong_type(what, value, "an int")
    if value < 0 or value >> bits:
        raise InvalidInputError(
            f"{what} {value:#x} does not fit in {bits} bits" if value >= 0 else f"{what} {value} is negative"
        )
    return value


# Programs use few addresses many times.
@lru_cache(maxsize=4096)
def _address_of(text: str, what: str) -> bytes:
    raw = _plain(text, 20)
    if raw is not None:
        return raw
    digits, _ = _hex(what, text)
    if len(digits) != 40:
        raise _bad(what, text, f"has {len(digits)} digits instead of 40")
    return bytes.fromhex(digits)


def to_address(value: Address, what: str = "address") -> bytes:
    """20 bytes."""
    if isinstance(value, str):
        return _address_of(value, what)
    if isinstance(value, _BYTES):
        return _exactly(what, value, 20)
    raise _wrong_type(what, value, "20 bytes or hexadecimal text")


def to_word(value: Word, what: str = "word") -> bytes:
    """32 big-endian bytes."""
    if isinstance(value, int):
        try:
            return value.to_bytes(32, "big")
        except OverflowError:
            return unsigned(what, value, 256).to_bytes(32, "big")
    if isinstance(value, str):
        raw = _plain(value, 32)
        if raw is not None:
            return raw
        digits, prefixed = _hex(what, value)
        if not prefixed and len(digits) != 64:
            raise _bad(what, value, "has neither a 0x prefix nor 64 digits")
        if len(digits) > 64:
            raise _bad(what, value, "has more than 64 digits")
        return int(digits, 16).to_bytes(32, "big")
    if isinstance(value, _BYTES):
        return _exactly(what, value, 32)
    raise _wrong_type(what, value, "an int, 32 bytes or hexadecimal text")


def to_quantity(value: Word, what: str = "quantity") -> bytes:
    """32 big-endian bytes of a number, whose text may be decimal."""
    if not isinstance(value, str):
        return to_word(value, what)
    digits, prefixed = _split(what, value)
    if prefixed:
        return to_word(value, what)
    if not _DECIMAL.fullmatch(digits):
        raise _bad(what, value, "is neither 0x-prefixed hexadecimal nor decimal")
    # 78 digits are enough for 256 bits; Python refuses to read very long ones.
    significant = digits.lstrip("0") or "0"
    if len(significant) > 78 or int(significant) >> 256:
        raise _bad(what, value, "does not fit in 256 bits")
    return int(significant).to_bytes(32, "big")


def to_u64(value: Union[int, str], what: str) -> int:
    """A number of 64 bits; text as of a quantity."""
    if isinstance(value, str):
        number = int.from_bytes(to_quantity(value, what), "big")
        if number >> 64:
            raise _bad(what, value, "does not fit in 64 bits")
        return number
    return unsigned(what, value, 64)


def to_hash(value: Data, what: str = "hash") -> bytes:
    """32 bytes."""
    if isinstance(value, str):
        digits, _ = _hex(what, value)
        if len(digits) != 64:
            raise _bad(what, value, f"has {len(digits)} digits instead of 64")
        return bytes.fromhex(digits)
    if isinstance(value, _BYTES):
        return _exactly(what, value, 32)
    raise _wrong_type(what, value, "32 bytes or hexadecimal text")


def to_data(value: Data, what: str = "data") -> bytes:
    """Any number of bytes."""
    if isinstance(value, str):
        if value in ("", "0x"):
            return b""
        digits, _ = _hex(what, value)
        if len(digits) % 2:
            raise _bad(what, value, "has an odd number of digits")
        return bytes.fromhex(digits)
    if isinstance(value, _BYTES):
        return bytes(value)
    raise _wrong_type(what, value, "bytes or hexadecimal text")


def to_hex(raw: bytes) -> str:
    """Lower case, with ``0x``."""
    return "0x" + raw.hex()
