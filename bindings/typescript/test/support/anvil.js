// A real node of the test file's own, which ends with it.
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const INSTALLED = fileURLToPath(new URL("../../../../build/tools/node_modules/.bin/anvil", import.meta.url));
const ANVIL = process.env.WORLDSTATE_ANVIL ?? INSTALLED;

/** Starts a node: its URL, and a function that stops it. */
export async function startAnvil(...options) {
  if (!existsSync(ANVIL)) throw new Error(`there is no anvil at ${ANVIL}: tools/setup.sh npm`);
  // Into a file: a pipe would have to be read for as long as the node lives.
  const directory = mkdtempSync(join(tmpdir(), "worldstate-anvil-"));
  const log = join(directory, "log");
  const file = openSync(log, "w");
  const child = spawn(ANVIL, ["--host", "127.0.0.1", "--port", "0", ...options], { stdio: ["ignore", file, file] });
  closeSync(file);
  const stop = () => {
    child.kill("SIGTERM");
    rmSync(directory, { recursive: true, force: true });
  };
  process.once("exit", stop);
  let url;
  for (let tries = 0; url === undefined; tries++) {
    const text = readFileSync(log, "utf8");
    const found = /^Listening on (127\.0\.0\.1:\d+)$/m.exec(text);
    if (found !== null) url = `http://${found[1]}`;
    else if (child.exitCode !== null || tries === 1200)
      throw new Error(`anvil has not begun to listen: ${text.slice(-2000)}`);
    else await new Promise((done) => setTimeout(done, 50));
  }
  child.unref();
  return { url, rpc: (method, ...params) => call(url, method, params), stop };
}

/** One request by plain fetch. */
export async function call(url, method, params) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = await response.json();
  if (error) throw Object.assign(new Error(error.message), { code: error.code });
  return result;
}

/** The node's first account. */
export const RICH = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
