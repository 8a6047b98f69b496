import { C } from "../native/constants.ts";
import { native } from "../native/runtime.ts";
import { invalidInput } from "../errors.ts";

/** What a line is about: what was given up, what will be tried again, what was found out, each body and answer. */
export type LogLevel = "error" | "warning" | "info" | "debug";

/** Is told what a fork does, one line at a time, without a newline. */
export type Log = (level: LogLevel, text: string) => void;

const LEVELS: Record<LogLevel, number> = {
  error: C.FORK_LOG_ERROR,
  warning: C.FORK_LOG_WARNING,
  info: C.FORK_LOG_INFO,
  debug: C.FORK_LOG_DEBUG,
};
const NAMES = new Map(Object.entries(LEVELS).map(([name, number]) => [number, name as LogLevel]));

// One native function for all forks, which is never given back: a line that comes when nobody wants it any more finds
// no entry, and no memory that is gone.
const logs = new Map<number, Log>();
let last = 0;
let nativeFunction: bigint | undefined;

/** Runs inside a call of the library: what it is told goes on when that has returned. */
function write(context: number, level: number, text: string): void {
  const log = logs.get(context);
  if (log !== undefined) queueMicrotask(() => log(NAMES.get(level) ?? "error", text));
}

/** A log function on its way through the library. */
export interface LogRoute {
  /** Address of the native function. */
  readonly address: bigint;
  readonly context: number;
  end(): void;
}

export function routeLog(log: Log | undefined): LogRoute | undefined {
  if (log === undefined) return undefined;
  if (typeof log !== "function") throw invalidInput(`log: a function is wanted, not ${typeof log}`);
  nativeFunction ??= native.logFunction(write);
  const context = ++last;
  logs.set(context, log);
  return { address: nativeFunction, context, end: () => void logs.delete(context) };
}

/** The number of a level; 0 where none is given. */
export function levelOf(level: LogLevel | undefined): number {
  if (level === undefined) return 0;
  const number = LEVELS[level];
  if (number === undefined) throw invalidInput(`logLevel ${JSON.stringify(level)} is not known`);
  return number;
}
