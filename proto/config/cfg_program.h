/* What every server program of ours has in common: its command line, and how it is told to stop. */
#ifndef CFG_PROGRAM_H
#define CFG_PROGRAM_H

#include <stdbool.h>

#include "cfg_load.h"

struct cfg_program {
    const char *name;    /* "nexus-service" */
    const char *version; /* "0.1.0" */
    const char *summary; /* one line of what it is */
    const char *checks;  /* what --check-config says about, "the configuration" */
    const struct cfg_key *keys;
    size_t key_count;
};

/* What to do. Exits the process for --help and --version (0), and for a wrong command line (2). */
struct cfg_command_line {
    const char *file; /* of --config, or NULL */
    bool only_check;  /* --check-config */
};
struct cfg_command_line cfg_program_parse(const struct cfg_program *program, int argc, char **argv);

/* Say a failure on stderr, under the program's name. Returns the exit code, 1. */
int cfg_program_fail(const struct cfg_program *program, nx_status status);

/* Keep SIGTERM and SIGINT for cfg_program_wait(), and ignore SIGPIPE. Before there are threads. */
void cfg_program_block_signals(void);

/* Let this process open as many files as it is allowed to. */
void cfg_program_raise_file_limit(void);

/* Wait until the program is told to stop, and log it. The next signal then ends it at once. */
void cfg_program_wait(void);

#endif
