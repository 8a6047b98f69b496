//! Forks of a real node, carried by the library and by std.http.

const std = @import("std");
const ws = @import("worldstate");
const Node = @import("node.zig").Node;
const alice = @import("node.zig").alice;
const contract = @import("node.zig").contract;
const options = @import("node.zig").options;

const testing = std.testing;
const a = testing.allocator;

test "forks of a real node" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    for ([_]bool{ false, true }) |own_client| {
        var fork = try ws.Fork.init(options(&node, own_client));
        defer fork.deinit();
        const state = try ws.StateManager.initWithFork(&fork);
        defer state.deinit();
        const block = try fork.block();
        try testing.expectEqual(77, block.chain_id);
        try testing.expectEqual(3, block.number);
        try testing.expectEqual(block.hash, try state.blockHash(3));
        try testing.expectEqual(42, try state.balance(contract));
        try testing.expectEqual(5, try state.nonce(contract));
        try testing.expectEqual(ws.wordOf(20), try state.storage(contract, ws.wordOf(1)));
        const code = try state.code(a, contract);
        defer a.free(code);
        try testing.expectEqual(19, code.len);
        const header = try node.rpc("eth_getBlockByNumber", "\"0x3\",false");
        defer a.free(header);
        try testing.expectEqual(try ws.verifyHeader(block.hash, header), try state.stateRoot());

        try state.checkpoint();
        try state.setStorage(contract, ws.wordOf(0), ws.wordOf(0));
        const dump = try state.dump(a, .genesis_alloc);
        defer a.free(dump);
        const changes = try state.changes(a, null);
        defer changes.deinit();
        try testing.expectEqual(ws.wordOf(10), changes.storage[0].original_value);
        try state.revert();
        try testing.expectEqual(ws.wordOf(10), try state.storage(contract, ws.wordOf(0)));

        var slots: [300]ws.Word = undefined;
        for (&slots, 0..) |*slot, i| slot.* = ws.wordOf(i);
        const addresses: [300]ws.Address = @splat(contract);
        try fork.prefetch(&.{contract}, &.{slots.len}, &slots, true);
        const before = try fork.stats();
        var values: [300]ws.Word = undefined;
        try state.storageBatch(&addresses, &slots, &values);
        try testing.expectEqual(ws.wordOf(20), values[1]);
        try testing.expectEqual(before.requests, (try fork.stats()).requests);
        try testing.expect(before.bodies <= 9);
        const accounts = try state.accounts(a, &.{ alice, contract });
        defer a.free(accounts);
        try testing.expectEqual(7, accounts[0].balance);
        try fork.clearCache();
        try state.clearForkCache();
        try testing.expectEqual(0, (try fork.stats()).slots);
        try testing.expectError(error.InvalidInput, fork.prefetch(&.{contract}, &.{2}, slots[0..1], false));
    }
}

test "a transaction as the node executes it" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    const transaction = "{\"from\":\"0x00000000000000000000000000000000000a11ce\",\"to\":\"0x0000000000000000000000000000000000c0ffee\",\"gas\":\"0x186a0\"}";
    const want = try node.rpc("eth_call", transaction ++ ",\"latest\"");
    defer a.free(want);
    for ([_]bool{ false, true }) |own_client| for ([_]ws.RunAhead{ .off, .on, .access_list, .prestate }) |run_ahead| {
        var fork = try ws.Fork.init(options(&node, own_client));
        defer fork.deinit();
        const state = try ws.StateManager.initWithFork(&fork);
        defer state.deinit();
        var evm = try ws.Evm.init(state, .{ .chain_id = 77, .run_ahead = run_ahead });
        defer evm.deinit();
        try evm.setTransaction(transaction);
        const result = try evm.execute(a, null, .commit);
        defer result.deinit();
        try testing.expectEqualStrings(want, &ws.wordText(result.output[0..32].*));
        try testing.expectEqualStrings(want, &ws.wordText(try state.storage(contract, ws.wordOf(2))));
    };
}

