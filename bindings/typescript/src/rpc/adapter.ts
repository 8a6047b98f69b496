import { invalidInput } from "../errors.ts";
import { carrierOf, type Provider, requestOf, toJsonRpcError } from "../fork/provider.ts";
import { refuseUnknown } from "../fork/options.ts";
import { type EthProof, readProof } from "../proof.ts";
import type { Address, Hex } from "../types.ts";
import { mayPass, RpcError } from "./errors.ts";
import { type Fetch, type HttpOptions, post } from "./http.ts";
import { Passing, RETRY_DEFAULTS, type RetryOptions, retrying } from "./retry.ts";

export interface RpcClientOptions extends RetryOptions {
  /** Headers for each HTTP request. */
  headers?: Readonly<Record<string, string>>;
  /** JSON-RPC requests in one HTTP body at most. Default 100. */
  maxBatch?: number;
  /** Longest answer, in bytes. Default 64 MiB. */
  maxResponseBytes?: number;
  /** In place of the global `fetch`. */
  fetch?: Fetch;
}

const NAMES = new Set([...Object.keys(RETRY_DEFAULTS), "headers", "maxBatch", "maxResponseBytes", "fetch"]);

interface Asked {
  method: string;
  params: unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Answer {
  id?: unknown;
  result?: unknown;
  error?: { code?: unknown; message?: unknown; data?: unknown };
}

/**
 * An EIP-1193 provider over `fetch`, or over another provider, with timeouts and retries.
 *
 * Over a URL, requests that are made in the same turn of the event loop go in one JSON-RPC batch. What may pass (a broken
 * connection, a timeout, 408, 429, 5xx, rate limits of JSON-RPC) is tried again after growing, random pauses and not before
 * Retry-After; of a batch only the elements that failed.
 */
export class RpcClientAdapter {
  readonly #url: string | undefined;
  readonly #request: ((method: string, params: unknown[]) => Promise<unknown>) | undefined;
  readonly #retry: Required<RetryOptions>;
  readonly #http: HttpOptions;
  #maxBatch: number;
  #asked: Asked[] = [];
  #lastId = 0;

  /** @param source The URL of a node, or a provider to wrap. */
  constructor(source: string | URL | Provider, options: RpcClientOptions = {}) {
    refuseUnknown(options, NAMES);
    const { headers = {}, maxBatch = 100, maxResponseBytes = 64 * 1024 * 1024, fetch = globalThis.fetch } = options;
    this.#retry = { ...RETRY_DEFAULTS };
    for (const name of Object.keys(RETRY_DEFAULTS) as (keyof RetryOptions)[]) {
      const value = options[name];
      if (value === undefined) continue;
      if (!Number.isFinite(value) || value < 0) throw invalidInput(`${name} ${value} is not a number from 0 on`);
      this.#retry[name] = value;
    }
    if (!Number.isInteger(maxBatch) || maxBatch < 1)
      throw invalidInput(`maxBatch ${maxBatch} is not a positive integer`);
    this.#maxBatch = maxBatch;
    this.#http = { headers, maxResponseBytes, fetch };
    if (typeof source === "string" || source instanceof URL) {
      if (!URL.canParse(source.toString()) || !/^https?:$/.test(new URL(source).protocol)) {
        throw invalidInput("the URL of a node begins with http:// or https://");
      }
      this.#url = source.toString();
    } else {
      this.#request = requestOf(source);
    }
  }

  /** Asks the node; EIP-1193. */
  request = async ({ method, params = [] }: { method: string; params?: unknown }): Promise<unknown> => {
    if (this.#request !== undefined) return this.#wrapped(this.#request, method, params as unknown[]);
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) setImmediate(() => this.#flush());
      this.#asked.push({ method, params, resolve, reject });
    });
  };

