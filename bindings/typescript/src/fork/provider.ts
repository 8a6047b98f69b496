import { invalidInput } from "../errors.ts";

/** An EIP-1193 provider: viem's clients and transports, a browser wallet, an RpcClientAdapter. */
export interface Eip1193Provider {
  request(args: { method: string; params?: unknown }): Promise<unknown>;
}

/** ethers' providers, which have `send` in place of `request`. */
export interface SendProvider {
  send(method: string, params: unknown[]): Promise<unknown>;
}

/** What asks a node: EIP-1193, ethers, or the bare function. */
export type Provider = Eip1193Provider | SendProvider | Eip1193Provider["request"];

/** Carries whole JSON-RPC bodies, so that nobody has to take them apart. */
export interface BodyCarrier {
  /** POSTs a JSON-RPC body, a request or a batch, and returns the answer's body. */
  post(body: string): Promise<string>;
}

interface JsonRpcRequest {
  id: number;
  method: string;
  params: unknown[];
}

/** A failure as JSON-RPC tells it. */
export interface JsonRpcError {
  code: number;
  message: string;
}

const INTERNAL_ERROR = -32603;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/**
 * Code and text of what a provider has thrown. viem and ethers put the URL, which may hold a key, and the whole request
 * into the message, and what the node said into other fields.
 */
export function toJsonRpcError(thrown: unknown): JsonRpcError {
  if (!isObject(thrown)) return { code: INTERNAL_ERROR, message: String(thrown) };
  // ethers wraps the node's error object.
  const info = isObject(thrown["info"]) ? thrown["info"] : {};
  for (const inner of [thrown["error"], info["error"]]) {
    if (isObject(inner) && Number.isInteger(inner["code"])) {
      return { code: inner["code"] as number, message: String(inner["message"] ?? "") };
    }
  }
  const code = [thrown["code"], thrown["status"], thrown["httpStatus"]].find(Number.isInteger) as number | undefined;
  const { shortMessage, details, message } = thrown;
  const said = [shortMessage ?? message, shortMessage === undefined ? undefined : details]
    .filter((text) => typeof text === "string" && text !== "")
    .join(" ");
  return { code: code ?? INTERNAL_ERROR, message: said === "" ? String(thrown) : said };
}

/** The provider's function, whatever kind of provider it is. */
export function requestOf(provider: Provider): (method: string, params: unknown[]) => Promise<unknown> {
  if (typeof provider === "function") return async (method, params) => provider({ method, params });
  if (isObject(provider)) {
    const { request, send } = provider as Partial<Eip1193Provider & SendProvider>;
    if (typeof request === "function") return async (method, params) => request.call(provider, { method, params });
    if (typeof send === "function") return async (method, params) => send.call(provider, method, params);
  }
  throw invalidInput(
    "provider: an object with request({ method, params }), one with send(method, params), or a function",
  );
}

/** Answers JSON-RPC bodies with a provider, which is asked for all requests of a body at the same time. */
export function carrierOf(provider: Provider | (Provider & BodyCarrier)): BodyCarrier {
  if (isObject(provider) && "post" in provider && typeof provider.post === "function") return provider as BodyCarrier;
  const request = requestOf(provider);
  const answer = async ({ id, method, params }: JsonRpcRequest): Promise<object> => {
    try {
      // JSON has no undefined, as which some providers give null.
      return { jsonrpc: "2.0", id, result: (await request(method, params)) ?? null };
    } catch (thrown) {
      return { jsonrpc: "2.0", id, error: toJsonRpcError(thrown) };
    }
  };
  return {
    async post(body) {
      const requests = JSON.parse(body) as JsonRpcRequest | JsonRpcRequest[];
      const answers = Array.isArray(requests) ? Promise.all(requests.map(answer)) : answer(requests);
      return JSON.stringify(await answers);
    },
  };
}
