test {
    _ = @import("std");
}
