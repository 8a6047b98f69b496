import { invalidState, RpcFailedError, InvalidRequestError, STATUS } from "../errors.ts";
import type { Carrier } from "../asking.ts";
import { failure } from "../native/library.ts";
import { inputBytes, inputText } from "../native/structs.ts";
import type { Exchange, Take } from "./exchange.ts";
import { type JsonRpcError, toJsonRpcError } from "./provider.ts";

/** Exchanges that are under way at the same time at most; more wait in the library. */
const MAX_EXCHANGES = 16;
/** A read that is pending while nothing is queued or under way is looked at again so often. */
const MAX_IDLE = 3;

const encoder = new TextEncoder();

/** Pauses between attempts: of a failure that may pass, the library queues the request again at once. */
export interface Backoff {
  /** Whether the library queues it again. */
  again: boolean;
  initialMs: number;
  maxMs: number;
}

interface Waiting {
  promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Carries the requests of one fork: takes from the library what its reads have queued, hands it to the provider, and
 * gives the answers back. One for all states and executors on the fork, so that what many wait for goes in one body.
 */
export class Pump implements Carrier {
  readonly #fork: () => number;
  readonly #take: Take;
  readonly #backoff: Backoff;
  #waiting: Waiting | undefined;
  #scheduled = false;
  #underWay = 0;
  #idle = 0;
  #failures = 0;
  #pausedUntil = 0;

  /** @param fork The fork's handle; 0 once nobody needs it. */
  constructor(fork: () => number, take: Take, backoff: Backoff) {
    this.#fork = fork;
    this.#take = take;
    this.#backoff = backoff;
  }

  progress(): Promise<void> {
    this.#schedule();
    if (this.#waiting === undefined) {
      let resolve = (): void => {};
      let reject = (_: Error): void => {};
      const promise = new Promise<void>((done, failed) => {
        resolve = done;
        reject = failed;
      });
      this.#waiting = { promise, resolve, reject };
    }
    return this.#waiting.promise;
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve();
  }

  // After everything that is ready to run has run: what all of it reads goes together.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const pause = this.#pausedUntil - Date.now();
    const run = (): void => {
      this.#scheduled = false;
      this.#drain();
    };
    if (pause > 0) setTimeout(run, pause);
    else setImmediate(run);
  }

  /** Hands out what is queued. */
  #drain(): void {
    try {
      while (this.#underWay < MAX_EXCHANGES) {
        const exchange = this.#take(this.#fork());
        if (exchange === undefined) break;
        this.#underWay++;
        this.#idle = 0;
        void this.#carry(exchange);
      }
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    if (this.#underWay > 0 || this.#waiting === undefined) return;
    // What was pending has come in meanwhile, or the object that waits was closed.
    if (this.#idle++ < MAX_IDLE) this.wake();
    else this.#fail(invalidState("a read is pending, but the fork has no request for it"));
  }

  #fail(error: Error): void {
    this.#idle = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  async #carry(exchange: Exchange): Promise<void> {
    let error: Error | undefined;
    try {
      error = this.#answered(exchange, await exchange.send());
    } catch (thrown) {
      error = this.#failed(exchange, toJsonRpcError(thrown));
    } finally {
      this.#underWay--;
    }
    if (error !== undefined) return this.#fail(error);
    // The rest, or what an answer has brought up, before those who wait look again.
    this.#drain();
    this.wake();
  }

  /** Hands an answer in; what is wrong in it, the reads that wanted it are told by the library. */
  #answered(exchange: Exchange, answer: string): Error | undefined {
    const bytes = encoder.encode(answer);
    const fork = this.#fork();
    if (fork === 0) return undefined;
    const status = exchange.accept(fork, inputBytes(bytes), bytes.length);
    if (status === STATUS.SUCCESS) {
      this.#failures = 0;
      this.#pausedUntil = 0;
      return undefined;
    }
    const error = failure(status, fork);
    this.#pause();
    // What is missing from an answer is queued again, or told to the reads that wanted it.
    if (error instanceof RpcFailedError) return undefined;
    // One that is no answer at all leaves the exchange open.
    if (error instanceof InvalidRequestError) this.#reject(exchange, 0, error.message);
    // Where it would be asked again and again, those who wait now are told what the node says instead of answers.
    return error instanceof InvalidRequestError && !this.#backoff.again ? undefined : error;
  }

  #failed(exchange: Exchange, { code, message }: JsonRpcError): Error | undefined {
    const fork = this.#fork();
    if (fork === 0) return undefined;
    const status = this.#reject(exchange, code, message);
    this.#pause();
    return status === STATUS.SUCCESS ? undefined : failure(status, fork);
  }

  #reject(exchange: Exchange, code: number, message: string): number {
    return exchange.reject(this.#fork(), BigInt.asUintN(64, BigInt(code)), inputText(message.replaceAll("\0", " ")));
  }

  #pause(): void {
    // Where nothing is sent again by itself, the next read need not wait.
    if (!this.#backoff.again) return;
    const longest = Math.min(this.#backoff.maxMs, this.#backoff.initialMs * 2 ** this.#failures++);
    this.#pausedUntil = Date.now() + Math.random() * longest;
  }
}
