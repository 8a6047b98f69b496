import { LibraryError, errorOf, STATUS } from "../errors.ts";
import { C } from "./constants.ts";
import { locate } from "./locate.ts";
import { getNumber, OUT, OUTPUT } from "./memory.ts";
import type { Calls } from "./native.ts";
import { native } from "./runtime.ts";

/** WORLDSTATE_ABI_VERSION of the header that this package was written for. */
export const ABI_VERSION: number = C.WORLDSTATE_ABI_VERSION;

let loaded: { calls: Calls; path: string } | undefined;

function open(path: string): Calls {
  const loads = <T>(load: () => T): T => {
    try {
      return load();
    } catch (cause) {
      const { message } = cause as Error;
      throw new LibraryError(`${path} cannot be loaded as the worldstate library: ${message}`, { cause });
    }
  };
  // First of all: another version may have other functions.
  const version = loads(() => native.abiVersion(path));
  if (version !== ABI_VERSION) {
    throw new LibraryError(
      `${path} has version ${version} of the binary interface, and this package needs ${ABI_VERSION}`,
    );
  }
  return loads(() => native.open(path));
}

/**
 * Loads the library, from `path` or from where it is found, and returns its path. Needed only to name a path, or to
 * have failures early: whatever needs the library loads it. One process loads one library.
 *
 * @throws LibraryError when there is none, when it cannot be loaded, when its binary interface is another one, or when
 *   another one is loaded already.
 */
export function loadLibrary(path?: string): string {
  if (loaded === undefined) {
    const found = locate(path);
    loaded = { calls: open(found), path: found };
  } else if (path !== undefined && path !== loaded.path) {
    throw new LibraryError(`${path} comes too late: ${loaded.path} is loaded`);
  }
  return loaded.path;
}

/** The library's functions. */
export function library(): Calls {
  if (loaded === undefined) loadLibrary();
  return (loaded as { calls: Calls }).calls;
}

/** Version of the library, such as "0.1.0". */
export const version = (): string => library().worldstate_version();

const decoder = new TextDecoder();

/** `length` bytes at the beginning of the output memory as text. */
export const outputText = (length: number): string => decoder.decode(OUTPUT.bytes.subarray(0, length));

/** The error of a call on `handle` that gave `status`. Before anything else is called on it. */
export function failure(status: number, handle: number): Error {
  const calls = library();
  let text = "";
  for (let size = 1024; ;) {
    OUTPUT.reserve(size);
    const status = calls.worldstate_last_error(handle, OUTPUT.at(0), size, OUT.at);
    const length = getNumber(OUT);
    if (status === STATUS.SUCCESS) text = outputText(length);
    if (status !== STATUS.OUTPUT_TOO_SMALL) break;
    size = length + 1;
  }
  if (handle === 0 && status === STATUS.INVALID_HANDLE) text += ": it was closed";
  return errorOf(status, calls.worldstate_error_name(status), text);
}
