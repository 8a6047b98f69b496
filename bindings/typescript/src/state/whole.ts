import { readText } from "../asking.ts";
import { invalidInput } from "../errors.ts";
import { C } from "../native/constants.ts";
import { ADDRESS, getBigInt, getNumber, INPUT, OUT, OUTPUT } from "../native/memory.ts";
import { inputBytes } from "../native/structs.ts";
import type { AccountStatus, AddressLike, BytesLike, Hex, Quantity, WordLike } from "../types.ts";
import {
  checkInto,
  isBytes,
  readBigInt,
  toBigInt,
  toBytes,
  toHex,
  writeAddress,
  writeBigInt,
  writeWord,
} from "../values.ts";
import { type EthProof, packedSlots, readProof } from "../proof.ts";
import { parseChanges, type StateChanges } from "./changes.ts";
import { StateValues, statusOf } from "./values.ts";

/** An account as `getAccounts` returns it. */
export interface Account {
  balance: bigint;
  nonce: bigint;
  codeHash: Hex;
  status: AccountStatus;
}

/** What `setAccounts` writes: fields that are not given stay. */
export interface AccountUpdate {
  address: AddressLike;
  balance?: Quantity;
  nonce?: Quantity;
  code?: BytesLike;
}

/** geth's genesis `alloc`, or the file of `anvil --dump-state`. */
export type DumpFormat = "genesis" | "anvil";
const FORMATS: Record<DumpFormat, number> = {
  genesis: C.STATE_MANAGER_DUMP_GENESIS_ALLOC,
  anvil: C.STATE_MANAGER_DUMP_ANVIL,
};

const encoder = new TextEncoder();

function countOf(what: string, bytes: Uint8Array, length: number): number {
  if (!isBytes(bytes) || bytes.length % length !== 0)
    throw invalidInput(`${what}: ${length} bytes for each are wanted`);
  return bytes.length / length;
}

/** A state with its checkpoints, batches and listings, at once. */
export abstract class WholeState extends StateValues {
  // Many values

  /** Values of many slots in one call; on a fork, all that is missing is fetched together. */
  getStorageBatchSync(keys: readonly (readonly [address: AddressLike, slot: WordLike])[]): Hex[] {
    const count = keys.length;
    INPUT.reserve(52 * count);
    keys.forEach(([address, slot], i) => {
      writeAddress(address, INPUT.bytes, 20 * i);
      writeWord("slot", slot, INPUT, 20 * count + 32 * i);
    });
    OUTPUT.reserve(32 * count);
    this.check(
      this.calls.state_manager_get_storage_batch(this.handle, INPUT.at(0), INPUT.at(20 * count), count, OUTPUT.at(0)),
    );
    return keys.map((_, i) => toHex(OUTPUT.bytes, 32 * i, 32 * i + 32));
  }

  /**
   * The same in bytes: 20 for each address, 32 for each slot, one behind the other; 32 for each value are written to
   * `into`, which is returned. Nothing is converted or copied.
   */
  getStorageBatchBytesSync(
    addresses: Uint8Array,
    slots: Uint8Array,
    into: Uint8Array = new Uint8Array(32 * (slots.length / 32)),
  ): Uint8Array {
    const count = countOf("addresses", addresses, 20);
    if (countOf("slots", slots, 32) !== count) throw invalidInput(`${count} addresses, but not as many slots`);
    if (count === 0) return into;
    this.check(
      this.calls.state_manager_get_storage_batch(this.handle, addresses, slots, count, checkInto(into, 32 * count)),
    );
    return into;
  }

  /** Sets many slots, in order. */
  setStorageBatchSync(entries: readonly (readonly [address: AddressLike, slot: WordLike, value: WordLike])[]): void {
    const count = entries.length;
    INPUT.reserve(84 * count);
    entries.forEach(([address, slot, value], i) => {
      writeAddress(address, INPUT.bytes, 20 * i);
      writeWord("slot", slot, INPUT, 20 * count + 32 * i);
      writeWord("value", value, INPUT, 52 * count + 32 * i);
    });
    const [addresses, slots, values] = [INPUT.at(0), INPUT.at(20 * count), INPUT.at(52 * count)];
    this.check(this.calls.state_manager_set_storage_batch(this.handle, addresses, slots, values, count));
  }

