import type { Calls, Native } from "./native.ts";
import { SIGNATURES, TEXTS } from "./signatures.ts";

/** What is used of `bun:ffi`; its own types come with a package that Node's users do not have. */
interface BunFfi {
  dlopen(path: string, functions: Record<string, { args: string[]; returns: string }>): { symbols: object };
  ptr(bytes: Uint8Array): number;
  JSCallback: new (
    call: (...values: number[]) => void,
    types: { args: string[]; returns: string },
  ) => { readonly ptr: number };
  CString: new (address: number) => { toString(): string };
}

const LETTERS: Record<string, string> = {
  h: "ptr",
  p: "ptr",
  z: "usize",
  i: "i32",
  u: "u32",
  b: "u8",
  l: "u64",
  v: "void",
};

const spell = (letter: string): string => LETTERS[letter] as string;

export async function bunNative(): Promise<Native> {
  // Not a literal: a compiler or bundler for Node must not look for the module.
  const name: string = "bun:ffi";
  const { dlopen, ptr, JSCallback, CString } = (await import(name)) as BunFfi;
  const functions: Record<string, { args: string[]; returns: string }> = {};
  for (const [name, [letters, returns]] of Object.entries(SIGNATURES)) {
    functions[name] = { args: [...letters].map(spell), returns: spell(returns) };
  }
  for (const [name, letters] of Object.entries(TEXTS)) {
    functions[name] = { args: [...letters].map(spell), returns: "cstring" };
  }
  // Kept here: what is collected can no longer be called.
  const callbacks: object[] = [];
  return {
    abiVersion(path) {
      const name = "worldstate_abi_version";
      const { symbols } = dlopen(path, { [name]: functions[name] as { args: string[]; returns: string } });
      return (symbols as { worldstate_abi_version(): number }).worldstate_abi_version();
    },
    open(path) {
      const { symbols } = dlopen(path, functions);
      const calls = { ...symbols } as Record<string, (...values: unknown[]) => unknown>;
      for (const name of Object.keys(TEXTS)) {
        const text = calls[name] as (...values: unknown[]) => unknown;
        calls[name] = (...values) => String(text(...values));
      }
      // A created handle that is NULL comes as null.
      for (const [name, [, returns]] of Object.entries(SIGNATURES)) {
        if (returns !== "h") continue;
        const create = calls[name] as (...values: unknown[]) => unknown;
        calls[name] = (...values) => create(...values) ?? 0;
      }
      return calls as unknown as Calls;
    },
    addressOf: (bytes) => ptr(bytes),
    logFunction(write) {
      const callback = new JSCallback(
        (context, level, text) => write(context as number, level as number, String(new CString(text as number))),
        { args: ["ptr", "i32", "ptr"], returns: "void" },
      );
      callbacks.push(callback);
      return BigInt(callback.ptr);
    },
    toPointer: (address) => address,
  };
}
