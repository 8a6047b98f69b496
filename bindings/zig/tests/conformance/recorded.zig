//! A node as data: what it answers to which request.

const std = @import("std");
const ws = @import("worldstate");
const json = @import("json.zig");

const Value = std.json.Value;

pub const Recorded = struct {
    a: std.mem.Allocator,
    replies: std.json.Array,

    pub fn open(self: *Recorded, a: std.mem.Allocator, io: std.Io, data: Value) !ws.Fork {
        try json.only(data, &.{ "options", "replies" });
        self.* = .{ .a = a, .replies = data.object.get("replies").?.array };
        var options: ws.ForkOptions = .{
            .transport = .{ .context = self, .post = post },
            .io = io,
            .allocator = a,
            .backoff_initial_ms = 1,
            .backoff_max_ms = 1,
        };
        const given = if (data.object.get("options")) |given| given.object else return ws.Fork.init(options);
        for (given.keys(), given.values()) |key, value| {
            if (std.mem.eql(u8, key, "block")) {
                options.block = try a.dupeSentinel(u8, value.string, 0);
            } else if (std.mem.eql(u8, key, "accountSource")) {
                options.account_source = std.meta.stringToEnum(ws.AccountSource, value.string) orelse return error.UnknownKey;
            } else if (std.mem.eql(u8, key, "maxAttempts")) {
                options.max_attempts = @intCast(value.integer);
            } else if (std.mem.eql(u8, key, "maxBatch")) {
                options.max_batch = @intCast(value.integer);
            } else if (std.mem.eql(u8, key, "maxCacheSize")) {
                options.max_cache_size = @intCast(value.integer);
            } else if (std.mem.eql(u8, key, "maxSlotsPerRequest")) {
                options.max_slots_per_request = @intCast(value.integer);
            } else if (std.mem.eql(u8, key, "chainId")) {
                options.chain_id = @intCast(value.integer);
            } else if (std.mem.eql(u8, key, "verify")) {
                options.verify = try verification(value);
            } else return error.UnknownKey;
        }
        return ws.Fork.init(options);
    }

    fn verification(given: Value) !ws.Verification {
        try json.only(given, &.{ "blockHash", "stateRoot" });
        if (given.object.get("blockHash")) |hash| return .{ .block_hash = try ws.parseWord(hash.string) };
        if (given.object.get("stateRoot")) |root| return .{ .state_root = try ws.parseWord(root.string) };
        return error.MissingArgument;
    }

    fn post(context: *anyopaque, allocator: std.mem.Allocator, body: []const u8) anyerror!ws.Transport.Answer {
        const self: *Recorded = @ptrCast(@alignCast(context));
        const asked = try json.parse(self.a, body);
        if (asked == .object) return .{ .body = try std.json.Stringify.valueAlloc(allocator, try self.answer(asked), .{}) };
        var answers: std.json.Array = .init(self.a);
        for (asked.array.items) |one| try answers.append(try self.answer(one));
        return .{ .body = try std.json.Stringify.valueAlloc(allocator, Value{ .array = answers }, .{}) };
    }

    /// The first reply to this request, which is used up where there is another.
    fn answer(self: *Recorded, request: Value) !Value {
        const id = .{ "id", request.object.get("id").? };
        const version = .{ "jsonrpc", Value{ .string = "2.0" } };
        var found: ?usize = null;
        var more = false;
        for (self.replies.items, 0..) |reply, i| {
            if (!json.same(reply.object.get("method").?, request.object.get("method").?, false)) continue;
            if (!json.same(reply.object.get("params").?, request.object.get("params").?, false)) continue;
            if (found != null) more = true else found = i;
        }
        const index = found orelse {
            const none = try json.object(self.a, .{ .{ "code", Value{ .integer = -32601 } }, .{ "message", Value{ .string = "no such reply" } } });
            return json.object(self.a, .{ version, id, .{ "error", none } });
        };
        const reply = if (more) self.replies.orderedRemove(index) else self.replies.items[index];
        if (reply.object.get("error")) |refused| return json.object(self.a, .{ version, id, .{ "error", refused } });
        return json.object(self.a, .{ version, id, .{ "result", reply.object.get("result").? } });
    }
};
