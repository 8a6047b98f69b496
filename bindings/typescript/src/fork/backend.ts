import { ask, raise, readText } from "../asking.ts";
import { Closable } from "../closable.ts";
import { invalidInput, STATUS } from "../errors.ts";
import { C } from "../native/constants.ts";
import { LAYOUTS } from "../native/layouts.ts";
import { failure, library } from "../native/library.ts";
import { ADDRESS, getBigInt, getNumber, INPUT, OUT, OUT2, SLOT, VALUE } from "../native/memory.ts";
import { emptyStruct, inputText } from "../native/structs.ts";
import type { AccessList } from "../evm/steps.ts";
import type { AddressLike, Hex, WordLike } from "../types.ts";
import { owned, toHex, writeAddress, writeWord } from "../values.ts";
import { bodies, requests, type Take } from "./exchange.ts";
import {
  type BlockSpecifier,
  count,
  type ForkOptions,
  type HttpForkOptions,
  refuseUnknown,
  writeOptions,
} from "./options.ts";
import { type LogRoute, routeLog } from "./log.ts";
import { type Packed, packed, type Prefetch } from "./prefetch.ts";
import { type BodyCarrier, carrierOf, type Provider, requestOf } from "./provider.ts";
import { Pump } from "./pump.ts";
import { type ForkMetrics, type ForkStats, type MethodStats, readMethodStats, readStats } from "./stats.ts";

/** An access list: the array, what eth_createAccessList answers, or JSON text of either. */
export type AccessListLike = AccessList | { accessList: AccessList } | string;

/** What a fork that is not pinned can be given. */
export interface UnpinnedForkOptions {
  /** Default "latest". */
  block?: BlockSpecifier;
  /** Entries that each of the caches keeps. Default 10,000. */
  maxCacheSize?: number;
}

/** The block that a fork is pinned to. */
export interface ForkBlock {
  chainId: bigint;
  number: bigint;
  hash: Hex;
}

/** The handle of a fork, which lives as long as anything needs it: its object, or a state on it. */
class Core {
  #handle: number;
  #uses = 1;
  readonly #log: LogRoute | undefined;

  constructor(handle: number, log: LogRoute | undefined) {
    this.#handle = handle;
    this.#log = log;
  }

  get handle(): number {
    return this.#handle;
  }

  /** One more use; what is returned ends it. */
  retain(): () => void {
    this.#uses++;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.release();
    };
  }

  release(): void {
    if (--this.#uses > 0) return;
    const handle = this.#handle;
    this.#handle = 0;
    library().fork_backend_destroy(handle);
    this.#log?.end();
  }
}

/**
 * A chain's state at one block, fetched as it is read, and kept in a bounded cache that all states on it share. Closing it does
 * not end the states on it: the fork ends with the last of them.
 */
export class ForkBackend extends Closable {
  readonly #core: Core;
  /** Carries the requests, where a provider in JavaScript answers them. */
  readonly carrier: Pump | undefined;

  private constructor(core: Core, carrier: Pump | undefined) {
    super(core.handle, () => core.release());
    this.#core = core;
    this.carrier = carrier;
  }

  /**
   * Over the library's own HTTP. The thread waits while a read fetches something: for an event loop with other work,
   * take `provider` with an RpcClientAdapter. Chain id and block are asked for at once.
   *
   * @param url http:// or https:// URL of the node, or, on Unix, the path of its IPC socket; of several, the next is tried where one fails.
   * @throws RpcFailedError when no node answers.
   */
  static http(url: string | readonly string[], options: HttpForkOptions = {}): ForkBackend {
    const urls = typeof url === "string" ? url : url.join("\n");
    if (urls.trim() === "") throw invalidInput("url is empty");
    return ForkBackend.#open(urls, options);
  }

  /**
   * Over a provider: EIP-1193 (viem, a browser wallet, RpcClientAdapter), ethers, or a function. Reads are
   * asynchronous, and nothing blocks. What a provider throws fails the reads that wanted it, with its text; the next
   * read asks again.
   */
  static provider(provider: Provider | (Provider & BodyCarrier), options: ForkOptions = {}): ForkBackend {
    return ForkBackend.#open(undefined, options, bodies(carrierOf(provider)));
  }

  /** Over nothing but the persistent cache of `cacheDir`, and the `recording`: whatever is not there is an OfflineError. */
  static offline(options: ForkOptions): ForkBackend {
    return ForkBackend.#open(undefined, { ...options, offline: true });
  }

  /**
   * The plain way to a fork over a provider: it asks with eth_getProof and eth_getCode only, a request at a time, and
   * passes the block on as given, in each request. It is not pinned: "latest" is whatever that is at each request.
   */
  static unpinned(provider: Provider, options: UnpinnedForkOptions = {}): ForkBackend {
    refuseUnknown(options, new Set(["block", "maxCacheSize"]));
    const tag = inputText(String(options.block ?? "latest"));
    const handle = library().fork_backend_create(null, null, tag, count("maxCacheSize", options.maxCacheSize));
    if (handle === 0) throw failure(STATUS.INVALID_INPUT, 0);
    return ForkBackend.#over(handle, requests(requestOf(provider)), {});
  }

