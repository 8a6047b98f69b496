// RpcClientAdapter against a real server that misbehaves.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RpcClientAdapter, RpcError } from "worldstate";
import { answerTo, startServer } from "./support/faulty_server.js";
import { output } from "./support/program.js";

const QUICK = { backoffInitialMs: 1, backoffMaxMs: 2 };

function served(name, behave, body, options = QUICK) {
  test(name, async () => {
    const server = await startServer(behave);
    try {
      await body(new RpcClientAdapter(server.url, options), server);
    } finally {
      server.stop();
    }
  });
}

const status =
  (code, headers = {}) =>
  (response) => {
    response.writeHead(code, headers);
    response.end("not now");
  };

served("a request", answerTo, async (adapter, { bodies }) => {
  assert.equal(await adapter.request({ method: "eth_chainId" }), "eth_chainId");
  assert.deepEqual(bodies, [{ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }]);
});

served(
  "requests of one turn go in one batch, and a batch has its limit",
  answerTo,
  async (adapter, { bodies }) => {
    const results = await Promise.all(Array.from({ length: 25 }, (_, i) => adapter.request({ method: `m${i}` })));
    assert.deepEqual(
      results,
      Array.from({ length: 25 }, (_, i) => `m${i}`),
    );
    assert.deepEqual(
      bodies.map((body) => body.length),
      [10, 10, 5],
    );
  },
  { ...QUICK, maxBatch: 10 },
);

served(
  "answers in any order",
  (body) => (Array.isArray(body) ? answerTo(body).reverse() : answerTo(body)),
  async (adapter) => {
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((method) => adapter.request({ method }))), ["a", "b", "c"]);
  },
);

served(
  "an error of the node is thrown with code, text and data, and not tried again",
  (body) => ({ jsonrpc: "2.0", id: body.id, error: { code: 3, message: "execution reverted", data: "0x08" } }),
  async (adapter, { bodies }) => {
    const error = await adapter.request({ method: "eth_call" }).then(assert.fail, (error) => error);
    assert(error instanceof RpcError);
    assert.deepEqual([error.code, error.message, error.data], [3, "execution reverted", "0x08"]);
    assert.equal(bodies.length, 1);
  },
);

for (const code of [429, 500, 502, 503, 408]) {
  served(
    `HTTP ${code} is tried again`,
    (body, turn, response) => (turn < 3 ? status(code)(response) : answerTo(body)),
    async (adapter, { bodies }) => {
      assert.equal(await adapter.request({ method: "m" }), "m");
      assert.equal(bodies.length, 4);
    },
  );
}

served(
  "after 3 retries it is over",
  (_, __, response) => status(500)(response),
  async (adapter, { bodies }) => {
    await assert.rejects(adapter.request({ method: "m" }), (error) => {
      assert.equal(error.code, 500);
      assert.match(error.message, /^HTTP 500 from 127\.0\.0\.1:\d+: not now$/);
      assert(!error.message.includes("key"), "no path, which may hold a key");
      return true;
    });
    assert.equal(bodies.length, 4);
  },
);

for (const code of [400, 401, 403, 404]) {
  served(
    `HTTP ${code} is not tried again`,
    (_, __, response) => status(code)(response),
    async (adapter, { bodies }) => {
      await assert.rejects(adapter.request({ method: "m" }), { code });
      assert.equal(bodies.length, 1);
    },
  );
}

served(
  "Retry-After is waited for",
  (body, turn, response) => (turn === 0 ? status(429, { "retry-after": "1" })(response) : answerTo(body)),
  async (adapter, { times }) => {
    await adapter.request({ method: "m" });
    assert(times[1] - times[0] >= 950, `${times[1] - times[0]} ms`);
  },
);

served(
  "pauses grow",
  (_, __, response) => status(500)(response),
  async (adapter, { times }) => {
    const random = Math.random;
    Math.random = () => 1;
    try {
      await assert.rejects(adapter.request({ method: "m" }));
    } finally {
      Math.random = random;
    }
    const pauses = times.slice(1).map((time, i) => time - times[i]);
    [40, 80, 100].forEach((ms, i) => assert(pauses[i] >= ms - 5 && pauses[i] < ms + 60, `${pauses}`));
  },
  { backoffInitialMs: 40, backoffMaxMs: 100 },
);

served(
  "a server that stalls is given up after the timeout, and asked again",
  (body, turn) => (turn === 0 ? undefined : answerTo(body)),
  async (adapter, { bodies }) => {
    assert.equal(await adapter.request({ method: "m" }), "m");
    assert.equal(bodies.length, 2);
  },
  { ...QUICK, timeoutMs: 100 },
);

served(
  "a server that stalls in the middle of its answer",
  (body, turn, response) => {
    if (turn > 0) return answerTo(body);
    response.writeHead(200);
    response.write('{"jsonrpc":');
  },
  async (adapter) => assert.equal(await adapter.request({ method: "m" }), "m"),
  { ...QUICK, timeoutMs: 100 },
);

