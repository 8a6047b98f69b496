#!/usr/bin/env bash
# What users get: the packed package, installed in an empty directory, runs a first program under both runtimes with the library that came
# with it.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/support/check.sh"
unset WORLDSTATE_LIB

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
package=$work/repository/bindings/typescript
mkdir -p "$package" "$work/user" "$work/repository/target"

packs() {
    # A copy: a library in the package itself would come before that of the build tree.
    cp -R "$here/src" "$here/tools" "$here"/*.json "$here/README.md" "$here/.npmrc" "$package/"
    ln -s "$here/node_modules" "$package/node_modules"
    cp "$root"/LICENSE-* "$work/repository/"
    ln -s "$root/target/release" "$work/repository/target/release"
    cp "$here/.npmrc" "$work/user/"
    (cd "$package" && npm run --loglevel=error package)
    mv "$package"/worldstate-*.tgz "$work/"
    tar -tzf "$work"/worldstate-*.tgz >"$work/list"
    grep -Fx package/dist/index.js "$work/list"
    grep -Fx package/dist/index.d.ts "$work/list"
    grep -Fx package/src/index.ts "$work/list"
    grep -Fx package/LICENSE-MIT "$work/list"
    grep -E '^package/prebuilds/[a-z0-9]+-[a-z0-9]+/libworldstate\.so$' "$work/list"
    refuse grep -E '^package/(test|examples|node_modules)/' "$work/list"
}

installs() {
    cd "$work/user"
    printf '{ "name": "user", "private": true, "type": "module" }\n' >package.json
    npm install --ignore-scripts --prefer-offline --loglevel=error "$work"/worldstate-*.tgz
    cat >first.js <<'JS'
import { loadLibrary, StateManager } from "worldstate";

const state = new StateManager();
state.setBalanceSync("0x00000000000000000000000000000000000a11ce", 5n);
console.log(await state.getBalance("0x00000000000000000000000000000000000a11ce"), loadLibrary());
state.close();
JS
}

# runs RUNTIME…: the library is the one in the package.
runs() {
    cd "$work/user"
    "$@" first.js >output
    grep -E '^5n .*/user/node_modules/worldstate/prebuilds/[a-z0-9-]+/libworldstate\.so$' output
}

# Without koffi Node cannot, and says what is missing; Bun needs none.
needs_koffi() {
    cd "$work/user"
    rm -rf node_modules/koffi
    refuse node first.js 2>error
    grep -F "worldstate needs the package koffi under Node: npm install koffi" error
    runs "$root/build/bun/bun"
}

check "the package is packed" packs
check "it is installed from the registry's other packages" installs
check "a first program under Node" runs node
check "a first program under Bun" runs "$root/build/bun/bun"
check "Bun needs no koffi, and Node says that it does" needs_koffi
summary
