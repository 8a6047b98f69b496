"""A pattern for tests: a state is set up once, each test gets it as it was. Run with pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from worldstate import StateManager

ALICE = "0x00000000000000000000000000000000000a11ce"
BOB = "0x0000000000000000000000000000000000000b0b"


@pytest.fixture(scope="session")
def world() -> Iterator[StateManager]:
    with StateManager() as state:
        state.set_accounts([(ALICE, 100), (BOB, 0)])
        yield state


@pytest.fixture
def state(world: StateManager) -> Iterator[StateManager]:
    with world.temporary():
        yield world


def test_alice_pays(state: StateManager) -> None:
    state.set_accounts([(ALICE, 40), (BOB, 60)])
    assert state.get_balance(BOB) == 60


@pytest.mark.parametrize("attempt", range(3))
def test_everyone_has_what_they_had(state: StateManager, attempt: int) -> None:
    assert (state.get_balance(ALICE), state.get_balance(BOB)) == (100, 0)
    state.delete_account(ALICE)
