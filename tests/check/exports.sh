#!/usr/bin/env bash
# The library exports exactly what its public headers declare.
set -euo pipefail
cd "$(dirname "$0")/../.."
declared=$(cat include/shop/*.h include/shop/sys/*.h | grep -oE '^SHOP_API [^(]*\(' | grep -oE 'shop_[a-z0-9_]+\($' | tr -d '(' | sort -u)
exported=$(nm -D --defined-only build/release/lib/libshop.so | awk '$2 == "T" || $2 == "D" || $2 == "R" || $2 == "B" {print $3}' | sed 's/@.*//' | grep -v '^SHOP_' | sort -u)
if ! diff <(echo "$declared") <(echo "$exported"); then
    echo "declared (<) and exported (>) functions differ" >&2
    exit 1
fi