/// Carries to a real node, but for what `fails` makes of it.
const Troubled = struct {
    node: *Node,
    bodies: usize = 0,
    fails: *const fn (body: usize, allocator: std.mem.Allocator) anyerror!?ws.Transport.Answer,

    fn transport(self: *Troubled) ws.Transport {
        return .{ .context = self, .post = post };
    }

    fn post(context: *anyopaque, allocator: std.mem.Allocator, body: []const u8) anyerror!ws.Transport.Answer {
        const self: *Troubled = @ptrCast(@alignCast(context));
        self.bodies += 1;
        if (try self.fails(self.bodies, allocator)) |answer| return answer;
        const carrier = self.node.http.transport();
        return carrier.post(carrier.context, allocator, body);
    }
};

fn breaks(body: usize, _: std.mem.Allocator) anyerror!?ws.Transport.Answer {
    return if (body % 2 == 1) error.EndOfStream else null;
}
fn busy(body: usize, allocator: std.mem.Allocator) anyerror!?ws.Transport.Answer {
    return if (body % 2 == 1) .{ .status = 429, .body = try allocator.dupe(u8, ""), .retry_after_ms = 5 } else null;
}
fn empty(body: usize, allocator: std.mem.Allocator) anyerror!?ws.Transport.Answer {
    return if (body % 2 == 1) .{ .body = try allocator.dupe(u8, "[]") } else null;
}
fn refused(_: usize, allocator: std.mem.Allocator) anyerror!?ws.Transport.Answer {
    return .{ .status = 401, .body = try allocator.dupe(u8, "") };
}
fn nonsense(body: usize, allocator: std.mem.Allocator) anyerror!?ws.Transport.Answer {
    return if (body == 2) .{ .body = try allocator.dupe(u8, "<html>") } else null;
}
fn fine(_: usize, _: std.mem.Allocator) anyerror!?ws.Transport.Answer {
    return null;
}

test "what may pass is sent again" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    for ([_]@FieldType(Troubled, "fails"){ breaks, busy, empty }) |fails| {
        var troubled: Troubled = .{ .node = &node, .fails = fails };
        var fork = try ws.Fork.init(.{ .transport = troubled.transport(), .io = testing.io, .allocator = a, .backoff_initial_ms = 1 });
        defer fork.deinit();
        const state = try ws.StateManager.initWithFork(&fork);
        defer state.deinit();
        try testing.expectEqual(ws.wordOf(20), try state.storage(contract, ws.wordOf(1)));
        try testing.expect((try fork.stats()).retries > 0);
    }
}

test "what does not pass fails the read, and the next one asks anew" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    for ([_]@FieldType(Troubled, "fails"){refused}) |fails| {
        var troubled: Troubled = .{ .node = &node, .fails = fails };
        var fork = try ws.Fork.init(.{
            .transport = troubled.transport(),
            .io = testing.io,
            .allocator = a,
            .backoff_initial_ms = 1,
            .max_attempts = 2,
        });
        defer fork.deinit();
        const state = try ws.StateManager.initWithFork(&fork);
        defer state.deinit();
        try testing.expectError(error.RpcFailed, state.balance(contract));
        var buffer: [256]u8 = undefined;
        const text = state.lastError(&buffer);
        try testing.expect(std.mem.find(u8, text, "401") != null);
        troubled.fails = fine;
        try testing.expectEqual(42, try state.balance(contract));
    }
}

test "an answer that makes no sense fails the read, and the next one asks anew" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    var troubled: Troubled = .{ .node = &node, .fails = nonsense };
    var fork = try ws.Fork.init(.{ .transport = troubled.transport(), .io = testing.io, .allocator = a, .backoff_initial_ms = 1 });
    defer fork.deinit();
    const state = try ws.StateManager.initWithFork(&fork);
    defer state.deinit();
    _ = try fork.block();
    try testing.expectError(error.InvalidRequest, state.balance(contract));
    var buffer: [256]u8 = undefined;
    try testing.expect(std.mem.find(u8, state.lastError(&buffer), "<html>") != null);
    try testing.expectEqual(42, try state.balance(contract));
    try testing.expectError(error.NoCheckpoint, state.revert());
}

