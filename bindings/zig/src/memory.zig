//! Texts and slices across the boundary.

const c = @import("c");
const std = @import("std");
const errors = @import("errors.zig");

/// Reads a text of unknown length, which is asked for twice. `function` takes `arguments`, then buffer, size and length. The caller frees
/// the text.
pub fn readText(allocator: std.mem.Allocator, function: anytype, arguments: anytype) errors.Error![]u8 {
    var length: usize = 0;
    try errors.check(@call(.auto, function, arguments ++ .{ null, @as(usize, 0), &length }));
    while (true) {
        const text = try allocator.alloc(u8, length + 1);
        errdefer allocator.free(text);
        const status = @call(.auto, function, arguments ++ .{ text.ptr, text.len, &length });
        if (status == c.STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL and length >= text.len) {
            allocator.free(text); // it grew between the two
            continue;
        }
        try errors.check(status);
        return allocator.realloc(text, length);
    }
}

/// A pointer to the value, null without one.
pub fn pointerTo(value: anytype) ?[*]const u8 {
    return if (value) |there| there else null;
}
