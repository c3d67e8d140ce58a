#!/usr/bin/env bash
# The .proto files keep to buf's STANDARD rules, but for the exceptions that proto/buf.yaml states.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

buf=tests/e2e/node_modules/.bin/buf
[[ -x $buf ]] || { echo "buf is not installed: npm ci --prefix tests/e2e" >&2; exit 1; }
"$buf" lint proto
