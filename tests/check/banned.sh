#!/usr/bin/env bash
# Functions that this project does without, layers that must not leak, and leftovers.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
refuse() { # what, then matching lines on stdin
    local lines
    lines=$(cat)
    if [ -n "$lines" ]; then
        printf '%s\n%s\n\n' "$1" "$lines"
        bad=1
    fi
}
code() { git ls-files -co --exclude-standard "$@" | grep -E '\.[ch]$' | grep -v '^tests/' || true; }

code libshop shopd include examples | xargs grep -nE '(^|[^a-zA-Z_])(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|system|popen|alloca|rand|localtime|gmtime|asctime|ctime)[[:space:]]*\(' \
    | refuse "Unbounded, unchecked, or not thread-safe:" || true
code libshop | xargs grep -nE '(^|[^a-zA-Z_.>])(abort|exit|_exit|signal|sigaction|printf|puts|perror)[[:space:]]*\(' \
    | refuse "The library never ends the process, prints, or touches signals:" || true
code shopd | xargs grep -nE '#include *["<](\.\./)*(libshop/|sqlite3|libpq|json-c|jwt)' | refuse "shopd uses the public headers only:" || true
code libshop | xargs grep -nE '#include *[<"]event2?/' | refuse "libshop knows no HTTP server:" || true
code libshop/storage/memory libshop/storage/sqlite libshop/storage/postgres | xargs grep -nE '#include.*(account|catalog|cart|order|payment)/' \
    | refuse "Backends know no domain:" || true
git ls-files -co --exclude-standard include/shop | xargs grep -nE '#include *<(json|jwt|curl|sqlite|libpq|sodium|event)' \
    | refuse "Public headers include no third-party header:" || true
git ls-files -co --exclude-standard | grep -E '\.(c|h|py|sh|md|cmake)$' | grep -vE '^(tests/check/banned.sh|shopd/assets/swagger)' | xargs grep -nE '\b(TODO|FIXME|XXX:)' \
    | refuse "Work left undone:" || true
git ls-files -co --exclude-standard tests | grep -E '\.c$' | xargs grep -nE '(^|[^a-zA-Z_])(sleep|usleep)[[:space:]]*\(' | refuse "Tests wait for conditions, they do not sleep:" || true
exit $bad
