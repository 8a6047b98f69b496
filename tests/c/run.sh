#!/usr/bin/env bash
# The tests of the C interface: builds the library as asked, then the C tests, and runs them.
#
#   tests/c/run.sh plain      as they are, with the shared library
#   tests/c/run.sh address    library and tests under AddressSanitizer, with leak check
#   tests/c/run.sh thread     library and tests under ThreadSanitizer: the tests with threads
#   tests/c/run.sh valgrind   under memcheck, with leak check; shorter loops
#
# More arguments are beginnings of names of tests: those only. CTESTS_PERCENT and CTESTS_SECONDS (tests/c/check.h) say how
# much is done of what takes long.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/support/check.sh
. tests/c/declared.sh

mode=${1:-plain}
shift || true
only=("$@")
out=build/c/$mode
mkdir -p "$out"
host=$(rustc -vV | sed -n 's/^host: //p')
if [ "$mode" != plain ] && [[ $host != *-linux-gnu ]]; then
    echo "skipped: no such checker for $host"
    echo "0 passed, 0 failed, 1 skipped"
    exit
fi
warnings=(-Wall -Wextra -Wpedantic -Werror)
# What a program with the archive is linked with.
libs=(-lpthread -lm -ldl -lrt)

# build_instrumented SANITIZER FLAGS: the library and all it is made of but Rust's own, which comes compiled.
# What only builds run is the same for all sanitizers, hence the one directory; the archive there is the last one's.
build_instrumented() {
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=$1${2:+ $2}" CARGO_PROFILE_DEV_OPT_LEVEL=0 \
        cargo rustc --quiet --lib --crate-type staticlib --features test-hooks --target "$host" --target-dir build/c/instrumented
    library=$out/libworldstate.a
    cp "build/c/instrumented/$host/debug/libworldstate.a" "$library"
}

# compile NAME SOURCE…: a program in $out; `flags` and `link` say how.
compile() {
    local name=$1
    shift
    cc -std=c11 -g -O1 "${warnings[@]}" "${flags[@]}" -Iinclude -I"$out" "$@" -o "$out/$name" "${link[@]}"
}

# The header's functions, for the table that has to hold all of them.
declared | sed 's/.*/"&",/' >"$out/declared_functions.h"
[ "$(wc -l <"$out/declared_functions.h")" -gt 50 ] || { echo "the header was not understood" >&2; exit 1; }

flags=() link=() before=()
case $mode in
    plain | valgrind)
        # Beside a test, what it is made of has the features that it has in the tests: the library is built once for both.
        settings=()
        # Optimised code may branch on what is not set where the outcome does not matter, which memcheck cannot know.
        if [ "$mode" = valgrind ]; then settings=(--config profile.dev.package.worldstate.opt-level=0); fi
        cargo build --quiet --features test-hooks --lib --test panics "${settings[@]}"
        cp target/debug/libworldstate.so target/debug/libworldstate.so.0 "$out/"
        # shellcheck disable=SC2016
        link=(-L"$out" -lworldstate -Wl,-rpath,'$ORIGIN' "${libs[@]}")
        ;;
    address)
        build_instrumented address
        flags=(-fsanitize=address -fno-omit-frame-pointer)
        # One runtime for both: that of gcc, whose calls are the same.
        link=("$library" "${libs[@]}")
        # Lengths that no memory has are to fail as they do elsewhere. Freed memory is held back for 32 MiB, not 256: one
        # test looks whether memory grows.
        export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:quarantine_size_mb=32:thread_local_quarantine_size_kb=64
        ;;
    thread)
        # The one knows nothing of membarrier(2), nor the other of Rust's own library, which is compiled without it.
        build_instrumented thread "-Cunsafe-allow-abi-mismatch=sanitizer --cfg worldstate_plain_locks"
        flags=(-fsanitize=thread)
        cc -c -O1 -fno-builtin "${warnings[@]}" tests/c/tsan_calls.c -o "$out/tsan_calls.o"
        link=("$library" "$out/tsan_calls.o" "${libs[@]}")
        export TSAN_OPTIONS="suppressions=$PWD/tests/c/tsan.supp exitcode=66 second_deadlock_stack=1"
        ;;
    *)
        echo "unknown mode: $mode" >&2
        exit 2
        ;;
