import { invalidHex, invalidInput, STATUS, type WorldstateError } from "./errors.ts";
import { digitsAt, readDigits, toHex } from "./hex.ts";
import { failure, library } from "./native/library.ts";
import { INPUT, type Memory } from "./native/memory.ts";
import type { AddressLike, BytesLike, Hex, Quantity, WordLike } from "./types.ts";

/*
 * Values that come from outside are written into native memory here, and those that cannot be are refused with the
 * status and the text that the library has for them.
 */

/** Whether the value is bytes, also of another realm. */
export const isBytes = (value: unknown): value is Uint8Array =>
  typeof value === "object" &&
  (value instanceof Uint8Array || (ArrayBuffer.isView(value) && (value as Uint8Array).BYTES_PER_ELEMENT === 1));

/** Whether the value is so many bytes. */
export const isBytesOf = (value: unknown, length: number): value is Uint8Array =>
  isBytes(value) && value.length === length;

const encoder = new TextEncoder();

/** What the library says of a hexadecimal text: put where `place` is among the arguments of a write of its own state. */
function refused(what: "address" | "slot" | "value", text: string): WorldstateError {
  if (text.includes("\0")) return invalidHex(`${what} ${JSON.stringify(text.slice(0, 80))} is not hexadecimal`);
  const calls = library();
  const given = { address: `0x${"0".repeat(40)}`, slot: "0x0", value: "0x0", [what]: text };
  const texts = encoder.encode(
    Object.values(given)
      .map((value) => `${value}\0`)
      .join(""),
  );
  INPUT.reserve(texts.length).bytes.set(texts);
  const slot = texts.indexOf(0) + 1;
  const value = texts.indexOf(0, slot) + 1;
  const state = calls.state_manager_create();
  try {
    const status = calls.state_manager_set_storage(state, INPUT.at(0), INPUT.at(slot), INPUT.at(value));
    if (status === STATUS.SUCCESS) return invalidHex(`${what} ${JSON.stringify(text)} is not hexadecimal`);
    return failure(status, state) as WorldstateError;
  } finally {
    calls.state_manager_destroy(state);
  }
}

const kindOf = (value: unknown): string =>
  isBytes(value) ? `${value.length} bytes` : value === null ? "null" : typeof value;

/** Writes an address to 20 bytes of `into`, from `offset` on. */
export function writeAddress(address: AddressLike, into: Uint8Array, offset: number): void {
  if (typeof address === "string") {
    const at = digitsAt(address);
    if (address.length - at !== 40 || !readDigits(address, at, into, offset + 20)) throw refused("address", address);
  } else if (isBytesOf(address, 20)) {
    for (let i = 0; i < 20; i++) into[offset + i] = address[i] as number;
  } else {
    throw invalidInput(`address: 0x hex or 20 bytes are wanted, not ${kindOf(address)}`);
  }
}

const MAX_LIMB = (1n << 64n) - 1n;

/** Writes a number below 2^256 to 32 big-endian bytes, from `offset` on. */
export function writeBigInt(what: string, value: bigint, { view }: Memory, offset: number): void {
  // A limb is written modulo 2^64.
  view.setBigUint64(offset + 24, value);
  if (value >= 0n && value <= MAX_LIMB) {
    view.setFloat64(offset + 16, 0);
    view.setFloat64(offset + 8, 0);
    view.setFloat64(offset, 0);
    return;
  }
  view.setBigUint64(offset + 16, value >> 64n);
  const high = value >> 128n;
  view.setBigUint64(offset + 8, high);
  const top = high >> 64n;
  view.setBigUint64(offset, top);
  if (top < 0n || top > MAX_LIMB) throw invalidInput(`${what} ${value} is not in the range of 256 bits`);
}