served(
  "one that always stalls",
  () => undefined,
  async (adapter, { bodies }) => {
    const started = Date.now();
    await assert.rejects(adapter.request({ method: "m" }), /127\.0\.0\.1:\d+: no answer within 50 ms \(timeout\)/);
    assert.equal(bodies.length, 3);
    assert(Date.now() - started < 2000);
  },
  { ...QUICK, timeoutMs: 50, retries: 2 },
);

served(
  "the total limit ends it before the retries do",
  () => undefined,
  async (adapter, { bodies }) => {
    const started = Date.now();
    await assert.rejects(adapter.request({ method: "m" }), /timeout/);
    assert(Date.now() - started < 600, `${Date.now() - started} ms`);
    assert(bodies.length <= 3, `${bodies.length} attempts`);
  },
  { ...QUICK, timeoutMs: 100, retries: 100, totalTimeoutMs: 250 },
);

served(
  "a connection that is cut",
  (body, turn, response, request) => (turn === 0 ? void request.socket.destroy() : answerTo(body)),
  async (adapter, { bodies }) => {
    assert.equal(await adapter.request({ method: "m" }), "m");
    assert.equal(bodies.length, 2);
  },
);

served(
  "a connection that is cut in the middle of an answer",
  (body, turn, response, request) => {
    if (turn > 0) return answerTo(body);
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"jsonrpc":');
    setTimeout(() => request.socket.destroy(), 10);
  },
  async (adapter) => assert.equal(await adapter.request({ method: "m" }), "m"),
);

test("nobody listens", async () => {
  const adapter = new RpcClientAdapter("http://127.0.0.1:1/key", { ...QUICK, retries: 1 });
  await assert.rejects(adapter.request({ method: "m" }), (error) => {
    assert(error instanceof RpcError);
    assert.match(error.message, /^127\.0\.0\.1:1: .+/);
    return true;
  });
});

served(
  "of a batch, only what a limit has refused is asked again",
  (body, turn) =>
    answerTo(body).map((one, i) =>
      turn === 0 && i % 2 ? { id: one.id, error: { code: -32005, message: "limit exceeded" } } : one,
    ),
  async (adapter, { bodies }) => {
    const methods = Array.from({ length: 6 }, (_, i) => `m${i}`);
    assert.deepEqual(await Promise.all(methods.map((method) => adapter.request({ method }))), methods);
    assert.deepEqual(
      bodies.map((body) => body.map(({ method }) => method)),
      [methods, ["m1", "m3", "m5"]],
    );
  },
);

served(
  "what a limit refuses to the end is an error of that request alone",
  (body) =>
    answerTo(body).map((one) =>
      one.result === "bad" ? { id: one.id, error: { code: -32005, message: "limit exceeded" } } : one,
    ),
  async (adapter, { bodies }) => {
    const [good, bad] = await Promise.allSettled([
      adapter.request({ method: "good" }),
      adapter.request({ method: "bad" }),
    ]);
    assert.equal(good.value, "good");
    assert.equal(bad.reason.code, -32005);
    assert.equal(bodies.length, 4);
  },
);

served(
  "what was answered before the connection broke for good is kept",
  (body, turn, response, request) => {
    if (turn > 0) return void request.socket.destroy();
    return answerTo(body).map((one) =>
      one.result === "bad" ? { id: one.id, error: { code: 429, message: "slow down" } } : one,
    );
  },
  async (adapter) => {
    const [good, bad] = await Promise.allSettled([
      adapter.request({ method: "good" }),
      adapter.request({ method: "bad" }),
    ]);
    assert.equal(good.value, "good");
    assert.equal(bad.reason.code, 429);
  },
);

served(
  "a node that takes smaller batches only",
  (body, _, response) => {
    if (Array.isArray(body) && body.length > 3) return void status(413)(response);
    return answerTo(body);
  },
  async (adapter) => {
    const methods = Array.from({ length: 20 }, (_, i) => `m${i}`);
    assert.deepEqual(await Promise.all(methods.map((method) => adapter.request({ method }))), methods);
  },
);

served(
  "a node that takes no batches and says so in one error",
  (body) =>
    Array.isArray(body)
      ? { jsonrpc: "2.0", id: null, error: { code: -32600, message: "batch requests are not supported" } }
      : answerTo(body),
  async (adapter) => {
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((method) => adapter.request({ method }))), ["a", "b", "c"]);
  },
);

served(
  "an answer that is too long",
  (body) => ({ ...answerTo(body), result: "x".repeat(5000) }),
  async (adapter) => {
    await assert.rejects(adapter.request({ method: "m" }), /the answer is longer than 1000 bytes/);
  },
  { ...QUICK, maxResponseBytes: 1000 },
);

