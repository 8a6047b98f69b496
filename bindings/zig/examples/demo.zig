//! The main job on a real chain: fork it, read many slots at once, simulate a transfer of tokens, look at what it would change, and take it
//! back. The scene says what is worth reading; tools/demo/chain.mjs writes it.
//!
//!     demo URL SCENE

const std = @import("std");
const ws = @import("worldstate");

const Allocator = std.mem.Allocator;

const Scene = struct {
    token: ws.Address = @splat(0),
    bob: ws.Address = @splat(0),
    dave: ws.Address = @splat(0),
    names: std.ArrayList([]const u8) = .empty,
    slots: std.ArrayList(ws.Word) = .empty,

    fn read(a: Allocator, io: std.Io, path: []const u8) !Scene {
        var scene: Scene = .{};
        var lines = std.mem.tokenizeScalar(u8, try std.Io.Dir.cwd().readFileAlloc(io, path, a, .limited(1 << 20)), '\n');
        while (lines.next()) |line| {
            var words = std.mem.tokenizeScalar(u8, line, ' ');
            const kind = words.next().?;
            const name = words.next().?;
            const value = words.next().?;
            if (std.mem.eql(u8, kind, "contract")) scene.token = try ws.parseAddress(value);
            if (std.mem.eql(u8, name, "bob")) scene.bob = try ws.parseAddress(value);
            if (std.mem.eql(u8, name, "dave")) scene.dave = try ws.parseAddress(value);
            if (std.mem.eql(u8, kind, "slot")) {
                try scene.names.append(a, name);
                try scene.slots.append(a, try ws.parseWord(value));
            }
        }
        return scene;
    }

    /// Reads all slots in one call.
    fn balances(self: Scene, a: Allocator, state: ws.StateManager) ![]ws.Word {
        const addresses = try a.alloc(ws.Address, self.slots.items.len);
        @memset(addresses, self.token);
        const values = try a.alloc(ws.Word, addresses.len);
        try state.storageBatch(addresses, self.slots.items, values);
        return values;
    }
};

pub fn main(init: std.process.Init) !u8 {
    const a = init.arena.allocator();
    const arguments = try init.minimal.args.toSlice(a);
    if (arguments.len != 3) {
        std.debug.print("usage: demo URL SCENE\n", .{});
        return 2;
    }
    var buffer: [4096]u8 = undefined;
    var stdout = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    const out = &stdout.interface;

    const scene = try Scene.read(a, init.io, arguments[2]);
    var http: ws.HttpTransport = .init(init.gpa, init.io, arguments[1], &.{});
    defer http.deinit();
    var fork = try ws.Fork.init(.{ .transport = http.transport(), .io = init.io, .allocator = init.gpa });
    defer fork.deinit();
    const state = try ws.StateManager.initWithFork(&fork);
    defer state.deinit();
    const block = try fork.block();
    try out.print("chain {d}, forked at block {d}, over std.http.Client\n\n", .{ block.chain_id, block.number });

    const before = try scene.balances(a, state);
    var evm = try ws.Evm.init(state, .{ .chain_id = block.chain_id, .run_ahead = .on });
    defer evm.deinit();
    try evm.setTransaction(try std.fmt.allocPrintSentinel(a, "{{\"from\":\"{s}\",\"to\":\"{s}\",\"input\":\"0xa9059cbb{s}{x}\"}}", .{
        ws.addressText(scene.bob),
        ws.addressText(scene.token),
        "000000000000000000000000" ++ ws.addressText(scene.dave)[2..],
        &ws.wordOf(5 * 1_000_000_000_000_000_000),
    }, 0));
    const result = try evm.execute(a, null, .checkpoint);
    const after = try scene.balances(a, state);
    const changes = try state.changes(a, null);
    try state.revert();
    const back = try scene.balances(a, state);

    try out.print("{s:>23} {s:>14} {s:>23} {s:>11}\n", .{ "WST", "on the chain", "after bob sends dave 5", "taken back" });
    for (scene.names.items, before, after, back) |name, one, two, three| {
        try out.print("{s:>23} {d:>14} {d:>23} {d:>11}\n", .{ name, tokens(one), tokens(two), tokens(three) });
    }
    const stats = try fork.stats();
    try out.print("\nthe transfer: {t}, {d} gas, {d} log, {d} slots and {d} nonce changed\n", .{
        result.status, result.gas_used, result.logs.len, changes.storage.len, changes.nonces.len,
    });
    try out.print("all of it: {d} JSON-RPC requests in {d} HTTP bodies\n", .{ stats.requests, stats.bodies });
    try out.flush();
    return 0;
}

/// An amount in whole tokens.
fn tokens(amount: ws.Word) u256 {
    return ws.numberOf(amount) / 1_000_000_000_000_000_000;
}