/** Writes a slot or storage value to 32 bytes of `into`, from `offset` on. */
export function writeWord(what: "slot" | "value", word: WordLike, into: Memory, offset: number): void {
  if (typeof word === "string") {
    const at = digitsAt(word);
    const digits = word.length - at;
    if (digits < 64) into.bytes.fill(0, offset, offset + 32);
    if (digits === 0 || digits > 64 || (at === 0 && digits !== 64) || !readDigits(word, at, into.bytes, offset + 32)) {
      throw refused(what, word);
    }
  } else if (typeof word === "bigint") {
    writeBigInt(what, word, into, offset);
  } else if (isBytesOf(word, 32)) {
    for (let i = 0; i < 32; i++) into.bytes[offset + i] = word[i] as number;
  } else {
    throw invalidInput(`${what}: 0x hex, 32 bytes or a bigint are wanted, not ${kindOf(word)}`);
  }
}

/** A hash of exactly 32 bytes. */
export function writeHash(what: string, hash: Hex | string | Uint8Array, into: Uint8Array, offset: number): void {
  if (isBytesOf(hash, 32)) return into.set(hash, offset);
  if (typeof hash !== "string") throw invalidInput(`${what}: 0x hex or 32 bytes are wanted, not ${kindOf(hash)}`);
  const at = digitsAt(hash);
  if (hash.length - at !== 64) throw invalidHex(`${what} ${quoted(hash)} has ${hash.length - at} digits instead of 64`);
  if (!readDigits(hash, at, into, offset + 32)) throw invalidHex(`${what} ${quoted(hash)} is not hexadecimal`);
}

const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** A number of at most `bits` bits. */
export function toBigInt(what: string, value: Quantity, bits: 64 | 256): bigint {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw invalidInput(`${what} ${value} is not a safe integer`);
    value = BigInt(value);
  }
  if (typeof value !== "bigint") throw invalidInput(`${what}: a bigint or number is wanted, not ${kindOf(value)}`);
  if (value < 0n || value >> BigInt(bits) !== 0n) {
    throw invalidInput(`${what} ${value} is not in the range of ${bits} bits`);
  }
  return value;
}

/** Bytes of any length. */
export function toBytes(what: string, value: BytesLike): Uint8Array {
  if (isBytes(value)) return value;
  if (typeof value !== "string") throw invalidInput(`${what}: 0x hex or bytes are wanted, not ${kindOf(value)}`);
  const at = digitsAt(value);
  if ((value.length - at) % 2 === 1) throw invalidHex(`${what} ${quoted(value)} has an odd number of digits`);
  const bytes = new Uint8Array((value.length - at) / 2);
  if (!readDigits(value, at, bytes, bytes.length)) throw invalidHex(`${what} ${quoted(value)} is not hexadecimal`);
  return bytes;
}

/** Where a value is wanted in the caller's own memory. */
export function checkInto(into: Uint8Array, length: number): Uint8Array {
  if (!isBytes(into) || into.length < length) {
    throw invalidInput(`into: room for ${length} bytes is wanted, not ${kindOf(into)}`);
  }
  return into;
}

/** The number in 32 big-endian bytes. */
export function readBigInt({ view }: Memory, offset: number): bigint {
  const above =
    view.getInt32(offset) |
    view.getInt32(offset + 4) |
    view.getInt32(offset + 8) |
    view.getInt32(offset + 12) |
    view.getInt32(offset + 16) |
    view.getInt32(offset + 20);
  if (above === 0) {
    // Most numbers are small: those take one bigint and no operation on bigints.
    const high = view.getUint32(offset + 24);
    if (high < 2 ** 21) return BigInt(high * 2 ** 32 + view.getUint32(offset + 28));
    return view.getBigUint64(offset + 24);
  }
  return (
    (view.getBigUint64(offset) << 192n) |
    (view.getBigUint64(offset + 8) << 128n) |
    (view.getBigUint64(offset + 16) << 64n) |
    view.getBigUint64(offset + 24)
  );
}

/** The value, in memory that the caller of an asynchronous function cannot change. */
export const owned = <T>(value: T): T => (isBytes(value) ? (new Uint8Array(value) as T) : value);

export { toHex };
