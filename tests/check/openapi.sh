#!/usr/bin/env bash
# The OpenAPI document passes a public linter.
set -euo pipefail
cd "$(dirname "$0")/../.."
build/release/bin/shopd openapi >build/openapi.json
export REDOCLY_TELEMETRY=off
npx --yes @redocly/cli@2.77.0 lint --extends=minimal build/openapi.json
