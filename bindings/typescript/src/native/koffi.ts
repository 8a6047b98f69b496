import type { Calls, Native } from "./native.ts";
import { SIGNATURES, TEXTS } from "./signatures.ts";

// Handles are numbers in a pointer's clothes: as integers they come and go as JavaScript numbers.
const LETTERS: Record<string, string> = {
  h: "uintptr_t",
  p: "void *",
  z: "size_t",
  i: "int32_t",
  u: "uint32_t",
  b: "uint8_t",
  l: "uint64_t",
  v: "void",
};

const spell = (letter: string): string => LETTERS[letter] as string;

export async function koffiNative(): Promise<Native> {
  const { default: koffi } = await import("koffi");
  return {
    abiVersion: (path) => koffi.load(path).func("worldstate_abi_version", spell("u"), [])() as number,
    open(path) {
      const library = koffi.load(path);
      const calls: Record<string, unknown> = {};
      for (const [name, [letters, returns]] of Object.entries(SIGNATURES)) {
        calls[name] = library.func(name, spell(returns), [...letters].map(spell));
      }
      for (const [name, letters] of Object.entries(TEXTS)) {
        calls[name] = library.func(name, "str", [...letters].map(spell));
      }
      return calls as unknown as Calls;
    },
    addressOf: (bytes) => Number(koffi.address(bytes)),
    logFunction(write) {
      const type = koffi.proto("void", ["uintptr_t", "int", "str"]);
      return koffi.register(write, koffi.pointer(type));
    },
    // A bigint is the cheapest pointer for koffi.
    toPointer: (address) => BigInt(address),
  };
}
