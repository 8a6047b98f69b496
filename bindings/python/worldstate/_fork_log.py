"""The way of log lines out of the library."""

from __future__ import annotations

import itertools
import logging
import weakref
from ctypes import CFUNCTYPE, c_char_p, c_int, c_void_p, cast
from typing import Any, Callable, Optional

from ._fork_options import LOG_LEVELS

Log = Callable[[int, str], object]

_BY_NUMBER = {number: level for level, number in LOG_LEVELS.items()}
_logs: dict[int, Log] = {}
_contexts = itertools.count(1)


def _write(context: Optional[int], level: int, text: bytes) -> None:
    log = _logs.get(context or 0)
    if log is not None:
        log(_BY_NUMBER.get(level, logging.ERROR), text.decode("utf-8", "replace"))


# One native function for all forks, which lives as long as the process: a line that comes when nobody wants it any more
# finds no entry, and no function that is gone. What a log raises goes to sys.unraisablehook.
_function = CFUNCTYPE(None, c_void_p, c_int, c_char_p)(_write)


class LogRoute:
    """A program's log on its way through the library."""

    def __init__(self, log: Log) -> None:
        if not callable(log):
            raise TypeError(f"log has to be a function, not {type(log).__name__}")
        self.function = cast(_function, c_void_p).value
        self.context = next(_contexts)
        _logs[self.context] = log

    def end(self) -> None:
        _logs.pop(self.context, None)

    def end_with(self, owner: Any) -> None:
        """Ends it when ``owner`` is gone, which everything that may tell a line refers to."""
        weakref.finalize(owner, _logs.pop, self.context, None).atexit = False
