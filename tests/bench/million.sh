#!/usr/bin/env bash
# What a million products cost: bench/million.sh BUILD_DIR, with the environment
#   ROWS=1000000  SECONDS_EACH=5  CLIENTS=4
# The database is made by nexusctl seed with all its indexes, and kept like a real one (fsync on).
# The load is made on the same cores: of lists by Node's gRPC client, whose own share of a call is in
# every number, of searches by bench_load.
set -euo pipefail

build_dir=$(realpath "${1:?the build folder}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rows=${ROWS:-1000000}

dir=$(mktemp -d)
chmod 755 "$dir"
service_pid=''
cleanup() {
    [[ -z $service_pid ]] || kill "$service_pid" 2>/dev/null || true
    wait
    storage/cluster.sh stop "$dir/postgres" || true
    rm -rf "$dir"
}
trap cleanup EXIT

storage/cluster.sh start "$dir/postgres" 2>/dev/null
DATABASE_URL=$(storage/cluster.sh url "$dir/postgres" nexus_owner)
export DATABASE_URL
"$build_dir/service/nexusctl" migrate up >/dev/null
/usr/lib/postgresql/15/bin/psql -qX -v ON_ERROR_STOP=1 -f storage/grants.sql "$DATABASE_URL"
echo "$(nproc) cores, $rows products"
start=$EPOCHREALTIME
"$build_dir/service/nexusctl" seed --count "$rows"
awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "seeded in %.1f s\n\n", b - a }'
# What autovacuum does within minutes.
/usr/lib/postgresql/15/bin/psql -qX -c 'vacuum' "$(storage/cluster.sh url "$dir/postgres" postgres)"

DATABASE_URL=$(storage/cluster.sh url "$dir/postgres")
socket=unix:$dir/grpc.sock
NEXUS_GRPC_LISTEN=$socket "$build_dir/service/nexus-service" >"$dir/service.log" 2>&1 &
service_pid=$!
for ((i = 0; i < 100; i++)); do
    [[ ! -S $dir/grpc.sock ]] || break
    sleep 0.1
done
[[ -S $dir/grpc.sock ]] || { cat "$dir/service.log" >&2; exit 1; }

NEXUS_ROWS=$rows node tests/bench/million.mjs "$socket"
[[ ! -f tests/bench/search.mjs ]] ||
    node tests/bench/search.mjs "$socket" "$build_dir/tests/bench_load" \
        "${SECONDS_EACH:-5}" "${CLIENTS:-4}"
