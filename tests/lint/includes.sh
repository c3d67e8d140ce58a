#!/usr/bin/env bash
# Each folder includes only what its layer may use.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

# Folder -> the folders, generated code and libraries it may use beside itself and libc.
declare -A may_use=(
    [proto/runtime]=''
    [proto/json]='proto/runtime wire_pb generated-google protobuf-c'
    [proto/wire]='proto/runtime wire_pb generated-google protobuf-c grpc'
    [proto/dynamic]='proto/runtime proto/wire wire_pb generated-google protobuf-c'
    [proto/health]='proto/runtime proto/wire generated-grpc protobuf-c'
    [proto/reflection]='proto/runtime proto/wire wire_pb generated-grpc generated-google protobuf-c'
    [proto/codegen]='proto/runtime generated-google protobuf-c'
    [proto/config]='proto/runtime cyaml'
    [proto/descriptors]='proto/runtime proto/wire generated generated-google protobuf-c'
    [storage]='proto/runtime libpq sodium'
    [service]='proto/runtime proto/wire wire_pb proto/json proto/config proto/descriptors proto/health
               proto/reflection storage
               generated generated-grpc generated-google protobuf-c sodium'
    [openapi]='proto/runtime proto/json proto/config generated-google protobuf-c cyaml'
    [gateway/http]='proto/runtime'
    [gateway/http]='proto/runtime'
    [gateway]='proto/runtime proto/wire wire_pb proto/json proto/config proto/descriptors proto/dynamic
               openapi
               generated generated-grpc generated-google protobuf-c sodium gateway/http'
)

declare -A folder_of_header
while read -r header; do
    folder_of_header[${header##*/}]=${header%/*}
done < <(own_files '*.h')

# Whose header it is.
owner() {
    case $1 in
    wire_pb.h) echo wire_pb ;; # the one part of proto/wire that knows no gRPC
    nexus/*.h) echo generated ;;
    grpc/health/*.h | grpc/reflection/*.h) echo generated-grpc ;;
    google/*.pb-c.h) echo generated-google ;;
    protobuf-c/*) echo protobuf-c ;;
    grpc/*) echo grpc ;;
    libpq-fe.h | libpq/*) echo libpq ;;
    cyaml/* | yaml.h) echo cyaml ;;
    sodium.h) echo sodium ;;
    store_sql.h | store_sql_texts.h) echo storage ;;
    */*.h) [[ -e /usr/include/$1 || -e /usr/include/x86_64-linux-gnu/$1 || $1 == sys/* ]] &&
        echo libc || echo "unknown:$1" ;;
    *) echo "${folder_of_header[$1]:-libc}" ;;
    esac
}

checked=0
while read -r file; do
    folder=${file%/*}
    [[ -v may_use[$folder] ]] || continue
    while read -r included; do
        whose=$(owner "$included")
        checked=$((checked + 1))
        [[ $whose == libc || $whose == "$folder" ]] && continue
        [[ " ${may_use[$folder]//[$'\n']/ } " == *" $whose "* ]] ||
            fail "$file includes $included of $whose, which $folder may not use"
        [[ $included != *../* ]] || fail "$file includes $included by a path out of its folder"
    done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1/p' "$file")
done < <(own_files '*.c' '*.h')

# Every folder with C files stands in the table.
while read -r folder; do
    [[ $folder == tests/* || -v may_use[$folder] ]] || fail "$folder is in no layer"
done < <(own_files '*.c' | xargs -n 1 dirname | sort -u)

((checked > 0)) || fail "nothing was checked"
finish
