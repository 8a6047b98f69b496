import { STATUS } from "../errors.ts";
import { failure, library, outputText } from "../native/library.ts";
import { getBigInt, getNumber, OUT, OUT2, OUT3, OUTPUT } from "../native/memory.ts";
import type { Pointer } from "../native/native.ts";
import type { BodyCarrier } from "./provider.ts";

/** One question that the library has handed out. */
export interface Exchange {
  /** Asks the node. */
  send(): Promise<string>;
  /** Hands the answer back; the status says whether it is one. */
  accept(fork: number, answer: Pointer, length: number): number;
  /** Says that there is none. */
  reject(fork: number, code: bigint, message: Pointer): number;
}

/** Takes the next question of a fork, or nothing when none is queued. */
export type Take = (fork: number) => Exchange | undefined;

/** Whole JSON-RPC bodies: everything that is queued at once. */
export const bodies =
  (carrier: BodyCarrier): Take =>
  (fork) => {
    const calls = library();
    for (let size = 16 * 1024; ;) {
      OUTPUT.reserve(size);
      const status = calls.fork_backend_next_batch(fork, 0, OUT.at, OUTPUT.at(0), size, OUT2.at, null);
      if (status === STATUS.NO_PENDING_REQUEST) return undefined;
      if (status === STATUS.SUCCESS) {
        const id = getBigInt(OUT);
        const body = outputText(getNumber(OUT2));
        return {
          send: () => carrier.post(body),
          accept: (fork, answer, length) => calls.fork_backend_continue_batch(fork, id, answer, length),
          reject: (fork, code, message) => calls.fork_backend_fail_batch(fork, id, code, message),
        };
      }
      if (status !== STATUS.OUTPUT_TOO_SMALL) throw failure(status, fork);
      size = getNumber(OUT2) + 1;
    }
  };

const METHOD_SIZE = 64;
// As many slots as go into one eth_getProof are as many as fit into this.
const PARAMS_SIZE = 32 * 1024;

/** Single requests. */
export const requests =
  (request: (method: string, params: unknown[]) => Promise<unknown>): Take =>
  (fork) => {
    const calls = library();
    for (let size = PARAMS_SIZE; ;) {
      OUTPUT.reserve(METHOD_SIZE + size);
      const [method, params] = [OUTPUT.at(0), OUTPUT.at(METHOD_SIZE)];
      const status = calls.fork_backend_next_request(fork, OUT.at, method, METHOD_SIZE, OUT2.at, params, size, OUT3.at);
      if (status === STATUS.NO_PENDING_REQUEST) return undefined;
      if (status === STATUS.SUCCESS) {
        const id = getBigInt(OUT);
        const text = outputText(METHOD_SIZE + getNumber(OUT3));
        const name = text.slice(0, getNumber(OUT2));
        const values = JSON.parse(text.slice(METHOD_SIZE)) as unknown[];
        return {
          send: async () => JSON.stringify((await request(name, values)) ?? null),
          accept: (fork, answer, length) => calls.fork_backend_continue(fork, id, answer, length),
          reject: (fork, code, message) => calls.fork_backend_fail(fork, id, code, message),
        };
      }
      if (status !== STATUS.OUTPUT_TOO_SMALL) throw failure(status, fork);
      size = getNumber(OUT3) + 1;
    }
  };
