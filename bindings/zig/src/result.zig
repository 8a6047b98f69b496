//! What an execution came to.

const c = @import("c");
const std = @import("std");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const types = @import("types.zig");

/// How an execution ended.
pub const Status = enum(u32) {
    /// It returned, stopped, or destroyed itself.
    success = c.EVM_STATUS_SUCCESS,
    /// The code reverted.
    revert = c.EVM_STATUS_REVERT,
    /// The rules of the EVM ended it: out of gas, invalid opcode…
    halt = c.EVM_STATUS_HALT,
};

/// What LOG0 to LOG4 leave.
pub const Log = struct { address: types.Address, topics: []types.Word, data: []u8 };

/// What an execution came to.
pub const Result = struct {
    status: Status,
    /// Paid for, after the refund; of a message, all that was used.
    gas_used: u64,
    /// What of the gas limit is left.
    gas_remaining: u64,
    /// Already off `gas_used`; of a message the refund counter, which is not.
    gas_refunded: u64,
    /// What was returned, or the data of a revert.
    output: []u8,
    /// The contract that a creation made.
    created: ?types.Address,
    logs: []Log,
    /// Why it did not succeed: the decoded reason of a revert, or that of a halt. Empty where it did.
    failure: []u8,
    arena: std.heap.ArenaAllocator,

    pub fn deinit(self: Result) void {
        self.arena.deinit();
    }
};

pub fn read(handle: c.EvmHandle, allocator: std.mem.Allocator) errors.Error!Result {
    var arena: std.heap.ArenaAllocator = .init(allocator);
    errdefer arena.deinit();
    const a = arena.allocator();
    var raw: c.EvmResult = std.mem.zeroes(c.EvmResult);
    raw.size = @sizeOf(c.EvmResult);
    try errors.check(c.evm_get_result(handle, &raw));
    const output = try a.alloc(u8, raw.output_len);
    try errors.check(c.evm_get_output(handle, output.ptr, output.len));
    const logs = try a.alloc(Log, raw.log_count);
    for (logs, 0..) |*log, index| log.* = try readLog(handle, a, index);
    const failure = try memory.readText(a, c.evm_get_failure, .{handle});
    return .{
        .status = @fromBackingInt(raw.status),
        .gas_used = raw.gas_used,
        .gas_remaining = raw.gas_remaining,
        .gas_refunded = raw.gas_refunded,
        .output = output,
        .created = if (raw.has_created != 0) raw.created else null,
        .logs = logs,
        .failure = failure,
        .arena = arena,
    };
}

fn readLog(handle: c.EvmHandle, a: std.mem.Allocator, index: usize) errors.Error!Log {
    var log: Log = undefined;
    var topics: [4]types.Word = undefined;
    var topic_count: usize = undefined;
    var length: usize = undefined;
    const to: [*]u8 = @ptrCast(&topics);
    try errors.check(c.evm_get_log(handle, index, &log.address, to, &topic_count, null, 0, &length));
    log.data = try a.alloc(u8, length);
    try errors.check(c.evm_get_log(handle, index, &log.address, to, &topic_count, log.data.ptr, length, &length));
    log.topics = try a.dupe(types.Word, topics[0..topic_count]);
    return log;
}
