#!/usr/bin/env bash
# Every header of ours compiles alone, and twice, with gcc and with clang.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

# All include folders that the build uses.
mapfile -t includes < <(grep -oE -- '-(I|isystem )[^ "]+' "$build_dir/compile_commands.json" |
    sed 's/^-isystem /-isystem\n/' | awk '!/^-isystem$/ { if (!seen[$0]++) print ($0 ~ /^-I/ ? $0 : "-I" $0) }')

compile() {
    local header=$1 compiler
    shift
    for compiler in gcc clang; do
        printf '#include "%s"\n#include "%s"\n' "$PWD/$header" "$PWD/$header" |
            "$compiler" -x c -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only "$@" - ||
            { printf '%s does not compile alone with %s\n' "$header" "$compiler" >&2; return 1; }
    done
}
export -f compile

own_files '*.h' | xargs -d '\n' -I{} -P "$(nproc)" bash -c 'compile "$@"' _ {} "${includes[@]}"
