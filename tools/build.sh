#!/usr/bin/env bash
# Builds the shared and the static library, in release.
# Only these: where the Rust library is built along with them, cargo leaves the link-time optimisation out.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${CARGO:-cargo}" rustc --release --quiet --lib --crate-type cdylib --crate-type staticlib
