// A JSON-RPC server that misbehaves as it is told to.
import { createServer } from "node:http";

/**
 * @param {(body: any, turn: number, response: import("node:http").ServerResponse) => unknown} behave what to answer; a
 *   value is sent as JSON, undefined means that `behave` has answered itself, or never will.
 */
export async function startServer(behave) {
  const bodies = [];
  const times = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      const body = JSON.parse(text);
      bodies.push(body);
      times.push(Date.now());
      const answer = behave(body, bodies.length - 1, response, request);
      if (answer === undefined) return;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}/key`,
    bodies,
    times,
    stop: () => {
      server.closeAllConnections?.();
      server.close();
    },
  };
}

/** The right answer to a body: every method returns its own name. */
export const answerTo = (body) =>
  Array.isArray(body) ? body.map(answerTo) : { jsonrpc: "2.0", id: body.id, result: body.method };
