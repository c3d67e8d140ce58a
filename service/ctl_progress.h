/* How far a long command has come, in one line on a terminal; nothing when there is none. */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct ctl_progress {
    bool is_shown;
    const char *phase; /* "loading" */
    const char *what;  /* "products", or the step's own name */
    bool is_counted;   /* `done` goes up evenly, so that rate and time left mean something */
    int64_t done;
    int64_t total;
    int64_t start_ns;
    int64_t drawn_ns;
};

/* Shown if standard error is a terminal and `is_wanted`. */
void ctl_progress_init(struct ctl_progress *progress, bool is_wanted);

/* Begin a phase of `total` steps; `what` names them when they are counted. */
void ctl_progress_begin(struct ctl_progress *progress, const char *phase, const char *what,
                        bool is_counted, int64_t total);

/* So much is done. */
void ctl_progress_set(struct ctl_progress *progress, int64_t done, const char *what);

/* Draw, at most ten times a second. */
void ctl_progress_draw(struct ctl_progress *progress);

/* End the phase. Returns how many seconds it took. */
double ctl_progress_end(struct ctl_progress *progress);

#endif
