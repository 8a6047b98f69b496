// Loading the library, what it is checked for, and whether the tables of this package fit the header.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ABI_VERSION, loadLibrary, STATUS, version } from "worldstate";

const HEADER = fileURLToPath(new URL("../../../include/worldstate.h", import.meta.url));
const header = readFileSync(HEADER, "utf8");
const work = mkdtempSync(join(tmpdir(), "worldstate-library-"));
after(() => rmSync(work, { recursive: true, force: true }));

// The tables are not part of the package's surface: under Bun they are in the sources, under Node in what was built.
const table = (name) => import(process.versions.bun ? `../src/native/${name}.ts` : `../dist/native/${name}.js`);
const { C } = await table("constants");
const { LAYOUTS } = await table("layouts");
const { SIGNATURES, TEXTS } = await table("signatures");

/** Runs a program in a process of its own, which loads a library of its own. */
function run(program, environment = {}) {
  const file = join(fileURLToPath(new URL(".", import.meta.url)), `.${process.pid}-program.mjs`);
  writeFileSync(file, program);
  try {
    const { WORLDSTATE_LIB: _, ...rest } = process.env;
    const done = spawnSync(process.execPath, [file], { env: { ...rest, ...environment }, encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
  } finally {
    rmSync(file);
  }
}

const attempt = (code) =>
  `import * as w from "worldstate"; try { ${code} } catch (e) { console.log(e.name + ": " + e.message); }`;

/** A library that differs from the real one in a function; the others come from that. */
function shim(name, code) {
  const path = join(work, `${name}.so`);
  writeFileSync(join(work, `${name}.c`), `#include <worldstate.h>\n${code}\n`);
  const real = loadLibrary();
  const flags = ["-shared", "-fPIC", `-I${dirname(HEADER)}`, "-o", path, join(work, `${name}.c`)];
  execFileSync("cc", [
    ...flags,
    `-L${dirname(real)}`,
    "-Wl,--no-as-needed",
    "-lworldstate",
    `-Wl,-rpath,${dirname(real)}`,
  ]);
  return path;
}

test("the version", () => assert.match(version(), /^\d+\.\d+\.\d+$/));

test("a named library that is not there is an error", () => {
  const given = run(attempt('w.loadLibrary("/nonesuch.so")'));
  assert.equal(given, "LibraryError: the worldstate library is not at /nonesuch.so (the given path)");
  const named = run(attempt("new w.StateManager()"), { WORLDSTATE_LIB: "/nonesuch.so" });
  assert.equal(named, "LibraryError: the worldstate library is not at /nonesuch.so (WORLDSTATE_LIB)");
});

test("the given path comes before the environment, and stays", () => {
  const real = loadLibrary();
  const program = `w.loadLibrary(${JSON.stringify(real)}); console.log(w.loadLibrary()); w.loadLibrary("/other.so")`;
  const lines = run(attempt(program), { WORLDSTATE_LIB: "/nonesuch.so" }).split("\n");
  assert.deepEqual(lines, [real, `LibraryError: /other.so comes too late: ${real} is loaded`]);
});

test("a file that is no library", () => {
  const path = join(work, "text.so");
  writeFileSync(path, "text");
  const text = run(attempt("new w.StateManager()"), { WORLDSTATE_LIB: path });
  assert.match(text, /^LibraryError: .*text\.so cannot be loaded as the worldstate library: /);
});

test("another library", () => {
  const path = join(work, "other.so");
  writeFileSync(join(work, "other.c"), "int other(void) { return 1; }\n");
  execFileSync("cc", ["-shared", "-fPIC", "-o", path, join(work, "other.c")]);
  const text = run(attempt("new w.StateManager()"), { WORLDSTATE_LIB: path });
  assert.match(text, /^LibraryError: .*other\.so cannot be loaded as the worldstate library: .*worldstate_/);
});

test("another version of the binary interface", () => {
  const path = shim("newer", "uint32_t worldstate_abi_version(void) { return 99; }");
  const text = run(attempt("new w.StateManager()"), { WORLDSTATE_LIB: path });
  assert.equal(
    text,
    `LibraryError: ${path} has version 99 of the binary interface, and this package needs ${ABI_VERSION}`,
  );
});

test("an execution whose output type is none", () => {
  const path = shim(
    "type",
    "int evm_call_ffi(EvmHandle evm, AsyncRequest *out) { (void)evm; out->output_type = 77; return 0; }",
  );
  const program =
    "const e = new w.Evm(new w.StateManager()); e.setMessage({ to: '0x' + '1'.repeat(40), gas: 1n }); await e.execute();";
  assert.equal(
    run(attempt(program), { WORLDSTATE_LIB: path }),
    "STATE_MANAGER_ERROR_EXECUTION: Unknown output type: 77",
  );
});

// Functions of the header that this package does not call, and why.
const UNUSED = JSON.parse(readFileSync(new URL("../unused.json", import.meta.url), "utf8"));

const functions = new Map();
for (const [, returns, name, parameters] of header.matchAll(
  /^((?:const )?\w+ \*?)((?:worldstate|state_manager|fork_backend|fork_reply|evm)_\w+)\(([^)]*)\);/gm,
)) {
  functions.set(name, {
    returns: returns.trim(),
    parameters: parameters.split(",").map((one) => one.trim().replace(/\s+/g, " ")),
  });
}

function letterOf(parameter) {
  if (/Handle \w+$/.test(parameter) || parameter === "const void *handle") return "h";
  if (parameter.includes("*")) return "p";
  const letter = { size_t: "z", int: "i", uint32_t: "u", uint8_t: "b", uint64_t: "l", int64_t: "l" }[
    parameter.split(" ")[0]
  ];
  assert(letter, parameter);
  return letter;
}

test("every function of the header is called, or it is known why not", () => {
  assert(functions.size > 90, `${functions.size} functions`);
  const called = [...Object.keys(SIGNATURES), ...Object.keys(TEXTS)];
  assert.deepEqual([...called, ...Object.keys(UNUSED)].sort(), [...functions.keys()].sort());
  const sources = execFileSync(
    "cat",
    execFileSync(
      "find",
      [fileURLToPath(new URL("../src", import.meta.url)), "-name", "*.ts", "!", "-name", "signatures.ts"],
      { encoding: "utf8" },
    )
      .trim()
      .split("\n"),
    { encoding: "utf8" },
  );
  for (const name of called) assert(sources.includes(`.${name}`), `${name} is declared and never called`);
});

test("signatures are those of the header", () => {
  for (const [name, [letters, returns]] of Object.entries(SIGNATURES)) {
    const { returns: type, parameters } = functions.get(name);
    const spelled = parameters[0] === "void" ? "" : parameters.map(letterOf).join("");
    assert.equal(letters, spelled, name);
    assert.equal(returns, /Handle$/.test(type) ? "h" : { int: "i", void: "v", uint32_t: "u" }[type], name);
  }
});

test("constants are those of the header", () => {
  const defined = new Map(
    [...header.matchAll(/^#define (\w+) \(?(-?\d+)\)?$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  for (const [name, value] of Object.entries(C)) assert.equal(value, defined.get(name), name);
  const statuses = [...defined].filter(([name]) => /^STATE_MANAGER_(SUCCESS|ERROR_)/.test(name));
  assert.deepEqual(
    new Map(Object.entries(STATUS)),
    new Map(statuses.map(([name, value]) => [name.replace(/^STATE_MANAGER_(ERROR_)?/, ""), value])),
  );
});

test("each option of a fork is in its field", async () => {
  const table = process.versions.bun ? ["src", "ts"] : ["dist", "js"];
  const load = (name) => import(`../${table[0]}/${name}.${table[1]}`);
  const [{ writeOptions }, { readField }] = [await load("fork/options"), await load("native/structs")];
  const fields = {
    maxAttempts: "max_attempts",
    maxCacheSize: "max_cache_size",
    maxCodeBytes: "max_code_bytes",
    backoffInitialMs: "backoff_initial_ms",
    backoffMaxMs: "backoff_max_ms",
    maxBatch: "max_batch",
    maxSlotsPerRequest: "max_slots_per_request",
    maxResponseBytes: "max_response_bytes",
    requestTimeoutMs: "request_timeout_ms",
    totalTimeoutMs: "total_timeout_ms",
    maxConcurrent: "max_concurrent",
    requestsPerSecond: "requests_per_second",
    computeUnitsPerSecond: "compute_units_per_second",
    maxProofBytes: "max_proof_bytes",
    chainId: "chain_id",
    cacheMaxBytes: "cache_max_bytes",
    safeDepth: "safe_depth",
    reorgCheckMs: "reorg_check_ms",
  };
  const numbers = Object.keys(fields).map((name, i) => [name, i + 2]);
  const flags = { offline: true, rememberTouched: true, logLevel: "debug", accountSource: "fields" };
  writeOptions("http://127.0.0.1:1", { ...Object.fromEntries(numbers), ...flags });
  const { ForkBackendOptions } = LAYOUTS;
  for (const [name, value] of numbers) assert.equal(readField(ForkBackendOptions, fields[name]), BigInt(value), name);
  const rest = ["offline", "remember_touched", "log_level", "account_source"];
  assert.deepEqual(
    rest.map((field) => Number(readField(ForkBackendOptions, field))),
    [1, 1, C.FORK_LOG_DEBUG, C.FORK_ACCOUNTS_FIELDS],
  );
  // Pointers to texts: one of each alone, and no other.
  const texts = {
    block: "block",
    cacheDir: "cache_dir",
    network: "network",
    recording: "recording",
    caFile: "ca_file",
  };
  for (const [name, field] of Object.entries(texts)) {
    writeOptions("http://127.0.0.1:1", { [name]: "text" });
    const set = Object.values(texts).filter((other) => readField(ForkBackendOptions, other) !== 0n);
    assert.deepEqual(set, [field]);
  }
});

test("structs are laid out as a C compiler does it", () => {
  const lines = Object.entries(LAYOUTS).flatMap(([name, { fields }]) => [
    `printf("${name} %zu\\n", sizeof(${name}));`,
    ...Object.keys(fields).map(
      (field) =>
        `printf("${name}.${field} %zu %zu\\n", offsetof(${name}, ${field}), sizeof(((${name} *)0)->${field}));`,
    ),
  ]);
  const source = join(work, "layouts.c");
  writeFileSync(
    source,
    `#include <stdio.h>\n#include <worldstate.h>\nint main(void) {\n${lines.join("\n")}\nreturn 0; }\n`,
  );
  execFileSync("cc", [`-I${dirname(HEADER)}`, "-o", join(work, "layouts"), source]);
  const sizes = { p: 8, z: 8, l: 8, i: 4, u: 4 };
  const ours = Object.entries(LAYOUTS).flatMap(([name, { size, fields }]) => [
    `${name} ${size}`,
    ...Object.entries(fields).map(([field, { kind, offset }]) => `${name}.${field} ${offset} ${sizes[kind] ?? kind}`),
  ]);
  assert.deepEqual(ours, execFileSync(join(work, "layouts"), { encoding: "utf8" }).trim().split("\n"));
  for (const [name, { fields }] of Object.entries(LAYOUTS)) {
    const body = new RegExp(`^typedef struct ${name} \\{([\\s\\S]*?)^\\} ${name};`, "m")
      .exec(header)[1]
      .replace(/\/\*[\s\S]*?\*\//g, "");
    assert.equal(body.split(";").length - 1, Object.keys(fields).length, `every field of ${name}`);
  }
});
