import type { Pointer } from "./native.ts";
import { native } from "./runtime.ts";

/*
 * Memory that native code reads and writes. It belongs to this module for as long as the process lives, or until a later
 * reservation replaces it, so that its addresses are valid during every call. What native code calls back only notes
 * what it is told, and no function awaits while it uses this memory: so one of each is enough.
 */

/** Bytes, with a view of them. */
export interface Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Memory of its own for bytes that go elsewhere. */
export const memoryOf = (bytes: Uint8Array): Memory => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
});

/** A place of fixed size in scratch memory: its bytes, their address, and their offset in `SCRATCH`. */
export interface Place extends Memory {
  readonly at: Pointer;
  readonly offset: number;
}

// Large enough for an ArrayBuffer of its own, which no runtime moves.
const buffer = new ArrayBuffer(8192);
// A Buffer, because that is the quickest to become hex.
export const SCRATCH: Uint8Array = Buffer.from(buffer);
export const VIEW = new DataView(buffer);
const base = native.addressOf(SCRATCH);

const place = (offset: number, length: number): Place => ({
  bytes: SCRATCH.subarray(offset, offset + length),
  view: new DataView(buffer, offset, length),
  at: native.toPointer(base + offset),
  offset,
});

/** Numbers that come out. */
export const OUT = place(0, 8);
export const OUT2 = place(8, 8);
export const OUT3 = place(16, 8);
/** An address, a slot or other word, and a value that go in or come out. */
export const ADDRESS = place(32, 20);
export const SLOT = place(64, 32);
export const VALUE = place(96, 32);
/** An AsyncRequest. */
export const REQUEST = place(128, 53);
/** Four topics of a log. */
export const TOPICS = place(192, 128);
/** A struct. */
export const STRUCT = place(512, 512);

export const getNumber = (out: Place): number => Number(VIEW.getBigUint64(out.offset, true));
export const getBigInt = (out: Place): bigint => VIEW.getBigUint64(out.offset, true);
export const getInt = (out: Place): number => VIEW.getInt32(out.offset, true);

const SMALL = 64 * 1024;
const KEPT = 4 * 1024 * 1024;

/** Memory of changing size, for texts, code and batches. */
export class Arena implements Memory {
  bytes: Uint8Array = Buffer.from(new ArrayBuffer(SMALL));
  view = new DataView(this.bytes.buffer);
  #base = native.addressOf(this.bytes);

  /** Makes room for `length` bytes. What was there is gone. */
  reserve(length: number): this {
    // Memory that one large value took is not kept for small ones.
    if (length > this.bytes.length || (this.bytes.length > KEPT && length <= SMALL)) {
      let size = SMALL;
      while (size < length) size *= 2;
      this.bytes = Buffer.from(new ArrayBuffer(size));
      this.view = new DataView(this.bytes.buffer);
      this.#base = native.addressOf(this.bytes);
    }
    return this;
  }

  at(offset: number): Pointer {
    return native.toPointer(this.#base + offset);
  }

  address(offset: number): bigint {
    return BigInt(this.#base + offset);
  }
}

/** For what goes in. */
export const INPUT = new Arena();
/** For what comes out. */
export const OUTPUT = new Arena();
