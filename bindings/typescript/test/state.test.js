// Values in all their forms, batches, listings, dumps, ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keccak256 } from "viem";
import { InvalidHandleError, InvalidSnapshotError, NoCheckpointError, StateManager, WorldstateError } from "worldstate";

const ALICE = "0x00000000000000000000000000000000000a11ce";
const BYTES = Uint8Array.from(Buffer.from(ALICE.slice(2), "hex"));
const word = (value) => `0x${BigInt(value).toString(16).padStart(64, "0")}`;
const bytesOf = (value) => Uint8Array.from(Buffer.from(word(value).slice(2), "hex"));

function within(name, body) {
  test(name, async () => {
    const state = new StateManager();
    try {
      await body(state);
    } finally {
      state.close();
    }
  });
}

within("numbers of every size, in every form", async (state) => {
  const values = [
    0n,
    1n,
    255n,
    2n ** 53n,
    2n ** 64n - 1n,
    2n ** 64n,
    2n ** 128n + 5n,
    2n ** 192n,
    2n ** 255n,
    2n ** 256n - 1n,
  ];
  for (const value of values) {
    for (const form of [
      value,
      word(value),
      `0x${value.toString(16)}`,
      word(value).slice(2).toUpperCase(),
      bytesOf(value),
    ]) {
      await state.setStorage(ALICE, form, form);
      assert.equal(await state.getStorage(BYTES, value), word(value));
      assert.equal(await state.getStorageBigInt(ALICE, form), value);
      assert.equal(state.getStorageBigIntSync(ALICE, bytesOf(value)), value);
      assert.deepEqual(await state.getStorageBytes(BYTES, bytesOf(value)), bytesOf(value));
      assert.deepEqual(state.getStorageBytesSync(ALICE, form), bytesOf(value));
      await state.setStorage(ALICE, form, 0n);
    }
    await state.setBalance(ALICE, value);
    assert.equal(await state.getBalance(ALICE), value);
  }
  await state.setNonce(ALICE, 2n ** 64n - 1n);
  assert.equal(await state.getNonce(ALICE), 2n ** 64n - 1n);
  await state.setNonce(ALICE, 7);
  assert.equal(state.getNonceSync(BYTES), 7n);
});

within("addresses as bytes, without prefix, in any case, in the middle of a buffer", async (state) => {
  await state.setBalance(BYTES, 5);
  const around = new Uint8Array(40).fill(0xff);
  around.set(BYTES, 11);
  for (const form of [ALICE, ALICE.slice(2), ALICE.toUpperCase(), Buffer.from(BYTES), around.subarray(11, 31)]) {
    assert.equal(await state.getBalance(form), 5n);
  }
  const slots = new Uint8Array(100);
  slots[40] = 3;
  await state.setStorage(around.subarray(11, 31), slots.subarray(9, 41), slots.subarray(9, 41));
  assert.equal(await state.getStorageBigInt(ALICE, 3n), 3n);
});

within("a value read into the caller's memory", async (state) => {
  await state.setStorage(ALICE, 1n, 2n ** 256n - 1n);
  const into = new Uint8Array(40).fill(7);
  assert.equal(state.getStorageBytesSync(BYTES, bytesOf(1), into), into);
  assert.deepEqual([...into.subarray(30)], [255, 255, 7, 7, 7, 7, 7, 7, 7, 7]);
  assert.throws(
    () => state.getStorageBytesSync(BYTES, bytesOf(1), new Uint8Array(31)),
    /into: room for 32 bytes is wanted, not 31 bytes/,
  );
  assert.throws(() => state.getStorageBytesSync(BYTES, bytesOf(1), new Uint32Array(32)), { code: -1 });
});

within("code of every length", async (state) => {
  for (const length of [0, 1, 65, 24576, 200_000]) {
    const code = Uint8Array.from({ length }, (_, i) => i % 251);
    await state.setCode(ALICE, code);
    assert(Buffer.from(code).equals(await state.getCodeBytes(ALICE)));
    assert.equal(await state.getCode(ALICE), `0x${Buffer.from(code).toString("hex")}`);
  }
  await state.setCode(ALICE, "0x6000");
  assert.equal(await state.getCodeHash(ALICE), keccak256("0x6000"));
});

within("batches are as long as one likes, empty ones too", async (state) => {
  const snapshot = await state.snapshot();
  const keys = Array.from({ length: 5000 }, (_, i) => [i % 2 ? BYTES : ALICE, BigInt(i)]);
  await state.setStorageBatch(keys.map(([address, slot]) => [address, slot, slot + 1n]));
  assert.deepEqual(
    await state.getStorageBatch(keys),
    keys.map(([, slot]) => word(slot + 1n)),
  );
  assert.equal(Object.keys(JSON.parse(await state.dump())[ALICE].storage).length, 5000);
  const addresses = new Uint8Array(20 * 5000);
  const slots = new Uint8Array(32 * 5000);
  for (let i = 0; i < 5000; i++) {
    addresses.set(BYTES, 20 * i);
    slots.set(bytesOf(i), 32 * i);
  }
  const values = state.getStorageBatchBytesSync(addresses, slots);
  assert.deepEqual(values.slice(32 * 4321, 32 * 4322), bytesOf(4322));
  const into = new Uint8Array(32 * 5000);
  assert.equal(await state.getStorageBatchBytes(addresses, slots, into), into);
  assert.deepEqual(into, values);
  assert.throws(
    () => state.getStorageBatchBytesSync(addresses, slots.subarray(32)),
    /5000 addresses, but not as many slots/,
  );
  assert.throws(() => state.getStorageBatchBytesSync(addresses.subarray(1), slots), /addresses: 20 bytes for each/);
  assert.throws(() => state.getStorageBatchBytesSync(new Uint32Array(20), slots), /addresses: 20 bytes for each/);
  assert.deepEqual(await state.getStorageBatch([]), []);
  assert.equal(state.getStorageBatchBytesSync(new Uint8Array(), new Uint8Array()).length, 0);
  await state.setStorageBatch([]);
  assert.deepEqual(await state.getAccounts([]), []);
  await state.setAccounts([]);
  assert.equal((await state.getChanges(snapshot)).storage.length, 5000);
  // More than a page of each.
  assert.equal([...state.listStorage(ALICE)].length, 5000);
  assert.deepEqual([...state.listStorage(BYTES)][1500], [word(1500), word(1501)]);
});

