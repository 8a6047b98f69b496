import { executionFailed, invalidInput } from "../errors.ts";
import { C } from "../native/constants.ts";
import { memoryOf } from "../native/memory.ts";
import type { Address, BytesLike, Hex, Quantity, WordLike } from "../types.ts";
import { toBigInt, toBytes, toHex, writeAddress, writeBigInt, writeHash, writeWord } from "../values.ts";

/** What an execution came to. All but the last two are questions. */
export type EvmRequest =
  | { type: "storage"; address: Address; slot: Hex }
  | { type: "balance"; address: Address }
  | { type: "code"; address: Address }
  | { type: "nonce"; address: Address }
  | { type: "blockHash"; number: bigint }
  | { type: "precompile"; address: Address }
  /** Its changes wait to be committed or discarded. */
  | { type: "readyToCommit" }
  /** It is over. */
  | { type: "result" };

export type EvmQuestion = Exclude<EvmRequest, { type: "readyToCommit" | "result" }>;

/** The result of a precompiled contract of the host. A revert gives back what gas is left, a halt uses all. */
export interface PrecompileResult {
  status: "success" | "revert" | "halt";
  gasUsed: Quantity;
  output: BytesLike;
}

/** What answers a question. */
export interface Answers {
  storage: WordLike;
  balance: Quantity;
  code: BytesLike;
  nonce: Quantity;
  blockHash: Hex | Uint8Array;
  precompile: PrecompileResult;
}

export type AnswerTo<Question extends EvmQuestion> = Answers[Question["type"]];

/** Bytes of an AsyncRequest. */
export const REQUEST_SIZE = 53;

/** Reads an AsyncRequest: its kind, 20 bytes of address, 32 of slot. */
export function decodeRequest(bytes: Uint8Array, offset = 0): EvmRequest {
  const kind = bytes[offset];
  const address = toHex(bytes, offset + 1, offset + 21);
  switch (kind) {
    case C.EVM_OUTPUT_RESULT:
      return { type: "result" };
    case C.EVM_OUTPUT_NEED_STORAGE:
      return { type: "storage", address, slot: toHex(bytes, offset + 21, offset + REQUEST_SIZE) };
    case C.EVM_OUTPUT_NEED_BALANCE:
      return { type: "balance", address };
    case C.EVM_OUTPUT_NEED_CODE:
      return { type: "code", address };
    case C.EVM_OUTPUT_NEED_NONCE:
      return { type: "nonce", address };
    case C.EVM_OUTPUT_READY_TO_COMMIT:
      return { type: "readyToCommit" };
    case C.EVM_OUTPUT_NEED_BLOCK_HASH:
      return { type: "blockHash", number: BigInt(toHex(bytes, offset + 45, offset + REQUEST_SIZE)) };
    case C.EVM_OUTPUT_NEED_PRECOMPILE:
      return { type: "precompile", address };
    default:
      throw executionFailed(`Unknown output type: ${kind}`);
  }
}

const KINDS = {
  storage: C.EVM_CONTINUE_WITH_STORAGE,
  balance: C.EVM_CONTINUE_WITH_BALANCE,
  code: C.EVM_CONTINUE_WITH_CODE,
  nonce: C.EVM_CONTINUE_WITH_NONCE,
  blockHash: C.EVM_CONTINUE_WITH_BLOCK_HASH,
  precompile: C.EVM_CONTINUE_WITH_PRECOMPILE,
} as const;
const PRECOMPILE_STATUS = {
  success: C.EVM_PRECOMPILE_SUCCESS,
  revert: C.EVM_PRECOMPILE_REVERT,
  halt: C.EVM_PRECOMPILE_HALT,
} as const;

/** An answer in the bytes that the library takes, and their kind. */
export function encodeAnswer<Question extends EvmQuestion>(
  question: Question,
  answer: AnswerTo<Question>,
): { kind: number; bytes: Uint8Array } {
  const kind = KINDS[question.type];
  if (question.type === "blockHash") {
    const bytes = new Uint8Array(40);
    new DataView(bytes.buffer).setBigUint64(0, question.number);
    writeHash("block hash", answer as Answers["blockHash"], bytes, 8);
    return { kind, bytes };
  }
  const bytes = new Uint8Array(20 + tailLength(question, answer));
  const memory = memoryOf(bytes);
  writeAddress(question.address, bytes, 0);
  switch (question.type) {
    case "storage":
      writeWord("slot", question.slot, memory, 20);
      writeWord("value", answer as Answers["storage"], memory, 52);
      break;
    case "balance":
      writeBigInt("balance", toBigInt("balance", answer as Answers["balance"], 256), memory, 20);
      break;
    case "nonce":
      memory.view.setBigUint64(20, toBigInt("nonce", answer as Answers["nonce"], 64));
      break;
    case "code":
      bytes.set(toBytes("code", answer as Answers["code"]), 20);
      break;
    case "precompile": {
      const { status, gasUsed, output } = answer as PrecompileResult;
      const number = PRECOMPILE_STATUS[status];
      if (number === undefined) throw invalidInput(`status ${JSON.stringify(status)} of a precompiled contract`);
      bytes[20] = number;
      memory.view.setBigUint64(21, toBigInt("gasUsed", gasUsed, 64));
      bytes.set(toBytes("output", output), 29);
    }
  }
  return { kind, bytes };
}

function tailLength(question: EvmQuestion, answer: unknown): number {
  switch (question.type) {
    case "storage":
      return 64;
    case "balance":
      return 32;
    case "nonce":
      return 8;
    case "code":
      return toBytes("code", answer as BytesLike).length;
    default:
      return 9 + toBytes("output", (answer as PrecompileResult).output).length;
  }
}
