import { raise, readText } from "../asking.ts";
import { Closable } from "../closable.ts";
import { errorOf, STATUS } from "../errors.ts";
import { C } from "../native/constants.ts";
import { LAYOUTS } from "../native/layouts.ts";
import { failure, library } from "../native/library.ts";
import { getInt, getNumber, OUT, OUTPUT, REQUEST, VALUE } from "../native/memory.ts";
import type { Calls, Pointer } from "../native/native.ts";
import { emptyStruct, inputBytes, inputText, readBytes, readField } from "../native/structs.ts";
import { parseChanges, type StateChanges } from "../state/changes.ts";
import type { StateManager } from "../state/manager.ts";
import type { Address, BytesLike, Hex, Quantity } from "../types.ts";
import { toBigInt, toBytes, toHex, writeHash } from "../values.ts";
import { type JsonObject, type Message, toJson, writeMessage } from "./inputs.ts";
import { type EvmOptions, writeEvmOptions } from "./options.ts";
import {
  type AnswerTo,
  decodeRequest,
  encodeAnswer,
  type EvmQuestion,
  type EvmRequest,
  REQUEST_SIZE,
} from "./requests.ts";
import { type ExecutionResult, readResult } from "./result.ts";
import type { PrecompileCall } from "./store.ts";
import { type TraceOptions, traceArguments } from "./trace.ts";

/** An access list (EIP-2930). */
export type AccessList = { address: Address; storageKeys: Hex[] }[];

/** A call that is under way, outermost first; the innermost has the machine as before the next instruction besides. */
export interface Frame {
  address: Address;
  codeAddress: Address;
  caller: Address;
  value: Hex;
  gasLimit: Hex;
  isStatic: boolean;
  isCreate: boolean;
  pc?: number;
  opcode?: Hex | number | string;
  gas?: Hex;
  stack?: Hex[];
  memory?: Hex;
}

const STATS = {
  needed: "needed",
  rounds: "rounds",
  useless: "useless",
  runAheadNanos: "run_ahead_nanos",
  cacheHits: "cache_hits",
  cacheMisses: "cache_misses",
  cachedSlots: "cached_slots",
  cacheEvictions: "cache_evictions",
} as const;

/** Counters of the execution that is under way or ended last. */
export type EvmStats = { [Name in keyof typeof STATS]: number };

/** An executor by single steps: set what is executed, `start`, answer, `resume`, then `commit` or `discard`. */
export class EvmSteps extends Closable {
  /** The state that it executes over. Kept, so that it lives as long as this. */
  readonly state: StateManager;
  protected readonly calls: Calls;

  constructor(state: StateManager, options: EvmOptions = {}) {
    const calls = library();
    const handle = calls.evm_create(state.handle, writeEvmOptions(options));
    if (handle === 0) {
      const { message } = failure(STATUS.INVALID_INPUT, 0);
      const status = state.closed
        ? "INVALID_HANDLE"
        : /handles are in use/.test(message)
          ? "OUT_OF_MEMORY"
          : "INVALID_INPUT";
      throw errorOf(STATUS[status], `STATE_MANAGER_ERROR_${status}`, message);
    }
    super(handle, (dead) => calls.evm_destroy(dead));
    this.calls = calls;
    this.state = state;
  }

