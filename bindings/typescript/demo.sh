#!/usr/bin/env bash
# The demo in TypeScript: a chain forked and a transaction tried out on it, under Bun and under Node. Without RPC_URL: on a node of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" != on-node ]; then
    tools/setup.sh rust bun typescript
    tools/build.sh
    npm run --silent --prefix bindings/typescript build
    if [ -z "${RPC_URL:-}" ]; then
        tools/setup.sh npm
        exec tools/with-node.sh -- bindings/typescript/demo.sh on-node
    fi
fi

url=${RPC_URL:-$WORLDSTATE_RPC_URL}
for runtime in build/bun/bun node; do
    for example in viem_on_anvil fork_simulation; do
        printf '\n%s under %s %s\n' "$example" "$(basename "$runtime")" "$("$runtime" --version)"
        "$runtime" "bindings/typescript/examples/$example.mjs" "$url" ${ADDRESS:+"$ADDRESS"}
    done
done
