"""The executor for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Optional, Union

from ._convert import Address
from ._evm_base import EvmBase, Executable, check_commit
from ._evm_drive import Ask, Sent, arguments, drive, failure, method_name
from ._evm_options import Rules
from ._evm_result import ExecutionResult
from .async_state import AsyncStateManager
from .store import AsyncStore, PrecompileCall, Question, Value


class AsyncEvm(EvmBase):
    """An Evm over an AsyncStateManager, whose store is awaited: everything that is wanted at the same time is asked for at
    the same time. The options are those of ``Evm``. One execution at a time."""

    def __init__(
        self,
        state: AsyncStateManager,
        *,
        store: Optional[AsyncStore] = None,
        hardfork: Optional[str] = None,
        chain_id: int = 0,
        run_ahead: str = "off",
        cache_size: int = 0,
        gas_cap: int = 0,
        precompiles: Sequence[Address] = (),
        ask_host: bool = False,
        no_balance_check: bool = False,
        no_nonce_check: bool = False,
        no_base_fee_check: bool = False,
        no_code_size_limit: bool = False,
        no_block_gas_limit: bool = False,
        no_sender_code_check: bool = False,
        no_fee: bool = False,
    ) -> None:
        if not isinstance(state, AsyncStateManager):
            raise TypeError(f"an AsyncEvm executes over an AsyncStateManager, not over {type(state).__name__}")
        rules = Rules(
            hardfork,
            chain_id,
            run_ahead,
            cache_size,
            gas_cap,
            precompiles,
            ask_host or store is not None,
            no_balance_check,
            no_nonce_check,
            no_base_fee_check,
            no_code_size_limit,
            no_block_gas_limit,
            no_sender_code_check,
            no_fee,
        )
        super().__init__(state, rules)
        self._store = store
        self._fork = state.fork

    async def execute(
        self, transaction: Optional[Executable] = None, *, commit: Union[bool, str] = True
    ) -> ExecutionResult:
        """As ``Evm.execute``. Cancelled, it gives the execution up, and nothing is written."""
        check_commit(commit)
        running = drive(self, transaction, self._fork is not None, self._store is not None, commit)
        sent: Sent = None
        # What was wrong with an answer to the fork is told when its question comes up again.
        since: Optional[int] = None
        while True:
            try:
                step = running.send(sent)
            except StopIteration:
                return self.result()
            try:
                if isinstance(step, Ask):
                    sent, since = await self._ask(step), None
                else:
                    sent, since = await self._serve(since)
            except BaseException as error:
                running.throw(error)

    async def _serve(self, since: Optional[int]) -> tuple[bool, int]:
        fork = self._fork
        assert fork is not None
        refusal = None if since is None else fork._refusal(since)
        if refusal is not None:
            raise refusal
        since = fork._taken
        return await fork.serve(), since

    async def _ask(self, step: Ask) -> list[Value]:
        tasks = [asyncio.ensure_future(self._value(question, step.call)) for question in step.questions]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            # The first that fails ends the others; none is left running.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _value(self, question: Question, call: Optional[PrecompileCall]) -> Value:
        try:
            value: Value = await getattr(self._store, method_name(question))(*arguments(question, call))
        except Exception as error:
            raise failure(question, error) from error
        return value
