//! What c_call.c measures, through the Zig module.

const std = @import("std");
const ws = @import("worldstate");

const count = 1000;
const rounds = 20;
const passes = 200;

var addresses: [count]ws.Address = @splat(@splat(0xc0));
var slots: [count]ws.Word = undefined;
var values: [count]ws.Word = @splat(ws.wordOf(1));

pub fn main(init: std.process.Init) !void {
    var buffer: [256]u8 = undefined;
    var stdout = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    const state = try ws.StateManager.init();
    defer state.deinit();
    for (&slots, 0..) |*slot, i| slot.* = ws.wordOf(i);
    try state.setStorageBatch(&addresses, &slots, &values);
    try stdout.interface.print("get_storage_bytes {d:.2}\n", .{try measure(init.io, oneAtATime, state)});
    try stdout.interface.print("get_storage_batch {d:.2}\n", .{try measure(init.io, together, state)});
    try stdout.interface.flush();
}

fn oneAtATime(state: ws.StateManager) ws.Error!void {
    for (addresses, slots, &values) |address, slot, *value| value.* = try state.storage(address, slot);
}

fn together(state: ws.StateManager) ws.Error!void {
    return state.storageBatch(&addresses, &slots, &values);
}

/// Nanoseconds for a slot, the best of the rounds.
fn measure(io: std.Io, pass: *const fn (ws.StateManager) ws.Error!void, state: ws.StateManager) !f64 {
    var best: f64 = std.math.inf(f64);
    for (0..rounds) |_| {
        const begin: std.Io.Timestamp = .now(io, .awake);
        for (0..passes) |_| try pass(state);
        const took: f64 = @floatFromInt(begin.durationTo(.now(io, .awake)).nanoseconds);
        best = @min(best, took / passes / count);
    }
    return best;
}
