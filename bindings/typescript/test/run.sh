#!/usr/bin/env bash
# Every test of the package: types, format, the same test files under Bun and Node, memory, and the package as it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(cd ../.. && pwd)
bun=$root/build/bun/bun
. "$root/tests/support/check.sh"
make --no-print-directory -C "$root" lib
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compiles() { node_modules/.bin/tsc -p tsconfig.json; }
builds() {
    rm -rf dist
    node_modules/.bin/tsc -p tsconfig.build.json
}
# The types as users of the built package have them.
types_of_build() { node_modules/.bin/tsc -p test/tsconfig.json; }
formatted() { node_modules/.bin/prettier --check --log-level warn .; }

# total RUNTIME PASSED FAILED STATUS: a line of totals; a runtime that has died, or tested nothing, has failed.
total() {
    local passed=${2:-0} failed=${3:-0}
    if [ "$4" != 0 ] && [ "$failed" = 0 ] || [ "$passed" = 0 ]; then failed=$((failed + 1)); fi
    echo "$1:"
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}

under_bun() {
    local log=$work/bun.log status=0
    "$bun" test --timeout 60000 >"$log" 2>&1 || status=$?
    cat "$log"
    total "$("$bun" --version | sed 's/^/Bun /')" "$(awk '/^ *[0-9]+ pass$/ { print $1 }' "$log")" \
        "$(awk '/^ *[0-9]+ fail$/ { print $1 }' "$log")" $status
}

under_node() {
    local log=$work/node.log status=0
    node --test --test-reporter=tap test/*.test.js >"$log" 2>&1 || status=$?
    grep -vE '^ *(---|\.\.\.|duration_ms|# Subtest)' "$log"
    total "Node $(node --version)" "$(awk '/^# pass / { print $3 }' "$log")" \
        "$(awk '/^# (fail|cancelled) / { sum += $3 } END { print sum + 0 }' "$log")" $status
}

check "types" compiles
check "build" builds
check "types of what was built" types_of_build
check "format" formatted
check "ten million calls under Bun, flat memory" "$bun" test/flat_memory.mjs
check "ten million calls under Node, flat memory" node --expose-gc test/flat_memory.mjs
status=0
summary || status=1
under_bun || status=1
under_node || status=1
bash test/package.sh || status=1
exit $status
