/* The commands of nexusctl. Each returns the exit code: 0 done, 1 failed, 2 wrong usage. */
#ifndef CTL_H
#define CTL_H

#include "nx_arena.h"
#include "nx_status.h"

/* What every command is given. */
struct ctl {
    struct nx_arena *arena;
    const char *conninfo;
    int argc; /* the command's own words, its name first */
    char **argv;
};

int ctl_index_attribute(struct ctl *ctl);
int ctl_index_build(struct ctl *ctl);
int ctl_index_order(struct ctl *ctl);
int ctl_migrate(struct ctl *ctl);
int ctl_purge(struct ctl *ctl);
int ctl_seed(struct ctl *ctl);
int ctl_status(struct ctl *ctl);

/* Make the indexes that are pending, for `seed` and `index-build`, and show how far that is. */
nx_status ctl_build_indexes(struct ctl *ctl, unsigned *ret_built, double *ret_seconds) NX_MUST_USE;

/* Say a failure on stderr; returns the exit code. */
int ctl_fail(nx_status status);

/* Say what is wrong with the command line on stderr; returns the exit code. */
int ctl_usage(const char *command, const char *what);

/* From here on SIGINT and SIGTERM do not end the command; it asks for them. */
void ctl_catch_interrupts(void);
bool ctl_is_interrupted(void);

/* A number of a command line, 1 to most. False when it is none. */
bool ctl_number(const char *text, long long most, long long *ret_number);

#endif
