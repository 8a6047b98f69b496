//! How a fork is opened.

const c = @import("c");
const std = @import("std");
const errors = @import("errors.zig");
const types = @import("types.zig");
const Transport = @import("transport.zig").Transport;

/// How a fork asks for accounts.
pub const AccountSource = enum(c_int) {
    /// eth_getProof, or as `fields` once the node turns out not to have it or to take long for it.
    auto = c.FORK_ACCOUNTS_AUTO,
    /// eth_getProof only.
    proof = c.FORK_ACCOUNTS_PROOF,
    /// eth_getBalance, eth_getTransactionCount, eth_getCode and eth_getStorageAt.
    fields = c.FORK_ACCOUNTS_FIELDS,
};

/// What the answers of a node are checked against.
pub const Verification = union(enum) {
    /// Nothing: the node is believed.
    off,
    /// The state root in the header whose hash `block` is.
    block,
    /// The state root in the header that has this hash, which the fork's block must have. Where `block` is "latest", it takes its place.
    /// Hashes of earlier blocks are checked by the headers between, 1,024 at most.
    block_hash: types.Word,
    /// This state root, which the header of the fork's block must have. What else it says is only known to be consistent.
    state_root: types.Word,
};

/// How important a line of a log is.
pub const LogLevel = enum(c_int) {
    /// What was given up or set aside.
    err = c.FORK_LOG_ERROR,
    /// What will be tried again.
    warn = c.FORK_LOG_WARNING,
    /// What was opened, found out, learnt.
    info = c.FORK_LOG_INFO,
    /// Each body sent and each answer.
    debug = c.FORK_LOG_DEBUG,
    _,
};

/// Who is told what happens.
pub const ForkLog = struct {
    context: *anyopaque,
    write: *const fn (context: ?*anyopaque, level: c_int, text: [*c]const u8) callconv(.c) void,
    level: LogLevel,

    /// Calls `told.log(level, text)`, a `fn (@TypeOf(told), LogLevel, []const u8) void`, for each line that is as important as `level`. That
    /// runs inside calls on the fork and on its states, in several threads at once where several use them, and must not call them. `told`
    /// points to what is there until the fork and every state on it are gone.
    pub fn to(told: anytype, level: LogLevel) ForkLog {
        const Told = @TypeOf(told);
        const Line = struct {
            fn write(context: ?*anyopaque, importance: c_int, text: [*c]const u8) callconv(.c) void {
                const listener: Told = @ptrCast(@alignCast(context));
                listener.log(@fromBackingInt(importance), std.mem.span(text));
            }
        };
        return .{ .context = @ptrCast(told), .write = Line.write, .level = level };
    }
};

