"""What every object that stands for a handle of the library has."""

from __future__ import annotations

import weakref
from ctypes import c_void_p
from types import TracebackType
from typing import Any, Callable, Optional, TypeVar

from . import errors
from ._library import Native, native

SelfT = TypeVar("SelfT", bound="Owner")


class Owner:
    """Owns a handle: closes it at the end of a ``with`` block, when ``close()`` is called, or when it is collected."""

    _noun = "object"

    def __init__(self, handle: Optional[int], destroy: Callable[[int], None]) -> None:
        self._native: Native = native()
        if handle is None:
            # A create that failed leaves its reason with the thread.
            text = self._native.last_error(None)
            raise errors.InvalidHandleError(text) if "handle" in text else errors.OutOfMemoryError(text)
        # Shared by all that calls with it, so that closing reaches them all.
        self._handle = c_void_p(handle)
        self._finalizer = weakref.finalize(self, destroy, handle)

    def close(self) -> None:
        """Frees what is behind the object. A second time does nothing; any other call raises InvalidHandleError."""
        self._handle.value = None
        self._finalizer()

    @property
    def closed(self) -> bool:
        return self._handle.value is None

    def __enter__(self: SelfT) -> SelfT:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def _failure(self, status: int) -> errors.WorldstateError:
        if self.closed:
            return errors.InvalidHandleError(f"the {self._noun} is closed")
        return self._native.failure(self._handle, status)

    def _check(self, status: int) -> None:
        if status:
            raise self._failure(status)

    def _text(self, function: Callable[..., int], *inputs: Any) -> str:
        if self.closed:
            raise self._failure(errors.InvalidHandleError.code)
        return self._native.text(function, self._handle, *inputs)
