import type { Hex } from "./types.ts";

const BAD = 255;
// The value of each digit by its character code.
const DIGITS = new Uint8Array(128).fill(BAD);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  DIGITS[digit.charCodeAt(0)] = value;
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Where the digits of a text begin: behind its prefix. */
export const digitsAt = (text: string): number =>
  text.charCodeAt(0) === 48 && (text.charCodeAt(1) | 32) === 120 ? 2 : 0;

/**
 * Reads the digits of `text` from `at` on as big-endian bytes that end before `end` in `into`. False when a character
 * is no digit; what was written until then stays.
 */
export function readDigits(text: string, at: number, into: Uint8Array, end: number): boolean {
  let i = text.length;
  for (; i - 2 >= at; i -= 2) {
    const high = text.charCodeAt(i - 2);
    const low = text.charCodeAt(i - 1);
    if ((high | low) > 127) return false;
    const first = DIGITS[high] as number;
    const second = DIGITS[low] as number;
    if ((first | second) === BAD) return false;
    into[--end] = (first << 4) | second;
  }
  if (i > at) {
    const digit = text.charCodeAt(at);
    if (digit > 127 || DIGITS[digit] === BAD) return false;
    into[--end] = DIGITS[digit] as number;
  }
  return true;
}

/** The bytes from `start` to before `end` as `0x` hex in lower case. */
export function toHex(bytes: Uint8Array, start = 0, end = bytes.length): Hex {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return `0x${buffer.toString("hex", start, end)}`;
}
