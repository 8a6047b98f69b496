//! The operations of a case, on one state.

const std = @import("std");
const ws = @import("worldstate");
const execution = @import("execution.zig");
const json = @import("json.zig");
const Recorded = @import("recorded.zig").Recorded;

const Value = std.json.Value;

pub const Runner = struct {
    a: std.mem.Allocator,
    fork: ?*ws.Fork,
    state: ws.StateManager,
    snapshots: std.StringHashMap(ws.SnapshotId),
    /// Arguments that were looked at.
    used: std.StringHashMap(void),
    step: std.json.ObjectMap = .empty,
    /// The text of the failure.
    text: []const u8 = "",

    pub fn init(self: *Runner, a: std.mem.Allocator, io: std.Io, fork: ?Value) !void {
        self.* = .{
            .a = a,
            .fork = null,
            .state = undefined,
            .snapshots = .init(a),
            .used = .init(a),
        };
        if (fork) |data| {
            const recorded = try a.create(Recorded);
            self.fork = try a.create(ws.Fork);
            self.fork.?.* = try recorded.open(a, io, data);
            self.state = try .initWithFork(self.fork.?);
        } else {
            self.state = try .init();
        }
    }

    pub fn deinit(self: *Runner) void {
        self.state.deinit();
        if (self.fork) |fork| fork.deinit();
    }

    pub fn get(self: *Runner, name: []const u8) ?Value {
        const value = self.step.get(name) orelse return null;
        self.used.put(name, {}) catch unreachable;
        return value;
    }

    fn text_of(self: *Runner, name: []const u8) ![]const u8 {
        return (self.get(name) orelse return error.MissingArgument).string;
    }

    /// A failure of parsing has no text of the library: it names what was parsed.
    fn parsed(self: *Runner, what: []const u8, result: anytype) @TypeOf(result) {
        return result catch |failure| {
            self.text = what;
            return failure;
        };
    }

    pub fn addressOf(self: *Runner, text: []const u8) !ws.Address {
        return self.parsed("address", ws.parseAddress(text));
    }

    fn address(self: *Runner) !ws.Address {
        return self.addressOf(try self.text_of("address"));
    }

    fn word(self: *Runner, name: []const u8) !ws.Word {
        return self.parsed(name, ws.parseWord(try self.text_of(name)));
    }

    fn snapshot(self: *Runner) !ws.SnapshotId {
        return self.snapshots.get(try self.text_of("snapshot")) orelse error.UnknownSnapshotName;
    }

    pub fn do(self: *Runner, step: Value) !Value {
        self.step = step.object;
        const operation = step.object.get("do").?.string;
        return self.dispatch(operation) catch |failure| {
            if (self.text.len == 0) self.text = self.state.lastError(try self.a.alloc(u8, 1024));
            return failure;
        };
    }

    fn dispatch(self: *Runner, operation: []const u8) !Value {
        const a = self.a;
        const state = self.state;
        const known = std.meta.stringToEnum(Operation, operation) orelse return error.UnknownOperation;
        switch (known) {
            .getBalance => return json.quantity(a, try state.balance(try self.address())),
            .getNonce => return json.quantity(a, try state.nonce(try self.address())),
            .getStorage => {
                const at = try self.address();
                return json.string(a, &ws.wordText(try state.storage(at, try self.word("slot"))));
            },
            .getCode => return json.hex(a, try state.code(a, try self.address())),
            .getCodeHash => return json.string(a, &ws.wordText(try state.codeHash(try self.address()))),
            .getStorageRoot => return json.string(a, &ws.wordText(try state.storageRoot(try self.address()))),
            .getAccountStatus => return json.string(a, @tagName(try state.accountStatus(try self.address()))),
            .getProof => {
                const at = try self.address();
                const given = (self.get("slots") orelse return error.MissingArgument).array.items;
                const slots = try a.alloc(ws.Word, given.len);
                for (given, slots) |text, *slot| slot.* = try self.parsed("slots", ws.parseWord(text.string));
                return json.parse(a, try state.proofJson(a, at, slots));
            },
            .getStateRoot => return json.string(a, &ws.wordText(try state.stateRoot())),
            .getBlockHash => return json.string(a, &ws.wordText(try state.blockHash(@intCast(self.get("number").?.integer)))),
            .setBalance => try state.setBalance(try self.address(), try json.number(u256, try self.text_of("balance"))),
            .setNonce => try state.setNonce(try self.address(), try json.number(u64, try self.text_of("nonce"))),
            .setCode => try state.setCode(try self.address(), try json.bytes(a, try self.text_of("code"))),
            .setStorage => {
                const at = try self.address();
                const slot = try self.word("slot");
                try state.setStorage(at, slot, try self.word("value"));
            },
            .deleteAccount => try state.deleteAccount(try self.address()),
            .clearStorage => try state.clearStorage(try self.address()),
            .getStorageBatch => return self.storageBatch(),
            .setStorageBatch => try self.setStorageBatch(),
            .getAccounts => return self.accounts(),
            .setAccounts => try self.setAccounts(),
            .checkpoint => try state.checkpoint(),
            .revert => try state.revert(),
            .commit => try state.commit(),
            .getCheckpointDepth => return .{ .integer = @intCast(try state.checkpointDepth()) },
            .snapshot => try self.snapshots.put(try self.text_of("as"), try state.snapshot()),
            .revertToSnapshot => try state.revertToSnapshot(try self.snapshot()),
            .deleteSnapshot => try state.deleteSnapshot(try self.snapshot()),
            .getChanges => {
                const since: ?ws.SnapshotId = if (self.step.contains("snapshot")) try self.snapshot() else null;
                return json.parse(a, try state.changesJson(a, since));
            },
            .dump => {
                const anvil = if (self.get("format")) |format| std.mem.eql(u8, format.string, "anvil") else false;
                return json.parse(a, try state.dump(a, if (anvil) .anvil else .genesis_alloc));
            },
            .load => return .{ .integer = @intCast(try state.load(try std.json.Stringify.valueAlloc(a, self.get("state").?, .{}))) },
            .listAccounts => {
                var list: std.json.Array = .init(a);
                var all = state.listAccounts();
                while (try all.next()) |one| try list.append(try json.string(a, &ws.addressText(one)));
                return .{ .array = list };
            },
            .listStorage => {
                var list: std.json.ObjectMap = .empty;
                var all = state.listStorage(try self.address());
                while (try all.next()) |one| try list.put(a, try a.dupe(u8, &ws.wordText(one.slot)), try json.string(a, &ws.wordText(one.value)));
                return .{ .object = list };
            },
            .reset => try state.reset(),
            .clearCaches => try state.clearCaches(),
            .clearForkCache => try state.clearForkCache(),
            .execute => return execution.execute(self),
        }
        return .null;
    }

    fn storageBatch(self: *Runner) !Value {
        const rows = self.get("keys").?.array.items;
        const addresses = try self.a.alloc(ws.Address, rows.len);
        const slots = try self.a.alloc(ws.Word, rows.len);
        const values = try self.a.alloc(ws.Word, rows.len);
        for (rows, addresses, slots) |row, *at, *slot| {
            at.* = try self.addressOf(row.array.items[0].string);
            slot.* = try self.parsed("slot", ws.parseWord(row.array.items[1].string));
        }
        try self.state.storageBatch(addresses, slots, values);
        var list: std.json.Array = .init(self.a);
        for (values) |value| try list.append(try json.string(self.a, &ws.wordText(value)));
        return .{ .array = list };
    }

    fn setStorageBatch(self: *Runner) !void {
        const rows = self.get("entries").?.array.items;
        const addresses = try self.a.alloc(ws.Address, rows.len);
        const slots = try self.a.alloc(ws.Word, rows.len);
        const values = try self.a.alloc(ws.Word, rows.len);
        for (rows, addresses, slots, values) |row, *at, *slot, *value| {
            at.* = try self.addressOf(row.array.items[0].string);
            slot.* = try self.parsed("slot", ws.parseWord(row.array.items[1].string));
            value.* = try self.parsed("value", ws.parseWord(row.array.items[2].string));
        }
        return self.state.setStorageBatch(addresses, slots, values);
    }

    fn accounts(self: *Runner) !Value {
        const rows = self.get("addresses").?.array.items;
        const addresses = try self.a.alloc(ws.Address, rows.len);
        for (rows, addresses) |row, *at| at.* = try self.addressOf(row.string);
        var list: std.json.Array = .init(self.a);
        for (try self.state.accounts(self.a, addresses)) |one| try list.append(try json.object(self.a, .{
            .{ "balance", try json.quantity(self.a, one.balance) },
            .{ "nonce", try json.quantity(self.a, one.nonce) },
            .{ "codeHash", try json.string(self.a, &ws.wordText(one.code_hash)) },
            .{ "status", try json.string(self.a, @tagName(one.status)) },
        }));
        return .{ .array = list };
    }

    /// Accounts with the same fields are handed on together, codes one after the other.
    fn setAccounts(self: *Runner) !void {
        const rows = self.get("accounts").?.array.items;
        const addresses = try self.a.alloc(ws.Address, rows.len);
        for (rows, addresses) |row, *at| at.* = try self.addressOf(row.object.get("address").?.string);
        var from: usize = 0;
        while (from < rows.len) {
            var to = from + 1;
            while (to < rows.len and alike(rows[from], rows[to])) to += 1;
            const first = rows[from].object;
            const balances: ?[]ws.Word = if (first.contains("balance")) try self.a.alloc(ws.Word, to - from) else null;
            const nonces: ?[]u64 = if (first.contains("nonce")) try self.a.alloc(u64, to - from) else null;
            for (rows[from..to], 0..) |row, i| {
                try json.only(row, &.{ "address", "balance", "nonce", "code" });
                if (balances) |list| list[i] = ws.wordOf(try json.number(u256, row.object.get("balance").?.string));
                if (nonces) |list| list[i] = try json.number(u64, row.object.get("nonce").?.string);
            }
            const code = first.get("code");
            if (balances != null or nonces != null or code == null) try self.state.setAccounts(addresses[from..to], balances, nonces);
            if (code) |text| try self.state.setCode(addresses[from], try json.bytes(self.a, text.string));
            from = to;
        }
    }

    fn alike(one: Value, other: Value) bool {
        for ([_][]const u8{ "balance", "nonce" }) |key| if (one.object.contains(key) != other.object.contains(key)) return false;
        return !one.object.contains("code") and !other.object.contains("code");
    }
};

const Operation = enum {
    getBalance,
    getNonce,
    getStorage,
    getCode,
    getCodeHash,
    getStorageRoot,
    getAccountStatus,
    getStateRoot,
    getProof,
    getBlockHash,
    setBalance,
    setNonce,
    setCode,
    setStorage,
    deleteAccount,
    clearStorage,
    getStorageBatch,
    setStorageBatch,
    getAccounts,
    setAccounts,
    checkpoint,
    revert,
    commit,
    getCheckpointDepth,
    snapshot,
    revertToSnapshot,
    deleteSnapshot,
    getChanges,
    dump,
    load,
    listAccounts,
    listStorage,
    reset,
    clearCaches,
    clearForkCache,
    execute,
};
