//! What forks keep, check and tell, of a real node.

const std = @import("std");
const ws = @import("worldstate");
const Node = @import("node.zig").Node;
const Opened = @import("node.zig").Opened;
const alice = @import("node.zig").alice;
const bob = @import("node.zig").bob;
const contract = @import("node.zig").contract;
const options = @import("node.zig").options;

const testing = std.testing;
const a = testing.allocator;

/// The path of a file in a temporary directory.
fn pathIn(directory: *testing.TmpDir, name: []const u8) ![:0]u8 {
    return std.fmt.allocPrintSentinel(a, ".zig-cache/tmp/{s}/{s}", .{ directory.sub_path, name }, 0);
}

test "the persistent cache survives, and answers offline" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    const hash = try node.hash();
    const block = ws.wordText(hash) ++ [_:0]u8{};
    for ([_]bool{ false, true }) |own_client| {
        var directory = testing.tmpDir(.{});
        defer directory.cleanup();
        const cache = try pathIn(&directory, "cache");
        defer a.free(cache);
        var given = options(&node, own_client);
        given.block, given.cache_dir, given.chain_id, given.network = .{ &block, cache, 77, "a node of one test" };
        {
            var first: Opened = undefined;
            try first.open(given);
            defer first.close();
            try first.readAll();
            try first.fork.flush();
            try testing.expect((try first.fork.stats()).stored_writes > 0);
        }
        {
            var second: Opened = undefined;
            try second.open(given);
            defer second.close();
            try second.readAll();
            const stats = try second.fork.stats();
            try testing.expectEqual(0, stats.requests);
            try testing.expect(stats.stored_hits > 0);
        }
        const without: ws.ForkOptions = .{ .offline = true, .block = &block, .cache_dir = cache, .chain_id = 77, .network = given.network };
        var other = without;
        other.network = "another one";
        if (ws.Fork.init(other)) |opened| {
            var fork = opened;
            defer fork.deinit();
            try testing.expectError(error.Offline, fork.block());
        } else |failure| try testing.expectEqual(error.Offline, failure);
        var offline: Opened = undefined;
        try offline.open(without);
        defer offline.close();
        try offline.readAll();
        try testing.expectError(error.Offline, offline.state.balance(bob));
        var buffer: [512]u8 = undefined;
        try testing.expect(std.ascii.findIgnoreCase(offline.state.lastError(&buffer), &ws.addressText(bob)) != null);
    }
    var fork = try ws.Fork.init(.{ .url = node.url() });
    defer fork.deinit();
    try testing.expectError(error.InvalidState, fork.flush());
}

test "recordings are replayed without a node" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    const block = ws.wordText(try node.hash()) ++ [_:0]u8{};
    for ([_]bool{ false, true }) |own_client| {
        var directory = testing.tmpDir(.{});
        defer directory.cleanup();
        const file = try pathIn(&directory, "recording");
        defer a.free(file);
        var given = options(&node, own_client);
        given.block = &block;
        {
            var recorded: Opened = undefined;
            try recorded.open(given);
            defer recorded.close();
            try recorded.readAll();
            try recorded.fork.exportRecording(file);
        }
        {
            var replayed: Opened = undefined;
            try replayed.open(.{ .recording = file, .offline = true });
            defer replayed.close();
            try replayed.readAll();
            try testing.expectError(error.Offline, replayed.state.balance(bob));
        }
        var imported: Opened = undefined;
        try imported.open(given);
        defer imported.close();
        try imported.fork.importRecording(file);
        const before = (try imported.fork.stats()).requests;
        try imported.readAll();
        try testing.expectEqual(before, (try imported.fork.stats()).requests);

        const whole = try directory.dir.readFileAlloc(testing.io, "recording", a, .limited(1 << 20));
        defer a.free(whole);
        whole[whole.len / 2] ^= 1;
        try directory.dir.writeFile(testing.io, .{ .sub_path = "recording", .data = whole });
        try testing.expectError(error.Cache, imported.fork.importRecording(file));
        const inside = try pathIn(&directory, "recording/inside a file");
        defer a.free(inside);
        try testing.expectError(error.Cache, imported.fork.exportRecording(inside));
    }
}

