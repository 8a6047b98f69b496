// Executions over a store in JavaScript, and step by step.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeRequest,
  Evm,
  ExecutionError,
  InvalidHandleError,
  InvalidInputError,
  InvalidStateError,
  StateManager,
} from "worldstate";

const CALLER = "0x00000000000000000000000000000000000a11ce";
const CONTRACT = "0x000000000000000000000000000000000000ffee";
const HASH = `0x${"ab".repeat(32)}`;
const word = (value) => `0x${BigInt(value).toString(16).padStart(64, "0")}`;
// Slot 0 + slot 1 + the balance of the caller + the hash of block 7; stored in slot 2 and returned.
const SUM = "0x5f546001540133310160074001806002555f5260205ff3";

function storeOf(changed = {}) {
  const asked = [];
  const store = {
    getStorage: async (address, slot) => (
      asked.push(`storage ${address} ${BigInt(slot)}`),
      BigInt(slot) === 0n ? 10n : word(20)
    ),
    getBalance: async (address) => (asked.push(`balance ${address}`), address === CALLER ? 7n : 0n),
    getCode: async (address) => (asked.push(`code ${address}`), address === CONTRACT ? SUM : "0x"),
    getNonce: async (address) => (asked.push(`nonce ${address}`), address === CONTRACT ? 1n : 0n),
    getBlockHash: async (number) => (asked.push(`hash ${number}`), HASH),
    ...changed,
  };
  return { store, asked };
}

function executorOf(state, store, options = {}) {
  const evm = new Evm(state, { ...(store ? { stateInterface: store } : {}), ...options });
  evm.setBlock({ number: 100n, timestamp: 1n, gasLimit: 30_000_000n });
  evm.setMessage({ caller: CALLER, to: CONTRACT, gas: 200_000n });
  return evm;
}

const EXPECTED = word(37n + BigInt(HASH));

// Every test gets a state of its own, closed at the end.
async function withState(body) {
  const state = new StateManager();
  try {
    await body(state);
  } finally {
    state.close();
  }
}

const within = (name, body) => test(name, () => withState(body));

for (const runAhead of ["off", "on"]) {
  within(`answers whatever is asked, run-ahead ${runAhead}`, async (state) => {
    const { store, asked } = storeOf();
    let committed;
    const evm = executorOf(
      state,
      { ...store, commitChanges: async (changes) => void (committed = changes) },
      { runAhead },
    );
    const result = await evm.execute();
    assert.equal(result.status, "success");
    assert.equal(result.output, EXPECTED);
    assert.equal(asked.length, new Set(asked).size, "each thing is asked once");
    assert(asked.includes(`hash 7`));
    assert.equal(await state.getStorage(CONTRACT, 2n), EXPECTED);
    assert.equal(committed.storage[0].newValue, EXPECTED);
    assert.equal(evm.getStats().needed > 0, true);
    evm.close();
  });
}

within("batch forms are asked in place of single ones, all at the same time", async (state) => {
  const batches = [];
  const { store, asked } = storeOf();
  let open = 0;
  let most = 0;
  const together = async (name, values) => {
    batches.push(name);
    most = Math.max(most, ++open);
    await new Promise((tick) => setTimeout(tick, 5));
    open--;
    return values;
  };
  const evm = executorOf(
    state,
    {
      ...store,
      getStorageBatch: (keys) =>
        together(
          "storage",
          keys.map(({ slot }) => (BigInt(slot) === 0n ? 10n : 20n)),
        ),
      getBalanceBatch: (addresses) =>
        together(
          "balance",
          addresses.map((address) => (address === CALLER ? 7n : 0n)),
        ),
      getCodeBatch: (addresses) =>
        together(
          "code",
          addresses.map((address) => (address === CONTRACT ? SUM : "0x")),
        ),
      getNonceBatch: (addresses) =>
        together(
          "nonce",
          addresses.map((address) => (address === CONTRACT ? 1n : 0n)),
        ),
    },
    { runAhead: "on" },
  );
  assert.equal((await evm.execute()).output, EXPECTED);
  assert(batches.includes("storage") && most > 1, `${batches}; ${most} at the same time`);
  assert.deepEqual(asked, ["hash 7"]);
  evm.close();
});

within("a batch form that returns too little is an error", async (state) => {
  const evm = executorOf(state, storeOf({ getBalanceBatch: async () => [] }).store);
  await assert.rejects(evm.execute(), {
    name: "STATE_MANAGER_ERROR_EXECUTION",
    message: /getBalanceBatch has not returned \d values/,
  });
  evm.close();
});

