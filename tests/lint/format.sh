#!/usr/bin/env bash
# Every C file is as clang-format would write it.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

mapfile -t files < <(own_files '*.c' '*.h')
clang-format --dry-run -Werror --ferror-limit=3 "${files[@]}"
