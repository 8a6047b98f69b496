"""Forks whose reads block: over the library's own HTTP client, or over a function of the program."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union

from ._convert import Address, Word
from ._fork_base import AccessList, Accounts, Carrying, ForkBlock
from ._fork_options import ForkOptions, Path, milliseconds, natural
from ._reads import Read
from .errors import (
    InvalidInputError,
    InvalidRequestError,
    InvalidStateError,
    RpcFailedError,
    RpcPendingError,
    WorldstateError,
)
from .transport import Backoff, Failure, failure_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")

Post = Callable[[bytes], bytes]


class Fork(Carrying):
    """A chain's state at one block, fetched as it is read.

    Who carries the requests: the library itself, over HTTP, when ``url`` is given (several are tried in turn; on Unix
    also the path of an IPC socket); the function ``post`` when that is given, which gets a JSON-RPC body and returns the
    node's answer; the program, with ``next_batch`` and ``continue_batch``, when neither is: then a read that misses raises
    RpcPendingError. With ``offline`` nobody does.

    ``headers``, ``ca_file`` (a PEM file), ``request_timeout`` (30) and ``total_timeout`` (120 seconds),
    ``max_concurrent`` (8 bodies under way at once), ``requests_per_second`` and ``compute_units_per_second`` (no limit)
    are of the HTTP client inside. The other options are those of ``ForkOptions``.

    May be used from several threads. ``post`` runs on the thread that reads, one body at a time. What it raises fails the
    read with its text; HTTP errors that may pass (429, 5xx) and timeouts are tried again, up to ``max_attempts``.
    """

    def __init__(
        self,
        url: Union[str, list[str], tuple[str, ...], None] = None,
        *,
        post: Optional[Post] = None,
        headers: Optional[Mapping[str, str]] = None,
        ca_file: Optional[str] = None,
        request_timeout: float = 0,
        total_timeout: float = 0,
        max_concurrent: int = 0,
        requests_per_second: int = 0,
        compute_units_per_second: int = 0,
        **options: Unpack[ForkOptions],
    ) -> None:
        http: dict[str, Any] = {
            "headers": _header_lines(headers) if headers else None,
            "ca_file": None if ca_file is None else ca_file.encode(),
            "request_timeout_ms": milliseconds("request_timeout", request_timeout),
            "total_timeout_ms": milliseconds("total_timeout", total_timeout),
            "max_concurrent": natural("max_concurrent", max_concurrent, 63),
            "requests_per_second": natural("requests_per_second", requests_per_second, 32),
            "compute_units_per_second": natural("compute_units_per_second", compute_units_per_second, 32),
        }
        if url is not None and post is not None:
            raise InvalidInputError("a fork has a url or a post, not both")
        if url is None and any(http.values()):
            raise InvalidInputError(
                "headers, ca_file, timeouts and rates are of the HTTP client inside, which needs a url"
            )
        if url is not None:
            http["url"] = (url if isinstance(url, str) else " ".join(url)).encode()
        super().__init__(options, http)
        self._post = post
        self._backoff = Backoff(options.get("backoff_initial", 0), options.get("backoff_max", 0))
        self._turn = threading.Condition()
        # The thread that carries a body, and the number of bodies carried.
        self._carrying: Optional[int] = None
        self._bodies = 0

    def block(self) -> ForkBlock:
        """The block that the fork is pinned to."""
        return self._get(self._read_block())

    def prefetch(self, accounts: Accounts, *, code: bool = False) -> None:
        """Makes accounts ready, with their slots where a mapping gives some, in as few round trips as the limits allow;
        ``code`` fetches their code as well."""
        self._get(self._read_prefetch(accounts, code))

    def prefetch_access_list(self, access_list: AccessList, *, code: bool = False) -> None:
        """``prefetch`` for an access list (EIP-2930): as eth_createAccessList answers, the list alone, or JSON text."""
        self._get(self._read_prefetch_access_list(access_list, code))

    def prefetch_range(self, address: Address, first_slot: Word, count: int) -> None:
        """``prefetch`` for ``count`` slots of one account behind each other: an array in storage, for instance."""
        self._get(self._read_prefetch_range(address, first_slot, count))

    def export_recording(self, path: Path) -> None:
        """Writes all that the fork holds of its block to a file, from which another fork answers with the option
        ``recording``. The file is there whole or not at all."""
        self._get(self._read_export(path))

    def import_recording(self, path: Path) -> None:
        """Reads a file of ``export_recording`` of the same chain and block: what it holds is answered from then on."""
        self._get(self._read_import(path))

    def serve(self) -> int:
        """Carries everything that is queued and gives the number of bodies. Reads do this by themselves; it is for
        executions that are stepped by hand."""
        sent = 0
        while self._serve(None):
            sent += 1
        return sent

    def _get(self, read: Read[T]) -> T:
        return self._settle(read, read.attempt(), self._failure)

    def _settle(self, read: Read[T], status: int, failure: Callable[[int], WorldstateError]) -> T:
        """The value of a read whose first attempt gave ``status``: carries requests until it is there."""
        causes: list[BaseException] = []
        idle = 0
        while status:
            if status != RpcPendingError.code or self._post is None or idle > 1:
                raise failure(status) from (causes[-1] if causes else None)
            try:
                # The second time in a row that nothing is queued, somebody else has taken the request by hand.
                idle = 0 if self._serve(causes) else idle + 1
            except InvalidRequestError:
                # The refused answer may have been to somebody else's question.
                if read.attempt():
                    raise
                break
            status = read.attempt()
        return read.value()

    def _serve(self, causes: Optional[list[BaseException]]) -> bool:
        """Carries one body, or waits until another thread has carried one; False where nothing is queued."""
        if self._post is None:
            raise InvalidInputError("this fork has no post to carry its requests with")
        with self._turn:
            if self._carrying == threading.get_ident():
                raise InvalidStateError("a read inside post needs a request of the same fork")
            if self._carrying:
                # What this thread wants is in that body, or queued for the next one.
                seen = self._bodies
                self._turn.wait_for(lambda: self._bodies != seen or not self._carrying)
                return True
            self._carrying = threading.get_ident()
        try:
            batch = self.next_batch()
            if batch is None:
                return False
            failed = self._carry(self._post, batch.id, batch.body)
            if failed is None:
                self._backoff.succeeded()
                return True
            if causes is not None and failed.cause is not None:
                causes.append(failed.cause)
            pause = self._backoff.pause()
            if self.stats().pending:
                time.sleep(pause)
            return True
        finally:
            with self._turn:
                self._carrying = None
                self._bodies += 1
                self._turn.notify_all()

    def _carry(self, post: Post, batch: int, body: bytes) -> Optional[Failure]:
        try:
            answer = post(body)
            if not isinstance(answer, (bytes, bytearray)):
                raise TypeError(f"post returned {type(answer).__name__} instead of bytes")
        except Exception as error:
            failed = failure_of(error)
            self.fail_batch(batch, failed.text, failed.code)
            return failed
        except BaseException:
            # An interruption is no fault of the node: the next read asks again.
            self.fail_batch(batch, "interrupted", 503)
            raise
        return take_in(self, batch, bytes(answer))


def take_in(fork: Carrying, batch: int, answer: bytes) -> Optional[Failure]:
    """Hands an answer in. What is missing in it is queued again; InvalidRequestError where it makes no sense."""
    try:
        fork.continue_batch(batch, answer)
    except InvalidRequestError as error:
        # Open still where it was no JSON at all, which a proxy's page is: the next read asks again.
        with contextlib.suppress(InvalidRequestError):
            fork.fail_batch(batch, error.text, 502)
        raise
    except RpcFailedError as error:
        return Failure(502, error.text)
    return None


def _header_lines(headers: Mapping[str, str]) -> bytes:
    for name, value in headers.items():
        if any(char in name + value for char in "\r\n\0") or not name or ":" in name:
            raise InvalidInputError(f"header {name!r} is none")
    return "\n".join(f"{name}: {value}" for name, value in headers.items()).encode()


def blocking(fork: Any) -> Optional[Fork]:
    """``fork`` where a blocking state manager can stand on it."""
    if fork is None or isinstance(fork, Fork):
        return fork
    raise TypeError(f"a StateManager stands on a Fork, not on {type(fork).__name__}")
