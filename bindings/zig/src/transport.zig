//! Who carries the requests of a fork, where that is the program.

const std = @import("std");

const Allocator = std.mem.Allocator;

/// Carries JSON-RPC bodies to a node and brings back its answers: an interface for any HTTP client.
pub const Transport = struct {
    context: *anyopaque,
    /// POSTs one body, a single request or a batch. The answer's body is made by `allocator`. An error is a connection that failed, which
    /// is tried again after a pause.
    post: *const fn (context: *anyopaque, allocator: Allocator, body: []const u8) anyerror!Answer,

    pub const Answer = struct {
        /// HTTP status. 408, 429 and 5xx are tried again after a pause.
        status: u16 = 200,
        body: []const u8,
        /// How long the node wants to be left alone at least.
        retry_after_ms: u64 = 0,
    };
};

/// POSTs with the standard library's HTTP client, which has no timeout of its own.
pub const HttpTransport = struct {
    client: std.http.Client,
    url: []const u8,
    headers: []const std.http.Header,
    max_answer: usize = 64 << 20,

    /// `url` and `headers` are not copied. The allocator is used by several threads where several read.
    pub fn init(allocator: Allocator, io: std.Io, url: []const u8, headers: []const std.http.Header) HttpTransport {
        return .{ .client = .{ .allocator = allocator, .io = io }, .url = url, .headers = headers };
    }

    pub fn deinit(self: *HttpTransport) void {
        self.client.deinit();
    }

    /// Lives as long as `self` stays where it is.
    pub fn transport(self: *HttpTransport) Transport {
        return .{ .context = self, .post = post };
    }

    fn post(context: *anyopaque, allocator: Allocator, body: []const u8) anyerror!Transport.Answer {
        const self: *HttpTransport = @ptrCast(@alignCast(context));
        var answer: std.Io.Writer.Allocating = .init(allocator);
        defer answer.deinit();
        var request = try self.client.request(.POST, try std.Uri.parse(self.url), .{
            .redirect_behavior = .unhandled,
            .headers = .{ .content_type = .{ .override = "application/json" }, .accept_encoding = .{ .override = "identity" } },
            .extra_headers = self.headers,
        });
        defer request.deinit();
        request.transfer_encoding = .{ .content_length = body.len };
        var sending = try request.sendBodyUnflushed(&.{});
        try sending.writer.writeAll(body);
        try sending.end();
        try request.connection.?.flush();

        var response = try request.receiveHead(&.{});
        const status: u16 = @backingInt(response.head.status);
        const pause = retryAfter(&response.head);
        const reader = response.reader(&.{});
        const length = try reader.stream(&answer.writer, .limited(self.max_answer));
        _ = length;
        _ = try reader.streamRemaining(&answer.writer);
        return .{ .status = status, .body = try answer.toOwnedSlice(), .retry_after_ms = pause };
    }

    fn retryAfter(head: *const std.http.Client.Response.Head) u64 {
        var headers = head.iterateHeaders();
        while (headers.next()) |header| {
            if (!std.ascii.eqlIgnoreCase(header.name, "retry-after")) continue;
            return 1000 *| (std.fmt.parseInt(u64, header.value, 10) catch 0);
        }
        return 0;
    }
};
