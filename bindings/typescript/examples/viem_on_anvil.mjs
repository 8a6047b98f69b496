// A fork of a node through viem's client: reads come from the chain, writes stay here.
//   node viem_on_anvil.mjs http://127.0.0.1:8545 [address]
import { createPublicClient, formatEther, http } from "viem";
import { ForkBackend, StateManager } from "worldstate";

const url = process.argv[2] ?? "http://127.0.0.1:8545";
const client = createPublicClient({ transport: http(url) });
const fork = ForkBackend.provider(client);
const state = new StateManager({ fork });

const account = process.argv[3] ?? "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"; // the first one of a development node
const { number } = await fork.getBlock();
console.log(`forked at block ${number}`);
console.log(`on the chain  ${formatEther(await client.getBalance({ address: account }))} ETH`);
console.log(`here          ${formatEther(await state.getBalance(account))} ETH`);

const snapshot = await state.snapshot();
await state.setBalance(account, 1n);
console.log(`written here  ${await state.getBalance(account)} wei`);
await state.revertToSnapshot(snapshot);
console.log(`taken back    ${formatEther(await state.getBalance(account))} ETH`);

// All of these go to the node together.
await Promise.all(Array.from({ length: 100 }, (_, slot) => state.getStorage(account, BigInt(slot))));
const { misses, bodies } = fork.stats();
console.log(`${misses >= 100 ? "100 slots and more" : misses} were asked for in ${bodies} bodies`);

state.close();
fork.close();
