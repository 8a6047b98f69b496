import { STATUS } from "./errors.ts";
import { failure, library } from "./native/library.ts";
import { ADDRESS, INPUT, memoryOf, SLOT, VALUE } from "./native/memory.ts";
import { inputText, terminated } from "./native/structs.ts";
import type { Address, AddressLike, Hex, WordLike } from "./types.ts";
import { toHex, writeAddress, writeHash, writeWord } from "./values.ts";

/** An account with slots of it and their proofs under a state root: what eth_getProof answers (EIP-1186). */
export interface EthProof {
  address: Address;
  balance: bigint;
  nonce: bigint;
  codeHash: Hex;
  storageHash: Hex;
  accountProof: Hex[];
  storageProof: { key: Hex; value: bigint; proof: Hex[] }[];
}

/** As it stands in JSON. */
type RawProof = Omit<EthProof, "balance" | "nonce" | "storageProof"> & {
  balance: Hex;
  nonce: Hex;
  storageProof: { key: Hex; value: Hex; proof: Hex[] }[];
};

/** The answer to eth_getProof, with numbers as bigints. */
export function readProof(answer: unknown): EthProof {
  const { balance, nonce, storageProof, ...rest } = answer as RawProof;
  return {
    ...rest,
    balance: BigInt(balance),
    nonce: BigInt(nonce),
    storageProof: storageProof.map(({ key, value, proof }) => ({ key, value: BigInt(value), proof })),
  };
}

/** JSON text as it is, and anything else as JSON, whose bigints become quantities. */
const jsonOf = (value: string | object): string =>
  typeof value === "string"
    ? value
    : JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? `0x${inner.toString(16)}` : inner));

/** Slots of 32 bytes, one behind the other. */
export function packedSlots(slots: readonly WordLike[]): Uint8Array {
  const memory = memoryOf(new Uint8Array(32 * slots.length));
  slots.forEach((slot, i) => writeWord("slot", slot, memory, 32 * i));
  return memory.bytes;
}

/**
 * Checks an answer of eth_getProof, also within its JSON-RPC response, against a state root: the account, and the value
 * of each slot that it proves, whether they are there or not. It is no matter where the answer comes from.
 *
 * @param proof An `EthProof`, what a provider answered, or its JSON text.
 * @param of What it has to be about. Without, it may be about any account: then look that it is the one that was meant.
 * @throws ProofInvalidError when anything does not match, with what it is.
 */
export function verifyProof(
  stateRoot: Hex | Uint8Array,
  proof: EthProof | object | string,
  of?: { address: AddressLike; slots?: readonly WordLike[] },
): void {
  writeHash("stateRoot", stateRoot, VALUE.bytes, 0);
  const slots = packedSlots(of?.slots ?? []);
  const json = terminated(jsonOf(proof));
  if (of !== undefined) writeAddress(of.address, ADDRESS.bytes, 0);
  INPUT.reserve(slots.length + json.length);
  INPUT.bytes.set(slots);
  INPUT.bytes.set(json, slots.length);
  const status = library().worldstate_verify_proof(
    VALUE.at,
    of === undefined ? null : ADDRESS.at,
    INPUT.at(0),
    slots.length / 32,
    INPUT.at(slots.length),
  );
  if (status !== STATUS.SUCCESS) throw failure(status, 0);
}

/**
 * Checks that a block, or its header, has this hash, which is computed from its fields, and returns its state root.
 *
 * @param header The block as eth_getBlockByNumber or viem gives it, or its JSON text.
 * @throws ProofInvalidError when the hash is another, or a field is missing.
 */
export function verifyHeader(blockHash: Hex | Uint8Array, header: object | string): Hex {
  writeHash("blockHash", blockHash, VALUE.bytes, 0);
  const status = library().worldstate_verify_header(VALUE.at, inputText(jsonOf(header)), SLOT.at);
  if (status !== STATUS.SUCCESS) throw failure(status, 0);
  return toHex(SLOT.bytes);
}
