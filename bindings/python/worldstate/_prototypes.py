"""Every function of the C header that this package calls: what it returns and takes."""

from __future__ import annotations

from ctypes import c_char_p, c_int, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Any

_HANDLE = c_void_p
_BYTES = c_char_p  # 20 bytes of an address, 32 of a word, or any with a length beside it
_TEXT = c_char_p  # NUL-terminated
_OUT = c_void_p  # what ctypes makes a pointer of: an array, a struct, or byref() of a number
_READ_TEXT = [_HANDLE, _OUT, c_size_t, _OUT]

_CREATE: dict[str, list[Any]] = {
    "state_manager_create": [],
    "state_manager_create_with_fork": [_HANDLE],
    "evm_create": [_HANDLE, _OUT],
}

_DESTROY: dict[str, list[Any]] = {
    "state_manager_destroy": [_HANDLE],
    "fork_backend_destroy": [_HANDLE],
    "evm_destroy": [_HANDLE],
}

_STATUS: dict[str, list[Any]] = {
    "worldstate_last_error": _READ_TEXT,
    "worldstate_verify_proof": [_BYTES, _BYTES, _BYTES, c_size_t, _TEXT],
    "worldstate_verify_header": [_BYTES, _TEXT, _OUT],
    # State manager
    "state_manager_get_balance_bytes": [_HANDLE, _BYTES, _OUT],
    "state_manager_set_balance_bytes": [_HANDLE, _BYTES, _BYTES],
    "state_manager_get_nonce_bytes": [_HANDLE, _BYTES, _OUT],
    "state_manager_set_nonce_bytes": [_HANDLE, _BYTES, c_uint64],
    "state_manager_get_storage_bytes": [_HANDLE, _BYTES, _BYTES, _OUT],
    "state_manager_set_storage_bytes": [_HANDLE, _BYTES, _BYTES, _BYTES],
    "state_manager_get_code_len_bytes": [_HANDLE, _BYTES, _OUT],
    "state_manager_get_code_bytes": [_HANDLE, _BYTES, _OUT, c_size_t],
    "state_manager_set_code_bytes": [_HANDLE, _BYTES, _BYTES, c_size_t],
    "state_manager_get_code_hash_bytes": [_HANDLE, _BYTES, _OUT],
    "state_manager_get_account_status_bytes": [_HANDLE, _BYTES, _OUT],
    "state_manager_delete_account_bytes": [_HANDLE, _BYTES],
    "state_manager_clear_storage_bytes": [_HANDLE, _BYTES],
    "state_manager_get_storage_root_bytes": [_HANDLE, _BYTES, _OUT],
    "state_manager_get_state_root_bytes": [_HANDLE, _OUT],
    "state_manager_get_block_hash_bytes": [_HANDLE, c_uint64, _OUT],
    "state_manager_get_storage_batch": [_HANDLE, _OUT, _OUT, c_size_t, _OUT],
    "state_manager_set_storage_batch": [_HANDLE, _OUT, _OUT, _OUT, c_size_t],
    "state_manager_get_account_batch": [_HANDLE, _BYTES, c_size_t, _OUT, _OUT, _OUT, _OUT],
    "state_manager_set_account_batch": [_HANDLE, _BYTES, _BYTES, _OUT, c_size_t],
    "state_manager_checkpoint": [_HANDLE],
    "state_manager_revert": [_HANDLE],
    "state_manager_commit": [_HANDLE],
    "state_manager_checkpoint_depth": [_HANDLE, _OUT],
    "state_manager_snapshot": [_HANDLE, _OUT],
    "state_manager_revert_to_snapshot": [_HANDLE, c_uint64],
    "state_manager_delete_snapshot": [_HANDLE, c_uint64],
    "state_manager_get_changes": [_HANDLE, c_uint64, _OUT, c_size_t, _OUT],
    "state_manager_list_accounts": [_HANDLE, _BYTES, _OUT, c_size_t, _OUT],
    "state_manager_list_storage": [_HANDLE, _BYTES, _BYTES, _OUT, _OUT, c_size_t, _OUT],
    "state_manager_dump": [_HANDLE, c_int, _OUT, c_size_t, _OUT],
    "state_manager_load": [_HANDLE, _BYTES, c_size_t, _OUT],
    "state_manager_reset": [_HANDLE],
    "state_manager_clear_caches": [_HANDLE],
    "state_manager_clear_fork_cache": [_HANDLE],
    "state_manager_get_proof": [_HANDLE, _BYTES, _BYTES, c_size_t, _OUT, c_size_t, _OUT],
    # Fork backend
    "fork_backend_open": [_OUT, _OUT],
    "fork_backend_clear_cache": [_HANDLE],
    "fork_backend_get_block": [_HANDLE, _OUT, _OUT, _OUT],
    "fork_backend_prefetch": [_HANDLE, _BYTES, _OUT, c_size_t, _BYTES, c_uint32],
    "fork_backend_prefetch_access_list": [_HANDLE, _TEXT, c_uint32],
    "fork_backend_prefetch_range": [_HANDLE, _BYTES, _BYTES, c_size_t],
    "fork_backend_flush": [_HANDLE],
    "fork_backend_export": [_HANDLE, _TEXT],
    "fork_backend_import": [_HANDLE, _TEXT],
    "fork_backend_stats": [_HANDLE, _OUT],
    "fork_backend_method_stats": [_HANDLE, _TEXT, _OUT],
    "fork_backend_metrics_json": _READ_TEXT,
    "fork_backend_next_batch": [_HANDLE, c_size_t, _OUT, _OUT, c_size_t, _OUT, _OUT],
    "fork_backend_continue_batch": [_HANDLE, c_uint64, _BYTES, c_size_t],
    "fork_backend_fail_batch": [_HANDLE, c_uint64, c_int64, _TEXT],
    "fork_backend_next_request": [_HANDLE, _OUT, _OUT, c_size_t, _OUT, _OUT, c_size_t, _OUT],
    "fork_backend_continue": [_HANDLE, c_uint64, _BYTES, c_size_t],
    "fork_backend_fail": [_HANDLE, c_uint64, c_int64, _TEXT],
    # Evm
    "evm_stats": [_HANDLE, _OUT],
    "evm_set_block": [_HANDLE, _TEXT],
    "evm_set_block_hash": [_HANDLE, c_uint64, _BYTES],
    "evm_set_block_overrides": [_HANDLE, _TEXT],
    "evm_set_state_overrides": [_HANDLE, _TEXT],
    "evm_set_transaction": [_HANDLE, _BYTES, c_size_t],
    "evm_set_transaction_json": [_HANDLE, _TEXT],
    "evm_set_message": [_HANDLE, _OUT],
    "evm_call_ffi": [_HANDLE, _OUT],
    "evm_continue_ffi": [_HANDLE, c_uint8, _BYTES, c_size_t, _OUT],
    "evm_answer": [_HANDLE, c_uint8, _BYTES, c_size_t],
    "evm_resume": [_HANDLE, _OUT],
    "evm_pending": [_HANDLE, _OUT, c_size_t, _OUT],
    "evm_abort": [_HANDLE],
    "evm_discard": [_HANDLE],
    "evm_commit_in_checkpoint": [_HANDLE],
    "evm_get_result": [_HANDLE, _OUT],
    "evm_get_result_json": _READ_TEXT,
    "evm_get_failure": _READ_TEXT,
    "evm_get_output": [_HANDLE, _OUT, c_size_t],
    "evm_get_log": [_HANDLE, c_size_t, _OUT, _OUT, _OUT, _OUT, c_size_t, _OUT],
    "evm_get_state_changes": _READ_TEXT,
    "evm_get_access_list": _READ_TEXT,
    "evm_get_prestate": _READ_TEXT,
    "evm_get_frames": _READ_TEXT,
    "evm_get_precompile_call": [_HANDLE, _OUT, _OUT, c_size_t],
    "evm_is_active": [_HANDLE, _OUT],
    "evm_set_trace": [_HANDLE, c_int, c_uint32, c_uint64, c_int],
    "evm_get_trace": _READ_TEXT,
}

PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "worldstate_version": (c_char_p, []),
    "worldstate_abi_version": (c_uint32, []),
    "worldstate_error_name": (c_char_p, [c_int]),
    **{name: (c_void_p, arguments) for name, arguments in _CREATE.items()},
    **{name: (None, arguments) for name, arguments in _DESTROY.items()},
    **{name: (c_int, arguments) for name, arguments in _STATUS.items()},
}