  #check(status: number): void {
    if (status !== STATUS.SUCCESS) raise(status, this.handle);
  }

  #text(read: (evm: number, buffer: Pointer, size: number, length: Pointer) => number): string {
    return readText(this.handle, (buffer, size, length) => read(this.handle, buffer, size, length));
  }

  // What is executed, and where

  /** Sets fields of the block from what eth_getBlockByNumber, or viem's getBlock, returns. */
  setBlock(block: JsonObject | string): void {
    this.#check(this.calls.evm_set_block(this.handle, inputText(toJson(block))));
  }

  /** The hash of an earlier block, which comes before what a fork or the stateInterface would say. */
  setBlockHash(number: Quantity, hash: Hex | Uint8Array): void {
    writeHash("block hash", hash, VALUE.bytes, 0);
    this.#check(this.calls.evm_set_block_hash(this.handle, toBigInt("number", number, 64), VALUE.at));
  }

  /** Overrides of the block as eth_call takes them, for the executions to come. null: none. */
  setBlockOverrides(overrides: JsonObject | string | null): void {
    const json = overrides === null ? null : inputText(toJson(overrides));
    this.#check(this.calls.evm_set_block_overrides(this.handle, json));
  }

  /** Overrides of the state as eth_call takes them. What runs on them is never written into the state. null: none. */
  setStateOverrides(overrides: JsonObject | string | null): void {
    const json = overrides === null ? null : inputText(toJson(overrides));
    this.#check(this.calls.evm_set_state_overrides(this.handle, json));
  }

  /** What is executed: a transaction as eth_call takes it or eth_getTransactionByHash returns it. */
  setTransaction(transaction: JsonObject | string): void {
    this.#check(this.calls.evm_set_transaction_json(this.handle, inputText(toJson(transaction))));
  }

  /** What is executed: a signed transaction as eth_sendRawTransaction takes it. */
  setRawTransaction(raw: BytesLike): void {
    const bytes = toBytes("transaction", raw);
    this.#check(this.calls.evm_set_transaction(this.handle, inputBytes(bytes), bytes.length));
  }

  /** What is executed: a message. */
  setMessage(message: Message): void {
    this.#check(this.calls.evm_set_message(this.handle, writeMessage(message)));
  }

  // Step by step

  /** Begins, and runs until something is missing or it has ended. */
  start(): EvmRequest {
    this.#check(this.calls.evm_call_ffi(this.handle, REQUEST.at));
    return decodeRequest(REQUEST.bytes);
  }

  /** Goes on after answers, or after the fork has fetched; says again what is needed while it still is. */
  resume(): EvmRequest {
    this.#check(this.calls.evm_resume(this.handle, REQUEST.at));
    return decodeRequest(REQUEST.bytes);
  }

  /** Everything that is wanted now, what the execution waits for first. */
  pending(): EvmQuestion[] {
    for (let capacity = 64; ;) {
      OUTPUT.reserve(REQUEST_SIZE * capacity);
      this.#check(this.calls.evm_pending(this.handle, OUTPUT.at(0), capacity, OUT.at));
      const count = getNumber(OUT);
      if (count <= capacity) {
        const at = (i: number): number => REQUEST_SIZE * i;
        return Array.from({ length: count }, (_, i) => decodeRequest(OUTPUT.bytes, at(i)) as EvmQuestion);
      }
      capacity = count;
    }
  }

  /** Takes an answer and runs nothing: for answering all that is pending, in any order. */
  answer<Question extends EvmQuestion>(question: Question, answer: AnswerTo<Question>): void {
    const { kind, bytes } = encodeAnswer(question, answer);
    this.#check(this.calls.evm_answer(this.handle, kind, inputBytes(bytes), bytes.length));
  }

  /** Answers and goes on. */
  continueWith<Question extends EvmQuestion>(question: Question, answer: AnswerTo<Question>): EvmRequest {
    const { kind, bytes } = encodeAnswer(question, answer);
    this.#check(this.calls.evm_continue_ffi(this.handle, kind, inputBytes(bytes), bytes.length, REQUEST.at));
    return decodeRequest(REQUEST.bytes);
  }

  /** Says that there is no answer: throws ExecutionError with the text. The question stays open. */
  fail(text: string): never {
    const bytes = new TextEncoder().encode(text);
    const status = this.calls.evm_continue_ffi(
      this.handle,
      C.EVM_CONTINUE_WITH_ERROR,
      inputBytes(bytes),
      bytes.length,
      REQUEST.at,
    );
    raise(status, this.handle);
  }

  /** The call that a question for a precompiled contract is about. */
  getPrecompileCall(): PrecompileCall {
    const layout = LAYOUTS.EvmPrecompileCall;
    this.#check(this.calls.evm_get_precompile_call(this.handle, emptyStruct(layout), null, 0));
    const length = Number(readField(layout, "input_len"));
    OUTPUT.reserve(length);
    this.#check(this.calls.evm_get_precompile_call(this.handle, emptyStruct(layout), OUTPUT.at(0), length));
    return {
      address: toHex(readBytes(layout, "address")),
      caller: toHex(readBytes(layout, "caller")),
      value: BigInt(toHex(readBytes(layout, "value"))),
      gas: readField(layout, "gas"),
      input: toHex(OUTPUT.bytes, 0, length),
      isStatic: readField(layout, "is_static") === 1n,
    };
  }

  /** Writes the changes of an execution that is ready to commit into the state. */
  commit(): void {
    this.#check(this.calls.evm_continue_ffi(this.handle, C.EVM_CONTINUE_AFTER_COMMIT, null, 0, REQUEST.at));
  }

  /** The same in a checkpoint of its own, which the state's `revert` takes back and its `commit` keeps. */
  commitInCheckpoint(): void {
    this.#check(this.calls.evm_commit_in_checkpoint(this.handle));
  }

  /** Ends an execution that is ready to commit without writing its changes. */
  discard(): void {
    this.#check(this.calls.evm_discard(this.handle));
  }

  /** Gives up the execution that is under way, or the changes and the result of one that has ended. */
  abort(): void {
    this.#check(this.calls.evm_abort(this.handle));
  }

  /** Whether an execution is under way. */
  get active(): boolean {
    this.#check(this.calls.evm_is_active(this.handle, OUT.at));
    return getInt(OUT) === 1;
  }

  /** Executes at once and commits. What only a provider or a stateInterface could answer ends it with ExecutionError. */
  executeSync(): ExecutionResult {
    this.#check(this.calls.evm_execute(this.handle));
    return this.getResult();
  }

  // Results, readable until the next execution begins

  getResult(): ExecutionResult {
    return readResult(this.handle);
  }

  /** The whole result as the library's JSON. */
  getResultJson(): string {
    return this.#text(this.calls.evm_get_result_json);
  }

  /** What the execution changed. */
  getStateChanges(): StateChanges {
    return parseChanges(this.getStateChangesJson());
  }

  /** The same as the library's JSON; empty before it has ended. */
  getStateChangesJson(): string {
    return this.#text(this.calls.evm_get_state_changes);
  }

  /** What the execution came to as an access list, as eth_createAccessList returns it. */
  getAccessList(): AccessList {
    return JSON.parse(this.#text(this.calls.evm_get_access_list)) as AccessList;
  }

  /** The accounts that it came to as they were before, as geth's prestateTracer has them; the state's `load` takes it. */
  getPrestate(): { [address: Address]: { balance?: Hex; nonce?: number; code?: Hex; storage?: { [slot: Hex]: Hex } } } {
    return JSON.parse(this.#text(this.calls.evm_get_prestate)) as ReturnType<EvmSteps["getPrestate"]>;
  }

  /** The calls that are under way. */
  getFrames(): Frame[] {
    return JSON.parse(this.#text(this.calls.evm_get_frames)) as Frame[];
  }

  getStats(): EvmStats {
    const layout = LAYOUTS.EvmStats;
    this.#check(this.calls.evm_stats(this.handle, emptyStruct(layout)));
    const entries = Object.entries(STATS).map(([name, field]) => [name, Number(readField(layout, field))]);
    return Object.fromEntries(entries) as EvmStats;
  }

  // Traces

  /** Traces the executions to come. */
  setTrace(options: TraceOptions): void {
    this.#check(this.calls.evm_set_trace(this.handle, ...traceArguments(options)));
  }

  /** The trace in memory, which is taken. */
  getTrace(): string {
    return this.#text(this.calls.evm_get_trace);
  }
}
