#!/usr/bin/env bash
# Every check that needs no run of the code. Goes on after a failure, so that one run shows all of them.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/logs
failed=0

# step NAME COMMAND…
step() {
    local name=$1 log
    log=build/logs/lint-${1// /-}.log
    shift
    if "$@" >"$log" 2>&1 </dev/null; then
        printf '%-14s ok\n' "$name"
    else
        printf '%-14s FAILED\n' "$name"
        sed 's/^/    | /' "$log"
        failed=1
    fi
}

shell_scripts() { git ls-files -- '*.sh' .ci/run | while read -r file; do bash -n "$file" || return 1; done; }
node_scripts() { git ls-files -- '*.mjs' | while read -r file; do node --check "$file" || return 1; done; }
python_scripts() { git ls-files -- '*.py' | while read -r file; do python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || return 1; done; }

formats() { cargo fmt --check && cargo fmt --all --manifest-path benches/Cargo.toml --check; }

step "format" formats
step "clippy" cargo clippy --quiet --all-targets --all-features -- -D warnings
step "without evm" cargo clippy --quiet --lib --no-default-features -- -D warnings
step "documentation" env RUSTDOCFLAGS=-Dwarnings cargo doc --quiet --no-deps --all-features
step "header" cargo test --quiet --all-features --test header
step "shell" shell_scripts
step "node" node_scripts
step "python" python_scripts
exit $failed
