"""Rules and switches of an executor, and what can be executed besides transactions."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import sizeof
from typing import NamedTuple, Optional

from ._convert import Address, Data, Word, to_address, to_data, to_quantity, unsigned
from ._fork_options import natural
from ._structs import EvmMessage, EvmOptions, sized
from .errors import InvalidInputError

RUN_AHEAD = {"off": 0, "on": 1, "access-list": 2, "prestate": 3}

FLAGS = {
    "ask_host": 1,
    "no_balance_check": 2,
    "no_nonce_check": 4,
    "no_base_fee_check": 8,
    "no_code_size_limit": 16,
    "no_block_gas_limit": 32,
    "no_sender_code_check": 64,
    "no_fee": 128,
}

TRACE_FORMATS = {"off": 0, "eip3155": 1, "struct-logs": 2}
TRACE_FLAGS = {"memory": 1, "no_stack": 2, "no_storage": 4, "return_data": 8}


class Rules(NamedTuple):
    """Options that every executor takes; 0 or None stands for the default.

    ``hardfork``: a name such as "cancun" (default: the newest). ``chain_id``: what CHAINID returns (1).
    ``run_ahead``: "off", "on" (what else will be needed is found by running on with provisional values), "access-list" or
    "prestate" (the node is asked first). ``cache_size``: storage values of the store that are kept (1,024).
    ``gas_cap``: the largest gas limit, and the gas of a transaction that gives none.
    ``precompiles``: addresses that the store's ``precompile`` answers.
    ``ask_host``: what is missing is asked for; on by itself where a store is given.
    ``no_…``: a check that is left out.
    """

    hardfork: Optional[str] = None
    chain_id: int = 0
    run_ahead: str = "off"
    cache_size: int = 0
    gas_cap: int = 0
    precompiles: Sequence[Address] = ()
    ask_host: bool = False
    no_balance_check: bool = False
    no_nonce_check: bool = False
    no_base_fee_check: bool = False
    no_code_size_limit: bool = False
    no_block_gas_limit: bool = False
    no_sender_code_check: bool = False
    no_fee: bool = False

    def options(self) -> EvmOptions:
        if self.run_ahead not in RUN_AHEAD:
            raise InvalidInputError(f"run_ahead {self.run_ahead!r} is none of {', '.join(RUN_AHEAD)}")
        options = sized(EvmOptions)
        if self.hardfork is not None:
            options.hardfork = self.hardfork.encode()
        options.chain_id = natural("chain_id", self.chain_id, 64)
        options.flags = sum(bit for name, bit in FLAGS.items() if getattr(self, name))
        options.run_ahead = RUN_AHEAD[self.run_ahead]
        options.cache_size = natural("cache_size", self.cache_size, 63)
        options.gas_cap = natural("gas_cap", self.gas_cap, 64)
        # A c_char_p keeps the bytes it was given alive.
        options.precompiles = b"".join(to_address(address) for address in self.precompiles)
        options.precompile_count = len(self.precompiles)
        return options


class Message(NamedTuple):
    """A message call or creation without the transaction around it: no intrinsic gas, no fee, no nonce."""

    gas: int
    to: Optional[Address] = None
    """Address whose storage and balance are used. None: a creation, with ``input`` as its init code."""
    caller: Optional[Address] = None
    """None: the zero address."""
    input: Data = b""
    value: Word = 0
    """Wei that go from the caller to ``to``."""
    code: Optional[Data] = None
    """The code that runs. None: that of ``to``."""
    origin: Optional[Address] = None
    """What ORIGIN returns. None: the caller."""
    gas_price: int = 0
    """What GASPRICE returns. Nothing is paid."""
    is_static: bool = False
    """The state must not be changed, as in STATICCALL."""

    def struct(self) -> EvmMessage:
        message = EvmMessage(sizeof(EvmMessage))
        for field in ("to", "caller", "origin"):
            address = getattr(self, field)
            if address is not None:
                setattr(message, field, to_address(address, field))
        code = None if self.code is None else to_data(self.code, "code")
        message.code, message.code_len = code, len(code or b"")
        message.value = to_quantity(self.value, "value")
        data = to_data(self.input, "input")
        message.input, message.input_len = data, len(data)
        message.gas = unsigned("gas", self.gas, 64)
        message.gas_price = unsigned("gas price", self.gas_price, 64)
        message.is_static = int(self.is_static)
        return message
