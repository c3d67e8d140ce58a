#!/usr/bin/env bash
# What runs on several threads, under ThreadSanitizer: the gRPC binding, the HTTP server, health, the
# storage engine, and the gateway's streams with real clients.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

tests=(test_wire test_wire_stream test_wire_transport test_wire_tls test_http_server test_health
       test_store_group test_store_loop test_store_lost)
build=$build_dir/tsan
launcher=()
! command -v ccache >/dev/null || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang \
    -DNEXUS_SANITIZE=thread "${launcher[@]}" >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
nice cmake --build "$build" --target "${tests[@]}" interop_gateway interop_server >"$build.log" 2>&1 ||
    { grep -vE '^\[[0-9]+/[0-9]+\]' "$build.log" >&2; exit 1; }
# The libraries of others are not built for it: what it sees of them tells nothing.
export TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1
for test in "${tests[@]}"; do
    "$build/tests/$test" >"$build.log" 2>&1 || { cat "$build.log" >&2; fail "$test failed"; }
done
for test in streams uploads; do
    NEXUS_BUILD_DIR=$build node --test "tests/e2e/$test.test.mjs" >"$build.log" 2>&1 ||
        { cat "$build.log" >&2; fail "$test failed"; }
done
finish