/// Carries to a node, and tells that slot 1 holds 21.
const Liar = struct {
    node: *Node,
    lies: bool = true,

    fn post(context: *anyopaque, allocator: std.mem.Allocator, body: []const u8) anyerror!ws.Transport.Answer {
        const self: *Liar = @ptrCast(@alignCast(context));
        const carrier = self.node.http.transport();
        const answer = try carrier.post(carrier.context, allocator, body);
        if (!self.lies) return answer;
        defer allocator.free(answer.body);
        return .{ .body = try std.mem.replaceOwned(u8, allocator, answer.body, "\"0x14\"", "\"0x15\"") };
    }
};

test "answers are checked" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    const hash = try node.hash();
    const header = try node.rpc("eth_getBlockByNumber", "\"latest\",false");
    defer a.free(header);
    const root = try ws.verifyHeader(hash, header);
    const block = ws.wordText(hash) ++ [_:0]u8{};
    for ([_]ws.Verification{ .{ .state_root = root }, .{ .block_hash = hash }, .block }) |verify| {
        for ([_]bool{ false, true }) |own_client| {
            var given = options(&node, own_client);
            given.block, given.verify = .{ &block, verify };
            var checked: Opened = undefined;
            try checked.open(given);
            defer checked.close();
            try checked.readAll();
            const stats = try checked.fork.stats();
            try testing.expect(stats.verified > 2 and stats.proof_nodes > 0 and stats.proof_bytes > stats.proof_nodes);
            try testing.expectEqual(0, stats.verify_failures);
        }
        var liar: Liar = .{ .node = &node };
        var deceived: Opened = undefined;
        try deceived.open(.{
            .transport = .{ .context = &liar, .post = Liar.post },
            .io = testing.io,
            .allocator = a,
            .block = &block,
            .verify = verify,
        });
        defer deceived.close();
        try testing.expectError(error.ProofInvalid, deceived.state.storage(contract, ws.wordOf(1)));
        var buffer: [512]u8 = undefined;
        try testing.expect(std.ascii.findIgnoreCase(deceived.state.lastError(&buffer), &ws.addressText(contract)) != null);
        const stats = try deceived.fork.stats();
        try testing.expect(stats.verify_failures > 0 and stats.slots == 0);
        liar.lies = false;
        try deceived.readAll();
    }
}

/// Counts the lines that it is told.
const Listener = struct {
    lines: std.EnumArray(Level, std.atomic.Value(usize)) = .initFill(.init(0)),
    strange: std.atomic.Value(usize) = .init(0),

    const Level = enum { err, warn, info, debug };

    pub fn log(self: *Listener, level: ws.LogLevel, text: []const u8) void {
        const known: Level = switch (level) {
            .err => .err,
            .warn => .warn,
            .info => .info,
            .debug => .debug,
            _ => return self.surprise(),
        };
        if (text.len == 0 or std.mem.findAny(u8, text, "\n\x00") != null) self.surprise();
        _ = self.lines.getPtr(known).fetchAdd(1, .monotonic);
    }

    fn surprise(self: *Listener) void {
        _ = self.strange.fetchAdd(1, .monotonic);
    }
};

test "what happens is told" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    for ([_]bool{ false, true }) |own_client| {
        var listener: Listener = .{};
        var given = options(&node, own_client);
        given.log = .to(&listener, .debug);
        var opened: Opened = undefined;
        try opened.open(given);
        defer opened.close();
        try opened.readAll();
        const bodies = (try opened.fork.stats()).bodies;
        try testing.expect(bodies > 0 and listener.lines.get(.debug).load(.monotonic) >= bodies);
        try testing.expect(listener.lines.get(.info).load(.monotonic) > 0);
        try testing.expectEqual(0, listener.strange.load(.monotonic));
    }
}

