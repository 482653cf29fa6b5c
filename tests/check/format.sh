#!/usr/bin/env bash
# The sources are formatted as .clang-format says.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard | grep -E '\.[ch]$' | xargs clang-format --dry-run --Werror
