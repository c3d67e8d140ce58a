# Sourced by the checks of this folder: what "our own source" is.
# shellcheck shell=bash
set -euo pipefail

# shellcheck disable=SC2034 # for the checks
build_dir=${1:?the build folder}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# own_files PATTERN...: our own files of these names; nothing generated, nothing of others.
own_files() {
    local pattern names=()
    for pattern in "$@"; do names+=(-o -name "$pattern"); done
    find proto storage service gateway openapi tests -name node_modules -prune -o \
        -type f \( "${names[@]:1}" \) -print | sort
}

fail() {
    printf '%s\n' "$*" >&2
    failed=yes
}

failed=no
finish() { [[ $failed == no ]]; }
