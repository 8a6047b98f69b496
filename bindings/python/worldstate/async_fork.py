"""A fork whose requests an asyncio program carries with the HTTP client of its choice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

from ._convert import Address, Word
from ._fork_base import AccessList, Accounts, Batch, Carrying, ForkBlock
from ._fork_options import ForkOptions, Path
from ._reads import Read
from .errors import InvalidInputError, InvalidStateError, RpcPendingError, WorldstateError
from .fork import take_in
from .transport import Backoff, failure_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")

# The fork whose body this task sends: a read of it would wait for itself.
_inside: ContextVar[Optional[AsyncFork]] = ContextVar("worldstate_inside", default=None)

# Turns of the loop until a follower of a follower has run.
_TURNS = 5

AsyncPost = Callable[[bytes], Awaitable[bytes]]


class AsyncFork(Carrying):
    """A chain's state at one block, fetched as it is read, without ever blocking the event loop.

    ``post`` gets a JSON-RPC body and returns the node's answer; only with ``offline`` it may be missing. Whatever number
    of tasks read, one pump carries what all of them miss, in as few bodies as there can be, at most ``max_concurrent`` of
    them under way at once. Cancelling a task that reads cancels no request. What ``post`` raises fails the reads with its
    text; HTTP errors that may pass (429, 5xx) and timeouts are tried again, up to ``max_attempts``. The other options are
    those of ``ForkOptions``.

    Belongs to one event loop at a time.
    """

    def __init__(
        self,
        post: Optional[AsyncPost] = None,
        *,
        max_concurrent: int = 6,
        **options: Unpack[ForkOptions],
    ) -> None:
        if max_concurrent < 1:
            raise InvalidInputError(f"max_concurrent {max_concurrent} is below 1")
        if post is None and not options.get("offline"):
            raise InvalidInputError("an AsyncFork needs a post, unless it is offline")
        super().__init__(options)
        self._post = post
        self._max_concurrent = max_concurrent
        self._backoff = options.get("backoff_initial", 0), options.get("backoff_max", 0)
        # Bodies answered, bodies taken, and the number of the last one whose answer made no sense, with what was wrong.
        self._answered = 0
        self._taken = 0
        self._refused: Optional[tuple[int, WorldstateError]] = None
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._pump: Optional[asyncio.Task[None]] = None
        self._progress: Optional[asyncio.Event] = None
        self._flights: dict[tuple[Any, ...], asyncio.Future[None]] = {}

    async def block(self) -> ForkBlock:
        """The block that the fork is pinned to."""
        return await self._get(self._read_block())

    async def prefetch(self, accounts: Accounts, *, code: bool = False) -> None:
        """Makes accounts ready, with their slots where a mapping gives some, in as few round trips as the limits allow;
        ``code`` fetches their code as well."""
        await self._get(self._read_prefetch(accounts, code))

    async def prefetch_access_list(self, access_list: AccessList, *, code: bool = False) -> None:
        """``prefetch`` for an access list (EIP-2930): as eth_createAccessList answers, the list alone, or JSON text."""
        await self._get(self._read_prefetch_access_list(access_list, code))

    async def prefetch_range(self, address: Address, first_slot: Word, count: int) -> None:
        """``prefetch`` for ``count`` slots of one account behind each other: an array in storage, for instance."""
        await self._get(self._read_prefetch_range(address, first_slot, count))

    async def export_recording(self, path: Path) -> None:
        """Writes all that the fork holds of its block to a file, from which another fork answers with the option
        ``recording``. The file is there whole or not at all."""
        await self._get(self._read_export(path))

    async def import_recording(self, path: Path) -> None:
        """Reads a file of ``export_recording`` of the same chain and block: what it holds is answered from then on."""
        await self._get(self._read_import(path))

    async def serve(self) -> bool:
        """Carries what is queued and waits until one body is answered; False where nothing is queued or under way. Reads
        do this by themselves; it is for executions that are stepped by hand."""
        return await self._served()

    async def _get(self, read: Read[T]) -> T:
        return await self._settle(read, self._failure)

    async def _settle(self, read: Read[T], failure: Callable[[int], WorldstateError]) -> T:
        """The value of a read, once it is there."""
        status = read.attempt()
        if not status:
            return read.value()
        if status != RpcPendingError.code:
            raise failure(status)
        self._enter_loop()
        if _inside.get() is self:
            raise InvalidStateError("a read inside post needs a request of the same fork")
        # A failure is told to one read alone. Those who want the same value at the same time share it, or each of them
        # would send the request anew.
        while read.key in self._flights:
            try:
                await asyncio.shield(self._flights[read.key])
            except WorldstateError as error:
                raise type(error)(*error.args) from error
            status = read.attempt()
            if not status:
                return read.value()
            if status != RpcPendingError.code:
                raise failure(status)
        return await self._lead(read, failure)

    async def _lead(self, read: Read[T], failure: Callable[[int], WorldstateError]) -> T:
        assert self._loop is not None
        flight: asyncio.Future[None] = self._loop.create_future()
        self._flights[read.key] = flight
        try:
            idle, since = 0, self._taken
            while True:
                status = read.attempt()
                if not status:
                    return read.value()
                refusal = self._refusal(since)
                if status != RpcPendingError.code or idle > 1 or refusal is not None:
                    error = failure(status) if refusal is None else refusal
                    flight.set_exception(error)
                    # Nobody may be waiting for it.
                    flight.exception()
                    raise error
                idle = 0 if await self._served() else idle + 1
        finally:
            del self._flights[read.key]
            if not flight.done():
                flight.set_result(None)

    def _enter_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError("this AsyncFork is in use by another event loop")
        self._loop = loop
        self._pump = None
        self._progress = None
        self._flights = {}

    async def _served(self) -> bool:
        """Waits until a body was answered. False where there is none."""
        self._enter_loop()
        before = self._answered
        if self._pump is None or self._pump.done():
            if not self.stats().pending:
                return False
            self._progress = asyncio.Event()
            self._pump = asyncio.create_task(self._carry_all())
        assert self._progress is not None
        await self._progress.wait()
        # None was where somebody has taken the requests by hand.
        return self._answered > before

    def _refusal(self, since: int) -> Optional[WorldstateError]:
        """What was wrong with an answer to a body that was taken after ``since`` others."""
        if self._refused is None or self._refused[0] <= since:
            return None
        error = self._refused[1]
        return type(error)(*error.args)

    def _told(self) -> None:
        """Wakes all who wait; who comes later waits for the next body."""
        if self._progress is not None:
            self._progress.set()
        self._progress = asyncio.Event()

    async def _carry_all(self) -> None:
        """Carries what is queued until nothing is left, then ends."""
        backoff = Backoff(*self._backoff)
        under_way: set[asyncio.Task[bool]] = set()
        try:
            while not self.closed:
                while len(under_way) < self._max_concurrent:
                    batch = self.next_batch()
                    if batch is None:
                        break
                    self._taken += 1
                    under_way.add(asyncio.create_task(self._carry(batch)))
                if not under_way:
                    return
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                self._answered += len(done)
                refused = [task.exception() for task in done if task.exception() is not None]
                failed = any(task.exception() is None and task.result() for task in done)
                if refused and not under_way:
                    # Only where no other body is under way is it known whose answer it was. Who still waits for another
                    # one begins anew.
                    self._refused = self._taken, _worldstate_error(refused[0])
                    return
                self._told()
                if failed:
                    await asyncio.sleep(backoff.pause())
                else:
                    backoff.succeeded()
                    # Those who were woken, and those who wait for them, may want more, which then goes into one body.
                    for _ in range(_TURNS):
                        await asyncio.sleep(0)
        finally:
            for task in under_way:
                task.cancel()
            self._pump = None
            self._told()

    async def _carry(self, batch: Batch) -> bool:
        """Sends one body, in a task of its own; whether it failed. InvalidRequestError where the answer makes no sense."""
        _inside.set(self)
        try:
            # Nothing is queued offline.
            assert self._post is not None
            answer = await self._post(batch.body)
            if not isinstance(answer, (bytes, bytearray)):
                raise TypeError(f"post returned {type(answer).__name__} instead of bytes")
        except Exception as error:
            failed = failure_of(error)
            self.fail_batch(batch.id, failed.text, failed.code)
            return True
        except BaseException:
            # The loop is going down, which is no fault of the node: the next read asks again.
            self.fail_batch(batch.id, "cancelled", 503)
            raise
        return take_in(self, batch.id, bytes(answer)) is not None


def _worldstate_error(error: Optional[BaseException]) -> WorldstateError:
    if isinstance(error, WorldstateError):
        return error
    # A defect of this package is not to be taken for an answer.
    raise error if error is not None else AssertionError