for (const method of ["getStorage", "getBalance", "getCode", "getNonce", "getBlockHash", "commitChanges"]) {
  within(`${method} throws: the text is kept, nothing is written, the state goes on`, async (state) => {
    const { store } = storeOf();
    await state.setBalance("0x0000000000000000000000000000000000000b0b", 5n);
    const before = await state.getStateRoot();
    const cause = new Error(`no ${method} today`);
    let fails = true;
    const failing = {
      ...store,
      [method]: async (...values) => (fails ? Promise.reject(cause) : store[method]?.(...values)),
    };
    const evm = executorOf(state, failing);
    const error = await evm.execute().then(assert.fail, (error) => error);
    assert(error instanceof ExecutionError);
    assert.equal(error.message, `no ${method} today`);
    assert.equal(error.cause, cause);
    assert.equal(evm.active, false);
    assert.equal(await state.getStateRoot(), before);
    fails = false;
    assert.equal((await evm.execute()).output, EXPECTED, "the same executor goes on");
    evm.close();
  });
}

within("a store that throws no error, or not in a promise", async (state) => {
  const evm = executorOf(
    state,
    storeOf({
      getCode: () => {
        throw "plain text";
      },
    }).store,
  );
  await assert.rejects(evm.execute(), { message: "plain text" });
  evm.close();
});

within("an answer that is none fails the execution and says why", async (state) => {
  for (const [changed, text] of [
    [{ getBalance: async () => -1n }, /balance -1 is not in the range of 256 bits/],
    [{ getStorage: async () => "0xzz" }, /value "0xzz" is not hexadecimal/],
    [{ getCode: async () => "0x123" }, /code "0x123" has an odd number of digits/],
    [{ getNonce: async () => 2n ** 64n }, /nonce 18446744073709551616 is not in the range of 64 bits/],
    [{ getNonce: async () => undefined }, /nonce: a bigint or number is wanted/],
    [{ getBlockHash: async () => "0x12" }, /block hash "0x12" has 2 digits instead of 64/],
  ]) {
    const evm = executorOf(state, storeOf(changed).store);
    await assert.rejects(evm.execute(), { message: text });
    assert.equal(evm.active, false);
    evm.close();
  }
});

within("without a store and a need: the exact text", async (state) => {
  const evm = executorOf(state, undefined, { askHost: true });
  await assert.rejects(evm.execute(), (error) => {
    assert(error instanceof ExecutionError);
    assert.equal(error.message, "Async request but no stateInterface provided");
    return true;
  });
  assert.equal(evm.active, false);
  evm.close();
});

within("a store without getBlockHash or callPrecompile says so", async (state) => {
  const { store } = storeOf();
  delete store.getBlockHash;
  const evm = executorOf(state, store);
  await assert.rejects(evm.execute(), /the hash of block 7 is needed, but the stateInterface has no getBlockHash/);
  evm.close();
  const other = executorOf(state, store, { precompiles: ["0x0000000000000000000000000000000000000999"] });
  other.setMessage({ to: "0x0000000000000000000000000000000000000999", gas: 1000n });
  await assert.rejects(other.execute(), /the stateInterface has no callPrecompile/);
  other.close();
});

within("without a store and no need, absent is zero", async (state) => {
  const evm = new Evm(state);
  evm.setMessage({ to: CONTRACT, code: "0x5f545f5260205ff3", gas: 100_000n });
  assert.equal((await evm.execute()).output, word(0));
  assert.equal(evm.executeSync().status, "success");
  evm.close();
});

test("an output type that is none", () => {
  const bytes = new Uint8Array(53);
  bytes[0] = 9;
  assert.throws(() => decodeRequest(bytes), {
    name: "STATE_MANAGER_ERROR_EXECUTION",
    message: "Unknown output type: 9",
  });
});

within("discard, checkpoint, commit", async (state) => {
  const evm = new Evm(state);
  await state.setCode(CONTRACT, "0x600160015500");
  evm.setMessage({ to: CONTRACT, gas: 100_000n });
  await evm.execute({ commit: "discard" });
  assert.equal(await state.getStorageBigInt(CONTRACT, 1n), 0n);
  await evm.execute({ commit: "checkpoint" });
  assert.equal(await state.getStorageBigInt(CONTRACT, 1n), 1n);
  assert.equal(await state.getCheckpointDepth(), 1);
  await state.revert();
  assert.equal(await state.getStorageBigInt(CONTRACT, 1n), 0n);
  await evm.execute();
  assert.equal(await state.getStorageBigInt(CONTRACT, 1n), 1n);
  await assert.rejects(evm.execute({ commit: "never" }), /commit "never" is not/);
  evm.close();
});

