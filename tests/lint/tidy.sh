#!/usr/bin/env bash
# clang-tidy has nothing to say about our own C files. A file's verdict is remembered under a hash
# of all that it depends on, so that a second run only looks at what changed.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

cache=$build_dir/tidy-cache
mkdir -p "$cache"

# What every verdict depends on: the checks, the tool, and whatever can be included.
mapfile -t shared < <(own_files '*.h' '*.proto' '*.sql' 'CMakeLists.txt')
base=$( (clang-tidy --version; sha256sum .clang-tidy CMakeLists.txt "${shared[@]}") | sha256sum)

check() {
    local file=$1 key
    key=$( (printf %s "$base"; cat "$file") | sha256sum | cut -c1-32)
    [[ -e $cache/$key ]] && return 0
    if clang-tidy --quiet -p "$build_dir" "$file" >"$cache/$key.out" 2>&1; then
        mv "$cache/$key.out" "$cache/$key"
    else
        grep -v 'warnings\? generated' "$cache/$key.out"
        rm -f "$cache/$key.out"
        return 1
    fi
}
export -f check
export cache base build_dir

# Only what this build compiles; how to compile the rest is not known.
compiled_files() {
    local file
    while read -r file; do
        ! grep -qF "\"$PWD/$file\"" "$build_dir/compile_commands.json" || printf '%s\n' "$file"
    done < <(own_files '*.c')
}

# shellcheck disable=SC2016 # for the inner shell to expand
compiled_files | xargs -d '\n' -r -n 1 -P "$(nproc)" bash -c 'check "$1"' _
