#!/bin/sh
# Measures worldstate and prints every figure: benches/run.sh [all|c|memory|cache|peers|report]. See README.md.
set -eu
cd "$(dirname "$0")"
what=${1:-all}
out=target/figures
results=$out/$what.tsv
library=../target/release/libworldstate.so
mkdir -p "$out"
: >"$results"

wants() { [ "$what" = all ] || [ "$what" = "$1" ]; }

# The library that users get.
${MAKE:-make} -C .. lib
cargo rustc --release --package worldstate-floor --lib --crate-type cdylib
cargo build --release --bins

if wants c; then
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wpedantic -Werror -I../include c/*.c -o target/release/bench-c \
        -L../target/release -lworldstate -Ltarget/release -lworldstate_floor \
        -Wl,-rpath,"$PWD/../target/release",-rpath,"$PWD/target/release"
    target/release/bench-c "$results"
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
