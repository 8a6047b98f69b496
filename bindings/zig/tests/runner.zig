//! Runs the tests, names each, and ends with `N passed, N failed`. A test that leaks memory of `std.testing.allocator` has failed.

const builtin = @import("builtin");
const std = @import("std");

pub fn main(init: std.process.Init.Minimal) u8 {
    var passed: usize = 0;
    var failed: usize = 0;
    for (builtin.test_functions) |one| {
        std.testing.allocator_instance = .init(std.heap.page_allocator, .{});
        std.testing.io_instance = .init(std.testing.allocator, .{ .argv0 = .init(init.args), .environ = init.environ });
        std.testing.environ = init.environ;
        const outcome = one.func();
        std.testing.io_instance.deinit();
        const leaks = std.testing.allocator_instance.deinit();
        if (outcome) |_| {
            if (leaks == 0) {
                passed += 1;
                std.debug.print("ok      {s}\n", .{one.name});
                continue;
            }
            std.debug.print("FAILED  {s}: {d} leaks\n", .{ one.name, leaks });
        } else |failure| {
            std.debug.print("FAILED  {s}: {t}\n", .{ one.name, failure });
            if (@errorReturnTrace()) |trace| std.debug.dumpErrorReturnTrace(trace);
        }
        failed += 1;
    }
    std.debug.print("{d} passed, {d} failed\n", .{ passed, failed });
    return @intFromBool(failed != 0 or passed == 0);
}
