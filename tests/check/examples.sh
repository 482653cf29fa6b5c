#!/usr/bin/env bash
# The examples build against the installed library, as a user would build them, and run.
set -euo pipefail
cd "$(dirname "$0")/../.."
prefix=$PWD/build/installed
rm -rf "$prefix"
cmake --install build/release --prefix "$prefix" >/dev/null
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name libshop.pc)")
sed -i "s|^prefix=.*|prefix=$prefix|" "$PKG_CONFIG_PATH/libshop.pc"
for example in examples/*.c; do
    # shellcheck disable=SC2046
    cc -std=c11 -Wall -Wextra -Werror "$example" $(pkg-config --cflags --libs libshop) \
        -Wl,-rpath,"$(pkg-config --variable=libdir libshop)" -o build/example
    build/example >build/example.out
    echo "$example: ok"
done
