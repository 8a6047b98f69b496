//! A store as data, which notes what it is asked.

const std = @import("std");
const ws = @import("worldstate");
const json = @import("json.zig");

const Allocator = std.mem.Allocator;
const Value = std.json.Value;

pub const Store = struct {
    a: Allocator,
    data: std.json.ObjectMap,
    questions: std.array_hash_map.String(void) = .empty,

    fn ask(self: *Store, comptime question: []const u8, arguments: anytype) !void {
        try self.questions.put(self.a, try std.fmt.allocPrint(self.a, question, arguments), {});
        if (self.data.contains("fails")) return error.Fails;
    }

    pub fn errorText(self: *Store) []const u8 {
        return self.data.get("fails").?.string;
    }

    /// What was asked, sorted.
    pub fn asked(self: *Store) !Value {
        var list: std.json.Array = .init(self.a);
        for (self.questions.keys()) |question| try list.append(.{ .string = question });
        std.mem.sort(Value, list.items, {}, before);
        return .{ .array = list };
    }

    fn before(_: void, one: Value, other: Value) bool {
        return std.mem.lessThan(u8, one.string, other.string);
    }

    fn field(self: *Store, address: ws.Address, name: []const u8) ?Value {
        const accounts = self.data.get("accounts") orelse return null;
        const account = accounts.object.get(&ws.addressText(address)) orelse return null;
        return account.object.get(name);
    }

    pub fn storage(self: *Store, _: Allocator, address: ws.Address, slot: ws.Word) !ws.Word {
        try self.ask("storage {s} {s}", .{ ws.addressText(address), ws.wordText(slot) });
        const slots = self.field(address, "storage") orelse return ws.wordOf(0);
        return ws.parseWord((slots.object.get(&ws.wordText(slot)) orelse return ws.wordOf(0)).string);
    }

    pub fn balance(self: *Store, _: Allocator, address: ws.Address) !u256 {
        try self.ask("balance {s}", .{ws.addressText(address)});
        return json.number(u256, (self.field(address, "balance") orelse return 0).string);
    }

    pub fn code(self: *Store, _: Allocator, address: ws.Address) ![]const u8 {
        try self.ask("code {s}", .{ws.addressText(address)});
        return json.bytes(self.a, (self.field(address, "code") orelse return "").string);
    }

    pub fn nonce(self: *Store, _: Allocator, address: ws.Address) !u64 {
        try self.ask("nonce {s}", .{ws.addressText(address)});
        return json.number(u64, (self.field(address, "nonce") orelse return 0).string);
    }

    pub fn blockHash(self: *Store, _: Allocator, number: u64) !ws.Word {
        try self.ask("blockHash {d}", .{number});
        const hashes = self.data.get("blockHashes") orelse return error.UnknownBlock;
        const key = try std.fmt.allocPrint(self.a, "{d}", .{number});
        return ws.parseWord((hashes.object.get(key) orelse return error.UnknownBlock).string);
    }

    pub fn precompile(self: *Store, _: Allocator, call: ws.PrecompileCall) !ws.PrecompileResult {
        try self.ask("precompile {s}", .{ws.addressText(call.address)});
        const answer = self.data.get("precompiles").?.object.get(&ws.addressText(call.address)).?.object;
        return .{
            .status = std.meta.stringToEnum(@FieldType(ws.PrecompileResult, "status"), answer.get("status").?.string).?,
            .gas_used = try json.number(u64, answer.get("gasUsed").?.string),
            .output = try json.bytes(self.a, answer.get("output").?.string),
        };
    }
};
