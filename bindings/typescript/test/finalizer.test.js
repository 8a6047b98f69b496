// What nobody closes, and nobody can reach any more, ends all the same.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

function run(name, program) {
  const file = fileURLToPath(new URL(`.${process.pid}-${name}.mjs`, import.meta.url));
  writeFileSync(file, program);
  try {
    const flags = process.versions.bun ? [] : ["--expose-gc"];
    const done = spawnSync(process.execPath, [...flags, file], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
  } finally {
    rmSync(file);
  }
}

const COLLECT = `
  const gc = globalThis.Bun ? () => Bun.gc(true) : globalThis.gc;
  async function collect() {
    for (let i = 0; i < 20; i++) { gc(); await new Promise((done) => setTimeout(done, 5)); }
  }`;

test("states, forks and executors that are forgotten give their handles back", () => {
  const base = process.versions.bun ? "../src/native/library.ts" : "../dist/native/library.js";
  const program = `
    import { Evm, ForkBackend, StateManager } from "worldstate";
    import { library } from "${base}";
    ${COLLECT}
    const handles = { state: [], fork: [], evm: [] };
    for (let i = 0; i < 1000; i++) {
      const fork = ForkBackend.provider(async () => null);
      const state = new StateManager({ fork });
      handles.state.push(state.handle);
      handles.fork.push(fork.handle);
      handles.evm.push(new Evm(state).handle);
    }
    await collect();
    const INVALID_HANDLE = -10;
    const { state_manager_checkpoint, fork_backend_clear_cache, evm_abort } = library();
    const calls = { state: state_manager_checkpoint, fork: fork_backend_clear_cache, evm: evm_abort };
    for (const [kind, call] of Object.entries(calls)) {
      const alive = handles[kind].filter((handle) => call(handle) !== INVALID_HANDLE).length;
      if (alive > 50) console.log(kind, alive, "are alive");
    }
    console.log("done");`;
  assert.equal(run("handles", program), "done");
});

test("what is used stays: a state keeps its fork, an executor its state, a read that waits both", () => {
  const program = `
    import { Evm, ForkBackend, StateManager } from "worldstate";
    ${COLLECT}
    let release;
    const gate = new Promise((done) => (release = done));
    const block = { number: "0x1", hash: "0x" + "1".repeat(64), timestamp: "0x1" };
    const answers = { eth_chainId: "0x1", eth_getBlockByNumber: block };
    const account = { balance: "0x2a", nonce: "0x0", storageProof: [], codeHash: "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470" };
    const read = (() => {
      const fork = ForkBackend.provider(async ({ method }) => (await gate, answers[method] ?? account));
      return new StateManager({ fork }).getBalance("0x00000000000000000000000000000000000a11ce");
    })();
    const evm = (() => new Evm(new StateManager()))();
    await collect();
    release();
    console.log(await read);
    evm.setMessage({ to: "0x00000000000000000000000000000000000a11ce", gas: 5n });
    console.log((await evm.execute()).status);`;
  assert.equal(run("kept", program), "42n\nsuccess");
});
