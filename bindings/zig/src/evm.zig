//! Executions over a state, step by step. `execute` does all of it by itself.

const c = @import("c");
const std = @import("std");
const errors = @import("errors.zig");
const execution = @import("execute.zig");
const memory = @import("memory.zig");
const results = @import("result.zig");
const types = @import("types.zig");
const StateManager = @import("state.zig").StateManager;
const Changes = @import("changes.zig").Changes;
const parseChanges = @import("changes.zig").parse;

const Address = types.Address;
const Allocator = std.mem.Allocator;
const Error = errors.Error;
const Word = types.Word;

/// How an execution finds out what else it will need.
pub const RunAhead = enum(c_int) {
    /// One thing is asked for after the other.
    off = c.EVM_RUN_AHEAD_OFF,
    /// By running on with provisional values, which never reach the execution.
    on = c.EVM_RUN_AHEAD_ON,
    /// By asking the node with eth_createAccessList.
    access_list = c.EVM_RUN_AHEAD_ACCESS_LIST,
    /// By asking the node with debug_traceCall.
    prestate = c.EVM_RUN_AHEAD_PRESTATE,
};

/// Rules and switches of an executor. 0 and null stand for the default.
pub const EvmOptions = struct {
    /// Such as "cancun", or its number. Default: the newest.
    hardfork: ?[:0]const u8 = null,
    /// What CHAINID returns and a transaction's chain id has to be. Default 1.
    chain_id: u64 = 0,
    /// The store is asked for what neither the state nor a fork below it has; else that is absent, zero, empty.
    ask_host: bool = false,
    /// The sender may spend more than it has.
    no_balance_check: bool = false,
    /// The transaction's nonce need not be the sender's.
    no_nonce_check: bool = false,
    /// The fee may be below the block's base fee.
    no_base_fee_check: bool = false,
    /// Code and init code may be of any size (EIP-170, EIP-3860).
    no_code_size_limit: bool = false,
    /// The transaction's gas limit may be above the block's.
    no_block_gas_limit: bool = false,
    /// A contract may send a transaction (EIP-3607).
    no_sender_code_check: bool = false,
    /// Nothing is charged for gas, and nobody is paid.
    no_fee: bool = false,
    run_ahead: RunAhead = .off,
    /// Storage values of the host that are kept within an execution. Default 1,024.
    cache_size: usize = 0,
    /// Largest gas limit of a transaction, and the gas of a JSON transaction that gives none. Default: EIP-7825's from Osaka on.
    gas_cap: u64 = 0,
    /// Precompiled contracts that the store answers.
    precompiles: []const Address = &.{},

    fn flags(self: EvmOptions) u32 {
        var all: u32 = 0;
        inline for (.{
            .{ "ask_host", c.EVM_ASK_HOST },                         .{ "no_balance_check", c.EVM_NO_BALANCE_CHECK },
            .{ "no_nonce_check", c.EVM_NO_NONCE_CHECK },             .{ "no_base_fee_check", c.EVM_NO_BASE_FEE_CHECK },
            .{ "no_code_size_limit", c.EVM_NO_CODE_SIZE_LIMIT },     .{ "no_block_gas_limit", c.EVM_NO_BLOCK_GAS_LIMIT },
            .{ "no_sender_code_check", c.EVM_NO_SENDER_CODE_CHECK }, .{ "no_fee", c.EVM_NO_FEE },
        }) |flag| {
            if (@field(self, flag[0])) all |= flag[1];
        }
        return all;
    }
};

/// Counters of an execution, as in the header.
pub const EvmStats = c.EvmStats;

/// A call or creation without the transaction around it: no intrinsic gas, no fee, no nonce.
pub const Message = struct {
    caller: Address = @splat(0),
    /// What ORIGIN returns; null: the caller.
    origin: ?Address = null,
    /// Whose storage and balance are used; null: a creation, with `input` as its init code.
    to: ?Address = null,
    /// The code that runs; null: that of `to`.
    code: ?[]const u8 = null,
    /// Wei that go from the caller to `to`.
    value: u256 = 0,
    input: []const u8 = &.{},
    /// All of it for the code.
    gas: u64,
    /// What GASPRICE returns, in wei. Nothing is paid.
    gas_price: u64 = 0,
    /// The state must not be changed, as in STATICCALL.
    is_static: bool = false,
};

