// Forks over providers of every kind, on a real node.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { JsonRpcProvider } from "ethers";
import { createPublicClient, custom, http } from "viem";
import {
  Evm,
  ForkBackend,
  InvalidHandleError,
  RpcClientAdapter,
  RpcFailedError,
  RpcPendingError,
  StateManager,
} from "worldstate";
import { call, RICH, startAnvil } from "./support/anvil.js";
import { startServer } from "./support/faulty_server.js";

const CONTRACT = "0x00000000000000000000000000000000000c0de0";
const word = (value) => `0x${BigInt(value).toString(16).padStart(64, "0")}`;
// Returns its slot 7.
const CODE = "0x6007545f5260205ff3";
let anvil;

before(async () => {
  anvil = await startAnvil();
  await anvil.rpc("anvil_setCode", CONTRACT, CODE);
  await anvil.rpc("anvil_setNonce", CONTRACT, "0x5");
  for (let slot = 0; slot < 40; slot++) await anvil.rpc("anvil_setStorageAt", CONTRACT, word(slot), word(slot * slot));
  await anvil.rpc("anvil_mine", "0x3");
});
after(() => anvil.stop());

async function readsTheChain(fork) {
  const state = new StateManager({ fork });
  assert.equal(await state.getBalance(RICH), 10n ** 22n);
  assert.equal(await state.getStorage(CONTRACT, 6n), word(36));
  assert.equal(await state.getCode(CONTRACT), CODE);
  assert.equal(await state.getNonce(CONTRACT), 5n);
  // What was written here comes first, and comes back to the chain's.
  await state.checkpoint();
  await state.setStorage(CONTRACT, 6n, 1n);
  assert.equal(await state.getStorageBigInt(CONTRACT, 6n), 1n);
  await state.revert();
  assert.equal(await state.getStorageBigInt(CONTRACT, 6n), 36n);
  const evm = new Evm(state, { chainId: 31337n, runAhead: "on" });
  evm.setTransaction({ from: RICH, to: CONTRACT });
  const result = await evm.execute({ commit: "discard" });
  assert.equal(result.output, word(49));
  evm.close();
  state.close();
  fork.close();
}

async function isPinned(fork) {
  const { chainId, number, hash } = await fork.getBlock();
  assert.equal(chainId, 31337n);
  const block = await call(anvil.url, "eth_getBlockByNumber", [`0x${number.toString(16)}`, false]);
  assert.equal(hash, block.hash);
}

test("viem's client", async () => {
  const fork = ForkBackend.provider(createPublicClient({ transport: http(anvil.url) }));
  await isPinned(fork);
  await readsTheChain(fork);
});

test("viem's custom transport over an adapter", async () => {
  const client = createPublicClient({ transport: custom(new RpcClientAdapter(anvil.url)) });
  await readsTheChain(ForkBackend.provider(client));
});

test("ethers", async () => {
  const provider = new JsonRpcProvider(anvil.url);
  const fork = ForkBackend.provider(provider);
  await isPinned(fork);
  await readsTheChain(fork);
  provider.destroy();
});

test("plain fetch in a function", async () => {
  const fork = ForkBackend.provider(({ method, params }) => call(anvil.url, method, params));
  await isPinned(fork);
  await readsTheChain(fork);
});

test("an adapter over fetch", async () => {
  const fork = ForkBackend.provider(new RpcClientAdapter(anvil.url));
  await isPinned(fork);
  await readsTheChain(fork);
});

test("an adapter over another provider", async () => {
  await readsTheChain(
    ForkBackend.provider(new RpcClientAdapter({ request: ({ method, params }) => call(anvil.url, method, params) })),
  );
});

test("not pinned, a request at a time", async () => {
  const methods = new Set();
  const fork = ForkBackend.unpinned(({ method, params }) => {
    methods.add(method);
    return call(anvil.url, method, params);
  });
  await readsTheChain(fork);
  assert.deepEqual([...methods].sort(), ["eth_getCode", "eth_getProof"]);
});

