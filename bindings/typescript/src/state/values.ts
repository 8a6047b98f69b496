import { raise } from "../asking.ts";
import { Closable } from "../closable.ts";
import { C } from "../native/constants.ts";
import { library } from "../native/library.ts";
import { ADDRESS, getBigInt, getInt, getNumber, OUT, OUTPUT, SLOT, VALUE } from "../native/memory.ts";
import type { Calls, Pointer } from "../native/native.ts";
import { inputBytes } from "../native/structs.ts";
import type { AccountStatus, Address, AddressLike, BytesLike, Hex, Quantity, WordLike } from "../types.ts";
import {
  checkInto,
  isBytesOf,
  readBigInt,
  toBigInt,
  toBytes,
  toHex,
  writeAddress,
  writeBigInt,
  writeWord,
} from "../values.ts";

const STATUSES: Record<number, AccountStatus> = {
  [C.STATE_MANAGER_ACCOUNT_ABSENT]: "absent",
  [C.STATE_MANAGER_ACCOUNT_EMPTY]: "empty",
  [C.STATE_MANAGER_ACCOUNT_PRESENT]: "present",
};

/** The status of the library's number. */
export const statusOf = (number: number): AccountStatus => STATUSES[number] as AccountStatus;

/** Puts an address that goes in where the library reads it. */
const address = (value: AddressLike) => {
  writeAddress(value, ADDRESS.bytes, 0);
  return ADDRESS.at;
};
const slot = (value: WordLike) => {
  writeWord("slot", value, SLOT, 0);
  return SLOT.at;
};

/** Puts the value of a slot into `VALUE`. Not a private method, which Bun calls at several times the cost. */
function readStorage(state: StateValues, account: AddressLike, key: WordLike): void {
  const { calls, handle } = state;
  const from = isBytesOf(account, 20) ? account : address(account);
  let at: Pointer;
  if (typeof key === "bigint") {
    writeBigInt("slot", key, SLOT, 0);
    at = SLOT.at;
  } else {
    at = isBytesOf(key, 32) ? key : slot(key);
  }
  const status = calls.state_manager_get_storage_bytes(handle, from, at, VALUE.at);
  if (status !== 0) raise(status, handle);
}

/** Single values of a state, at once. A read of something that a provider has to fetch throws RpcPendingError. */
export abstract class StateValues extends Closable {
  /** The functions of the library. */
  readonly calls: Calls = library();

  protected check(status: number): void {
    if (status !== 0) raise(status, this.handle);
  }

  /** Balance in wei; 0 for an absent account. */
  getBalanceSync(account: AddressLike): bigint {
    this.check(this.calls.state_manager_get_balance_bytes(this.handle, address(account), VALUE.at));
    return readBigInt(VALUE, 0);
  }

  /** Sets the balance, in wei. */
  setBalanceSync(account: AddressLike, balance: Quantity): void {
    writeBigInt("balance", toBigInt("balance", balance, 256), VALUE, 0);
    this.check(this.calls.state_manager_set_balance_bytes(this.handle, address(account), VALUE.at));
  }

  /** Nonce; 0 for an absent account. */
  getNonceSync(account: AddressLike): bigint {
    this.check(this.calls.state_manager_get_nonce_bytes(this.handle, address(account), OUT.at));
    return getBigInt(OUT);
  }

  /** Sets the nonce, a number of 64 bits. */
  setNonceSync(account: AddressLike, nonce: Quantity): void {
    const value = toBigInt("nonce", nonce, 64);
    this.check(this.calls.state_manager_set_nonce_bytes(this.handle, address(account), value));
  }

  /** Value of a slot as 32 bytes of hex; zero where nothing was ever written. */
  getStorageSync(account: AddressLike, key: WordLike): Hex {
    readStorage(this, account, key);
    return toHex(VALUE.bytes);
  }

  /** Value of a slot as a number. */
  getStorageBigIntSync(account: AddressLike, key: WordLike): bigint {
    readStorage(this, account, key);
    return readBigInt(VALUE, 0);
  }

  /**
   * Value of a slot as 32 big-endian bytes, written to the beginning of `into` and returned. The fastest way to read:
   * with address and slot as bytes, nothing is converted, and with `into` nothing is allocated.
   */
  getStorageBytesSync(account: AddressLike, key: WordLike, into: Uint8Array = new Uint8Array(32)): Uint8Array {
    const from = isBytesOf(account, 20) ? account : address(account);
    const at = isBytesOf(key, 32) ? key : slot(key);
    const status = this.calls.state_manager_get_storage_bytes(this.handle, from, at, checkInto(into, 32));
    if (status !== 0) this.check(status);
    return into;
  }

  /** Sets a slot. */
  setStorageSync(account: AddressLike, key: WordLike, value: WordLike): void {
    const from = isBytesOf(account, 20) ? account : address(account);
    const at = isBytesOf(key, 32) ? key : slot(key);
    if (isBytesOf(value, 32)) {
      this.check(this.calls.state_manager_set_storage_bytes(this.handle, from, at, value));
    } else {
      writeWord("value", value, VALUE, 0);
      this.check(this.calls.state_manager_set_storage_bytes(this.handle, from, at, VALUE.at));
    }
  }

