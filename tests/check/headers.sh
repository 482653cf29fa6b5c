#!/usr/bin/env bash
# Each public header compiles alone, as C11 and as C++, without a warning.
set -euo pipefail
cd "$(dirname "$0")/../.."
for header in $(cd include && find shop -name '*.h' | sort); do
    printf '#include <%s>\n' "$header" | cc -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c -
    printf '#include <%s>\n' "$header" | c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ -
done
