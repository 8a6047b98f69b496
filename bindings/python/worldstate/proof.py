"""Proofs of accounts and slots, and checks of what a node said, without fork and without network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional, TypedDict

from . import _library
from ._convert import Address, Data, Word, to_address, to_hash, to_word
from ._json import JsonLike, to_json
from ._library import Word as WordBuffer
from .errors import InvalidInputError


class SlotProof(TypedDict):
    """One slot: key of 32 bytes and value as 0x hex, and the trie nodes from the storage root down to it."""

    key: str
    value: str
    proof: list[str]


class AccountProof(TypedDict):
    """An account with slots of it and their proofs under a state root, as eth_getProof answers (EIP-1186)."""

    address: str
    balance: str
    nonce: str
    codeHash: str
    storageHash: str
    accountProof: list[str]
    storageProof: list[SlotProof]


def packed_slots(slots: Iterable[Word]) -> bytes:
    """Slots of 32 bytes, one behind the other."""
    return b"".join([to_word(slot, "slot") for slot in slots])


def verify_proof(
    state_root: Data, proof: JsonLike, *, address: Optional[Address] = None, slots: Iterable[Word] = ()
) -> None:
    """Checks an answer of eth_getProof, also within its JSON-RPC response, against a state root: the account, and the
    value of each slot that it proves, whether they are there or not. ProofInvalidError says what does not match.

    ``proof`` is what ``get_proof`` or a node gives, as a mapping or JSON text. It has to be about ``address`` and
    ``slots``; without them it may be about any account: then look that it is the one that was meant.
    """
    native, keys = _library.native(), packed_slots(slots)
    if address is None and keys:
        raise InvalidInputError("slots without the address that they are of")
    account = None if address is None else to_address(address)
    status = native.worldstate_verify_proof(
        to_hash(state_root, "state root"), account, keys, len(keys) // 32, _text(proof)
    )
    if status:
        raise native.failure(None, status)


def verify_header(block_hash: Data, header: JsonLike) -> bytes:
    """Checks that a block, or its header, has this hash, which is computed from its fields, and gives its state root.
    ProofInvalidError when the hash is another, or a field is missing."""
    native, out = _library.native(), WordBuffer()
    status = native.worldstate_verify_header(to_hash(block_hash, "block hash"), _text(header), out)
    if status:
        raise native.failure(None, status)
    return out.raw


def _text(json: JsonLike) -> bytes:
    raw = to_json(json)
    if b"\0" in raw:
        raise InvalidInputError("a JSON text with a NUL in it")
    return raw
