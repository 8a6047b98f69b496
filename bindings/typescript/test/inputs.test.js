// Bad inputs: the status, and a text that names what is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidHexError, InvalidInputError, StateManager } from "worldstate";

const ALICE = "0x00000000000000000000000000000000000a11ce";

const ADDRESSES = [
  ["", InvalidHexError, 'address "" has no digits'],
  ["0x", InvalidHexError, 'address "0x" has no digits'],
  ["0x1", InvalidHexError, 'address "0x1" has 1 digits instead of 40'],
  [ALICE.slice(0, -1), InvalidHexError, "has 39 digits instead of 40"],
  [`${ALICE}0`, InvalidHexError, "has 41 digits instead of 40"],
  ["alice", InvalidHexError, 'address "alice" is not hexadecimal'],
  [`${ALICE.slice(0, -1)}g`, InvalidHexError, "is not hexadecimal"],
  [`${ALICE.slice(0, -1)}é`, InvalidHexError, "is not hexadecimal"],
  [`${ALICE.slice(0, -1)}\0`, InvalidHexError, "is not hexadecimal"],
  [` ${ALICE}`, InvalidHexError, "is not hexadecimal"],
  ["f".repeat(100_000), InvalidHexError, "address has 256 characters or more"],
  [new Uint8Array(19), InvalidInputError, "address: 0x hex or 20 bytes are wanted, not 19 bytes"],
  [new Uint16Array(20), InvalidInputError, "address: 0x hex or 20 bytes are wanted, not object"],
  [undefined, InvalidInputError, "not undefined"],
  [null, InvalidInputError, "not null"],
  [5, InvalidInputError, "not number"],
  [{ length: 20, BYTES_PER_ELEMENT: 1 }, InvalidInputError, "not object"],
];

const WORDS = [
  ["", InvalidHexError, "has no digits"],
  ["7", InvalidHexError, "has neither a 0x prefix nor 64 digits"],
  [`0x${"1".repeat(65)}`, InvalidHexError, "has more than 64 digits"],
  ["0xxyz", InvalidHexError, "is not hexadecimal"],
  ["0x1\0", InvalidHexError, "is not hexadecimal"],
  [-1n, InvalidInputError, "-1 is not in the range of 256 bits"],
  [2n ** 256n, InvalidInputError, "is not in the range of 256 bits"],
  [new Uint8Array(31), InvalidInputError, "0x hex, 32 bytes or a bigint are wanted, not 31 bytes"],
  [7, InvalidInputError, "not number"],
  [undefined, InvalidInputError, "not undefined"],
];

function refuses(name, call, kind, text) {
  test(name, () => {
    const state = new StateManager();
    try {
      assert.throws(
        () => call(state),
        (error) => {
          assert(error instanceof kind, `${error.name}: ${error.message}`);
          assert(error.message.includes(text), error.message);
          assert(error.message.length < 500);
          return true;
        },
      );
      assert.deepEqual([...state.listAccounts()], []);
    } finally {
      state.close();
    }
  });
}

const shown = (value) =>
  typeof value === "string"
    ? JSON.stringify(value.slice(0, 50))
    : Object.prototype.toString.call(value) + String(value).slice(0, 20);

for (const [i, [address, kind, text]] of ADDRESSES.entries()) {
  refuses(`address ${i}: ${shown(address)}`, (state) => state.getBalanceSync(address), kind, text);
  refuses(`address ${i} of a slot: ${shown(address)}`, (state) => state.setStorageSync(address, 1n, 1n), kind, text);
}
for (const [i, [word, kind, text]] of WORDS.entries()) {
  refuses(`slot ${i}: ${shown(word)}`, (state) => state.getStorageSync(ALICE, word), kind, text);
  refuses(`slot ${i} for bytes: ${shown(word)}`, (state) => state.getStorageBytesSync(ALICE, word), kind, text);
  refuses(`value ${i}: ${shown(word)}`, (state) => state.setStorageSync(ALICE, 1n, word), kind, text);
  refuses(
    `value ${i} of a batch: ${shown(word)}`,
    (state) => state.setStorageBatchSync([[ALICE, 1n, word]]),
    kind,
    text,
  );
}

for (const [name, call, kind, text] of [
  [
    "a balance that is negative",
    (state) => state.setBalanceSync(ALICE, -1n),
    InvalidInputError,
    "balance -1 is not in the range of 256 bits",
  ],
  [
    "a balance that is a fraction",
    (state) => state.setBalanceSync(ALICE, 0.5),
    InvalidInputError,
    "balance 0.5 is not a safe integer",
  ],
  [
    "a balance above 2^53 as a number",
    (state) => state.setBalanceSync(ALICE, 2 ** 60),
    InvalidInputError,
    "is not a safe integer",
  ],
  [
    "a balance that is text",
    (state) => state.setBalanceSync(ALICE, "1"),
    InvalidInputError,
    "balance: a bigint or number is wanted, not string",
  ],
  [
    "a nonce above 64 bits",
    (state) => state.setNonceSync(ALICE, 2n ** 64n),
    InvalidInputError,
    "is not in the range of 64 bits",
  ],
  [
    "odd code",
    (state) => state.setCodeSync(ALICE, "0x123"),
    InvalidHexError,
    'code "0x123" has an odd number of digits',
  ],
  ["code that is none", (state) => state.setCodeSync(ALICE, "0xzz"), InvalidHexError, 'code "0xzz" is not hexadecimal'],
  [
    "code that is a number",
    (state) => state.setCodeSync(ALICE, 5),
    InvalidInputError,
    "code: 0x hex or bytes are wanted, not number",
  ],
]) {
  refuses(name, call, kind, text);
}
