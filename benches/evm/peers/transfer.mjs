// 1,000 ERC-20 transfers with @ethereumjs/evm: microseconds of the median run on standard output. Usage: transfer.mjs MODULES SCENE CALL_DATA
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { createEVM } = require("@ethereumjs/evm");
const { Common, Hardfork, Mainnet } = require("@ethereumjs/common");
const { Account, createAddressFromString, hexToBytes } = require("@ethereumjs/util");

const scene = JSON.parse(readFileSync(process.argv[3], "utf8"));
const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Prague }) });
for (const person of scene.people) {
  await evm.stateManager.putAccount(createAddressFromString(person), new Account(0n, 10n ** 22n));
}
async function call(from, to, data) {
  const { execResult } = await evm.runCall({
    caller: createAddressFromString(from),
    to: to === null ? undefined : createAddressFromString(to),
    data: hexToBytes(data),
    gasLimit: 900_000_000n,
  });
  if (execResult.exceptionError) throw new Error(`${to}: ${execResult.exceptionError.error}`);
}
for (const { from, to, data } of scene.setup) await call(from, to, data);
const times = [];
for (let i = 0; i < 5; i++) {
  await evm.stateManager.checkpoint();
  const start = performance.now();
  await call(scene.people[0], scene.contracts.airdrop, process.argv[4]);
  times.push((performance.now() - start) * 1e3);
  await evm.stateManager.revert();
}
console.log(times.slice(2).sort((a, b) => a - b)[1]);