test "threads on one fork share bodies" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    var troubled: Troubled = .{ .node = &node, .fails = slow };
    var fork = try ws.Fork.init(.{ .transport = troubled.transport(), .io = testing.io, .allocator = std.heap.smp_allocator });
    defer fork.deinit();
    _ = try fork.block();
    var threads: [30]std.Thread = undefined;
    var wrong: std.atomic.Value(usize) = .init(0);
    for (&threads, 0..) |*thread, i| thread.* = try std.Thread.spawn(.{}, readSlot, .{ &fork, i, &wrong });
    for (threads) |thread| thread.join();
    try testing.expectEqual(0, wrong.load(.monotonic));
    try testing.expect(troubled.bodies < 10);
}

fn slow(_: usize, _: std.mem.Allocator) anyerror!?ws.Transport.Answer {
    try testing.io.sleep(.fromMilliseconds(50), .awake);
    return null;
}

fn readSlot(fork: *ws.Fork, slot: usize, wrong: *std.atomic.Value(usize)) void {
    const values = [_]u256{ 10, 20 };
    const state = ws.StateManager.initWithFork(fork) catch return;
    defer state.deinit();
    const value = state.storage(contract, ws.wordOf(slot)) catch ws.wordOf(999);
    if (ws.numberOf(value) != if (slot < values.len) values[slot] else 0) _ = wrong.fetchAdd(1, .monotonic);
}

test "the program carries by itself" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    var fork = try ws.Fork.init(.{});
    defer fork.deinit();
    const state = try ws.StateManager.initWithFork(&fork);
    try testing.expectError(error.InvalidState, fork.serve());
    const carrier = node.http.transport();
    var rounds: usize = 0;
    const balance = while (rounds < 10) : (rounds += 1) {
        if (state.balance(contract)) |wei| break wei else |failure| if (failure != error.RpcPending) return failure;
        const batch = try fork.nextBatch(a, 0);
        defer a.free(batch.body);
        if (rounds == 0) {
            try fork.failBatch(batch.id, 503, "maintenance");
            continue;
        }
        const answer = try carrier.post(carrier.context, a, batch.body);
        defer a.free(answer.body);
        try fork.continueBatch(batch.id, answer.body);
    } else return error.NeverAnswered;
    try testing.expectEqual(42, balance);
    try testing.expectError(error.NoPendingRequest, fork.nextBatch(a, 0));
    try testing.expectError(error.InvalidRequest, fork.continueBatch(1000, "[]"));
    state.deinit();
}

test "options that make no sense, and nodes that are not there" {
    var http: ws.HttpTransport = .init(a, testing.io, "http://127.0.0.1:1", &.{});
    defer http.deinit();
    try testing.expectError(error.InvalidInput, ws.Fork.init(.{ .block = "pending" }));
    try testing.expectError(error.InvalidInput, ws.Fork.init(.{ .transport = http.transport(), .url = "http://127.0.0.1:1" }));
    try testing.expectError(error.InvalidInput, ws.Fork.init(.{ .transport = http.transport() }));
    for ([_]ws.ForkOptions{
        .{ .max_concurrent = 1 },
        .{ .requests_per_second = 1 },
        .{ .compute_units_per_second = 1 },
        .{ .offline = true },
        .{ .network = "mine" },
        .{ .block = "latest", .verify = .block },
        .{ .verify = .{ .state_root = ws.wordOf(1) }, .account_source = .fields },
    }) |wrong| try testing.expectError(error.InvalidInput, ws.Fork.init(wrong));
    try testing.expectError(error.RpcFailed, ws.Fork.init(.{ .url = "http://127.0.0.1:1", .max_attempts = 1 }));
    var buffer: [256]u8 = undefined;
    try testing.expect(std.mem.find(u8, ws.lastThreadError(&buffer), "127.0.0.1:1") != null);
    var fork = try ws.Fork.init(.{ .transport = http.transport(), .io = testing.io, .allocator = a, .max_attempts = 2, .backoff_initial_ms = 1 });
    defer fork.deinit();
    const state = try ws.StateManager.initWithFork(&fork);
    defer state.deinit();
    try testing.expectError(error.RpcFailed, state.balance(alice));
    try testing.expect(std.mem.find(u8, state.lastError(&buffer), "ConnectionRefused") != null);
}
