#!/usr/bin/env bash
# Runs the tests beside a node that holds the demo's token: bindings/python/test.sh [pytest's arguments]
# $WORLDSTATE_PYTHON names another interpreter than that of build/python-binding, with what requirements.txt lists.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
if [ "${1:-}" != beside-node ]; then
    if [ -z "${WORLDSTATE_LIB:-}" ]; then make --no-print-directory -C "$root" lib; fi
    (cd "$root" && node tools/node/compile.mjs)
    exec "$root/tools/with-node.sh" -- bash "$PWD/test.sh" beside-node "$@"
fi
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && node tools/demo/chain.mjs set-scene "$work/scene")
python=${WORLDSTATE_PYTHON:-$root/build/python-binding/bin/python}
# The tests may not depend on where Python keeps its compiled files.
WORLDSTATE_SCENE=$work/scene PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest "$@"
