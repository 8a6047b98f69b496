//! What differs between two moments, parsed.

const std = @import("std");
const errors = @import("errors.zig");
const types = @import("types.zig");

/// What really differs, each list in ascending order.
pub const Changes = struct {
    storage: []Storage,
    balances: []Balance,
    nonces: []Nonce,
    codes: []Code,
    /// Deleted accounts; what they had is in the other lists.
    self_destructs: []types.Address,
    /// Of a state over a fork: accounts that exist and whose storage was cleared. Of their slots, only those written here are listed.
    cleared_storage: []types.Address,
    arena: std.heap.ArenaAllocator,

    pub const Storage = struct { address: types.Address, slot: types.Word, original_value: types.Word, new_value: types.Word };
    pub const Balance = struct { address: types.Address, original_balance: u256, new_balance: u256 };
    pub const Nonce = struct { address: types.Address, original_nonce: u64, new_nonce: u64 };
    pub const Code = struct { address: types.Address, code: []u8 };

    pub fn deinit(self: Changes) void {
        self.arena.deinit();
    }
};

/// As the library writes it.
const Raw = struct {
    storage: []struct { address: []const u8, slot: []const u8, originalValue: []const u8, newValue: []const u8 },
    balances: []struct { address: []const u8, originalBalance: []const u8, newBalance: []const u8 },
    nonces: []struct { address: []const u8, originalNonce: []const u8, newNonce: []const u8 },
    codes: []struct { address: []const u8, code: []const u8 },
    selfDestructs: [][]const u8,
    clearedStorage: [][]const u8 = &.{},
};

/// Reads what the library writes. Anything else is Internal.
pub fn parse(allocator: std.mem.Allocator, json: []const u8) errors.Error!Changes {
    const parsed = std.json.parseFromSlice(Raw, allocator, json, .{}) catch |failure| switch (failure) {
        error.OutOfMemory => return error.OutOfMemory,
        else => return error.Internal,
    };
    defer parsed.deinit();
    var arena: std.heap.ArenaAllocator = .init(allocator);
    errdefer arena.deinit();
    var changes = convert(arena.allocator(), parsed.value) catch |failure| switch (failure) {
        error.OutOfMemory => return error.OutOfMemory,
        else => return error.Internal,
    };
    changes.arena = arena;
    return changes;
}

fn convert(a: std.mem.Allocator, raw: Raw) !Changes {
    const changes: Changes = .{
        .storage = try a.alloc(Changes.Storage, raw.storage.len),
        .balances = try a.alloc(Changes.Balance, raw.balances.len),
        .nonces = try a.alloc(Changes.Nonce, raw.nonces.len),
        .codes = try a.alloc(Changes.Code, raw.codes.len),
        .self_destructs = try a.alloc(types.Address, raw.selfDestructs.len),
        .cleared_storage = try a.alloc(types.Address, raw.clearedStorage.len),
        .arena = undefined,
    };
    for (changes.storage, raw.storage) |*to, from| to.* = .{
        .address = try types.parseAddress(from.address),
        .slot = try types.parseWord(from.slot),
        .original_value = try types.parseWord(from.originalValue),
        .new_value = try types.parseWord(from.newValue),
    };
    for (changes.balances, raw.balances) |*to, from| to.* = .{
        .address = try types.parseAddress(from.address),
        .original_balance = try std.fmt.parseInt(u256, from.originalBalance, 0),
        .new_balance = try std.fmt.parseInt(u256, from.newBalance, 0),
    };
    for (changes.nonces, raw.nonces) |*to, from| to.* = .{
        .address = try types.parseAddress(from.address),
        .original_nonce = try std.fmt.parseInt(u64, from.originalNonce, 0),
        .new_nonce = try std.fmt.parseInt(u64, from.newNonce, 0),
    };
    for (changes.codes, raw.codes) |*to, from| {
        const code = try a.alloc(u8, (from.code.len - 2) / 2);
        to.* = .{ .address = try types.parseAddress(from.address), .code = try std.fmt.hexToBytes(code, from.code[2..]) };
    }
    for (changes.self_destructs, raw.selfDestructs) |*to, from| to.* = try types.parseAddress(from);
    for (changes.cleared_storage, raw.clearedStorage) |*to, from| to.* = try types.parseAddress(from);
    return changes;
}
