#!/usr/bin/env bash
# The demo in Python. Without RPC_URL: on a node of its own, with a token deployed and shared out. With RPC_URL: any chain.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
if [ "${1:-}" = on-own-node ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$root" && node tools/demo/chain.mjs set-scene "$work/scene")
    python3 demo.py "$WORLDSTATE_RPC_URL" "$work/scene"
elif [ -n "${RPC_URL:-}" ]; then
    exec python3 demo.py "$RPC_URL"
else
    (cd "$root" && node tools/node/compile.mjs)
    exec "$root/tools/with-node.sh" -- bash "$PWD/demo.sh" on-own-node
fi
