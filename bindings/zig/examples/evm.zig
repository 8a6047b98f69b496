//! The program holds the state, and executions ask for it: once with a store, and once with a loop of its own.

const std = @import("std");
const ws = @import("worldstate");

const contract: ws.Address = @as([17]u8, @splat(0)) ++ [_]u8{ 0xc0, 0xff, 0xee };

/// Slot 0 + slot 1 + the balance of the caller; stored in slot 2 and returned.
const sum = "\x5f\x54\x60\x01\x54\x01\x33\x31\x01\x80\x60\x02\x55\x5f\x52\x60\x20\x5f\xf3";

/// This program's store: one contract. Everybody else has a balance and nothing more.
const Database = struct {
    fn isContract(address: ws.Address) bool {
        return std.mem.eql(u8, &address, &contract);
    }
    pub fn storage(_: Database, _: std.mem.Allocator, _: ws.Address, slot: ws.Word) !ws.Word {
        return switch (ws.numberOf(slot)) {
            0 => ws.wordOf(10),
            1 => ws.wordOf(20),
            else => ws.wordOf(0),
        };
    }
    pub fn balance(_: Database, _: std.mem.Allocator, address: ws.Address) !u256 {
        return if (isContract(address)) 0 else 7;
    }
    pub fn code(_: Database, _: std.mem.Allocator, address: ws.Address) ![]const u8 {
        return if (isContract(address)) sum else "";
    }
    pub fn nonce(_: Database, _: std.mem.Allocator, address: ws.Address) !u64 {
        return @intFromBool(isContract(address));
    }
    pub fn blockHash(_: Database, _: std.mem.Allocator, _: u64) !ws.Word {
        return error.BlockNotInDatabase;
    }
};

pub fn main(init: std.process.Init) !void {
    var buffer: [1024]u8 = undefined;
    var stdout = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    const out = &stdout.interface;

    const state = try ws.StateManager.init();
    defer state.deinit();
    var evm = try ws.Evm.init(state, .{ .ask_host = true, .run_ahead = .on });
    defer evm.deinit();
    const caller = try ws.parseAddress("0x00000000000000000000000000000000000a11ce");
    try evm.setMessage(.{ .caller = caller, .to = contract, .gas = 100_000 });

    const result = try evm.execute(init.gpa, Database{}, .discard);
    defer result.deinit();
    try out.print("{t}, output {d}\n", .{ result.status, ws.numberOf(result.output[0..32].*) });
    const stats = try evm.stats();
    try out.print("{d} values in {d} rounds\n", .{ stats.needed, stats.rounds });

    try out.print("by hand\n", .{});
    const database: Database = .{};
    var request = try evm.call();
    while (request.output_type != .ready_to_commit) {
        try out.print("  {t} {s}\n", .{ request.output_type, ws.addressText(request.address) });
        const address = request.address;
        request = try evm.continueWith(init.gpa, switch (request.output_type) {
            .need_storage => .{ .storage = .{
                .address = address,
                .slot = request.slot,
                .value = try database.storage(init.gpa, address, request.slot),
            } },
            .need_balance => .{ .balance = .{ .address = address, .wei = try database.balance(init.gpa, address) } },
            .need_code => .{ .code = .{ .address = address, .code = try database.code(init.gpa, address) } },
            .need_nonce => .{ .nonce = .{ .address = address, .nonce = try database.nonce(init.gpa, address) } },
            else => return error.UnexpectedQuestion,
        });
    }
    try evm.commit();
    try out.print("slot 2 is {d} in the state\n", .{ws.numberOf(try state.storage(contract, ws.wordOf(2)))});
    try out.flush();
}
