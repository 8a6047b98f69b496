# Sourced by the tests written in shell: check, refuse, summary.
passed=0 failed=0

# check NAME COMMAND…: one test; a function given as command ends at its first failing line.
check() {
    local name=$1 status
    shift
    # Not in an `if`: bash would ignore -e inside.
    set +e
    (
        set -euo pipefail
        "$@"
    )
    status=$?
    set -e
    if [ $status = 0 ]; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$name"
    fi
}

# refuse COMMAND…: succeeds when the command fails. `!` alone would not end a function under -e.
refuse() {
    if "$@"; then return 1; fi
}

summary() {
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}
