// Puts the library into the package: prebuild.mjs [library]. Without argument it is the one of the build tree.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const name = { darwin: "libworldstate.dylib", win32: "worldstate.dll" }[process.platform] ?? "libworldstate.so";
const library = process.argv[2] ?? at(`../../../target/release/${name}`);
if (!existsSync(library)) throw new Error(`there is no library at ${library}: make lib`);

const directory = at(`../prebuilds/${process.platform}-${process.arch}`);
mkdirSync(directory, { recursive: true });
copyFileSync(library, join(directory, name));
console.log(`${basename(library)} is in ${directory}`);
