import { memoryOf } from "../native/memory.ts";
import type { AddressLike, WordLike } from "../types.ts";
import { writeAddress, writeWord } from "../values.ts";

/** An account to make ready, with slots of it. */
export interface Prefetch {
  address: AddressLike;
  slots?: readonly WordLike[];
}

/** The numbers of slots, the addresses, and the slots of all of them, behind each other. */
export interface Packed {
  bytes: Uint8Array;
  count: number;
}

export function packed(accounts: readonly Prefetch[]): Packed {
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
