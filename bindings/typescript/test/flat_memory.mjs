// Ten million calls, and the process is no larger for them.
import { StateManager } from "worldstate";

const CALLS = 10_000_000;
const ALLOWED = 32 * 1024 * 1024;
const state = new StateManager();
const address = new Uint8Array(20).fill(1);
const hexAddress = `0x${"01".repeat(20)}`;
const slots = Array.from({ length: 1000 }, (_, i) => new Uint8Array(32).fill(i));
const hexSlots = slots.map((slot) => `0x${Buffer.from(slot).toString("hex")}`);
for (const slot of slots) state.setStorageSync(address, slot, slot);
const into = new Uint8Array(32);

function calls(count) {
  let sum = 0n;
  for (let i = 0; i < count; i += 10) {
    const at = i % 1000;
    for (let k = 0; k < 5; k++) state.getStorageBytesSync(address, slots[at], into);
    state.getStorageBytesSync(address, slots[at]);
    sum += state.getStorageBigIntSync(address, slots[at]) & 1n;
    state.getStorageSync(hexAddress, hexSlots[at]);
    state.setStorageSync(address, slots[at], slots[at]);
    sum += state.getBalanceSync(hexAddress);
  }
  return sum;
}

async function resident() {
  for (let i = 0; i < 3; i++) {
    (globalThis.Bun ? () => Bun.gc(true) : globalThis.gc)();
    await new Promise((done) => setTimeout(done, 20));
  }
  return process.memoryUsage.rss();
}

calls(CALLS / 10);
for (let i = 0; i < 2000; i++) new StateManager().close();
const before = await resident();
calls(CALLS);
for (let i = 0; i < 100_000; i++) new StateManager().close();
const grown = (await resident()) - before;
state.close();
console.log(`${CALLS} calls, 100,000 states: ${(grown / 2 ** 20).toFixed(1)} MiB more`);
process.exitCode = grown < ALLOWED ? 0 : 1;
