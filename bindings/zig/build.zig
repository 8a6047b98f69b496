//! The module `worldstate`, its tests and examples.
//!
//!     zig build test               all tests; WORLDSTATE_ANVIL names the node that they start
//!     zig build                    the examples, and what the repository's scripts run, into zig-out/bin
//!     zig build -Dsystem …         with the library that is installed, as pkg-config describes it
//!     zig build -Dlibrary=DIR …    with the library in DIR instead of target/release of this repository

const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const system = b.option(bool, "system", "link the installed library, found by pkg-config") orelse false;
    const library = b.option([]const u8, "library", "directory of the library") orelse "../../target/release";

    const header = b.addTranslateC(.{
        .root_source_file = if (system) b.path("src/system.h") else b.path("../../include/worldstate.h"),
        .target = target,
        .optimize = optimize,
    });
    const module = b.addModule("worldstate", .{
        .root_source_file = b.path("src/worldstate.zig"),
        .target = target,
        .optimize = optimize,
        .link_libc = true,
    });
    if (system) {
        header.linkSystemLibrary("worldstate", .{ .use_pkg_config = .force });
        module.linkSystemLibrary("worldstate", .{ .use_pkg_config = .force });
    } else {
        const directory: std.Build.LazyPath = if (std.fs.path.isAbsolute(library)) .{ .cwd_relative = library } else b.path(library);
        module.addLibraryPath(directory);
        module.addRPath(directory);
        // What is installed into zig-out/bin of this directory finds the build tree from anywhere.
        module.addRPathSpecial("$ORIGIN/../../../../target/release");
        module.linkSystemLibrary("worldstate", .{ .use_pkg_config = .no });
    }
    module.addImport("c", header.createModule());

    const imports: []const std.Build.Module.Import = &.{.{ .name = "worldstate", .module = module }};
    const tests = b.step("test", "runs all tests");
    const runner: std.Build.Step.Compile.TestRunner = .{ .path = b.path("tests/runner.zig"), .mode = .simple };

    const inner = b.addTest(.{ .name = "tests-inner", .root_module = module, .test_runner = runner });
    const outer = b.addTest(.{
        .name = "tests-outer",
        .root_module = b.createModule(.{
            .root_source_file = b.path("tests/all.zig"),
            .target = target,
            .optimize = optimize,
            .imports = imports,
        }),
        .test_runner = runner,
    });
    const conformance = program(b, "conformance", "tests/conformance.zig", target, optimize, imports);
    for ([_]*std.Build.Step.Compile{ inner, outer, conformance }) |one| {
        const run = b.addRunArtifact(one);
        run.setCwd(b.path("."));
        tests.dependOn(&run.step);
        b.installArtifact(one);
    }
    for ([_][]const u8{ "state", "fork", "evm", "demo" }) |name| {
        b.installArtifact(program(b, name, b.fmt("examples/{s}.zig", .{name}), target, optimize, imports));
    }
    b.installArtifact(program(b, "calls", "tests/calls.zig", target, optimize, imports));
    // What benches/bindings/go_zig.py runs: always optimized.
    b.installArtifact(program(b, "bench", "../../benches/bindings/zig.zig", target, optimize, imports));
}

fn program(
    b: *std.Build,
    name: []const u8,
    path: []const u8,
    target: std.Build.ResolvedTarget,
    optimize: std.builtin.Optimize,
    imports: []const std.Build.Module.Import,
) *std.Build.Step.Compile {
    return b.addExecutable(.{
        .name = name,
        .root_module = b.createModule(.{
            .root_source_file = b.path(path),
            .target = target,
            .optimize = optimize,
            .imports = imports,
        }),
    });
}
