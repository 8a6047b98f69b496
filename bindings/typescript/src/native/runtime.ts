import { LibraryError } from "../errors.ts";
import type { Native } from "./native.ts";

async function choose(): Promise<Native> {
  if (process.versions["bun"] !== undefined) return (await import("./bun.ts")).bunNative();
  try {
    return await (await import("./koffi.ts")).koffiNative();
  } catch (cause) {
    throw new LibraryError("worldstate needs the package koffi under Node: npm install koffi", { cause });
  }
}

/** The native layer of the runtime: `bun:ffi` under Bun, koffi under Node. */
export const native: Native = await choose();
