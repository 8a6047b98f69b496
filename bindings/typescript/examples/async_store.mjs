// The program holds the state, in a database for instance, and an execution asks for what it needs.
import { Evm, StateManager } from "worldstate";

const contract = "0x000000000000000000000000000000000000c0de";
const caller = "0x00000000000000000000000000000000000a11ce";

// Slot 0 + slot 1 + the balance of the caller; stored in slot 2 and returned.
const code = "0x5f54600154013331018060025560005260206000f3";
const slots = new Map([
  [0n, 10n],
  [1n, 20n],
]);

const database = {
  lookUps: 0,
  async get(value) {
    this.lookUps++;
    await new Promise((done) => setTimeout(done, 1));
    return value;
  },
};

const store = {
  getStorage: (address, slot) => database.get(address === contract ? (slots.get(BigInt(slot)) ?? 0n) : 0n),
  getBalance: (address) => database.get(address === caller ? 7n : 0n),
  getCode: (address) => database.get(address === contract ? code : "0x"),
  getNonce: (address) => database.get(address === contract ? 1n : 0n),
  async commitChanges(changes) {
    for (const { slot, newValue } of changes.storage) slots.set(BigInt(slot), BigInt(newValue));
  },
};

// Empty: what is written to it comes before the store.
const state = new StateManager();
const evm = new Evm(state, { stateInterface: store, runAhead: "on" });
evm.setMessage({ caller, to: contract, gas: 100_000n });
const { status, output, gasUsed } = await evm.execute();
const { rounds } = evm.getStats();
console.log(`${status}, ${gasUsed} gas, returned ${BigInt(output)}`);
console.log(`${database.lookUps} look-ups in ${rounds} round${rounds === 1 ? "" : "s"}`);
console.log(`slot 2 of the database is ${slots.get(2n)}`);

// A store that fails ends the execution; nothing is written.
const failing = new Evm(state, {
  stateInterface: { ...store, getStorage: () => Promise.reject(new Error("disk full")) },
});
failing.setMessage({ caller, to: "0x000000000000000000000000000000000000beef", code, gas: 100_000n });
await failing.execute().catch((error) => console.log(`${error.name}: ${error.message}`));

failing.close();
evm.close();
state.close();
