//! Every function of the header is called by this module, or said not to be.

const std = @import("std");

// unused.json has those that are not, and why.
test "every function of the header is reachable" {
    const io = std.testing.io;
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const a = arena.allocator();
    const cwd = std.Io.Dir.cwd();
    const header = try cwd.readFileAlloc(io, "../../include/worldstate.h", a, .limited(1 << 20));
    const unused = try cwd.readFileAlloc(io, "unused.json", a, .limited(1 << 20));
    const not_called = (try std.json.parseFromSliceLeaky(std.json.Value, a, unused, .{})).object;
    var sources: std.ArrayList(u8) = .empty;
    var directory = try cwd.openDir(io, "src", .{ .iterate = true });
    defer directory.close(io);
    var files = directory.iterate();
    while (try files.next(io)) |file| {
        if (!std.mem.endsWith(u8, file.name, ".zig")) continue;
        try sources.appendSlice(a, try directory.readFileAlloc(io, file.name, a, .limited(1 << 20)));
    }
    var found: usize = 0;
    var missing: usize = 0;
    var lines = std.mem.splitScalar(u8, header, '\n');
    while (lines.next()) |line| {
        const name = declared(line) orelse continue;
        found += 1;
        const calls = isCalled(sources.items, name);
        if (calls and not_called.contains(name)) {
            std.debug.print("{s} is called, though it is said not to be\n", .{name});
            missing += 1;
        }
        if (!calls and !not_called.contains(name)) {
            std.debug.print("nothing calls {s}\n", .{name});
            missing += 1;
        }
    }
    try std.testing.expect(found >= 90);
    try std.testing.expectEqual(0, missing);
}

/// The function that a line of the header begins to declare.
fn declared(line: []const u8) ?[]const u8 {
    if (line.len == 0 or !std.ascii.isAlphabetic(line[0]) or std.mem.startsWith(u8, line, "typedef")) return null;
    const open = std.mem.findScalar(u8, line, '(') orelse return null;
    var start = open;
    while (start > 0 and (std.ascii.isAlphanumeric(line[start - 1]) or line[start - 1] == '_')) start -= 1;
    return if (start == 0 or start == open) null else line[start..open];
}

/// Whether `c.NAME` stands there, as a whole word.
fn isCalled(sources: []const u8, name: []const u8) bool {
    var at: usize = 0;
    while (std.mem.findPos(u8, sources, at, name)) |index| : (at = index + 1) {
        const after = sources[index + name.len];
        if (std.mem.endsWith(u8, sources[0..index], "c.") and !std.ascii.isAlphanumeric(after) and after != '_') return true;
    }
    return false;
}
