#!/usr/bin/env bash
# Makes sure that what a target needs is there: tools/setup.sh rust cc node curl …
# Quiet and quick when nothing is missing; Debian's packages come by apt, npm's into build/tools. Logs are in build/logs.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/logs build/tools

have() { command -v "$1" >/dev/null 2>&1; }

die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# logged NAME COMMAND…: runs the command with its output in build/logs, which is shown only when it fails.
logged() {
    local log="build/logs/setup-$1.log"
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        die "failed: $* (whole log: $log)"
    fi
}

# apt_install WHY PACKAGE…
apt_install() {
    local why=$1 as_root=()
    shift
    have apt-get || die "$why is missing: install what Debian calls '$*'"
    if [ "$(id -u)" != 0 ]; then
        have sudo && sudo -n true 2>/dev/null || die "$why is missing: run 'apt-get install $*' as root"
        as_root=(sudo -n)
    fi
    printf 'installing %s\n' "$*"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    logged apt-update "${apt[@]}" update
    logged "apt-$1" "${apt[@]}" install --no-install-recommends --yes "$@"
}

setup_rust() {
    have cargo && have rustc || die "cargo is missing: install Rust from your distribution, or with rustup"
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        have rustup || die "rustfmt or clippy is missing, and there is no rustup to install them with"
        logged rustup rustup component add rustfmt clippy
    fi
}

setup_cc() {
    if ! have cc || ! have c++; then apt_install "a C and C++ compiler" gcc g++ libc6-dev; fi
}

setup_pkgconfig() {
    if ! have pkg-config; then apt_install pkg-config pkg-config; fi
}

# What the example with libcurl as its HTTP client is built with.
setup_curl() {
    setup_pkgconfig
    if ! pkg-config --exists libcurl; then apt_install "libcurl's header" libcurl4-openssl-dev; fi
}

setup_valgrind() {
    if ! have valgrind; then apt_install valgrind valgrind; fi
}

setup_python() {
    if ! have python3; then apt_install python3 python3-minimal; fi
}

# Ethereum's executable specification: build/eels/bin/python
setup_eels() {
    setup_python
    local dir=build/eels wanted=tests/eels/requirements.txt stamp=build/eels/installed.txt
    if cmp -s "$wanted" "$stamp"; then return; fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed, this is $(python3 --version)"
    if ! python3 -c 'import ensurepip' 2>/dev/null; then apt_install "Python's venv" python3-venv; fi
    printf "installing Ethereum's executable specification\n"
    rm -rf "$dir"
    logged eels-venv python3 -m venv "$dir"
    logged eels "$dir/bin/pip" install --disable-pip-version-check --requirement "$wanted"
    # Last: this file says that the installation is whole.
    cp "$wanted" "$stamp"
}

# What the tests of the Python binding need: build/python-binding/bin/python
setup_pybinding() {
    setup_python
    local dir=build/python-binding wanted=bindings/python/requirements.txt stamp=build/python-binding/installed.txt
    if cmp -s "$wanted" "$stamp"; then return; fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "Python 3.10 or newer is needed, this is $(python3 --version)"
    if ! python3 -c 'import ensurepip' 2>/dev/null; then apt_install "Python's venv" python3-venv; fi
    printf 'installing what tests the Python binding\n'
    rm -rf "$dir"
    logged pybinding-venv python3 -m venv "$dir"
    logged pybinding "$dir/bin/pip" install --disable-pip-version-check --requirement "$wanted"
    # Last: this file says that the installation is whole.
    cp "$wanted" "$stamp"
}

setup_node() {
    if ! have node || ! have npm; then apt_install "Node.js" nodejs npm; fi
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 18 ] || die "Node.js 18 or newer is needed, this one is $(node --version)"
}

