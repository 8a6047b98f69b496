//! The operation `execute`.

const std = @import("std");
const ws = @import("worldstate");
const json = @import("json.zig");
const Runner = @import("operations.zig").Runner;
const Store = @import("store.zig").Store;

const Value = std.json.Value;

pub fn execute(runner: *Runner) !Value {
    const a = runner.a;
    var evm = executor(runner) catch |failure| {
        if (runner.text.len == 0) runner.text = ws.lastThreadError(try a.alloc(u8, 1024));
        return failure;
    };
    defer evm.deinit();
    return run(runner, &evm) catch |failure| {
        if (runner.text.len == 0) runner.text = evm.lastError(try a.alloc(u8, 1024));
        return failure;
    };
}

fn run(runner: *Runner, evm: *ws.Evm) !Value {
    const a = runner.a;
    try setSurroundings(runner, evm);
    try setWhatIsExecuted(runner, evm);
    const ending: ws.Ending = if (runner.get("commit")) |how| std.meta.stringToEnum(ws.Ending, how.string) orelse return error.UnknownEnding else .commit;
    var store: Store = .{ .a = a, .data = .empty };
    const result = if (runner.get("store")) |data| with: {
        try json.only(data, &.{ "accounts", "blockHashes", "precompiles", "fails" });
        store.data = data.object;
        break :with try evm.execute(a, &store, ending);
    } else try evm.execute(a, null, ending);

    var logs: std.json.Array = .init(a);
    for (result.logs) |log| {
        var topics: std.json.Array = .init(a);
        for (log.topics) |topic| try topics.append(try json.string(a, &ws.wordText(topic)));
        try logs.append(try json.object(a, .{
            .{ "address", try json.string(a, &ws.addressText(log.address)) },
            .{ "topics", Value{ .array = topics } },
            .{ "data", try json.hex(a, log.data) },
        }));
    }
    return json.object(a, .{
        .{ "status", try json.string(a, @tagName(result.status)) },
        .{ "gasUsed", try json.quantity(a, result.gas_used) },
        .{ "gasRefunded", try json.quantity(a, result.gas_refunded) },
        .{ "output", try json.hex(a, result.output) },
        .{ "created", if (result.created) |created| try json.string(a, &ws.addressText(created)) else .null },
        .{ "logs", Value{ .array = logs } },
        .{ "failure", try json.string(a, result.failure) },
        .{ "changes", try json.parse(a, try evm.changesJson(a)) },
        .{ "accessList", try json.parse(a, try evm.accessListJson(a)) },
        .{ "prestate", try json.parse(a, try evm.prestateJson(a)) },
        .{ "asked", try store.asked() },
    });
}

fn executor(runner: *Runner) !ws.Evm {
    var options: ws.EvmOptions = .{};
    const given = if (runner.get("evm")) |given| given.object else return ws.Evm.init(runner.state, options);
    for (given.keys(), given.values()) |key, value| {
        if (std.mem.eql(u8, key, "hardfork")) {
            options.hardfork = try runner.a.dupeSentinel(u8, value.string, 0);
        } else if (std.mem.eql(u8, key, "chainId")) {
            options.chain_id = @intCast(value.integer);
        } else if (std.mem.eql(u8, key, "gasCap")) {
            options.gas_cap = @intCast(value.integer);
        } else if (std.mem.eql(u8, key, "cacheSize")) {
            options.cache_size = @intCast(value.integer);
        } else if (std.mem.eql(u8, key, "runAhead")) {
            const name = if (std.mem.eql(u8, value.string, "accessList")) "access_list" else value.string;
            options.run_ahead = std.meta.stringToEnum(ws.RunAhead, name) orelse return error.UnknownKey;
        } else if (std.mem.eql(u8, key, "precompiles")) {
            const list = try runner.a.alloc(ws.Address, value.array.items.len);
            for (list, value.array.items) |*to, from| to.* = try runner.addressOf(from.string);
            options.precompiles = list;
        } else if (!flag(&options, key, value) and !surrounds(key)) return error.UnknownKey;
    }
    return ws.Evm.init(runner.state, options);
}

fn flag(options: *ws.EvmOptions, key: []const u8, value: Value) bool {
    inline for (.{
        .{ "askHost", "ask_host" },                       .{ "noBalanceCheck", "no_balance_check" },
        .{ "noNonceCheck", "no_nonce_check" },            .{ "noBaseFeeCheck", "no_base_fee_check" },
        .{ "noCodeSizeLimit", "no_code_size_limit" },     .{ "noBlockGasLimit", "no_block_gas_limit" },
        .{ "noSenderCodeCheck", "no_sender_code_check" }, .{ "noFee", "no_fee" },
    }) |one| if (std.mem.eql(u8, key, one[0])) {
        @field(options, one[1]) = value.bool;
        return true;
    };
    return false;
}

fn surrounds(key: []const u8) bool {
    for ([_][]const u8{ "block", "blockHashes", "stateOverrides", "blockOverrides" }) |one| if (std.mem.eql(u8, key, one)) return true;
    return false;
}

fn setSurroundings(runner: *Runner, evm: *ws.Evm) !void {
    const a = runner.a;
    const given = if (runner.get("evm")) |given| given.object else return;
    if (given.get("block")) |block| try evm.setBlock(try text(a, block));
    if (given.get("stateOverrides")) |overrides| try evm.setStateOverrides(try text(a, overrides));
    if (given.get("blockOverrides")) |overrides| try evm.setBlockOverrides(try text(a, overrides));
    if (given.get("blockHashes")) |hashes| for (hashes.object.keys(), hashes.object.values()) |number, hash| {
        try evm.setBlockHash(try json.number(u64, number), try ws.parseWord(hash.string));
    };
}

fn text(a: std.mem.Allocator, value: Value) ![:0]const u8 {
    return a.dupeSentinel(u8, try std.json.Stringify.valueAlloc(a, value, .{}), 0);
}

fn setWhatIsExecuted(runner: *Runner, evm: *ws.Evm) !void {
    const a = runner.a;
    if (runner.get("transaction")) |transaction| return evm.setTransaction(try text(a, transaction));
    if (runner.get("raw")) |raw| return evm.setRawTransaction(try json.bytes(a, raw.string));
    const given = (runner.get("message") orelse return error.MissingArgument).object;
    var message: ws.Message = .{ .gas = 0 };
    for (given.keys(), given.values()) |key, value| {
        if (std.mem.eql(u8, key, "caller")) {
            message.caller = try runner.addressOf(value.string);
        } else if (std.mem.eql(u8, key, "origin")) {
            message.origin = try runner.addressOf(value.string);
        } else if (std.mem.eql(u8, key, "to")) {
            message.to = try runner.addressOf(value.string);
        } else if (std.mem.eql(u8, key, "code")) {
            message.code = try json.bytes(a, value.string);
        } else if (std.mem.eql(u8, key, "input")) {
            message.input = try json.bytes(a, value.string);
        } else if (std.mem.eql(u8, key, "value")) {
            message.value = try json.number(u256, value.string);
        } else if (std.mem.eql(u8, key, "gas")) {
            message.gas = try json.number(u64, value.string);
        } else if (std.mem.eql(u8, key, "gasPrice")) {
            message.gas_price = try json.number(u64, value.string);
        } else if (std.mem.eql(u8, key, "isStatic")) {
            message.is_static = value.bool;
        } else return error.UnknownKey;
    }
    return evm.setMessage(message);
}
