#!/usr/bin/env bash
# The demo. Without RPC_URL: on a node of its own, with a token deployed and shared out. With RPC_URL: any chain, at BLOCK (default latest),
# looking at ADDRESS (default: a well-known contract).
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/demo
mkdir -p "$build"
demo=$build/demo
scene=$build/scene

if [ "${1:-}" != on-own-node ]; then
    tools/setup.sh rust cc
    release=${CARGO_TARGET_DIR:-target}/release
    if [ ! -e "$release/libworldstate.so" ] && [ ! -e "$release/libworldstate.dylib" ]; then
        echo "building the library; the first time takes a few minutes"
    fi
    tools/build.sh
    release=$(cd "$release" && pwd)
    cc -std=c11 -O2 -Wall -Wextra -Werror -Iinclude c-examples/demo/demo.c c-examples/demo/show.c -o "$demo" \
        -L"$release" -lworldstate -Wl,-rpath,"$release"
    if [ -z "${RPC_URL:-}" ]; then
        if [ -n "${BLOCK:-}${ADDRESS:-}" ]; then
            echo "demo: BLOCK and ADDRESS belong to an RPC_URL" >&2
            exit 2
        fi
        tools/setup.sh npm
        node tools/node/compile.mjs
        exec tools/with-node.sh -- "$0" on-own-node
    fi
    if ! [[ ${ADDRESS:-0x0000000000000000000000000000000000000000} =~ ^0x[0-9a-fA-F]{40}$ ]]; then
        echo "demo: ADDRESS is not 0x and 40 hex digits" >&2
        exit 2
    fi
    # Multicall3 has the same address on hundreds of chains; where it is missing, an empty account is as good.
    {
        echo "contract contract ${ADDRESS:-0xcA11bde05977b3631167028862bE2a173976CA11}"
        echo "account zero 0x0000000000000000000000000000000000000000"
        for slot in 0 1 2 3; do echo "slot slot[$slot] 0x$slot"; done
    } >"$scene"
    exec "$demo" "$RPC_URL" "${BLOCK:-latest}" "$scene"
fi

node tools/demo/chain.mjs set-scene "$scene"
exec "$demo" "$WORLDSTATE_RPC_URL" latest "$scene" "node tools/demo/chain.mjs move-on $scene"