# A real Ethereum node and a Solidity compiler: build/tools/node_modules/{.bin/anvil,solc}
setup_npm() {
    setup_node
    local dir=build/tools anvil=build/tools/node_modules/.bin/anvil stamp=build/tools/installed.json system cpu version
    if [ -x "$anvil" ] && cmp -s tools/node/package-lock.json "$stamp"; then return; fi
    printf 'installing anvil and solc\n'
    rm -f "$stamp"
    cp tools/node/package.json tools/node/package-lock.json tools/node/.npmrc "$dir/"
    logged npm npm ci --prefix "$dir" --ignore-scripts --loglevel=error
    if [ ! -x "$anvil" ]; then
        # The lock file names the node for Linux on x86-64. Elsewhere its sister package of the same version has it.
        case $(uname -s) in Linux) system=linux ;; Darwin) system=darwin ;; *) die "no anvil for $(uname -s)" ;; esac
        case $(uname -m) in x86_64) cpu=amd64 ;; aarch64 | arm64) cpu=arm64 ;; *) die "no anvil for $(uname -m)" ;; esac
        version=$(node -p 'Object.values(require("./tools/node/package.json").optionalDependencies)[0]')
        logged npm-anvil npm install --prefix "$dir" --no-save --no-package-lock --ignore-scripts --loglevel=error \
            "@foundry-rs/anvil-$system-$cpu@$version"
    fi
    [ -x "$anvil" ] || die "npm has installed no anvil"
    # Last: this file says that the installation is whole.
    cp tools/node/package-lock.json "$stamp"
}

# Two more real nodes, whose answers have other forms: build/nodes/node_modules/{.bin/hardhat,ganache}
setup_nodes() {
    setup_node
    local dir=build/nodes stamp=build/nodes/installed.json
    if [ -f "$dir/hardhat.config.cjs" ] && cmp -s tools/nodes/package-lock.json "$stamp"; then return; fi
    printf 'installing hardhat and ganache\n'
    mkdir -p "$dir"
    rm -f "$stamp"
    cp tools/nodes/package.json tools/nodes/package-lock.json tools/nodes/.npmrc tools/nodes/hardhat.config.cjs "$dir/"
    logged nodes npm ci --prefix "$dir" --ignore-scripts --loglevel=error
    # Last: this file says that the installation is whole.
    cp tools/nodes/package-lock.json "$stamp"
}

# Bun: build/bun/bun. The package of the platform is the program itself, no script has to run.
setup_bun() {
    setup_node
    local version=1.4.5 dir=build/bun system cpu
    if [ "$("$dir/bun" --version 2>/dev/null)" = "$version" ]; then return; fi
    case $(uname -s) in Linux) system=linux ;; Darwin) system=darwin ;; *) die "no bun for $(uname -s)" ;; esac
    case $(uname -m) in x86_64) cpu=x64-baseline ;; aarch64 | arm64) cpu=aarch64 ;; *) die "no bun for $(uname -m)" ;; esac
    printf 'installing bun\n'
    mkdir -p "$dir"
    logged npm-bun npm install --prefix "$dir" --no-save --no-package-lock --ignore-scripts --loglevel=error \
        "@oven/bun-$system-$cpu@$version"
    ln -sf "node_modules/@oven/bun-$system-$cpu/bin/bun" "$dir/bun"
}

# What the TypeScript package is built and tested with: bindings/typescript/node_modules
setup_typescript() {
    setup_node
    local dir=bindings/typescript stamp=build/typescript.json major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 20 ] || die "Node.js 20 or newer is needed for the TypeScript package, this one is $(node --version)"
    if [ -d "$dir/node_modules" ] && cmp -s "$dir/package-lock.json" "$stamp"; then return; fi
    printf 'installing what the TypeScript package needs\n'
    rm -f "$stamp"
    logged npm-typescript npm ci --prefix "$dir" --ignore-scripts --loglevel=error
    # Last: this file says that the installation is whole.
    cp "$dir/package-lock.json" "$stamp"
}

setup_go() {
    setup_cc
    if ! have go; then apt_install Go golang-go; fi
}

# The Zig compiler, which runs as `build/zig/bin/python -m ziglang`.
setup_zig() {
    setup_python
    local version=0.17.0 dir=build/zig
    if [ "$("$dir/bin/python" -m ziglang version 2>/dev/null)" = "$version" ]; then return; fi
    if ! python3 -c 'import ensurepip' 2>/dev/null; then apt_install "Python's venv" python3-venv; fi
    printf 'installing zig\n'
    rm -rf "$dir"
    logged zig-venv python3 -m venv "$dir"
    logged zig "$dir/bin/pip" install --disable-pip-version-check "ziglang==$version"
}

for need in "$@"; do
    declare -F "setup_$need" >/dev/null || die "unknown need: $need"
    "setup_$need"
done
