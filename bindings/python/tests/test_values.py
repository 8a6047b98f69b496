"""What is taken as an address, a word, a quantity, data; and what is said about what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hexbytes import HexBytes

from worldstate import (
    AccountStatus,
    AccountUpdate,
    InvalidHexError,
    InvalidInputError,
    InvalidSnapshotError,
    NoCheckpointError,
    StateManager,
    WorldstateError,
)

ADDRESS = "0xabcdef0000000000000000000000000000c0ffee"
RAW = bytes.fromhex(ADDRESS[2:])
MAX = 2**256 - 1


@pytest.fixture
def state() -> Iterator[StateManager]:
    with StateManager() as state:
        yield state


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        ADDRESS[2:],
        ADDRESS.upper().replace("0X", "0x"),
        "0X" + ADDRESS[2:],
        RAW,
        bytearray(RAW),
        memoryview(RAW),
        HexBytes(RAW),
    ],
    ids=["hex", "no prefix", "upper case", "0X", "bytes", "bytearray", "memoryview", "HexBytes"],
)
def test_addresses(state: StateManager, address: Any) -> None:
    state.set_balance(address, 7)
    state.set_storage(address, 1, 9)
    assert state.get_balance(ADDRESS) == state.get_balance(address) == 7
    assert state.get_storage(ADDRESS, 1) == state.get_storage(address, 1) == 9
    assert list(state.accounts()) == [ADDRESS]


@pytest.mark.parametrize(
    ("address", "error", "text"),
    [
        ("", InvalidHexError, 'address "" has no digits'),
        ("0x", InvalidHexError, 'address "0x" has no digits'),
        ("0x12", InvalidHexError, 'address "0x12" has 2 digits instead of 40'),
        (ADDRESS + "0", InvalidHexError, "has 41 digits instead of 40"),
        ("alice", InvalidHexError, 'address "alice" is not hexadecimal'),
        ("0x" + "0" * 39 + "g", InvalidHexError, "is not hexadecimal"),
        ("0x" + "0" * 39 + "\u0664", InvalidHexError, "is not hexadecimal"),
        ("0x" + "0" * 39 + "\n", InvalidHexError, '\\n" is not hexadecimal'),
        ("0x" + "\0" * 40, InvalidHexError, "is not hexadecimal"),
        ("g" * 1000, InvalidHexError, "…"),
        # As long as bytes would be.
        ("g" * 20, InvalidHexError, "is not hexadecimal"),
        (b"", InvalidInputError, "address has 0 bytes instead of 20"),
        (RAW[1:], InvalidInputError, "address has 19 bytes instead of 20"),
        (RAW + b"\0", InvalidInputError, "address has 21 bytes instead of 20"),
        (ADDRESS.encode(), InvalidInputError, "address has 42 bytes instead of 20"),
        (None, TypeError, "address has to be 20 bytes or hexadecimal text, not NoneType"),
        (7, TypeError, "not int"),
        ([0] * 20, TypeError, "not list"),
    ],
)
def test_bad_addresses(state: StateManager, address: Any, error: type[Exception], text: str) -> None:
    for call in (
        lambda: state.get_balance(address),
        lambda: state.get_nonce(address),
        lambda: state.get_storage(address, 0),
        lambda: state.get_storage_bytes(address, 0),
        lambda: state.get_code(address),
        lambda: state.set_balance(address, 1),
        lambda: state.set_storage(address, 1, 1),
        lambda: state.get_storage_batch([(address, 0)]),
        lambda: state.set_storage_batch([(address, 0, 1)]),
        lambda: state.get_accounts([address]),
        lambda: state.set_accounts([AccountUpdate(address, balance=1)]),
        lambda: list(state.storage(address)),
    ):
        with pytest.raises(error) as caught:
            call()
        assert text in str(caught.value)
        if error is not TypeError:
            assert isinstance(caught.value, WorldstateError)
            assert caught.value.code in (-1, -5)
    assert list(state.accounts()) == []


@pytest.mark.parametrize(
    ("word", "number"),
    [
        (0, 0),
        (MAX, MAX),
        ("0x0", 0),
        ("0xfF", 255),
        ("0x" + "f" * 64, MAX),
        ("f" * 64, MAX),
        ((5).to_bytes(32, "big"), 5),
        (HexBytes((5).to_bytes(32, "big")), 5),
        (bytearray(31) + b"\5", 5),
        (True, 1),
    ],
)
def test_words(state: StateManager, word: Any, number: int) -> None:
    state.set_storage(ADDRESS, word, 3)
    assert state.get_storage(ADDRESS, number) == 3
    state.set_storage(ADDRESS, 1234, word)
    assert state.get_storage(ADDRESS, 1234) == number
    assert state.get_storage_bytes(ADDRESS, 1234) == number.to_bytes(32, "big")
    state.set_balance(ADDRESS, word if not isinstance(word, str) or word.startswith("0x") else "0x" + word)
    assert state.get_balance(ADDRESS) == number


@pytest.mark.parametrize(
    ("word", "error", "text"),
    [
        (-1, InvalidInputError, "-1 is negative"),
        (2**256, InvalidInputError, "does not fit in 256 bits"),
        ("7", InvalidHexError, '"7" has neither a 0x prefix nor 64 digits'),
        ("0x", InvalidHexError, "has no digits"),
        ("0x" + "0" * 65, InvalidHexError, "has more than 64 digits"),
        ("0x_1", InvalidHexError, "is not hexadecimal"),
        (b"\5", InvalidInputError, "has 1 bytes instead of 32"),
        (bytes(33), InvalidInputError, "has 33 bytes instead of 32"),
        (1.0, TypeError, "has to be an int, 32 bytes or hexadecimal text, not float"),
        (None, TypeError, "not NoneType"),
    ],
)
def test_bad_words(state: StateManager, word: Any, error: type[Exception], text: str) -> None:
    for what, call in (
        ("slot", lambda: state.get_storage(ADDRESS, word)),
        ("slot", lambda: state.get_storage_bytes(ADDRESS, word)),
        ("slot", lambda: state.set_storage(ADDRESS, word, 1)),
        ("value", lambda: state.set_storage(ADDRESS, 1, word)),
        ("slot", lambda: state.get_storage_batch([(ADDRESS, word)])),
    ):
        with pytest.raises(error) as caught:
            call()
        assert text in str(caught.value)
        assert str(caught.value).startswith(what)


def test_quantities(state: StateManager) -> None:
    for text, number in (("0", 0), ("10", 10), (str(MAX), MAX), ("000" + str(MAX), MAX), ("0x10", 16)):
        state.set_balance(ADDRESS, text)
        assert state.get_balance(ADDRESS) == number
    for text in ("", "1f", "-1", " 1", "1_0", str(MAX + 1), "9" * 5000, "\u0664"):
        with pytest.raises(InvalidHexError, match="balance"):
            state.set_balance(ADDRESS, text)


def test_nonces(state: StateManager) -> None:
    for nonce in (0, 2**64 - 1, "0x7"):
        state.set_nonce(ADDRESS, nonce)
        assert state.get_nonce(ADDRESS) == int(str(nonce), 0)
    for bad, error in ((2**64, InvalidInputError), (-1, InvalidInputError), ("0x1" + "0" * 16, InvalidHexError)):
        with pytest.raises(error, match="nonce"):
            state.set_nonce(ADDRESS, bad)


def test_code(state: StateManager) -> None:
    for code in (b"\x60\0\0", bytearray(b"\x60\0\0"), HexBytes("0x600000"), "0x600000", "600000"):
        state.set_code(ADDRESS, code)
        assert state.get_code(ADDRESS) == b"\x60\0\0"
    large = bytes(range(256)) * 1000
    state.set_code(ADDRESS, large)
    assert state.get_code(ADDRESS) == large
    for nothing in (b"", "", "0x"):
        state.set_code(ADDRESS, nothing)
        assert state.get_code(ADDRESS) == b""
    with pytest.raises(InvalidHexError, match="odd number of digits"):
        state.set_code(ADDRESS, "0x123")


def test_existence(state: StateManager) -> None:
    assert state.get_account_status(ADDRESS) is AccountStatus.ABSENT
    state.set_balance(ADDRESS, 0)
    assert state.get_account_status(ADDRESS) is AccountStatus.EMPTY
    state.set_nonce(ADDRESS, 1)
    assert state.get_account_status(ADDRESS) is AccountStatus.PRESENT
    state.set_storage(ADDRESS, 1, 2)
    state.clear_storage(ADDRESS)
    assert list(state.storage(ADDRESS)) == []
    state.delete_account(ADDRESS)
    assert state.get_account_status(ADDRESS) is AccountStatus.ABSENT


def test_pages_are_hidden(state: StateManager) -> None:
    accounts = [f"0x{number:040x}" for number in range(1, 3001)]
    state.set_accounts([(address, number) for number, address in enumerate(accounts)])
    state.set_storage_batch([(ADDRESS, slot, slot + 1) for slot in range(2048)])
    assert list(state.accounts()) == [*accounts, ADDRESS]
    assert list(state.storage(ADDRESS)) == [(slot, slot + 1) for slot in range(2048)]


def test_batches(state: StateManager) -> None:
    slots = [number.to_bytes(32, "big") for number in range(1000)]
    values = [(number * number).to_bytes(32, "big") for number in range(1000)]
    state.set_storage_packed(RAW, b"".join(slots), b"".join(values))
    assert state.get_storage_packed(RAW, b"".join(slots)) == b"".join(values)
    assert state.get_storage_packed(RAW * 1000, bytearray(b"".join(slots))) == b"".join(values)
    assert state.get_storage_batch((ADDRESS, number) for number in range(1000)) == [n * n for n in range(1000)]
    assert state.get_storage_packed(RAW, b"") == b""
    assert state.get_storage_batch([]) == []
    assert state.get_accounts([]) == []
    for addresses, keys, text in (
        (RAW, bytes(31), "no multiple of 32"),
        (RAW[1:], bytes(32), "neither 20 nor"),
        (RAW * 2, bytes(96), "neither 20 nor"),
    ):
        with pytest.raises(InvalidInputError, match=text):
            state.get_storage_packed(addresses, keys)
    with pytest.raises(InvalidInputError, match="values have 31 bytes"):
        state.set_storage_packed(RAW, bytes(32), bytes(31))


def test_a_bad_row_writes_nothing(state: StateManager) -> None:
    with pytest.raises(InvalidHexError):
        state.set_storage_batch([(ADDRESS, 1, 1), (ADDRESS, 2, "x")])
    with pytest.raises(InvalidHexError):
        state.set_accounts([AccountUpdate(ADDRESS, balance=1), AccountUpdate(ADDRESS, code="x")])
    assert list(state.accounts()) == []


def _write_and_fail(state: StateManager) -> None:
    state.set_balance(ADDRESS, 2)
    raise ZeroDivisionError


def test_with_blocks(state: StateManager) -> None:
    with state.atomic():
        state.set_balance(ADDRESS, 1)
    assert (state.get_balance(ADDRESS), state.checkpoint_depth) == (1, 0)
    with pytest.raises(ZeroDivisionError), state.atomic():
        _write_and_fail(state)
    assert (state.get_balance(ADDRESS), state.checkpoint_depth) == (1, 0)
    with state.temporary() as snapshot:
        state.set_balance(ADDRESS, 3)
        state.checkpoint()
        assert state.changes(snapshot)["balances"] == [
            {"address": ADDRESS, "originalBalance": "0x1", "newBalance": "0x3"}
        ]
    assert (state.get_balance(ADDRESS), state.checkpoint_depth) == (1, 0)
    with pytest.raises(InvalidSnapshotError):
        state.revert_to_snapshot(snapshot)


def test_going_back(state: StateManager) -> None:
    for call in (state.revert, state.commit, state.changes):
        with pytest.raises(NoCheckpointError):
            call()
    with pytest.raises(InvalidSnapshotError, match="0"):
        state.changes(0)
    first, second = state.snapshot(), state.snapshot()
    assert (first, second) == (1, 2)
    state.revert_to_snapshot(first)
    with pytest.raises(InvalidSnapshotError):
        state.delete_snapshot(second)
    assert state.snapshot() == 3


def test_dumps(state: StateManager) -> None:
    state.load({ADDRESS: {"balance": 10**18, "nonce": 3, "code": b"\x60\0", "storage": {1: 2, "0x3": "0x4"}}})
    assert state.get_storage_batch([(ADDRESS, 1), (ADDRESS, 3)]) == [2, 4]
    for format in ("genesis", "anvil"):
        with StateManager() as other:
            assert other.load(state.dump_json(format)) == 1
            assert other.load(state.dump(format)) == 1
            assert other.get_state_root() == state.get_state_root()
    with pytest.raises(InvalidInputError, match="neither 'genesis' nor 'anvil'"):
        state.dump("geth")
    before = state.get_state_root()
    with pytest.raises(WorldstateError):
        state.load({"0x12": {}})
    assert state.get_state_root() == before
    state.reset()
    assert list(state.accounts()) == []


def test_space_is_no_digit(state: StateManager) -> None:
    """bytes.fromhex would take it."""
    for address in ("0x" + " " * 40, "0x" + "00 " * 13 + "0", "0x" + "00" * 19 + " 0"):
        with pytest.raises(InvalidHexError, match="is not hexadecimal"):
            state.get_balance(address)
    for slot in ("0x" + "00" * 31 + "  ", "0x" + "\t" * 64):
        with pytest.raises(InvalidHexError, match="slot"):
            state.get_storage(ADDRESS, slot)
