//! A journaled world state.

const c = @import("c");
const std = @import("std");
const abi = @import("abi.zig");
const errors = @import("errors.zig");
const listing = @import("listing.zig");
const memory = @import("memory.zig");
const types = @import("types.zig");
const Fork = @import("fork.zig").Fork;
const Changes = @import("changes.zig").Changes;
const parseChanges = @import("changes.zig").parse;
const AccountProof = @import("proof.zig").AccountProof;
const parseProof = @import("proof.zig").parse;

const Address = types.Address;
const Allocator = std.mem.Allocator;
const Error = errors.Error;
const Word = types.Word;

/// Whether an account exists.
pub const AccountStatus = enum(c_int) {
    /// Not in the state.
    absent = c.STATE_MANAGER_ACCOUNT_ABSENT,
    /// There, with balance 0, nonce 0 and no code.
    empty = c.STATE_MANAGER_ACCOUNT_EMPTY,
    /// There and not empty.
    present = c.STATE_MANAGER_ACCOUNT_PRESENT,
};

/// What an account has besides code and storage.
pub const Account = struct { balance: u256, nonce: u64, code_hash: Word, status: AccountStatus };

/// Names a snapshot. Ids count from 1 and are never reused.
pub const SnapshotId = enum(u64) { _ };

/// How a state is written.
pub const DumpFormat = enum(c_int) {
    /// The alloc object of geth's genesis file.
    genesis_alloc = c.STATE_MANAGER_DUMP_GENESIS_ALLOC,
    /// The file of `anvil --dump-state` and `--load-state`.
    anvil = c.STATE_MANAGER_DUMP_ANVIL,
};

