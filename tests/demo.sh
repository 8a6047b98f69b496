#!/usr/bin/env bash
# `make demo`: what it prints is true of the chain that it runs on, and no node is left behind.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/support/check.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset RPC_URL BLOCK ADDRESS NO_COLOR

# shows LINE…: the demo's output has these lines, whatever the space between their words.
shows() {
    local line
    for line in "$@"; do
        tr -s ' ' <"$work/output" | sed 's/^ //' | grep -Fx -- "$line" || { echo "missing: $line"; return 1; }
    done
}

own_node() { make --no-print-directory demo >"$work/output"; }
reads() {
    shows "totalSupply 1,000,000 WST" "balanceOf[bob] 249,993 WST" "balanceOf[dave] 0 WST" "allowance[bob][carol] 40 WST" \
        "Fetched in 1 HTTP round trip (10 JSON-RPC requests); all these reads then took 0 more."
    grep -E '^  dave .* 10,050 ETH +0 +-$' "$work/output"
    grep -E '^  token .* 0 ETH +1 +[0-9]+ bytes$' "$work/output"
}
writes_and_reverts() {
    shows "token totalSupply 1,000,000 WST -> 0 WST" "token balanceOf[dave] 5,000 WST -> 123 WST" "dave nonce 0 -> 999" "token code -> 5 bytes"
    # Once when written, once more after the revert.
    [ "$(tr -s ' ' <"$work/output" | grep -cFx ' token balanceOf[dave] 0 WST -> 5,000 WST')" = 2 ]
}
stands_still() { shows "balanceOf[bob] 249,993 WST 149,953 WST *" "balanceOf[dave] 0 WST 100,000 WST *" "totalSupply 1,000,000 WST 1,000,000 WST"; }
stops_node() {
    local url
    url=$(sed -n 's/^  node  *//p' "$work/output")
    [ -n "$url" ]
    refuse node -e 'fetch(process.argv[1]).catch(() => process.exit(1))' "$url"
}
no_colours() {
    grep -F "What the fork cost" "$work/output"
    refuse grep $'\033' "$work/output"
}

# on_terminal COMMAND…: runs it with a terminal as output.
on_terminal() { python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@" </dev/null; }
with_url() { tools/with-node.sh --chain-id 7 -- env RPC_URL='' bash -c 'RPC_URL="$WORLDSTATE_RPC_URL/?key=hidden" "$@"' with_url "$@"; }

colours_on_terminal() {
    with_url bash -c "$(declare -f on_terminal); on_terminal make demo" >"$work/output"
    grep $'\033' "$work/output"
    NO_COLOR=1 with_url bash -c "$(declare -f on_terminal); on_terminal make demo" >"$work/output"
    refuse grep $'\033' "$work/output"
}
any_chain() {
    with_url make --no-print-directory demo BLOCK=0 ADDRESS=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 >"$work/output"
    shows "chain 7" "contract balance 10,000 ETH -> 77 ETH" "contract slot[2] 42 -> 123"
    grep -E '^  contract .* 10,000 ETH +0 +-$' "$work/output"
}
hides_path() {
    grep -F "node    http://127.0.0.1:" "$work/output"
    refuse grep hidden "$work/output"
}
unknown_block() {
    refuse with_url make --no-print-directory demo BLOCK=99 >"$work/output" 2>&1
    grep -F "block 99" "$work/output"
}
no_node() {
    refuse make --no-print-directory demo RPC_URL=http://127.0.0.1:1 >"$work/output" 2>&1
    grep -F STATE_MANAGER_ERROR_RPC_FAILED "$work/output"
}
bad_address() { refuse make --no-print-directory demo RPC_URL=http://127.0.0.1:1 ADDRESS=0x12; }

check "a node of its own" own_node
check "reads what was deployed" reads
check "writes, and takes back what it should" writes_and_reverts
check "the fork stands still" stands_still
check "the node is stopped" stops_node
check "no colours into a file" no_colours
check "any chain, an account without code" any_chain
check "the URL's path stays hidden" hides_path
check "colours on a terminal, unless NO_COLOR" colours_on_terminal
check "a block that is not there" unknown_block
check "a node that is not there" no_node
check "an address that is none" bad_address
summary
