/* A store over statements of the tests' own, and ops that a test can wait for. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <stdbool.h>

#include "store_internal.h"

enum test_sql {
    SQL_ECHO,         /* $1 int8, back */
    SQL_SLEEP,        /* $1 milliseconds, back */
    SQL_INSERT,       /* $1 id into item */
    SQL_INSERT_SLEEP, /* $1 id into item, then $2 milliseconds */
    SQL_UNIQUE,       /* $1 id into item_deferred: unique, checked at commit */
    SQL_DIVIDE,       /* 1 / $1 */
    SQL_RAISE,        /* an error with the SQLSTATE $1 */
    SQL_COUNT,        /* rows of item */
    SQL_LATER,        /* reads a table that is made later */
    SQL_TWO_LOCKS,    /* updates the rows $1, then $2, of item_lock */
    SQL_WRITE_COUNT,  /* adds one to the counter $1, in a READ ONLY database an error */
    SQL_KEY,          /* of the row $1 of keyed: its id and n; or what key_value() does */
    SQL_KEYS,         /* the same for the ids $1 */
    SQL_KEY_PAIR,     /* of the row $1 of keyed, if its n is $2: its id and n */
    SQL_KEY_PAIRS,    /* the same for the ids $1 and their $2 */
    SQL_KEYS_FEW,     /* as SQL_KEYS, but gives no row for those that are not there */
    SQL_KEY_LATER,    /* as SQL_KEYS, of a table that is not there */
    SQL_KEY_ALL,      /* all columns of the row $1 of keyed */
    SQL_KEYS_ALL,     /* the same for the ids $1 */
    SQL_KEY_WRITE,    /* gives the row $1 of keyed the n $2 */
    TEST_SQL_COUNT,
};

extern const struct store_sql_text test_texts[];

/* An op with what became of it. */
struct call {
    struct store_op op;
    struct nx_arena *arena;
    struct store_cancel cancel;
    int done_count;     /* under a lock; read it after call_wait() */
    int released_count; /* as done_count */
    int order;          /* number of this completion among all */
    enum nx_code code;
    char reason[64];
    char constraint[64];
    char message[256];
    int row_count;
    int64_t value;                                  /* of the first cell, when that is an int8 */
    int64_t second;                                 /* of an op that is keyed: of the second cell */
    void (*inspect)(const struct store_rows *rows); /* called with the rows; may be NULL */
};

/* Make the tables anew. */
void store_fixture_reset(void);

/* Options for the test server with these limits; 0 for the defaults. */
struct store_options store_fixture_options(unsigned connections, unsigned max_waiting,
                                           unsigned max_pipelined, unsigned statement_timeout_ms);

/* The ids of rows that key_value() is slow for, so long for each number above the first, and of one
 * that it divides by 0 for. */
#define KEY_SLOW 900
#define KEY_SLOW_MS 20
#define KEY_BAD 666
#define KEY_COUNT 500 /* and the ids from 1 to this are there as well; n is 1000 times the id */

/* Start a store and do not wait. */
struct store *store_fixture_begin(struct store_options options);

/* Start a store and wait until all of its connections are ready. */
struct store *store_fixture_start(struct store_options options);

/* Wait until this many connections are ready. */
void store_fixture_await_ready(struct store *store, unsigned connections);

/* deadline_ms 0: none. */
void call_init(struct call *call, unsigned deadline_ms, unsigned flags);
void call_free(struct call *call);

/* A step with up to two int8 parameters. */
void call_step(struct call *call, enum test_sql sql, unsigned count, int64_t first, int64_t second);

/* Init with SQL_KEY, for SQL_KEYS together with others, and submit. */
void call_submit_key(struct call *call, struct store *store, unsigned deadline_ms, int64_t id);

/* Init, step and submit. */
void call_submit(struct call *call, struct store *store, unsigned flags, enum test_sql sql,
                 int64_t value);

/* Wait for the completion; fails the test when it takes longer than 30 s. */
void call_wait(struct call *call);
bool call_is_done(struct call *call);
void call_cancel(struct call *call, struct store *store);

/* Submit, wait and free; returns the code. */
enum nx_code run_once(struct store *store, unsigned flags, enum test_sql sql, int64_t value);

/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);

/* Between two looks at a condition. */
void pause_a_moment(void);

/* Wait, 30 s at most, until the SQL gives this number. */
void await_sql(const char *sql, int64_t value);

#endif
