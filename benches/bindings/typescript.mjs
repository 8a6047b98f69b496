// Reads through the TypeScript package under the runtime that runs this, beside the same reads in C, a bare call of the runtime's
// foreign functions, and @ethereumjs/statemanager: typescript.mjs RESULTS C_CALL PACKAGE LIBRARY [PEER]
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { record, time } from "./measure.mjs";

const [results, cCall, packageDirectory, library, peerDirectory] = process.argv.slice(2);
const runtime = process.versions.bun ? "bun" : "node";
const entry = runtime === "bun" ? "src/index.ts" : "dist/index.js";
const { StateManager, loadLibrary } = await import(pathToFileURL(`${packageDirectory}/${entry}`).href);
loadLibrary(library);

const SLOTS = 1000;
const READS = 300_000;
const ROUNDS = 9;
const address = new Uint8Array(20);
address[19] = 1;
const slots = Array.from({ length: SLOTS }, (_, i) =>
  Uint8Array.from({ length: 32 }, (_, k) => (((i + 1) * 2654435761) >>> 0 >>> k % 24) ^ (i * k)),
);
const toBigInt = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const bigSlots = slots.map(toBigInt);
const hexSlots = slots.map((slot) => `0x${Buffer.from(slot).toString("hex")}`);
const hexAddress = `0x${Buffer.from(address).toString("hex")}`;
const state = new StateManager();
slots.forEach((slot) => state.setStorageSync(address, slot, slot));
slots.forEach((slot, i) => {
  if (state.getStorageBigIntSync(address, slot) !== bigSlots[i]) throw new Error("a value is wrong");
});

const out = new Uint8Array(32);
// A loop of its own for each: what one is called with must not slow another one's call site.
const bytes = (count) => {
  for (let i = 0, at = 0; i < count; i++) {
    state.getStorageBytesSync(address, slots[at], out);
    if (++at === SLOTS) at = 0;
  }
};
const bigints = (count) => {
  for (let i = 0, at = 0; i < count; i++) {
    state.getStorageBigIntSync(address, bigSlots[at]);
    if (++at === SLOTS) at = 0;
  }
};
const bigintOut = (count) => {
  for (let i = 0, at = 0; i < count; i++) {
    state.getStorageBigIntSync(address, slots[at]);
    if (++at === SLOTS) at = 0;
  }
};
// Slots by their number, and amounts in wei: most of what a contract declares.
const smallSlots = Array.from({ length: SLOTS }, (_, i) => BigInt(i));
smallSlots.forEach((slot, i) => state.setStorageSync(address, slot, BigInt(i) * 10n ** 15n));
const smallBigints = (count) => {
  for (let i = 0, at = 0; i < count; i++) {
    state.getStorageBigIntSync(address, smallSlots[at]);
    if (++at === SLOTS) at = 0;
  }
};
const hex = (count) => {
  for (let i = 0, at = 0; i < count; i++) {
    state.getStorageSync(hexAddress, hexSlots[at]);
    if (++at === SLOTS) at = 0;
  }
};
const allAddresses = new Uint8Array(20 * SLOTS);
const allSlots = new Uint8Array(32 * SLOTS);
slots.forEach((slot, i) => {
  allAddresses.set(address, 20 * i);
  allSlots.set(slot, 32 * i);
});
const allOut = new Uint8Array(32 * SLOTS);
const batches = (count) => {
  for (let i = 0; i < count / SLOTS; i++) state.getStorageBatchBytesSync(allAddresses, allSlots, allOut);
};

/** The same function with the same arguments, by nothing but the runtime's foreign functions. */
async function bareCall() {
  if (runtime === "bun") {
    const { dlopen } = await import("bun:ffi");
    const get = { args: ["ptr", "ptr", "ptr", "ptr"], returns: "i32" };
    return dlopen(library, { state_manager_get_storage_bytes: get }).symbols.state_manager_get_storage_bytes;
  }
  const koffi = createRequire(`${packageDirectory}/package.json`)("koffi");
  return koffi.load(library).func("state_manager_get_storage_bytes", "int", ["uintptr_t", "void *", "void *", "void *"]);
}
const get = await bareCall();
const handle = state.handle;
const bare = (count) => {
  for (let i = 0, at = 0; i < count; i++) {
    if (get(handle, address, slots[at], out) !== 0) throw new Error("the call failed");
    if (++at === SLOTS) at = 0;
  }
};

