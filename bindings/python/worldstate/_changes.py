"""What differs between two moments of a state, as the library's JSON has it."""

from __future__ import annotations

from typing import TypedDict


class StorageChange(TypedDict):
    address: str
    slot: str
    originalValue: str
    newValue: str


class BalanceChange(TypedDict):
    address: str
    originalBalance: str
    newBalance: str


class NonceChange(TypedDict):
    address: str
    originalNonce: str
    newNonce: str


class CodeChange(TypedDict):
    address: str
    code: str


class _Changes(TypedDict):
    storage: list[StorageChange]
    balances: list[BalanceChange]
    nonces: list[NonceChange]
    codes: list[CodeChange]
    selfDestructs: list[str]


class StateChanges(_Changes, total=False):
    """What differs, as parsed JSON: hex strings in lower case, quantities without leading zeros."""

    clearedStorage: list[str]
