import { executionFailed } from "../errors.ts";
import type { StateChanges } from "../state/changes.ts";
import type { Address, BytesLike, Hex, Quantity, WordLike } from "../types.ts";
import type { Answers, EvmQuestion, PrecompileResult } from "./requests.ts";

/** The call of a precompiled contract of the host. */
export interface PrecompileCall {
  address: Address;
  caller: Address;
  value: bigint;
  gas: bigint;
  input: Hex;
  isStatic: boolean;
}

type Awaitable<T> = T | Promise<T>;

/**
 * Where an execution finds what the state does not have: a database, a cache, a node. All questions that are open are asked
 * at the same time. An account with balance 0, nonce 0 and no code is absent.
 */
export interface StateInterface {
  getStorage(address: Address, slot: Hex): Awaitable<WordLike>;
  getBalance(address: Address): Awaitable<Quantity>;
  getCode(address: Address): Awaitable<BytesLike>;
  getNonce(address: Address): Awaitable<Quantity>;
  /** Called before changes are written into the state; where it throws, they are not. */
  commitChanges?(changes: StateChanges): Awaitable<void>;
  /** The hash of an earlier block. */
  getBlockHash?(number: bigint): Awaitable<Hex | Uint8Array>;
  /** The result of one of the `precompiles` of the options. */
  callPrecompile?(call: PrecompileCall): Awaitable<PrecompileResult>;

  /** In place of many calls of the single form; the answers in the order of the questions. */
  getStorageBatch?(keys: readonly { address: Address; slot: Hex }[]): Awaitable<readonly WordLike[]>;
  getBalanceBatch?(addresses: readonly Address[]): Awaitable<readonly Quantity[]>;
  getCodeBatch?(addresses: readonly Address[]): Awaitable<readonly BytesLike[]>;
  getNonceBatch?(addresses: readonly Address[]): Awaitable<readonly Quantity[]>;
}

/** A question with its answer. */
export type Answered = readonly [EvmQuestion, Answers[keyof Answers]];

const BATCHES = {
  storage: "getStorageBatch",
  balance: "getBalanceBatch",
  code: "getCodeBatch",
  nonce: "getNonceBatch",
} as const;

/** What a store says; its failure is the execution's, with its text. */
export async function asked<T>(ask: () => Awaitable<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    throw executionFailed(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

/** Asks the store everything at the same time. */
export async function resolveAll(
  store: StateInterface | undefined,
  questions: readonly EvmQuestion[],
  precompileCall: () => PrecompileCall,
): Promise<Answered[]> {
  if (store === undefined) throw executionFailed("Async request but no stateInterface provided");
  const answers: Promise<Answered[]>[] = [];
  for (const type of ["storage", "balance", "code", "nonce"] as const) {
    const ofType = questions.filter((question) => question.type === type);
    if (ofType.length > 0) answers.push(resolveBatch(store, type, ofType));
  }
  for (const question of questions) {
    if (question.type === "blockHash") answers.push(resolveBlockHash(store, question));
    if (question.type === "precompile") answers.push(resolvePrecompile(store, question, precompileCall()));
  }
  return (await asked(() => Promise.all(answers))).flat();
}

async function resolveBatch(
  store: StateInterface,
  type: keyof typeof BATCHES,
  questions: readonly EvmQuestion[],
): Promise<Answered[]> {
  const name = BATCHES[type];
  if (store[name] === undefined) {
    return Promise.all(questions.map(async (question) => [question, await resolveOne(store, question)] as const));
  }
  const keys = questions as readonly { address: Address; slot: Hex }[];
  const values =
    type === "storage"
      ? await store.getStorageBatch?.(keys.map(({ address, slot }) => ({ address, slot })))
      : await store[name as "getBalanceBatch"]?.(keys.map(({ address }) => address));
  if (!Array.isArray(values) || values.length !== questions.length) {
    throw new Error(`${name} has not returned ${questions.length} values`);
  }
  return questions.map((question, i) => [question, values[i] as WordLike]);
}

function resolveOne(store: StateInterface, question: EvmQuestion): Awaitable<Answers[keyof Answers]> {
  switch (question.type) {
    case "storage":
      return store.getStorage(question.address, question.slot);
    case "balance":
      return store.getBalance(question.address);
    case "code":
      return store.getCode(question.address);
    default:
      return store.getNonce((question as { address: Address }).address);
  }
}

async function resolveBlockHash(
  store: StateInterface,
  question: EvmQuestion & { type: "blockHash" },
): Promise<Answered[]> {
  if (store.getBlockHash === undefined) {
    throw new Error(`the hash of block ${question.number} is needed, but the stateInterface has no getBlockHash`);
  }
  return [[question, await store.getBlockHash(question.number)]];
}

async function resolvePrecompile(
  store: StateInterface,
  question: EvmQuestion & { type: "precompile" },
  call: PrecompileCall,
): Promise<Answered[]> {
  if (store.callPrecompile === undefined) {
    throw new Error(`the contract ${question.address} is called, but the stateInterface has no callPrecompile`);
  }
  return [[question, await store.callPrecompile(call)]];
}
