#!/usr/bin/env bash
# Builds every example of c-examples against the release library and runs it: those with a fork on a real node that holds our token.
# c-examples/expected has what each prints.
set -euo pipefail
cd "$(dirname "$0")/.."

# The second half runs beside a node: this script calls itself there.
if [ "${1:-}" != beside-node ]; then
    make --no-print-directory lib
    node tools/node/compile.mjs
    exec tools/with-node.sh -- bash tests/examples.sh beside-node
fi

. tests/support/check.sh
url=$WORLDSTATE_RPC_URL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node tools/demo/chain.mjs set-scene "$work/scene"

builds() { make --no-print-directory -B -C c-examples OUT="$work"; }

# Runs an example and compares what it prints.
prints() {
    local example=$1
    shift
    timeout 60 "$work/$example" "$@" >"$work/$example.out"
    diff "c-examples/expected/$example.txt" "$work/$example.out"
}

# What one tool dumps another one loads: anvil takes the state that dump_load wrote, and a fork of that reads it.
anvil_loads() {
    "$work/dump_load" "$work/state.json" >/dev/null
    timeout 60 tools/with-node.sh --load-state "$work/state.json" -- bash -c '
        "$0/fork_http" "$WORLDSTATE_RPC_URL" 0x0000000000000000000000000000000000c0ffee >"$0/loaded.out"' "$work"
    grep -Fx "code         yes" "$work/loaded.out"
    grep -Fx "slot 0       0x000000000000000000000000000000000000000000000000000000000000002a" "$work/loaded.out"
}

# Nothing listens there: the example ends with a status that has a name and a text.
fails_in_words() {
    local status=0
    timeout 60 "$work/$1" http://127.0.0.1:1 >/dev/null 2>"$work/error" || status=$?
    [ $status = 1 ]
    grep -E "^STATE_MANAGER_ERROR_RPC_FAILED: .*$2" "$work/error"
}

# A new example without a test fails here.
all_are_tested() {
    diff <(cd c-examples && ls -- *.c | sed 's/\.c$//') <(cd c-examples/expected && ls -- *.txt | sed 's/\.txt$//')
}

check "examples build without a warning" builds
check "each has its expected output" all_are_tested
for example in hello snapshots changes batch dump_load evm_sync evm_async evm_overrides; do
    check "$example" prints "$example"
done
for example in fork_http fork_host fork_callbacks threads evm_fork; do
    check "$example" prints "$example" "$url"
done
check "anvil loads what dump_load writes" anvil_loads
check "fork_http, its node out of reach" fails_in_words fork_http "eth_chainId from http://127\.0\.0\.1:1: Connection refused"
check "evm_fork, its node out of reach" fails_in_words evm_fork "eth_chainId from http://127\.0\.0\.1:1: Connection refused"
check "fork_host, its node out of reach" fails_in_words fork_host "Failed to connect to 127\.0\.0\.1 port 1"
check "fork_callbacks, its node out of reach" fails_in_words fork_callbacks "Failed to connect to 127\.0\.0\.1 port 1"
summary
