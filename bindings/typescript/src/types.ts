/** Bytes as `0x` hex. The same type as viem's `Hex`. */
export type Hex = `0x${string}`;

/** 20 bytes as `0x` hex; what comes out is in lower case. The same type as viem's `Address`. */
export type Address = `0x${string}`;

/** An address that goes in: hex in any case, whose prefix may be missing, or 20 bytes. */
export type AddressLike = Address | string | Uint8Array;

/** A slot, storage value or hash that goes in: `0x` hex of 1 to 64 digits, 32 big-endian bytes, or a number. */
export type WordLike = Hex | string | Uint8Array | bigint;

/** An amount that goes in: not negative, and a safe integer if it is a `number`. */
export type Quantity = bigint | number;

/** Bytes that go in: hex, or the bytes. */
export type BytesLike = Hex | string | Uint8Array;

/** Whether an account exists: "empty" is one with balance 0, nonce 0 and no code. */
export type AccountStatus = "absent" | "empty" | "present";
