import { raise, readText } from "../asking.ts";
import { STATUS } from "../errors.ts";
import { C } from "../native/constants.ts";
import { LAYOUTS } from "../native/layouts.ts";
import { library } from "../native/library.ts";
import { ADDRESS, getNumber, OUT, OUT2, OUTPUT, TOPICS } from "../native/memory.ts";
import { emptyStruct, readBytes, readField } from "../native/structs.ts";
import type { Address, Hex } from "../types.ts";
import { toHex } from "../values.ts";

export interface Log {
  address: Address;
  topics: Hex[];
  data: Hex;
}

/** What an execution came to. */
export interface ExecutionResult {
  /** "halt": the rules of the EVM ended it, for want of gas for instance. */
  status: "success" | "revert" | "halt";
  /** Gas that is paid for, after the refund; of a message, all that was used. */
  gasUsed: bigint;
  /** What of the gas limit is left. */
  gasRemaining: bigint;
  /** The refund, which is already off `gasUsed`; of a message, the refund counter, which is not. */
  gasRefunded: bigint;
  /** What was returned, or the data of a revert. */
  output: Hex;
  /** The contract that a creation made. */
  created: Address | null;
  logs: Log[];
  /** Why it did not succeed, in words: the decoded reason of a revert, or the reason of a halt. Empty where it did. */
  failure: string;
}

const EXECUTION_STATUSES: Record<number, ExecutionResult["status"]> = {
  [C.EVM_STATUS_SUCCESS]: "success",
  [C.EVM_STATUS_REVERT]: "revert",
  [C.EVM_STATUS_HALT]: "halt",
};

/** Reads the result of an executor. */
export function readResult(evm: number): ExecutionResult {
  const calls = library();
  const layout = LAYOUTS.EvmResult;
  const check = (status: number): void => {
    if (status !== STATUS.SUCCESS) raise(status, evm);
  };
  check(calls.evm_get_result(evm, emptyStruct(layout)));
  const number = (name: keyof typeof layout.fields): number => Number(readField(layout, name));
  const [outputLength, logCount] = [number("output_len"), number("log_count")];
  const result = {
    status: EXECUTION_STATUSES[number("status")] as ExecutionResult["status"],
    gasUsed: readField(layout, "gas_used"),
    gasRemaining: readField(layout, "gas_remaining"),
    gasRefunded: readField(layout, "gas_refunded"),
    created: number("has_created") === 1 ? toHex(readBytes(layout, "created")) : null,
  };
  OUTPUT.reserve(outputLength);
  check(calls.evm_get_output(evm, OUTPUT.at(0), outputLength));
  return {
    ...result,
    output: toHex(OUTPUT.bytes, 0, outputLength),
    logs: Array.from({ length: logCount }, (_, i) => readLog(evm, i)),
    failure: readText(evm, (buffer, size, length) => calls.evm_get_failure(evm, buffer, size, length)),
  };
}

function readLog(evm: number, index: number): Log {
  for (let size = 4096; ;) {
    OUTPUT.reserve(size);
    const data = OUTPUT.at(0);
    const status = library().evm_get_log(evm, index, ADDRESS.at, TOPICS.at, OUT.at, data, size, OUT2.at);
    const length = getNumber(OUT2);
    if (status === STATUS.SUCCESS) {
      const topics = Array.from({ length: getNumber(OUT) }, (_, i) => toHex(TOPICS.bytes, 32 * i, 32 * i + 32));
      return { address: toHex(ADDRESS.bytes), topics, data: toHex(OUTPUT.bytes, 0, length) };
    }
    if (status !== STATUS.OUTPUT_TOO_SMALL) raise(status, evm);
    size = length;
  }
}
