// Every example, under this runtime, on a real node; examples/expected has what each prints.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startAnvil } from "./support/anvil.js";
import { output } from "./support/program.js";

const EXAMPLES = new URL("../examples/", import.meta.url);
const names = readdirSync(EXAMPLES).filter((name) => name.endsWith(".mjs"));
let anvil;

before(async () => void (anvil = await startAnvil()));
after(() => anvil.stop());

test("there are the examples that there should be", () => {
  assert.deepEqual(names.sort(), ["async_store.mjs", "fork_simulation.mjs", "test_snapshots.mjs", "viem_on_anvil.mjs"]);
});
for (const name of names) {
  test(name, async () => {
    const expected = readFileSync(new URL(`expected/${name.replace(".mjs", ".txt")}`, EXAMPLES), "utf8");
    assert.equal(await output(fileURLToPath(new URL(name, EXAMPLES)), [anvil.url]), expected);
  });
}
