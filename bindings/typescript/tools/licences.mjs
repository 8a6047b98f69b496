// The package carries the repository's licences.
import { copyFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) {
  const source = fileURLToPath(new URL(`../../../${name}`, import.meta.url));
  const copy = fileURLToPath(new URL(`../${name}`, import.meta.url));
  if (existsSync(source)) copyFileSync(source, copy);
  else if (!existsSync(copy)) throw new Error(`there is no ${name}`);
}
