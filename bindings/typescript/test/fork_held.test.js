// Forks that keep, verify and prove what they fetch, on a real node.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  BlockNotFoundError,
  CacheError,
  ForkBackend,
  InvalidInputError,
  InvalidStateError,
  OfflineError,
  ProofInvalidError,
  RpcClientAdapter,
  RpcPendingError,
  StateManager,
  verifyHeader,
  verifyProof,
  WrongChainError,
} from "worldstate";
import { call, RICH, startAnvil } from "./support/anvil.js";

const CONTRACT = "0x00000000000000000000000000000000000c0de0";
const ABSENT = "0x00000000000000000000000000000000000ab5e7";
const CODE = "0x6007545f5260205ff3";
const word = (value) => `0x${BigInt(value).toString(16).padStart(64, "0")}`;
const work = mkdtempSync(join(tmpdir(), "worldstate-held-"));
let anvil;
let block;

before(async () => {
  anvil = await startAnvil();
  await anvil.rpc("anvil_setCode", CONTRACT, CODE);
  for (let slot = 1; slot <= 40; slot++) await anvil.rpc("anvil_setStorageAt", CONTRACT, word(slot), word(slot + 1));
  await anvil.rpc("anvil_mine", "0x3");
  block = await anvil.rpc("eth_getBlockByNumber", "latest", false);
});
after(() => {
  anvil.stop();
  rmSync(work, { recursive: true, force: true });
});

/** A fork with each way to carry its requests, at the block by its hash. */
const KINDS = {
  http: (options) => ForkBackend.http(anvil.url, { block: block.hash, ...options }),
  provider: (options) => ForkBackend.provider(new RpcClientAdapter(anvil.url), { block: block.hash, ...options }),
};

async function readAll(fork) {
  const state = new StateManager({ fork });
  assert.equal(await state.getBalance(RICH), 10n ** 22n);
  assert.equal(await state.getStorageBigInt(CONTRACT, 7n), 8n);
  assert.equal(await state.getCode(CONTRACT), CODE);
  assert.equal(await state.getBalance(ABSENT), 0n);
  state.close();
}

