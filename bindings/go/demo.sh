#!/usr/bin/env bash
# `make demo-go`: the main job in Go, against a real node of its own with a token on it.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" != on-own-node ]; then
    tools/setup.sh rust npm go
    tools/build.sh
    node tools/node/compile.mjs
    exec tools/with-node.sh -- bash bindings/go/demo.sh on-own-node
fi
scene=$(mktemp)
trap 'rm -f "$scene"' EXIT
node tools/demo/chain.mjs set-scene "$scene"
cd bindings/go
go run ./examples/demo "$WORLDSTATE_RPC_URL" "$scene"
