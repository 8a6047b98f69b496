"""The state manager whose reads return values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from ctypes import byref, c_uint64
from typing import Any, Optional, TypeVar, cast

from ._changes import StateChanges
from ._convert import Address, BytesLike, Word, to_address, to_u64, to_word
from ._library import Word as WordBuffer
from ._reads import AccountInfo, AccountStatus, Read
from ._state_base import StateBase, dump_format, packed, packed_keys
from .fork import Fork, blocking
from .proof import AccountProof, packed_slots

T = TypeVar("T")

# Buffers of 32 bytes that no call is using. A call takes one and gives it back, so that neither another thread nor a
# finalizer or signal handler on this one can write into it meanwhile.
_free = [WordBuffer() for _ in range(4)]
_take = _free.pop
_give = _free.append
_to_int = int.from_bytes


class StateManager(StateBase):
    """Accounts, storage and code in memory, over nothing or over a fork.

    Addresses, words and data are taken as ``_convert`` says: bytes or hex text, words as int too. On a fork, what was not
    written here is read from the node when it is first needed, and RpcFailedError tells when that failed.
    """

    def __init__(self, fork: Optional[Fork] = None) -> None:
        self._fork = blocking(fork)
        super().__init__(fork)
        self._fast_storage = self._native.unchecked("state_manager_get_storage_bytes")
        self._fast_balance = self._native.unchecked("state_manager_get_balance_bytes")

    @property
    def fork(self) -> Optional[Fork]:
        return self._fork

    def get_storage(self, address: Address, slot: Word) -> int:
        """Value of a storage slot. Zero where nothing was ever written."""
        if type(address) is not bytes or len(address) != 20:
            address = to_address(address)
        if type(slot) is int:
            try:
                slot = slot.to_bytes(32, "big")
            except OverflowError:
                slot = to_word(slot, "slot")
        elif type(slot) is not bytes or len(slot) != 32:
            slot = to_word(slot, "slot")
        try:
            out = _take()
        except IndexError:
            out = WordBuffer()
        status = self._fast_storage(self._handle, address, slot, out)
        if status:
            return self._settle(self._reads.storage(address, slot), status)
        value = out.raw
        _give(out)
        return _to_int(value, "big")

    def get_storage_bytes(self, address: Address, slot: Word) -> bytes:
        """Value of a storage slot: 32 big-endian bytes."""
        if type(address) is not bytes or len(address) != 20:
            address = to_address(address)
        if type(slot) is int:
            try:
                slot = slot.to_bytes(32, "big")
            except OverflowError:
                slot = to_word(slot, "slot")
        elif type(slot) is not bytes or len(slot) != 32:
            slot = to_word(slot, "slot")
        try:
            out = _take()
        except IndexError:
            out = WordBuffer()
        status = self._fast_storage(self._handle, address, slot, out)
        if status:
            return self._settle(self._reads.storage_bytes(address, slot), status)
        value = out.raw
        _give(out)
        return value

    def get_balance(self, address: Address) -> int:
        """Balance in wei. Zero for an absent account."""
        if type(address) is not bytes or len(address) != 20:
            address = to_address(address)
        try:
            out = _take()
        except IndexError:
            out = WordBuffer()
        status = self._fast_balance(self._handle, address, out)
        if status:
            return self._settle(self._reads.balance(address), status)
        value = out.raw
        _give(out)
        return _to_int(value, "big")

    def get_nonce(self, address: Address) -> int:
        """Nonce. Zero for an absent account."""
        account, out = to_address(address), c_uint64()
        status = self._native.state_manager_get_nonce_bytes(self._handle, account, byref(out))
        return self._settle(self._reads.nonce(account), status) if status else out.value

    def get_code(self, address: Address) -> bytes:
        """Code. Empty for an absent account and for one without code."""
        return self._get(self._reads.code(to_address(address)))

    def get_code_hash(self, address: Address) -> bytes:
        """keccak-256 of the code: that of no bytes for an account without code, zeros for an absent one."""
        return self._get(self._reads.code_hash(to_address(address)))

    def get_account_status(self, address: Address) -> AccountStatus:
        """Whether the account is absent, empty or present."""
        return self._get(self._reads.account_status(to_address(address)))

    def get_storage_root(self, address: Address) -> bytes:
        """Root of the account's storage trie. On a fork, what was written here is applied to the chain's, over proofs."""
        return self._get(self._reads.storage_root(to_address(address)))

    def get_state_root(self) -> bytes:
        """Root of the state trie. On a fork, what was written here is applied to the chain's trie, over the proofs that it
        takes; InvalidStateError where the node gives none, or they do not suffice."""
        return self._get(self._reads.state_root())

    def get_proof(self, address: Address, slots: Iterable[Word] = ()) -> AccountProof:
        """The account, and slots of it, with their proofs under ``get_state_root``, as eth_getProof answers. What does not
        exist has a proof of that. On a fork, the proofs that are missing are fetched in one go; without fork, a call costs
        a pass over all accounts."""
        text = self._get(self._reads.proof(to_address(address), packed_slots(slots)))
        return cast(AccountProof, json.loads(text))

    def get_block_hash(self, number: int) -> bytes:
        """Hash of the fork's ancestor block, or of its block itself."""
        return self._get(self._reads.block_hash(to_u64(number, "block number")))

    def get_storage_batch(self, keys: Iterable[tuple[Address, Word]]) -> list[int]:
        """Values of many slots, (address, slot) each; on a fork, fetched together."""
        return self._get(self._reads.storage_batch(*packed_keys(keys)))

    def get_storage_packed(self, addresses: BytesLike, slots: BytesLike) -> bytes:
        """Values of many slots as 32 bytes each, one after another, as the keys are: 32 bytes for each slot, and 20 for
        each address or for one that has them all. The fastest way to read."""
        return self._get(self._reads.storage_packed(*packed(addresses, slots)))

    def get_accounts(self, addresses: Iterable[Address]) -> list[AccountInfo]:
        """Balance, nonce, code hash and status of many accounts; on a fork, fetched together."""
        return self._get(self._reads.accounts([to_address(address) for address in addresses]))

    def changes(self, since: Optional[int] = None) -> StateChanges:
        """What differs between a snapshot (or the opening of the innermost checkpoint) and now."""
        return cast(StateChanges, json.loads(self.changes_json(since)))

    def changes_json(self, since: Optional[int] = None) -> str:
        """``changes`` as JSON text."""
        return self._get(self._reads.changes(since))

    def dump(self, format: str = "genesis") -> dict[str, Any]:
        """Every account that was written here and exists: "genesis" (geth's alloc) or "anvil" (its state file)."""
        return cast("dict[str, Any]", json.loads(self.dump_json(format)))

    def dump_json(self, format: str = "genesis") -> str:
        """``dump`` as JSON text."""
        return self._get(self._reads.dump(dump_format(format)))

    def _get(self, read: Read[T]) -> T:
        status = read.attempt()
        return self._settle(read, status) if status else read.value()

    def _settle(self, read: Read[T], status: int) -> T:
        if self._fork is None:
            raise self._failure(status)
        return self._fork._settle(read, status, self._failure)