for (const [kind, open] of Object.entries(KINDS)) {
  test(`a persistent cache answers after a restart (${kind})`, async () => {
    const cacheDir = join(work, `cache-${kind}`);
    const fork = open({ cacheDir });
    await readAll(fork);
    fork.flush();
    assert(fork.stats().storedWrites >= 4, `${fork.stats().storedWrites} writes`);
    fork.close();

    const again = open({ cacheDir });
    await readAll(again);
    const { requests, storedHits } = again.stats();
    assert.equal(requests, 0);
    assert(storedHits >= 4, `${storedHits} hits`);
    again.close();

    const offline = ForkBackend.offline({ cacheDir, block: block.hash });
    await readAll(offline);
    const state = new StateManager({ fork: offline });
    await assert.rejects(state.getStorage(CONTRACT, 8n), (error) => {
      assert(error instanceof OfflineError, String(error));
      assert.match(error.message, /slot 0x0*8\b/);
      return true;
    });
    state.close();
    offline.close();
  });

  test(`a recording is replayed without a node (${kind})`, async () => {
    const path = join(work, `recording-${kind}`);
    const fork = open();
    await readAll(fork);
    await fork.exportRecording(path);
    fork.close();

    const replay = ForkBackend.offline({ recording: path });
    assert.deepEqual(await replay.getBlock(), {
      chainId: 31337n,
      number: BigInt(block.number),
      hash: block.hash,
    });
    await readAll(replay);
    const state = new StateManager({ fork: replay });
    assert.throws(() => state.getNonceSync("0x" + "77".repeat(20)), OfflineError);
    state.close();
    replay.close();

    const importing = open();
    await importing.importRecording(path);
    const { requests } = importing.stats();
    await readAll(importing);
    assert.equal(importing.stats().requests, requests);
    const cut = join(work, "cut");
    writeFileSync(cut, "no recording");
    await assert.rejects(importing.importRecording(cut), CacheError);
    importing.close();
  });

  test(`verified answers are the chain's (${kind})`, async () => {
    for (const verify of ["blockHash", { blockHash: block.hash }, { stateRoot: block.stateRoot }]) {
      const fork = open({ verify });
      await readAll(fork);
      const { verified, verifyFailures, proofNodes } = fork.stats();
      assert(verified >= 4, `${verified} verified`);
      assert.equal(verifyFailures, 0);
      assert(proofNodes > 0);
      fork.close();
    }
    // Over HTTP the block is looked up at once.
    const other = async () => readAll(open({ verify: { stateRoot: word(1) } }));
    await assert.rejects(other, ProofInvalidError);
  });

  test(`another chain than the expected one (${kind})`, async () => {
    const ask = async () => {
      const fork = open({ chainId: 1 });
      try {
        await fork.getBlock();
      } finally {
        fork.close();
      }
    };
    await assert.rejects(ask, (error) => {
      assert(error instanceof WrongChainError, String(error));
      assert.match(error.message, /31337/);
      return true;
    });
    const right = open({ chainId: 31337n });
    await readAll(right);
    right.close();
  });

  test(`prefetching by access list and by range (${kind})`, async () => {
    const fork = open();
    await fork.getBlock();
    const { requests: before } = fork.stats();
    const accessList = [
      { address: CONTRACT, storageKeys: [word(1), word(2), word(39)] },
      { address: RICH, storageKeys: [] },
    ];
    await fork.prefetchAccessList(accessList, { code: true });
    const { requests: listed, slots, accounts, codes } = fork.stats();
    assert.deepEqual([slots, accounts, codes], [3, 2, 1]);
    // Both accounts by eth_getProof, and the code of each that may have some.
    assert(listed - before <= 4, `${listed - before} requests`);
    await fork.prefetchAccessList({ accessList });
    await fork.prefetchAccessList(JSON.stringify(accessList), { code: true });
    assert.equal(fork.stats().requests, listed);

    await fork.prefetchRange(CONTRACT, 10n, 31);
    const { requests: ranged, slots: held } = fork.stats();
    assert.equal(held, 33);
    assert.equal(ranged - listed, 1);
    const { requests, count, bytesReceived, p50Us, maxUs, failures } = fork.methodStats("eth_getProof");
    assert.deepEqual([requests, count, failures], [3, 3, 0]);
    assert(bytesReceived > 1000 && p50Us > 0 && p50Us <= maxUs, `${bytesReceived} ${p50Us} ${maxUs}`);
    assert.equal(fork.methodStats("eth_never").requests, 0);
    const { methods, ...counters } = fork.metrics();
    assert.deepEqual(counters, fork.stats());
    assert.deepEqual(methods.eth_getProof, fork.methodStats("eth_getProof"));
    const state = new StateManager({ fork });
    for (let slot = 10n; slot <= 40n; slot++) assert.equal(state.getStorageBigIntSync(CONTRACT, slot), slot + 1n);
    assert.equal(state.getCodeSync(CONTRACT), CODE);
    assert.equal(fork.stats().requests, ranged);
    await assert.rejects(fork.prefetchAccessList('{"accessList": 5}'), InvalidInputError);
    await assert.rejects(fork.prefetchRange(CONTRACT, 0n, -1), InvalidInputError);
    state.close();
    fork.close();
  });

  test(`roots and proofs of local changes over the chain (${kind})`, async () => {
    const fork = open();
    const state = new StateManager({ fork });
    await state.getBalance(RICH);
    assert.equal(await state.getStateRoot(), block.stateRoot);
    await state.setStorage(CONTRACT, 3n, 99n);
    await state.setBalance(ABSENT, 5n);
    const root = await state.getStateRoot();
    assert.notEqual(root, block.stateRoot);
    const proof = await state.getProof(CONTRACT, [3n, word(4), 1000n]);
    assert.deepEqual(
      proof.storageProof.map(({ key, value }) => [key, value]),
      [
        [word(3), 99n],
        [word(4), 5n],
        [word(1000), 0n],
      ],
    );
    assert.equal(proof.storageHash, await state.getStorageRoot(CONTRACT));
    verifyProof(root, proof, { address: CONTRACT, slots: [3n, 4n, 1000n] });
    assert.throws(() => verifyProof(block.stateRoot, proof), ProofInvalidError);
    verifyProof(root, await state.getProof(ABSENT));
    state.close();
    fork.close();
  });

  test(`log lines arrive, and those of the level alone (${kind})`, async () => {
    const lines = [];
    const fork = open({ log: (level, text) => lines.push([level, text]), logLevel: "debug" });
    const warned = [];
    const quiet = open({ log: (...line) => warned.push(line) });
    await readAll(fork);
    await readAll(quiet);
    assert(lines.some(([level, text]) => level === "info" && text.startsWith(`pinned to block`)));
    assert(lines.some(([level]) => level === "debug"));
    assert.deepEqual(warned, []);
    fork.close();
    quiet.close();
  });
}

