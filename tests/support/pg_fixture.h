/* A PostgreSQL for one test program: a private cluster that is started at the first use and
 * removed when the program ends, however it ends; or a new database on the server of
 * NEXUS_TEST_DATABASE_URL, which is dropped at exit. What fails here ends the program. */
#ifndef PG_FIXTURE_H
#define PG_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

/* The connection string of an empty database that is this program's own. Call it before any
 * thread is started. */
const char *pg_fixture_conninfo(void);

/* Whether the server is ours, so that it may be stopped. */
bool pg_fixture_is_private(void);

/* Stop the private server, as if the power had failed when `hard`; and start it again. */
void pg_fixture_stop(bool hard);
void pg_fixture_start(void);

/* Run SQL that has to succeed, on a connection of the fixture's own; the first column of its first
 * row as a number, or 0. */
int64_t pg_fixture_run(const char *sql);

#endif
