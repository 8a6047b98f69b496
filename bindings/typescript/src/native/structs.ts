import { invalidInput } from "../errors.ts";
import type { Layout } from "./layouts.ts";
import { INPUT, STRUCT, VIEW } from "./memory.ts";
import type { Pointer } from "./native.ts";

const encoder = new TextEncoder();

/** The bytes of a text with its NUL, and no other. */
export function terminated(text: string): Uint8Array {
  if (text.includes("\0")) throw invalidInput(`a text with a NUL in it: ${JSON.stringify(text.slice(0, 80))}`);
  return encoder.encode(`${text}\0`);
}

/** What a field of a struct takes: a number, or what a pointer is to point to; nothing is 0 or NULL. */
export type FieldValue = number | bigint | string | Uint8Array | undefined;

/**
 * Writes a struct into scratch memory, with the texts and bytes that its pointers point to behind each other in the
 * input memory, and returns its address.
 */
export function writeStruct<Name extends string>(
  { size, fields }: Layout<Name>,
  values: { readonly [Field in Exclude<Name, "size">]?: FieldValue },
): Pointer {
  const pointees = Object.entries<FieldValue>(values as Record<string, FieldValue>)
    .filter(([, value]) => typeof value === "string" || value instanceof Uint8Array)
    .map(([name, value]) => [name, typeof value === "string" ? terminated(value) : value] as const);
  INPUT.reserve(pointees.reduce((sum, [, bytes]) => sum + (bytes as Uint8Array).length, 0));
  const addresses = new Map<string, bigint>();
  let offset = 0;
  for (const [name, bytes] of pointees as (readonly [string, Uint8Array])[]) {
    INPUT.bytes.set(bytes, offset);
    addresses.set(name, INPUT.address(offset));
    offset += bytes.length;
  }

  STRUCT.bytes.fill(0, 0, size);
  VIEW.setBigUint64(STRUCT.offset, BigInt(size), true);
  for (const name of Object.keys(values) as Name[]) {
    const { kind, offset } = fields[name];
    const value = addresses.get(name) ?? (values as Record<string, number | bigint | undefined>)[name] ?? 0;
    if (kind === "i") VIEW.setInt32(STRUCT.offset + offset, Number(value), true);
    else if (kind === "u") VIEW.setUint32(STRUCT.offset + offset, Number(value), true);
    else VIEW.setBigUint64(STRUCT.offset + offset, BigInt(value), true);
  }
  return STRUCT.at;
}

/** An empty struct that the library fills, in scratch memory. */
export const emptyStruct = (layout: Layout): Pointer => writeStruct(layout, {});

/** A number of the struct that the library has filled. */
export function readField<Name extends string>({ fields }: Layout<Name>, name: Name): bigint {
  const { kind, offset } = fields[name];
  const at = STRUCT.offset + offset;
  return kind === "i" || kind === "u" ? BigInt(VIEW.getUint32(at, true)) : VIEW.getBigUint64(at, true);
}

/** The bytes of the struct that the library has filled; good until the next call. */
export function readBytes<Name extends string>({ fields }: Layout<Name>, name: Name): Uint8Array {
  const { kind, offset } = fields[name];
  return STRUCT.bytes.subarray(offset, offset + (kind as number));
}

/** Writes a text with its NUL into the input memory and returns its address. */
export function inputText(text: string): Pointer {
  const bytes = terminated(text);
  INPUT.reserve(bytes.length).bytes.set(bytes);
  return INPUT.at(0);
}

/** Writes bytes into the input memory and returns their address. */
export function inputBytes(bytes: Uint8Array): Pointer {
  INPUT.reserve(bytes.length).bytes.set(bytes);
  return INPUT.at(0);
}