test("the built-in HTTP", async () => {
  const fork = ForkBackend.http(anvil.url);
  await isPinned(fork);
  const state = new StateManager({ fork });
  assert.equal(state.getStorageBigIntSync(CONTRACT, 5n), 25n);
  fork.prefetchSync([{ address: CONTRACT, slots: Array.from({ length: 40 }, (_, i) => BigInt(i)) }], { code: true });
  const before = fork.stats();
  assert.equal(state.getStorageBigIntSync(CONTRACT, 39n), 39n * 39n);
  assert.equal(fork.stats().requests, before.requests);
  assert.equal(before.slots, 40);
  state.clearForkCacheSync();
  assert.equal(fork.stats().slots, 0);
  state.close();
  await readsTheChain(fork);
});

test("a node out of reach, over HTTP", () => {
  assert.throws(
    () => ForkBackend.http("http://127.0.0.1:1", { maxAttempts: 1 }),
    (error) => {
      assert(error instanceof RpcFailedError);
      assert.match(error.message, /eth_chainId from http:\/\/127\.0\.0\.1:1: Connection refused/);
      return true;
    },
  );
});

test("1,000 reads at the same time share few bodies", async () => {
  const adapter = new RpcClientAdapter(anvil.url);
  const fork = ForkBackend.provider(adapter);
  await fork.getBlock();
  const states = [new StateManager({ fork }), new StateManager({ fork })];
  const before = fork.stats();
  const slots = Array.from({ length: 1000 }, (_, i) => BigInt(i % 500));
  const values = await Promise.all(slots.map((slot, i) => states[i % 2].getStorageBigInt(CONTRACT, slot)));
  values.forEach((value, i) => assert.equal(value, slots[i] < 40n ? slots[i] * slots[i] : 0n));
  const { bodies, misses, pending } = fork.stats();
  assert(bodies - before.bodies <= 10, `${bodies - before.bodies} bodies`);
  assert(misses - before.misses <= 502, `${misses - before.misses} misses`);
  assert.equal(pending, 0);
  for (const state of states) state.close();
  fork.close();
});

test("a slow read starves no other", async () => {
  let release;
  const slow = new Promise((done) => (release = done));
  const fork = ForkBackend.provider(async ({ method, params }) => {
    if (JSON.stringify(params).toLowerCase().includes(RICH)) await slow;
    return call(anvil.url, method, params);
  });
  const state = new StateManager({ fork });
  let done = false;
  const late = state.getBalance(RICH).then((value) => ((done = true), value));
  await new Promise((tick) => setTimeout(tick, 50));
  assert.equal(await state.getStorageBigInt(CONTRACT, 3n), 9n);
  assert.equal(await state.getNonce(CONTRACT), 5n);
  assert.equal(done, false);
  release();
  assert.equal(await late, 10n ** 22n);
  state.close();
  fork.close();
});

test("what a provider throws is the read's failure, and the next read asks again", async () => {
  let fails = false;
  const fork = ForkBackend.provider(async ({ method, params }) => {
    if (fails) throw new Error("the cable is out");
    return call(anvil.url, method, params);
  });
  const state = new StateManager({ fork });
  await state.getBalance(RICH);
  fails = true;
  const reads = await Promise.allSettled([state.getStorage(CONTRACT, 1n), state.getNonce(CONTRACT)]);
  for (const { reason } of reads) {
    assert(reason instanceof RpcFailedError, String(reason));
    assert.match(reason.message, /the cable is out/);
  }
  fails = false;
  assert.equal(await state.getStorageBigInt(CONTRACT, 1n), 1n);
  assert.equal(await state.getNonce(CONTRACT), 5n);
  state.close();
  fork.close();
});

test("a carrier that throws, and one that answers no JSON", async () => {
  let answer = () => Promise.reject(new Error("no route"));
  const adapter = new RpcClientAdapter(anvil.url);
  const fork = ForkBackend.provider({ request: adapter.request, post: (body) => answer(body) });
  const state = new StateManager({ fork });
  await assert.rejects(state.getBalance(RICH), { name: "STATE_MANAGER_ERROR_RPC_FAILED", message: /no route/ });
  answer = async () => "<html>";
  await assert.rejects(state.getBalance(RICH), { name: "STATE_MANAGER_ERROR_RPC_FAILED", message: /JSON/ });
  answer = async (body) => body.replaceAll('"method"', '"result"');
  await assert.rejects(state.getBalance(RICH), { name: "STATE_MANAGER_ERROR_RPC_FAILED" });
  answer = (body) => adapter.post(body);
  assert.equal(await state.getBalance(RICH), 10n ** 22n);
  state.close();
  fork.close();
});

