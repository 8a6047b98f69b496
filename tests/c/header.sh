#!/usr/bin/env bash
# The header and the release's shared library: whoever compiles with the one finds all of it in the other.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/support/check.sh
. tests/c/declared.sh

out=build/c/header
mkdir -p "$out"
warnings=(-Wall -Wextra -Wpedantic -Werror -Wconversion -Wundef)

cat >"$out/uses.c" <<'C'
#include "worldstate.h"
#include "worldstate.h"

static const ForkRpcVtable vtable = FORK_RPC_VTABLE_INIT;
ForkBackendStats stats = FORK_BACKEND_STATS_INIT;
EvmStats evm_counters = EVM_STATS_INIT;
EvmResult evm_result = EVM_RESULT_INIT;
EvmPrecompileCall evm_precompile_call = EVM_PRECOMPILE_CALL_INIT;

int main(void) {
    ForkBackendOptions options = FORK_BACKEND_OPTIONS_INIT;
    StateManagerHandle state = state_manager_create();
    ForkBackendHandle fork = 0;
    int status = fork_backend_open(&options, &fork);
    int sizes = options.size == sizeof(ForkBackendOptions) && vtable.size == sizeof(ForkRpcVtable) && stats.size == sizeof stats;
    int rest = options.url == 0 && options.max_response_bytes == 0 && vtable.request == 0 && vtable.send == 0 && stats.pending == 0;
    EvmOptions evm_options = EVM_OPTIONS_INIT;
    EvmMessage evm_message = EVM_MESSAGE_INIT;
    EvmHandle evm = evm_create(state, &evm_options);
    status = status != 0 ? status : evm_set_message(evm, &evm_message);
    status = status != 0 ? status : evm_execute(evm);
    status = status != 0 ? status : evm_get_result(evm, &evm_result);
    status = status != 0 ? status : evm_stats(evm, &evm_counters);
    sizes = sizes && sizeof(AsyncRequest) == 53 && evm_precompile_call.size == sizeof evm_precompile_call && evm_result.status == 0;
    evm_destroy(evm);
    fork_backend_destroy(fork);
    state_manager_destroy(state);
    return status == STATE_MANAGER_SUCCESS && sizes && rest && worldstate_abi_version() == WORLDSTATE_ABI_VERSION ? 0 : 1;
}
C
cp "$out/uses.c" "$out/uses.cpp"
printf '#include "worldstate.h"\n' >"$out/alone.c"

tools/build.sh
library=target/release/libworldstate.so

# Compiles alone, and with all macros, which it then runs.
compiles() {
    local compiler=$1 standard=$2 file=$3 language=c
    if [ "$compiler" = c++ ]; then language=c++; fi
    "$compiler" "-std=$standard" "${warnings[@]}" -Iinclude -fsyntax-only -x "$language" "$out/alone.c"
    "$compiler" "-std=$standard" "${warnings[@]}" -Iinclude "$out/$file" -o "$out/uses" -Ltarget/release -lworldstate
    LD_LIBRARY_PATH=target/release "$out/uses"
}

exported() { nm -D --defined-only "$library" | awk '{ print $3 }' | sort; }
same_names() {
    exported >"$out/exported"
    declared >"$out/declared"
    [ "$(wc -l <"$out/declared")" -gt 50 ]
    diff "$out/declared" "$out/exported"
}


no_test_hook() {
    refuse grep -F worldstate_test_panic "$library"
}

for standard in c99 c11 c17 c2x; do check "the header in $standard" compiles cc "$standard" uses.c; done
for standard in c++11 c++17 c++20; do check "the header in $standard" compiles c++ "$standard" uses.cpp; done
check "the library exports what the header declares, no more and no less" same_names
check "no hook for tests is in the release" no_test_hook
summary
