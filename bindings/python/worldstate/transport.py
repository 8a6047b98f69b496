"""How a program's own HTTP client carries a fork's requests: what it raises, the pauses between attempts, and a client
of the standard library."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional


class HttpError(Exception):
    """A transport's word for an answer that is none: its HTTP status, by which the fork knows whether to ask again."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(f"HTTP {status}{': ' if text else ''}{text}")
        self.status = status


class Urllib:
    """POSTs with urllib: ``Fork(post=Urllib("http://127.0.0.1:8545"))``."""

    def __init__(self, url: str, headers: Optional[Mapping[str, str]] = None, timeout: float = 30) -> None:
        self._url = url
        self._headers = {"content-type": "application/json", **(headers or {})}
        self._timeout = timeout

    def __call__(self, body: bytes) -> bytes:
        request = urllib.request.Request(self._url, data=body, headers=self._headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                answer: bytes = response.read()
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise HttpError(error.code, error.read(500).decode("utf-8", "replace")) from None
        except urllib.error.URLError as error:
            # The reason alone: the text around it says nothing more.
            raise ConnectionError(str(error.reason)) from error


class Failure(NamedTuple):
    """What ``fail_batch`` is told."""

    code: int
    text: str
    cause: Optional[BaseException] = None


def failure_of(error: BaseException) -> Failure:
    """What a transport's exception says. The HTTP status is where urllib, httpx, aiohttp and requests keep it; timeouts are
    known by their name, which the text begins with."""
    status = _status(error) or _status(getattr(error, "response", None)) or 0
    text = str(error)
    return Failure(status, f"{type(error).__name__}: {text}" if text else type(error).__name__, error)


def _status(carrier: Any) -> Optional[int]:
    for name in ("status", "status_code", "code"):
        status = getattr(carrier, name, None)
        if isinstance(status, int) and 400 <= status < 600:
            return status
    return None


class Backoff:
    """Pauses with full jitter: random between zero and a limit that doubles with each failure in a row."""

    def __init__(self, initial: float, longest: float) -> None:
        self._initial = initial or 0.25
        self._longest = longest or 8.0
        self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0

    def pause(self) -> float:
        """Seconds to wait after one more failure."""
        limit = min(self._longest, self._initial * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return random.uniform(0, limit)
