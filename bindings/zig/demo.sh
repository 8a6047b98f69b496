#!/usr/bin/env bash
# `make demo-zig`: the main job in Zig, against a real node of its own with a token on it.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" != on-own-node ]; then
    tools/setup.sh rust npm zig
    tools/build.sh
    node tools/node/compile.mjs
    (cd bindings/zig && ../../build/zig/bin/python -m ziglang build)
    exec tools/with-node.sh -- bash bindings/zig/demo.sh on-own-node
fi
scene=$(mktemp)
trap 'rm -f "$scene"' EXIT
node tools/demo/chain.mjs set-scene "$scene"
bindings/zig/zig-out/bin/demo "$WORLDSTATE_RPC_URL" "$scene"
