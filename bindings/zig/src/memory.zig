//! Texts and slices across the boundary.

const c = @import("c");
const std = @import("std");
const errors = @import("errors.zig");

/// Reads a text of unknown length, which is asked for twice. `function` takes `arguments`, then buffer, size and length. The caller frees
/// the text.
pub fn readText(allocator: std.mem.Allocator, function: anytype, arguments: anytype) errors.Error![]u8 {
    var length: usize = 0;
    try errors.check(@call(.auto, function, arguments ++ .{ null, @as(usize, 0), &length }));
    const buffer, length = try readAbout(allocator, length, function, arguments);
    errdefer allocator.free(buffer);
    return allocator.realloc(buffer, length);
}

/// `readText` for a text that costs too much to be asked for twice, and is hardly longer than `guess`. With the NUL.
pub fn readTextAbout(allocator: std.mem.Allocator, guess: usize, function: anytype, arguments: anytype) errors.Error![:0]u8 {
    const buffer, const length = try readAbout(allocator, guess, function, arguments);
    errdefer allocator.free(buffer);
    return (try allocator.realloc(buffer, length + 1))[0..length :0];
}

/// A buffer with the text and its NUL at the beginning, and the text's length.
fn readAbout(allocator: std.mem.Allocator, guess: usize, function: anytype, arguments: anytype) errors.Error!struct { []u8, usize } {
    var length = guess;
    while (true) {
        const buffer = try allocator.alloc(u8, length + 1);
        errdefer allocator.free(buffer);
        const status = @call(.auto, function, arguments ++ .{ buffer.ptr, buffer.len, &length });
        if (status == c.STATE_MANAGER_ERROR_OUTPUT_TOO_SMALL and length >= buffer.len) {
            allocator.free(buffer); // it grew meanwhile, or the guess was too low
            continue;
        }
        try errors.check(status);
        return .{ buffer, length };
    }
}

/// A pointer to the value, null without one.
pub fn pointerTo(value: anytype) ?[*]const u8 {
    return if (value) |there| there else null;
}