  /** Many accounts in one call; on a fork, all that is missing is fetched together. */
  getAccountsSync(accounts: readonly AddressLike[]): Account[] {
    const count = accounts.length;
    INPUT.reserve(20 * count);
    accounts.forEach((address, i) => writeAddress(address, INPUT.bytes, 20 * i));
    const [hashes, nonces, statuses] = [32 * count, 64 * count, 72 * count];
    OUTPUT.reserve(76 * count);
    this.check(
      this.calls.state_manager_get_account_batch(
        this.handle,
        INPUT.at(0),
        count,
        OUTPUT.at(0),
        OUTPUT.at(nonces),
        OUTPUT.at(hashes),
        OUTPUT.at(statuses),
      ),
    );
    const { bytes, view } = OUTPUT;
    return accounts.map((_, i) => ({
      balance: readBigInt(OUTPUT, 32 * i),
      nonce: view.getBigUint64(nonces + 8 * i, true),
      codeHash: toHex(bytes, hashes + 32 * i, hashes + 32 * i + 32),
      status: statusOf(view.getInt32(statuses + 4 * i, true)),
    }));
  }

  /** Sets many accounts, in order. All inputs are looked at before anything is written. */
  setAccountsSync(accounts: readonly AccountUpdate[]): void {
    const checked = accounts.map(({ address, balance, nonce, code }) => {
      const bytes = new Uint8Array(20);
      writeAddress(address, bytes, 0);
      return {
        address: bytes,
        balance: balance === undefined ? undefined : toBigInt("balance", balance, 256),
        nonce: nonce === undefined ? undefined : toBigInt("nonce", nonce, 64),
        code: code === undefined ? undefined : toBytes("code", code),
      };
    });
    // One call takes accounts of which the same fields are given.
    for (let from = 0; from < checked.length;) {
      const { balance, nonce } = checked[from] as (typeof checked)[number];
      let to = from + 1;
      while (
        to < checked.length &&
        (checked[to]?.balance === undefined) === (balance === undefined) &&
        (checked[to]?.nonce === undefined) === (nonce === undefined)
      ) {
        to++;
      }
      const group = checked.slice(from, to);
      if (balance !== undefined || nonce !== undefined) this.#setNumbers(group);
      from = to;
    }
    for (const { address, code } of checked) if (code !== undefined) this.setCodeSync(address, code);
  }