/// A journaled world state, empty or over a fork. Of several threads that use it at once, one gets in and the others wait.
pub const StateManager = struct {
    handle: c.StateManagerHandle,
    /// Set where the fork has a `Transport`, which reads use by themselves.
    fork: ?*Fork = null,

    /// An empty state.
    pub fn init() Error!StateManager {
        try abi.check();
        return .{ .handle = c.state_manager_create() orelse return error.OutOfMemory };
    }

    /// A state over the fork, which it shares with the other states on it. A fork with a `Transport` must outlive it; any other may be
    /// destroyed first. `lastThreadError` says why it failed.
    pub fn initWithFork(fork: *Fork) Error!StateManager {
        const handle = c.state_manager_create_with_fork(fork.handle) orelse return error.InvalidHandle;
        return .{ .handle = handle, .fork = if (fork.carries()) fork else null };
    }

    /// Frees the state, after a call on it that another thread has under way. Later calls fail with InvalidHandle.
    pub fn deinit(self: StateManager) void {
        c.state_manager_destroy(self.handle);
    }

    /// The text of the last call on this state that failed, cut to what `buffer` holds.
    pub fn lastError(self: StateManager, buffer: []u8) []const u8 {
        if (self.fork) |fork| if (fork.refusal(buffer)) |text| return text;
        return errors.lastErrorOf(self.handle, buffer);
    }

    /// A call that may have to be repeated when the fork's transport has brought what it needs.
    fn read(self: StateManager, function: anytype, arguments: anytype) Error!void {
        const fork = self.fork orelse return errors.check(@call(.auto, function, .{self.handle} ++ arguments));
        return fork.reading(function, .{self.handle} ++ arguments);
    }

    /// Balance in wei, zero for an absent account.
    pub fn balance(self: StateManager, address: Address) Error!u256 {
        var word: Word = undefined;
        try self.read(c.state_manager_get_balance_bytes, .{ &address, &word });
        return types.numberOf(word);
    }

    /// Sets the balance, in wei.
    pub fn setBalance(self: StateManager, address: Address, wei: u256) Error!void {
        return errors.check(c.state_manager_set_balance_bytes(self.handle, &address, &types.wordOf(wei)));
    }

    /// Nonce, zero for an absent account.
    pub fn nonce(self: StateManager, address: Address) Error!u64 {
        var number: u64 = undefined;
        try self.read(c.state_manager_get_nonce_bytes, .{ &address, &number });
        return number;
    }

    /// Sets the nonce.
    pub fn setNonce(self: StateManager, address: Address, number: u64) Error!void {
        return errors.check(c.state_manager_set_nonce_bytes(self.handle, &address, number));
    }

    /// Value of a slot, zero where nothing was ever written.
    pub fn storage(self: StateManager, address: Address, slot: Word) Error!Word {
        var value: Word = undefined;
        try self.read(c.state_manager_get_storage_bytes, .{ &address, &slot, &value });
        return value;
    }

    /// Sets a slot.
    pub fn setStorage(self: StateManager, address: Address, slot: Word, value: Word) Error!void {
        return errors.check(c.state_manager_set_storage_bytes(self.handle, &address, &slot, &value));
    }

    /// The account's code, empty for an absent account and for one without code. The caller frees it.
    pub fn code(self: StateManager, allocator: Allocator, address: Address) Error![]u8 {
        while (true) {
            var length: usize = undefined;
            try self.read(c.state_manager_get_code_len_bytes, .{ &address, &length });
            const bytes = try allocator.alloc(u8, length);
            errdefer allocator.free(bytes);
            self.read(c.state_manager_get_code_bytes, .{ &address, bytes.ptr, bytes.len }) catch |failure| switch (failure) {
                error.OutputTooSmall => { // it was set between the two
                    allocator.free(bytes);
                    continue;
                },
                else => return failure,
            };
            return bytes;
        }
    }

    /// Sets the code, copied. No bytes make the account one without code.
    pub fn setCode(self: StateManager, address: Address, bytes: []const u8) Error!void {
        return errors.check(c.state_manager_set_code_bytes(self.handle, &address, bytes.ptr, bytes.len));
    }

    /// keccak-256 of the code: that of no bytes for an account without code, zero for an absent one.
    pub fn codeHash(self: StateManager, address: Address) Error!Word {
        var hash: Word = undefined;
        try self.read(c.state_manager_get_code_hash_bytes, .{ &address, &hash });
        return hash;
    }

    /// Whether the account exists.
    pub fn accountStatus(self: StateManager, address: Address) Error!AccountStatus {
        var status: c_int = undefined;
        try self.read(c.state_manager_get_account_status_bytes, .{ &address, &status });
        return @fromBackingInt(status);
    }

    /// Makes the account absent, with balance, nonce, code and storage. On a fork the chain's account stays hidden.
    pub fn deleteAccount(self: StateManager, address: Address) Error!void {
        return errors.check(c.state_manager_delete_account_bytes(self.handle, &address));
    }

    /// Sets every slot of the account to zero, on a fork the chain's too. It does not make the account exist.
    pub fn clearStorage(self: StateManager, address: Address) Error!void {
        return errors.check(c.state_manager_clear_storage_bytes(self.handle, &address));
    }

    /// Root of the account's storage trie, the empty root for an absent account. On a fork, local slots are applied to the chain's trie:
    /// failures as of `stateRoot`, none where the account was deleted or its storage cleared.
    pub fn storageRoot(self: StateManager, address: Address) Error!Word {
        var root: Word = undefined;
        try self.read(c.state_manager_get_storage_root_bytes, .{ &address, &root });
        return root;
    }

    /// Root of the state trie. On a fork, all that was written locally is applied to the chain's trie, over proofs that are fetched:
    /// InvalidState, naming the node, where they do not suffice, and on a fork that keeps no proofs.
    pub fn stateRoot(self: StateManager) Error!Word {
        var root: Word = undefined;
        try self.read(c.state_manager_get_state_root_bytes, .{&root});
        return root;
    }

    /// Hash of the fork's ancestor block, or of its block itself. InvalidInput for a later block, InvalidState without a fork.
    pub fn blockHash(self: StateManager, number: u64) Error!Word {
        var hash: Word = undefined;
        try self.read(c.state_manager_get_block_hash_bytes, .{ number, &hash });
        return hash;
    }

    /// Values of many slots, slots[i] of addresses[i], to `values`. InvalidInput where the lengths differ. On a fork, all that is missing
    /// is fetched together; nothing is written unless all values are there.
    pub fn storageBatch(self: StateManager, addresses: []const Address, slots: []const Word, values: []Word) Error!void {
        if (addresses.len != slots.len or values.len != slots.len) return error.InvalidInput;
        const to: [*]u8 = @ptrCast(values.ptr);
        return self.read(c.state_manager_get_storage_batch, .{ bytesOf(addresses.ptr), bytesOf(slots.ptr), slots.len, to });
    }

    /// Sets many slots in order, slots[i] of addresses[i] to values[i]. InvalidInput where the lengths differ.
    pub fn setStorageBatch(self: StateManager, addresses: []const Address, slots: []const Word, values: []const Word) Error!void {
        if (addresses.len != slots.len or values.len != slots.len) return error.InvalidInput;
        return errors.check(c.state_manager_set_storage_batch(self.handle, bytesOf(addresses.ptr), bytesOf(slots.ptr), bytesOf(values.ptr), slots.len));
    }

    /// Many accounts. On a fork, all that is missing is fetched together. The caller frees them.
    pub fn accounts(self: StateManager, allocator: Allocator, addresses: []const Address) Error![]Account {
        const balances = try allocator.alloc(Word, addresses.len);
        defer allocator.free(balances);
        const nonces = try allocator.alloc(u64, addresses.len);
        defer allocator.free(nonces);
        const hashes = try allocator.alloc(Word, addresses.len);
        defer allocator.free(hashes);
        const statuses = try allocator.alloc(c_int, addresses.len);
        defer allocator.free(statuses);
        const to_balances: [*]u8 = @ptrCast(balances.ptr);
        const to_hashes: [*]u8 = @ptrCast(hashes.ptr);
        try self.read(c.state_manager_get_account_batch, .{ bytesOf(addresses.ptr), addresses.len, to_balances, nonces.ptr, to_hashes, statuses.ptr });
        const list = try allocator.alloc(Account, addresses.len);
        for (list, balances, nonces, hashes, statuses) |*one, wei, number, hash, status| {
            one.* = .{ .balance = types.numberOf(wei), .nonce = number, .code_hash = hash, .status = @fromBackingInt(status) };
        }
        return list;
    }

    /// Sets balances (words) and nonces of many accounts in order; null leaves them as they are. InvalidInput where the lengths differ.
    pub fn setAccounts(self: StateManager, addresses: []const Address, balances: ?[]const Word, nonces: ?[]const u64) Error!void {
        if (balances) |list| if (list.len != addresses.len) return error.InvalidInput;
        if (nonces) |list| if (list.len != addresses.len) return error.InvalidInput;
        const words: ?[*]const u8 = if (balances) |list| bytesOf(list.ptr) else null;
        const numbers: ?[*]const u64 = if (nonces) |list| list.ptr else null;
        return errors.check(c.state_manager_set_account_batch(self.handle, bytesOf(addresses.ptr), words, numbers, addresses.len));
    }

    /// Opens a checkpoint inside those that are open, at the same cost for any state.
    pub fn checkpoint(self: StateManager) Error!void {
        return errors.check(c.state_manager_checkpoint(self.handle));
    }

    /// Undoes everything since the innermost checkpoint and closes it; snapshots taken since die.
    pub fn revert(self: StateManager) Error!void {
        return errors.check(c.state_manager_revert(self.handle));
    }

    /// Closes the innermost checkpoint and keeps what was written since.
    pub fn commit(self: StateManager) Error!void {
        return errors.check(c.state_manager_commit(self.handle));
    }

    /// Number of open checkpoints.
    pub fn checkpointDepth(self: StateManager) Error!usize {
        var depth: usize = undefined;
        try errors.check(c.state_manager_checkpoint_depth(self.handle, &depth));
        return depth;
    }

    /// Takes a snapshot. What is written since is remembered until it dies, or is deleted.
    pub fn snapshot(self: StateManager) Error!SnapshotId {
        var id: u64 = undefined;
        try errors.check(c.state_manager_snapshot(self.handle, &id));
        return @fromBackingInt(id);
    }

    /// Undoes everything since the snapshot, which dies together with every newer one and with the checkpoints opened since.
    pub fn revertToSnapshot(self: StateManager, id: SnapshotId) Error!void {
        return errors.check(c.state_manager_revert_to_snapshot(self.handle, @backingInt(id)));
    }

    /// Forgets a snapshot and keeps what was written since.
    pub fn deleteSnapshot(self: StateManager, id: SnapshotId) Error!void {
        return errors.check(c.state_manager_delete_snapshot(self.handle, @backingInt(id)));
    }

    /// What really differs since the snapshot, or since the innermost checkpoint was opened. The caller calls `deinit` of it.
    pub fn changes(self: StateManager, allocator: Allocator, since: ?SnapshotId) Error!Changes {
        const raw = try self.changesJson(allocator, since);
        defer allocator.free(raw);
        return parseChanges(allocator, raw);
    }

    /// The same as the library writes it. The caller frees it.
    pub fn changesJson(self: StateManager, allocator: Allocator, since: ?SnapshotId) Error![]u8 {
        const id: u64 = if (since) |one| @backingInt(one) else 0;
        return self.readText(allocator, c.state_manager_get_changes, .{id});
    }

    /// The account and the slots with their proofs, under the root that `stateRoot` gives, and with its failures. What does not exist has
    /// a proof of that. The caller calls `deinit` of it.
    pub fn proof(self: StateManager, allocator: Allocator, address: Address, slots: []const Word) Error!AccountProof {
        const raw = try self.proofJson(allocator, address, slots);
        defer allocator.free(raw);
        return parseProof(allocator, raw);
    }

    /// The same as eth_getProof answers. The caller frees it.
    pub fn proofJson(self: StateManager, allocator: Allocator, address: Address, slots: []const Word) Error![:0]u8 {
        return self.proofAbout(allocator, (6 + 3 * slots.len) << 10, address, slots);
    }

    /// `proofJson` with a guess at its length.
    fn proofAbout(self: StateManager, allocator: Allocator, guess: usize, address: Address, slots: []const Word) Error![:0]u8 {
        const arguments = .{ self.handle, &address, bytesOf(slots.ptr), slots.len };
        var waiter: Fork.Waiter = .{};
        while (true) {
            return memory.readTextAbout(allocator, guess, c.state_manager_get_proof, arguments) catch |failure| {
                if (failure != error.RpcPending or !try self.wait(&waiter)) return failure;
                continue;
            };
        }
    }

    fn wait(self: StateManager, waiter: *Fork.Waiter) Error!bool {
        return if (self.fork) |fork| fork.wait(waiter) else false;
    }

    fn readText(self: StateManager, allocator: Allocator, function: anytype, arguments: anytype) Error![]u8 {
        var waiter: Fork.Waiter = .{};
        while (true) {
            return memory.readText(allocator, function, .{self.handle} ++ arguments) catch |failure| {
                if (failure != error.RpcPending or !try self.wait(&waiter)) return failure;
                continue;
            };
        }
    }

    /// Goes through the accounts that were written here and exist, in ascending order.
    pub fn listAccounts(self: StateManager) listing.Accounts {
        return .{ .handle = self.handle };
    }

    /// Goes through the account's slots that were written here and are not zero, in ascending order.
    pub fn listStorage(self: StateManager, address: Address) listing.Storage {
        return .{ .handle = self.handle, .address = address };
    }

    /// Every account that was written here and exists, with its local slots, as JSON. On a fork, fields that were not written here are
    /// fetched. The caller frees it.
    pub fn dump(self: StateManager, allocator: Allocator, format: DumpFormat) Error![]u8 {
        return self.readText(allocator, c.state_manager_dump, .{@backingInt(format)});
    }

    /// Loads accounts from geth's genesis alloc, the file of `anvil --dump-state`, or the answer of anvil_dumpState, and returns their
    /// number. All or nothing.
    pub fn load(self: StateManager, json: []const u8) Error!usize {
        var count: usize = undefined;
        try errors.check(c.state_manager_load(self.handle, json.ptr, json.len, &count));
        return count;
    }

    /// Forgets all local writes, checkpoints and snapshots; a fork below stays. Snapshot ids go on counting.
    pub fn reset(self: StateManager) Error!void {
        return errors.check(c.state_manager_reset(self.handle));
    }

    /// Forgets what can be made or fetched again; never a local write.
    pub fn clearCaches(self: StateManager) Error!void {
        return errors.check(c.state_manager_clear_caches(self.handle));
    }

    /// Forgets what the fork below has fetched, for all states on it. No effect without a fork.
    pub fn clearForkCache(self: StateManager) Error!void {
        return errors.check(c.state_manager_clear_fork_cache(self.handle));
    }
};

fn bytesOf(items: anytype) [*]const u8 {
    return @ptrCast(items);
}

test "a guess that is too low" {
    const a = std.testing.allocator;
    const state = try StateManager.init();
    defer state.deinit();
    const at: Address = @splat(1);
    try state.setNonce(at, 1);
    const whole = try state.proofJson(a, at, &.{});
    defer a.free(whole);
    var guess: usize = 0;
    while (guess < whole.len + 2) : (guess += 100) {
        const again = try state.proofAbout(a, guess, at, &.{});
        defer a.free(again);
        try std.testing.expectEqualStrings(whole, again);
    }
}