  /** Code; "0x" for an account without code. */
  getCodeSync(account: AddressLike): Hex {
    return toHex(this.#readCode(account));
  }

  /** Code as bytes, in an array of its own. */
  getCodeBytesSync(account: AddressLike): Uint8Array {
    return new Uint8Array(this.#readCode(account));
  }

  /** The code in the output memory. */
  #readCode(account: AddressLike): Uint8Array {
    this.check(this.calls.state_manager_get_code_len_bytes(this.handle, address(account), OUT.at));
    const length = getNumber(OUT);
    OUTPUT.reserve(length);
    this.check(this.calls.state_manager_get_code_bytes(this.handle, ADDRESS.at, OUTPUT.at(0), length));
    return OUTPUT.bytes.subarray(0, length);
  }

  /** Sets the code. */
  setCodeSync(account: AddressLike, code: BytesLike): void {
    const bytes = toBytes("code", code);
    this.check(this.calls.state_manager_set_code_bytes(this.handle, address(account), inputBytes(bytes), bytes.length));
  }

  /** keccak-256 of the code; that of no bytes for an account without code, zero for an absent one. */
  getCodeHashSync(account: AddressLike): Hex {
    this.check(this.calls.state_manager_get_code_hash_bytes(this.handle, address(account), VALUE.at));
    return toHex(VALUE.bytes);
  }

  /** Whether the account exists. */
  getAccountStatusSync(account: AddressLike): AccountStatus {
    this.check(this.calls.state_manager_get_account_status_bytes(this.handle, address(account), OUT.at));
    return statusOf(getInt(OUT));
  }

  /** Makes the account absent, with its storage. On a fork the chain's account stays hidden. */
  deleteAccountSync(account: AddressLike): void {
    this.check(this.calls.state_manager_delete_account_bytes(this.handle, address(account)));
  }

  /** Sets every slot of the account to zero, on a fork the chain's too. */
  clearStorageSync(account: AddressLike): void {
    this.check(this.calls.state_manager_clear_storage_bytes(this.handle, address(account)));
  }

  /** Root of the account's storage trie. On a fork, what was written here is applied to the chain's, over its proofs. */
  getStorageRootSync(account: AddressLike): Hex {
    this.check(this.calls.state_manager_get_storage_root_bytes(this.handle, address(account), VALUE.at));
    return toHex(VALUE.bytes);
  }

  /**
   * Root of the state trie. On a fork, what was written here is applied to the chain's trie, over the proofs that it
   * takes; InvalidStateError where the node gives none, or they do not suffice.
   */
  getStateRootSync(): Hex {
    this.check(this.calls.state_manager_get_state_root_bytes(this.handle, VALUE.at));
    return toHex(VALUE.bytes);
  }

  /** Hash of the fork's block or an ancestor of it. */
  getBlockHashSync(number: Quantity): Hex {
    const value = toBigInt("number", number, 64);
    this.check(this.calls.state_manager_get_block_hash_bytes(this.handle, value, VALUE.at));
    return toHex(VALUE.bytes);
  }

  /**
   * Accounts that were written locally and exist, in ascending order. Those that only the chain below a fork has are not
   * listed. What is written while this is read may be listed or not.
   */
  *listAccounts(): IterableIterator<Address> {
    const page = 1024;
    let after: Address | undefined;
    for (;;) {
      OUTPUT.reserve(20 * page);
      const from = after === undefined ? null : address(after);
      this.check(this.calls.state_manager_list_accounts(this.handle, from, OUTPUT.at(0), page, OUT.at));
      const count = getNumber(OUT);
      const found = Array.from({ length: count }, (_, i) => toHex(OUTPUT.bytes, 20 * i, 20 * i + 20));
      yield* found;
      if (count < page) return;
      after = found[page - 1];
    }
  }

  /**
   * Slots of the account that were written locally and are not zero, with their values, in ascending order. Those that
   * only the chain below a fork has are not listed.
   */
  *listStorage(account: AddressLike): IterableIterator<[slot: Hex, value: Hex]> {
    const page = 1024;
    const values = 32 * page;
    const of = typeof account === "string" ? account : toHex(account);
    let after: Hex | undefined;
    for (;;) {
      OUTPUT.reserve(2 * values);
      const from = after === undefined ? null : slot(after);
      this.check(
        this.calls.state_manager_list_storage(
          this.handle,
          address(of),
          from,
          OUTPUT.at(0),
          OUTPUT.at(values),
          page,
          OUT.at,
        ),
      );
      const count = getNumber(OUT);
      const found = Array.from({ length: count }, (_, i): [Hex, Hex] => [
        toHex(OUTPUT.bytes, 32 * i, 32 * i + 32),
        toHex(OUTPUT.bytes, values + 32 * i, values + 32 * i + 32),
      ]);
      yield* found;
      if (count < page) return;
      after = found[page - 1]?.[0];
    }
  }
}
