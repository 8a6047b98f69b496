/** Kinds of fields: p pointer, z size_t, l uint64_t, i int, u uint32_t; a number stands for so many bytes. */
type Kind = "p" | "z" | "l" | "i" | "u" | number;

export interface Field {
  readonly kind: Kind;
  readonly offset: number;
}

export interface Layout<Name extends string = string> {
  readonly size: number;
  readonly fields: { readonly [Field_ in Name]: Field };
}

const SIZES = { p: 8, z: 8, l: 8, i: 4, u: 4 } as const;

/** Lays fields out as a C compiler does on a machine with 64-bit pointers. */
function layout<Name extends string>(kinds: Record<Name, Kind>): Layout<Name> {
  const fields = {} as Record<Name, Field>;
  let offset = 0;
  for (const [name, kind] of Object.entries(kinds) as [Name, Kind][]) {
    const [size, alignment] = typeof kind === "number" ? [kind, 1] : [SIZES[kind], SIZES[kind]];
    offset = Math.ceil(offset / alignment) * alignment;
    fields[name] = { kind, offset };
    offset += size;
  }
  // All of these structs begin with a size_t, which aligns them to 8.
  return { size: Math.ceil(offset / 8) * 8, fields };
}

/** The structs of the header; a test compares them with it. */
export const LAYOUTS = {
  ForkBackendOptions: layout({
    size: "z",
    url: "p",
    headers: "p",
    ca_file: "p",
    rpc_client: "p",
    rpc_vtable: "p",
    block: "p",
    account_source: "i",
    max_attempts: "u",
    max_cache_size: "z",
    max_code_bytes: "z",
    request_timeout_ms: "u",
    total_timeout_ms: "u",
    backoff_initial_ms: "u",
    backoff_max_ms: "u",
    max_batch: "z",
    max_slots_per_request: "z",
    max_response_bytes: "z",
    max_concurrent: "z",
    requests_per_second: "u",
    compute_units_per_second: "u",
    trusted: "p",
    verify: "i",
    offline: "i",
    max_proof_bytes: "z",
    chain_id: "l",
    network: "p",
    cache_dir: "p",
    cache_max_bytes: "l",
    safe_depth: "l",
    recording: "p",
    reorg_check_ms: "u",
    remember_touched: "i",
    log: "p",
    log_context: "p",
    log_level: "i",
    reserved: "i",
  }),
  ForkBackendStats: layout({
    size: "z",
    hits: "l",
    misses: "l",
    deduplicated: "l",
    requests: "l",
    bodies: "l",
    bytes_sent: "l",
    bytes_received: "l",
    retries: "l",
    failures: "l",
    batch_splits: "l",
    evictions: "l",
    accounts: "l",
    slots: "l",
    codes: "l",
    code_bytes: "l",
    pending: "l",
    verified: "l",
    verify_failures: "l",
    proof_nodes: "l",
    proof_bytes: "l",
    stored_hits: "l",
    stored_writes: "l",
    stored_dropped: "l",
    throttled: "l",
    reorgs: "l",
  }),
  ForkBackendMethodStats: layout({
    size: "z",
    requests: "l",
    failures: "l",
    bytes_sent: "l",
    bytes_received: "l",
    count: "l",
    p50_us: "l",
    p90_us: "l",
    p99_us: "l",
    max_us: "l",
  }),
  EvmOptions: layout({
    size: "z",
    hardfork: "p",
    chain_id: "l",
    flags: "u",
    run_ahead: "i",
    cache_size: "z",
    gas_cap: "l",
    precompiles: "p",
    precompile_count: "z",
  }),
  EvmStats: layout({
    size: "z",
    needed: "l",
    rounds: "l",
    useless: "l",
    run_ahead_nanos: "l",
    cache_hits: "l",
    cache_misses: "l",
    cached_slots: "l",
    cache_evictions: "l",
  }),
  EvmMessage: layout({
    size: "z",
    caller: "p",
    origin: "p",
    to: "p",
    code: "p",
    code_len: "z",
    value: "p",
    input: "p",
    input_len: "z",
    gas: "l",
    gas_price: "l",
    is_static: "u",
    reserved: "u",
  }),
  EvmResult: layout({
    size: "z",
    status: "u",
    log_count: "u",
    gas_used: "l",
    gas_remaining: "l",
    gas_refunded: "l",
    output_len: "z",
    created: 20,
    has_created: "u",
  }),
  EvmPrecompileCall: layout({
    size: "z",
    gas: "l",
    input_len: "z",
    value: 32,
    address: 20,
    caller: 20,
    is_static: "u",
    reserved: "u",
  }),
} as const;