const c = () => [...execFileSync(cCall, { encoding: "utf8" }).matchAll(/ ([\d.]+)$/gm)].map(([, number]) => Number(number));
const sides = { bytes, smallBigints, bigintOut, bigints, hex, batches, bare };
for (const side of Object.values(sides)) for (let i = 0; i < 3; i++) time(READS, side);
const rounds = Array.from({ length: ROUNDS }, () => {
  const [single, batch] = c();
  return { single, batch, ...Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, time(READS, side)])) };
});
const against = (ours, base) => rounds.map((round) => [round[ours], typeof base === "number" ? base : round[base]]);
const name = runtime === "bun" ? "Bun" : "Node";
const floor = runtime === "bun" ? "a bare call of bun:ffi" : "a bare call of koffi";
const inC = "state_manager_get_storage_bytes in C";
const figure = (id, what, baseName, target) => ({ id: `${runtime}_${id}`, what: `${name}: ${what}`, baseName, target });
const isBun = runtime === "bun";
record(results, figure("get_storage", "getStorageBytesSync, bytes in and out", inC, isBun ? 2 : 0), against("bytes", "single"));
record(results, figure("get_storage_bare", "getStorageBytesSync, bytes in and out", floor, isBun ? 0 : 1.5), against("bytes", "bare"));
record(results, figure("get_storage_bigint_small", "getStorageBigIntSync, bigints below 2^64", isBun ? "200 ns" : inC, isBun ? 1 : 0), against("smallBigints", isBun ? 200 : "single"));
record(results, figure("get_storage_bigint", "getStorageBigIntSync, bigints of 256 random bits", isBun ? "200 ns" : inC, isBun ? 1 : 0), against("bigints", isBun ? 200 : "single"));
record(results, figure("get_storage_bigint_out", "getStorageBigIntSync, bytes in, 256 random bits out", isBun ? "200 ns" : inC, isBun ? 1 : 0), against("bigintOut", isBun ? 200 : "single"));
record(results, figure("get_storage_hex", "getStorageSync, hex in and out", inC, 0), against("hex", "single"));
record(results, figure("get_storage_batch", "getStorageBatchBytesSync, a slot of 1,000", "a slot of a batch in C", 2), against("batches", "batch"));

if (peerDirectory) await comparePeer();
state.close();

async function comparePeer() {
  const require = createRequire(`${peerDirectory}/package.json`);
  const { MerkleStateManager, SimpleStateManager } = require("@ethereumjs/statemanager");
  const { Account, createAddressFromString } = require("@ethereumjs/util");
  for (const [id, peer] of [["simple", new SimpleStateManager()], ["merkle", new MerkleStateManager()]]) {
    const account = createAddressFromString(hexAddress);
    await peer.putAccount(account, new Account());
    for (const slot of slots) await peer.putStorage(account, slot, slot);
    if (toBigInt(await peer.getStorage(account, slots[7])) !== bigSlots[7]) throw new Error("the peer's value is wrong");
    const count = 10_000;
    const rounds = [];
    for (let round = 0; round < 5; round++) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < count; i++) await peer.getStorage(account, slots[i % SLOTS]);
      const theirs = Number(process.hrtime.bigint() - start) / count;
      const asyncStart = process.hrtime.bigint();
      for (let i = 0; i < count; i++) await state.getStorageBytes(address, slots[i % SLOTS]);
      const ours = Number(process.hrtime.bigint() - asyncStart) / count;
      rounds.push([ours, theirs]);
    }
    const peerName = `${peer.constructor.name} of @ethereumjs/statemanager 10.1.3`;
    record(results, { id: `${runtime}_ethereumjs_${id}`, what: `${name}: await getStorageBytes`, baseName: peerName }, rounds);
  }
}
