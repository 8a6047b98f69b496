// What compiles, and what must not: `tsc -p tsconfig.json` is the test. Nothing of this runs.
import type { Address as ViemAddress, Hex as ViemHex, PublicClient } from "viem";
import {
  type Account,
  type Address,
  Evm,
  type EvmRequest,
  type ExecutionResult,
  ForkBackend,
  type EthProof,
  type Hex,
  type LogLevel,
  RpcClientAdapter,
  type StateInterface,
  StateManager,
  verifyHeader,
  verifyProof,
  WorldstateError,
} from "worldstate";

declare const client: PublicClient;
declare const wallet: { request(args: { method: string; params?: unknown[] | object }): Promise<unknown> };
declare const ethers: import("ethers").JsonRpcProvider;
const address: Address = "0x00000000000000000000000000000000000a11ce";

// viem's types and ours are the same.
const viemAddress: ViemAddress = address;
const ours: Address = viemAddress;
const hex: ViemHex = "0x1234" satisfies Hex;

const forks: ForkBackend[] = [
  ForkBackend.provider(client),
  ForkBackend.provider(wallet),
  ForkBackend.provider(ethers),
  ForkBackend.provider(new RpcClientAdapter("http://127.0.0.1:8545")),
  ForkBackend.provider(async ({ method, params }) => [method, params]),
  ForkBackend.http("http://127.0.0.1:8545", { block: 5n, headers: { authorization: "…" } }),
];
// @ts-expect-error headers belong to the built-in HTTP
ForkBackend.provider(client, { headers: {} });
// @ts-expect-error no such account source
ForkBackend.provider(client, { accountSource: "guess" });
ForkBackend.provider(client, {
  verify: { stateRoot: hex },
  chainId: 1n,
  cacheDir: "cache",
  log: (level, text) => [level, text],
});
const level: LogLevel = "info";
// @ts-expect-error one trusted value, not two
ForkBackend.provider(client, { verify: { blockHash: hex, stateRoot: hex } });
// @ts-expect-error rates belong to the built-in HTTP
ForkBackend.provider(client, { requestsPerSecond: 5 });
// @ts-expect-error made by its functions only
new ForkBackend(1, undefined);

using state = new StateManager({ fork: forks[0] as ForkBackend });
const balance: bigint = await state.getBalance(address);
const storage: Hex = await state.getStorage(new Uint8Array(20), 5n);
const code: Uint8Array = await state.getCodeBytes(viemAddress);
const accounts: Account[] = await state.getAccounts([address]);
const proof: EthProof = await state.getProof(address, [1n, hex]);
verifyProof(await state.getStateRoot(), proof, { address, slots: [1n] });
const stateRoot: Hex = verifyHeader(hex, await client.getBlock());
const maxUs: number = (forks[0] as ForkBackend).methodStats("eth_getProof").maxUs;
// @ts-expect-error quantities are bigints
const number: number = await state.getBalance(address);
// @ts-expect-error a slot is no number
await state.getStorage(address, 5);
// @ts-expect-error an amount is no text
await state.setBalance(address, "5");
// @ts-expect-error there is no such status
const status: "dead" = await state.getAccountStatus(address);
// @ts-expect-error hex begins with 0x
const text: Hex = "1234";

const store: StateInterface = {
  getStorage: async (_address: Address, slot: Hex) => slot,
  getBalance: async () => 5n,
  getCode: () => "0x",
  getNonce: () => 0,
};
// @ts-expect-error getNonce is missing
const incomplete: StateInterface = { getStorage: () => 0n, getBalance: () => 0n, getCode: () => "0x" };

await using evm = new Evm(state, { stateInterface: store, hardfork: "cancun", runAhead: "on" });
const result: ExecutionResult = await evm.execute({ commit: "discard" });
const created: Address | null = result.created;
// @ts-expect-error a message needs gas
evm.setMessage({ to: address });
// @ts-expect-error no such way to end
await evm.execute({ commit: "maybe" });

const request: EvmRequest = evm.start();
if (request.type === "storage") evm.continueWith(request, 5n);
if (request.type === "blockHash") evm.continueWith(request, hex);
// @ts-expect-error the answer to a question for a nonce is no hex
if (request.type === "nonce") evm.continueWith(request, "0x");
// @ts-expect-error nothing is asked
if (request.type === "result") evm.continueWith(request, 0n);

const error = new WorldstateError(-1, "STATE_MANAGER_ERROR_INVALID_INPUT", "text");
const failure: number = error.code;
// @ts-expect-error it stays what it is
error.code = 5;

export const used = [
  ours,
  balance,
  storage,
  code,
  accounts,
  number,
  status,
  text,
  incomplete,
  created,
  failure,
  level,
  stateRoot,
  maxUs,
];
