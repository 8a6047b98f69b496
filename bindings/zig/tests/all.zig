test {
    _ = @import("state.zig");
    _ = @import("fork.zig");
    _ = @import("life.zig");
    _ = @import("proofs.zig");
    _ = @import("evm.zig");
}
