//! The loop between an execution and who answers it.

const std = @import("std");
const errors = @import("errors.zig");
const evms = @import("evm.zig");
const results = @import("result.zig");
const types = @import("types.zig");
const Fork = @import("fork.zig").Fork;

const Allocator = std.mem.Allocator;
const Error = errors.Error;
const Evm = evms.Evm;

/// The text of an execution that needs something, and has no store.
pub const no_store_text = "Async request but no stateInterface provided";
/// The text of an execution that comes to what this module does not know.
pub const unknown_output_type_text = "Unknown output type";

/// What becomes of the changes.
pub const Ending = enum {
    /// They are written into the state.
    commit,
    /// They are not.
    discard,
    /// They are written in a new checkpoint, for `StateManager.revert` to take back. InvalidState with state overrides.
    checkpoint,
};

/// `Evm.execute`. A store is a value, or a pointer to one, with these functions, whose errors may be any:
///
///     fn storage(self, allocator, address: Address, slot: Word) !Word
///     fn balance(self, allocator, address: Address) !u256
///     fn code(self, allocator, address: Address) ![]const u8     kept until the next question; made by the allocator, or the store's own
///     fn nonce(self, allocator, address: Address) !u64
///     fn blockHash(self, allocator, number: u64) !Word
///     fn precompile(self, allocator, call: PrecompileCall) !PrecompileResult     where there are precompiled contracts of the host
///     fn errorText(self) []const u8                                              what a failed one wants to be told; else the error's name
///
/// What `allocator` makes is freed when the execution has ended. An error ends the execution with Execution, and `lastError` has its text;
/// nothing of it is in the state.
pub fn execute(evm: *Evm, allocator: Allocator, store: anytype, ending: Ending) Error!results.Result {
    if (try evm.isActive()) {
        evm.own_text = "an execution is under way: end it with commit, discard or abort";
        return error.InvalidState;
    }
    var arena: std.heap.ArenaAllocator = .init(allocator);
    defer arena.deinit();
    errdefer evm.abort() catch {};
    try drive(evm, arena.allocator(), store, ending);
    return evm.result(allocator);
}

fn drive(evm: *Evm, a: Allocator, store: anytype, ending: Ending) Error!void {
    var waiter: Fork.Waiter = .{};
    var request = try evm.call();
    while (true) {
        switch (request.output_type) {
            .ready_to_commit => return switch (ending) {
                .commit => evm.commit(),
                .discard => evm.discard(),
                .checkpoint => evm.commitInCheckpoint(),
            },
            // What ran on state overrides is never written.
            .result => return if (ending == .checkpoint) evm.commitInCheckpoint(),
            .need_precompile => try answerPrecompile(evm, a, store, request),
            else => {
                const carried = if (evm.state.fork) |fork| try fork.wait(&waiter) else false;
                if (!carried) try answerAll(evm, a, store, request);
            },
        }
        request = try evm.@"resume"();
    }
}

/// Answers all that is wanted now, but for precompiled contracts: the library tells only the call of the one that is waited for.
fn answerAll(evm: *Evm, a: Allocator, store: anytype, request: evms.Request) Error!void {
    var answered = false;
    for (try evm.pending(a)) |one| {
        if (one.output_type == .need_precompile) continue;
        try answerOne(evm, a, store, one);
        answered = true;
    }
    if (!answered) try answerOne(evm, a, store, request);
}

fn answerOne(evm: *Evm, a: Allocator, store: anytype, request: evms.Request) Error!void {
    if (unknown(request)) return ends(evm, unknown_output_type_text);
    if (@TypeOf(store) == @TypeOf(null)) return ends(evm, no_store_text);
    const address = request.address;
    const answer: evms.Answer = switch (request.output_type) {
        .need_storage => .{ .storage = .{
            .address = address,
            .slot = request.slot,
            .value = store.storage(a, address, request.slot) catch |failure| return refuses(evm, a, store, failure),
        } },
        .need_balance => .{ .balance = .{
            .address = address,
            .wei = store.balance(a, address) catch |failure| return refuses(evm, a, store, failure),
        } },
        .need_code => .{ .code = .{
            .address = address,
            .code = store.code(a, address) catch |failure| return refuses(evm, a, store, failure),
        } },
        .need_nonce => .{ .nonce = .{
            .address = address,
            .nonce = store.nonce(a, address) catch |failure| return refuses(evm, a, store, failure),
        } },
        .need_block_hash => .{ .block_hash = .{
            .number = request.blockNumber(),
            .hash = store.blockHash(a, request.blockNumber()) catch |failure| return refuses(evm, a, store, failure),
        } },
        else => return ends(evm, unknown_output_type_text),
    };
    return evm.answer(a, answer);
}

/// Whether it is a question that this module does not know.
fn unknown(request: evms.Request) bool {
    return switch (request.output_type) {
        .need_storage, .need_balance, .need_code, .need_nonce, .need_block_hash, .need_precompile => false,
        else => true,
    };
}

fn answerPrecompile(evm: *Evm, a: Allocator, store: anytype, request: evms.Request) Error!void {
    if (@TypeOf(store) == @TypeOf(null)) return ends(evm, no_store_text);
    const Store = switch (@typeInfo(@TypeOf(store))) {
        .pointer => |pointer| pointer.child,
        else => @TypeOf(store),
    };
    if (!@hasDecl(Store, "precompile")) return ends(evm, "the store has no precompiled contracts");
    const result = store.precompile(a, try evm.precompileCall(a)) catch |failure| return refuses(evm, a, store, failure);
    return evm.answer(a, .{ .precompile = .{ .address = request.address, .result = result } });
}

fn ends(evm: *Evm, text: []const u8) Error {
    evm.own_text = text;
    return error.Execution;
}

/// Tells the library why there is no answer.
fn refuses(evm: *Evm, a: Allocator, store: anytype, failure: anyerror) Error {
    const Store = switch (@typeInfo(@TypeOf(store))) {
        .pointer => |pointer| pointer.child,
        else => @TypeOf(store),
    };
    const text = if (@hasDecl(Store, "errorText")) store.errorText() else @errorName(failure);
    _ = evm.continueWith(a, .{ .failure = text }) catch |told| return told;
    return error.Internal;
}

test "what a newer library might ask" {
    var evm: Evm = .{ .handle = null, .state = .{ .handle = null } };
    for ([_]u8{ 0, 5, 8, 99, 255 }) |number| {
        const request: evms.Request = .{ .output_type = @fromBackingInt(number), .address = @splat(0), .slot = @splat(0) };
        try std.testing.expectError(error.Execution, answerOne(&evm, std.testing.allocator, null, request));
        var buffer: [64]u8 = undefined;
        try std.testing.expectEqualStrings("Unknown output type", evm.lastError(&buffer));
    }
}
