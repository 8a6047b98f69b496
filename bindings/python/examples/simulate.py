"""What would this transaction do? Simulates a transfer of tokens on a fork of a live chain.

Usage: simulate.py URL TOKEN FROM TO AMOUNT"""

from __future__ import annotations

import sys

from worldstate import Evm, Fork, StateManager


def main(url: str, token: str, sender: str, receiver: str, amount: str) -> None:
    transfer = "0xa9059cbb" + receiver[2:].rjust(64, "0") + f"{int(amount):064x}"
    with Fork(url) as fork, StateManager(fork) as state:
        with Evm(state, chain_id=fork.block().chain_id, run_ahead="on") as evm:
            result = evm.execute({"from": sender, "to": token, "input": transfer})
            changes = evm.changes()
        print(result.status.value, result.failure or f"{len(result.logs)} log")
        if changes is not None:
            for change in changes["storage"]:
                print(f"{int(change['originalValue'], 16)} -> {int(change['newValue'], 16)}")
        print(f"{fork.stats().bodies} round trips")


if __name__ == "__main__":
    main(*sys.argv[1:])
