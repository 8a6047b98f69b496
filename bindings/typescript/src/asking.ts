import { STATUS } from "./errors.ts";
import { failure, outputText } from "./native/library.ts";
import { getNumber, OUT, OUTPUT } from "./native/memory.ts";
import type { Pointer } from "./native/native.ts";

/** Something that carries the requests of a fork, so that what is pending arrives. */
export interface Carrier {
  /** Settles when answers or failures have come in since. */
  progress(): Promise<void>;
  /** Lets everyone who waits look again. */
  wake(): void;
}

// Thrown in place of an error where somebody waits for what is pending: errors with their stacks are dear.
const PENDING = Symbol("pending");
let waits = false;

/** Throws the error of a call on `handle` whose status is not SUCCESS. */
export function raise(status: number, handle: number): never {
  if (waits && status === STATUS.RPC_PENDING) throw PENDING;
  throw failure(status, handle);
}

function attempt<T>(read: () => T): T | typeof PENDING {
  waits = true;
  try {
    return read();
  } catch (error) {
    if (error === PENDING) return PENDING;
    throw error;
  } finally {
    waits = false;
  }
}

/** Reads again and again until nothing is pending any more. `read` is synchronous. */
export async function ask<T>(carrier: Carrier | undefined, read: () => T): Promise<T> {
  if (carrier === undefined) return read();
  for (;;) {
    const value = attempt(read);
    if (value !== PENDING) return value;
    await carrier.progress();
  }
}

const ROOM = 4096;

/** A text of unknown length. `call` is made again with more memory where the first did not suffice. */
export function readText(handle: number, call: (buffer: Pointer, size: number, outLength: Pointer) => number): string {
  for (let size = ROOM; ;) {
    OUTPUT.reserve(size);
    const status = call(OUTPUT.at(0), size, OUT.at);
    if (status === STATUS.SUCCESS) return outputText(getNumber(OUT));
    if (status !== STATUS.OUTPUT_TOO_SMALL) raise(status, handle);
    size = getNumber(OUT) + 1;
  }
}
