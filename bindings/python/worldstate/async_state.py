"""The state manager for asyncio: reads are awaited, writes are not, since they never ask a node."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Optional, TypeVar, cast

from ._changes import StateChanges
from ._convert import Address, BytesLike, Word, to_address, to_u64, to_word
from ._reads import AccountInfo, AccountStatus, Read
from ._state_base import StateBase, dump_format, packed, packed_keys
from .async_fork import AsyncFork
from .proof import AccountProof, packed_slots

T = TypeVar("T")


class AsyncStateManager(StateBase):
    """A StateManager whose reads never block: what an AsyncFork has to fetch is awaited. Reads that run at the same time
    share the bodies that they need."""

    def __init__(self, fork: Optional[AsyncFork] = None) -> None:
        if fork is not None and not isinstance(fork, AsyncFork):
            raise TypeError(f"an AsyncStateManager stands on an AsyncFork, not on {type(fork).__name__}")
        self._fork = fork
        super().__init__(fork)

    @property
    def fork(self) -> Optional[AsyncFork]:
        return self._fork

    async def get_storage(self, address: Address, slot: Word) -> int:
        """Value of a storage slot. Zero where nothing was ever written."""
        return await self._get(self._reads.storage(to_address(address), to_word(slot, "slot")))

    async def get_storage_bytes(self, address: Address, slot: Word) -> bytes:
        """Value of a storage slot: 32 big-endian bytes."""
        return await self._get(self._reads.storage_bytes(to_address(address), to_word(slot, "slot")))

    async def get_balance(self, address: Address) -> int:
        """Balance in wei. Zero for an absent account."""
        return await self._get(self._reads.balance(to_address(address)))

    async def get_nonce(self, address: Address) -> int:
        """Nonce. Zero for an absent account."""
        return await self._get(self._reads.nonce(to_address(address)))

    async def get_code(self, address: Address) -> bytes:
        """Code. Empty for an absent account and for one without code."""
        return await self._get(self._reads.code(to_address(address)))

    async def get_code_hash(self, address: Address) -> bytes:
        """keccak-256 of the code: that of no bytes for an account without code, zeros for an absent one."""
        return await self._get(self._reads.code_hash(to_address(address)))

    async def get_account_status(self, address: Address) -> AccountStatus:
        """Whether the account is absent, empty or present."""
        return await self._get(self._reads.account_status(to_address(address)))

    async def get_storage_root(self, address: Address) -> bytes:
        """Root of the account's storage trie. On a fork, what was written here is applied to the chain's, over proofs."""
        return await self._get(self._reads.storage_root(to_address(address)))

    async def get_state_root(self) -> bytes:
        """Root of the state trie. On a fork, what was written here is applied to the chain's trie, over the proofs that it
        takes; InvalidStateError where the node gives none, or they do not suffice."""
        return await self._get(self._reads.state_root())

    async def get_proof(self, address: Address, slots: Iterable[Word] = ()) -> AccountProof:
        """The account, and slots of it, with their proofs under ``get_state_root``, as eth_getProof answers. What does not
        exist has a proof of that. On a fork, the proofs that are missing are fetched in one go; without fork, a call costs
        a pass over all accounts."""
        text = await self._get(self._reads.proof(to_address(address), packed_slots(slots)))
        return cast(AccountProof, json.loads(text))

    async def get_block_hash(self, number: int) -> bytes:
        """Hash of the fork's ancestor block, or of its block itself."""
        return await self._get(self._reads.block_hash(to_u64(number, "block number")))

    async def get_storage_batch(self, keys: Iterable[tuple[Address, Word]]) -> list[int]:
        """Values of many slots, (address, slot) each; on a fork, fetched together."""
        return await self._get(self._reads.storage_batch(*packed_keys(keys)))

    async def get_storage_packed(self, addresses: BytesLike, slots: BytesLike) -> bytes:
        """Values of many slots as 32 bytes each, one after another, as the keys are: 32 bytes for each slot, and 20 for
        each address or for one that has them all."""
        return await self._get(self._reads.storage_packed(*packed(addresses, slots)))

    async def get_accounts(self, addresses: Iterable[Address]) -> list[AccountInfo]:
        """Balance, nonce, code hash and status of many accounts; on a fork, fetched together."""
        return await self._get(self._reads.accounts([to_address(address) for address in addresses]))

    async def changes(self, since: Optional[int] = None) -> StateChanges:
        """What differs between a snapshot (or the opening of the innermost checkpoint) and now."""
        return cast(StateChanges, json.loads(await self.changes_json(since)))

    async def changes_json(self, since: Optional[int] = None) -> str:
        """``changes`` as JSON text."""
        return await self._get(self._reads.changes(since))

    async def dump(self, format: str = "genesis") -> dict[str, Any]:
        """Every account that was written here and exists: "genesis" (geth's alloc) or "anvil" (its state file)."""
        return cast("dict[str, Any]", json.loads(await self.dump_json(format)))

    async def dump_json(self, format: str = "genesis") -> str:
        """``dump`` as JSON text."""
        return await self._get(self._reads.dump(dump_format(format)))

    async def _get(self, read: Read[T]) -> T:
        if self._fork is not None:
            return await self._fork._settle(read, self._failure)
        self._check(read.attempt())
        return read.value()
