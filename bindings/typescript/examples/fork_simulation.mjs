// What would this transaction do? Run on a fork, with what it needs fetched in few round trips; the chain never sees it.
//   node fork_simulation.mjs http://127.0.0.1:8545
import { Evm, ForkBackend, RpcClientAdapter, StateManager } from "worldstate";

const url = process.argv[2] ?? "http://127.0.0.1:8545";
const fork = ForkBackend.provider(new RpcClientAdapter(url));
const { chainId, number } = await fork.getBlock();
const state = new StateManager({ fork });

// A contract that adds the sent wei to its slot 0 and tells the sum, put there for this run only.
const contract = "0x00000000000000000000000000000000000c0de0";
await state.setCode(contract, "0x5f543401805f555f5260205ff3");
const sender = "0x00000000000000000000000000000000000a11ce";
await state.setBalance(sender, 10n ** 18n);
const evm = new Evm(state, { chainId, runAhead: "on" });
evm.setBlock({ number: number + 1n, timestamp: 1_900_000_000n, gasLimit: 30_000_000n, baseFeePerGas: 7n });

for (const value of [5n, 7n]) {
  evm.setTransaction({ from: sender, to: contract, value });
  const { status, gasUsed, output } = await evm.execute();
  console.log(`${status}: ${gasUsed} gas, the sum is ${BigInt(output)}`);
}
for (const { address, originalBalance, newBalance } of evm.getStateChanges().balances) {
  console.log(`${address}: ${newBalance - originalBalance} wei`);
}

evm.setTransaction({ from: sender, to: contract, value: 10n ** 30n });
try {
  await evm.execute();
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}

evm.close();
state.close();
fork.close();
