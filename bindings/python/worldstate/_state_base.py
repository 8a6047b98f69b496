"""What the blocking and the asyncio state manager share: everything that never waits for a node."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from ctypes import byref, c_size_t, c_uint64, create_string_buffer
from typing import Any, NamedTuple, Optional, Union

from . import _library
from ._convert import (
    Address,
    BytesLike,
    Data,
    Word,
    to_address,
    to_data,
    to_hex,
    to_quantity,
    to_u64,
    to_word,
)
from ._fork_base import ForkBase
from ._handle import Owner
from ._json import JsonLike, to_json
from ._reads import Reads
from .errors import InvalidInputError

_PAGE = 1024

DUMP_FORMATS = {"genesis": 0, "anvil": 1}


class AccountUpdate(NamedTuple):
    """What ``set_accounts`` writes to one account; None leaves a field as it is."""

    address: Address
    balance: Optional[Word] = None
    nonce: Optional[Union[int, str]] = None
    code: Optional[Data] = None


def packed_keys(keys: Iterable[tuple[Address, Word]]) -> tuple[bytes, bytes]:
    """Addresses and slots one after another."""
    pairs = list(keys)
    addresses: list[Any] = [address for address, _ in pairs]
    slots: list[Any] = [slot for _, slot in pairs]
    if not _all_bytes(addresses, 20):
        addresses = [to_address(address) for address in addresses]
    if not _all_bytes(slots, 32):
        slots = [to_word(slot, "slot") for slot in slots]
    return b"".join(addresses), b"".join(slots)


def _all_bytes(values: list[Any], length: int) -> bool:
    return set(map(type, values)) == {bytes} and set(map(len, values)) == {length}


def packed(addresses: BytesLike, slots: BytesLike) -> tuple[bytes, bytes]:
    """Checks lengths, and repeats a single address for all slots."""
    all_slots, all_addresses = bytes(slots), bytes(addresses)
    count, rest = divmod(len(all_slots), 32)
    if rest:
        raise InvalidInputError(f"slots have {len(all_slots)} bytes, which is no multiple of 32")
    if len(all_addresses) == 20:
        return all_addresses * count, all_slots
    if len(all_addresses) != 20 * count:
        raise InvalidInputError(
            f"addresses have {len(all_addresses)} bytes, neither 20 nor 20 for each of {count} slots"
        )
    return all_addresses, all_slots


def dump_format(name: str) -> int:
    if name not in DUMP_FORMATS:
        raise InvalidInputError(f"dump format {name!r} is neither 'genesis' nor 'anvil'")
    return DUMP_FORMATS[name]


class StateBase(Owner):
    """A journaled state. May be used from several threads: each call is atomic, and they take turns."""

    _noun = "state manager"

    def __init__(self, fork: Optional[ForkBase] = None) -> None:
        library = _library.native()
        if fork is None:
            handle = library.state_manager_create()
        else:
            if fork.closed:
                raise fork._failure(0)
            handle = library.state_manager_create_with_fork(fork._handle)
        super().__init__(handle, library.state_manager_destroy)
        self._reads = Reads(library, self._handle)
        self._fast_set_storage = library.unchecked("state_manager_set_storage_bytes")

    # Writes never ask a node, on a fork either.

    def set_balance(self, address: Address, balance: Word) -> None:
        """Sets the balance, in wei: an int, 32 bytes, or 0x hex or decimal text."""
        self._check(
            self._native.state_manager_set_balance_bytes(
                self._handle, to_address(address), to_quantity(balance, "balance")
            )
        )

    def set_nonce(self, address: Address, nonce: Union[int, str]) -> None:
        self._check(
            self._native.state_manager_set_nonce_bytes(self._handle, to_address(address), to_u64(nonce, "nonce"))
        )

    def set_storage(self, address: Address, slot: Word, value: Word) -> None:
        if type(address) is not bytes or len(address) != 20:
            address = to_address(address)
        if type(slot) is not bytes or len(slot) != 32:
            slot = to_word(slot, "slot")
        if type(value) is not bytes or len(value) != 32:
            value = to_word(value, "value")
        status = self._fast_set_storage(self._handle, address, slot, value)
        if status:
            raise self._failure(status)

    def set_code(self, address: Address, code: Data) -> None:
        """Sets the code; empty makes the account one without code."""
        raw = to_data(code, "code")
        self._check(self._native.state_manager_set_code_bytes(self._handle, to_address(address), raw, len(raw)))

    def delete_account(self, address: Address) -> None:
        """Makes the account absent, with its storage. On a fork the chain's account stays hidden."""
        self._check(self._native.state_manager_delete_account_bytes(self._handle, to_address(address)))

    def clear_storage(self, address: Address) -> None:
        """Sets every slot to zero, on a fork the chain's too. Does not make the account exist."""
        self._check(self._native.state_manager_clear_storage_bytes(self._handle, to_address(address)))

    def set_storage_batch(self, entries: Iterable[tuple[Address, Word, Word]]) -> None:
        """Sets many slots in order: (address, slot, value) each. All are read before the first is written."""
        rows = list(entries)
        addresses, slots = packed_keys((address, slot) for address, slot, _ in rows)
        values = b"".join([to_word(value, "value") for _, _, value in rows])
        self._check(self._native.state_manager_set_storage_batch(self._handle, addresses, slots, values, len(rows)))

    def set_storage_packed(self, addresses: BytesLike, slots: BytesLike, values: BytesLike) -> None:
        """Sets many slots whose keys and values stand one after another: 20 bytes for each address, or one for all,
        32 for each slot and value."""
        all_addresses, all_slots = packed(addresses, slots)
        if len(values) != len(all_slots):
            raise InvalidInputError(f"values have {len(values)} bytes, slots {len(all_slots)}")
        self._check(
            self._native.state_manager_set_storage_batch(
                self._handle, all_addresses, all_slots, bytes(values), len(all_slots) // 32
            )
        )

    def set_accounts(self, accounts: Iterable[Union[AccountUpdate, tuple[Any, ...]]]) -> None:
        """Writes balances, nonces and codes of many accounts: AccountUpdate or (address, balance, nonce, code) each. All
        are read before the first is written."""
        rows = [AccountUpdate(*row) for row in accounts]
        balances = [(to_address(r.address), to_quantity(r.balance, "balance")) for r in rows if r.balance is not None]
        nonces = [(to_address(r.address), to_u64(r.nonce, "nonce")) for r in rows if r.nonce is not None]
        codes = [(to_address(r.address), to_data(r.code, "code")) for r in rows if r.code is not None]
        write = self._native.state_manager_set_account_batch
        if balances:
            joined = b"".join(address for address, _ in balances)
            self._check(write(self._handle, joined, b"".join(b for _, b in balances), None, len(balances)))
        if nonces:
            joined = b"".join(address for address, _ in nonces)
            numbers = (c_uint64 * len(nonces))(*(nonce for _, nonce in nonces))
            self._check(write(self._handle, joined, None, numbers, len(nonces)))
        for address, code in codes:
            self._check(self._native.state_manager_set_code_bytes(self._handle, address, code, len(code)))

    # Going back.

    def checkpoint(self) -> None:
        """Opens a checkpoint inside those that are open."""
        self._check(self._native.state_manager_checkpoint(self._handle))

    def revert(self) -> None:
        """Undoes everything since the innermost checkpoint and closes it. NoCheckpointError when none is open."""
        self._check(self._native.state_manager_revert(self._handle))

    def commit(self) -> None:
        """Closes the innermost checkpoint and keeps what was written since. NoCheckpointError when none is open."""
        self._check(self._native.state_manager_commit(self._handle))

    @property
    def checkpoint_depth(self) -> int:
        """Number of open checkpoints."""
        depth = c_size_t()
        self._check(self._native.state_manager_checkpoint_depth(self._handle, byref(depth)))
        return depth.value

    def snapshot(self) -> int:
        """Takes a snapshot. Ids count from 1 and are never reused."""
        taken = c_uint64()
        self._check(self._native.state_manager_snapshot(self._handle, byref(taken)))
        return taken.value

    def revert_to_snapshot(self, snapshot: int) -> None:
        """Undoes everything since the snapshot, which dies together with every newer one and with the checkpoints
        opened since. InvalidSnapshotError for one that was never taken, or is dead."""
        self._check(self._native.state_manager_revert_to_snapshot(self._handle, to_u64(snapshot, "snapshot")))

    def delete_snapshot(self, snapshot: int) -> None:
        """Forgets a snapshot and keeps what was written since."""
        self._check(self._native.state_manager_delete_snapshot(self._handle, to_u64(snapshot, "snapshot")))

    @contextlib.contextmanager
    def atomic(self) -> Iterator[None]:
        """A checkpoint around a ``with`` block: kept at its end, taken back when it raises."""
        self.checkpoint()
        try:
            yield
        except BaseException:
            self.revert()
            raise
        self.commit()

    @contextlib.contextmanager
    def temporary(self) -> Iterator[int]:
        """A snapshot around a ``with`` block, to which the state goes back however the block ends."""
        taken = self.snapshot()
        try:
            yield taken
        finally:
            self.revert_to_snapshot(taken)

    # The state as a whole.

    def accounts(self) -> Iterator[str]:
        """Addresses of the accounts that were written here and exist, in ascending order."""
        after: Optional[bytes] = None
        out, count = create_string_buffer(20 * _PAGE), c_size_t()
        while True:
            self._check(self._native.state_manager_list_accounts(self._handle, after, out, _PAGE, byref(count)))
            raw = out.raw
            page = [raw[at : at + 20] for at in range(0, 20 * count.value, 20)]
            yield from map(to_hex, page)
            if len(page) < _PAGE:
                return
            after = page[-1]

    def storage(self, address: Address) -> Iterator[tuple[int, int]]:
        """Slots of the account that were written here and are not zero, with their values, in ascending order."""
        account, after = to_address(address), None
        slots, values, count = create_string_buffer(32 * _PAGE), create_string_buffer(32 * _PAGE), c_size_t()
        while True:
            self._check(
                self._native.state_manager_list_storage(
                    self._handle, account, after, slots, values, _PAGE, byref(count)
                )
            )
            keys, page = slots.raw, values.raw
            for at in range(0, 32 * count.value, 32):
                yield int.from_bytes(keys[at : at + 32], "big"), int.from_bytes(page[at : at + 32], "big")
            if count.value < _PAGE:
                return
            after = keys[-32:]

    def load(self, dump: JsonLike) -> int:
        """Loads accounts from a dump and gives their number: a mapping or JSON text, of geth's genesis alloc (bare or in
        its genesis file), of ``anvil --dump-state``, or of ``anvil_dumpState``. Each account replaces what is at its
        address. All or nothing."""
        raw, count = to_json(dump), c_size_t()
        self._check(self._native.state_manager_load(self._handle, raw, len(raw), byref(count)))
        return count.value

    def reset(self) -> None:
        """Forgets all local writes, checkpoints and snapshots; a fork below stays."""
        self._check(self._native.state_manager_reset(self._handle))

    def clear_caches(self) -> None:
        """Forgets what can be made or fetched again; never a local write."""
        self._check(self._native.state_manager_clear_caches(self._handle))

    def clear_fork_cache(self) -> None:
        """Forgets what the fork below has fetched, for all state managers on it."""
        self._check(self._native.state_manager_clear_fork_cache(self._handle))