test("failures that pass are tried again where that is wished, after a pause", async () => {
  let failures = 2;
  const fork = ForkBackend.provider(
    async ({ method, params }) => {
      if (method === "eth_getProof" && failures-- > 0) throw Object.assign(new Error("slow down"), { code: 429 });
      return call(anvil.url, method, params);
    },
    { maxAttempts: 3, backoffInitialMs: 5 },
  );
  const state = new StateManager({ fork });
  assert.equal(await state.getBalance(RICH), 10n ** 22n);
  assert.equal(fork.stats().retries, 2);
  state.close();
  fork.close();
});

test("a read that is pending is an error for the synchronous twin", () => {
  const fork = ForkBackend.provider(new RpcClientAdapter(anvil.url));
  const state = new StateManager({ fork });
  assert.throws(() => state.getBalanceSync(RICH), RpcPendingError);
  state.close();
  fork.close();
});

test("closing a state while reads are pending fails them", async () => {
  let release;
  const gate = new Promise((done) => (release = done));
  const fork = ForkBackend.provider(async ({ method, params }) => {
    await gate;
    return call(anvil.url, method, params);
  });
  const state = new StateManager({ fork });
  const other = new StateManager({ fork });
  const reads = [state.getBalance(RICH), state.getCode(CONTRACT)];
  const kept = other.getBalance(RICH);
  await new Promise((tick) => setTimeout(tick, 20));
  state.close();
  for (const read of reads) await assert.rejects(read, InvalidHandleError);
  release();
  assert.equal(await kept, 10n ** 22n);
  other.close();
  fork.close();
});

test("closing the fork ends its own waits, and its states go on", async () => {
  let release;
  const gate = new Promise((done) => (release = done));
  const fork = ForkBackend.provider(async ({ method, params }) => {
    await gate;
    return call(anvil.url, method, params);
  });
  const state = new StateManager({ fork });
  const read = state.getBalance(RICH);
  const block = fork.getBlock();
  await new Promise((tick) => setTimeout(tick, 20));
  fork.close();
  await assert.rejects(block, InvalidHandleError);
  assert.throws(() => new StateManager({ fork }), InvalidHandleError);
  release();
  assert.equal(await read, 10n ** 22n);
  state.close();
});

test("everything closed while a body is under way", async () => {
  let release;
  const gate = new Promise((done) => (release = done));
  const fork = ForkBackend.provider(async ({ method, params }) => {
    await gate;
    return call(anvil.url, method, params);
  });
  const state = new StateManager({ fork });
  const read = state.getBalance(RICH);
  await new Promise((tick) => setTimeout(tick, 20));
  fork.close();
  state.close();
  await assert.rejects(read, InvalidHandleError);
  release();
  await new Promise((tick) => setTimeout(tick, 50));
});

test("inputs are taken when the read is called", async () => {
  const fork = ForkBackend.provider(new RpcClientAdapter(anvil.url));
  const state = new StateManager({ fork });
  const slot = new Uint8Array(32);
  const reads = [];
  for (let i = 0; i < 10; i++) {
    slot[31] = i;
    reads.push(state.getStorageBigInt(CONTRACT, slot));
  }
  assert.deepEqual(
    await Promise.all(reads),
    Array.from({ length: 10 }, (_, i) => BigInt(i * i)),
  );
  state.close();
  fork.close();
});

