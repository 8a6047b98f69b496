//! Executions that ask.

const std = @import("std");
const ws = @import("worldstate");
const alice = @import("node.zig").alice;
const contract = @import("node.zig").contract;

const testing = std.testing;
const a = testing.allocator;

const host_contract: ws.Address = @as([19]u8, @splat(0)) ++ [_]u8{0x77};

/// Slot 0 + slot 1 + the caller's balance + the hash of block 9 + what 0x77 says.
const asking = "\x5f\x54\x60\x01\x54\x01\x33\x31\x01\x60\x09\x40\x01\x60\x20\x5f\x5f\x5f\x5f\x60\x77\x61\xff\xff\xf1\x01\x5f\x51\x01\x5f\x52\x60\x20\x5f\xf3";
/// 10 + 20 + 7 + 9000 + 1 + 100000
const sum = 109_038;

const Memory = struct {
    fails: []const u8 = "",
    asked: usize = 0,

    fn ask(self: *Memory, question: []const u8) error{OnFire}!void {
        self.asked += 1;
        if (std.mem.eql(u8, self.fails, question)) return error.OnFire;
    }

    pub fn storage(self: *Memory, _: std.mem.Allocator, _: ws.Address, slot: ws.Word) !ws.Word {
        try self.ask("storage");
        return ws.wordOf(10 * (1 + ws.numberOf(slot)));
    }
    pub fn balance(self: *Memory, _: std.mem.Allocator, address: ws.Address) !u256 {
        try self.ask("balance");
        return if (std.mem.eql(u8, &address, &contract)) 0 else 7;
    }
    pub fn code(self: *Memory, allocator: std.mem.Allocator, address: ws.Address) ![]const u8 {
        try self.ask("code");
        return if (std.mem.eql(u8, &address, &contract)) try allocator.dupe(u8, asking) else "";
    }
    pub fn nonce(self: *Memory, _: std.mem.Allocator, _: ws.Address) !u64 {
        try self.ask("nonce");
        return 1;
    }
    pub fn blockHash(self: *Memory, _: std.mem.Allocator, number: u64) !ws.Word {
        try self.ask("blockHash");
        return ws.wordOf(number * 1000);
    }
    pub fn precompile(self: *Memory, allocator: std.mem.Allocator, call: ws.PrecompileCall) !ws.PrecompileResult {
        try self.ask("precompile");
        if (call.gas != 0xffff or call.is_static or call.value != 0 or call.input.len != 0) return error.AnotherCall;
        return .{ .gas_used = 5, .output = try allocator.dupe(u8, &ws.wordOf(100_000)) };
    }
};

/// A store that tells more than the error's name, and has no precompiled contracts.
const Talkative = struct {
    pub fn storage(_: Talkative, _: std.mem.Allocator, _: ws.Address, _: ws.Word) !ws.Word {
        return error.Unused;
    }
    pub fn balance(_: Talkative, _: std.mem.Allocator, _: ws.Address) !u256 {
        return error.Unused;
    }
    pub fn code(_: Talkative, _: std.mem.Allocator, _: ws.Address) ![]const u8 {
        return error.Unused;
    }
    pub fn nonce(_: Talkative, _: std.mem.Allocator, _: ws.Address) !u64 {
        return error.Unused;
    }
    pub fn blockHash(_: Talkative, _: std.mem.Allocator, _: u64) !ws.Word {
        return error.Unused;
    }
    pub fn errorText(_: Talkative) []const u8 {
        return "row 7 of table accounts is gone";
    }
};

fn asks(state: ws.StateManager, run_ahead: ws.RunAhead) !ws.Evm {
    const evm = try ws.Evm.init(state, .{ .ask_host = true, .run_ahead = run_ahead, .precompiles = &.{host_contract} });
    try evm.setBlock("{\"number\":\"0xa\"}");
    try evm.setMessage(.{ .caller = alice, .to = contract, .gas = 1_000_000 });
    return evm;
}

fn usable(state: ws.StateManager, evm: *ws.Evm) !void {
    try testing.expect(!try evm.isActive());
    try state.checkpoint();
    try state.revert();
    var store: Memory = .{};
    const result = try evm.execute(a, &store, .discard);
    defer result.deinit();
    try testing.expectEqual(sum, ws.numberOf(result.output[0..32].*));
    try testing.expect(store.asked >= 8);
}

