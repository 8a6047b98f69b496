"""Forks that keep, verify and prove what they fetch, on a real node: blocking and asyncio, over the client inside and
over a function of the program."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Callable, TypeVar

import pytest
from conftest import Scene

import worldstate
from worldstate import (
    AsyncFork,
    AsyncStateManager,
    BlockNotFoundError,
    CacheError,
    Fork,
    InvalidInputError,
    InvalidStateError,
    OfflineError,
    ProofInvalidError,
    StateManager,
    TrustedBlock,
    TrustedRoot,
    Urllib,
    WrongChainError,
    _fork_log,
    _fork_options,
    verify_header,
    verify_proof,
)

T = TypeVar("T")

TOKENS = 10**18
ABSENT = "0x00000000000000000000000000000000000ab5e7"
SUPPLY = (0, 1_000_000 * TOKENS)


class Chain:
    """The node at one block, and a fork of it with each kind of classes."""

    def __init__(self, kind: str, scene: Scene) -> None:
        self.kind = kind
        self.scene = scene
        number = scene.rpc("eth_blockNumber")
        self.block = scene.rpc("eth_getBlockByNumber", number, False)

    def open(self, **options: Any) -> Any:
        given = {"block": self.block["hash"], **options}
        if self.kind == "async":
            post = Urllib(self.scene.url)

            async def carry(body: bytes) -> bytes:
                return post(body)

            return AsyncFork(carry, **given)
        return Fork(self.scene.url, **given) if self.kind == "inside" else Fork(post=Urllib(self.scene.url), **given)

    def state(self, fork: Any) -> Any:
        return AsyncStateManager(fork) if isinstance(fork, AsyncFork) else StateManager(fork)

    def run(self, program: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run(program())


def in_camel_case(numbers: dict[str, int]) -> dict[str, int]:
    return {re.sub("_([a-z])", lambda found: found[1].upper(), name): number for name, number in numbers.items()}


async def value(found: Any) -> Any:
    return await found if hasattr(found, "__await__") else found


@pytest.fixture(params=["inside", "post", "async"])
def chain(request: pytest.FixtureRequest, scene: Scene) -> Chain:
    return Chain(request.param, scene)


async def read_all(chain: Chain, fork: Any) -> None:
    bob = chain.scene.people["bob"]
    with chain.state(fork) as state:
        assert hex(await value(state.get_balance(bob))) == chain.scene.rpc("eth_getBalance", bob, "latest")
        assert await value(state.get_storage(chain.scene.token, SUPPLY[0])) == SUPPLY[1]
        code = "0x" + (await value(state.get_code(chain.scene.token))).hex()
        assert code == chain.scene.rpc("eth_getCode", chain.scene.token, "latest")
        assert await value(state.get_balance(ABSENT)) == 0


def test_a_persistent_cache_answers_after_a_restart(chain: Chain, tmp_path: Path) -> None:
    async def program() -> None:
        with chain.open(cache_dir=tmp_path) as fork:
            await read_all(chain, fork)
            fork.flush()
            assert fork.stats().stored_writes >= 4
        with chain.open(cache_dir=str(tmp_path)) as fork:
            await read_all(chain, fork)
            stats = fork.stats()
            assert (stats.requests, stats.stored_hits >= 4) == (0, True)
        with Fork(cache_dir=tmp_path, block=chain.block["hash"], offline=True) as fork, StateManager(fork) as state:
            await read_all(chain, fork)
            with pytest.raises(OfflineError, match=r"slot 0x0*4d2\b"):
                state.get_storage(chain.scene.token, 1234)

    chain.run(program)


def test_a_recording_is_replayed_without_a_node(chain: Chain, tmp_path: Path) -> None:
    async def program() -> None:
        recording, cut = tmp_path / "recording", tmp_path / "cut"
        with chain.open() as fork:
            await read_all(chain, fork)
            await value(fork.export_recording(recording))
        with Fork(recording=recording, offline=True) as fork, StateManager(fork) as state:
            block = fork.block()
            assert (block.chain_id, "0x" + block.hash.hex()) == (31337, chain.block["hash"])
            await read_all(chain, fork)
            with pytest.raises(OfflineError):
                state.get_nonce(b"\x77" * 20)
        with AsyncFork(recording=recording, offline=True) as fork, AsyncStateManager(fork) as state:
            await read_all(chain, fork)
            with pytest.raises(OfflineError):
                await state.get_nonce(b"\x77" * 20)
        with chain.open() as fork:
            await value(fork.import_recording(str(recording)))
            before = fork.stats().requests
            await read_all(chain, fork)
            assert fork.stats().requests == before
            cut.write_bytes(b"no recording")
            with pytest.raises(CacheError):
                await value(fork.import_recording(cut))
            with pytest.raises(InvalidStateError):
                fork.flush()

    chain.run(program)


def test_verified_answers_are_the_chains(chain: Chain) -> None:
    block_hash, root = chain.block["hash"], chain.block["stateRoot"]

    async def program() -> None:
        for verify in (
            TrustedBlock(),
            TrustedBlock(block_hash),
            TrustedRoot(root),
            TrustedRoot(bytes.fromhex(root[2:])),
        ):
            with chain.open(verify=verify) as fork:
                await read_all(chain, fork)
                stats = fork.stats()
                assert (stats.verified >= 4, stats.verify_failures, stats.proof_nodes > 0) == (True, 0, True)
        # Over the client inside the block is looked up at once.
        with pytest.raises(ProofInvalidError), chain.open(verify=TrustedRoot(bytes(32))) as fork:
            await read_all(chain, fork)

    chain.run(program)


def test_a_value_that_was_changed_on_the_way_is_found_out(scene: Scene) -> None:
    post, lies = Urllib(scene.url), True

    def carry(body: bytes) -> bytes:
        given = json.loads(post(body))
        for answer in given if isinstance(given, list) else [given]:
            if lies and isinstance(answer["result"], dict) and "accountProof" in answer["result"]:
                answer["result"]["balance"] = "0x1"
        return json.dumps(given).encode()

    number = scene.rpc("eth_blockNumber")
    trusted = TrustedBlock(scene.rpc("eth_getBlockByNumber", number, False)["hash"])
    bob = scene.people["bob"]
    with Fork(post=carry, verify=trusted) as fork, StateManager(fork) as state:
        with pytest.raises(ProofInvalidError, match="balance"):
            state.get_balance(bob)
        assert fork.stats().verify_failures == 1
        lies = False
        assert hex(state.get_balance(bob)) == scene.rpc("eth_getBalance", bob, "latest")


def test_another_chain_than_the_expected_one(chain: Chain) -> None:
    async def program() -> None:
        with pytest.raises(WrongChainError, match="31337"), chain.open(chain_id=1) as fork:
            await value(fork.block())
        with chain.open(chain_id=31337) as fork:
            await read_all(chain, fork)
        with pytest.raises(BlockNotFoundError), chain.open(block=b"\x07" * 32) as fork:
            await value(fork.block())

    chain.run(program)


def test_prefetching_by_access_list_and_by_range(chain: Chain) -> None:
    token, bob = chain.scene.token, chain.scene.people["bob"]
    entries = [
        {"address": token, "storageKeys": [f"0x{slot:064x}" for slot in (0, 1, 39)]},
        {"address": bob, "storageKeys": []},
    ]

    async def program() -> None:
        with chain.open() as fork, chain.state(fork) as state:
            await value(fork.block())
            before = fork.stats().requests
            await value(fork.prefetch_access_list(entries, code=True))
            listed = fork.stats()
            assert (listed.slots, listed.accounts, listed.codes) == (3, 2, 1)
            assert listed.requests - before <= 4
            await value(fork.prefetch_access_list({"accessList": entries}))
            await value(fork.prefetch_access_list(json.dumps(entries), code=True))
            assert fork.stats().requests == listed.requests
            await value(fork.prefetch_range(token, 10, 31))
            ranged = fork.stats()
            assert (ranged.slots, ranged.requests - listed.requests) == (33, 1)
            await value(state.get_storage_batch((token, slot) for slot in range(10, 41)))
            assert fork.stats().requests == ranged.requests

            proofs = fork.method_stats("eth_getProof")
            assert (proofs.requests, proofs.count, proofs.failures) == (3, 3, 0)
            assert proofs.bytes_received > 1000
            assert 0 < proofs.p50_us <= proofs.max_us
            assert fork.method_stats("eth_never").requests == 0
            metrics = fork.metrics()
            methods = metrics.pop("methods")
            assert methods["eth_getProof"] == in_camel_case(vars(proofs))
            assert metrics == in_camel_case(fork.stats()._asdict())

            with pytest.raises(InvalidInputError):
                await value(fork.prefetch_access_list({"accessList": 5}))
            with pytest.raises(InvalidInputError, match="count -1"):
                await value(fork.prefetch_range(token, 0, -1))

    chain.run(program)


def test_roots_and_proofs_of_local_changes_over_the_chain(chain: Chain) -> None:
    token, root_before = chain.scene.token, chain.block["stateRoot"]

    async def program() -> None:
        with chain.open() as fork, chain.state(fork) as state:
            await value(state.get_balance(token))
            assert "0x" + (await value(state.get_state_root())).hex() == root_before
            state.set_storage(token, 0, 99)
            state.set_balance(ABSENT, 5)
            root = await value(state.get_state_root())
            assert "0x" + root.hex() != root_before
            proof = await value(state.get_proof(token, [0, 77_777]))
            assert [(slot["key"], slot["value"]) for slot in proof["storageProof"]] == [
                ("0x" + 64 * "0", "0x63"),
                (f"0x{77_777:064x}", "0x0"),
            ]
            assert proof["storageHash"] == "0x" + (await value(state.get_storage_root(token))).hex()
            verify_proof(root, proof, address=token, slots=[0, 77_777])
            with pytest.raises(ProofInvalidError):
                verify_proof(root_before, proof)
            verify_proof(root, await value(state.get_proof(ABSENT)))

    chain.run(program)


def test_proofs_of_a_local_state() -> None:
    account = b"\xaa" * 20
    with StateManager() as state:
        state.set_balance(account, 7)
        state.set_storage(account, 1, 2)
        root, proof = state.get_state_root(), state.get_proof(account, [1, 2])
        verify_proof(root, proof)
        verify_proof("0x" + root.hex(), json.dumps({"jsonrpc": "2.0", "id": 1, "result": proof}))
        # As web3.py gives it.
        verify_proof(root, {**proof, "balance": 7, "codeHash": bytes.fromhex(proof["codeHash"][2:])})
        with pytest.raises(ProofInvalidError, match="balance"):
            verify_proof(root, {**proof, "balance": "0x8"})
        with pytest.raises(ProofInvalidError, match=r"(?i)0x0*ab5e7"):
            verify_proof(root, proof, address=ABSENT)
        with pytest.raises(ProofInvalidError, match="slot"):
            verify_proof(root, proof, address=account, slots=[3])
        for bad in ("no JSON", '{"jsonrpc":"2.0","id":1}'):
            with pytest.raises(InvalidInputError):
                verify_proof(root, bad)
        with pytest.raises(InvalidInputError, match="without the address"):
            verify_proof(root, proof, slots=[1])


def test_a_header_against_its_hash(scene: Scene) -> None:
    block = scene.rpc("eth_getBlockByNumber", scene.rpc("eth_blockNumber"), False)
    root = bytes.fromhex(block["stateRoot"][2:])
    assert verify_header(block["hash"], block) == root
    assert verify_header(bytes.fromhex(block["hash"][2:]), {**block, "number": int(block["number"], 16)}) == root
    with pytest.raises(ProofInvalidError):
        verify_header(block["hash"], {**block, "gasUsed": "0x77"})


def test_log_lines_arrive(chain: Chain, caplog: pytest.LogCaptureFixture) -> None:
    lines: list[tuple[int, str]] = []

    async def program() -> None:
        log = logging.getLogger("chain").log
        with (
            chain.open(log=log, log_level=logging.DEBUG) as fork,
            chain.open(log=lambda *line: lines.append(line)) as quiet,
        ):
            await read_all(chain, fork)
            await read_all(chain, quiet)

    with caplog.at_level(logging.DEBUG, logger="chain"):
        chain.run(program)
    told = [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "chain"]
    assert any(level == logging.INFO and text.startswith("pinned to block") for level, text in told)
    assert any(level == logging.DEBUG for level, _ in told)
    # From warnings on, where nothing else is said, and none is due.
    assert lines == []


def test_a_log_that_raises_breaks_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised_: raised.append(raised_.exc_value))

    def log(level: int, text: str) -> None:
        raise LookupError(text)

    with Fork(scene.url, log=log, log_level=logging.INFO) as fork, StateManager(fork) as state:
        assert state.get_storage(scene.token, SUPPLY[0]) == SUPPLY[1]
    assert raised
    assert all(isinstance(error, LookupError) for error in raised)


def test_options_that_make_no_sense(scene: Scene) -> None:
    for options, text in (
        ({"verify": TrustedRoot("0x12")}, "state root"),
        ({"verify": TrustedBlock(), "block": "latest"}, "hash"),
        ({"offline": True}, "cache_dir or a recording"),
        ({"cache_dir": ""}, "cache_dir '' is empty"),
        ({"log_level": logging.INFO}, "log"),
        ({"log": print, "log_level": 5}, "log_level 5"),
        ({"chain_id": -1}, "chain_id -1"),
    ):
        with pytest.raises(ValueError, match=text):
            Fork(scene.url, **options)
    with pytest.raises(TypeError, match="no option 'cachedir'"):
        Fork(scene.url, cachedir="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="verify has to be"):
        Fork(scene.url, verify="off")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="log has to be a function"):
        Fork(scene.url, log=5)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="needs a url"):
        Fork(requests_per_second=5)
    with pytest.raises(InvalidInputError, match="needs a post"):
        AsyncFork()


def test_each_option_is_in_its_field() -> None:
    given: Any = {
        "max_attempts": 2,
        "max_cache_size": 3,
        "max_code_bytes": 4,
        "backoff_initial": 0.005,
        "backoff_max": 0.006,
        "max_batch": 7,
        "max_slots_per_request": 8,
        "max_response_bytes": 9,
        "max_proof_bytes": 10,
        "chain_id": 11,
        "cache_max_bytes": 12,
        "safe_depth": 13,
        "reorg_check": 0.014,
        "remember_touched": True,
        "network": "net",
        "cache_dir": Path("dir"),
        "recording": "file",
        "offline": True,
    }
    options = _fork_options.native_options(given, None)
    seconds = ("backoff_initial", "backoff_max", "reorg_check")
    found = {name: getattr(options, name + "_ms" * (name in seconds)) for name in given}
    assert list(found.values()) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 1, b"net", b"dir", b"file", 1]
    assert set(given) | {"block", "account_source", "verify", "log", "log_level"} == set(
        _fork_options.ForkOptions.__annotations__
    )


def test_a_rate_limit_holds_bodies_back(scene: Scene) -> None:
    with Fork(scene.url, requests_per_second=8, max_concurrent=1) as fork, StateManager(fork) as state:
        for slot in range(20, 32):
            state.get_storage(scene.token, slot)
        assert fork.stats().throttled > 0


def test_a_log_ends_with_all_that_may_tell_it(scene: Scene) -> None:
    before = len(_fork_log._logs)
    fork = Fork(scene.url, log=lambda level, text: None)
    state = StateManager(fork)
    fork.close()
    del fork
    assert len(_fork_log._logs) == before + 1
    state.get_balance(ABSENT)
    state.close()
    del state
    assert len(_fork_log._logs) == before
    with pytest.raises(worldstate.RpcFailedError):
        Fork("http://127.0.0.1:1", max_attempts=1, log=lambda level, text: None)
    assert len(_fork_log._logs) == before
