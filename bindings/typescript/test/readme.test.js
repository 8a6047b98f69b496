// Every block of code in README.md is run, and prints what the block after it says:
//   <!-- snippet: run -->       a program; the URL of a node is in RPC_URL
//   <!-- snippet: output -->    what the program before it printed
//   <!-- snippet: package -->   installing the package, which test/package.sh does
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startAnvil } from "./support/anvil.js";
import { output } from "./support/program.js";

const lines = readFileSync(new URL("../README.md", import.meta.url), "utf8").split("\n");
const blocks = [];
for (let i = 0; i < lines.length; i++) {
  const fence = /^```(\w*)$/.exec(lines[i]);
  if (fence === null) continue;
  const directive = /^<!-- snippet: (\w+) -->$/.exec(lines[i - 1] ?? "")?.[1];
  const start = i + 1;
  while (lines[++i] !== "```") assert(i < lines.length, `README.md:${start}: a fence that is not closed`);
  blocks.push({ line: start, language: fence[1], directive, text: `${lines.slice(start, i).join("\n")}\n` });
}

let anvil;
const work = mkdtempSync(join(tmpdir(), "worldstate-readme-"));
before(async () => {
  anvil = await startAnvil();
  // The header of this node's first block does not have the root of its state.
  await anvil.rpc("anvil_mine", "0x1");
});
after(() => {
  anvil.stop();
  rmSync(work, { recursive: true });
});

test("every block says how it is run", () => {
  assert(blocks.length > 4);
  for (const { line, language, directive } of blocks) {
    const known = { js: ["run"], text: ["output"], sh: ["package"] }[language] ?? [];
    assert(known.includes(directive), `README.md:${line}: a block of ${language} with ${directive}`);
  }
});

for (const [i, { line, language, text }] of blocks.entries()) {
  if (language !== "js") continue;
  test(`README.md:${line}`, async () => {
    const file = fileURLToPath(new URL(`.${process.pid}-${line}.mjs`, import.meta.url));
    writeFileSync(file, text);
    try {
      const printed = await output(file, [], { cwd: work, env: { ...process.env, RPC_URL: anvil.url } });
      const next = blocks[i + 1];
      assert.equal(printed, next?.directive === "output" ? next.text : "");
    } finally {
      rmSync(file);
    }
  });
}