test("a value that was changed on the way is found out", async () => {
  let lies = false;
  const provider = async ({ method, params }) => {
    const result = await call(anvil.url, method, params);
    if (lies && method === "eth_getProof") result.balance = "0x1";
    return result;
  };
  const fork = ForkBackend.provider(provider, { block: block.hash, verify: "blockHash" });
  const state = new StateManager({ fork });
  lies = true;
  await assert.rejects(state.getBalance(RICH), (error) => {
    assert(error instanceof ProofInvalidError, String(error));
    assert.match(error.message, /balance/);
    return true;
  });
  assert.equal(fork.stats().verifyFailures, 1);
  lies = false;
  assert.equal(await state.getBalance(RICH), 10n ** 22n);
  state.close();
  fork.close();
});

test("proofs of a local state", async () => {
  const state = new StateManager();
  state.setBalanceSync(RICH, 7n);
  state.setStorageSync(RICH, 1n, 2n);
  const root = state.getStateRootSync();
  const proof = state.getProofSync(RICH, [1n, 2n]);
  assert.deepEqual([proof.address, proof.balance, proof.nonce], [RICH, 7n, 0n]);
  verifyProof(root, proof);
  verifyProof(root, JSON.stringify({ jsonrpc: "2.0", id: 1, result: JSON.parse(toJson(proof)) }));
  assert.throws(() => verifyProof(root, { ...proof, balance: 8n }), /balance/);
  assert.throws(() => verifyProof(root, proof, { address: ABSENT }), ProofInvalidError);
  assert.throws(() => verifyProof(root, proof, { address: RICH, slots: [3n] }), ProofInvalidError);
  assert.throws(() => verifyProof(root, "no JSON"), InvalidInputError);
  assert.throws(() => verifyProof("0x12", proof), /stateRoot/);
  state.close();
});

const toJson = (value) => JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `0x${one.toString(16)}` : one));

test("a header against its hash", () => {
  assert.equal(verifyHeader(block.hash, block), block.stateRoot);
  assert.equal(verifyHeader(block.hash, JSON.stringify(block)), block.stateRoot);
  // As viem gives numbers.
  assert.equal(verifyHeader(block.hash, { ...block, number: BigInt(block.number) }), block.stateRoot);
  assert.throws(() => verifyHeader(block.hash, { ...block, gasUsed: "0x77" }), ProofInvalidError);
});

test("the node's own proof", async () => {
  const proof = await new RpcClientAdapter(anvil.url).getProof(CONTRACT, [word(5)], block.number);
  verifyProof(block.stateRoot, proof);
});

test("a log may use the fork", async () => {
  let depth = 0;
  const fork = KINDS.http({
    logLevel: "info",
    log: () => {
      depth++;
      const state = new StateManager({ fork });
      assert.equal(state.getStorageBigIntSync(CONTRACT, 7n), 8n);
      state.close();
    },
  });
  await readAll(fork);
  assert(depth > 0);
  fork.close();
});

test("a block that the node has not, a fork that is asked too early, a fork without cache", async () => {
  assert.throws(() => KINDS.http({ block: word(7) }), BlockNotFoundError);
  const fork = KINDS.provider({ block: word(7) });
  assert.throws(() => fork.exportRecordingSync(join(work, "early")), RpcPendingError);
  await assert.rejects(fork.getBlock(), BlockNotFoundError);
  assert.throws(() => fork.flush(), InvalidStateError);
  fork.close();
});

test("options that make no sense are refused", () => {
  for (const [options, text] of [
    [{ verify: { blockHash: block.hash, stateRoot: block.stateRoot } }, /verify: /],
    [{ verify: {} }, /verify: /],
    [{ verify: { stateRoot: "0x12" } }, /verify\.stateRoot/],
    [{ verify: "blockHash", block: "latest" }, /hash/],
    [{ offline: true }, /cache_dir or a recording/],
    [{ chainId: 0 }, /chainId 0/],
    [{ cacheDir: "" }, /cacheDir/],
    [{ logLevel: "info" }, /log/],
    [{ log: 5 }, /log: a function/],
    [{ log: () => {}, logLevel: "loud" }, /logLevel "loud"/],
    [{ maxProofBytes: 0.5 }, /maxProofBytes 0\.5/],
    [{ requestsPerSecond: 5 }, /there is no option "requestsPerSecond"/],
  ]) {
    assert.throws(() => KINDS.provider(options), text, JSON.stringify(options));
  }
  assert.throws(() => KINDS.http({ requestsPerSecond: 2 ** 32 }), /requestsPerSecond/);
});

test("a rate limit holds bodies back", async () => {
  const fork = KINDS.http({ requestsPerSecond: 8, maxConcurrent: 1 });
  const state = new StateManager({ fork });
  for (let slot = 20n; slot < 32n; slot++) await state.getStorage(CONTRACT, slot);
  assert(fork.stats().throttled > 0);
  state.close();
  fork.close();
});
