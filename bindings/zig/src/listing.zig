//! Listings, whose pages nobody sees.

const c = @import("c");
const errors = @import("errors.zig");
const types = @import("types.zig");

const page_size = 64;

/// Accounts of a state, in ascending order.
pub const Accounts = struct {
    handle: c.StateManagerHandle,
    page: [page_size]types.Address = undefined,
    filled: usize = 0,
    at: usize = 0,
    /// Nothing was asked for yet.
    first: bool = true,

    /// The next account, null at the end.
    pub fn next(self: *Accounts) errors.Error!?types.Address {
        if (self.at == self.filled) {
            if (!self.first and self.filled < page_size) return null;
            var after = self.page[page_size - 1];
            const from: ?[*]const u8 = if (self.first) null else &after;
            var count: usize = undefined;
            try errors.check(c.state_manager_list_accounts(self.handle, from, @ptrCast(&self.page), page_size, &count));
            self.first, self.filled, self.at = .{ false, count, 0 };
            if (count == 0) return null;
        }
        defer self.at += 1;
        return self.page[self.at];
    }
};

/// Slots of an account, in ascending order.
pub const Storage = struct {
    handle: c.StateManagerHandle,
    address: types.Address,
    slots: [page_size]types.Word = undefined,
    values: [page_size]types.Word = undefined,
    filled: usize = 0,
    at: usize = 0,
    first: bool = true,

    pub const Entry = struct { slot: types.Word, value: types.Word };

    /// The next slot, null at the end.
    pub fn next(self: *Storage) errors.Error!?Entry {
        if (self.at == self.filled) {
            if (!self.first and self.filled < page_size) return null;
            var after = self.slots[page_size - 1];
            const from: ?[*]const u8 = if (self.first) null else &after;
            var count: usize = undefined;
            try errors.check(c.state_manager_list_storage(self.handle, &self.address, from, @ptrCast(&self.slots), @ptrCast(&self.values), page_size, &count));
            self.first, self.filled, self.at = .{ false, count, 0 };
            if (count == 0) return null;
        }
        defer self.at += 1;
        return .{ .slot = self.slots[self.at], .value = self.values[self.at] };
    }
};