test "an execution that asks" {
    for ([_]ws.RunAhead{ .off, .on }) |run_ahead| {
        const state = try ws.StateManager.init();
        defer state.deinit();
        var evm = try asks(state, run_ahead);
        defer evm.deinit();
        try usable(state, &evm);
        try testing.expect((try evm.stats()).rounds > 0);
    }
}

test "a store that fails at each question" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    var evm = try asks(state, .on);
    defer evm.deinit();
    var buffer: [128]u8 = undefined;
    for ([_][]const u8{ "storage", "balance", "code", "nonce", "blockHash", "precompile" }) |question| {
        var store: Memory = .{ .fails = question };
        try testing.expectError(error.Execution, evm.execute(a, &store, .commit));
        try testing.expect(std.mem.endsWith(u8, evm.lastError(&buffer), "OnFire"));
        try usable(state, &evm);
    }
    try testing.expectError(error.Execution, evm.execute(a, Talkative{}, .commit));
    try testing.expect(std.mem.endsWith(u8, evm.lastError(&buffer), "row 7 of table accounts is gone"));
    try usable(state, &evm);
}

test "nobody answers" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    var evm = try asks(state, .off);
    defer evm.deinit();
    var buffer: [128]u8 = undefined;
    try testing.expectError(error.Execution, evm.execute(a, null, .commit));
    try testing.expectEqualStrings("Async request but no stateInterface provided", evm.lastError(&buffer));
    try usable(state, &evm);
    try evm.setMessage(.{ .to = host_contract, .gas = 1_000_000 });
    for ([_]ws.Address{ @splat(0), host_contract }) |account| {
        try state.setBalance(account, 1);
        try state.setNonce(account, 1);
        try state.setCode(account, "");
    }
    try testing.expectError(error.Execution, evm.execute(a, Talkative{}, .commit));
    try testing.expectEqualStrings("the store has no precompiled contracts", evm.lastError(&buffer));
}

test "step by step" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    var evm = try asks(state, .on);
    defer evm.deinit();
    try evm.setTrace(.{ .format = .eip3155, .memory = true });
    var store: Memory = .{};
    var request = try evm.call();
    try testing.expectError(error.InvalidState, evm.call());
    try testing.expectError(error.InvalidState, evm.execute(a, &store, .commit));
    try testing.expectError(error.InvalidRequest, evm.continueWith(a, .{ .nonce = .{ .address = @splat(9), .nonce = 1 } }));
    try testing.expectError(error.Execution, evm.continueWith(a, .{ .failure = "not now" }));
    while (request.output_type != .ready_to_commit) {
        const pending = try evm.pending(a);
        defer a.free(pending);
        try testing.expectEqual(request, pending[0]);
        for (pending) |one| switch (one.output_type) {
            .need_storage => try evm.answer(a, .{ .storage = .{ .address = one.address, .slot = one.slot, .value = try store.storage(a, one.address, one.slot) } }),
            .need_balance => try evm.answer(a, .{ .balance = .{ .address = one.address, .wei = try store.balance(a, one.address) } }),
            .need_code => {
                const code = try store.code(a, one.address);
                defer if (code.len > 0) a.free(code);
                try evm.answer(a, .{ .code = .{ .address = one.address, .code = code } });
            },
            .need_nonce => try evm.answer(a, .{ .nonce = .{ .address = one.address, .nonce = 1 } }),
            .need_block_hash => try evm.answer(a, .{ .block_hash = .{ .number = one.blockNumber(), .hash = ws.wordOf(9000) } }),
            .need_precompile => {
                const frames = try evm.framesJson(a);
                defer a.free(frames);
                try testing.expect(std.mem.find(u8, frames, "0x0000000000000000000000000000000000c0ffee") != null);
                const call = try evm.precompileCall(a);
                defer a.free(call.input);
                try testing.expectEqual(contract, call.caller);
                try evm.answer(a, .{ .precompile = .{ .address = one.address, .result = .{ .gas_used = 5, .output = &ws.wordOf(100_000) } } });
            },
            else => return error.UnexpectedQuestion,
        };
        request = try evm.@"resume"();
    }
    try evm.commitInCheckpoint();
    try testing.expectEqual(1, try state.checkpointDepth());
    const result = try evm.result(a);
    defer result.deinit();
    try testing.expectEqual(sum, ws.numberOf(result.output[0..32].*));
    const trace = try evm.trace(a);
    defer a.free(trace);
    try testing.expect(std.mem.count(u8, trace, "\n") > 20);
    try evm.abort();
}