within("many accounts, with some fields of each", async (state) => {
  const address = (i) => `0x${i.toString(16).padStart(40, "0")}`;
  const accounts = Array.from({ length: 3000 }, (_, i) => ({
    address: address(i + 1),
    ...(i % 3 === 0 ? {} : { balance: BigInt(i) }),
    ...(i % 5 === 0 ? {} : { nonce: i }),
    ...(i % 7 === 0 ? { code: "0x00" } : {}),
  }));
  await state.setAccounts(accounts);
  const read = await state.getAccounts(accounts.map(({ address }) => address));
  read.forEach(({ balance, nonce, status }, i) => {
    assert.equal(balance, accounts[i].balance ?? 0n);
    assert.equal(nonce, BigInt(accounts[i].nonce ?? 0));
    const { code } = accounts[i];
    assert.equal(
      status,
      balance || nonce || code
        ? "present"
        : accounts[i].balance === undefined && accounts[i].nonce === undefined
          ? "absent"
          : "empty",
    );
  });
  const listed = [...state.listAccounts()];
  assert.equal(listed.length, read.filter(({ status }) => status !== "absent").length);
  assert.deepEqual(listed, [...listed].sort());
  const before = await state.getStateRoot();
  await assert.rejects(
    state.setAccounts([
      { address: ALICE, balance: 1n },
      { address: "0x12", balance: 1n },
    ]),
    { name: "STATE_MANAGER_ERROR_INVALID_HEX" },
  );
  assert.equal(await state.getStateRoot(), before, "all or nothing");
});

within("checkpoints and snapshots", async (state) => {
  await assert.rejects(state.revert(), NoCheckpointError);
  await assert.rejects(state.commit(), NoCheckpointError);
  await state.setBalance(ALICE, 1n);
  const snapshot = await state.snapshot();
  await state.checkpoint();
  await state.setBalance(ALICE, 2n);
  const changes = await state.getChanges();
  assert.deepEqual(changes, {
    storage: [],
    balances: [{ address: ALICE, originalBalance: 1n, newBalance: 2n }],
    nonces: [],
    codes: [],
    selfDestructs: [],
  });
  assert.equal(JSON.parse(await state.getChangesJson(snapshot)).balances[0].newBalance, "0x2");
  await state.commit();
  await state.revertToSnapshot(snapshot);
  assert.equal(await state.getBalance(ALICE), 1n);
  await assert.rejects(state.revertToSnapshot(snapshot), InvalidSnapshotError);
  await assert.rejects(state.getChanges(0n), /snapshot 0: ids begin with 1/);
  const other = await state.snapshot();
  assert.equal(other, snapshot + 1n);
  await state.deleteSnapshot(other);
  await assert.rejects(state.deleteSnapshot(other), InvalidSnapshotError);
});

within("dumps and loads, as text, bytes and objects", async (state) => {
  await state.setAccounts([{ address: ALICE, balance: 5n, nonce: 1n, code: "0x6000" }]);
  await state.setStorage(ALICE, 1n, 2n);
  const root = await state.getStateRoot();
  const genesis = await state.dump();
  const other = new StateManager();
  for (const dump of [
    genesis,
    Buffer.from(genesis),
    JSON.parse(genesis),
    { alloc: JSON.parse(genesis) },
    state.dumpSync("anvil"),
  ]) {
    await other.reset();
    assert.equal(await other.load(dump), 1);
    assert.equal(await other.getStateRoot(), root);
  }
  await assert.rejects(other.load("{"), WorldstateError);
  await assert.rejects(state.dump("yaml"), /format "yaml" is neither/);
  other.close();
});

test("a closed state refuses everything, and closing again does nothing", async () => {
  const state = new StateManager();
  state.close();
  state.close();
  assert.equal(state.closed, true);
  assert.throws(() => state.getBalanceSync(ALICE), InvalidHandleError);
  assert.throws(() => state.checkpointSync(), /it was closed/);
  await assert.rejects(state.getStateRoot(), InvalidHandleError);
  assert.throws(() => [...state.listAccounts()], InvalidHandleError);
});

test("Symbol.dispose and Symbol.asyncDispose close it", async () => {
  const state = new StateManager();
  state[Symbol.dispose]();
  assert.equal(state.closed, true);
  const other = new StateManager();
  await other[Symbol.asyncDispose]();
  assert.equal(other.closed, true);
});
