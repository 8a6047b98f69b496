//! Statuses as errors, and their texts.

const c = @import("c");
const std = @import("std");

/// What a call can fail with: a status of the header each.
pub const Error = error{
    /// An argument that has no meaning here.
    InvalidInput,
    /// An allocation was refused, or no handle is free.
    OutOfMemory,
    /// The snapshot was never taken, or is dead.
    InvalidSnapshot,
    /// The node, or the way to it, failed.
    RpcFailed,
    /// A text that is not hexadecimal.
    InvalidHex,
    /// Remote and not here yet: call `Fork.serve`, or carry what is queued, and call again.
    RpcPending,
    /// Nothing is queued, or asked.
    NoPendingRequest,
    /// A buffer is shorter than the value.
    OutputTooSmall,
    /// An answer to something that was not asked.
    InvalidRequest,
    /// The object is destroyed.
    InvalidHandle,
    /// Revert or commit without an open checkpoint.
    NoCheckpoint,
    /// A defect of the library: destroy the object, and report the text.
    Internal,
    /// An answer or a proof does not match what is trusted.
    ProofInvalid,
    /// The persistent cache, or a recording, cannot be read or written.
    Cache,
    /// Neither cached nor recorded, and the fork is offline.
    Offline,
    /// A call that has no meaning now.
    InvalidState,
    /// An execution cannot begin or go on.
    Execution,
    /// The node no longer has the state of the block: it is not an archive node.
    StatePruned,
    /// The node has the state of the block, and gives no proofs for one so old.
    ProofPruned,
    /// The node does not know the block.
    BlockNotFound,
    /// The node is on another chain than `ForkOptions.chain_id`.
    WrongChain,
    /// The node has not the method.
    UnsupportedMethod,
    /// The fork's block is no longer part of the node's chain.
    Reorg,
    /// A status that this module does not know.
    UnknownStatus,
};

const statuses = [_]struct { c_int, Error }{
    .{ c.STATE_MANAGER_ERROR_INVALID_INPUT, error.InvalidInput },
    .{ c.STATE_MANAGER_ERROR_OUT_OF_MEMORY, error.OutOfMemory },
    .{ c.STATE_MANAGER_ERROR_INVALID_SNAPSHOT, error.InvalidSnapshot },
    .{ c.STATE_MANAGER_ERROR_RPC_FAILED, error.RpcFailed },
    .{ c.STATE_MANAGER_ERROR_INVALID_HEX, error.InvalidHex },
    .{ c.STATE_MANAGER_ERROR_RPC_PENDING, error.RpcPending },
    .{ c.STATE_MANAGER_ERROR_NO_PENDING_REQUEST, error.NoPendingRequest },
    .{ c.STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL, error.OutputTooSmall },
    .{ c.STATE_MANAGER_ERROR_INVALID_REQUEST, error.InvalidRequest },
    .{ c.STATE_MANAGER_ERROR_INVALID_HANDLE, error.InvalidHandle },
    .{ c.STATE_MANAGER_ERROR_NO_CHECKPOINT, error.NoCheckpoint },
    .{ c.STATE_MANAGER_ERROR_INTERNAL, error.Internal },
    .{ c.STATE_MANAGER_ERROR_PROOF_INVALID, error.ProofInvalid },
    .{ c.STATE_MANAGER_ERROR_CACHE, error.Cache },
    .{ c.STATE_MANAGER_ERROR_OFFLINE, error.Offline },
    .{ c.STATE_MANAGER_ERROR_INVALID_STATE, error.InvalidState },
    .{ c.STATE_MANAGER_ERROR_EXECUTION, error.Execution },
    .{ c.STATE_MANAGER_ERROR_STATE_PRUNED, error.StatePruned },
    .{ c.STATE_MANAGER_ERROR_PROOF_PRUNED, error.ProofPruned },
    .{ c.STATE_MANAGER_ERROR_BLOCK_NOT_FOUND, error.BlockNotFound },
    .{ c.STATE_MANAGER_ERROR_WRONG_CHAIN, error.WrongChain },
    .{ c.STATE_MANAGER_ERROR_UNSUPPORTED_METHOD, error.UnsupportedMethod },
    .{ c.STATE_MANAGER_ERROR_REORG, error.Reorg },
};

/// The error of a status; nothing for success.
pub inline fn check(status: c_int) Error!void {
    if (status != c.STATE_MANAGER_SUCCESS) return errorOf(status);
}

fn errorOf(status: c_int) Error {
    for (statuses) |one| if (one[0] == status) return one[1];
    return error.UnknownStatus;
}

/// The status of an error of the library; null for any other.
pub fn statusOf(failure: anyerror) ?i32 {
    for (statuses) |one| if (one[1] == failure) return one[0];
    return null;
}

/// The status's name in the header, such as "STATE_MANAGER_ERROR_RPC_FAILED". Static text.
pub fn nameOf(failure: anyerror) []const u8 {
    return std.mem.span(c.worldstate_error_name(statusOf(failure) orelse 1));
}

/// The text of the last call that failed on `handle`, cut to what `buffer` holds.
pub fn lastErrorOf(handle: ?*const anyopaque, buffer: []u8) []const u8 {
    var length: usize = 0;
    if (c.worldstate_last_error(handle, buffer.ptr, buffer.len, &length) == c.STATE_MANAGER_SUCCESS) return buffer[0..length];
    var whole: [4096]u8 = undefined;
    if (c.worldstate_last_error(handle, &whole, whole.len, &length) != c.STATE_MANAGER_SUCCESS) return "";
    @memcpy(buffer, whole[0..buffer.len]);
    return buffer;
}

/// The text of this thread's last call that failed and had no living object: one that makes an object.
pub fn lastThreadError(buffer: []u8) []const u8 {
    return lastErrorOf(null, buffer);
}

test "every status has an error and a name of its own" {
    var status: c_int = -1;
    while (status >= -23) : (status -= 1) {
        const failure = errorOf(status);
        try std.testing.expectEqual(status, statusOf(failure).?);
        try std.testing.expect(!std.mem.eql(u8, nameOf(failure), "STATE_MANAGER_ERROR_UNKNOWN"));
    }
    try std.testing.expectEqual(error.UnknownStatus, errorOf(-24));
    try std.testing.expectEqualStrings("STATE_MANAGER_ERROR_UNKNOWN", nameOf(error.FileNotFound));
}