esac

if [ "$mode" = valgrind ]; then
    export CTESTS_PERCENT=${CTESTS_PERCENT:-2} CTESTS_SECONDS=${CTESTS_SECONDS:-1}
    # The handle table and what threads and Rust's runtime keep for the whole run are reachable: no leaks.
    before=(valgrind --quiet --error-exitcode=66 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible
        --show-leak-kinds=definite,indirect,possible --fair-sched=yes --max-stackframe=4000000 --suppressions=tests/c/memcheck.supp)
fi
if [ "$mode" = thread ] && [ ${#only[@]} = 0 ]; then
    only=(threads: handles: callbacks: host: panics: "evm threads:")
    export CTESTS_PERCENT=${CTESTS_PERCENT:-20}
fi

compile ctests tests/c/{main,world,matrix_table,matrix_call,matrix,matrix_evm,values,handles,callbacks,host,kept,structs,panics,threads,evm_host,evm_calls,evm_results,evm_faults}.c
ended=0
"${before[@]}" "$out/ctests" "${only[@]}" >"$out/report" 2>&1 || ended=$?
sed '$d' "$out/report"
totals=$(tail -n 1 "$out/report")
if [[ $totals =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
else
    echo "$totals"
fi

# The checker itself had nothing to say: its own exit status, beside that of the tests.
quiet() {
    [ "$ended" -le 1 ] || { echo "ended with status $ended"; return 1; }
    [[ $totals =~ passed ]]
    # Of lengths that no memory has, AddressSanitizer says that it could not allocate them.
    refuse grep -E "ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|^==[0-9]+==" \
        <(grep -v "WARNING: AddressSanitizer failed to allocate" "$out/report")
}

# found PATTERN PROGRAM: the program, which does wrong, is ended by the checker, whose report has the pattern.
found() {
    local pattern=$1 program=$2
    compile "$program" "tests/c/proofs/$program.c"
    refuse "${before[@]}" "$out/$program" >"$out/$program.report" 2>&1
    head -n 20 "$out/$program.report"
    grep -m 1 -E "$pattern" "$out/$program.report"
}

# All handles in use at once.
exhausted() {
    compile exhaustion tests/c/exhaustion.c
    "$out/exhaustion"
}

# What is kept on disk, while every look at the time of day comes out years before or after the last one.
jumping() {
    cc -shared -fPIC -O1 "${warnings[@]}" tests/c/jumping_clock.c -o "$out/jumping_clock.so"
    local now
    now=$(date +%Y)
    refuse grep -q "$now" <(LD_PRELOAD="$out/jumping_clock.so" date +%Y)
    LD_PRELOAD="$out/jumping_clock.so" "$out/ctests" kept: host: callbacks: >"$out/jumping.report" 2>&1 || { cat "$out/jumping.report"; return 1; }
}

# A frame of the library, with or without line numbers.
in_library='src/ffi/|10worldstate3ffi'
case $mode in
    plain)
        check "runs to its end" quiet
        check "no handle is free" exhausted
        if [[ $host == *-linux-gnu ]]; then check "a clock that jumps changes nothing" jumping; fi
        ;;
    address)
        check "AddressSanitizer has nothing to say" quiet
        check "AddressSanitizer sees a buffer shorter than said, inside the library" found "#[0-6] .*($in_library)" short_buffer
        check "AddressSanitizer sees an input shorter than said, inside the library" found "#[0-6] .*($in_library)" short_input
        check "LeakSanitizer sees memory that is lost" found "LeakSanitizer: detected memory leaks" leak
        ;;
    thread)
        check "ThreadSanitizer has nothing to say" quiet
        check "ThreadSanitizer sees two threads write to one buffer, inside the library" found "#[0-6] .*($in_library)" race
        ;;
    valgrind)
        check "memcheck has nothing to say" quiet
        check "memcheck sees a buffer shorter than said" found "Invalid write of size" short_buffer
        ;;
esac
summary
