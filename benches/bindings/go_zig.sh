#!/bin/sh
# Measures the Go and the Zig module: go_zig.sh RESULTS C_CALL, with the library of the build tree.
set -eu
cd "$(dirname "$0")"
results=$1
../../tools/setup.sh cc go zig
python3 go_zig.py "$results" "$2"