within("one execution at a time, and a failed second one does not end the first", async (state) => {
  const { store } = storeOf();
  const evm = executorOf(state, store);
  const first = evm.execute();
  await assert.rejects(evm.execute(), InvalidStateError);
  assert.equal((await first).output, EXPECTED);
  evm.start();
  await assert.rejects(evm.execute(), InvalidStateError);
  assert.equal(evm.active, true, "what was begun by hand is not given up");
  evm.abort();
  assert.equal(evm.active, false);
  evm.close();
});

within("a state that is written to, or closed, while the execution waits", async (state) => {
  const evm = executorOf(state, storeOf({ getCode: async () => (await state.setBalance(CALLER, 1n), "0x") }).store);
  await assert.rejects(evm.execute(), InvalidStateError);
  assert.equal(evm.active, false);
  evm.close();
  const other = new StateManager();
  const closes = executorOf(other, storeOf({ getCode: async () => (other.close(), "0x") }).store);
  await assert.rejects(closes.execute(), InvalidHandleError);
  closes.close();
  const itself = executorOf(state, storeOf({ getNonce: async () => (itself.close(), 0n) }).store);
  await assert.rejects(itself.execute(), InvalidHandleError);
});

within("step by step", async (state) => {
  const evm = executorOf(state, undefined, { askHost: true });
  const { store } = storeOf();
  let request = evm.start();
  let questions = 0;
  for (; request.type !== "readyToCommit"; questions++) {
    assert.deepEqual(evm.pending()[0], request);
    if (request.type === "storage") {
      assert.equal(evm.getFrames().length, 1);
      request = evm.continueWith(request, await store.getStorage(request.address, request.slot));
    } else if (request.type === "blockHash") request = evm.continueWith(request, HASH);
    else if (request.type === "balance") {
      assert.throws(() => evm.fail("later"), { name: "STATE_MANAGER_ERROR_EXECUTION", message: /later/ });
      evm.answer(request, await store.getBalance(request.address));
      request = evm.resume();
    } else if (request.type === "code") request = evm.continueWith(request, await store.getCode(request.address));
    else request = evm.continueWith(request, await store.getNonce(request.address));
  }
  assert.equal(questions > 5, true);
  assert.throws(() => evm.answer({ type: "balance", address: CALLER }, 1n), {
    name: "STATE_MANAGER_ERROR_NO_PENDING_REQUEST",
  });
  assert.equal(evm.getStateChanges().storage.length, 1);
  evm.commit();
  assert.equal(evm.getResult().output, EXPECTED);
  assert.equal(JSON.parse(evm.getResultJson()).output, EXPECTED);
  assert.equal(await state.getStorage(CONTRACT, 2n), EXPECTED);
  evm.close();
});

within("a precompiled contract of the host", async (state) => {
  const address = "0x0000000000000000000000000000000000000999";
  let seen;
  const { store } = storeOf({
    callPrecompile: async (call) => ((seen = call), { status: "success", gasUsed: 100n, output: "0xbeef" }),
  });
  const evm = executorOf(state, store, { precompiles: [address], askHost: false });
  evm.setMessage({ caller: CALLER, to: address, input: "0x1234", gas: 5000n });
  const result = await evm.execute();
  assert.equal(result.output, "0xbeef");
  assert.equal(result.gasUsed, 100n);
  assert.deepEqual(seen, { address, caller: CALLER, value: 0n, gas: 5000n, input: "0x1234", isStatic: false });
  evm.close();
});

