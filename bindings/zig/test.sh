#!/usr/bin/env bash
# All tests of the Zig module, beside a node that holds the repository's token. Each program of them ends with `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" != beside-node ]; then
    tools/build.sh
    node tools/node/compile.mjs
    exec tools/with-node.sh -- bash bindings/zig/test.sh beside-node
fi

. tests/support/check.sh
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WORLDSTATE_ANVIL=${WORLDSTATE_ANVIL:-$root/build/tools/node_modules/.bin/anvil}
node tools/demo/chain.mjs set-scene "$work/scene"
cd bindings/zig
zig() { "$root/build/zig/bin/python" -m ziglang "$@"; }
failed_parts=0

builds() { zig build; }
formatted() { zig fmt --check . "$root/benches/bindings/zig.zig"; }
# prints EXAMPLE ARGUMENT…: compares what it prints.
prints() {
    local example=$1
    shift
    timeout 60 "zig-out/bin/$example" "$@" >"$work/$example.txt"
    diff "examples/expected/$example.txt" "$work/$example.txt"
}
without_node() {
    refuse timeout 60 zig-out/bin/fork http://127.0.0.1:1 2>"$work/error"
    grep -F "ConnectionRefused" "$work/error"
}
all_are_tested() { diff <(cd examples && ls -- *.zig | sed 's/\.zig$//') <(cd examples/expected && ls -- *.txt | sed 's/\.txt$//'); }

check "everything builds" builds
check "zig fmt" formatted
check "each example has its expected output" all_are_tested
check "example state" prints state
check "example evm" prints evm
check "example fork" prints fork "$WORLDSTATE_RPC_URL"
check "example demo" prints demo "$WORLDSTATE_RPC_URL" "$work/scene"
check "example fork, its node out of reach" without_node
check "a million calls, flat memory" zig-out/bin/calls 1000000
summary || failed_parts=1

# Each in a run of its own, so that one that dies is one failure more.
for program in tests-inner tests-outer conformance; do
    status=0
    "zig-out/bin/$program" >"$work/log" 2>&1 || status=$?
    if [ $status != 0 ]; then
        failed_parts=1
        grep -v '^ok ' "$work/log" || true
        grep -qE '^[0-9]+ passed, [0-9]+ failed$' "$work/log" || echo "0 passed, 1 failed"
    else
        tail -n 1 "$work/log"
    fi
done
python3 tests/readme.py || failed_parts=1
exit $failed_parts
