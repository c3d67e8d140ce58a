#!/usr/bin/env bash
# Measures this machine: bench/run.sh BUILD_DIR, with the environment
#   SECONDS_EACH=5  WARMUP=2  ROUNDS=5  ROWS=100000  REQUESTS=1000000
# All of it runs here and shares the cores: server, database and load. What tells is the ratio to
# the limits that are measured beside it, in the same run and by the same load.
set -euo pipefail

build_dir=$(realpath "${1:?the build folder}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${SECONDS_EACH:-5} warmup=${WARMUP:-2} rounds=${ROUNDS:-5} rows=${ROWS:-100000}
requests=${REQUESTS:-1000000}
bin=/usr/lib/postgresql/15/bin
service=/nexus.catalog.v1.CatalogService

dir=$(mktemp -d)
chmod 755 "$dir"
pids=()
cleanup() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    storage/cluster.sh stop "$dir/postgres" || true
    rm -rf "$dir"
}
trap cleanup EXIT

free_port() {
    local port
    for ((port = 20000 + RANDOM % 10000; ; port++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf %s "$port"; return; }
    done
}

# background NAME PORT COMMAND...: start it and wait until the port answers.
background() {
    local name=$1 port=$2 i
    shift 2
    "$@" >"$dir/$name.log" 2>&1 &
    pids+=($!)
    for ((i = 0; i < 100; i++)); do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
        sleep 0.1
    done
    cat "$dir/$name.log" >&2
    return 1
}

echo "Making a database of $rows products ..." >&2
storage/cluster.sh start "$dir/postgres" 2>/dev/null
DATABASE_URL=$(storage/cluster.sh url "$dir/postgres" nexus_owner)
export DATABASE_URL
"$build_dir/service/nexusctl" migrate up >/dev/null
"$bin/psql" -qX -v ON_ERROR_STOP=1 -v rows="$rows" "$DATABASE_URL" <<'SQL' >/dev/null
\i storage/grants.sql
insert into catalog.category (title, slug, description, position, ancestor_ids, path)
select 'Category ' || i, 'category-' || i, '', i, '{}', 'Category ' || i
  from generate_series(1, 100) i;
insert into catalog.product (title, slug, description, price_currency, price_amount, category_id,
    additional_category_ids, brand, tags, attributes, inventory, allow_backorder, state)
select 'Product number ' || i, 'product-' || i, repeat('A plain and useful thing. ', 6), 'EUR',
    (i % 100000) / 100.0, i % 100 + 1, '{}', 'Brand ' || i % 50, array['tag-' || i % 20],
    jsonb_build_object('width', i % 100, 'colour', 'blue'), i % 1000, false, 2
  from generate_series(1, :rows) i;
analyze catalog.product;
SQL
DATABASE_URL=$(storage/cluster.sh url "$dir/postgres")

grpc_port=$(free_port)
NEXUS_GRPC_LISTEN=127.0.0.1:$grpc_port background service "$grpc_port" \
    "$build_dir/service/nexus-service"
noop_port=$(free_port)
background noop "$noop_port" "$build_dir/tests/bench_noop" "127.0.0.1:$noop_port" 2
skeleton_port=$(free_port)
background skeleton "$skeleton_port" "$build_dir/tests/bench_skeleton" "127.0.0.1:$skeleton_port" 2

gateway() { # NAME HTTP_PORT GRPC_PORT
    NEXUS_HTTP_LISTEN=127.0.0.1:$2 NEXUS_BACKEND_TARGET=127.0.0.1:$3 \
        NEXUS_API_SPEC=$PWD/openapi/nexus.yaml NEXUS_API_DOCUMENT=$build_dir/openapi/openapi.json \
        NEXUS_DOCS_DIR=$PWD/openapi/docs \
        NEXUS_DOCS_ASSETS=$PWD/openapi/node_modules/swagger-ui-dist \
        background "$1" "$2" "$build_dir/gateway/nexus-gateway"
}
http_port=$(free_port)
gateway gateway "$http_port" "$grpc_port"
gateway_pid=${pids[-1]}
bare_port=$(free_port)
gateway bare-gateway "$bare_port" "$noop_port"

# Each measurement prints "rate p50_us p99_us errors".
grpc() { # PORT METHOD REQUEST CONNECTIONS STREAMS
    "$build_dir/tests/bench_load" 127.0.0.1 "$1" "$2" "$3" "$4" "$5" "$warmup" "$seconds"
}

rest() { # HTTP_PORT CONNECTIONS SECONDS [PATH]: without a path, Get by random id
    cat >"$dir/rest.lua" <<LUA
math.randomseed(os.time())
function request()
    return wrk.format("GET", "${4:-}" ~= "" and "${4:-}" or "/v1/products/" .. math.random($rows))
end
function done(s, l)
    local e = s.errors
    print(string.format("RESULT %.0f %d %d %d", s.requests / s.duration * 1e6, l:percentile(50),
        l:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
    print(string.format("REQUESTS %d", s.requests))
end
LUA
    wrk -t1 -c"$2" -d"$warmup" -s "$dir/rest.lua" "http://127.0.0.1:$1" >/dev/null
    wrk -t1 -c"$2" -d"$3" -s "$dir/rest.lua" "http://127.0.0.1:$1" >"$dir/wrk.out"
    sed -n 's/^RESULT //p' "$dir/wrk.out"
}

# The service's own statement, on as many connections as fit.
database() { # CLIENTS
    printf '\\set id random(1, %s)\nselect %s from catalog.product where id = :id;\n' "$rows" \
        "$(tr '\n' ' ' <<<"id, title, slug, description, price_currency, price_amount, category_id,
            additional_category_ids, brand, tags, attributes, inventory, allow_backorder, state,
            create_time, update_time, delete_time, purge_time, revision")" >"$dir/get.sql"
    rm -f "$dir"/log.*
    "$bin/pgbench" -n -M prepared -f "$dir/get.sql" -c "$1" -j 1 -T "$seconds" -l \
        --log-prefix "$dir/log" "$DATABASE_URL" >"$dir/pgbench.out" 2>&1 ||
        { cat "$dir/pgbench.out" >&2; return 1; }
    awk '/^tps/ { printf "%.0f ", $3 }' "$dir/pgbench.out"
    cat "$dir"/log.* | awk '{ print $3 }' | sort -n |
        awk '{ a[NR] = $1 } END { print a[int(NR * .5) + 1], a[int(NR * .99) + 1], 0 }'
}

printf '%-40s %10s %9s %9s %7s  %8s %8s\n' "$(nproc) cores, $rows products" rate/s p50/us p99/us \
    errors '/no-op' '/pgbench'
row() { # LABEL RATE P50 P99 ERRORS
    local ratio
    ratio=$(awk -v r="$2" -v n="${noop_rate:-0}" -v p="${db_rate:-0}" 'BEGIN {
        printf "%8s %8s", n ? sprintf("%.2f", r / n) : "", p ? sprintf("%.2f", r / p) : "" }')
    printf '%-40s %10s %9s %9s %7s  %s\n' "$1" "$2" "$3" "$4" "$5" "$ratio"
}

measured=()
run() { # LABEL COMMAND...
    local label=$1
    shift
    read -ra measured <<<"$("$@")"
    [[ ${#measured[@]} -eq 4 ]] || { echo "$label: no result" >&2; exit 1; }
    row "$label" "${measured[@]}"
}

# The two that differ by little are measured in turn, so that what the machine does meanwhile hits
# both: the medians of the rounds, column by column.
for ((i = 0; i < rounds; i++)); do
    grpc "$noop_port" $service/GetProduct "products:$rows" 4 8 >>"$dir/noop.rounds"
    grpc "$skeleton_port" $service/GetProduct "products:$rows" 4 8 >>"$dir/skeleton.rounds"
done
medians() { # FILE
    local column
    for column in 1 2 3 4; do
        awk -v c="$column" '{ print $c }' "$1" | sort -n | sed -n "$((rounds / 2 + 1))p"
    done | paste -sd' '
}

run 'limit: no-op gRPC core, 4 x 8 calls' medians "$dir/noop.rounds"
noop=${measured[0]}
run 'limit: pgbench -M prepared, 32 clients' database 32
noop_rate=$noop db_rate=${measured[0]}
run 'no-op through the generated skeleton' medians "$dir/skeleton.rounds"
run 'gRPC Get by random id, 4 x 8 calls' grpc "$grpc_port" $service/GetProduct "products:$rows" 4 8
run 'gRPC Get by random id, 1 x 1 call' grpc "$grpc_port" $service/GetProduct "products:$rows" 1 1
run 'gRPC List of 20, 4 x 8 calls' grpc "$grpc_port" $service/ListProducts page:20 4 8
for ((i = 0; i < rounds; i++)); do
    "$build_dir/tests/bench_pair" "127.0.0.1:$noop_port" $service/GetProduct 32 "$warmup" \
        "$seconds" >>"$dir/pair.rounds"
    rest "$http_port" 32 "$seconds" >>"$dir/rest.rounds"
    rest "$bare_port" 32 "$seconds" >>"$dir/bare.rounds"
    rest "$http_port" 32 "$seconds" /healthz >>"$dir/http.rounds"
done
run 'limit: no-op, client of the C core, 32' medians "$dir/pair.rounds"
pair=("${measured[@]}")
run 'limit: HTTP alone, /healthz, 32' medians "$dir/http.rounds"
http_rate=${measured[0]}
to_pair() { # WHAT RATE P50 P99 ERRORS
    awk -v what="$1" -v r="$2" -v p="${pair[0]}" -v r99="$4" -v p99="${pair[2]}" 'BEGIN {
        printf "%s to the pair of the C core: rate %.2f, p99 %.2f\n", what, r / p, r99 / p99 }'
}
run 'REST Get by random id, 32 connections' medians "$dir/rest.rounds"
rest_get=("${measured[@]}")
run 'REST Get from the no-op, 32 connections' medians "$dir/bare.rounds"
bare=("${measured[@]}")
to_pair 'REST Get' "${rest_get[@]}"
to_pair 'REST Get from the no-op' "${bare[@]}"
# Each limit takes the whole machine by itself; one after the other, they take the sum.
awk -v p="${pair[0]}" -v h="$http_rate" -v d="$db_rate" -v r="${rest_get[0]}" \
    -v b="${bare[0]}" 'BEGIN {
    get = 1 / (1 / p + 1 / h + 1 / d); noop = 1 / (1 / p + 1 / h)
    printf "HTTP, pair and pgbench one after the other: %.0f/s, %.2f of the pair; ", get, get / p
    printf "REST Get is at %.2f of that\n", r / get
    printf "HTTP and pair: %.0f/s, %.2f of the pair; ", noop, noop / p
    printf "REST Get from the no-op is at %.2f of that\n", b / noop }'

memory() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$gateway_pid/status"; }
if ((requests > 0)); then
    before=$(memory)
    rest "$http_port" 32 $((requests / rest_get[0] + 1)) >/dev/null
    printf 'The gateway has %s MiB, and %s MiB after %s requests more\n' "$before" "$(memory)" \
        "$(sed -n 's/^REQUESTS //p' "$dir/wrk.out")"
fi
