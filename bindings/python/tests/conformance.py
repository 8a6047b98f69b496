"""Runs the cases of bindings/conformance: README.md there says what they mean. The same code drives the blocking and the
asyncio classes; what it does not know, it refuses."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any, Callable, Optional

import worldstate
from worldstate import PrecompileResult, PrecompileStatus, WorldstateError

DATA = Path(os.environ.get("WORLDSTATE_CONFORMANCE") or Path(__file__).resolve().parents[2] / "conformance")


def cases() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(DATA.glob("*.json")):
        file = json.loads(path.read_text())
        assert set(file) == {"name", "cases"}, path
        found += [(f"{file['name']}: {case['name']}", case) for case in file["cases"]]
    return found


def word(value: int) -> str:
    return f"0x{value:064x}"


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


class Node:
    """Answers requests with the replies of a case."""

    def __init__(self, replies: list[dict[str, Any]]) -> None:
        self.replies = list(replies)

    def __call__(self, body: bytes) -> bytes:
        given = json.loads(body)
        answers = [self._answer(request) for request in (given if isinstance(given, list) else [given])]
        return json.dumps(answers if isinstance(given, list) else answers[0]).encode()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        fitting = [r for r in self.replies if (r["method"], r["params"]) == (request["method"], request["params"])]
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        if not fitting:
            return {**answer, "error": {"code": -32601, "message": "no such reply"}}
        if len(fitting) > 1:
            # By identity: equal ones may be there.
            self.replies = [r for r in self.replies if r is not fitting[0]]
        return {**answer, **{key: fitting[0][key] for key in ("result", "error") if key in fitting[0]}}


class CaseStore:
    """The store of a step, which keeps what it was asked."""

    def __init__(self, data: dict[str, Any]) -> None:
        assert set(data) <= {"accounts", "blockHashes", "precompiles", "fails"}, data
        self.data = data
        self.asked: set[str] = set()

    def _account(self, question: str, address: str, field: str) -> Any:
        self.asked.add(question)
        if "fails" in self.data:
            raise RuntimeError(self.data["fails"])
        return self.data.get("accounts", {}).get(address, {}).get(field)

    def storage(self, address: str, slot: int) -> Any:
        return (self._account(f"storage {address} {word(slot)}", address, "storage") or {}).get(word(slot))

    def balance(self, address: str) -> Any:
        return self._account(f"balance {address}", address, "balance")

    def code(self, address: str) -> Any:
        return self._account(f"code {address}", address, "code")

    def nonce(self, address: str) -> Any:
        return self._account(f"nonce {address}", address, "nonce")

    def block_hash(self, number: int) -> Any:
        self._account(f"blockHash {number}", "", "")
        return self.data["blockHashes"][str(number)]

    def precompile(self, call: worldstate.PrecompileCall) -> PrecompileResult:
        self._account(f"precompile {call.address}", "", "")
        given = self.data["precompiles"][call.address]
        return PrecompileResult(PrecompileStatus[given["status"].upper()], int(given["gasUsed"], 16), given["output"])


def awaited(store: CaseStore) -> Any:
    """The same store with methods that are awaited."""

    class Awaited:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            async def method(*arguments: Any) -> Any:
                return getattr(store, name)(*arguments)

            return method

    return Awaited()


FORK_OPTIONS = {
    "block": "block",
    "accountSource": "account_source",
    "maxAttempts": "max_attempts",
    "maxBatch": "max_batch",
    "maxCacheSize": "max_cache_size",
    "maxSlotsPerRequest": "max_slots_per_request",
    "chainId": "chain_id",
    "verify": "verify",
}
TRUSTED = {"blockHash": worldstate.TrustedBlock, "stateRoot": worldstate.TrustedRoot}
EVM_OPTIONS = {
    "hardfork": "hardfork",
    "chainId": "chain_id",
    "gasCap": "gas_cap",
    "cacheSize": "cache_size",
    "precompiles": "precompiles",
    "askHost": "ask_host",
    "noBalanceCheck": "no_balance_check",
    "noNonceCheck": "no_nonce_check",
    "noBaseFeeCheck": "no_base_fee_check",
    "noCodeSizeLimit": "no_code_size_limit",
    "noBlockGasLimit": "no_block_gas_limit",
    "noSenderCodeCheck": "no_sender_code_check",
    "noFee": "no_fee",
}
MESSAGE = {
    "caller": "caller",
    "origin": "origin",
    "to": "to",
    "code": "code",
    "value": "value",
    "input": "input",
    "gas": "gas",
    "gasPrice": "gas_price",
    "isStatic": "is_static",
}


class Runner:
    """One case over the classes of one kind."""

    def __init__(self, case: dict[str, Any], asynchronous: bool) -> None:
        assert set(case) <= {"name", "note", "fork", "steps"}, case
        self.asynchronous = asynchronous
        self.steps = case["steps"]
        self.snapshots: dict[str, int] = {}
        self.fork: Any = None
        if "fork" in case:
            assert set(case["fork"]) <= {"options", "replies"}
            options = {FORK_OPTIONS[key]: value for key, value in case["fork"].get("options", {}).items()}
            if "verify" in options:
                ((kind, trusted),) = options["verify"].items()
                options["verify"] = TRUSTED[kind](trusted)
            node = Node(case["fork"]["replies"])

            async def post(body: bytes) -> bytes:
                return node(body)

            quick = {"backoff_initial": 0.001, "backoff_max": 0.001, **options}
            self.fork = worldstate.AsyncFork(post, **quick) if asynchronous else worldstate.Fork(post=node, **quick)
        self.state: Any = (
            worldstate.AsyncStateManager(self.fork) if asynchronous else worldstate.StateManager(self.fork)
        )

    async def run(self) -> None:
        for number, step in enumerate(self.steps):
            await self._step(f"step {number}: {json.dumps(step)[:300]}", dict(step))
        self.state.close()

    async def _step(self, name: str, step: dict[str, Any]) -> None:
        step.pop("note", None)
        outcome = {key: step.pop(key) for key in ("expect", "error", "text") if key in step}
        operation = getattr(self, "do_" + step.pop("do"))
        failure: Optional[WorldstateError] = None
        found: Any = None
        try:
            found = operation(**step)
            if inspect.isawaitable(found):
                found = await found
        except WorldstateError as error:
            failure = error
        if "error" in outcome:
            assert failure is not None, f"{name}: succeeded with {found}"
            assert failure.name == "STATE_MANAGER_ERROR_" + outcome["error"], f"{name}: {failure!r}"
            assert outcome.get("text", "") in str(failure), f"{name}: {failure}"
            return
        assert failure is None, f"{name}: {failure!r}"
        if "expect" in outcome:
            if isinstance(found, dict) and "gasUsed" in found and isinstance(outcome["expect"], dict):
                assert set(outcome["expect"]) <= set(found), name
                found = {key: found[key] for key in outcome["expect"]}
            assert found == outcome["expect"], f"{name}: {found}"

    async def _value(self, found: Any) -> Any:
        return await found if inspect.isawaitable(found) else found

    # Values.

    async def do_getBalance(self, address: str) -> str:
        return hex(await self._value(self.state.get_balance(address)))

    async def do_getNonce(self, address: str) -> str:
        return hex(await self._value(self.state.get_nonce(address)))

    async def do_getStorage(self, address: str, slot: str) -> str:
        value = await self._value(self.state.get_storage(address, slot))
        assert await self._value(self.state.get_storage_bytes(address, slot)) == value.to_bytes(32, "big")
        return word(value)

    async def do_getCode(self, address: str) -> str:
        return hexed(await self._value(self.state.get_code(address)))

    async def do_getCodeHash(self, address: str) -> str:
        return hexed(await self._value(self.state.get_code_hash(address)))

    async def do_getAccountStatus(self, address: str) -> str:
        return str((await self._value(self.state.get_account_status(address))).name.lower())

    async def do_getStorageRoot(self, address: str) -> str:
        return hexed(await self._value(self.state.get_storage_root(address)))

    async def do_getStateRoot(self) -> str:
        return hexed(await self._value(self.state.get_state_root()))

    async def do_getProof(self, address: str, slots: list[str]) -> Any:
        return await self._value(self.state.get_proof(address, slots))

    async def do_getBlockHash(self, number: int) -> str:
        return hexed(await self._value(self.state.get_block_hash(number)))

    def do_setBalance(self, address: str, balance: str) -> None:
        self.state.set_balance(address, balance)

    def do_setNonce(self, address: str, nonce: str) -> None:
        self.state.set_nonce(address, nonce)

    def do_setCode(self, address: str, code: str) -> None:
        self.state.set_code(address, code)

    def do_setStorage(self, address: str, slot: str, value: str) -> None:
        self.state.set_storage(address, slot, value)

    def do_deleteAccount(self, address: str) -> None:
        self.state.delete_account(address)

    def do_clearStorage(self, address: str) -> None:
        self.state.clear_storage(address)

    async def do_getStorageBatch(self, keys: list[list[str]]) -> list[str]:
        return [word(value) for value in await self._value(self.state.get_storage_batch(keys))]

    def do_setStorageBatch(self, entries: list[list[str]]) -> None:
        self.state.set_storage_batch(entries)

    async def do_getAccounts(self, addresses: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "balance": hex(account.balance),
                "nonce": hex(account.nonce),
                "codeHash": hexed(account.code_hash),
                "status": account.status.name.lower(),
            }
            for account in await self._value(self.state.get_accounts(addresses))
        ]

    def do_setAccounts(self, accounts: list[dict[str, Any]]) -> None:
        self.state.set_accounts([worldstate.AccountUpdate(**account) for account in accounts])

    # Going back.

    def do_checkpoint(self) -> None:
        self.state.checkpoint()

    def do_revert(self) -> None:
        self.state.revert()

    def do_commit(self) -> None:
        self.state.commit()

    def do_getCheckpointDepth(self) -> int:
        return int(self.state.checkpoint_depth)

    def do_snapshot(self, **given: str) -> None:
        (name,) = (given.pop("as"),)
        assert not given
        self.snapshots[name] = self.state.snapshot()

    def do_revertToSnapshot(self, snapshot: str) -> None:
        self.state.revert_to_snapshot(self.snapshots[snapshot])

    def do_deleteSnapshot(self, snapshot: str) -> None:
        self.state.delete_snapshot(self.snapshots[snapshot])

    async def do_getChanges(self, snapshot: Optional[str] = None) -> Any:
        return await self._value(self.state.changes(None if snapshot is None else self.snapshots[snapshot]))

    # The state as a whole.

    async def do_dump(self, format: str = "genesis") -> Any:
        return await self._value(self.state.dump(format))

    def do_load(self, state: Any) -> None:
        self.state.load(state if isinstance(state, dict) else json.dumps(state))

    def do_listAccounts(self) -> list[str]:
        return list(self.state.accounts())

    def do_listStorage(self, address: str) -> dict[str, str]:
        return {word(slot): word(value) for slot, value in self.state.storage(address)}

    def do_reset(self) -> None:
        self.state.reset()

    def do_clearCaches(self) -> None:
        self.state.clear_caches()

    def do_clearForkCache(self) -> None:
        self.state.clear_fork_cache()

    # Executions.

    async def do_execute(
        self,
        evm: Optional[dict[str, Any]] = None,
        transaction: Any = None,
        raw: Optional[str] = None,
        message: Optional[dict[str, Any]] = None,
        store: Optional[dict[str, Any]] = None,
        commit: str = "commit",
    ) -> dict[str, Any]:
        options = dict(evm or {})
        block, hashes = options.pop("block", None), options.pop("blockHashes", {})
        state_overrides, block_overrides = options.pop("stateOverrides", None), options.pop("blockOverrides", None)
        run_ahead = {"accessList": "access-list"}.get(options.get("runAhead", "off"), options.pop("runAhead", "off"))
        chosen = {EVM_OPTIONS[key]: value for key, value in options.items()}
        case_store = None if store is None else CaseStore(store)
        given = awaited(case_store) if case_store is not None and self.asynchronous else case_store
        kind: Any = worldstate.AsyncEvm if self.asynchronous else worldstate.Evm
        with kind(self.state, store=given, run_ahead=run_ahead, **chosen) as executor:
            if block is not None:
                executor.set_block(block)
            for number, block_hash in hashes.items():
                executor.set_block_hash(int(number), block_hash)
            if state_overrides is not None:
                executor.set_state_overrides(state_overrides)
            if block_overrides is not None:
                executor.set_block_overrides(block_overrides)
            (what,) = [given for given in (transaction, raw, message and _message(message)) if given is not None]
            how = {"commit": True, "discard": False, "checkpoint": "checkpoint"}[commit]
            result = await self._value(executor.execute(what, commit=how))
            return {
                "status": result.status.value,
                "gasUsed": hex(result.gas_used),
                "gasRefunded": hex(result.gas_refunded),
                "output": hexed(result.output),
                "created": result.created,
                "logs": [
                    {"address": log.address, "topics": [hexed(topic) for topic in log.topics], "data": hexed(log.data)}
                    for log in result.logs
                ],
                "failure": result.failure,
                "changes": executor.changes(),
                "accessList": executor.access_list(),
                "prestate": executor.prestate(),
                "asked": sorted(case_store.asked) if case_store else [],
            }


def _message(given: dict[str, Any]) -> worldstate.Message:
    fields = {MESSAGE[key]: value for key, value in given.items()}
    for number in ("gas", "gas_price"):
        if number in fields:
            fields[number] = int(fields[number], 16)
    return worldstate.Message(**{"gas": 0, **fields})
