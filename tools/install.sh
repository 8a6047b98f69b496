#!/usr/bin/env bash
# Installs the release build where PREFIX (default /usr/local), LIBDIR, INCLUDEDIR and, for staging, DESTDIR say.
set -euo pipefail
cd "$(dirname "$0")/.."

built=${CARGO_TARGET_DIR:-target}/release
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
destdir=${DESTDIR:-}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
major=${version%%.*}

for path in "$prefix" "$libdir" "$includedir"; do
    case $path in
        /*) ;;
        *) echo "install: '$path' is not an absolute path" >&2; exit 2 ;;
    esac
done

case $(uname -s) in
    Darwin)
        file=libworldstate.$version.dylib loaded=libworldstate.$major.dylib linked=libworldstate.dylib
        private="-framework Security -framework CoreFoundation -liconv -lm"
        ;;
    *)
        file=libworldstate.so.$version loaded=libworldstate.so.$major linked=libworldstate.so
        private="-lpthread -lm -ldl -lrt"
        ;;
esac

lib=$destdir$libdir
mkdir -p "$lib/pkgconfig" "$destdir$includedir"
install -m 755 "$built/$linked" "$lib/$file"
ln -sf "$file" "$lib/$loaded"
ln -sf "$loaded" "$lib/$linked"
install -m 644 "$built/libworldstate.a" "$lib/libworldstate.a"
install -m 644 include/worldstate.h "$destdir$includedir/worldstate.h"
sed -e "s|@PREFIX@|$prefix|" -e "s|@LIBDIR@|$libdir|" -e "s|@INCLUDEDIR@|$includedir|" \
    -e "s|@VERSION@|$version|" -e "s|@LIBS_PRIVATE@|$private|" worldstate.pc.in >"$lib/pkgconfig/worldstate.pc"
chmod 644 "$lib/pkgconfig/worldstate.pc"
printf 'installed %s, %s, %s and %s\n' "$lib/$linked" "$lib/libworldstate.a" "$destdir$includedir/worldstate.h" \
    "$lib/pkgconfig/worldstate.pc"
