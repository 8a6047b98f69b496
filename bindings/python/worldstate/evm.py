"""The executor whose ``execute`` returns when the execution has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional, Union

from ._convert import Address
from ._evm_base import EvmBase, Executable, check_commit
from ._evm_drive import Ask, Sent, Serve, arguments, drive, failure, method_name
from ._evm_options import Rules
from ._evm_result import ExecutionResult
from .state import StateManager
from .store import Store, Value


class Evm(EvmBase):
    """Executes transactions and messages over a StateManager.

    What the state manager and its fork do not have is asked from ``store``; without one it is absent, zero, empty, unless
    ``ask_host`` says that it must not be. The other options are those of ``Rules``. One execution at a time.
    """

    def __init__(
        self,
        state: StateManager,
        *,
        store: Optional[Store] = None,
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
        if not isinstance(state, StateManager):
            raise TypeError(f"an Evm executes over a StateManager, not over {type(state).__name__}")
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

    def execute(self, transaction: Optional[Executable] = None, *, commit: Union[bool, str] = True) -> ExecutionResult:
        """Executes ``transaction`` (see ``set_transaction``; None: what was set) and gives its result.

        ``commit``: True writes the changes into the state manager, "checkpoint" does so in a new checkpoint of it, False
        does not. Never what ran on state overrides. A revert is no error. ExecutionError for a transaction that is
        refused, and with the text of what a method of the store raised: nothing is written then.
        """
        check_commit(commit)
        running = drive(self, transaction, self._fork is not None, self._store is not None, commit)
        sent: Sent = None
        while True:
            try:
                step = running.send(sent)
            except StopIteration:
                return self.result()
            try:
                sent = self._do(step)
            except BaseException as error:
                running.throw(error)

    def _do(self, step: Union[Serve, Ask]) -> Sent:
        if isinstance(step, Serve):
            fork = self._fork
            assert fork is not None
            return fork._post is not None and fork._serve(None)
        store = self._store
        values: list[Value] = []
        for question in step.questions:
            try:
                values.append(getattr(store, method_name(question))(*arguments(question, step.call)))
            except Exception as error:
                raise failure(question, error) from error
        return values
