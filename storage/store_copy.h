/* Loading many rows: one transaction on a connection of its own, by COPY.
 *
 *   store_copy_open -> store_copy_query ... -> store_copy_begin -> store_copy_send ...
 *     -> store_copy_end -> ... -> store_copy_commit -> store_copy_close
 *
 * Nothing of it is seen by others, or kept, before store_copy_commit(). These functions block; they
 * are for nexusctl. Their messages hold the database's own words: they are for whoever runs the
 * server, not for clients. Every one fails with UNAVAILABLE when the connection is lost, with
 * FAILED_PRECONDITION when the database refuses, and with CANCELLED when `tick` said so. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include <stdbool.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"
#include "store_sql.h"

struct store_copy;

struct store_copy_options {
    const char *conninfo;
    /* Called about five times a second while the database works. False: give up. */
    bool (*tick)(void *context);
    void *context;
};

/* Connect and begin the transaction. Borrows the options' texts until store_copy_close(). */
nx_status store_copy_open(struct nx_arena *arena, const struct store_copy_options *options,
                          struct store_copy **ret_copy) NX_MUST_USE;

/* Roll back what was not committed, and disconnect. Takes NULL. */
void store_copy_close(struct store_copy *copy);

/* Sees one row, as texts; "" for NULL. */
typedef void (*store_copy_row)(void *context, const char *const *values);

#define STORE_COPY_MAX_COLUMNS 8

/* Run a statement of at most one parameter (NULL: none). `row` may be NULL. */
nx_status store_copy_query(struct store_copy *copy, enum store_sql sql, const char *param,
                           store_copy_row row, void *context) NX_MUST_USE;

/* Run a text that the database itself has put together. */
nx_status store_copy_run(struct store_copy *copy, const char *sql) NX_MUST_USE;

/* Send rows in COPY's text format to a statement `copy ... from stdin`. */
nx_status store_copy_begin(struct store_copy *copy, enum store_sql sql) NX_MUST_USE;
nx_status store_copy_send(struct store_copy *copy, struct nx_str rows) NX_MUST_USE;
nx_status store_copy_end(struct store_copy *copy) NX_MUST_USE;

nx_status store_copy_commit(struct store_copy *copy) NX_MUST_USE;

#endif
