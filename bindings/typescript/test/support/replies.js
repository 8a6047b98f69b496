// A provider that answers from a list of replies, as the conformance data has them.
import { isDeepStrictEqual } from "node:util";

/** @param {{method: string, params: unknown[], result?: unknown, error?: {code: number, message: string}}[]} replies */
export function repliesOf(replies) {
  const left = [...replies];
  return ({ method, params }) => {
    const fits = (reply) => reply.method === method && isDeepStrictEqual(reply.params, params);
    const at = left.findIndex(fits);
    const reply = left[at];
    // Of several for one request, the first is used up as long as there is another.
    if (left.filter(fits).length > 1) left.splice(at, 1);
    const { error = undefined, result } = reply ?? { error: { code: -32601, message: "no such reply" } };
    return error
      ? Promise.reject(Object.assign(new Error(error.message), { code: error.code }))
      : Promise.resolve(result);
  };
}
