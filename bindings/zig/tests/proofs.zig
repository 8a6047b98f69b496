//! Proofs out of states and forks, and checks of proofs and headers.

const std = @import("std");
const ws = @import("worldstate");
const Node = @import("node.zig").Node;
const Opened = @import("node.zig").Opened;
const alice = @import("node.zig").alice;
const bob = @import("node.zig").bob;
const contract = @import("node.zig").contract;
const options = @import("node.zig").options;

const testing = std.testing;
const a = testing.allocator;

test "a header that was altered" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    const hash = try node.hash();
    const header = try node.rpc("eth_getBlockByNumber", "\"latest\",false");
    defer a.free(header);
    _ = try ws.verifyHeader(hash, header);
    try testing.expectError(error.ProofInvalid, ws.verifyHeader(ws.wordOf(1), header));
    const at = std.mem.find(u8, header, "\"gasLimit\":\"0x").? + 14;
    header[at] = if (header[at] == '1') '2' else '1';
    try testing.expectError(error.ProofInvalid, ws.verifyHeader(hash, header));
    try testing.expectError(error.InvalidInput, ws.verifyHeader(hash, "no header"));
}

/// Gets a proof of the slots and verifies it.
fn checkProofs(state: ws.StateManager, address: ws.Address, slots: []const ws.Word, values: []const ws.Word) !void {
    const root = try state.stateRoot();
    const proof = try state.proof(a, address, slots);
    defer proof.deinit();
    try testing.expectEqual(address, proof.address);
    try testing.expectEqual(try state.balance(address), proof.balance);
    try testing.expectEqual(try state.nonce(address), proof.nonce);
    try testing.expectEqual(try state.storageRoot(address), proof.storage_hash);
    try testing.expect(proof.account_proof.len > 0 and proof.account_proof[0].len > 32);
    for (proof.storage_proof, slots, values) |one, slot, value| {
        try testing.expectEqual(slot, one.key);
        try testing.expectEqual(value, one.value);
    }
    const json = try state.proofJson(a, address, slots);
    defer a.free(json);
    try ws.verifyProof(root, json);
    try ws.verifyProofOf(root, address, slots, json);
    try testing.expectError(error.ProofInvalid, ws.verifyProofOf(root, bob, &.{}, json));
    try testing.expectError(error.ProofInvalid, ws.verifyProofOf(root, address, &.{ws.wordOf(1 << 40)}, json));
    try testing.expectError(error.ProofInvalid, ws.verifyProof(ws.wordOf(1), json));
    var buffer: [512]u8 = undefined;
    try testing.expect(ws.lastThreadError(&buffer).len > 0);
    try testing.expectError(error.InvalidInput, ws.verifyProof(root, "no proof"));
}

test "proofs of a local state" {
    const state = try ws.StateManager.init();
    defer state.deinit();
    try state.setBalance(alice, 1000);
    try state.setNonce(contract, 3);
    try state.setCode(contract, "\x5f");
    try state.setStorage(contract, ws.wordOf(1), ws.wordOf(2));
    try checkProofs(state, contract, &.{ ws.wordOf(1), ws.wordOf(2) }, &.{ ws.wordOf(2), ws.wordOf(0) });
    try checkProofs(state, alice, &.{}, &.{});
    var slots: [2000]ws.Word = undefined;
    var values: [2000]ws.Word = @splat(ws.wordOf(0));
    for (&slots, 0..) |*slot, i| slot.* = ws.wordOf(i);
    values[1] = ws.wordOf(2);
    try checkProofs(state, contract, &slots, &values);
    // Where memory that is resized moves by chance, the number of allocations does, too.
    const memory = try a.alloc(u8, 16 << 20);
    defer a.free(memory);
    var steady: std.heap.FixedBufferAllocator = .init(memory);
    try testing.checkAllAllocationFailures(steady.allocator(), proves, .{state});
}

fn proves(allocator: std.mem.Allocator, state: ws.StateManager) !void {
    const proof = try state.proof(allocator, contract, &.{ws.wordOf(1)});
    proof.deinit();
}

test "proofs of a fork" {
    var node: Node = undefined;
    try node.start();
    defer node.stop();
    try node.withContract();
    const header = try node.rpc("eth_getBlockByNumber", "\"latest\",false");
    defer a.free(header);
    const root = try ws.verifyHeader(try node.hash(), header);
    for ([_]bool{ false, true }) |own_client| {
        var opened: Opened = undefined;
        try opened.open(options(&node, own_client));
        defer opened.close();
        const slots = [_]ws.Word{ ws.wordOf(1), ws.wordOf(2) };
        try testing.expectEqual(root, try opened.state.stateRoot());
        try checkProofs(opened.state, contract, &slots, &.{ ws.wordOf(20), ws.wordOf(0) });
        try opened.state.setStorage(contract, ws.wordOf(2), ws.wordOf(9));
        try opened.state.setBalance(contract, 5);
        try checkProofs(opened.state, contract, &slots, &.{ ws.wordOf(20), ws.wordOf(9) });
        try testing.expect(!std.mem.eql(u8, &root, &try opened.state.stateRoot()));
    }
}
