#!/bin/sh
# Measures worldstate and prints every figure: benches/run.sh [all|c|memory|cache|forking|evm|bindings|peers|report|instructions]. See README.md.
set -eu
cd "$(dirname "$0")"
what=${1:-all}
out=target/figures
results=$out/$what.tsv
library=../target/release/libworldstate.so
mkdir -p "$out"
: >"$results"

case $what in
all | c | memory | cache | forking | evm | bindings | peers | report | instructions) ;;
*)
    echo "benches/run.sh: no part is called $what" >&2
    exit 2
    ;;
esac

# The contracts that are executed, compiled, and a node.
contracts() {
    ../tools/setup.sh npm
    node ../tools/node/compile.mjs
    node ../tests/contracts/scene.mjs
}

wants() { [ "$what" = all ] || [ "$what" = "$1" ]; }

# The library that users get.
${MAKE:-make} -C .. lib
if [ "$what" = bindings ]; then
    # The other programs take minutes, and are not needed.
    cargo build --release --bin report
else
    cargo rustc --release --package worldstate-floor --lib --crate-type cdylib
    cargo build --release --bins
fi

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
if wants forking; then
    contracts
    target/release/fork_rounds "$results" "$library"
fi
if wants evm; then
    contracts
    # The same transfers by two EVMs that people use from Python and JavaScript. Without a network they are left out.
    peers=../build/peers
    data=$(target/release/evm transfer-data)
    scene=../build/contracts/scene.json
    set --
    if [ -x $peers/python/bin/python ] || python3 -m venv $peers/python >/dev/null; then
        if $peers/python/bin/python -m pip install --quiet --disable-pip-version-check pyrevm==0.3.7; then
            set -- "$@" "pyrevm 0.3.7=$($peers/python/bin/python evm/peers/transfer.py $scene "$data")"
        fi
    fi
    if npm install --prefix $peers/node --no-save --ignore-scripts --loglevel=error @ethereumjs/evm@10.1.3 >/dev/null; then
        set -- "$@" "@ethereumjs/evm 10.1.3=$(node evm/peers/transfer.mjs "$PWD/$peers/node" $scene "0x$data")"
    fi
    # The C library's allocator keeps what it has: otherwise the one side or the other gives memory back to the system after each run,
    # by chance, and pays for it anew.
    export MALLOC_TRIM_THRESHOLD_=1073741824 MALLOC_MMAP_THRESHOLD_=1073741824
    target/release/evm "$results" "$@"
    target/release/run_ahead "$results"
    unset MALLOC_TRIM_THRESHOLD_ MALLOC_MMAP_THRESHOLD_
fi
if wants bindings; then
    # The same reads in C, between those of each language.
    ${CC:-cc} -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -I../include bindings/c_call.c -o target/release/c_call \
        -L../target/release -lworldstate -Wl,-rpath,"$PWD/../target/release"
    for program in bindings/*.sh; do "$program" "$PWD/$results" "$PWD/target/release/c_call"; done
fi
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
