import { invalidInput } from "../errors.ts";
import { count, refuseUnknown } from "../fork/options.ts";
import { C } from "../native/constants.ts";
import { LAYOUTS } from "../native/layouts.ts";
import type { Pointer } from "../native/native.ts";
import { writeStruct } from "../native/structs.ts";
import type { AddressLike, Quantity } from "../types.ts";
import { toBigInt, writeAddress } from "../values.ts";
import type { StateInterface } from "./store.ts";

/** How what an execution will need is found ahead, so that it is fetched together. */
export type RunAhead = "off" | "on" | "accessList" | "prestate";
const RUN_AHEAD: Record<RunAhead, number> = {
  off: C.EVM_RUN_AHEAD_OFF,
  on: C.EVM_RUN_AHEAD_ON,
  accessList: C.EVM_RUN_AHEAD_ACCESS_LIST,
  prestate: C.EVM_RUN_AHEAD_PRESTATE,
};

const FLAGS = {
  askHost: C.EVM_ASK_HOST,
  noBalanceCheck: C.EVM_NO_BALANCE_CHECK,
  noNonceCheck: C.EVM_NO_NONCE_CHECK,
  noBaseFeeCheck: C.EVM_NO_BASE_FEE_CHECK,
  noCodeSizeLimit: C.EVM_NO_CODE_SIZE_LIMIT,
  noBlockGasLimit: C.EVM_NO_BLOCK_GAS_LIMIT,
  noSenderCodeCheck: C.EVM_NO_SENDER_CODE_CHECK,
  noFee: C.EVM_NO_FEE,
} as const;

/** Rules and switches of an executor. */
export interface EvmOptions {
  /** Name of the hardfork in any case, such as "cancun". Default: the newest. */
  hardfork?: string;
  /** What CHAINID returns and a transaction's chain id has to be. Default 1. */
  chainId?: Quantity;
  /** Answers what neither the state nor a fork below it has. */
  stateInterface?: StateInterface;
  /** Ask for what the state does not have, rather than taking it for absent. Default: where there is a stateInterface. */
  askHost?: boolean;
  /** The sender may spend more than it has. */
  noBalanceCheck?: boolean;
  /** The transaction's nonce need not be the sender's. */
  noNonceCheck?: boolean;
  /** The fee may be below the block's base fee. */
  noBaseFeeCheck?: boolean;
  /** Code and init code may be of any size (EIP-170, EIP-3860). */
  noCodeSizeLimit?: boolean;
  /** The transaction's gas limit may be above the block's. */
  noBlockGasLimit?: boolean;
  /** A contract may send a transaction (EIP-3607). */
  noSenderCodeCheck?: boolean;
  /** Nothing is charged for gas, and nobody is paid. */
  noFee?: boolean;
  /** "on": by running on with provisional values; "accessList", "prestate": by asking the node. Default "off". */
  runAhead?: RunAhead;
  /** Storage values of the stateInterface that are kept within an execution. Default 1,024. */
  cacheSize?: number;
  /** The largest gas limit of a transaction, and the gas of one that gives none. */
  gasCap?: Quantity;
  /** Precompiled contracts that the stateInterface answers. */
  precompiles?: readonly AddressLike[];
}

const NAMES = new Set([
  ...["hardfork", "chainId", "stateInterface", "runAhead", "cacheSize", "gasCap", "precompiles"],
  ...Object.keys(FLAGS),
]);

/** Writes an EvmOptions of the header. */
export function writeEvmOptions(options: EvmOptions): Pointer {
  refuseUnknown(options, NAMES);
  const { askHost = options.stateInterface !== undefined, precompiles = [], runAhead = "off" } = options;
  if (RUN_AHEAD[runAhead] === undefined) throw invalidInput(`runAhead ${JSON.stringify(runAhead)} is not known`);
  let flags = 0;
  for (const [name, bit] of Object.entries({ ...FLAGS }) as [keyof typeof FLAGS, number][]) {
    if (name === "askHost" ? askHost : options[name]) flags |= bit;
  }
  const addresses = new Uint8Array(20 * precompiles.length);
  precompiles.forEach((address, i) => writeAddress(address, addresses, 20 * i));
  return writeStruct(LAYOUTS.EvmOptions, {
    hardfork: options.hardfork,
    chain_id: options.chainId === undefined ? 0 : toBigInt("chainId", options.chainId, 64),
    flags,
    run_ahead: RUN_AHEAD[runAhead],
    cache_size: count("cacheSize", options.cacheSize),
    gas_cap: options.gasCap === undefined ? 0 : toBigInt("gasCap", options.gasCap, 64),
    precompiles: precompiles.length === 0 ? undefined : addresses,
    precompile_count: precompiles.length,
  });
}