test("batches, dumps and changes await what they need", async () => {
  const fork = ForkBackend.provider(new RpcClientAdapter(anvil.url));
  const state = new StateManager({ fork });
  const keys = Array.from({ length: 40 }, (_, i) => [CONTRACT, BigInt(i)]);
  assert.deepEqual(
    await state.getStorageBatch(keys),
    keys.map(([, slot]) => word(slot * slot)),
  );
  const [account] = await state.getAccounts([CONTRACT]);
  assert.equal(account.nonce, 5n);
  await state.checkpoint();
  await state.setStorage(CONTRACT, 50n, 1n);
  await state.setBalance(RICH, 7n);
  const changes = await state.getChanges();
  assert.deepEqual(changes.balances, [{ address: RICH, originalBalance: 10n ** 22n, newBalance: 7n }]);
  assert.equal(JSON.parse(await state.dump())[CONTRACT].nonce, "0x5");
  const { number, hash } = await fork.getBlock();
  assert.equal(await state.getBlockHash(number), hash);
  assert.match(await state.getBlockHash(number - 1n), /^0x[0-9a-f]{64}$/);
  state.close();
  fork.close();
});

test("a stateInterface that asks the node", async () => {
  const ask = (method, ...params) => call(anvil.url, method, [...params, "latest"]);
  const state = new StateManager();
  const stateInterface = {
    getStorage: (address, slot) => ask("eth_getStorageAt", address, slot),
    getBalance: async (address) => BigInt(await ask("eth_getBalance", address)),
    getCode: (address) => ask("eth_getCode", address),
    getNonce: async (address) => BigInt(await ask("eth_getTransactionCount", address)),
  };
  const evm = new Evm(state, { chainId: 31337n, stateInterface });
  evm.setTransaction({ from: RICH, to: CONTRACT, value: 5n });
  const { status, output } = await evm.execute();
  assert.deepEqual([status, output], ["success", word(49)]);
  assert.equal(await state.getBalance(CONTRACT), 5n);
  assert.equal(await state.getBalance(RICH), 10n ** 22n - 5n);
  evm.close();
  state.close();
});

test("prefetching, and forgetting what was fetched", async () => {
  const fork = ForkBackend.provider(new RpcClientAdapter(anvil.url));
  const state = new StateManager({ fork });
  const slots = Array.from({ length: 300 }, (_, i) => BigInt(i));
  await fork.prefetch([{ address: CONTRACT, slots }, { address: RICH }], { code: true });
  const { requests, slots: held, codes } = fork.stats();
  assert.deepEqual([held, codes], [300, 1]);
  assert.equal(state.getStorageBigIntSync(CONTRACT, 30n), 900n);
  assert.equal(state.getCodeSync(CONTRACT), CODE);
  assert.equal(state.getBalanceSync(RICH), 10n ** 22n);
  assert.equal(fork.stats().requests, requests);
  fork.clearCache();
  assert.equal(fork.stats().slots, 0);
  assert.throws(() => state.getStorageSync(CONTRACT, 30n), RpcPendingError);
  assert.equal(await state.getStorageBigInt(CONTRACT, 30n), 900n);
  state.close();
  fork.close();
});

test("an option that does not exist is refused", () => {
  assert.throws(() => ForkBackend.provider(async () => null, { blok: 1n }), /there is no option "blok"/);
  assert.throws(() => ForkBackend.http(anvil.url, { maxAttempts: -1 }), /maxAttempts -1/);
  assert.throws(() => ForkBackend.provider({}), /provider: an object with request/);
});

for (const [name, providerOf] of [
  ["viem", (url) => createPublicClient({ transport: http(url, { retryCount: 0 }) })],
  ["ethers", (url) => new JsonRpcProvider(url, 31337, { staticNetwork: true })],
  ["an adapter", (url) => new RpcClientAdapter(url)],
]) {
  test(`what the node says comes through ${name}, without the URL's path`, async () => {
    const refusal = ({ id }) => ({ jsonrpc: "2.0", id, error: { code: -32042, message: "strange trouble" } });
    const server = await startServer((body) => (Array.isArray(body) ? body.map(refusal) : refusal(body)));
    const provider = providerOf(server.url);
    const fork = ForkBackend.provider(provider);
    const error = await fork.getBlock().then(assert.fail, (error) => error);
    assert(error instanceof RpcFailedError);
    assert.match(error.message, /error -32042: .*strange trouble/);
    assert(!error.message.includes("/key"), error.message);
    provider.destroy?.();
    fork.close();
    server.stop();
  });
}
