#!/usr/bin/env bash
# Installs into a directory of its own and uses the library from there as anybody would: with pkg-config, shared and static.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/support/check.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
unset LD_LIBRARY_PATH LIBDIR INCLUDEDIR DESTDIR
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

installs() { make --no-print-directory install PREFIX="$prefix"; }
installs_again() {
    installs
    [ "$(find "$prefix" -type f | wc -l)" = 4 ]
}

names_itself() {
    readelf -d "$prefix/lib/libworldstate.so" | grep -F "Library soname: [libworldstate.so.${version%%.*}]"
    [ "$(readlink "$prefix/lib/libworldstate.so.${version%%.*}")" = "libworldstate.so.$version" ]
}

is_small() {
    readelf -SW "$prefix/lib/libworldstate.so" >"$work/sections"
    refuse grep -F .symtab "$work/sections"
    [ "$(stat -Lc %s "$prefix/lib/libworldstate.so")" -le $((6 << 20)) ]
}

pkg_config_knows() { [ "$(pkg-config --modversion worldstate)" = "$version" ]; }

# What the flags hold is words for the compiler. shellcheck disable=SC2046
shared() {
    cc -std=c99 -Wall -Werror tests/install/smoke.c -o "$work/shared" $(pkg-config --cflags --libs worldstate)
    readelf -d "$work/shared" | grep -F "[libworldstate.so.${version%%.*}]"
    [ "$(LD_LIBRARY_PATH=$prefix/lib "$work/shared")" = "$version" ]
}

# The C library shared, ours static.
archive() {
    cc tests/install/smoke.c -o "$work/archive" $(pkg-config --cflags worldstate) \
        -Wl,-Bstatic $(pkg-config --libs worldstate) -Wl,-Bdynamic $(pkg-config --static --libs-only-l worldstate | sed 's/-lworldstate//')
    readelf -d "$work/archive" >"$work/dynamic"
    refuse grep -F libworldstate "$work/dynamic"
    [ "$("$work/archive")" = "$version" ]
}

# Nothing shared at all. The linker warns that getaddrinfo wants the C library at run time.
static() {
    cc -static tests/install/smoke.c -o "$work/static" $(pkg-config --static --cflags --libs worldstate) 2>"$work/warnings" ||
        { cat "$work/warnings"; return 1; }
    readelf -d "$work/static" >"$work/dynamic"
    refuse grep NEEDED "$work/dynamic"
    [ "$("$work/static")" = "$version" ]
}

stages() {
    make --no-print-directory install PREFIX=/usr DESTDIR="$work/stage" LIBDIR=/usr/lib/somewhere
    [ -f "$work/stage/usr/include/worldstate.h" ]
    # What is staged speaks of the place where it will stand.
    grep -Fx libdir=/usr/lib/somewhere "$work/stage/usr/lib/somewhere/pkgconfig/worldstate.pc"
    refuse grep -rF "$work" "$work/stage/usr/lib/somewhere/pkgconfig"
}

refuses_relative() { refuse env PREFIX=relative tools/install.sh; }

check "make install" installs
check "a second time changes nothing" installs_again
check "soname and links" names_itself
check "the library is stripped, and no larger than 6 MiB" is_small
check "pkg-config knows the version" pkg_config_knows
check "a program with the shared library" shared
check "a program with the archive" archive
check "a program with nothing shared" static
check "staging with DESTDIR" stages
check "a relative PREFIX is refused" refuses_relative
summary
