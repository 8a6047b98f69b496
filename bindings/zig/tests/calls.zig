//! Ten million calls, after which the program holds no more memory than before.
//!
//!     calls [NUMBER]

const std = @import("std");
const ws = @import("worldstate");

pub fn main(init: std.process.Init) !u8 {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    const number = if (arguments.len > 1) try std.fmt.parseInt(u64, arguments[1], 10) else 10_000_000;
    const state = try ws.StateManager.init();
    defer state.deinit();
    var evm = try ws.Evm.init(state, .{});
    defer evm.deinit();
    const contract: ws.Address = @splat(7);
    try evm.setMessage(.{ .to = contract, .code = "\x60\x01\x5f\x55\x5f\x5f\xf3", .gas = 100_000 });
    try round(init.gpa, state, &evm, contract, number / 10);
    const before = try resident(init.io);
    try round(init.gpa, state, &evm, contract, number);
    const after = try resident(init.io);
    const grown = after -| before;
    std.debug.print("{d} calls, {d} KiB more resident\n", .{ number, grown / 1024 });
    return @intFromBool(grown > 4 << 20);
}

/// So many calls: nine reads and writes, and now and then a checkpoint, a text and an execution.
fn round(gpa: std.mem.Allocator, state: ws.StateManager, evm: *ws.Evm, contract: ws.Address, number: u64) !void {
    var done: u64 = 0;
    while (done < number) {
        const slot = ws.wordOf(done % 64);
        try state.checkpoint();
        try state.setStorage(contract, slot, ws.wordOf(done));
        _ = try state.storage(contract, slot);
        try state.setBalance(contract, done);
        _ = try state.balance(contract);
        try state.setNonce(contract, done);
        _ = try state.nonce(contract);
        if (done % 1000 == 0) {
            const changes = try state.changes(gpa, null);
            changes.deinit();
            const result = try evm.execute(gpa, null, .discard);
            result.deinit();
        }
        try state.revert();
        done += 8;
    }
}

fn resident(io: std.Io) !u64 {
    var buffer: [256]u8 = undefined;
    var file = try std.Io.Dir.cwd().openFile(io, "/proc/self/statm", .{});
    defer file.close(io);
    var reader = file.reader(io, &buffer);
    var fields = std.mem.tokenizeScalar(u8, (try reader.interface.takeDelimiter('\n')).?, ' ');
    _ = fields.next();
    return try std.fmt.parseInt(u64, fields.next().?, 10) * std.heap.pageSize();
}