/// What an execution can come to.
pub const OutputType = enum(u8) {
    /// It is over.
    result = c.EVM_OUTPUT_RESULT,
    need_storage = c.EVM_OUTPUT_NEED_STORAGE,
    need_balance = c.EVM_OUTPUT_NEED_BALANCE,
    need_code = c.EVM_OUTPUT_NEED_CODE,
    need_nonce = c.EVM_OUTPUT_NEED_NONCE,
    /// It has ended, and its changes wait for `commit`, `discard` or `commitInCheckpoint`.
    ready_to_commit = c.EVM_OUTPUT_READY_TO_COMMIT,
    /// The hash of the block is needed whose number is in `slot`.
    need_block_hash = c.EVM_OUTPUT_NEED_BLOCK_HASH,
    need_precompile = c.EVM_OUTPUT_NEED_PRECOMPILE,
    _,
};

/// What an execution came to.
pub const Request = struct {
    output_type: OutputType,
    /// Zero where there is none.
    address: Address,
    /// Zero where there is none.
    slot: Word,

    /// The number that `need_block_hash` asks for.
    pub fn blockNumber(self: Request) u64 {
        return std.mem.readInt(u64, self.slot[24..], .big);
    }

    fn of(raw: c.AsyncRequest) Request {
        return .{ .output_type = @fromBackingInt(raw.output_type), .address = raw.address, .slot = raw.slot };
    }
};

/// What `continueWith` and `answer` tell the execution.
pub const Answer = union(enum) {
    storage: struct { address: Address, slot: Word, value: Word },
    balance: struct { address: Address, wei: u256 },
    code: struct { address: Address, code: []const u8 },
    nonce: struct { address: Address, nonce: u64 },
    block_hash: struct { number: u64, hash: Word },
    precompile: struct { address: Address, result: PrecompileResult },
    /// The host could not answer, and why. The call fails with Execution; the question stays open.
    failure: []const u8,

    fn kind(self: Answer) u8 {
        return switch (self) {
            .storage => c.EVM_CONTINUE_WITH_STORAGE,
            .balance => c.EVM_CONTINUE_WITH_BALANCE,
            .code => c.EVM_CONTINUE_WITH_CODE,
            .nonce => c.EVM_CONTINUE_WITH_NONCE,
            .block_hash => c.EVM_CONTINUE_WITH_BLOCK_HASH,
            .precompile => c.EVM_CONTINUE_WITH_PRECOMPILE,
            .failure => c.EVM_CONTINUE_WITH_ERROR,
        };
    }

    /// As the header describes it. The caller frees it.
    fn payload(self: Answer, a: Allocator) Allocator.Error![]u8 {
        return switch (self) {
            .storage => |one| std.mem.concat(a, u8, &.{ &one.address, &one.slot, &one.value }),
            .balance => |one| std.mem.concat(a, u8, &.{ &one.address, &types.wordOf(one.wei) }),
            .code => |one| std.mem.concat(a, u8, &.{ &one.address, one.code }),
            .nonce => |one| std.mem.concat(a, u8, &.{ &one.address, &bigEndian(one.nonce) }),
            .block_hash => |one| std.mem.concat(a, u8, &.{ &bigEndian(one.number), &one.hash }),
            .precompile => |one| std.mem.concat(a, u8, &.{ &one.address, &.{@backingInt(one.result.status)}, &bigEndian(one.result.gas_used), one.result.output }),
            .failure => |text| a.dupe(u8, text),
        };
    }

    fn bigEndian(number: u64) [8]u8 {
        return std.mem.toBytes(std.mem.nativeToBig(u64, number));
    }
};

/// The call of a precompiled contract of the host. `input` is the caller's to free.
pub const PrecompileCall = struct { address: Address, caller: Address, value: u256, gas: u64, input: []u8, is_static: bool };

/// What a precompiled contract of the host gives.
pub const PrecompileResult = struct {
    status: Status = .success,
    gas_used: u64,
    output: []const u8,

    pub const Status = enum(u8) {
        success = c.EVM_PRECOMPILE_SUCCESS,
        /// What gas is left goes back.
        revert = c.EVM_PRECOMPILE_REVERT,
        /// All gas is used.
        halt = c.EVM_PRECOMPILE_HALT,
    };
};