  #setNumbers(group: readonly { address: Uint8Array; balance: bigint | undefined; nonce: bigint | undefined }[]): void {
    const count = group.length;
    // The nonces come first: they have to be aligned.
    const [balances, addresses] = [8 * count, 40 * count];
    INPUT.reserve(60 * count);
    group.forEach(({ address, balance, nonce }, i) => {
      if (nonce !== undefined) INPUT.view.setBigUint64(8 * i, nonce, true);
      if (balance !== undefined) writeBigInt("balance", balance, INPUT, balances + 32 * i);
      INPUT.bytes.set(address, addresses + 20 * i);
    });
    this.check(
      this.calls.state_manager_set_account_batch(
        this.handle,
        INPUT.at(addresses),
        group[0]?.balance === undefined ? null : INPUT.at(balances),
        group[0]?.nonce === undefined ? null : INPUT.at(0),
        count,
      ),
    );
  }

  /**
   * The account, and slots of it, with their proofs under the root of `getStateRootSync`, as eth_getProof answers. What
   * does not exist has a proof of that. Without fork, a call costs a pass over all accounts.
   */
  getProofSync(account: AddressLike, slots: readonly WordLike[] = []): EthProof {
    const keys = packedSlots(slots);
    writeAddress(account, ADDRESS.bytes, 0);
    const at = inputBytes(keys);
    const json = readText(this.handle, (buffer, size, length) =>
      this.calls.state_manager_get_proof(this.handle, ADDRESS.at, at, slots.length, buffer, size, length),
    );
    return readProof(JSON.parse(json));
  }

  // Going back

  /** Opens a checkpoint inside those that are open. */
  checkpointSync(): void {
    this.check(this.calls.state_manager_checkpoint(this.handle));
  }

  /** Undoes everything since the innermost checkpoint and closes it. */
  revertSync(): void {
    this.check(this.calls.state_manager_revert(this.handle));
  }

  /** Closes the innermost checkpoint and keeps what was written since. */
  commitSync(): void {
    this.check(this.calls.state_manager_commit(this.handle));
  }

  /** Number of open checkpoints. */
  getCheckpointDepthSync(): number {
    this.check(this.calls.state_manager_checkpoint_depth(this.handle, OUT.at));
    return getNumber(OUT);
  }

  /** Takes a snapshot. Ids count from 1 and are never reused. */
  snapshotSync(): bigint {
    this.check(this.calls.state_manager_snapshot(this.handle, OUT.at));
    return getBigInt(OUT);
  }

  /** Undoes everything since the snapshot, which dies together with every newer one and with checkpoints opened since. */
  revertToSnapshotSync(snapshot: Quantity): void {
    this.check(this.calls.state_manager_revert_to_snapshot(this.handle, toBigInt("snapshot", snapshot, 64)));
  }

  /** Forgets a snapshot and keeps what was written since. */
  deleteSnapshotSync(snapshot: Quantity): void {
    this.check(this.calls.state_manager_delete_snapshot(this.handle, toBigInt("snapshot", snapshot, 64)));
  }

  /** What differs between the snapshot, or the opening of the innermost checkpoint, and now. */
  getChangesSync(snapshot?: Quantity): StateChanges {
    return parseChanges(this.getChangesJsonSync(snapshot));
  }

  /** The same as the library's JSON. */
  getChangesJsonSync(snapshot?: Quantity): string {
    const id = snapshot === undefined ? 0n : toBigInt("snapshot", snapshot, 64);
    if (snapshot !== undefined && id === 0n) {
      // To the library, 0 stands for the innermost checkpoint.
      throw invalidInput("snapshot 0: ids begin with 1");
    }
    return readText(this.handle, (buffer, size, length) =>
      this.calls.state_manager_get_changes(this.handle, id, buffer, size, length),
    );
  }

  // The whole

  /**
   * Every account that was written locally and exists, with its local slots, as JSON. On a fork, fields of it that were
   * not written locally are read from the chain.
   */
  dumpSync(format: DumpFormat = "genesis"): string {
    const number = FORMATS[format];
    if (number === undefined) throw invalidInput(`format ${JSON.stringify(format)} is neither "genesis" nor "anvil"`);
    return readText(this.handle, (buffer, size, length) =>
      this.calls.state_manager_dump(this.handle, number, buffer, size, length),
    );
  }

  /**
   * Loads accounts from a dump, and returns their number: geth's genesis `alloc` or genesis file, the file of
   * `anvil --dump-state`, the answer of `anvil_dumpState`; as text, bytes, or parsed. All or nothing.
   */
  loadSync(dump: string | Uint8Array | object): number {
    const bytes = isBytes(dump) ? dump : encoder.encode(typeof dump === "string" ? dump : JSON.stringify(dump));
    this.check(this.calls.state_manager_load(this.handle, inputBytes(bytes), bytes.length, OUT.at));
    return getNumber(OUT);
  }

  /** Forgets all local writes, checkpoints and snapshots; a fork below stays. */
  resetSync(): void {
    this.check(this.calls.state_manager_reset(this.handle));
  }

  /** Forgets what can be made or fetched again; never a local write. */
  clearCachesSync(): void {
    this.check(this.calls.state_manager_clear_caches(this.handle));
  }

  /** Forgets what the fork below has fetched, for all states on it. */
  clearForkCacheSync(): void {
    this.check(this.calls.state_manager_clear_fork_cache(this.handle));
  }
}
