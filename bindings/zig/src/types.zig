//! Addresses and words: big-endian bytes.

const std = @import("std");

/// The 20 bytes of an account's address.
pub const Address = [20]u8;

/// 32 big-endian bytes: a hash, a storage slot, a storage value.
pub const Word = [32]u8;

/// Reads 40 hex digits in any case, with or without 0x.
pub fn parseAddress(text: []const u8) error{InvalidHex}!Address {
    const digits = withoutPrefix(text);
    if (digits.len != 40) return error.InvalidHex;
    var address: Address = undefined;
    _ = std.fmt.hexToBytes(&address, digits) catch return error.InvalidHex;
    return address;
}

/// Reads 0x and 1 to 64 hex digits, or 64 digits without prefix.
pub fn parseWord(text: []const u8) error{InvalidHex}!Word {
    const digits = withoutPrefix(text);
    if (digits.len == text.len and digits.len != 64) return error.InvalidHex;
    if (digits.len == 0 or digits.len > 64) return error.InvalidHex;
    var padded: [64]u8 = @splat('0');
    @memcpy(padded[64 - digits.len ..], digits);
    var word: Word = undefined;
    _ = std.fmt.hexToBytes(&word, &padded) catch return error.InvalidHex;
    return word;
}

/// A number as a word.
pub fn wordOf(number: u256) Word {
    var word: Word = undefined;
    std.mem.writeInt(u256, &word, number, .big);
    return word;
}

/// A word as a number.
pub fn numberOf(word: Word) u256 {
    return std.mem.readInt(u256, &word, .big);
}

/// 0x and 40 lower-case digits.
pub fn addressText(address: Address) [42]u8 {
    return ("0x" ++ std.fmt.bytesToHex(address, .lower)).*;
}

/// 0x and 64 lower-case digits.
pub fn wordText(word: Word) [66]u8 {
    return ("0x" ++ std.fmt.bytesToHex(word, .lower)).*;
}

fn withoutPrefix(text: []const u8) []const u8 {
    return if (std.mem.startsWith(u8, text, "0x") or std.mem.startsWith(u8, text, "0X")) text[2..] else text;
}

test "texts of addresses and words" {
    const alice = try parseAddress("0x00000000000000000000000000000000000A11CE");
    try std.testing.expectEqual(alice, try parseAddress("00000000000000000000000000000000000a11ce"));
    try std.testing.expectEqualStrings("0x00000000000000000000000000000000000a11ce", &addressText(alice));
    for ([_][]const u8{ "", "0x", "0x12", "alice", "0x0x000000000000000000000000000000000a11ce", "0x00000000000000000000000000000000000a11cg" }) |bad| {
        try std.testing.expectError(error.InvalidHex, parseAddress(bad));
    }
    for ([_][]const u8{ "", "0x", "7", "0xg", "0x00000000000000000000000000000000000000000000000000000000000000000" }) |bad| {
        try std.testing.expectError(error.InvalidHex, parseWord(bad));
    }
    try std.testing.expectEqual(@as(u256, 258), numberOf(try parseWord("0x102")));
    try std.testing.expectEqualStrings("0x0000000000000000000000000000000000000000000000000000000000000102", &wordText(wordOf(258)));
}
