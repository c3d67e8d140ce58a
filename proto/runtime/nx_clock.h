/* Clocks in nanoseconds. */
#ifndef NX_CLOCK_H
#define NX_CLOCK_H

#include <stdint.h>

/* A deadline that never comes. */
#define NX_DEADLINE_NEVER INT64_MAX

/* Nanoseconds of the monotonic clock: for deadlines and durations. */
int64_t nx_clock_monotonic_ns(void);

/* Nanoseconds since 1970-01-01T00:00:00Z. */
int64_t nx_clock_realtime_ns(void);

#endif
