#!/usr/bin/env bash
# tools/with-node.sh: the command gets a node, its status comes back, and the node ends with it, whatever happens.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/support/check.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# answers URL: whether an Ethereum node does.
answers() {
    node -e '
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
        fetch(process.argv[1], { method: "POST", headers: { "content-type": "application/json" }, body })
            .then((response) => response.json())
            .then(({ result }) => process.exit(result === "0x7" ? 0 : 1), () => process.exit(1));' "$1"
}
export -f answers

# gone URL: whether the node stops answering within ten seconds.
gone() {
    for _ in $(seq 50); do
        answers "$1" || return 0
        sleep 0.2
    done
    return 1
}

runs() { tools/with-node.sh --chain-id 7 -- bash -c 'echo "$WORLDSTATE_RPC_URL" >"$0" && answers "$WORLDSTATE_RPC_URL"' "$work/url"; }
ends_with_command() { gone "$(cat "$work/url")"; }
passes_status() {
    local status=0
    tools/with-node.sh -- bash -c 'exit 42' || status=$?
    [ $status = 42 ]
}
passes_input() { [ "$(echo text | tools/with-node.sh -- cat)" = text ]; }
tells_failure() {
    refuse tools/with-node.sh --no-such-option -- touch "$work/ran" 2>"$work/error"
    grep -F "the node did not start" "$work/error"
    [ ! -e "$work/ran" ]
}

# killed_by SIGNAL: the node ends, and on a signal that can be caught the command too.
killed_by() {
    rm -f "$work/url"
    tools/with-node.sh --chain-id 7 -- bash -c 'echo "$WORLDSTATE_RPC_URL $$" >"$0.new" && mv "$0.new" "$0"; sleep 60' "$work/url" &
    local helper=$! url command
    for _ in $(seq 100); do
        [ -e "$work/url" ] && break
        sleep 0.1
    done
    read -r url command <"$work/url"
    answers "$url"
    kill "-$1" "$helper"
    wait "$helper" || true
    gone "$url"
    if [ "$1" = KILL ]; then
        kill -TERM -- "-$command"
    else
        refuse kill -0 "$command" 2>/dev/null
    fi
}

check "the command reaches its node" runs
check "which ends with the command" ends_with_command
check "the command's status comes back" passes_status
check "the command reads the input" passes_input
check "a node that does not start is an error" tells_failure
check "SIGTERM ends both" killed_by TERM
if setpriv --pdeathsig TERM true 2>/dev/null; then
    check "SIGKILL ends the node" killed_by KILL
fi
summary
