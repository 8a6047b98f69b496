"""Finds the library, checks that it fits, and gives its functions."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Optional

from . import errors
from ._prototypes import PROTOTYPES
from ._structs import check_layout

ABI_VERSION = 1

_FILES = {"darwin": ("libworldstate.0.dylib", "libworldstate.dylib"), "win32": ("worldstate.dll",)}.get(
    sys.platform, ("libworldstate.so.0", "libworldstate.so")
)
_PACKAGE = Path(__file__).resolve().parent

NULL = ctypes.c_void_p(None)
Word = ctypes.c_char * 32


class Native:
    """The loaded library: each function of the header under its own name, its arguments declared."""

    def __init__(self, path: Path) -> None:
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise ImportError(f"worldstate: {path} cannot be loaded: {error}") from error
        self.path = path
        missing = [name for name in PROTOTYPES if not hasattr(self._library, name)]
        if "worldstate_abi_version" in missing:
            raise ImportError(f"worldstate: {path} is not the worldstate library")
        self._library.worldstate_abi_version.restype = ctypes.c_uint32
        found = self._library.worldstate_abi_version()
        if found != ABI_VERSION:
            raise ImportError(f"worldstate: {path} has ABI version {found}, this package needs {ABI_VERSION}")
        if missing:
            raise ImportError(f"worldstate: {path} lacks {', '.join(missing)}: it is older, or built without a feature")
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(self._library, name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(f"the library has no function {name!r} that this package knows")

    def unchecked(self, name: str) -> Callable[..., int]:
        """A function that returns a status, without declared arguments: a third faster. Its callers pass a
        ``c_void_p`` as handle, ``bytes`` of the right length and ctypes objects, and nothing else."""
        function: Callable[..., int] = self._library[name]
        return function

    def failure(self, handle: Optional[ctypes.c_void_p], status: int) -> errors.WorldstateError:
        """The exception of a call on ``handle`` that has just failed."""
        return errors.of(status, self.last_error(handle))

    def last_error(self, handle: Optional[ctypes.c_void_p]) -> str:
        """The text of the last failed call on ``handle``; with None, of this thread's last that had no handle."""
        length = ctypes.c_size_t()
        buffer = ctypes.create_string_buffer(512)
        while self.worldstate_last_error(handle, buffer, len(buffer), ctypes.byref(length)) != 0:
            if length.value < len(buffer):
                return ""
            buffer = ctypes.create_string_buffer(length.value + 1)
        return buffer.raw[: length.value].decode("utf-8", "replace")

    def text(self, function: Callable[..., int], handle: ctypes.c_void_p, *inputs: object) -> str:
        """A text of unknown length: asked for its length first."""
        length = ctypes.c_size_t()
        buffer: Any = None
        size = 0
        while True:
            status = function(handle, *inputs, buffer, size, ctypes.byref(length))
            if status == 0 and size > length.value:
                return str(buffer.raw[: length.value], "utf-8")
            if status not in (0, errors.OutputTooSmallError.code):
                raise self.failure(handle, status)
            size = length.value + 1
            buffer = ctypes.create_string_buffer(size)


def _candidates() -> list[Path]:
    packaged = [_PACKAGE / "lib" / name for name in _FILES]
    target = Path(os.environ.get("CARGO_TARGET_DIR") or _PACKAGE.parents[2] / "target")
    # parents[2]: the repository, of a package that is used from there.
    return packaged + [target / "release" / name for name in _FILES]


def _find() -> Path:
    given = os.environ.get("WORLDSTATE_LIB")
    if given:
        path = Path(given)
        if not path.exists():
            raise ImportError(f"worldstate: WORLDSTATE_LIB names {given}, which is not there")
        return path
    candidates = _candidates()
    for path in candidates:
        if path.exists():
            return path
    looked = ", ".join(str(path) for path in candidates)
    raise ImportError(
        f"worldstate: no library: build it with `make lib`, or name it in WORLDSTATE_LIB. Looked for {looked}"
    )


_loaded: Optional[Native] = None
_loading = threading.Lock()


def load_library(path: Optional[str] = None) -> str:
    """Loads the library now and says where it is.

    Without this call, the first object that needs it does: from ``WORLDSTATE_LIB``, from the package, or from the build
    tree, in this order. ``path`` comes before all of them. Raises ImportError where there is none, or one of another
    ABI version, and RuntimeError where another one is loaded already.
    """
    global _loaded
    with _loading:
        if _loaded is None:
            check_layout()
            _loaded = Native(Path(path) if path is not None else _find())
        elif path is not None and Path(path).resolve() != _loaded.path.resolve():
            raise RuntimeError(f"worldstate: {_loaded.path} is loaded already")
        return str(_loaded.path)


def native() -> Native:
    """The library, loaded when it is first asked for."""
    if _loaded is None:
        load_library()
    assert _loaded is not None
    return _loaded


def version() -> str:
    """The library's version, such as "0.1.0"."""
    text: bytes = native().worldstate_version()
    return text.decode()


def error_name(code: int) -> str:
    """Name of a status in the C header, such as "STATE_MANAGER_ERROR_RPC_FAILED"."""
    text: bytes = native().worldstate_error_name(code)
    return text.decode()
