#!/bin/sh
# Measures worldstate and prints every figure: benches/run.sh [all|c|memory|cache|peers|report|instructions]. See README.md.
set -eu
cd "$(dirname "$0")"
what=${1:-all}
out=target/figures
results=$out/$what.tsv
library=../target/release/libworldstate.so
mkdir -p "$out"
: >"$results"

case $what in
all | c | memory | cache | peers | report | instructions) ;;
*)
    echo "benches/run.sh: no part is called $what" >&2
    exit 2
    ;;
esac

wants() { [ "$what" = all ] || [ "$what" = "$1" ]; }

# The library that users get.
${MAKE:-make} -C .. lib
cargo rustc --release --package worldstate-floor --lib --crate-type cdylib
cargo build --release --bins

if wants c || [ "$what" = instructions ]; then
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wpedantic -Werror -I../include c/*.c -o target/release/bench-c \
        -L../target/release -lworldstate -Ltarget/release -lworldstate_floor \
        -Wl,-rpath,"$PWD/../target/release",-rpath,"$PWD/target/release"
fi
if wants c; then target/release/bench-c "$results"; fi
if [ "$what" = instructions ]; then
    valgrind --quiet --tool=callgrind --callgrind-out-file="$out/callgrind.out" target/release/bench-c instructions
    echo "instructions for each call or slot"
    # 10,000 of each were done.
    callgrind_annotate --inclusive=yes --threshold=100 "$out/callgrind.out" |
        awk '{ gsub(",", "", $1) } match($0, /:(state_manager_[gs]et_(storage|balance)_(bytes|batch)|floor_(set|get|balance_get))/) {
            printf "%8.1f  %s\n", $1 / 10000, substr($0, RSTART + 1, RLENGTH - 1) }' | grep -v set_storage_batch
    exit
fi
if wants cache; then target/release/fork_cache "$results"; fi
if wants memory; then target/release/memory "$results"; fi
if wants peers; then
    rm -rf target/criterion
    cargo bench --bench peers -- --quiet --noplot
fi
case $what in
all | peers) set -- target/criterion ;;
report)
    results=$out/all.tsv
    set -- target/criterion
    ;;
*) set -- ;;
esac
target/release/report "$results" "$library" "$@"
