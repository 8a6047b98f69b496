#!/bin/sh
# Measures the TypeScript package under Bun and Node: typescript.sh RESULTS C_CALL, with the library of the build tree.
set -eu
cd "$(dirname "$0")"
results=$1
root=$(cd ../.. && pwd)
package=$root/bindings/typescript
library=$root/target/release/libworldstate.so
"$root/tools/setup.sh" bun typescript
npm run --silent --prefix "$package" build
# What people use from JavaScript today. Without a network it is left out.
peers=$root/build/peers/node
npm install --prefix "$peers" --no-save --ignore-scripts --loglevel=error @ethereumjs/statemanager@10.1.3 @ethereumjs/util@10.1.3 \
    >/dev/null || peers=
for runtime in "$root/build/bun/bun" node; do
    "$runtime" typescript.mjs "$results" "$2" "$package" "$library" $peers
done
