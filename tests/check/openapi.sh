#!/usr/bin/env bash
# The OpenAPI document is valid by a public validator.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=build/venv
if [ ! -x "$venv/bin/openapi-spec-validator" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check openapi-spec-validator==0.7.1
fi
build/release/bin/shopd openapi >build/openapi.json
"$venv/bin/openapi-spec-validator" build/openapi.json
