import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LibraryError } from "../errors.ts";

const NAMES: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "libworldstate.dylib",
  win32: "worldstate.dll",
};

/** The file name of the library on this platform. */
export const libraryName = (): string => NAMES[process.platform] ?? "libworldstate.so";

// This file is in src/native or dist/native, two below the package.
const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * Where the library is: the given path, the one in WORLDSTATE_LIB, the one that came with the package, the one in the
 * build tree, in this order. A path that was named and is not there is an error and not passed over.
 */
export function locate(given: string | undefined): string {
  for (const [path, whose] of [
    [given, "the given path"],
    [process.env["WORLDSTATE_LIB"], "WORLDSTATE_LIB"],
  ] as const) {
    if (path === undefined || path === "") continue;
    if (!existsSync(path)) throw new LibraryError(`the worldstate library is not at ${path} (${whose})`);
    return path;
  }
  const candidates = [
    inPackage(`prebuilds/${process.platform}-${process.arch}/${libraryName()}`),
    inPackage(`../../target/release/${libraryName()}`),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new LibraryError(
    `the worldstate library is neither at ${candidates.join(" nor at ")}; ` +
      "name it with loadLibrary(path) or in WORLDSTATE_LIB",
  );
}
