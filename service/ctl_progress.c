#include "ctl_progress.h"

#include "nx_clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define DRAW_EVERY_NS INT64_C(100000000)
#define CLEAR_LINE "\r\x1b[K"

void ctl_progress_init(struct ctl_progress *progress, bool is_wanted)
{
    *progress = (struct ctl_progress){.is_shown = is_wanted && isatty(STDERR_FILENO)};
}

void ctl_progress_begin(struct ctl_progress *progress, const char *phase, const char *what,
                        bool is_counted, int64_t total)
{
    progress->phase = phase;
    progress->what = what;
    progress->is_counted = is_counted;
    progress->done = 0;
    progress->total = total > 0 ? total : 1;
    progress->start_ns = nx_clock_monotonic_ns();
    progress->drawn_ns = 0;
    ctl_progress_draw(progress);
}

static double seconds(const struct ctl_progress *progress)
{
    return (double)(nx_clock_monotonic_ns() - progress->start_ns) / 1e9;
}

static void draw_details(const struct ctl_progress *progress)
{
    double passed = seconds(progress);
    if (!progress->is_counted) {
        fprintf(stderr, "%s  %.0f s", progress->what, passed);
        return;
    }
    fprintf(stderr, "%lld of %lld %s", (long long)progress->done, (long long)progress->total,
            progress->what);
    if (progress->done == 0 || passed < 0.5)
        return;
    double rate = (double)progress->done / passed;
    fprintf(stderr, "  %.0f/s  %.0f s left", rate,
            (double)(progress->total - progress->done) / rate);
}

void ctl_progress_draw(struct ctl_progress *progress)
{
    static const char full[] = "##############################";
    int64_t now_ns = nx_clock_monotonic_ns();
    if (!progress->is_shown || !progress->phase || now_ns < progress->drawn_ns + DRAW_EVERY_NS)
        return;
    progress->drawn_ns = now_ns;
    int filled = (int)(progress->done * BAR_WIDTH / progress->total);
    fprintf(stderr, CLEAR_LINE "%-9s [%.*s%*s] %3d%%  ", progress->phase, filled, full,
            BAR_WIDTH - filled, "", (int)(progress->done * 100 / progress->total));
    draw_details(progress);
    (void)fflush(stderr);
}

void ctl_progress_set(struct ctl_progress *progress, int64_t done, const char *what)
{
    progress->done = done;
    progress->what = what;
    ctl_progress_draw(progress);
}

double ctl_progress_end(struct ctl_progress *progress)
{
    if (progress->is_shown)
        (void)fputs(CLEAR_LINE, stderr);
    return seconds(progress);
}
