//! The layouts that this module was written for. A header of another version does not compile.

const c = @import("c");
const std = @import("std");
const errors = @import("errors.zig");

comptime {
    const pointers = @sizeOf(usize) == 8;
    expect(c.WORLDSTATE_ABI_VERSION == 1, "the version of the binary interface");
    expect(!pointers or @sizeOf(c.ForkBackendOptions) == 240, "ForkBackendOptions");
    expect(@sizeOf(c.ForkBackendStats) == 25 * 8 + @sizeOf(usize), "ForkBackendStats");
    expect(!pointers or @sizeOf(c.ForkBackendMethodStats) == 80, "ForkBackendMethodStats");
    expect(!pointers or @sizeOf(c.EvmOptions) == 64, "EvmOptions");
    expect(!pointers or @sizeOf(c.EvmStats) == 72, "EvmStats");
    expect(!pointers or @sizeOf(c.EvmMessage) == 96, "EvmMessage");
    expect(!pointers or @sizeOf(c.EvmResult) == 72, "EvmResult");
    expect(!pointers or @sizeOf(c.EvmPrecompileCall) == 104, "EvmPrecompileCall");
    expect(@sizeOf(c.AsyncRequest) == 53 and @offsetOf(c.AsyncRequest, "slot") == 21, "AsyncRequest");
    expect(c.STATE_MANAGER_ERROR_REORG == -23, "the statuses");
}

fn expect(ok: bool, what: []const u8) void {
    if (!ok) @compileError("this module is written for another header: " ++ what);
}

/// Fails with InvalidState when the library that the program found is not the one that this module was compiled for.
pub fn check() errors.Error!void {
    return compare(c.worldstate_abi_version(), c.WORLDSTATE_ABI_VERSION);
}

fn compare(library: u32, header: u32) errors.Error!void {
    if (library != header) return error.InvalidState;
}

test "another binary interface is refused" {
    try check();
    try std.testing.expectError(error.InvalidState, compare(2, 1));
}
