// What each operation of the conformance data does here. `names` has the snapshots by their names.
import { Evm } from "worldstate";

const quantity = (value) => `0x${value.toString(16)}`;
const withId = (names, { snapshot }) => names.get(snapshot);

export const OPERATIONS = {
  getBalance: async (state, { address }) => quantity(await state.getBalance(address)),
  setBalance: (state, { address, balance }) => state.setBalance(address, BigInt(balance)),
  getNonce: async (state, { address }) => quantity(await state.getNonce(address)),
  setNonce: (state, { address, nonce }) => state.setNonce(address, BigInt(nonce)),
  getStorage: (state, { address, slot }) => state.getStorage(address, slot),
  setStorage: (state, { address, slot, value }) => state.setStorage(address, slot, value),
  getCode: (state, { address }) => state.getCode(address),
  setCode: (state, { address, code }) => state.setCode(address, code),
  getCodeHash: (state, { address }) => state.getCodeHash(address),
  getAccountStatus: (state, { address }) => state.getAccountStatus(address),
  deleteAccount: (state, { address }) => state.deleteAccount(address),
  clearStorage: (state, { address }) => state.clearStorage(address),
  getStorageRoot: (state, { address }) => state.getStorageRoot(address),
  getStateRoot: (state) => state.getStateRoot(),
  getProof: async (state, { address, slots }) => {
    const { balance, nonce, storageProof, ...rest } = await state.getProof(address, slots);
    return {
      ...rest,
      balance: quantity(balance),
      nonce: quantity(nonce),
      storageProof: storageProof.map(({ value, ...slot }) => ({ ...slot, value: quantity(value) })),
    };
  },
  getBlockHash: (state, { number }) => state.getBlockHash(number),
  getStorageBatch: (state, { keys }) => state.getStorageBatch(keys),
  setStorageBatch: (state, { entries }) => state.setStorageBatch(entries),
  getAccounts: async (state, { addresses }) =>
    (await state.getAccounts(addresses)).map(({ balance, nonce, ...rest }) => ({
      balance: quantity(balance),
      nonce: quantity(nonce),
      ...rest,
    })),
  setAccounts: (state, { accounts }) =>
    state.setAccounts(
      accounts.map(({ balance, nonce, ...rest }) => ({
        ...rest,
        ...(balance === undefined ? {} : { balance: BigInt(balance) }),
        ...(nonce === undefined ? {} : { nonce: BigInt(nonce) }),
      })),
    ),
  checkpoint: (state) => state.checkpoint(),
  revert: (state) => state.revert(),
  commit: (state) => state.commit(),
  getCheckpointDepth: (state) => state.getCheckpointDepth(),
  snapshot: async (state, { as }, names) => void names.set(as, await state.snapshot()),
  revertToSnapshot: (state, step, names) => state.revertToSnapshot(withId(names, step)),
  deleteSnapshot: (state, step, names) => state.deleteSnapshot(withId(names, step)),
  getChanges: async (state, step, names) =>
    JSON.parse(await state.getChangesJson(step.snapshot === undefined ? undefined : withId(names, step))),
  dump: async (state, { format }) => JSON.parse(await state.dump(format)),
  load: async (state, { state: dump }) => state.load(dump),
  listAccounts: async (state) => [...state.listAccounts()],
  listStorage: async (state, { address }) => Object.fromEntries(state.listStorage(address)),
  reset: (state) => state.reset(),
  clearCaches: (state) => state.clearCaches(),
  clearForkCache: (state) => state.clearForkCache(),
  execute,
};

/** The arguments that each operation has; others are refused. */
export const ARGUMENTS = {
  getBalance: "address",
  setBalance: "address balance",
  getNonce: "address",
  setNonce: "address nonce",
  getStorage: "address slot",
  setStorage: "address slot value",
  getCode: "address",
  setCode: "address code",
  getCodeHash: "address",
  getAccountStatus: "address",
  deleteAccount: "address",
  clearStorage: "address",
  getStorageRoot: "address",
  getProof: "address slots",
  getBlockHash: "number",
  getStorageBatch: "keys",
  setStorageBatch: "entries",
  getAccounts: "addresses",
  setAccounts: "accounts",
  snapshot: "as",
  revertToSnapshot: "snapshot",
  deleteSnapshot: "snapshot",
  getChanges: "snapshot",
  dump: "format",
  load: "state",
  listStorage: "address",
  execute: "evm transaction raw message store commit",
};

function storeOf({ accounts = {}, blockHashes = {}, precompiles = {}, fails }, asked) {
  const answer = (question, value) => {
    asked.add(question);
    if (fails !== undefined) throw new Error(fails);
    return value;
  };
  const of = (address) => accounts[address] ?? {};
  return {
    getBalance: async (address) => answer(`balance ${address}`, BigInt(of(address).balance ?? 0)),
    getNonce: async (address) => answer(`nonce ${address}`, BigInt(of(address).nonce ?? 0)),
    getCode: async (address) => answer(`code ${address}`, of(address).code ?? "0x"),
    getStorage: async (address, slot) => answer(`storage ${address} ${slot}`, of(address).storage?.[slot] ?? 0n),
    getBlockHash: async (number) => answer(`blockHash ${number}`, blockHashes[number]),
    callPrecompile: async ({ address }) => {
      const { status, gasUsed, output } = answer(`precompile ${address}`, precompiles[address]);
      return { status, gasUsed: BigInt(gasUsed), output };
    },
  };
}

async function execute(state, { evm: settings = {}, transaction, raw, message, store, commit }) {
  const { block, blockHashes = {}, stateOverrides, blockOverrides, ...options } = settings;
  const asked = new Set();
  if (store !== undefined) options.stateInterface = storeOf(store, asked);
  const evm = new Evm(state, options);
  try {
    if (block !== undefined) evm.setBlock(block);
    for (const [number, hash] of Object.entries(blockHashes)) evm.setBlockHash(BigInt(number), hash);
    if (stateOverrides !== undefined) evm.setStateOverrides(stateOverrides);
    if (blockOverrides !== undefined) evm.setBlockOverrides(blockOverrides);
    if (transaction !== undefined) evm.setTransaction(transaction);
    if (raw !== undefined) evm.setRawTransaction(raw);
    if (message !== undefined) {
      const quantities = ["value", "gas", "gasPrice"].filter((name) => message[name] !== undefined);
      evm.setMessage({ ...message, ...Object.fromEntries(quantities.map((name) => [name, BigInt(message[name])])) });
    }
    const { gasUsed, gasRefunded, gasRemaining: _, ...result } = await evm.execute({ commit });
    return {
      ...result,
      gasUsed: quantity(gasUsed),
      gasRefunded: quantity(gasRefunded),
      changes: JSON.parse(evm.getStateChangesJson()),
      accessList: evm.getAccessList(),
      prestate: evm.getPrestate(),
      asked: [...asked].sort(),
    };
  } finally {
    evm.close();
  }
}
