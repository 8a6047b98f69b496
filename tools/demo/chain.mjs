// What happens on the demo's own node.
//   chain.mjs set-scene FILE    deploys the token, shares it out, and writes for the demo program what is worth reading
//   chain.mjs move-on FILE      more transactions and blocks, while the fork stands still
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Contract, mappingSlot, rpc, send } from "../node/chain.mjs";

const [action, sceneFile] = process.argv.slice(2);
const artifact = JSON.parse(readFileSync(fileURLToPath(new URL("../../build/contracts/Token.json", import.meta.url)), "utf8"));
const tokens = (amount) => BigInt(amount) * 10n ** 18n;
const [alice, bob, carol, dave] = await rpc("eth_accounts");
const people = { alice, bob, carol, dave };

if (action === "set-scene") {
  const token = await Contract.deploy(artifact, alice, tokens(1_000_000));
  await token.send(alice, "transfer(address,uint256)", bob, tokens(250_000));
  await token.send(alice, "transfer(address,uint256)", carol, tokens(1_250));
  await token.send(bob, "transfer(address,uint256)", carol, tokens(7));
  await token.send(bob, "approve(address,uint256)", carol, tokens(40));
  await send({ from: bob, to: dave, value: "0x2b5e3af16b1880000" });
  await rpc("anvil_mine", "0xa");

  const { totalSupply, balanceOf, allowance } = artifact.slots;
  const lines = [`contract token ${token.address}`];
  for (const [name, address] of Object.entries(people)) lines.push(`account ${name} ${address}`);
  lines.push(`slot totalSupply 0x${totalSupply.toString(16)} WST`);
  for (const [name, address] of Object.entries(people)) {
    lines.push(`slot balanceOf[${name}] ${await mappingSlot(address, balanceOf)} WST`);
  }
  lines.push(`slot allowance[bob][carol] ${await mappingSlot(carol, await mappingSlot(bob, allowance))} WST`);
  writeFileSync(sceneFile, `${lines.join("\n")}\n`);
} else if (action === "move-on") {
  const address = readFileSync(sceneFile, "utf8").match(/^contract token (\S+)$/m)[1];
  const token = new Contract(artifact, address);
  await token.send(bob, "transfer(address,uint256)", dave, tokens(100_000));
  await token.send(carol, "transferFrom(address,address,uint256)", bob, carol, tokens(40));
  await send({ from: bob, to: alice, value: "0x8ac7230489e80000" });
  await rpc("anvil_mine", "0x19");
  console.log("  On the node, bob sends dave 100,000 WST and alice 10 ETH, carol uses up her allowance, and 25 more blocks are mined.");
} else {
  throw new Error(`unknown action: ${action}`);
}
