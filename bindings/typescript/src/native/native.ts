import type { SIGNATURES, TEXTS } from "./signatures.ts";

/**
 * What a pointer argument takes: bytes, which stay where they are during the call; the address of scratch memory
 * (a number or a bigint, as the runtime likes it); or NULL.
 */
export type Pointer = Uint8Array | number | bigint | null;

interface Kinds {
  h: number;
  p: Pointer;
  z: number;
  i: number;
  u: number;
  b: number;
  l: number | bigint;
}

type Arguments<Letters extends string> = Letters extends `${infer Letter extends keyof Kinds}${infer Rest}`
  ? [Kinds[Letter], ...Arguments<Rest>]
  : [];

/** The functions of the library that return numbers: statuses and handles. */
export type Calls = {
  readonly [Name in keyof typeof SIGNATURES]: (...values: Arguments<(typeof SIGNATURES)[Name][0]>) => number;
} & {
  /** Those that return static text. */
  readonly [Name in keyof typeof TEXTS]: (...values: Arguments<(typeof TEXTS)[Name]>) => string;
};

/** A runtime's way into native code. */
export interface Native {
  /** WORLDSTATE_ABI_VERSION of a library; throws when it cannot be loaded, or has none. */
  abiVersion(path: string): number;
  /** Loads a library; throws when that fails, or when a function is missing. */
  open(path: string): Calls;
  /** The address of memory that the caller keeps alive for as long as the address is used. */
  addressOf(bytes: Uint8Array): number;
  /**
   * The address of a native function `void (void *context, int level, const char *text)` that calls `write`, for as
   * long as the process lives. Only for calls on this thread, while it is inside a native function.
   */
  logFunction(write: (context: number, level: number, text: string) => void): bigint;
  /** An address in the form that is the cheapest argument. */
  toPointer(address: number): Pointer;
}
