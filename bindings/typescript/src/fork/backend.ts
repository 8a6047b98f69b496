import { ask, raise } from "../asking.ts";
import { Closable } from "../closable.ts";
import { invalidInput, STATUS } from "../errors.ts";
import { C } from "../native/constants.ts";
import { LAYOUTS } from "../native/layouts.ts";
import { failure, library } from "../native/library.ts";
import { getBigInt, getNumber, INPUT, memoryOf, OUT, OUT2, VALUE } from "../native/memory.ts";
import { emptyStruct, inputText, readField } from "../native/structs.ts";
import type { AddressLike, Hex, WordLike } from "../types.ts";
import { toHex, writeAddress, writeWord } from "../values.ts";
import { bodies, requests, type Take } from "./exchange.ts";
import {
  type BlockSpecifier,
  count,
  type ForkOptions,
  type HttpForkOptions,
  refuseUnknown,
  writeOptions,
} from "./options.ts";
import { type BodyCarrier, carrierOf, type Provider, requestOf } from "./provider.ts";
import { Pump } from "./pump.ts";

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

const STATS = {
  hits: "hits",
  misses: "misses",
  deduplicated: "deduplicated",
  requests: "requests",
  bodies: "bodies",
  bytesSent: "bytes_sent",
  bytesReceived: "bytes_received",
  retries: "retries",
  failures: "failures",
  batchSplits: "batch_splits",
  evictions: "evictions",
  accounts: "accounts",
  slots: "slots",
  codes: "codes",
  codeBytes: "code_bytes",
  pending: "pending",
} as const;

/** What a fork has done since it was opened, and what it holds now. */
export type ForkStats = { [Name in keyof typeof STATS]: number };

/** An account to make ready, with slots of it. */
export interface Prefetch {
  address: AddressLike;
  slots?: readonly WordLike[];
}

/** The handle of a fork, which lives as long as anything needs it: its object, or a state on it. */
class Core {
  #handle: number;
  #uses = 1;

  constructor(handle: number) {
    this.#handle = handle;
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
   * @param url http:// or https:// URL of the node; of several, the next is tried where one fails.
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
    const status = library().fork_backend_open(writeOptions(url, options), OUT.at);
    if (status !== STATUS.SUCCESS) throw failure(status, 0);
    return ForkBackend.#over(getNumber(OUT), take, options);
  }

  static #over(
    handle: number,
    take: Take | undefined,
    { maxAttempts = 1, backoffInitialMs = 250, backoffMaxMs = 8000 }: ForkOptions,
  ): ForkBackend {
    const core = new Core(handle);
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

  /** Counters of the fork and all states on it. */
  stats(): ForkStats {
    const layout = LAYOUTS.ForkBackendStats;
    this.#check(library().fork_backend_stats(this.handle, emptyStruct(layout)));
    const entries = Object.entries(STATS).map(([name, field]) => [name, Number(readField(layout, field))]);
    return Object.fromEntries(entries) as ForkStats;
  }

  /** Forgets everything fetched so far. */
  clearCache(): void {
    this.#check(library().fork_backend_clear_cache(this.handle));
  }
}

interface Packed {
  bytes: Uint8Array;
  count: number;
}

/** The numbers of slots, the addresses, and the slots of all of them. */
function packed(accounts: readonly Prefetch[]): Packed {
  const count = accounts.length;
  const total = accounts.reduce((sum, { slots = [] }) => sum + slots.length, 0);
  const bytes = new Uint8Array(28 * count + 32 * total);
  const memory = memoryOf(bytes);
  let at = 28 * count;
  accounts.forEach(({ address, slots = [] }, i) => {
    memory.view.setBigUint64(8 * i, BigInt(slots.length), true);
    writeAddress(address, bytes, 8 * count + 20 * i);
    for (const slot of slots) {
      writeWord("slot", slot, memory, at);
      at += 32;
    }
  });
  return { bytes, count };
}