  /** POSTs a JSON-RPC body, a request or a batch, and returns the body of the answer. */
  async post(body: string): Promise<string> {
    const url = this.#url;
    if (url === undefined) return carrierOf(this.request).post(body);
    let open = body;
    let last = "";
    let failing: Answer[] = [];
    const settled: Answer[] = [];
    const whole = (): string => (settled.length === 0 ? last : JSON.stringify([...settled, ...failing]));
    try {
      return await retrying(this.#retry, async (_, timeoutMs) => {
        last = await post(url, open, timeoutMs, this.#http);
        // Most answers are good, and nobody has to take them apart.
        const answer = settled.length > 0 || last.includes('"error"') ? parse(last) : undefined;
        if (answer === undefined) return last;
        const answers = Array.isArray(answer) ? answer : [answer];
        failing = answers.filter(({ error }) => error && mayPass(error.code, error.message));
        if (Array.isArray(answer)) settled.push(...answers.filter((one) => !failing.includes(one)));
        const [first] = failing;
        if (first === undefined) return settled.length === answers.length ? last : whole();
        if (Array.isArray(answer)) {
          const ids = new Set(failing.map(({ id }) => id));
          open = JSON.stringify((JSON.parse(open) as Answer[]).filter(({ id }) => ids.has(id)));
        }
        throw new Passing(errorOf(first));
      });
    } catch (error) {
      // What came before the last attempt counts.
      if (last === "") throw error;
      return whole();
    }
  }

  /** eth_getProof, with numbers as bigints. */
  async getProof(address: Address, slots: readonly Hex[], block: Hex | string = "latest"): Promise<EthProof> {
    return readProof(await this.request({ method: "eth_getProof", params: [address, slots, block] }));
  }

  /** eth_getCode. */
  async getCode(address: Address, block: Hex | string = "latest"): Promise<Hex> {
    return (await this.request({ method: "eth_getCode", params: [address, block] })) as Hex;
  }

  #wrapped(
    request: (method: string, params: unknown[]) => Promise<unknown>,
    method: string,
    params: unknown[],
  ): Promise<unknown> {
    return retrying(this.#retry, async (_, timeoutMs) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        const error = new RpcError(-32603, `${method}: no answer within ${timeoutMs} ms (timeout)`);
        timer = setTimeout(() => reject(new Passing(error)), timeoutMs);
      });
      try {
        return await Promise.race([request(method, params), late]);
      } catch (thrown) {
        if (thrown instanceof Passing) throw thrown;
        const { code, message } = toJsonRpcError(thrown);
        // No code is no answer: the connection failed.
        const passes = mayPass(code, message) || (code === -32603 && !(thrown as { code?: unknown }).code);
        if (passes) throw new Passing(thrown instanceof Error ? thrown : new RpcError(code, message));
        throw thrown;
      } finally {
        clearTimeout(timer);
      }
    });
  }

  #flush(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let at = 0; at < asked.length; at += this.#maxBatch) void this.#send(asked.slice(at, at + this.#maxBatch));
  }

  async #send(batch: Asked[]): Promise<void> {
    const requests = batch.map(({ method, params }) => ({ jsonrpc: "2.0", id: ++this.#lastId, method, params }));
    try {
      const body = requests.length === 1 ? requests[0] : requests;
      const answer = parse(await this.post(JSON.stringify(body)));
      if (answer === undefined) throw new RpcError(-32603, "the answer is not JSON");
      // One error for all of several: the node takes fewer at once.
      if (!Array.isArray(answer) && batch.length > 1) return this.#halve(batch);
      const answers = new Map((Array.isArray(answer) ? answer : [answer]).map((one) => [one.id, one]));
      batch.forEach(({ resolve, reject, method }, i) => {
        const one = answers.get(requests[i]?.id) ?? (batch.length === 1 && !Array.isArray(answer) ? answer : undefined);
        if (one === undefined) reject(new RpcError(-32603, `${method}: the answer has nothing for it`));
        else if (one.error !== undefined && one.error !== null) reject(errorOf(one));
        else resolve(one.result ?? null);
      });
    } catch (error) {
      const refused = error instanceof RpcError && [400, 405, 413].includes(error.code);
      if (refused && batch.length > 1) return this.#halve(batch);
      for (const { reject } of batch) reject(error);
    }
  }

  #halve(batch: Asked[]): void {
    const half = Math.ceil(batch.length / 2);
    this.#maxBatch = Math.max(1, Math.min(this.#maxBatch, half));
    void this.#send(batch.slice(0, half));
    void this.#send(batch.slice(half));
  }
}

const errorOf = ({ error = {} }: Answer): RpcError =>
  new RpcError(Number.isInteger(error.code) ? (error.code as number) : -32603, String(error.message ?? "error"), {
    data: error.data,
  });

function parse(text: string): Answer | Answer[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Answer | Answer[]) : undefined;
  } catch {
    return undefined;
  }
}
