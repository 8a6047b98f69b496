// Each test of a suite begins with the same state, however it leaves it: a snapshot before, a revert after.
// The state is made once.
import assert from "node:assert/strict";
import { Evm, StateManager } from "worldstate";

const token = "0x0000000000000000000000000000000000007070";
const alice = "0x00000000000000000000000000000000000a11ce";

const state = new StateManager();
// A counter: each call adds one to slot 0.
await state.setCode(token, "0x60015f54015f5500");
await state.setBalance(alice, 10n ** 18n);

const tests = {
  async "a call counts"() {
    const evm = new Evm(state);
    evm.setMessage({ caller: alice, to: token, gas: 100_000n });
    await evm.execute();
    await evm.execute();
    evm.close();
    assert.equal(await state.getStorageBigInt(token, 0n), 2n);
  },
  async "nothing of that is left"() {
    assert.equal(await state.getStorageBigInt(token, 0n), 0n);
    await state.deleteAccount(alice);
  },
  async "nor of that"() {
    assert.equal(await state.getBalance(alice), 10n ** 18n);
  },
};

for (const [name, body] of Object.entries(tests)) {
  const snapshot = await state.snapshot();
  try {
    await body();
    console.log(`ok  ${name}`);
  } finally {
    // Also where the test has thrown, and whatever checkpoints it has left open.
    await state.revertToSnapshot(snapshot);
  }
}
state.close();
