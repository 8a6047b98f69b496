// Writes build/contracts/scene.json: the contracts deployed, connected and populated by plain transactions, and calls worth making then.
// Every address and all data are there as hex, so that any host can send them as they are, in this order, to a chain on which
// none of `people` has sent anything yet. They are a development node's first ten accounts. Run tools/node/compile.mjs first.
//   people      their addresses
//   contracts   name -> address
//   setup       [{label, from, to, data}]: transactions; `to` is null for a deployment. None fails.
//   calls       [{label, from, to, data, again}]: each for itself on the state after `setup`; `again` is the same call with other arguments. None fails.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { word } from "../../tools/node/chain.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { keccak256 } = createRequire(`${root}build/tools/`)("js-sha3");
const keccak = (hex) => keccak256(Buffer.from(hex, "hex"));
const bare = (hex) => hex.replace(/^0x/, "");

const people = [
  "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
  "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
  "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
  "0x90f79bf6eb2c4f870365e785982e1f101e93b906",
  "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",
  "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
  "0x976ea74026e726554db657fa54763abd0c3a0aa9",
  "0x14dc79964da2c08b23698b3d3cc7ca32193d9955",
  "0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
  "0xa0ee7a142d267c1f36714e4a8f75612f20a79720",
];
const artifacts = {};
const artifact = (name) => (artifacts[name] ??= JSON.parse(readFileSync(`${root}build/contracts/${name}.json`, "utf8")));
const tokens = (amount) => BigInt(amount) * 10n ** 18n;
const forever = 2n ** 256n - 1n;

/** The arguments of a call; one that is an array comes last and is the only one. */
function encode(args) {
  const list = args.at(-1);
  if (!Array.isArray(list)) return args.map(word).join("");
  return [...args.slice(0, -1), 32 * args.length, list.length, ...list].map(word).join("");
}

/** The data of a call of `signature`, which one contract of `name` has. */
function data(name, signature, ...args) {
  const selector = artifact(name).selectors[signature];
  if (selector === undefined) throw new Error(`${name} has no ${signature}`);
  return `0x${selector}${encode(args)}`;
}

/** The address of what `creator` creates with a nonce below 2^16. */
function created(creator, nonce) {
  const rlp = nonce === 0 ? "80" : nonce < 0x80 ? nonce.toString(16).padStart(2, "0") : nonce < 0x100 ? `81${nonce.toString(16)}` : `82${nonce.toString(16).padStart(4, "0")}`;
  const list = `94${bare(creator)}${rlp}`;
  return `0x${keccak((0xc0 + list.length / 2).toString(16) + list).slice(24)}`;
}

const contracts = {};
const setup = [];
const nonces = new Map();
function transact(label, from, to, data) {
  nonces.set(from, (nonces.get(from) ?? 0) + 1);
  setup.push({ label, from, to, data });
}
function deploy(label, name, ...args) {
  contracts[label] = created(people[0], nonces.get(people[0]) ?? 0);
  transact(`deploy ${label}`, people[0], null, artifact(name).bytecode + encode(args));
}
function createPair(a, b) {
  const [token0, token1] = [contracts[a], contracts[b]].sort();
  const salt = keccak(bare(token0) + bare(token1));
  const code = keccak(bare(artifact("Pair").bytecode) + word(token0) + word(token1));
  contracts[`${a}-${b}`] = `0x${keccak(`ff${bare(contracts.registry)}${salt}${code}`).slice(24)}`;
  transact(`create ${a}-${b}`, people[0], contracts.registry, data("Registry", "create(address,address)", contracts[a], contracts[b]));
}

