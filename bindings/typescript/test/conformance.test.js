// What all bindings do alike: every case of ../conformance/*.json.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ForkBackend, StateManager, WorldstateError } from "worldstate";
import { ARGUMENTS, OPERATIONS } from "./support/operations.js";
import { repliesOf } from "./support/replies.js";

const DIRECTORY = new URL("../../conformance/", import.meta.url);

function known(object, names) {
  for (const name of Object.keys(object)) assert(names.includes(name), `the runner does not know ${name}`);
}

async function run({ fork: scene, steps }) {
  const fork =
    scene && ForkBackend.provider(repliesOf(scene.replies), { maxAttempts: 4, backoffInitialMs: 1, ...scene.options });
  const state = new StateManager(fork ? { fork } : {});
  const names = new Map();
  try {
    for (const [i, step] of steps.entries()) {
      const { do: operation, expect, error, text, note: _, ...given } = step;
      assert(OPERATIONS[operation], `the runner does not know ${operation}`);
      known(given, (ARGUMENTS[operation] ?? "").split(" "));
      const where = `step ${i}, ${operation}`;
      let value;
      try {
        value = await OPERATIONS[operation](state, given, names);
      } catch (thrown) {
        if (error === undefined || !(thrown instanceof WorldstateError)) throw thrown;
        assert.equal(thrown.name, `STATE_MANAGER_ERROR_${error}`, `${where}: ${thrown.message}`);
        assert(
          thrown.message.includes(text ?? ""),
          `${where}: ${JSON.stringify(thrown.message)} has no ${JSON.stringify(text)}`,
        );
        continue;
      }
      assert.equal(error, undefined, `${where} has not failed`);
      if (expect === undefined) continue;
      if (operation === "execute") value = Object.fromEntries(Object.keys(expect).map((key) => [key, value[key]]));
      assert.deepStrictEqual(value, expect, where);
    }
  } finally {
    state.close();
    fork?.close();
  }
}

const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(".json"));
test("there are files of behaviours", () => assert(files.length > 0));
for (const file of files) {
  const { name, cases } = JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8"));
  for (const one of cases) {
    test(`${name}: ${one.name}`, async () => {
      known(one, ["name", "note", "fork", "steps"]);
      await run(one);
    });
  }
}
