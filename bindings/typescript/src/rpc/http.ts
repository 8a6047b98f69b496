import { RpcError } from "./errors.ts";
import { Passing } from "./retry.ts";

/** What of `fetch` is used. */
export type Fetch = (
  url: string,
  init: { method: "POST"; headers: Record<string, string>; body: string; signal: AbortSignal },
) => Promise<Response>;

export interface HttpOptions {
  headers: Readonly<Record<string, string>>;
  maxResponseBytes: number;
  fetch: Fetch;
}

const NO_ANSWER = -32603;

/** Milliseconds that a Retry-After asks for. */
function retryAfter(response: Response): number {
  const value = response.headers.get("retry-after");
  if (value === null) return 0;
  const ms = /^\d+$/.test(value.trim()) ? 1000 * Number(value) : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

async function readBody(response: Response, limit: number): Promise<string> {
  const tooLarge = (): RpcError => new RpcError(413, `the answer is longer than ${limit} bytes`);
  if (Number(response.headers.get("content-length") ?? 0) > limit) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw tooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The reason that a failed fetch keeps in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause, code } = error as { message?: string; cause?: unknown; code?: unknown };
  if (cause instanceof Error) return reasonOf(cause);
  return [message || String(error), typeof code === "string" && !message?.includes(code) ? `(${code})` : ""]
    .join(" ")
    .trim();
}

/** Where a request goes, without the path, which may hold a key. */
const hostOf = (url: string): string => new URL(url).host;

/** POSTs a JSON-RPC body once. Throws `Passing` for what another attempt may mend. */
export async function post(url: string, body: string, timeoutMs: number, options: HttpOptions): Promise<string> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const response = await options.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...options.headers },
      body,
      signal: abort.signal,
    });
    const text = await readBody(response, options.maxResponseBytes);
    if (response.ok) return text;
    // Some nodes put a JSON-RPC error into an answer with another status.
    const { status } = response;
    const error = new RpcError(status, `HTTP ${status} from ${hostOf(url)}: ${text.trim().slice(0, 300)}`);
    throw status === 408 || status === 429 || status >= 500 ? new Passing(error, retryAfter(response)) : error;
  } catch (error) {
    if (error instanceof RpcError || error instanceof Passing) throw error;
    const reason = abort.signal.aborted ? `no answer within ${timeoutMs} ms (timeout)` : reasonOf(error);
    throw new Passing(new RpcError(NO_ANSWER, `${hostOf(url)}: ${reason}`, { cause: error }));
  } finally {
    clearTimeout(timer);
  }
}
