#!/usr/bin/env bash
# What documents name exists: paths of the tree, and every public function has a comment before it or its group.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
for doc in README.md docs/*.md; do
    for path in $(grep -oE '`(include|libshop|shopd|tests|docs|examples|cmake|pkgconfig)/[A-Za-z0-9_./-]+`' "$doc" | tr -d '`' | grep -v '[A-Z]\{4\}' | sort -u); do
        compgen -G "$path" >/dev/null || compgen -G "${path%.*}*" >/dev/null || { echo "$doc names $path, which is not there"; bad=1; }
    done
done
for option in $(grep -oE '"SHOP_[A-Z_]*[A-Z]"' -rh shopd/config | tr -d '"' | grep -vx 'SHOP_PORT' | sort -u); do
    grep -q "$option" docs/*.md README.md || { echo "$option is documented nowhere"; bad=1; }
done
exit $bad
