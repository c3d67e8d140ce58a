#!/usr/bin/env bash
# A private PostgreSQL 15 in a folder: for ./nexus up and for the tests.
#
#   storage/cluster.sh start HOME [--fast]   make it if it is new, start it, wait until it answers
#   storage/cluster.sh stop HOME             stop it; the data stay
#   storage/cluster.sh status HOME           exit 0 when it answers
#   storage/cluster.sh url HOME [ROLE]       the connection URL of a role (default nexus)
#   storage/cluster.sh paths HOME            where the data, the socket and the log are
#
# It listens on a Unix socket only, in a folder that only its own account can enter; therefore
# connections need no password. The roles are nexus_owner (owns the database, migrates), nexus
# (what the service runs as) and postgres. --fast gives up crash safety; it is for tests.
# It takes an eighth of the machine's memory, 4 GB at most; with --fast, 64 MB.
# PostgreSQL refuses to run as root: for root it runs as the account `postgres`.
set -euo pipefail

die() { printf 'cluster: %s\n' "$*" >&2; exit 1; }

bin=${NEXUS_PG_BIN:-/usr/lib/postgresql/15/bin}
[[ $# -ge 2 ]] || die "usage: cluster.sh start|stop|status|url|paths HOME [...]"
command=$1
mkdir -p "$2" || die "cannot make $2"
home=$(cd "$2" && pwd -P)
shift 2
key=$(printf %s "$home" | sha256sum | cut -c1-12)

account=$(id -un)
as_account=()
if [[ $(id -u) == 0 ]]; then
    account=postgres
    as_account=(runuser -u postgres --)
fi

# PostgreSQL's account must be able to walk to its data.
base=$home
if [[ ${#as_account[@]} -gt 0 ]] && ! "${as_account[@]}" test -x "$(dirname "$home")"; then
    base=/var/lib/nexus-$key
fi
data=$base/data
log=$base/postgres.log
# A socket's path has at most 107 bytes.
socket_dir=$base/run
if [[ $(printf %s "$socket_dir/.s.PGSQL.5432" | wc -c) -gt 107 ]]; then
    socket_dir=/tmp/nexus-pg-$key
fi

# A folder of the account alone; refuses one that somebody else has put there.
own_dir() {
    mkdir -p "$1"
    [[ ! -L $1 ]] || die "$1 is a symbolic link"
    if [[ $(id -u) == 0 ]]; then
        chown "$account:" "$1"
    fi
    [[ $(stat -c %U "$1") == "$account" ]] || die "$1 belongs to $(stat -c %U "$1")"
    chmod 700 "$1"
}

run() { (cd / && "${as_account[@]}" env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE -u PGPASSWORD \
    -u PGOPTIONS -u PGSERVICE "$@"); }

answers() { run "$bin/pg_isready" -q -h "$socket_dir" -p 5432; }

init() {
    local staging=$base/data.new # so that a half-made one is never taken for a good one
    rm -rf "$staging"
    run "$bin/initdb" -D "$staging" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --no-sync >"$base/initdb.log" 2>&1 || { cat "$base/initdb.log" >&2; die "initdb failed"; }
    mv "$staging" "$data"
}

configure() {
    local memory_mb
    memory_mb=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    cat >"$data/nexus.conf" <<CONF
listen_addresses = ''
port = 5432
unix_socket_directories = '${socket_dir//\'/\'\'}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = $((memory_mb / 8 < 4096 ? memory_mb / 8 : 4096))MB
effective_cache_size = $((memory_mb / 2))MB
random_page_cost = 1.1
jit = off
log_line_prefix = '%m [%p] %u '
log_checkpoints = off
CONF
    if [[ ${1:-} == --fast ]]; then
        printf '%s\n' 'fsync = off' 'synchronous_commit = off' 'full_page_writes = off' \
            'shared_buffers = 64MB' >>"$data/nexus.conf"
    fi
    grep -q "^include = 'nexus.conf'" "$data/postgresql.conf" ||
        printf "include = 'nexus.conf'\n" >>"$data/postgresql.conf"
    [[ $(id -u) != 0 ]] || chown "$account:" "$data/nexus.conf"
}

create_roles() {
    run "$bin/psql" -qX -v ON_ERROR_STOP=1 -h "$socket_dir" -U postgres -d postgres <<'SQL'
select 'create role nexus_owner login' where to_regrole('nexus_owner') is null \gexec
select 'create role nexus login' where to_regrole('nexus') is null \gexec
select 'create database nexus owner nexus_owner'
 where not exists (select from pg_database where datname = 'nexus') \gexec
SQL
}

start() {
    [[ -x $bin/postgres ]] || die "PostgreSQL 15 is not in $bin; install postgresql-15"
    if [[ $base != "$home" ]]; then
        printf 'cluster: the account %s cannot reach %s; the data are in %s\n' \
            "$account" "$home" "$base" >&2
    fi
    own_dir "$base"
    own_dir "$socket_dir"
    if ! answers; then
        [[ -f $data/PG_VERSION ]] || init
        configure "$@"
        run "$bin/pg_ctl" -D "$data" -l "$log" -w -t 60 start >/dev/null 2>&1 ||
            { tail -n 20 "$log" >&2; die "PostgreSQL did not start; its log is $log"; }
    fi
    create_roles
}

stop() {
    if [[ -f $data/postmaster.pid ]]; then
        run "$bin/pg_ctl" -D "$data" -w -t 30 -m fast stop >/dev/null 2>&1 ||
            run "$bin/pg_ctl" -D "$data" -w -t 10 -m immediate stop >/dev/null 2>&1 || true
    fi
    rm -rf "$socket_dir"
}

# Percent-encode what a URL cannot hold.
encode() {
    local LC_ALL=C text=$1 out='' i c byte
    for ((i = 0; i < ${#text}; i++)); do
        c=${text:i:1}
        case $c in
        [a-zA-Z0-9/._~-]) out+=$c ;;
        *)
            printf -v byte %d "'$c"
            printf -v c '%%%02X' $((byte & 255))
            out+=$c
            ;;
        esac
    done
    printf %s "$out"
}

case $command in
start) start "$@" ;;
stop) stop ;;
status) [[ -d $socket_dir ]] && answers ;;
url) printf 'postgresql://%s@/nexus?host=%s&port=5432\n' "${1:-nexus}" "$(encode "$socket_dir")" ;;
paths) printf 'data=%s\nsocket=%s\nlog=%s\n' "$data" "$socket_dir" "$log" ;;
*) die "unknown command $command" ;;
esac
