"""The structs of the C header, field for field."""

from __future__ import annotations

from ctypes import (
    Structure,
    c_char_p,
    c_int,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)
from typing import TypeVar

SizedT = TypeVar("SizedT", bound=Structure)


class ForkRpcVtable(Structure):
    """Pointers only: this package has no callback called from native code."""

    _fields_ = [("size", c_size_t), ("request", c_void_p), ("send", c_void_p)]


class ForkBackendOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("url", c_char_p),
        ("headers", c_char_p),
        ("ca_file", c_char_p),
        ("rpc_client", c_void_p),
        ("rpc_vtable", c_void_p),
        ("block", c_char_p),
        ("account_source", c_int),
        ("max_attempts", c_uint32),
        ("max_cache_size", c_size_t),
        ("max_code_bytes", c_size_t),
        ("request_timeout_ms", c_uint32),
        ("total_timeout_ms", c_uint32),
        ("backoff_initial_ms", c_uint32),
        ("backoff_max_ms", c_uint32),
        ("max_batch", c_size_t),
        ("max_slots_per_request", c_size_t),
        ("max_response_bytes", c_size_t),
        ("max_concurrent", c_size_t),
        ("requests_per_second", c_uint32),
        ("compute_units_per_second", c_uint32),
        ("trusted", c_char_p),
        ("verify", c_int),
        ("offline", c_int),
        ("max_proof_bytes", c_size_t),
        ("chain_id", c_uint64),
        ("network", c_char_p),
        ("cache_dir", c_char_p),
        ("cache_max_bytes", c_uint64),
        ("safe_depth", c_uint64),
        ("recording", c_char_p),
        ("reorg_check_ms", c_uint32),
        ("remember_touched", c_int),
        ("log", c_void_p),
        ("log_context", c_void_p),
        ("log_level", c_int),
        ("reserved", c_int),
    ]


class ForkBackendStats(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("hits", c_uint64),
        ("misses", c_uint64),
        ("deduplicated", c_uint64),
        ("requests", c_uint64),
        ("bodies", c_uint64),
        ("bytes_sent", c_uint64),
        ("bytes_received", c_uint64),
        ("retries", c_uint64),
        ("failures", c_uint64),
        ("batch_splits", c_uint64),
        ("evictions", c_uint64),
        ("accounts", c_uint64),
        ("slots", c_uint64),
        ("codes", c_uint64),
        ("code_bytes", c_uint64),
        ("pending", c_uint64),
        ("verified", c_uint64),
        ("verify_failures", c_uint64),
        ("proof_nodes", c_uint64),
        ("proof_bytes", c_uint64),
        ("stored_hits", c_uint64),
        ("stored_writes", c_uint64),
        ("stored_dropped", c_uint64),
        ("throttled", c_uint64),
        ("reorgs", c_uint64),
    ]


class ForkBackendMethodStats(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("requests", c_uint64),
        ("failures", c_uint64),
        ("bytes_sent", c_uint64),
        ("bytes_received", c_uint64),
        ("count", c_uint64),
        ("p50_us", c_uint64),
        ("p90_us", c_uint64),
        ("p99_us", c_uint64),
        ("max_us", c_uint64),
    ]


class EvmOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("hardfork", c_char_p),
        ("chain_id", c_uint64),
        ("flags", c_uint32),
        ("run_ahead", c_int),
        ("cache_size", c_size_t),
        ("gas_cap", c_uint64),
        ("precompiles", c_char_p),
        ("precompile_count", c_size_t),
    ]


class EvmStats(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("needed", c_uint64),
        ("rounds", c_uint64),
        ("useless", c_uint64),
        ("run_ahead_nanos", c_uint64),
        ("cache_hits", c_uint64),
        ("cache_misses", c_uint64),
        ("cached_slots", c_uint64),
        ("cache_evictions", c_uint64),
    ]


class EvmMessage(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("caller", c_char_p),
        ("origin", c_char_p),
        ("to", c_char_p),
        ("code", c_char_p),
        ("code_len", c_size_t),
        ("value", c_char_p),
        ("input", c_char_p),
        ("input_len", c_size_t),
        ("gas", c_uint64),
        ("gas_price", c_uint64),
        ("is_static", c_uint32),
        ("reserved", c_uint32),
    ]


class AsyncRequest(Structure):
    _fields_ = [("output_type", c_uint8), ("address", c_uint8 * 20), ("slot", c_uint8 * 32)]


class EvmResult(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("status", c_uint32),
        ("log_count", c_uint32),
        ("gas_used", c_uint64),
        ("gas_remaining", c_uint64),
        ("gas_refunded", c_uint64),
        ("output_len", c_size_t),
        ("created", c_uint8 * 20),
        ("has_created", c_uint32),
    ]


class EvmPrecompileCall(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("gas", c_uint64),
        ("input_len", c_size_t),
        ("value", c_uint8 * 32),
        ("address", c_uint8 * 20),
        ("caller", c_uint8 * 20),
        ("is_static", c_uint32),
        ("reserved", c_uint32),
    ]


# What a C compiler makes of the header where a pointer has 64 bits.
SIZES: dict[type[Structure], int] = {
    ForkRpcVtable: 24,
    ForkBackendOptions: 240,
    ForkBackendStats: 208,
    ForkBackendMethodStats: 80,
    EvmOptions: 64,
    EvmStats: 72,
    EvmMessage: 96,
    AsyncRequest: 53,
    EvmResult: 72,
    EvmPrecompileCall: 104,
}


def check_layout() -> None:
    """Raises ImportError where this interpreter lays the structs out otherwise than the library."""
    if sizeof(c_void_p) != 8:
        raise ImportError("worldstate needs a 64-bit interpreter")
    for struct, size in SIZES.items():
        if sizeof(struct) != size:
            raise ImportError(f"worldstate: {struct.__name__} takes {sizeof(struct)} bytes here, {size} in the library")


def sized(struct: type[SizedT]) -> SizedT:
    """A struct at its defaults: its size first, the rest zero."""
    return struct(sizeof(struct))
