#!/usr/bin/env bash
# Formats the code of every language.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh rust typescript pybinding go zig
cargo fmt
cargo fmt --all --manifest-path benches/Cargo.toml
npm run --silent --prefix bindings/typescript format >build/logs/fmt-typescript.log
build/python-binding/bin/ruff format --quiet bindings/python
gofmt -w bindings/go benches/bindings/go
build/zig/bin/python -m ziglang fmt bindings/zig benches/bindings/zig.zig
