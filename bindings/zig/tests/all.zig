test {
    _ = @import("state.zig");
    _ = @import("fork.zig");
    _ = @import("evm.zig");
}