test "logs, changes, access list, prestate, refused transactions" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    try state.setBalance(alice, 1 << 60);
    try state.setCode(contract, "\x5f\x35\x5f\x52\x60\x01\x60\x20\x5f\xa1\x60\x20\x5f\xf3"); // LOG1 with its input, which it returns
    var evm = try ws.Evm.init(state, .{ .hardfork = "Cancun", .chain_id = 5 });
    defer evm.deinit();
    try evm.setTransaction("{\"from\":\"0x00000000000000000000000000000000000a11ce\",\"to\":\"0x0000000000000000000000000000000000c0ffee\",\"input\":\"0xabcd\",\"nonce\":\"0x0\",\"accessList\":[{\"address\":\"0x0000000000000000000000000000000000000b0b\",\"storageKeys\":[]}]}");
    const result = try evm.execute(a, null, .commit);
    defer result.deinit();
    try testing.expectEqual(.success, result.status);
    try testing.expectEqual(contract, result.logs[0].address);
    try testing.expectEqual(ws.wordOf(1), result.logs[0].topics[0]);
    try testing.expectEqual(0xab, result.logs[0].data[0]);
    const changes = try evm.changes(a);
    defer changes.deinit();
    try testing.expectEqual(1, changes.nonces[0].new_nonce);
    inline for (.{ "resultJson", "accessListJson", "prestateJson" }) |name| {
        const json = try @field(ws.Evm, name)(evm, a);
        defer a.free(json);
        try testing.expect(json.len > 1);
    }
    try testing.expectError(error.Execution, evm.execute(a, null, .commit)); // the nonce is used
    try testing.expectError(error.InvalidInput, evm.setRawTransaction("\x01\x02"));
    try testing.expectError(error.InvalidInput, ws.Evm.init(state, .{ .hardfork = "yesterday" }));
}

test "overrides are never in the state" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    var evm = try ws.Evm.init(state, .{});
    defer evm.deinit();
    try evm.setStateOverrides("{\"0x0000000000000000000000000000000000c0ffee\":{\"code\":\"0x435f5260205ff3\"}}");
    try evm.setBlockOverrides("{\"number\":\"0x4d2\"}");
    try evm.setBlockHash(7, ws.wordOf(1));
    try evm.setTransaction("{\"to\":\"0x0000000000000000000000000000000000c0ffee\"}");
    const result = try evm.execute(a, null, .commit);
    defer result.deinit();
    try testing.expectEqual(1234, ws.numberOf(result.output[0..32].*));
    try testing.expectError(error.InvalidState, evm.execute(a, null, .checkpoint));
    var accounts = state.listAccounts();
    try testing.expectEqual(null, try accounts.next());
    try evm.setStateOverrides(null);
    try evm.setBlockOverrides(null);
    const plain = try evm.execute(a, null, .discard);
    defer plain.deinit();
    try testing.expectEqual(0, plain.output.len);
}

test "creation and halt" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    var evm = try ws.Evm.init(state, .{});
    defer evm.deinit();
    try evm.setMessage(.{ .caller = alice, .input = "\x5f\x5f\xf3", .gas = 100_000 });
    const created = try evm.execute(a, null, .commit);
    defer created.deinit();
    try testing.expect(created.created != null);
    try evm.setMessage(.{ .caller = alice, .to = contract, .code = "\xfe", .gas = 100_000 });
    const halted = try evm.execute(a, null, .commit);
    defer halted.deinit();
    try testing.expectEqual(.halt, halted.status);
    try testing.expect(halted.failure.len > 0 and halted.created == null);
}
