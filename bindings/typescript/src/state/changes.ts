import type { Address, Hex } from "../types.ts";

/** What differs between two points of a state. Each list is in ascending order. */
export interface StateChanges {
  storage: { address: Address; slot: Hex; originalValue: Hex; newValue: Hex }[];
  balances: { address: Address; originalBalance: bigint; newBalance: bigint }[];
  nonces: { address: Address; originalNonce: bigint; newNonce: bigint }[];
  codes: { address: Address; code: Hex }[];
  /** Deleted accounts. What they had is in the other lists. */
  selfDestructs: Address[];
  /** On a fork: accounts that exist and whose storage was cleared; of their slots, only those written locally are listed. */
  clearedStorage?: Address[];
}

type Raw = Omit<StateChanges, "balances" | "nonces"> & {
  balances: { address: Address; originalBalance: Hex; newBalance: Hex }[];
  nonces: { address: Address; originalNonce: Hex; newNonce: Hex }[];
};

/** The changes in the library's JSON, with quantities as bigints. */
export function parseChanges(json: string): StateChanges {
  const raw = JSON.parse(json) as Raw;
  return {
    ...raw,
    balances: raw.balances.map(({ address, originalBalance, newBalance }) => ({
      address,
      originalBalance: BigInt(originalBalance),
      newBalance: BigInt(newBalance),
    })),
    nonces: raw.nonces.map(({ address, originalNonce, newNonce }) => ({
      address,
      originalNonce: BigInt(originalNonce),
      newNonce: BigInt(newNonce),
    })),
  };
}