served(
  "one that is too long and comes in pieces",
  (_, __, response) => {
    for (let i = 0; i < 20; i++) response.write("x".repeat(100));
    response.end();
  },
  async (adapter, { bodies }) => {
    await assert.rejects(adapter.request({ method: "m" }), /the answer is longer than 1000 bytes/);
    assert.equal(bodies.length, 1);
  },
  { ...QUICK, maxResponseBytes: 1000 },
);

for (const [code, message] of [
  [-32005, "no"],
  [429, "no"],
  [503, "no"],
  [-32000, "missing trie node 1234"],
  [-32000, "Request timed out"],
]) {
  served(
    `error ${code} ${message} of the node is tried again`,
    (body, turn) => (turn === 0 ? { jsonrpc: "2.0", id: body.id, error: { code, message } } : answerTo(body)),
    async (adapter, { bodies }) => {
      assert.equal(await adapter.request({ method: "m" }), "m");
      assert.equal(bodies.length, 2);
    },
  );
}

test("nothing keeps the program alive once it is answered", async () => {
  const server = await startServer(answerTo);
  const file = fileURLToPath(new URL(`.${process.pid}-ends.mjs`, import.meta.url));
  writeFileSync(
    file,
    `import { RpcClientAdapter } from "worldstate";
     const over = new RpcClientAdapter(process.argv[2]);
     console.log(await over.request({ method: "m" }), await new RpcClientAdapter(over).request({ method: "n" }));`,
  );
  const started = Date.now();
  try {
    assert.equal(await output(file, [server.url]), "m n\n");
    assert(Date.now() - started < 10_000, "the timeouts of 30 seconds are not waited for");
  } finally {
    rmSync(file);
    server.stop();
  }
});

served(
  "an answer that is no JSON, or lacks something",
  (_, turn, response) => void response.end(["<html>", "[]"][turn]),
  async (adapter) => {
    await assert.rejects(adapter.request({ method: "m" }), /the answer is not JSON/);
    await assert.rejects(adapter.request({ method: "m" }), /m: the answer has nothing for it/);
  },
);

served(
  "headers, and a fetch of one's own",
  (body, _, response, request) => ({ ...answerTo(body), result: request.headers.authorization }),
  async (_, { url }) => {
    let fetched = 0;
    const adapter = new RpcClientAdapter(new URL(url), {
      headers: { authorization: "Bearer 1" },
      fetch: (...values) => (fetched++, fetch(...values)),
    });
    assert.equal(await adapter.request({ method: "m" }), "Bearer 1");
    assert.equal(fetched, 1);
  },
);

served(
  "getProof and getCode",
  (body) => {
    const proof = {
      address: "0x12",
      balance: "0x10",
      nonce: "0x2",
      codeHash: "0x3",
      storageHash: "0x4",
      accountProof: [],
      storageProof: [{ key: "0x1", value: "0xff", proof: [] }],
    };
    return { ...answerTo(body), result: body.method === "eth_getProof" ? proof : "0x6000" };
  },
  async (adapter, { bodies }) => {
    const proof = await adapter.getProof("0x12", ["0x1"], "0x5");
    assert.deepEqual([proof.balance, proof.nonce, proof.storageProof[0].value], [16n, 2n, 255n]);
    assert.equal(await adapter.getCode("0x12"), "0x6000");
    assert.deepEqual(
      bodies.map(({ params }) => params),
      [
        ["0x12", ["0x1"], "0x5"],
        ["0x12", "latest"],
      ],
    );
  },
);

test("over a provider: retries and timeout, and its own errors", async () => {
  let turn = 0;
  const results = [
    () => Promise.reject(new Error("socket closed")),
    () => new Promise(() => {}),
    () => Promise.resolve("m"),
  ];
  const adapter = new RpcClientAdapter({ request: () => results[turn++]() }, { ...QUICK, timeoutMs: 50 });
  assert.equal(await adapter.request({ method: "m" }), "m");
  assert.equal(turn, 3);
  const rejected = Object.assign(new Error("user rejected"), { code: 4001 });
  let asked = 0;
  const strict = new RpcClientAdapter({ request: () => (asked++, Promise.reject(rejected)) }, QUICK);
  await assert.rejects(strict.request({ method: "m" }), (error) => error === rejected);
  assert.equal(asked, 1);
});

test("refused options", () => {
  assert.throws(() => new RpcClientAdapter("ws://127.0.0.1"), /begins with http/);
  assert.throws(() => new RpcClientAdapter("nonsense"), /begins with http/);
  assert.throws(() => new RpcClientAdapter("http://127.0.0.1", { timeout: 5 }), /there is no option "timeout"/);
  assert.throws(() => new RpcClientAdapter("http://127.0.0.1", { retries: -1 }), /retries -1/);
  assert.throws(() => new RpcClientAdapter("http://127.0.0.1", { maxBatch: 0 }), /maxBatch 0/);
  assert.throws(() => new RpcClientAdapter({}), /provider: an object with request/);
});
