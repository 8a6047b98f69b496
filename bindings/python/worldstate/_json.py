"""Python values as the JSON of the execution-apis: numbers and bytes become 0x hex."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Union

from ._convert import to_hex, to_word

JsonLike = Union[str, bytes, Mapping[Any, Any]]


def _key(key: Any) -> str:
    if isinstance(key, (bytes, bytearray, memoryview)):
        return to_hex(bytes(key))
    return key if isinstance(key, str) else to_hex(to_word(key))


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        # A negative one stays as it is: the library says what is wrong with it.
        return value if value < 0 else hex(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return to_hex(bytes(value))
    if isinstance(value, Mapping):
        return {_key(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    raise TypeError(f"a {type(value).__name__} has no form in JSON here")


def to_json(value: JsonLike) -> bytes:
    """JSON text as it is; a mapping with its numbers and bytes as 0x hex, without what is None."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return json.dumps(_plain(value)).encode()
