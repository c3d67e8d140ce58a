#include "wire_internal.h"

#include "nx_clock.h"

#include "nx_log.h"

#include <assert.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#define TICK_MS 1000
#define EVENTS_A_LOOK 256

static void log_of_core(gpr_log_func_args *line)
{
    nx_log(NX_LOG_DEBUG, "grpc core", "message", line->message, NULL);
}

void wire_init(void)
{
    gpr_set_log_function(log_of_core);
    grpc_init();
}

/* What is written before an operation is started is seen when its tag comes back. The core sees to
 * that out of ThreadSanitizer's sight, so it has to be told. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WIRE_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#endif
#endif

void wire_hand_over(struct wire_tag *tag)
{
#ifdef WIRE_TSAN
    __tsan_release(tag);
#else
    (void)tag;
#endif
}

static void take_over(struct wire_tag *tag)
{
#ifdef WIRE_TSAN
    __tsan_acquire(tag);
#else
    (void)tag;
#endif
}

void wire_start_batch(grpc_call *call, const grpc_op *ops, size_t count, struct wire_tag *tag)
{
    wire_hand_over(tag);
    grpc_call_error error = grpc_call_start_batch(call, ops, count, tag, NULL);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

/* Serve what comes until a time; false when the queue is shut down and empty. A busy queue looks at
 * the clock now and then only. */
static bool serve_until(grpc_completion_queue *queue, gpr_timespec until)
{
    for (unsigned served = 1;; served++) {
        grpc_event event = grpc_completion_queue_next(queue, until, NULL);
        if (event.type != GRPC_OP_COMPLETE)
            return event.type == GRPC_QUEUE_TIMEOUT;
        struct wire_tag *tag = event.tag;
        take_over(tag);
        tag->fire(tag, event.success != 0);
        if (served % EVENTS_A_LOOK == 0 && gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), until) >= 0)
            return true;
    }
}

void wire_serve_queue(grpc_completion_queue *queue)
{
    while (serve_until(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC)))
        continue;
}

void wire_serve_queue_ticking(grpc_completion_queue *queue, void (*tick)(void *arg), void *arg)
{
    const gpr_timespec period = gpr_time_from_millis(TICK_MS, GPR_TIMESPAN);
    while (serve_until(queue, gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), period)))
        tick(arg);
}

gpr_timespec wire_time_from_deadline(int64_t deadline_ns)
{
    if (deadline_ns <= 0 || deadline_ns == NX_DEADLINE_NEVER)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_from_nanos(deadline_ns, GPR_CLOCK_MONOTONIC);
}

int64_t wire_time_to_deadline(gpr_timespec time)
{
    if (gpr_time_cmp(time, gpr_inf_future(time.clock_type)) == 0)
        return NX_DEADLINE_NEVER;
    gpr_timespec monotonic = gpr_convert_clock_type(time, GPR_CLOCK_MONOTONIC);
    int64_t nanos;
    if (__builtin_mul_overflow(monotonic.tv_sec, INT64_C(1000000000), &nanos) ||
        __builtin_add_overflow(nanos, monotonic.tv_nsec, &nanos))
        return NX_DEADLINE_NEVER;
    return nanos;
}
