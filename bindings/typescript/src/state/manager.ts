import { ask, type Carrier } from "../asking.ts";
import { STATUS } from "../errors.ts";
import { failure, library } from "../native/library.ts";
import type { ForkBackend } from "../fork/backend.ts";
import type { EthProof } from "../proof.ts";
import type { AccountStatus, AddressLike, BytesLike, Hex, Quantity, WordLike } from "../types.ts";
import { owned } from "../values.ts";
import type { StateChanges } from "./changes.ts";
import { type Account, type AccountUpdate, type DumpFormat, WholeState } from "./whole.ts";

export interface StateManagerOptions {
  /** A fork below: what was not written here is read from its chain. Shared by any number of states. */
  fork?: ForkBackend;
}

/**
 * Ethereum's world state: accounts, storage and code, with checkpoints and snapshots, alone or over a fork.
 *
 * Every function is there twice. The asynchronous one serves every source. Its twin with `Sync` in its name answers at
 * once, from what was written here, from what the fork has fetched, or, on a fork of the built-in HTTP, from the node
 * while the thread waits; what a provider would have to fetch makes it throw RpcPendingError.
 *
 * Inputs of an asynchronous function are taken when it is called: buffers may be used again at once. Its value is that of the
 * time at which it settles.
 */
export class StateManager extends WholeState {
  /** The fork below. Kept, so that it lives as long as this. */
  readonly fork: ForkBackend | undefined;
  /** Carries the requests of a fork whose provider is in JavaScript. */
  readonly #carrier: Carrier | undefined;

  constructor({ fork }: StateManagerOptions = {}) {
    const calls = library();
    const handle = fork ? calls.state_manager_create_with_fork(fork.handle) : calls.state_manager_create();
    if (handle === 0) {
      const status = fork?.closed ? STATUS.INVALID_HANDLE : STATUS.OUT_OF_MEMORY;
      throw failure(status, 0);
    }
    const release = fork?.retain();
    super(handle, (dead) => {
      calls.state_manager_destroy(dead);
      release?.();
    });
    this.fork = fork;
    this.#carrier = fork?.carrier;
  }

  #ask<T>(read: () => T): Promise<T> {
    return ask(this.#carrier, read);
  }

  /** What carries the requests of the fork below, if that is JavaScript. */
  get carrier(): Carrier | undefined {
    return this.#carrier;
  }

  override close(): void {
    super.close();
    // Reads that wait are told.
    this.#carrier?.wake();
  }

  async getBalance(account: AddressLike): Promise<bigint> {
    const of = owned(account);
    return this.#ask(() => this.getBalanceSync(of));
  }

  async setBalance(account: AddressLike, balance: Quantity): Promise<void> {
    this.setBalanceSync(account, balance);
  }

  async getNonce(account: AddressLike): Promise<bigint> {
    const of = owned(account);
    return this.#ask(() => this.getNonceSync(of));
  }

  async setNonce(account: AddressLike, nonce: Quantity): Promise<void> {
    this.setNonceSync(account, nonce);
  }

  async getStorage(account: AddressLike, slot: WordLike): Promise<Hex> {
    const [of, at] = [owned(account), owned(slot)];
    return this.#ask(() => this.getStorageSync(of, at));
  }

  async getStorageBigInt(account: AddressLike, slot: WordLike): Promise<bigint> {
    const [of, at] = [owned(account), owned(slot)];
    return this.#ask(() => this.getStorageBigIntSync(of, at));
  }

  /** As `getStorageBytesSync`. `into` is written when the value is there. */
  async getStorageBytes(account: AddressLike, slot: WordLike, into?: Uint8Array): Promise<Uint8Array> {
    const [of, at] = [owned(account), owned(slot)];
    return this.#ask(() => this.getStorageBytesSync(of, at, into));
  }

  async setStorage(account: AddressLike, slot: WordLike, value: WordLike): Promise<void> {
    this.setStorageSync(account, slot, value);
  }

  async getCode(account: AddressLike): Promise<Hex> {
    const of = owned(account);
    return this.#ask(() => this.getCodeSync(of));
  }

