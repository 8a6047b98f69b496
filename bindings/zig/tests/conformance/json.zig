//! What the data needs of JSON.

const std = @import("std");

const Value = std.json.Value;

/// Fails for keys that are not among these.
pub fn only(value: Value, keys: []const []const u8) !void {
    for (value.object.keys()) |key| {
        for (keys) |known| {
            if (std.mem.eql(u8, key, known)) break;
        } else {
            std.debug.print("unknown key {s}\n", .{key});
            return error.UnknownKey;
        }
    }
}

/// Whether two values are the same JSON, whatever the order of keys. With `some_keys`, of the outermost object only those that are expected
/// count.
pub fn same(expected: Value, got: Value, some_keys: bool) bool {
    if (std.meta.activeTag(expected) != std.meta.activeTag(got)) return false;
    switch (expected) {
        .object => |wanted| {
            if (!some_keys and wanted.count() != got.object.count()) return false;
            for (wanted.keys(), wanted.values()) |key, value| {
                if (!same(value, got.object.get(key) orelse return false, false)) return false;
            }
            return true;
        },
        .array => |array| {
            if (array.items.len != got.array.items.len) return false;
            for (array.items, got.array.items) |one, other| if (!same(one, other, false)) return false;
            return true;
        },
        .string => |text| return std.mem.eql(u8, text, got.string),
        .integer => |value| return value == got.integer,
        .bool => |yes| return yes == got.bool,
        .null => return true,
        .float => |value| return value == got.float,
        .number_string => |text| return std.mem.eql(u8, text, got.number_string),
    }
}

pub fn string(a: std.mem.Allocator, text: []const u8) !Value {
    return .{ .string = try a.dupe(u8, text) };
}

/// A quantity: 0x and digits without leading zeros.
pub fn quantity(a: std.mem.Allocator, value: u256) !Value {
    return .{ .string = try std.fmt.allocPrint(a, "0x{x}", .{value}) };
}

pub fn hex(a: std.mem.Allocator, data: []const u8) !Value {
    return .{ .string = try std.fmt.allocPrint(a, "0x{x}", .{data}) };
}

/// Bytes of 0x and digits.
pub fn bytes(a: std.mem.Allocator, text: []const u8) ![]u8 {
    const digits = text[2..];
    return std.fmt.hexToBytes(try a.alloc(u8, digits.len / 2), digits);
}

pub fn number(comptime T: type, text: []const u8) !T {
    return std.fmt.parseInt(T, text, 0);
}

pub fn parse(a: std.mem.Allocator, text: []const u8) !Value {
    return std.json.parseFromSliceLeaky(Value, a, text, .{});
}

pub fn object(a: std.mem.Allocator, entries: anytype) !Value {
    var all: std.json.ObjectMap = .empty;
    inline for (entries) |entry| try all.put(a, entry[0], entry[1]);
    return .{ .object = all };
}
