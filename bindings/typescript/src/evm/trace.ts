import { invalidInput } from "../errors.ts";
import { refuseUnknown } from "../fork/options.ts";
import { C } from "../native/constants.ts";
import type { Quantity } from "../types.ts";
import { toBigInt } from "../values.ts";

/** What a trace has in it, and where it goes. */
export interface TraceOptions {
  /** "eip3155": a JSON object a line for each operation; "structLogs": what debug_traceTransaction returns. */
  format: "off" | "eip3155" | "structLogs";
  /** The whole memory ahead of each operation. */
  memory?: boolean;
  /** Without the stack. */
  noStack?: boolean;
  /** Struct logs: without the touched slots. */
  noStorage?: boolean;
  /** Struct logs: what the last call returned. */
  returnData?: boolean;
  /** Bytes that an execution's operations may take. Default: any number. */
  limit?: Quantity;
  /** File descriptor to write to. Default: memory, for `getTrace`. */
  fd?: number;
}

const FORMATS = { off: C.EVM_TRACE_OFF, eip3155: C.EVM_TRACE_EIP3155, structLogs: C.EVM_TRACE_STRUCT_LOGS } as const;
const FLAGS = {
  memory: C.EVM_TRACE_MEMORY,
  noStack: C.EVM_TRACE_NO_STACK,
  noStorage: C.EVM_TRACE_NO_STORAGE,
  returnData: C.EVM_TRACE_RETURN_DATA,
} as const;
const NAMES = new Set(["format", "limit", "fd", ...Object.keys(FLAGS)]);

/** The arguments of evm_set_trace. */
export function traceArguments(options: TraceOptions): [format: number, flags: number, limit: bigint, fd: number] {
  refuseUnknown(options, NAMES);
  const format = FORMATS[options.format];
  if (format === undefined) throw invalidInput(`format ${JSON.stringify(options.format)} of a trace is not known`);
  const flags = (Object.keys(FLAGS) as (keyof typeof FLAGS)[]).reduce(
    (sum, name) => (options[name] ? sum | FLAGS[name] : sum),
    0,
  );
  return [format, flags, options.limit === undefined ? 0n : toBigInt("limit", options.limit, 64), options.fd ?? -1];
}
