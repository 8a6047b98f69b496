//! A real Ethereum node of one test.

const std = @import("std");
const ws = @import("worldstate");

const testing = std.testing;

pub const contract: ws.Address = @as([17]u8, @splat(0)) ++ [_]u8{ 0xc0, 0xff, 0xee };
pub const bob: ws.Address = @as([18]u8, @splat(0)) ++ [_]u8{ 0x0b, 0x0b };
pub const alice: ws.Address = @as([17]u8, @splat(0)) ++ [_]u8{ 0x0a, 0x11, 0xce };

/// A fork with a state on it.
pub const Opened = struct {
    fork: ws.Fork,
    state: ws.StateManager,

    pub fn open(self: *Opened, given: ws.ForkOptions) !void {
        self.fork = try ws.Fork.init(given);
        errdefer self.fork.deinit();
        self.state = try ws.StateManager.initWithFork(&self.fork);
    }

    pub fn close(self: *Opened) void {
        self.state.deinit();
        self.fork.deinit();
    }

    /// Reads the values of `Node.withContract`.
    pub fn readAll(self: *Opened) !void {
        try testing.expectEqual(7, try self.state.balance(alice));
        try testing.expectEqual(ws.wordOf(20), try self.state.storage(contract, ws.wordOf(1)));
        const code = try self.state.code(testing.allocator, contract);
        defer testing.allocator.free(code);
        try testing.expectEqual(19, code.len);
    }
};

/// The two ways to a node: the library's client, and std.http.
pub fn options(node: *Node, own_client: bool) ws.ForkOptions {
    if (!own_client) return .{ .url = node.url(), .headers = "X-Test: 1" };
    return .{ .transport = node.http.transport(), .io = testing.io, .allocator = testing.allocator };
}

pub const Node = struct {
    child: std.process.Child,
    http: ws.HttpTransport,
    url_buffer: [64]u8,
    url_length: usize,

    /// anvil on a free port, which ends with this program, also when that is killed.
    pub fn start(self: *Node) !void {
        const anvil = testing.environ.getPosix("WORLDSTATE_ANVIL") orelse "../../build/tools/node_modules/.bin/anvil";
        const leashed: []const []const u8 = &.{
            "setpriv", "--pdeathsig", "KILL", anvil, "--host", "127.0.0.1", "--port", "0", "--chain-id", "77",
        };
        self.child = std.process.spawn(testing.io, .{ .argv = leashed, .stdout = .pipe }) catch
            try std.process.spawn(testing.io, .{ .argv = leashed[3..], .stdout = .pipe });
        errdefer self.child.kill(testing.io);
        var buffer: [4096]u8 = undefined;
        var reader = self.child.stdout.?.reader(testing.io, &buffer);
        while (try reader.interface.takeDelimiter('\n')) |line| {
            const mark = "Listening on ";
            if (!std.mem.startsWith(u8, line, mark)) continue;
            const text = try std.fmt.bufPrintSentinel(&self.url_buffer, "http://{s}", .{line[mark.len..]}, 0);
            self.url_length = text.len;
            self.http = .init(testing.allocator, testing.io, self.url(), &.{});
            return;
        }
        return error.NodeDidNotStart;
    }

    pub fn stop(self: *Node) void {
        self.http.deinit();
        self.child.kill(testing.io);
    }

    pub fn url(self: *const Node) [:0]const u8 {
        return self.url_buffer[0..self.url_length :0];
    }

    /// Hash of the newest block.
    pub fn hash(self: *Node) !ws.Word {
        const block = try self.rpc("eth_getBlockByNumber", "\"latest\",false");
        defer testing.allocator.free(block);
        const parsed = try std.json.parseFromSlice(std.json.Value, testing.allocator, block, .{});
        defer parsed.deinit();
        return ws.parseWord(parsed.value.object.get("hash").?.string);
    }

    /// Asks the node without the library: `params` are the inside of a JSON array. The caller frees the answer.
    pub fn rpc(self: *Node, method: []const u8, params: []const u8) ![:0]u8 {
        const a = testing.allocator;
        const body = try std.fmt.allocPrint(a, "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{s}\",\"params\":[{s}]}}", .{ method, params });
        defer a.free(body);
        const carrier = self.http.transport();
        const answer = try carrier.post(carrier.context, a, body);
        defer a.free(answer.body);
        const parsed = try std.json.parseFromSlice(std.json.Value, a, answer.body, .{});
        defer parsed.deinit();
        const result = parsed.value.object.get("result") orelse {
            std.debug.print("{s}: {s}\n", .{ method, answer.body });
            return error.NodeRefused;
        };
        if (result == .string) return a.dupeSentinel(u8, result.string, 0);
        const text = try std.json.Stringify.valueAlloc(a, result, .{});
        defer a.free(text);
        return a.dupeSentinel(u8, text, 0);
    }

    /// A contract that returns slot 0 + slot 1 + the balance of its caller, and keeps that in slot 2.
    pub fn withContract(self: *Node) !void {
        const at = "\"0x0000000000000000000000000000000000c0ffee\"";
        const word = "\"0x00000000000000000000000000000000000000000000000000000000000000";
        for ([_][2][]const u8{
            .{ "anvil_setCode", at ++ ",\"0x5f5460015401333101806002555f5260205ff3\"" },
            .{ "anvil_setStorageAt", at ++ ",\"0x0\"," ++ word ++ "0a\"" },
            .{ "anvil_setStorageAt", at ++ ",\"0x1\"," ++ word ++ "14\"" },
            .{ "anvil_setBalance", at ++ ",\"0x2a\"" },
            .{ "anvil_setNonce", at ++ ",\"0x5\"" },
            .{ "anvil_setBalance", "\"0x00000000000000000000000000000000000a11ce\",\"0x7\"" },
            .{ "anvil_mine", "\"0x3\"" },
        }) |call| testing.allocator.free(try self.rpc(call[0], call[1]));
    }
};
