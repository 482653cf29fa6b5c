#!/usr/bin/env bash
# The ABI is the one of the last release's dump (docs/abi/). To accept an addition: tests/check/abi.sh --update.
set -euo pipefail
cd "$(dirname "$0")/../.."
dump=docs/abi/libshop.abi
if [ "${1:-}" = --update ]; then
    mkdir -p docs/abi
    abidw --headers-dir include --drop-private-types --no-show-locs --no-comp-dir-path --no-corpus-path \
        build/release/lib/libshop.so | sed "s|path='$PWD/|path='|" >"$dump"
    exit
fi
[ -f "$dump" ] || { echo "no dump of a release yet" >&2; exit 1; }
abidiff --headers-dir2 include --drop-private-types "$dump" build/release/lib/libshop.so
