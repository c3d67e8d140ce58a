#include "pg_fixture.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TEXT_BYTES 1024

static struct {
    char home[64];                 /* of the private cluster; "" when the server is not ours */
    char cluster[MAX_TEXT_BYTES];  /* path of cluster.sh */
    char conninfo[MAX_TEXT_BYTES]; /* of the test's database */
    char database[64];             /* that was made on somebody else's server */
    const char *server_url;
    int lifeline; /* the guardian cleans up when this is closed */
    pid_t guardian;
} fixture;

static _Noreturn void fail(const char *what, const char *detail)
{
    fprintf(stderr, "pg_fixture: %s: %s\n", what, detail);
    exit(EXIT_FAILURE);
}

/* Check what snprintf() has returned for a text of MAX_TEXT_BYTES. */
static void must_fit(int len)
{
    if (len < 0 || len >= MAX_TEXT_BYTES)
        fail("a text is too long", "MAX_TEXT_BYTES");
}

/* --- The private cluster --- */

/* Run cluster.sh; what it prints, up to the end of its first line, goes to `output` if wanted. */
static bool run_cluster(const char *command, const char *extra, char output[MAX_TEXT_BYTES])
{
    int ends[2];
    int status = -1;
    size_t len = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe", command);
    pid_t child = fork();
    if (child == 0) {
        if (output)
            (void)dup2(ends[1], STDOUT_FILENO);
        (void)execlp("bash", "bash", fixture.cluster, command, fixture.home, extra, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    char sink[MAX_TEXT_BYTES];
    char *to = output ? output : sink;
    for (ssize_t got; len < MAX_TEXT_BYTES - 1; len += (size_t)got) {
        got = read(ends[0], to + len, MAX_TEXT_BYTES - 1 - len);
        if (got <= 0)
            break;
    }
    to[len] = '\0';
    to[strcspn(to, "\n")] = '\0';
    close(ends[0]);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* A process that outlives this one and then removes the cluster, whatever ended this one. */
static void start_guardian(void)
{
    static const char clean_up[] =
        "eval \"$(bash \"$0\" paths \"$1\" | sed -n 's/^data=/data=/p')\"\n"
        "bash \"$0\" stop \"$1\"; rm -rf -- \"$1\" \"${data%/data}\"";
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe", "guardian");
    fixture.guardian = fork();
    if (fixture.guardian == 0) {
        char byte;
        close(ends[1]);
        (void)setsid(); /* an interrupt of the test is not for this one */
        ssize_t got = read(ends[0], &byte, 1);
        (void)got;
        (void)execlp("bash", "bash", "-c", clean_up, fixture.cluster, fixture.home, (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    fixture.lifeline = ends[1];
}

static void end_guardian(void)
{
    close(fixture.lifeline);
    (void)waitpid(fixture.guardian, NULL, 0);
}

static void make_private(void)
{
    const char *source_dir = getenv("NEXUS_SOURCE_DIR");
    must_fit(snprintf(fixture.cluster, MAX_TEXT_BYTES, "%s/storage/cluster.sh",
                      source_dir ? source_dir : "."));
    snprintf(fixture.home, sizeof fixture.home, "/tmp/nexus-test-XXXXXX");
    if (!mkdtemp(fixture.home))
        fail("mkdtemp", fixture.home);
    start_guardian();
    (void)atexit(end_guardian);
    pg_fixture_start();
    if (!run_cluster("url", "postgres", fixture.conninfo))
        fail("cluster.sh", "url");
}

bool pg_fixture_is_private(void)
{
    return fixture.home[0] != '\0';
}

void pg_fixture_start(void)
{
    if (!run_cluster("start", "--fast", NULL))
        fail("the server did not start", fixture.home);
}

/* As a crash: the server drops everything and has to recover. */
static void kill_server(void)
{
    char text[MAX_TEXT_BYTES];
    char path[MAX_TEXT_BYTES];
    if (!run_cluster("paths", NULL, text) || strncmp(text, "data=", 5) != 0)
        fail("cluster.sh", "paths");
    must_fit(snprintf(path, MAX_TEXT_BYTES, "%s/postmaster.pid", text + 5));
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file))
        fail("cannot be read", path);
    (void)fclose(file);
    (void)kill((pid_t)strtol(text, NULL, 10), SIGQUIT);
}

void pg_fixture_stop(bool hard)
{
    if (hard)
        kill_server();
    if (!run_cluster("stop", NULL, NULL))
        fail("the server did not stop", fixture.home);
}

/* --- SQL --- */

static void drop_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

/* The first cell as a number. False, with a message, when it failed. */
static bool run_on(const char *conninfo, const char *sql, int64_t *ret_value)
{
    PGconn *pg = PQconnectdb(conninfo);
    (void)PQsetNoticeReceiver(pg, drop_notice, NULL);
    bool good = PQstatus(pg) == CONNECTION_OK && PQsendQuery(pg, sql) == 1;
    *ret_value = 0;
    for (PGresult *result; good && (result = PQgetResult(pg)) != NULL;) {
        ExecStatusType status = PQresultStatus(result);
        good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
        if (good && PQntuples(result) > 0)
            *ret_value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
    }
    if (!good)
        fprintf(stderr, "pg_fixture: %s: %s", sql, PQerrorMessage(pg));
    PQfinish(pg);
    return good;
}

int64_t pg_fixture_run(const char *sql)
{
    int64_t value;
    if (!run_on(pg_fixture_conninfo(), sql, &value))
        fail("SQL failed", sql);
    return value;
}

/* --- A database on somebody else's server --- */

static void drop_database(void)
{
    char sql[MAX_TEXT_BYTES];
    int64_t value;
    must_fit(snprintf(sql, MAX_TEXT_BYTES, "drop database %s with (force)", fixture.database));
    (void)run_on(fixture.server_url, sql, &value);
}

/* The server's connection string with another database; libpq parses what it is. */
static void make_conninfo(void)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(fixture.server_url, &message);
    if (!options)
        fail("NEXUS_TEST_DATABASE_URL", message ? message : "cannot be parsed");
    must_fit(snprintf(fixture.conninfo, MAX_TEXT_BYTES, "dbname='%s'", fixture.database));
    for (const PQconninfoOption *option = options; option->keyword; option++) {
        if (!option->val || strcmp(option->keyword, "dbname") == 0)
            continue;
        char before[MAX_TEXT_BYTES];
        memcpy(before, fixture.conninfo, sizeof before);
        if (strpbrk(option->val, "'\\"))
            fail("NEXUS_TEST_DATABASE_URL", "has a quote or a backslash");
        must_fit(snprintf(fixture.conninfo, MAX_TEXT_BYTES, "%s %s='%s'", before, option->keyword,
                          option->val));
    }
    PQconninfoFree(options);
}

static void make_database(void)
{
    char sql[MAX_TEXT_BYTES];
    int64_t value;
    snprintf(fixture.database, sizeof fixture.database, "nexus_test_%ld", (long)getpid());
    must_fit(snprintf(sql, MAX_TEXT_BYTES, "create database %s", fixture.database));
    if (!run_on(fixture.server_url, sql, &value))
        fail("cannot make a database", fixture.database);
    (void)atexit(drop_database);
    make_conninfo();
}

const char *pg_fixture_conninfo(void)
{
    if (fixture.conninfo[0] == '\0') {
        fixture.server_url = getenv("NEXUS_TEST_DATABASE_URL");
        if (fixture.server_url && *fixture.server_url)
            make_database();
        else
            make_private();
    }
    return fixture.conninfo;
}