  async getCodeBytes(account: AddressLike): Promise<Uint8Array> {
    const of = owned(account);
    return this.#ask(() => this.getCodeBytesSync(of));
  }

  async setCode(account: AddressLike, code: BytesLike): Promise<void> {
    this.setCodeSync(account, code);
  }

  async getCodeHash(account: AddressLike): Promise<Hex> {
    const of = owned(account);
    return this.#ask(() => this.getCodeHashSync(of));
  }

  async getAccountStatus(account: AddressLike): Promise<AccountStatus> {
    const of = owned(account);
    return this.#ask(() => this.getAccountStatusSync(of));
  }

  async deleteAccount(account: AddressLike): Promise<void> {
    this.deleteAccountSync(account);
  }

  async clearStorage(account: AddressLike): Promise<void> {
    this.clearStorageSync(account);
  }

  async getStorageRoot(account: AddressLike): Promise<Hex> {
    const of = owned(account);
    return this.#ask(() => this.getStorageRootSync(of));
  }

  async getStateRoot(): Promise<Hex> {
    return this.#ask(() => this.getStateRootSync());
  }

  /** As `getProofSync`. On a fork, the proofs that are missing are fetched in one go. */
  async getProof(account: AddressLike, slots: readonly WordLike[] = []): Promise<EthProof> {
    const [of, at] = [owned(account), slots.map(owned)];
    return this.#ask(() => this.getProofSync(of, at));
  }

  async getBlockHash(number: Quantity): Promise<Hex> {
    return this.#ask(() => this.getBlockHashSync(number));
  }

  async getStorageBatch(keys: readonly (readonly [address: AddressLike, slot: WordLike])[]): Promise<Hex[]> {
    const of = keys.map(([address, slot]) => [owned(address), owned(slot)] as const);
    return this.#ask(() => this.getStorageBatchSync(of));
  }

  async getStorageBatchBytes(addresses: Uint8Array, slots: Uint8Array, into?: Uint8Array): Promise<Uint8Array> {
    const [of, at] = [owned(addresses), owned(slots)];
    return this.#ask(() => this.getStorageBatchBytesSync(of, at, into));
  }

  async setStorageBatch(
    entries: readonly (readonly [address: AddressLike, slot: WordLike, value: WordLike])[],
  ): Promise<void> {
    this.setStorageBatchSync(entries);
  }

  async getAccounts(accounts: readonly AddressLike[]): Promise<Account[]> {
    const of = accounts.map(owned);
    return this.#ask(() => this.getAccountsSync(of));
  }

  async setAccounts(accounts: readonly AccountUpdate[]): Promise<void> {
    this.setAccountsSync(accounts);
  }

  async checkpoint(): Promise<void> {
    this.checkpointSync();
  }

  async revert(): Promise<void> {
    this.revertSync();
  }

  async commit(): Promise<void> {
    this.commitSync();
  }

  async getCheckpointDepth(): Promise<number> {
    return this.getCheckpointDepthSync();
  }

  async snapshot(): Promise<bigint> {
    return this.snapshotSync();
  }

  async revertToSnapshot(snapshot: Quantity): Promise<void> {
    this.revertToSnapshotSync(snapshot);
  }

  async deleteSnapshot(snapshot: Quantity): Promise<void> {
    this.deleteSnapshotSync(snapshot);
  }

  async getChanges(snapshot?: Quantity): Promise<StateChanges> {
    return this.#ask(() => this.getChangesSync(snapshot));
  }

  async getChangesJson(snapshot?: Quantity): Promise<string> {
    return this.#ask(() => this.getChangesJsonSync(snapshot));
  }

  async dump(format?: DumpFormat): Promise<string> {
    return this.#ask(() => this.dumpSync(format));
  }

  async load(dump: string | Uint8Array | object): Promise<number> {
    return this.loadSync(dump);
  }

  async reset(): Promise<void> {
    this.resetSync();
  }

  async clearCaches(): Promise<void> {
    this.clearCachesSync();
  }

  async clearForkCache(): Promise<void> {
    this.clearForkCacheSync();
  }
}
