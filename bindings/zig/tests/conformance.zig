//! The behaviours that all bindings share, as data: each case is a test of its own. Ends with `N passed, N failed`.

const std = @import("std");
const ws = @import("worldstate");
const operations = @import("conformance/operations.zig");
const json = @import("conformance/json.zig");

const Value = std.json.Value;

pub fn main(init: std.process.Init) !u8 {
    var passed: usize = 0;
    var failed: usize = 0;
    var directory = try std.Io.Dir.cwd().openDir(init.io, "../conformance", .{ .iterate = true });
    defer directory.close(init.io);
    var files = directory.iterate();
    while (try files.next(init.io)) |file| {
        if (!std.mem.endsWith(u8, file.name, ".json")) continue;
        const text = try directory.readFileAlloc(init.io, file.name, init.arena.allocator(), .limited(64 << 20));
        const suite = try std.json.parseFromSliceLeaky(Value, init.arena.allocator(), text, .{});
        try json.only(suite, &.{ "name", "cases" });
        for (suite.object.get("cases").?.array.items) |case| {
            const name = case.object.get("name").?.string;
            if (run(init.gpa, init.io, case)) |_| {
                passed += 1;
                std.debug.print("ok      {s}: {s}\n", .{ file.name, name });
            } else |failure| {
                failed += 1;
                std.debug.print("FAILED  {s}: {s}: {t}\n", .{ file.name, name, failure });
            }
        }
    }
    std.debug.print("{d} passed, {d} failed\n", .{ passed, failed });
    return @intFromBool(failed != 0 or passed == 0);
}

fn run(gpa: std.mem.Allocator, io: std.Io, case: Value) !void {
    var arena: std.heap.ArenaAllocator = .init(gpa);
    defer arena.deinit();
    try json.only(case, &.{ "name", "note", "fork", "steps" });
    var runner: operations.Runner = undefined;
    try runner.init(arena.allocator(), io, case.object.get("fork"));
    defer runner.deinit();
    for (case.object.get("steps").?.array.items, 1..) |step, number| {
        check(&runner, step) catch |failure| {
            std.debug.print("step {d}: {s}\n", .{ number, try std.json.Stringify.valueAlloc(arena.allocator(), step, .{}) });
            return failure;
        };
    }
}

/// Does one step and compares what came of it.
fn check(runner: *operations.Runner, step: Value) !void {
    const arguments = step.object;
    runner.used.clearRetainingCapacity();
    for ([_][]const u8{ "do", "note", "expect", "error", "text" }) |key| try runner.used.put(key, {});
    runner.text = "";
    const outcome = runner.do(step);
    if (arguments.get("error")) |wanted| {
        const failure = if (outcome) |_| return error.ItSucceeded else |failure| failure;
        const prefix = "STATE_MANAGER_ERROR_";
        const name = ws.nameOf(failure);
        const same = std.mem.startsWith(u8, name, prefix) and std.mem.eql(u8, name[prefix.len..], wanted.string);
        const text = arguments.get("text");
        if (same and (text == null or std.mem.find(u8, runner.text, text.?.string) != null)) return;
        std.debug.print("failed with {s}: {s}\n", .{ name, runner.text });
        return error.AnotherFailure;
    }
    const got = outcome catch |failure| {
        std.debug.print("{s}\n", .{runner.text});
        return failure;
    };
    for (arguments.keys()) |key| if (!runner.used.contains(key)) {
        std.debug.print("nobody looked at {s}\n", .{key});
        return error.UnknownArgument;
    };
    const expected = arguments.get("expect") orelse return;
    const some_keys = std.mem.eql(u8, arguments.get("do").?.string, "execute");
    if (json.same(expected, got, some_keys)) return;
    std.debug.print("got {s}\n", .{try std.json.Stringify.valueAlloc(runner.a, got, .{})});
    return error.AnotherResult;
}
