//! Proofs of accounts and slots (EIP-1186): parsed, and checked without a fork and without a network.

const c = @import("c");
const std = @import("std");
const abi = @import("abi.zig");
const errors = @import("errors.zig");
const types = @import("types.zig");

const Error = errors.Error;

/// An account, and slots of it, with their proofs under a state root.
pub const AccountProof = struct {
    address: types.Address,
    balance: u256,
    nonce: u64,
    code_hash: types.Word,
    storage_hash: types.Word,
    /// The nodes on the way from the state root, in RLP.
    account_proof: [][]u8,
    storage_proof: []Slot,
    arena: std.heap.ArenaAllocator,

    /// A slot with its proof under the account's storage root.
    pub const Slot = struct { key: types.Word, value: types.Word, proof: [][]u8 };

    pub fn deinit(self: AccountProof) void {
        self.arena.deinit();
    }
};

/// As eth_getProof answers.
const Raw = struct {
    address: []const u8,
    balance: []const u8,
    nonce: []const u8,
    codeHash: []const u8,
    storageHash: []const u8,
    accountProof: []const []const u8,
    storageProof: []const struct { key: []const u8, value: []const u8, proof: []const []const u8 },
};

/// Reads what the library writes. Anything else is Internal.
pub fn parse(allocator: std.mem.Allocator, json: []const u8) Error!AccountProof {
    const parsed = std.json.parseFromSlice(Raw, allocator, json, .{}) catch |failure| return known(failure);
    defer parsed.deinit();
    var arena: std.heap.ArenaAllocator = .init(allocator);
    errdefer arena.deinit();
    var proof = convert(arena.allocator(), parsed.value) catch |failure| return known(failure);
    proof.arena = arena;
    return proof;
}

fn known(failure: anyerror) Error {
    return if (failure == error.OutOfMemory) error.OutOfMemory else error.Internal;
}

fn convert(a: std.mem.Allocator, raw: Raw) !AccountProof {
    const proof: AccountProof = .{
        .address = try types.parseAddress(raw.address),
        .balance = try std.fmt.parseInt(u256, raw.balance, 0),
        .nonce = try std.fmt.parseInt(u64, raw.nonce, 0),
        .code_hash = try types.parseWord(raw.codeHash),
        .storage_hash = try types.parseWord(raw.storageHash),
        .account_proof = try nodes(a, raw.accountProof),
        .storage_proof = try a.alloc(AccountProof.Slot, raw.storageProof.len),
        .arena = undefined,
    };
    for (proof.storage_proof, raw.storageProof) |*to, from| to.* = .{
        .key = try types.parseWord(from.key),
        .value = try types.parseWord(from.value),
        .proof = try nodes(a, from.proof),
    };
    return proof;
}

fn nodes(a: std.mem.Allocator, texts: []const []const u8) ![][]u8 {
    const list = try a.alloc([]u8, texts.len);
    for (list, texts) |*node, text| {
        if (!std.mem.startsWith(u8, text, "0x")) return error.InvalidHex;
        node.* = try std.fmt.hexToBytes(try a.alloc(u8, (text.len - 2) / 2), text[2..]);
    }
    return list;
}

/// Checks the answer of a node to eth_getProof, or the whole JSON-RPC response, against a state root. ProofInvalid when anything does not
/// match, is missing, or is there beyond what proves it; `lastThreadError` names what. InvalidInput for a text that is not JSON, or a
/// response without result.
///
/// It may be for any account and any slots: `verifyProofOf` checks that, too.
pub fn verifyProof(state_root: types.Word, json: [:0]const u8) Error!void {
    try abi.check();
    return errors.check(c.worldstate_verify_proof(&state_root, null, null, 0, json.ptr));
}

/// `verifyProof` for an answer that must be for this account, with each of these slots among those that it proves.
pub fn verifyProofOf(state_root: types.Word, address: types.Address, slots: []const types.Word, json: [:0]const u8) Error!void {
    try abi.check();
    const first: [*]const u8 = @ptrCast(slots.ptr);
    return errors.check(c.worldstate_verify_proof(&state_root, &address, first, slots.len, json.ptr));
}

/// Checks that a block header in JSON has the hash, which is computed from its fields, and returns its state root. A block, as
/// eth_getBlockByNumber gives it, does, and so does the whole JSON-RPC response. ProofInvalid when the hash is another or a field is
/// missing; InvalidInput as for `verifyProof`. `lastThreadError` has the text.
pub fn verifyHeader(block_hash: types.Word, json: [:0]const u8) Error!types.Word {
    try abi.check();
    var state_root: types.Word = undefined;
    try errors.check(c.worldstate_verify_header(&block_hash, json.ptr, &state_root));
    return state_root;
}
