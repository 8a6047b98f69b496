//! A state in memory.

const std = @import("std");
const ws = @import("worldstate");

const testing = std.testing;
const a = testing.allocator;
const alice: ws.Address = @as([17]u8, @splat(0)) ++ [_]u8{ 0x0a, 0x11, 0xce };
const contract: ws.Address = @as([17]u8, @splat(0)) ++ [_]u8{ 0xc0, 0xff, 0xee };

test "errors have a status and a text" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    try testing.expectError(error.NoCheckpoint, state.revert());
    try testing.expectEqual(-11, ws.statusOf(error.NoCheckpoint).?);
    try testing.expectEqualStrings("STATE_MANAGER_ERROR_NO_CHECKPOINT", ws.nameOf(error.NoCheckpoint));
    var buffer: [64]u8 = undefined;
    try testing.expectEqualStrings("no checkpoint is open", state.lastError(&buffer));
    try testing.expectEqualStrings("no check", state.lastError(buffer[0..8]));
    try testing.expectError(error.InvalidSnapshot, state.revertToSnapshot(@fromBackingInt(7)));
    try testing.expect(ws.version().len > 0);
    try testing.expectEqual(1, ws.abiVersion());
}

test "what is destroyed says so" {
    const state = try ws.StateManager.init();
    var evm = try ws.Evm.init(state, .{});
    defer evm.deinit();
    state.deinit();
    state.deinit();
    try testing.expectError(error.InvalidHandle, state.balance(alice));
    try testing.expectError(error.InvalidHandle, state.setNonce(alice, 1));
    try evm.setMessage(.{ .to = contract, .gas = 1000 });
    try testing.expectError(error.InvalidHandle, evm.execute(a, null, .commit));
    try testing.expectError(error.InvalidInput, ws.Evm.init(state, .{}));
    var buffer: [128]u8 = undefined;
    try testing.expect(ws.lastThreadError(&buffer).len > 0);
}

test "the greatest numbers" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    try state.setBalance(alice, std.math.maxInt(u256));
    try testing.expectEqual(std.math.maxInt(u256), try state.balance(alice));
    try state.setNonce(alice, std.math.maxInt(u64));
    try testing.expectEqual(std.math.maxInt(u64), try state.nonce(alice));
    try state.setCode(alice, "\x60\x01");
    const code = try state.code(a, alice);
    defer a.free(code);
    try testing.expectEqualStrings("\x60\x01", code);
    try testing.expectEqual(.present, try state.accountStatus(alice));
    try testing.expectEqual(.absent, try state.accountStatus(contract));
}

test "lengths that differ" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    const words: [2]ws.Word = @splat(@splat(1));
    var values: [2]ws.Word = undefined;
    try testing.expectError(error.InvalidInput, state.storageBatch(&.{alice}, &words, &values));
    try testing.expectError(error.InvalidInput, state.storageBatch(&.{ alice, alice }, &words, values[0..1]));
    try testing.expectError(error.InvalidInput, state.setStorageBatch(&.{ alice, alice }, &words, words[0..1]));
    try testing.expectError(error.InvalidInput, state.setAccounts(&.{alice}, &words, null));
    try testing.expectError(error.InvalidInput, state.setAccounts(&.{alice}, null, &.{ 1, 2 }));
}

test "pages of listings" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    const count = 200; // more than three pages
    for (0..count) |i| {
        try state.setStorage(contract, ws.wordOf(count - i), ws.wordOf(i + 1));
        var address: ws.Address = @splat(0);
        std.mem.writeInt(u16, address[18..], @intCast(count - i), .big);
        try state.setNonce(address, 1);
    }
    var slots = state.listStorage(contract);
    var seen: usize = 0;
    while (try slots.next()) |entry| {
        seen += 1;
        try testing.expectEqual(seen, ws.numberOf(entry.slot));
        try testing.expectEqual(count + 1 - seen, ws.numberOf(entry.value));
    }
    try testing.expectEqual(count, seen);
    try testing.expectEqual(null, try slots.next());
    var accounts = state.listAccounts();
    seen = 0;
    while (try accounts.next()) |address| : (seen += 1) {
        if (seen < count) try testing.expectEqual(seen + 1, std.mem.readInt(u16, address[18..], .big));
    }
    try testing.expectEqual(count + 1, seen);
    try testing.expectEqual(null, try accounts.next());
}

test "changes are parsed" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    try state.setBalance(contract, 3);
    const snapshot = try state.snapshot();
    try state.checkpoint();
    try state.setBalance(alice, 1 << 200);
    try state.setNonce(alice, 9);
    try state.setCode(alice, "\x5f");
    try state.setStorage(alice, ws.wordOf(1), ws.wordOf(2));
    try state.deleteAccount(contract);
    inline for (.{ null, snapshot }) |since| {
        const changes = try state.changes(a, since);
        defer changes.deinit();
        try testing.expectEqual(1 << 200, changes.balances[0].new_balance);
        try testing.expectEqual(3, changes.balances[1].original_balance);
        try testing.expectEqual(9, changes.nonces[0].new_nonce);
        try testing.expectEqualStrings("\x5f", changes.codes[0].code);
        try testing.expectEqual(ws.wordOf(2), changes.storage[0].new_value);
        try testing.expectEqual(contract, changes.self_destructs[0]);
        try testing.expectEqual(0, changes.cleared_storage.len);
    }
    try state.revertToSnapshot(snapshot);
    try testing.expectEqual(0, try state.checkpointDepth());
}

test "memory that runs out loses nothing" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    try state.setCode(alice, "\x5f");
    try state.checkpoint();
    try state.setNonce(alice, 1);
    try testing.checkAllAllocationFailures(a, readsAll, .{state});
}

fn readsAll(allocator: std.mem.Allocator, state: ws.StateManager) !void {
    allocator.free(try state.code(allocator, alice));
    allocator.free(try state.accounts(allocator, &.{ alice, contract }));
    const changes = try state.changes(allocator, null);
    changes.deinit();
    allocator.free(try state.dump(allocator, .anvil));
    var evm = try ws.Evm.init(state, .{});
    defer evm.deinit();
    try evm.setMessage(.{ .to = contract, .gas = 1000, .code = "\x5f\x5f\xa0" });
    const result = try evm.execute(allocator, null, .discard);
    defer result.deinit();
    try testing.expectEqual(1, result.logs.len);
}
