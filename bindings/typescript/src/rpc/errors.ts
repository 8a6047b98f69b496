/** What an RpcClientAdapter throws: a failure of the node, or of the way to it. */
export class RpcError extends Error {
  override name = "RpcError";
  /** JSON-RPC's error code; the HTTP status where the node answered with none; -32603 where there was no answer. */
  readonly code: number;
  /** The error's `data`, if the node gave any. */
  readonly data: unknown;

  constructor(code: number, message: string, options?: ErrorOptions & { data?: unknown }) {
    super(message, options);
    this.code = code;
    this.data = options?.data;
  }
}

/** JSON-RPC errors that may pass: limits, and state that the asked node of a cluster does not have yet. */
const PASSING_CODES = new Set([-32005, 408, 429]);
const PASSING_TEXTS =
  /rate ?limit|too many requests|limit exceeded|request limit|capacity exceeded|try again|timed? ?out|missing trie node|header not found|service unavailable/i;

/** Whether an error that a node reports is worth another attempt. */
export const mayPass = (code: unknown, message: unknown): boolean =>
  PASSING_CODES.has(code as number) ||
  (typeof code === "number" && code >= 500 && code < 600) ||
  PASSING_TEXTS.test(String(message));