within("logs, creations, reverts, halts", async (state) => {
  const evm = new Evm(state);
  const run = async (message) => (evm.setMessage({ gas: 100_000n, ...message }), evm.execute());
  // LOG2 with 3 bytes of data.
  const logged = await run({ to: CONTRACT, code: "0x62abcdef5f526002600160036" + "01da200" });
  assert.deepEqual(logged.logs, [{ address: CONTRACT, topics: [word(1), word(2)], data: "0xabcdef" }]);
  const made = await run({ caller: CALLER, input: "0x60fe5f5360015ff3" });
  assert.match(made.created, /^0x[0-9a-f]{40}$/);
  assert.equal(await state.getCode(made.created), "0xfe");
  const reason = "08c379a0" + word(32).slice(2) + word(2).slice(2) + "6e6f".padEnd(64, "0");
  const reverted = await run({ to: CONTRACT, code: `0x6064600c60003960645ffd${"00"}${reason}` });
  assert.equal(reverted.status, "revert");
  assert.match(reverted.failure, /no/);
  assert.equal((await run({ to: CONTRACT, code: "0xfe" })).status, "halt");
  assert.equal((await run({ to: CONTRACT, code: "0x" })).gasUsed, 0n, "no code is not the code of the account");
  evm.close();
});

within("a long log, and hundreds of questions at once", async (state) => {
  const evm = new Evm(state);
  evm.setMessage({ to: CONTRACT, code: "0x6127105fa0", gas: 1_000_000n });
  const { logs } = await evm.execute();
  assert.equal(logs[0].data.length, 2 + 2 * 10_000);
  evm.close();
  const code = `0x${Array.from({ length: 400 }, (_, i) => `61${i.toString(16).padStart(4, "0")}5450`).join("")}`;
  const batches = [];
  const many = new Evm(state, {
    runAhead: "on",
    stateInterface: {
      ...storeOf().store,
      getStorageBatch: async (keys) => (batches.push(keys.length), keys.map(() => 1n)),
    },
  });
  many.setMessage({ to: CONTRACT, code, gas: 2_000_000n });
  assert.equal((await many.execute()).status, "success");
  assert(Math.max(...batches) > 64, `${batches}`);
  assert.equal(
    batches.reduce((sum, count) => sum + count),
    400,
  );
  many.close();
});

within("overrides, access list, prestate, trace", async (state) => {
  await state.setCode(CONTRACT, "0x5f545f5260205ff3");
  await state.setStorage(CONTRACT, 0n, 5n);
  const evm = new Evm(state, { chainId: 1n });
  evm.setTransaction({ from: CALLER, to: CONTRACT, gas: 100_000n });
  evm.setTrace({ format: "eip3155" });
  assert.equal((await evm.execute()).output, word(5));
  const lines = evm
    .getTrace()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(lines[0].opName ?? lines[0].op, lines[0].opName ? "PUSH0" : 0x5f);
  assert.equal(evm.getTrace(), "", "it was taken");
  assert.deepEqual(evm.getAccessList(), [{ address: CONTRACT, storageKeys: [word(0)] }]);
  assert.equal(evm.getPrestate()[CONTRACT].storage[word(0)], word(5));
  evm.setTrace({ format: "off" });
  evm.setStateOverrides({ [CONTRACT]: { stateDiff: { [word(0)]: word(9) } } });
  assert.equal((await evm.execute()).output, word(9));
  assert.equal(await state.getStorageBigInt(CONTRACT, 0n), 5n);
  evm.setStateOverrides(null);
  evm.setBlockOverrides({ number: 77n });
  evm.setMessage({ to: CONTRACT, code: "0x435f5260205ff3", gas: 1000n });
  assert.equal((await evm.execute()).output, word(77));
  evm.setBlockOverrides(null);
  evm.close();
});

within("refused inputs", async (state) => {
  assert.throws(() => new Evm(state, { hardfork: "nonesuch" }), {
    name: "STATE_MANAGER_ERROR_INVALID_INPUT",
    message: /nonesuch/,
  });
  assert.throws(() => new Evm(state, { hardFork: "cancun" }), /there is no option "hardFork"/);
  assert.throws(() => new Evm(state, { runAhead: "yes" }), /runAhead "yes" is not known/);
  const evm = new Evm(state);
  assert.throws(() => evm.setRawTransaction("0x02c0"), { code: -1 });
  assert.throws(() => evm.setTransaction("not json"), InvalidInputError);
  assert.throws(() => evm.setMessage({ to: CONTRACT, gas: -1n }), /gas -1 is not in the range of 64 bits/);
  assert.throws(() => evm.getResult(), InvalidStateError);
  await assert.rejects(evm.execute(), InvalidStateError);
  evm.close();
  assert.throws(() => evm.getResult(), InvalidHandleError);
  const closed = new StateManager();
  closed.close();
  assert.throws(() => new Evm(closed), InvalidHandleError);
});
