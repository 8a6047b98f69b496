//! A state in memory: writes, nested checkpoints, snapshots, what differs, and errors with their text.

const std = @import("std");
const ws = @import("worldstate");

pub fn main(init: std.process.Init) !void {
    var buffer: [1024]u8 = undefined;
    var stdout = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    const out = &stdout.interface;

    const state = try ws.StateManager.init();
    defer state.deinit();

    const alice = try ws.parseAddress("0x00000000000000000000000000000000000a11ce");
    try state.setBalance(alice, 1_000_000_000);
    const before = try state.snapshot();
    try state.setBalance(alice, 5);
    try state.setStorage(alice, ws.wordOf(1), ws.wordOf(42));

    const changes = try state.changes(init.gpa, before);
    defer changes.deinit();
    for (changes.balances) |one| {
        try out.print("balance of {s}: {d} -> {d}\n", .{ ws.addressText(one.address), one.original_balance, one.new_balance });
    }
    for (changes.storage) |one| {
        try out.print("slot {d}: {d} -> {d}\n", .{ ws.numberOf(one.slot), ws.numberOf(one.original_value), ws.numberOf(one.new_value) });
    }

    try state.revertToSnapshot(before);
    try out.print("after the revert: {d}\n", .{try state.balance(alice)});

    state.revertToSnapshot(before) catch |failure| {
        var text: [128]u8 = undefined;
        try out.print("a second time: {t}: {s}\n", .{ failure, state.lastError(&text) });
    };
    try out.flush();
}
