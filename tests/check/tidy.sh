#!/usr/bin/env bash
# clang-tidy over the library and the server, by .clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard libshop shopd | grep -E '\.c$' | grep -v common_passwords \
    | xargs -P "$(nproc)" -n 8 clang-tidy --quiet --warnings-as-errors='*' -p build/release 2>/dev/null
