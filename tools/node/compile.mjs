// Compiles tools/demo/*.sol and tests/contracts/*.sol: build/contracts/<Name>.json holds creation code, selectors and storage layout.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const solc = createRequire(`${root}build/tools/`)("solc");

const sources = {};
for (const room of ["tools/demo", "tests/contracts"]) {
  for (const name of readdirSync(`${root}${room}`).filter((name) => name.endsWith(".sol"))) {
    sources[name] = { content: readFileSync(`${root}${room}/${name}`, "utf8") };
  }
}
const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: "Solidity",
      sources,
      settings: {
        evmVersion: "cancun",
        optimizer: { enabled: true, runs: 200 },
        outputSelection: { "*": { "*": ["evm.bytecode.object", "evm.methodIdentifiers", "storageLayout"] } },
      },
    }),
  ),
);
// Warnings count: the contracts are ours.
if (output.errors?.length) {
  for (const error of output.errors) console.error(error.formattedMessage);
  process.exit(1);
}
mkdirSync(`${root}build/contracts`, { recursive: true });
for (const contracts of Object.values(output.contracts)) {
  for (const [name, { evm, storageLayout }] of Object.entries(contracts)) {
    const contract = {
      bytecode: `0x${evm.bytecode.object}`,
      selectors: evm.methodIdentifiers,
      slots: Object.fromEntries((storageLayout.storage ?? []).map(({ label, slot }) => [label, Number(slot)])),
    };
    writeFileSync(`${root}build/contracts/${name}.json`, `${JSON.stringify(contract, null, 2)}\n`);
  }
}