const goods = ["apple", "birch", "cedar", "delta", "ember"];
for (const name of goods) deploy(name, "Token", tokens(1_000_000_000));
deploy("registry", "Registry");
deploy("router", "Router", contracts.registry);
deploy("vault implementation", "Vault");
deploy("vault", "Proxy", contracts["vault implementation"]);
deploy("book", "OrderBook", contracts.apple, contracts.birch);
deploy("airdrop", "Airdrop");
const pairs = [...goods.slice(1).map((name, i) => [goods[i], name]), ["apple", "cedar"]];
for (const [a, b] of pairs) createPair(a, b);
transact("initialise vault", people[0], contracts.vault, data("Vault", "initialise(address,uint256)", contracts.apple, tokens(1) / 100n));
transact("fund vault", people[0], contracts.apple, data("Token", "transfer(address,uint256)", contracts.vault, tokens(1_000_000)));
for (const name of goods) {
  for (const person of people.slice(1)) {
    transact(`share out ${name}`, people[0], contracts[name], data("Token", "transfer(address,uint256)", person, tokens(1_000_000)));
  }
  transact(`fund airdrop with ${name}`, people[0], contracts[name], data("Token", "transfer(address,uint256)", contracts.airdrop, tokens(1_000_000)));
}
for (const person of people) {
  for (const name of goods) transact(`approve router for ${name}`, person, contracts[name], data("Token", "approve(address,uint256)", contracts.router, forever));
  for (const [name, spender] of [["apple", "vault"], ["apple", "book"], ["birch", "book"]]) {
    transact(`approve ${spender} for ${name}`, person, contracts[name], data("Token", "approve(address,uint256)", contracts[spender], forever));
  }
}
for (const [i, [a, b]] of pairs.entries()) {
  const add = data("Router", "addLiquidity(address,address,uint256,uint256,address)", contracts[a], contracts[b], tokens(100_000), tokens(100_000 + 7_000 * i), people[1]);
  transact(`liquidity of ${a}-${b}`, people[1], contracts.router, add);
}
for (const [i, person] of people.slice(2, 8).entries()) {
  transact("stake", person, contracts.vault, data("Vault", "stake(uint256,address)", tokens(100 + i), people[i % 3]));
}
for (let i = 0; i < 24; i++) {
  const price = tokens(1) + (BigInt((i * 7) % 24) * tokens(1)) / 1000n;
  transact("place order", people[2 + (i % 6)], contracts.book, data("OrderBook", "place(uint96,uint128)", price, tokens(10)));
}

const path = (...names) => names.map((name) => contracts[name]);
const swap = (amount, to, ...names) => data("Router", "swap(uint256,uint256,address,uint256,address[])", tokens(amount), 1, to, forever, path(...names));
const crowd = (first, count) => Array.from({ length: count }, (_, i) => `0x${keccak(word(first + i)).slice(24)}`);
const airdrop = (name, first, count) => data("Airdrop", "list(address,uint256,address[])", contracts[name], tokens(3), crowd(first, count));
const calls = [
  ["transfer", people[3], "apple", (k) => data("Token", "transfer(address,uint256)", people[4 + k], tokens(5 + k))],
  ["swap over 1 pair", people[3], "router", (k) => swap(10 + k, people[3 + k], "apple", "birch")],
  ["swap over 2 pairs", people[4], "router", (k) => swap(11 + k, people[4 + k], "apple", "birch", "cedar")],
  ["swap over 4 pairs", people[5], "router", (k) => swap(12 + k, people[5 + k], "apple", "birch", "cedar", "delta", "ember")],
  ["swap there and back", people[6], "router", (k) => swap(13 + k, people[6 + k], "apple", "birch", "cedar", "apple")],
  ["add liquidity", people[7], "router", (k) => data("Router", "addLiquidity(address,address,uint256,uint256,address)", contracts.birch, contracts.cedar, tokens(50 + k), tokens(70 + k), people[7 + k])],
  ["create a pair", people[8], "registry", (k) => data("Registry", "create(address,address)", contracts.birch, contracts[["delta", "ember"][k]])],
  ["stake", people[2], "vault", (k) => data("Vault", "stake(uint256,address)", tokens(20 + k), people[1 + k])],
  ["withdraw", people[3], "vault", (k) => data("Vault", "withdraw(uint256)", tokens(10 + k))],
  ["place an order", people[4], "book", (k) => data("OrderBook", "place(uint96,uint128)", tokens(1) + tokens(k + 1) / 91n, tokens(2))],
  ["buy from 3 orders", people[9], "book", (k) => data("OrderBook", "buy(uint128,uint96)", tokens(25 + k), tokens(2))],
  ["buy from 12 orders", people[9], "book", (k) => data("OrderBook", "buy(uint128,uint96)", tokens(115 + k), tokens(2))],
  ["airdrop to 20", people[0], "airdrop", (k) => airdrop("delta", 100 * k, 20)],
  ["airdrop to 60", people[0], "airdrop", (k) => airdrop("ember", 1000 + 100 * k, 60)],
].map(([label, from, contract, make]) => ({ label, from, to: contracts[contract], data: make(0), again: make(1) }));

writeFileSync(`${root}build/contracts/scene.json`, `${JSON.stringify({ people, contracts, setup, calls }, null, 1)}\n`);