test "another chain, and a block that is not there" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try testing.expectError(error.WrongChain, ws.Fork.init(.{ .url = node.url(), .chain_id = 1 }));
    var buffer: [512]u8 = undefined;
    try testing.expect(std.mem.find(u8, ws.lastThreadError(&buffer), "77") != null);
    try testing.expectError(error.BlockNotFound, ws.Fork.init(.{ .url = node.url(), .block = "12345" }));
    var given = options(&node, true);
    given.chain_id = 1;
    var opened: Opened = undefined;
    try opened.open(given);
    defer opened.close();
    try testing.expectError(error.WrongChain, opened.state.balance(alice));
}

test "every way to prefetch costs one body" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    const one = comptime "\"0x0000000000000000000000000000000000000000000000000000000000000001\"";
    const list = "[{\"address\":\"0x0000000000000000000000000000000000c0ffee\",\"storageKeys\":[" ++ one ++ "]}," ++
        "{\"address\":\"0x00000000000000000000000000000000000a11ce\",\"storageKeys\":[]}]";
    for ([_]bool{ false, true }) |own_client| {
        var opened: Opened = undefined;
        try opened.open(options(&node, own_client));
        defer opened.close();
        _ = try opened.fork.block();
        for ([_][:0]const u8{ list, "{\"accessList\":" ++ list ++ ",\"gasUsed\":\"0x1\"}" }) |text| {
            try opened.fork.clearCache();
            const before = try opened.fork.stats();
            try opened.fork.prefetchAccessList(text, true);
            const after = try opened.fork.stats();
            try testing.expectEqual(1, after.bodies - before.bodies);
            try opened.readAll();
            try testing.expectEqual(after.requests, (try opened.fork.stats()).requests);
        }
        try opened.fork.clearCache();
        const before = try opened.fork.stats();
        try opened.fork.prefetchRange(contract, ws.wordOf(0), 100);
        const after = try opened.fork.stats();
        try testing.expectEqual(1, after.bodies - before.bodies);
        try testing.expectEqual(100, after.slots);
        try testing.expectEqual(ws.wordOf(0), try opened.state.storage(contract, ws.wordOf(99)));
        try testing.expectEqual(after.requests, (try opened.fork.stats()).requests);
        try testing.expectError(error.InvalidInput, opened.fork.prefetchAccessList("no list", false));
    }
}

test "what each method has cost" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    for ([_]bool{ false, true }) |own_client| {
        var opened: Opened = undefined;
        try opened.open(options(&node, own_client));
        defer opened.close();
        try opened.readAll();
        try opened.readAll();
        const proofs = try opened.fork.methodStats("eth_getProof");
        try testing.expect(proofs.requests >= 2 and proofs.failures == 0 and proofs.bytes_sent > 200 and proofs.bytes_received > 1000);
        try testing.expectEqual(proofs.requests, proofs.count);
        try testing.expect(0 < proofs.p50_us and proofs.p50_us <= proofs.p90_us and proofs.p90_us <= proofs.p99_us);
        try testing.expect(proofs.p99_us <= proofs.max_us and proofs.max_us < 60_000_000);
        try testing.expectEqual(0, (try opened.fork.methodStats("eth_call")).requests);
        const stats = try opened.fork.stats();
        const metrics = try opened.fork.metrics(a);
        defer metrics.deinit();
        const all = metrics.value.object;
        try testing.expect(stats.hits > 0);
        try testing.expectEqual(stats.hits, @as(u64, @intCast(all.get("hits").?.integer)));
        try testing.expectEqual(stats.bytes_received, @as(u64, @intCast(all.get("bytesReceived").?.integer)));
        const one = all.get("methods").?.object.get("eth_getProof").?.object;
        try testing.expectEqual(proofs.bytes_sent, @as(u64, @intCast(one.get("bytesSent").?.integer)));
        try testing.expectEqual(proofs.p50_us, @as(u64, @intCast(one.get("p50Us").?.integer)));
    }
}
