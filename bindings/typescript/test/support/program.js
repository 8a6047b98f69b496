// Runs programs under this runtime, in processes of their own.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a program prints; its failure, with what it said, is thrown. */
export async function output(file, values = [], options = {}) {
  const { stdout, stderr } = await run(process.execPath, [file, ...values], { timeout: 60_000, ...options });
  if (stderr !== "") throw new Error(`${file} says on stderr: ${stderr}`);
  return stdout;
}
