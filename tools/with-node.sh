#!/usr/bin/env bash
# Runs a command beside a real node of its own: tools/with-node.sh [anvil options] -- command…
# The command finds the node at $WORLDSTATE_RPC_URL (a free port of 127.0.0.1). However the command ends, also by Ctrl-C, the node is stopped.
# $WORLDSTATE_ANVIL names another anvil than the installed one; $WORLDSTATE_NODE_LOG another log than build/logs/anvil-<pid>.log.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
done
[ $# -gt 1 ] || { echo "usage: $0 [anvil options] -- command…" >&2; exit 2; }
shift

anvil=${WORLDSTATE_ANVIL:-$root/build/tools/node_modules/.bin/anvil}
if [ -z "${WORLDSTATE_ANVIL:-}" ]; then "$root/tools/setup.sh" npm; fi
mkdir -p "$root/build/logs"
log=${WORLDSTATE_NODE_LOG:-$root/build/logs/anvil-$$.log}
: >"$log"

node= command=
# end TARGET: asks a process, or a process group where it is negative, to end, and after five seconds makes it.
end() {
    kill -TERM -- "$1" 2>/dev/null || return 0
    local tries=0
    while kill -0 -- "$1" 2>/dev/null && [ $tries -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -KILL -- "$1" 2>/dev/null || true
}
stop() {
    trap - EXIT INT TERM HUP
    [ -z "$command" ] || end "-$command"
    [ -z "$node" ] || end "$node"
}
trap stop EXIT
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM HUP

# Where the system can do it, the node also dies with this script when that is killed outright.
leash=()
if setpriv --pdeathsig TERM true 2>/dev/null; then leash=(setpriv --pdeathsig TERM); fi
"${leash[@]}" "$anvil" --host 127.0.0.1 --port 0 ${options[@]+"${options[@]}"} >>"$log" 2>&1 </dev/null &
node=$!

tries=0
until address=$(sed -n 's/^Listening on \(127\.0\.0\.1:[0-9]*\)$/\1/p' "$log") && [ -n "$address" ]; do
    if ! kill -0 "$node" 2>/dev/null || [ $tries -ge 600 ]; then
        tail -n 20 "$log" >&2
        echo "the node did not start (log: $log)" >&2
        exit 1
    fi
    sleep 0.05
    tries=$((tries + 1))
done
export WORLDSTATE_RPC_URL=http://$address

# In the background, so that a signal reaches the traps above at once and not when the command is done;
# in a process group of its own (-m), so that all of it can be ended.
set -m
"$@" &
command=$!
set +m
status=0
wait "$command" || status=$?
command=
# A log that nobody asked for is worth keeping only when something went wrong.
if [ "$status" = 0 ] && [ -z "${WORLDSTATE_NODE_LOG:-}" ]; then rm -f "$log"; fi
exit "$status"
