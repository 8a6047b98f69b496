import { LAYOUTS } from "../native/layouts.ts";
import { memoryOf } from "../native/memory.ts";
import type { Pointer } from "../native/native.ts";
import { writeStruct } from "../native/structs.ts";
import { refuseUnknown } from "../fork/options.ts";
import type { AddressLike, BytesLike, Quantity } from "../types.ts";
import { toBigInt, toBytes, writeAddress, writeBigInt } from "../values.ts";

/** JSON as the node's interface has it; quantities may be bigints besides. */
export type JsonObject = { readonly [name: string]: unknown };

/** A message call or creation without the transaction around it: no intrinsic gas, no fee, no nonce. */
export interface Message {
  /** Default: the zero address. */
  caller?: AddressLike;
  /** What ORIGIN returns. Default: the caller. */
  origin?: AddressLike;
  /** Whose storage and balance are used. Without it a creation, with `input` as its init code. */
  to?: AddressLike;
  /** The code that runs. Default: that of `to`. */
  code?: BytesLike;
  /** Wei that go from the caller to `to`. */
  value?: Quantity;
  input?: BytesLike;
  gas: Quantity;
  /** What GASPRICE returns. Nothing is paid. */
  gasPrice?: Quantity;
  /** The state must not be changed. */
  isStatic?: boolean;
}

const MESSAGE_NAMES = new Set(["caller", "origin", "to", "code", "value", "input", "gas", "gasPrice", "isStatic"]);

function addressBytes(address: AddressLike | undefined): Uint8Array | undefined {
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(20);
  writeAddress(address, bytes, 0);
  return bytes;
}

/** Writes an EvmMessage of the header. */
export function writeMessage(message: Message): Pointer {
  refuseUnknown(message, MESSAGE_NAMES);
  const { value, code, input } = message;
  let valueBytes;
  if (value !== undefined) {
    valueBytes = new Uint8Array(32);
    writeBigInt("value", toBigInt("value", value, 256), memoryOf(valueBytes), 0);
  }
  const codeBytes = code === undefined ? undefined : toBytes("code", code);
  const inputBytes = input === undefined ? undefined : toBytes("input", input);
  return writeStruct(LAYOUTS.EvmMessage, {
    caller: addressBytes(message.caller),
    origin: addressBytes(message.origin),
    to: addressBytes(message.to),
    // An empty code that is given is not the code of `to`: its pointer must not be NULL.
    code: codeBytes,
    code_len: codeBytes?.length ?? 0,
    value: valueBytes,
    input: inputBytes,
    input_len: inputBytes?.length ?? 0,
    gas: toBigInt("gas", message.gas, 64),
    gas_price: message.gasPrice === undefined ? 0 : toBigInt("gasPrice", message.gasPrice, 64),
    is_static: message.isStatic ? 1 : 0,
  });
}

/** JSON text, with bigints as the quantities of Ethereum's JSON-RPC. A text passes as it is. */
export function toJson(value: JsonObject | string): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field !== "bigint") return field;
    // What is no quantity, the library refuses with its name.
    return field < 0n ? String(field) : `0x${field.toString(16)}`;
  });
}
