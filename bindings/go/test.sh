#!/usr/bin/env bash
# All tests of the Go module, beside a node that holds the repository's token; then those without a node of their own again, with the race
# detector and cgo's strictest pointer checks. Ends with `N passed, N failed`, for each of the two.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1:-}" != beside-node ]; then
    tools/build.sh
    node tools/node/compile.mjs
    exec tools/with-node.sh -- bash bindings/go/test.sh beside-node
fi

root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WORLDSTATE_SCENE=$work/scene WORLDSTATE_ANVIL=${WORLDSTATE_ANVIL:-$root/build/tools/node_modules/.bin/anvil}
node tools/demo/chain.mjs set-scene "$WORLDSTATE_SCENE"
cd bindings/go
failed=0

# count NAME COMMAND…: one test, which is its command.
passed_alone=0 failed_alone=0
alone() {
    local name=$1
    shift
    if "$@"; then
        passed_alone=$((passed_alone + 1))
        echo "ok      $name"
    else
        failed_alone=$((failed_alone + 1))
        echo "FAILED  $name"
    fi
}

formatted() { [ -z "$(gofmt -l . | tee /dev/stderr)" ]; }

# counted ARGUMENT…: `go test`, whose tests and those inside them are counted. A run that dies without naming a test is one failure.
counted() {
    local status=0 passed wrong
    go test -v "$@" >"$work/log" 2>&1 || status=$?
    passed=$(grep -cE '^ *--- PASS' "$work/log" || true)
    wrong=$(grep -cE '^ *--- FAIL' "$work/log" || true)
    if [ $status != 0 ] && [ "$wrong" = 0 ]; then wrong=1; fi
    if [ "$wrong" != 0 ]; then
        failed=1
        grep -vE '^ *(=== |--- PASS)' "$work/log" | tail -n 100
    fi
    echo "$passed passed, $wrong failed"
}

alone "gofmt" formatted
alone "go vet" go vet ./...
alone "the installed library's flags" sh -c 'go list -tags worldstate_system -f "{{.CgoPkgConfig}}" . | grep -Fx "[worldstate]"'
echo "$passed_alone passed, $failed_alone failed"
[ $failed_alone = 0 ] || failed=1
counted -count=1 ./...
GODEBUG=cgocheck=2 counted -race -count=1 -run '^Test([^RM]|Reads|Recordings|Metrics)' .
exit $failed
