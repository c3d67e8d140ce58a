#!/usr/bin/env bash
# The whole tree compiles without a warning with the compiler, and at the optimisation level, that
# the tests themselves do not use.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

compiler=gcc
! grep -qE '^CMAKE_C_COMPILER:.*gcc$' "$build_dir/CMakeCache.txt" || compiler=clang
other=$build_dir/other-compiler
launcher=()
! command -v ccache >/dev/null || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
cmake -S . -B "$other" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER="$compiler" \
    "${launcher[@]}" >"$other.log" 2>&1 || { cat "$other.log" >&2; exit 1; }
nice cmake --build "$other" >"$other.log" 2>&1 ||
    { grep -vE '^\[[0-9]+/[0-9]+\]' "$other.log" >&2; exit 1; }
