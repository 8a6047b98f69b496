#!/bin/sh
# Measures the Python package: python.sh RESULTS C_CALL, with the library of the build tree.
set -eu
cd "$(dirname "$0")"
results=$1
root=$(cd ../.. && pwd)
package=$root/bindings/python
library=$root/target/release/libworldstate.so
# Beside pyrevm. Without a network it is left out.
python=$root/build/peers/python/bin/python
if ! { { [ -x "$python" ] || python3 -m venv "$root/build/peers/python" >/dev/null; } &&
    "$python" -m pip install --quiet --disable-pip-version-check pyrevm==0.3.7; }; then python=python3; fi
"$python" python.py "$results" "$2" "$package" "$library"
"$python" python_flat.py "$package" "$library"
