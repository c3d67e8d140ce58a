#!/usr/bin/env bash
# Functions that invite mistakes are not called, files keep to a readable length, nothing is left
# for later.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

# The code of a file without its comments.
code() { gcc -fpreprocessed -dD -E -P -w "$1"; }

calls() { code "$1" | grep -nE "(^|[^A-Za-z0-9_])($2)[[:space:]]*\(" || true; }

max_lines=600

while read -r file; do
    banned='strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|strtok|PQexec|alloca'
    # Memory comes from arenas and buffers; calloc is for objects with a new and a destroy.
    [[ $file == proto/runtime/* ]] || banned+='|malloc|realloc'
    found=$(calls "$file" "$banned")
    [[ -z $found ]] || fail "$file: banned function: $found"
    lines=$(wc -l <"$file")
    ((lines <= max_lines)) || fail "$file: $lines lines; at most $max_lines are readable"
done < <(own_files '*.c' '*.h')

while read -r file; do
    [[ $file == tests/lint/banned.sh ]] && continue
    found=$(grep -nE '\b(TODO|FIXME)\b' "$file" || true)
    [[ -z $found ]] || fail "$file: left for later: $found"
done < <(own_files '*.c' '*.h' '*.sql' '*.proto' '*.mjs' '*.sh' 'CMakeLists.txt' '*.cmake' '*.yaml')

finish