/// How a fork is opened. 0 and null stand for the default. Texts are copied.
///
/// Who carries the requests: the library itself, over HTTP, when `url` is given; `transport` when that is given; the program, with
/// `nextBatch` and `continueBatch`, when neither is; nobody when it is `offline`.
pub const ForkOptions = struct {
    /// http:// or https:// URL of the node, or (on Unix) the path of its IPC socket: "ipc:///path", "/path", or a path that ends in ".ipc".
    /// Several, separated by spaces or newlines, are tried in turn.
    url: ?[:0]const u8 = null,
    /// HTTP headers for each request, one "Name: value" a line.
    headers: ?[:0]const u8 = null,
    /// PEM file of certificate authorities trusted besides the built-in ones.
    ca_file: ?[:0]const u8 = null,
    /// Bodies of the built-in client under way at once. Default 8.
    max_concurrent: usize = 0,
    /// JSON-RPC requests that the built-in client sends a second at most. Default: no limit.
    requests_per_second: u32 = 0,
    /// Compute units that the built-in client uses a second at most, as providers count them. Default: no limit.
    compute_units_per_second: u32 = 0,
    /// Carries the requests, in the thread that reads; `io` is needed too.
    transport: ?Transport = null,
    /// For the transport: lets threads wait for one another, and pauses after failures.
    io: ?std.Io = null,
    /// For the transport: for bodies and answers. Used by several threads where several read.
    allocator: ?std.mem.Allocator = null,

    /// Block to fork from: decimal or 0x number, 32-byte 0x hash, "latest" (default), "safe", "finalized" or "earliest". Resolved once.
    block: ?[:0]const u8 = null,
    /// The chain id that the node must have: another one is WrongChain. Default: any.
    chain_id: u64 = 0,
    /// What every account, slot and code is checked against. A wrong one is ProofInvalid and kept nowhere; with several URLs, the next one
    /// is asked.
    verify: Verification = .off,

    /// Directory of the persistent cache: one file a chain, for any number of processes. Created if it is not there. Default: no persistent
    /// cache.
    cache_dir: ?[:0]const u8 = null,
    /// Bytes that the file of a chain may have: older blocks leave it first. Default 8 GiB.
    cache_max_bytes: u64 = 0,
    /// Names the network in the persistent cache beside its chain id, for chains that share one. Default: the hash of the genesis block.
    network: ?[:0]const u8 = null,
    /// A block with so many on top of it is final: the cache knows it by its number too. Default 128.
    safe_depth: u64 = 0,
    /// A file of `Fork.exportRecording` that values are read from.
    recording: ?[:0]const u8 = null,
    /// Never ask a node: what is neither in the persistent cache nor in the recording is Offline.
    offline: bool = false,
    /// Keep what executions touch, for each contract and selector, so that the next one with the same asks for all of it at once; in the
    /// persistent cache where there is one.
    remember_touched: bool = false,

    /// Who is told what happens. Default: nobody.
    log: ?ForkLog = null,

    account_source: AccountSource = .auto,
    /// How often a request is sent at most, for each URL. Default 4.
    max_attempts: u32 = 0,
    /// Entries that each of the caches of accounts, slots and code keeps. Default 10,000.
    max_cache_size: usize = 0,
    /// Bytes of code that the code cache keeps. Default 256 MiB.
    max_code_bytes: usize = 0,
    /// Bytes of trie nodes kept in memory for proofs and state roots. Default 256 MiB.
    max_proof_bytes: usize = 0,
    /// Milliseconds for one HTTP request of the built-in client. Default 30,000.
    request_timeout_ms: u32 = 0,
    /// Milliseconds for one read of the built-in client, with all attempts and pauses. Default 120,000.
    total_timeout_ms: u32 = 0,
    /// Longest pause before the second attempt, in milliseconds; it doubles with each further one. Default 250.
    backoff_initial_ms: u32 = 0,
    /// Limit to its growth, in milliseconds. Default 8,000.
    backoff_max_ms: u32 = 0,
    /// Milliseconds after which a block that is not final is looked up again, to notice that the chain has dropped it. Default 12,000.
    reorg_check_ms: u32 = 0,
    /// JSON-RPC requests in one body at most. Default 100.
    max_batch: usize = 0,
    /// Slots in one eth_getProof at most. Default 256.
    max_slots_per_request: usize = 0,
    /// Longest answer, in bytes. Default 64 MiB.
    max_response_bytes: usize = 0,

    /// As the header has them. They point into `self`.
    pub fn raw(self: *const ForkOptions) errors.Error!c.ForkBackendOptions {
        if (self.transport != null and (self.url != null or self.io == null or self.allocator == null)) return error.InvalidInput;
        const client_only = self.max_concurrent != 0 or self.requests_per_second != 0 or self.compute_units_per_second != 0;
        if (self.url == null and client_only) return error.InvalidInput;
        var options: c.ForkBackendOptions = std.mem.zeroes(c.ForkBackendOptions);
        options.size = @sizeOf(c.ForkBackendOptions);
        inline for (.{ "url", "headers", "ca_file", "block", "network", "cache_dir", "recording" }) |name| {
            if (@field(self, name)) |text| @field(options, name) = text.ptr;
        }
        inline for (.{
            "max_concurrent",        "requests_per_second", "compute_units_per_second", "chain_id",
            "cache_max_bytes",       "safe_depth",          "max_attempts",             "max_cache_size",
            "max_code_bytes",        "max_proof_bytes",     "request_timeout_ms",       "total_timeout_ms",
            "backoff_initial_ms",    "backoff_max_ms",      "reorg_check_ms",           "max_batch",
            "max_slots_per_request", "max_response_bytes",
        }) |name| @field(options, name) = @field(self, name);
        options.account_source = @backingInt(self.account_source);
        options.offline = @intFromBool(self.offline);
        options.remember_touched = @intFromBool(self.remember_touched);
        switch (self.verify) {
            .off => options.verify = c.FORK_VERIFY_OFF,
            .block => options.verify = c.FORK_VERIFY_BLOCK_HASH,
            .block_hash => |*hash| {
                options.verify = c.FORK_VERIFY_BLOCK_HASH;
                options.trusted = hash;
            },
            .state_root => |*root| {
                options.verify = c.FORK_VERIFY_STATE_ROOT;
                options.trusted = root;
            },
        }
        if (self.log) |log| {
            options.log = log.write;
            options.log_context = log.context;
            options.log_level = @backingInt(log.level);
        }
        return options;
    }
};

test "every option reaches the library" {
    const Listener = struct {
        pub fn log(_: *@This(), _: LogLevel, _: []const u8) void {}
    };
    var listener: Listener = .{};
    var given: ForkOptions = .{
        .verify = .{ .state_root = @splat(1) },
        .account_source = .fields,
        .offline = true,
        .remember_touched = true,
        .log = .to(&listener, .debug),
    };
    inline for (@typeInfo(ForkOptions).@"struct".field_names, 1..) |name, number| switch (@FieldType(ForkOptions, name)) {
        u32, u64, usize => @field(given, name) = number,
        ?[:0]const u8 => @field(given, name) = name,
        else => {},
    };
    const options = try given.raw();
    const besides = [_][]const u8{ "rpc_client", "rpc_vtable", "reserved" };
    inline for (@typeInfo(c.ForkBackendOptions).@"struct".field_names) |name| {
        const unset = for (besides) |one| {
            if (std.mem.eql(u8, one, name)) break true;
        } else false;
        const value = @field(options, name);
        if (@typeInfo(@TypeOf(value)) == .int) {
            try std.testing.expectEqual(unset, value == 0);
        } else {
            try std.testing.expectEqual(unset, value == null);
        }
    }
    inline for (@typeInfo(ForkOptions).@"struct".field_names) |name| switch (@FieldType(ForkOptions, name)) {
        u32, u64, usize => try std.testing.expectEqual(@field(given, name), @field(options, name)),
        ?[:0]const u8 => try std.testing.expectEqualStrings(name, std.mem.span(@field(options, name))),
        else => {},
    };
    try std.testing.expectEqual(c.FORK_LOG_DEBUG, options.log_level);
    try std.testing.expectEqual(c.FORK_ACCOUNTS_FIELDS, options.account_source);
    try std.testing.expectEqual(c.FORK_VERIFY_STATE_ROOT, options.verify);
}
