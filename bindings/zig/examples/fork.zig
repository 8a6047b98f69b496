//! A live chain below the state, with the standard library's HTTP client: what several states want goes out together.
//!
//!     fork URL [ADDRESS]

const std = @import("std");
const ws = @import("worldstate");

pub fn main(init: std.process.Init) !u8 {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    if (arguments.len < 2) {
        std.debug.print("usage: fork URL [ADDRESS]\n", .{});
        return 2;
    }
    const contract = try ws.parseAddress(if (arguments.len > 2) arguments[2] else "0x5fbdb2315678afecb367f032d93f642f64180aa3");

    var http: ws.HttpTransport = .init(init.gpa, init.io, arguments[1], &.{});
    defer http.deinit();
    var fork = try ws.Fork.init(.{ .transport = http.transport(), .io = init.io, .allocator = init.gpa, .max_attempts = 2 });
    defer fork.deinit();
    run(init.io, &fork, contract) catch |failure| {
        var text: [256]u8 = undefined;
        std.debug.print("{t}: {s}\n", .{ failure, fork.lastError(&text) });
        return 1;
    };
    return 0;
}

fn run(io: std.Io, fork: *ws.Fork, contract: ws.Address) !void {
    var buffer: [1024]u8 = undefined;
    var stdout = std.Io.File.stdout().writerStreaming(io, &buffer);
    const out = &stdout.interface;

    const block = try fork.block();
    try out.print("chain {d} at block {d}\n", .{ block.chain_id, block.number });
    const state = try ws.StateManager.initWithFork(fork);
    defer state.deinit();

    var slots: [20]ws.Word = undefined;
    for (&slots, 0..) |*slot, i| slot.* = ws.wordOf(i);
    var values: [20]ws.Word = undefined;
    try state.storageBatch(&@as([20]ws.Address, @splat(contract)), &slots, &values); // one round trip
    for (values, 0..) |value, i| {
        if (ws.numberOf(value) != 0) try out.print("slot {d}: {s}\n", .{ i, ws.wordText(value) });
    }
    try state.setStorage(contract, slots[0], ws.wordOf(1)); // stays here
    try out.print("slot 0 here: {d}\n", .{ws.numberOf(try state.storage(contract, slots[0]))});
    try out.print("HTTP bodies: {d}\n", .{(try fork.stats()).bodies});
    try out.flush();
}
