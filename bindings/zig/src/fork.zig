//! A chain's state at one block.

const c = @import("c");
const std = @import("std");
const abi = @import("abi.zig");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const types = @import("types.zig");
const ForkOptions = @import("fork_options.zig").ForkOptions;
const Transport = @import("transport.zig").Transport;

const Allocator = std.mem.Allocator;
const Error = errors.Error;

/// The block that a fork is pinned to.
pub const ForkBlock = struct { chain_id: u64, number: u64, hash: types.Word };

/// Counters of a fork, as in the header.
pub const ForkStats = c.ForkBackendStats;

/// What the requests of one method have cost, as in the header: latencies are in microseconds.
pub const MethodStats = c.ForkBackendMethodStats;

/// A chain's state at one block, fetched as it is read. Any number of states share one and what it has fetched. With a transport it must
/// stay where it is while states are on it.
pub const Fork = struct {
    handle: c.ForkBackendHandle,
    carrier: ?Carrier = null,

    const Carrier = struct {
        transport: Transport,
        io: std.Io,
        allocator: Allocator,
        backoff_initial_ms: u64,
        backoff_max_ms: u64,
        /// Held by the thread that carries. What others want meanwhile is queued, and goes out together with the next one's.
        carrying: std.Io.Mutex = .init,
        /// Bodies that failed in a row.
        failures: u6 = 0,
        retry_after_ms: u64 = 0,
        /// Why the library refused an answer, until the next read.
        refusal: [512]u8 = undefined,
        refusal_length: usize = 0,
        /// Bodies carried so far.
        carried: std.atomic.Value(u64) = .init(0),
    };

    /// Opens a fork. With a `url`, the block and the chain id are asked for at once; else they are the first requests. `lastThreadError`
    /// says why it failed.
    pub fn init(options: ForkOptions) Error!Fork {
        try abi.check();
        const raw = try options.raw();
        var fork: Fork = .{ .handle = null };
        if (options.transport) |transport| {
            fork.carrier = .{
                .transport = transport,
                .io = options.io.?,
                .allocator = options.allocator.?,
                .backoff_initial_ms = if (options.backoff_initial_ms == 0) 250 else options.backoff_initial_ms,
                .backoff_max_ms = if (options.backoff_max_ms == 0) 8000 else options.backoff_max_ms,
            };
        }
        try errors.check(c.fork_backend_open(&raw, &fork.handle));
        return fork;
    }

    /// Frees the fork. States on one without a transport go on, and it ends with the last of them.
    pub fn deinit(self: *Fork) void {
        c.fork_backend_destroy(self.handle);
    }

    /// The text of the last call on this fork that failed, cut to what `buffer` holds.
    pub fn lastError(self: *const Fork, buffer: []u8) []const u8 {
        return self.refusal(buffer) orelse errors.lastErrorOf(self.handle, buffer);
    }

    /// Why an answer of the transport was refused, where that is what the last read failed with.
    pub fn refusal(self: *const Fork, buffer: []u8) ?[]const u8 {
        const carrier = if (self.carrier) |*there| there else return null;
        if (carrier.refusal_length == 0) return null;
        const length = @min(buffer.len, carrier.refusal_length);
        @memcpy(buffer[0..length], carrier.refusal[0..length]);
        return buffer[0..length];
    }

    /// The block that the fork is pinned to.
    pub fn block(self: *Fork) Error!ForkBlock {
        var pinned: ForkBlock = undefined;
        try self.reading(c.fork_backend_get_block, .{ self.handle, &pinned.chain_id, &pinned.number, &pinned.hash });
        return pinned;
    }

    /// Makes accounts with their slots ready in as few round trips as the limits allow: `slot_counts[i]` is the number of slots of
    /// addresses[i], and `slots` has those of all of them one after another.
    pub fn prefetch(self: *Fork, addresses: []const types.Address, slot_counts: []const usize, slots: []const types.Word, with_code: bool) Error!void {
        var sum: usize = 0;
        for (slot_counts) |count| sum +|= count;
        if (slot_counts.len != addresses.len or sum != slots.len) return error.InvalidInput;
        const first_address: [*]const u8 = @ptrCast(addresses.ptr);
        const first_slot: [*]const u8 = @ptrCast(slots.ptr);
        return self.reading(c.fork_backend_prefetch, .{ self.handle, first_address, slot_counts.ptr, addresses.len, first_slot, codeFlag(with_code) });
    }

    /// `prefetch` for an access list (EIP-2930): JSON as eth_createAccessList and `Evm.accessListJson` return it, or the array alone.
    pub fn prefetchAccessList(self: *Fork, access_list: [:0]const u8, with_code: bool) Error!void {
        return self.reading(c.fork_backend_prefetch_access_list, .{ self.handle, access_list.ptr, codeFlag(with_code) });
    }

    /// `prefetch` for `count` slots of one account, beginning with `first`: an array in storage, for instance. After the last slot,
    /// 2^256 - 1, comes slot 0.
    pub fn prefetchRange(self: *Fork, address: types.Address, first: types.Word, count: usize) Error!void {
        return self.reading(c.fork_backend_prefetch_range, .{ self.handle, &address, &first, count });
    }

    fn codeFlag(with_code: bool) u32 {
        return if (with_code) c.FORK_PREFETCH_CODE else 0;
    }

    /// Writes what was fetched to the persistent cache, and waits until it is on the disk. Without it, it is written within a second, and
    /// when the fork ends. InvalidState without `cache_dir`, Cache when the disk refuses.
    pub fn flush(self: *const Fork) Error!void {
        return errors.check(c.fork_backend_flush(self.handle));
    }

    /// Writes all that the fork holds of its block to a file: what the persistent cache has of it, what was imported, and what the cache in
    /// memory has not dropped. The file is there whole or not at all; one of this name is replaced. Cache when it cannot be written.
    ///
    /// With the options `recording` and `offline`, another fork answers from it on a machine without a network.
    pub fn exportRecording(self: *Fork, path: [:0]const u8) Error!void {
        return self.reading(c.fork_backend_export, .{ self.handle, path.ptr });
    }

    /// Reads a file of `exportRecording`: what it holds is answered from then on, and written to the persistent cache where there is one.
    /// Cache for a file that cannot be read, was cut or altered; InvalidInput for one of another chain or block; ProofInvalid when the fork
    /// verifies and the file does not prove its values. Nothing of it is kept then.
    pub fn importRecording(self: *Fork, path: [:0]const u8) Error!void {
        return self.reading(c.fork_backend_import, .{ self.handle, path.ptr });
    }

    /// Counters of the fork and all states on it.
    pub fn stats(self: *const Fork) Error!ForkStats {
        var raw: ForkStats = std.mem.zeroes(ForkStats);
        raw.size = @sizeOf(ForkStats);
        try errors.check(c.fork_backend_stats(self.handle, &raw));
        return raw;
    }

    /// What the requests of a method, such as "eth_getProof", have cost; all zero for one that was never sent.
    pub fn methodStats(self: *const Fork, method: [*:0]const u8) Error!MethodStats {
        var raw: MethodStats = std.mem.zeroes(MethodStats);
        raw.size = @sizeOf(MethodStats);
        try errors.check(c.fork_backend_method_stats(self.handle, method, &raw));
        return raw;
    }

    /// All counters: those of `ForkStats` in camelCase ("bytesSent"), and under "methods" those of `MethodStats` of each method that was
    /// sent ("p50Us"). The caller calls `deinit` of it.
    pub fn metrics(self: *const Fork, allocator: Allocator) Error!std.json.Parsed(std.json.Value) {
        const raw = try self.metricsJson(allocator);
        defer allocator.free(raw);
        return std.json.parseFromSlice(std.json.Value, allocator, raw, .{ .allocate = .alloc_always }) catch |failure| switch (failure) {
            error.OutOfMemory => error.OutOfMemory,
            else => error.Internal,
        };
    }

    /// The same as the library writes it. The caller frees it.
    pub fn metricsJson(self: *const Fork, allocator: Allocator) Error![:0]u8 {
        return memory.readTextAbout(allocator, 4 << 10, c.fork_backend_metrics_json, .{self.handle});
    }

    /// Forgets everything that was fetched and is held in memory. Open requests stay open; the persistent cache and recordings stay too.
    pub fn clearCache(self: *const Fork) Error!void {
        return errors.check(c.fork_backend_clear_cache(self.handle));
    }

    /// Everything queued as one JSON-RPC body to POST as it is, at most `max_requests` (0: the fork's batch size). NoPendingRequest when
    /// nothing is queued. The caller frees the body.
    pub fn nextBatch(self: *const Fork, allocator: Allocator, max_requests: usize) Error!Batch {
        var batch: Batch = .{ .id = 0, .body = &.{}, .count = 0 };
        errdefer allocator.free(batch.body);
        while (true) {
            var length: usize = 0;
            const status = c.fork_backend_next_batch(self.handle, max_requests, &batch.id, batch.body.ptr, batch.body.len, &length, &batch.count);
            if (status != c.STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL) {
                try errors.check(status);
                batch.body = try allocator.realloc(batch.body, length);
                return batch;
            }
            batch.body = try allocator.realloc(batch.body, length + 1);
        }
    }

    pub const Batch = struct { id: u64, body: []u8, count: usize };

    /// Hands back the node's answer to a batch, as it came.
    pub fn continueBatch(self: *const Fork, id: u64, body: []const u8) Error!void {
        return errors.check(c.fork_backend_continue_batch(self.handle, id, body.ptr, body.len));
    }

    /// Says that a batch as a whole failed: an HTTP status or 0, and what happened.
    pub fn failBatch(self: *const Fork, id: u64, status: u16, message: [*:0]const u8) Error!void {
        return errors.check(c.fork_backend_fail_batch(self.handle, id, status, message));
    }

    pub fn carries(self: *const Fork) bool {
        return self.carrier != null;
    }

    /// Lets the transport carry what is queued. Returns how many bodies that were. A thread that comes while another one carries waits for
    /// it. InvalidState without a transport, or when the wait was cancelled.
    pub fn serve(self: *Fork) Error!usize {
        const carrier = if (self.carrier) |*there| there else return error.InvalidState;
        carrier.carrying.lock(carrier.io) catch return error.InvalidState;
        defer carrier.carrying.unlock(carrier.io);
        var bodies: usize = 0;
        while (true) : (bodies += 1) {
            const batch = self.nextBatch(carrier.allocator, 0) catch |failure| switch (failure) {
                error.NoPendingRequest => return bodies,
                else => return failure,
            };
            defer carrier.allocator.free(batch.body);
            try self.carry(carrier, batch);
        }
    }

    fn carry(self: *Fork, carrier: *Carrier, batch: Batch) Error!void {
        try pause(carrier);
        defer _ = carrier.carried.fetchAdd(1, .release);
        var text: [512]u8 = undefined;
        const answer = carrier.transport.post(carrier.transport.context, carrier.allocator, batch.body) catch |failure| {
            carrier.failures +|= 1;
            // In words by which the library knows that this may pass.
            const message = std.fmt.bufPrintSentinel(&text, "the connection returned no answer: {t}", .{failure}, 0) catch unreachable;
            return self.failBatch(batch.id, 0, message);
        };
        defer carrier.allocator.free(answer.body);
        if (answer.status < 200 or answer.status > 299) {
            if (answer.status == 408 or answer.status == 429 or answer.status >= 500) carrier.failures +|= 1;
            carrier.retry_after_ms = answer.retry_after_ms;
            const message = std.fmt.bufPrintSentinel(&text, "HTTP {d}", .{answer.status}, 0) catch unreachable;
            return self.failBatch(batch.id, answer.status, message);
        }
        if (self.continueBatch(batch.id, answer.body)) |_| {
            carrier.failures = 0;
        } else |failure| {
            carrier.failures +|= 1;
            const why = errors.lastErrorOf(self.handle, &carrier.refusal);
            // Where it was no JSON at all, such as a proxy's page, the batch is still open: the next read asks again.
            self.failBatch(batch.id, 502, "an answer that makes no sense") catch |closed| if (closed != error.InvalidRequest) return closed;
            if (failure != error.InvalidRequest) return; // what was missing is queued again
            carrier.refusal_length = why.len;
            return failure;
        }
    }

    /// After failures: random, up to a limit that doubles with each.
    fn pause(carrier: *Carrier) Error!void {
        if (carrier.failures == 0) return;
        const limit = @min(carrier.backoff_initial_ms << (carrier.failures - 1), carrier.backoff_max_ms);
        var drawn: [8]u8 = undefined;
        carrier.io.random(&drawn);
        const ms = @max(std.mem.readInt(u64, &drawn, .little) % (limit + 1), carrier.retry_after_ms);
        carrier.retry_after_ms = 0;
        carrier.io.sleep(.fromMilliseconds(@intCast(ms)), .awake) catch return error.InvalidState;
    }

    /// One thread's wait for what it lacks.
    pub const Waiter = struct {
        carried: u64 = 0,
        idle: u2 = 0,
    };

    /// Whether to call again: what was missing has been asked for, or something came meanwhile.
    pub fn wait(self: *Fork, waiter: *Waiter) Error!bool {
        if (self.carrier == null) return false;
        self.carrier.?.refusal_length = 0;
        _ = try self.serve();
        const carried = self.carrier.?.carried.load(.acquire);
        waiter.idle = if (carried == waiter.carried) waiter.idle + 1 else 0;
        waiter.carried = carried;
        return waiter.idle < 2;
    }

    /// A call that is repeated when the transport has brought what it needs.
    pub fn reading(self: *Fork, function: anytype, arguments: anytype) Error!void {
        var waiter: Waiter = .{};
        if (self.carrier) |*carrier| carrier.refusal_length = 0;
        while (true) {
            const status = @call(.auto, function, arguments);
            if (status != c.STATE_MANAGER_ERROR_RPC_PENDING or !try self.wait(&waiter)) return errors.check(status);
        }
    }
};
