#!/usr/bin/env bash
# The linter of shell scripts has nothing to say about our scripts.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

mapfile -t scripts < <(own_files '*.sh')
shellcheck --external-sources --source-path=SCRIPTDIR nexus .ci/run "${scripts[@]}"