  static #open(url: string | undefined, options: HttpForkOptions, take?: Take): ForkBackend {
    const log = routeLog(options.log);
    try {
      const status = library().fork_backend_open(writeOptions(url, options, log), OUT.at);
      if (status !== STATUS.SUCCESS) throw failure(status, 0);
      return ForkBackend.#over(getNumber(OUT), take, options, log);
    } catch (error) {
      log?.end();
      throw error;
    }
  }

  static #over(
    handle: number,
    take: Take | undefined,
    { maxAttempts = 1, backoffInitialMs = 250, backoffMaxMs = 8000 }: ForkOptions,
    log?: LogRoute,
  ): ForkBackend {
    const core = new Core(handle, log);
    const backoff = { again: maxAttempts > 1, initialMs: backoffInitialMs, maxMs: backoffMaxMs };
    return new ForkBackend(core, take && new Pump(() => core.handle, take, backoff));
  }

  /** One more that needs the fork to live; what is returned says that it does no more. */
  retain(): () => void {
    return this.#core.retain();
  }

  override close(): void {
    super.close();
    this.carrier?.wake();
  }

  #check(status: number): void {
    if (status !== STATUS.SUCCESS) raise(status, this.handle);
  }

  /** The block that it is pinned to. */
  async getBlock(): Promise<ForkBlock> {
    return ask(this.carrier, () => this.getBlockSync());
  }

  /** The same at once; RpcPendingError while a provider has not been asked. */
  getBlockSync(): ForkBlock {
    this.#check(library().fork_backend_get_block(this.handle, OUT.at, OUT2.at, VALUE.at));
    return { chainId: getBigInt(OUT), number: getBigInt(OUT2), hash: toHex(VALUE.bytes) };
  }

  /** Makes accounts with their slots ready in as few round trips as the limits allow; with `code` their code too. */
  async prefetch(accounts: readonly Prefetch[], options: { code?: boolean } = {}): Promise<void> {
    const taken = packed(accounts);
    return ask(this.carrier, () => this.#prefetch(taken, options));
  }

  /** The same at once, over HTTP. */
  prefetchSync(accounts: readonly Prefetch[], options: { code?: boolean } = {}): void {
    this.#prefetch(packed(accounts), options);
  }

  #prefetch({ bytes, count }: Packed, { code = false }: { code?: boolean }): void {
    INPUT.reserve(bytes.length).bytes.set(bytes);
    const [addresses, slots] = [INPUT.at(8 * count), INPUT.at(28 * count)];
    this.#check(
      library().fork_backend_prefetch(
        this.handle,
        addresses,
        INPUT.at(0),
        count,
        slots,
        code ? C.FORK_PREFETCH_CODE : 0,
      ),
    );
  }

  /** `prefetch` for an access list (EIP-2930): as eth_createAccessList answers, the array alone, or JSON text of either. */
  async prefetchAccessList(list: AccessListLike, options: { code?: boolean } = {}): Promise<void> {
    const json = jsonOf(list);
    return ask(this.carrier, () => this.prefetchAccessListSync(json, options));
  }

  /** The same at once, over HTTP. */
  prefetchAccessListSync(list: AccessListLike, { code = false }: { code?: boolean } = {}): void {
    const flags = code ? C.FORK_PREFETCH_CODE : 0;
    this.#check(library().fork_backend_prefetch_access_list(this.handle, inputText(jsonOf(list)), flags));
  }

  /** `prefetch` for `count` slots of one account behind each other: an array in storage, for instance. */
  async prefetchRange(account: AddressLike, firstSlot: WordLike, count: number): Promise<void> {
    const [of, from] = [owned(account), owned(firstSlot)];
    return ask(this.carrier, () => this.prefetchRangeSync(of, from, count));
  }

  /** The same at once, over HTTP. */
  prefetchRangeSync(account: AddressLike, firstSlot: WordLike, slots: number): void {
    writeAddress(account, ADDRESS.bytes, 0);
    writeWord("slot", firstSlot, SLOT, 0);
    const number = count("count", slots);
    this.#check(library().fork_backend_prefetch_range(this.handle, ADDRESS.at, SLOT.at, number));
  }

  /** Writes what was fetched to the persistent cache, and waits until it is on the disk. */
  flush(): void {
    this.#check(library().fork_backend_flush(this.handle));
  }

  /** Writes all that the fork holds of its block to a file, from which another one answers with the option `recording`. */
  async exportRecording(path: string): Promise<void> {
    return ask(this.carrier, () => this.exportRecordingSync(path));
  }

  /** The same at once; RpcPendingError while a provider has not been asked for the block. */
  exportRecordingSync(path: string): void {
    this.#check(library().fork_backend_export(this.handle, inputText(path)));
  }

  /** Reads a file of `exportRecording` of the same chain and block: what it holds is answered from then on. */
  async importRecording(path: string): Promise<void> {
    return ask(this.carrier, () => this.importRecordingSync(path));
  }

  /** The same at once; RpcPendingError while a provider has not been asked for the block. */
  importRecordingSync(path: string): void {
    this.#check(library().fork_backend_import(this.handle, inputText(path)));
  }

  /** Counters of the fork and all states on it. */
  stats(): ForkStats {
    this.#check(library().fork_backend_stats(this.handle, emptyStruct(LAYOUTS.ForkBackendStats)));
    return readStats();
  }

  /** What the requests of a JSON-RPC method, such as "eth_getProof", have cost; zeros for one that was never sent. */
  methodStats(method: string): MethodStats {
    const out = emptyStruct(LAYOUTS.ForkBackendMethodStats);
    this.#check(library().fork_backend_method_stats(this.handle, inputText(method), out));
    return readMethodStats();
  }

  /** All counters, with those of each method that was sent. */
  metrics(): ForkMetrics {
    const json = readText(this.handle, (buffer, size, length) =>
      library().fork_backend_metrics_json(this.handle, buffer, size, length),
    );
    return JSON.parse(json) as ForkMetrics;
  }

  /** Forgets everything that was fetched and is in memory; the persistent cache and recordings stay. */
  clearCache(): void {
    this.#check(library().fork_backend_clear_cache(this.handle));
  }
}

const jsonOf = (list: AccessListLike): string => (typeof list === "string" ? list : JSON.stringify(list));