/// How executions are traced.
pub const Trace = struct {
    format: enum(c_int) {
        off = c.EVM_TRACE_OFF,
        /// One JSON object a line for each operation, then one with the summary.
        eip3155 = c.EVM_TRACE_EIP3155,
        /// What debug_traceTransaction returns: one JSON object with structLogs.
        struct_logs = c.EVM_TRACE_STRUCT_LOGS,
    },
    /// The whole memory ahead of each operation.
    memory: bool = false,
    no_stack: bool = false,
    /// Struct logs: without the touched slots.
    no_storage: bool = false,
    /// Struct logs: what the last call returned; EIP-3155 has that anyway.
    return_data: bool = false,
    /// Bytes that an execution's operations may take; 0: any number.
    limit: u64 = 0,
    /// Where the text goes, of which a duplicate is kept; null: into memory, for `trace`.
    file: ?std.Io.File = null,
};

/// Executes transactions and messages over a state, which must outlive it.
pub const Evm = struct {
    handle: c.EvmHandle,
    state: StateManager,
    /// The text of a failure that the library knows nothing of; empty where its own counts.
    own_text: []const u8 = "",

    /// An executor over the state. `lastThreadError` says why it failed.
    pub fn init(state: StateManager, options: EvmOptions) Error!Evm {
        var raw: c.EvmOptions = std.mem.zeroes(c.EvmOptions);
        raw.size = @sizeOf(c.EvmOptions);
        if (options.hardfork) |name| raw.hardfork = name.ptr;
        raw.chain_id = options.chain_id;
        raw.flags = options.flags();
        raw.run_ahead = @backingInt(options.run_ahead);
        raw.cache_size = options.cache_size;
        raw.gas_cap = options.gas_cap;
        raw.precompiles = @ptrCast(options.precompiles.ptr);
        raw.precompile_count = options.precompiles.len;
        const handle = c.evm_create(state.handle, &raw) orelse return error.InvalidInput;
        return .{ .handle = handle, .state = state };
    }

    /// Frees the executor, and with it an execution that is under way: nothing of that is in the state.
    pub fn deinit(self: Evm) void {
        c.evm_destroy(self.handle);
    }

    /// The text of the last call on this executor that failed, cut to what `buffer` holds.
    pub fn lastError(self: Evm, buffer: []u8) []const u8 {
        if (self.state.fork) |fork| if (fork.refusal(buffer)) |text| return text;
        if (self.own_text.len == 0) return errors.lastErrorOf(self.handle, buffer);
        const length = @min(buffer.len, self.own_text.len);
        @memcpy(buffer[0..length], self.own_text[0..length]);
        return buffer[0..length];
    }

    /// Counters of the execution that is under way or ended last.
    pub fn stats(self: Evm) Error!EvmStats {
        var raw: EvmStats = std.mem.zeroes(EvmStats);
        raw.size = @sizeOf(EvmStats);
        try errors.check(c.evm_stats(self.handle, &raw));
        return raw;
    }

    /// Sets fields of the block from JSON as eth_getBlockByNumber returns it. Fields that are not given stay; others are ignored.
    pub fn setBlock(self: Evm, json: [:0]const u8) Error!void {
        return errors.check(c.evm_set_block(self.handle, json.ptr));
    }

    /// The hash of an earlier block, for BLOCKHASH. Comes before what a fork or the store would say.
    pub fn setBlockHash(self: Evm, number: u64, hash: Word) Error!void {
        return errors.check(c.evm_set_block_hash(self.handle, number, &hash));
    }

    /// Overrides of the block as eth_call takes them, as JSON, for the executions to come. Null: none.
    pub fn setBlockOverrides(self: Evm, json: ?[:0]const u8) Error!void {
        return errors.check(c.evm_set_block_overrides(self.handle, if (json) |text| text.ptr else null));
    }

    /// Overrides of the state as eth_call takes them, as JSON, for the executions to come. They are in force while code runs and never in
    /// the state; what ran on them cannot be committed. Null: none.
    pub fn setStateOverrides(self: Evm, json: ?[:0]const u8) Error!void {
        return errors.check(c.evm_set_state_overrides(self.handle, if (json) |text| text.ptr else null));
    }

    /// What is executed next: a signed transaction as eth_sendRawTransaction takes it. Stays set until something else is.
    pub fn setRawTransaction(self: Evm, envelope: []const u8) Error!void {
        return errors.check(c.evm_set_transaction(self.handle, envelope.ptr, envelope.len));
    }

    /// What is executed next: a transaction as eth_call takes it, or as eth_getTransactionByHash returns it, as JSON.
    pub fn setTransaction(self: Evm, json: [:0]const u8) Error!void {
        return errors.check(c.evm_set_transaction_json(self.handle, json.ptr));
    }

    /// What is executed next: a message, copied.
    pub fn setMessage(self: Evm, message: Message) Error!void {
        const value = types.wordOf(message.value);
        var raw: c.EvmMessage = std.mem.zeroes(c.EvmMessage);
        raw.size = @sizeOf(c.EvmMessage);
        raw.caller = &message.caller;
        if (message.origin) |*origin| raw.origin = origin;
        if (message.to) |*to| raw.to = to;
        if (message.code) |code| raw.code, raw.code_len = .{ code.ptr, code.len };
        raw.value = &value;
        raw.input = message.input.ptr;
        raw.input_len = message.input.len;
        raw.gas = message.gas;
        raw.gas_price = message.gas_price;
        raw.is_static = @intFromBool(message.is_static);
        return errors.check(c.evm_set_message(self.handle, &raw));
    }

    /// Executes what was set, answers what is asked from `store` (null: nobody does), and ends as `ending` says. The caller calls
    /// `deinit` of the result.
    pub fn execute(self: *Evm, allocator: Allocator, store: anytype, ending: execution.Ending) Error!results.Result {
        return execution.execute(self, allocator, store, ending);
    }

    /// Begins the execution of what was set, and runs it until something is missing or it has ended.
    pub fn call(self: *Evm) Error!Request {
        self.own_text = "";
        var raw: c.AsyncRequest = undefined;
        try errors.check(c.evm_call_ffi(self.handle, &raw));
        return .of(raw);
    }

    /// Answers and goes on. A wrong answer changes nothing, and the question stays open.
    pub fn continueWith(self: *Evm, allocator: Allocator, one: Answer) Error!Request {
        const payload = try one.payload(allocator);
        defer allocator.free(payload);
        self.own_text = "";
        var raw: c.AsyncRequest = undefined;
        try errors.check(c.evm_continue_ffi(self.handle, one.kind(), payload.ptr, payload.len, &raw));
        return .of(raw);
    }

    /// Takes an answer as `continueWith` does, and runs nothing: for answering all of `pending` in any order.
    pub fn answer(self: *Evm, allocator: Allocator, one: Answer) Error!void {
        const payload = try one.payload(allocator);
        defer allocator.free(payload);
        self.own_text = "";
        return errors.check(c.evm_answer(self.handle, one.kind(), payload.ptr, payload.len));
    }

    /// Goes on after `answer`, after the requests of the fork were served, or after a call that failed with RpcFailed.
    pub fn @"resume"(self: *Evm) Error!Request {
        self.own_text = "";
        var raw: c.AsyncRequest = undefined;
        try errors.check(c.evm_resume(self.handle, &raw));
        return .of(raw);
    }

    /// Everything that is wanted now, what the execution waits for first. The caller frees it.
    pub fn pending(self: Evm, allocator: Allocator) Error![]Request {
        var raw: []c.AsyncRequest = try allocator.alloc(c.AsyncRequest, 32);
        defer allocator.free(raw);
        var count: usize = 0;
        while (true) {
            try errors.check(c.evm_pending(self.handle, raw.ptr, raw.len, &count));
            if (count <= raw.len) break;
            raw = try allocator.realloc(raw, count);
        }
        const list = try allocator.alloc(Request, count);
        for (list, raw[0..count]) |*to, from| to.* = .of(from);
        return list;
    }

    /// The call that `need_precompile` asks for. The caller frees its input.
    pub fn precompileCall(self: Evm, allocator: Allocator) Error!PrecompileCall {
        var raw: c.EvmPrecompileCall = std.mem.zeroes(c.EvmPrecompileCall);
        raw.size = @sizeOf(c.EvmPrecompileCall);
        try errors.check(c.evm_get_precompile_call(self.handle, &raw, null, 0));
        const input = try allocator.alloc(u8, raw.input_len);
        errdefer allocator.free(input);
        try errors.check(c.evm_get_precompile_call(self.handle, &raw, input.ptr, input.len));
        return .{
            .address = raw.address,
            .caller = raw.caller,
            .value = types.numberOf(raw.value),
            .gas = raw.gas,
            .input = input,
            .is_static = raw.is_static != 0,
        };
    }

    /// Writes the changes of an execution that is ready to commit into the state.
    pub fn commit(self: Evm) Error!void {
        var raw: c.AsyncRequest = undefined;
        return errors.check(c.evm_continue_ffi(self.handle, c.EVM_CONTINUE_AFTER_COMMIT, null, 0, &raw));
    }

    /// `commit` in a new checkpoint of the state, whose `revert` takes the execution back.
    pub fn commitInCheckpoint(self: Evm) Error!void {
        return errors.check(c.evm_commit_in_checkpoint(self.handle));
    }

    /// Ends an execution that is ready to commit without writing its changes. Its result can be read as after a commit.
    pub fn discard(self: Evm) Error!void {
        return errors.check(c.evm_discard(self.handle));
    }

    /// Gives up the execution that is under way, or the changes and the result of one that has ended. No effect where there is none.
    pub fn abort(self: Evm) Error!void {
        return errors.check(c.evm_abort(self.handle));
    }

    /// Whether an execution is under way.
    pub fn isActive(self: Evm) Error!bool {
        var active: c_int = undefined;
        try errors.check(c.evm_is_active(self.handle, &active));
        return active != 0;
    }

    /// The result of the execution that ended last; readable until the next one begins. The caller calls `deinit` of it.
    pub fn result(self: Evm, allocator: Allocator) Error!results.Result {
        return results.read(self.handle, allocator);
    }

    /// The whole result as JSON. The caller frees it, as every text below.
    pub fn resultJson(self: Evm, allocator: Allocator) Error![]u8 {
        return memory.readText(allocator, c.evm_get_result_json, .{self.handle});
    }

    /// What the execution changed. InvalidState before one has ended. The caller calls `deinit` of it.
    pub fn changes(self: Evm, allocator: Allocator) Error!Changes {
        const raw = try self.changesJson(allocator);
        defer allocator.free(raw);
        if (raw.len == 0) return error.InvalidState;
        return parseChanges(allocator, raw);
    }

    /// What the execution changed, as the library writes it; empty before one has ended.
    pub fn changesJson(self: Evm, allocator: Allocator) Error![]u8 {
        return memory.readText(allocator, c.evm_get_state_changes, .{self.handle});
    }

    /// The accounts and slots that the execution came to as an access list (EIP-2930) in JSON.
    pub fn accessListJson(self: Evm, allocator: Allocator) Error![]u8 {
        return memory.readText(allocator, c.evm_get_access_list, .{self.handle});
    }

    /// The accounts that the execution came to as they were before it, in JSON as geth's prestateTracer writes it.
    pub fn prestateJson(self: Evm, allocator: Allocator) Error![]u8 {
        return memory.readText(allocator, c.evm_get_prestate, .{self.handle});
    }

    /// The calls that are under way as a JSON array, outermost first.
    pub fn framesJson(self: Evm, allocator: Allocator) Error![]u8 {
        return memory.readText(allocator, c.evm_get_frames, .{self.handle});
    }

    /// Traces the executions to come. InvalidState while one is under way.
    pub fn setTrace(self: Evm, options: Trace) Error!void {
        var flags: u32 = 0;
        if (options.memory) flags |= c.EVM_TRACE_MEMORY;
        if (options.no_stack) flags |= c.EVM_TRACE_NO_STACK;
        if (options.no_storage) flags |= c.EVM_TRACE_NO_STORAGE;
        if (options.return_data) flags |= c.EVM_TRACE_RETURN_DATA;
        const file: c_int = if (options.file) |file| file.handle else -1;
        return errors.check(c.evm_set_trace(self.handle, @backingInt(options.format), flags, options.limit, file));
    }

    /// The trace in memory. Reading it takes it: the next executions' traces follow from an empty text.
    pub fn trace(self: Evm, allocator: Allocator) Error![]u8 {
        return memory.readText(allocator, c.evm_get_trace, .{self.handle});
    }
};
