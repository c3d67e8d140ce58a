/* The life of a call here:
 *
 *   begun      begin(): metadata echoed, the first request at hand or asked for
 *   at work    take() -> respond() -> proceed(), for each request
 *   held       hold(): in the list, until the keeper takes it out: released, due or cancelled
 *   answered   conclude() or fail(), by whoever has the call: a callback, or the keeper
 *
 * A call is in the list or in somebody's hands, never both: that one answers it, once. */
#include "interop_service.h"

#include "nx_clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef Nexus__Interop__V1__Request Request;
typedef Nexus__Interop__V1__Response Response;
typedef Nexus__Interop__V1__Pair Pair;
typedef Nexus__Interop__V1__Observations Observations;

struct exchange;
typedef void (*exchange_step)(struct exchange *exchange);
typedef void (*request_received)(void *arg, nx_status status, const Request *request);

/* What kind of method it is: the generated functions that it answers by. */
struct role {
    void (*receive)(struct wire_call *call, request_received received, void *arg);
    void (*send)(struct wire_call *call, const Response *response, wire_sent sent, void *arg);
    void (*answer)(struct wire_call *call, const Response *response);
};

struct interop {
    pthread_t keeper;
    pthread_mutex_t mutex; /* guards what follows, and the hold of every call */
    pthread_cond_t changed;
    struct exchange *held;
    int64_t held_count;
    bool stopping;
    atomic_llong begun, answered, cancelled, received, sent, half_closed;
};

/* One call, in its arena. */
struct exchange {
    struct interop *interop;
    struct wire_call *call;
    const struct role *role;
    const Request *request; /* the one that is being carried out */
    Response response;
    size_t room; /* of the payload that was made for responses */
    uint8_t *made;
    uint32_t left; /* responses still to be sent to this request */
    bool holds_at_end;
    uint32_t hold_ms;

    bool is_cancelled;
    struct exchange *next; /* among those held */
    exchange_step go_on;   /* after the hold; NULL: not held */
    int64_t due_ns;
};

/* --- Answering --- */

static void fail(struct exchange *exchange, nx_status status)
{
    atomic_fetch_add(&exchange->interop->answered, 1);
    wire_call_fail(exchange->call, status);
}

static void fail_gone(struct exchange *exchange)
{
    static const struct nx_error gone = {.message = "the client has gone"};
    atomic_fetch_add(&exchange->interop->cancelled, 1);
    fail(exchange, (nx_status){NX_CANCELLED, &gone});
}

static void answer(struct exchange *exchange)
{
    atomic_fetch_add(&exchange->interop->answered, 1);
    exchange->role->answer(exchange->call, &exchange->response);
}

/* End the call as the request says. */
static void end_as_told(struct exchange *exchange)
{
    const Nexus__Interop__V1__Outcome *outcome = exchange->request->outcome;
    struct nx_arena *arena = wire_call_arena(exchange->call);
    char *message = nx_arena_strdup(
        arena, (struct nx_str){(const char *)outcome->message.data, outcome->message.len});
    struct nx_error error = {
        .message = message ? message : "",
        .details = {(const char *)outcome->details.data, outcome->details.len},
    };
    if (outcome->code == NX_OK)
        answer(exchange);
    else
        fail(exchange, (nx_status){(enum nx_code)outcome->code, &error});
}

/* --- Holding --- */

static void hold(struct exchange *exchange, uint32_t hold_ms, exchange_step go_on)
{
    struct interop *interop = exchange->interop;
    int64_t due_ns =
        hold_ms ? nx_clock_monotonic_ns() + hold_ms * INT64_C(1000000) : NX_DEADLINE_NEVER;
    pthread_mutex_lock(&interop->mutex);
    exchange->go_on = go_on;
    exchange->due_ns = exchange->is_cancelled ? 0 : due_ns;
    exchange->next = interop->held;
    interop->held = exchange;
    interop->held_count++;
    pthread_cond_signal(&interop->changed);
    pthread_mutex_unlock(&interop->mutex);
}

static void on_cancelled(void *arg)
{
    struct exchange *exchange = arg;
    struct interop *interop = exchange->interop;
    pthread_mutex_lock(&interop->mutex);
    exchange->is_cancelled = true;
    exchange->due_ns = 0;
    pthread_cond_signal(&interop->changed);
    pthread_mutex_unlock(&interop->mutex);
}

static void release_all(struct interop *interop)
{
    pthread_mutex_lock(&interop->mutex);
    for (struct exchange *it = interop->held; it; it = it->next)
        it->due_ns = 0;
    pthread_cond_signal(&interop->changed);
    pthread_mutex_unlock(&interop->mutex);
}

/* Take one that is due out of the list; NULL if none is. */
static struct exchange *take_due(struct interop *interop, int64_t *ret_next_ns)
{
    int64_t now_ns = nx_clock_monotonic_ns();
    *ret_next_ns = NX_DEADLINE_NEVER;
    for (struct exchange **link = &interop->held; *link; link = &(*link)->next) {
        struct exchange *exchange = *link;
        if (exchange->due_ns <= now_ns) {
            *link = exchange->next;
            interop->held_count--;
            return exchange;
        }
        if (exchange->due_ns < *ret_next_ns)
            *ret_next_ns = exchange->due_ns;
    }
    return NULL;
}

static void wait_until(struct interop *interop, int64_t time_ns)
{
    struct timespec until = {time_ns / 1000000000, time_ns % 1000000000};
    if (time_ns == NX_DEADLINE_NEVER)
        pthread_cond_wait(&interop->changed, &interop->mutex);
    else
        pthread_cond_timedwait(&interop->changed, &interop->mutex, &until);
}

static void *keep(void *arg)
{
    struct interop *interop = arg;
    pthread_mutex_lock(&interop->mutex);
    while (!interop->stopping) {
        int64_t next_ns;
        struct exchange *exchange = take_due(interop, &next_ns);
        if (!exchange) {
            wait_until(interop, next_ns);
            continue;
        }
        bool is_cancelled = exchange->is_cancelled;
        pthread_mutex_unlock(&interop->mutex);
        if (is_cancelled)
            fail_gone(exchange);
        else
            exchange->go_on(exchange);
        pthread_mutex_lock(&interop->mutex);
    }
    pthread_mutex_unlock(&interop->mutex);
    return NULL;
}

/* --- At work --- */

static void on_request(void *arg, nx_status status, const Request *request);

static void conclude(struct exchange *exchange)
{
    if (!exchange->holds_at_end) {
        answer(exchange);
        return;
    }
    exchange->holds_at_end = false;
    hold(exchange, exchange->hold_ms, conclude);
}

/* The responses to this request have been sent. */
static void proceed(struct exchange *exchange)
{
    if (exchange->request->outcome)
        end_as_told(exchange);
    else if (exchange->role->receive)
        exchange->role->receive(exchange->call, on_request, exchange);
    else
        conclude(exchange);
}

static void send_next(struct exchange *exchange);

static void on_sent(void *arg, bool ok)
{
    struct exchange *exchange = arg;
    if (!ok) {
        fail_gone(exchange);
        return;
    }
    atomic_fetch_add(&exchange->interop->sent, 1);
    exchange->response.n_seen = 0;
    send_next(exchange);
}

static void send_next(struct exchange *exchange)
{
    if (exchange->left == 0) {
        proceed(exchange);
        return;
    }
    exchange->left--;
    exchange->response.number++;
    exchange->role->send(exchange->call, &exchange->response, on_sent, exchange);
}

/* Set the payload of the responses to this request; false without memory. */
static bool fill(struct exchange *exchange)
{
    const Request *request = exchange->request;
    size_t size = request->response_bytes;
    if (size > exchange->room) {
        exchange->made = nx_arena_calloc(wire_call_arena(exchange->call), 1, size);
        exchange->room = exchange->made ? size : 0;
    }
    exchange->response.payload =
        size ? (ProtobufCBinaryData){size, exchange->made} : request->payload;
    return size <= exchange->room;
}

static void respond(struct exchange *exchange)
{
    exchange->left = exchange->request->response_count;
    if (!fill(exchange))
        fail(exchange, nx_fail_memory());
    else if (exchange->role->send)
        send_next(exchange);
    else
        proceed(exchange);
}

static void take(struct exchange *exchange, const Request *request)
{
    exchange->request = request;
    exchange->response.requests++;
    if (request->after > exchange->response.number)
        exchange->response.number = request->after;
    exchange->response.request_bytes += (int64_t)request->payload.len;
    if (request->hold == NEXUS__INTEROP__V1__HOLD__HOLD_END) {
        exchange->holds_at_end = true;
        exchange->hold_ms = request->hold_ms;
    }
    if (request->hold == NEXUS__INTEROP__V1__HOLD__HOLD_NOW)
        hold(exchange, request->hold_ms, respond);
    else
        respond(exchange);
}

static void on_request(void *arg, nx_status status, const Request *request)
{
    struct exchange *exchange = arg;
    if (request) {
        atomic_fetch_add(&exchange->interop->received, 1);
        take(exchange, request);
    } else if (status.code == NX_OK) {
        atomic_fetch_add(&exchange->interop->half_closed, 1);
        exchange->response.payload = (ProtobufCBinaryData){exchange->room, exchange->made};
        conclude(exchange);
    } else if (status.code == NX_CANCELLED) {
        fail_gone(exchange);
    } else {
        fail(exchange, status);
    }
}

/* --- Beginning --- */

/* Note all metadata, and send back what is to come back. */
static nx_status echo_metadata(struct exchange *exchange)
{
    struct wire_call *call = exchange->call;
    struct nx_arena *arena = wire_call_arena(call);
    struct nx_str key, value;
    size_t count = 0;
    while (wire_call_metadata_at(call, count, &key, &value))
        count++;
    Pair *pairs = nx_arena_calloc(arena, count, sizeof *pairs);
    exchange->response.seen = nx_arena_calloc(arena, count, sizeof *exchange->response.seen);
    if (!pairs || !exchange->response.seen)
        return nx_fail_memory();
    for (size_t i = 0; wire_call_metadata_at(call, i, &key, &value); i++) {
        nexus__interop__v1__pair__init(&pairs[i]);
        pairs[i].key = nx_arena_strdup(arena, key);
        pairs[i].value = (ProtobufCBinaryData){value.len, (uint8_t *)value.ptr};
        exchange->response.seen[i] = &pairs[i];
        if (!pairs[i].key)
            return nx_fail_memory();
        if (nx_str_starts_with(key, NX_STR("x-initial")))
            NX_TRY(wire_call_add_initial(call, pairs[i].key, value));
        if (nx_str_starts_with(key, NX_STR("x-trailing")))
            NX_TRY(wire_call_add_trailing(call, pairs[i].key, value));
    }
    exchange->response.n_seen = count;
    return NX_STATUS_OK;
}

static int64_t time_left_ms(const struct wire_call *call)
{
    int64_t deadline_ns = wire_call_deadline_ns(call);
    if (deadline_ns == NX_DEADLINE_NEVER)
        return -1;
    return (deadline_ns - nx_clock_monotonic_ns()) / 1000000;
}

/* Set up one call; NULL: it has been answered. */
static struct exchange *begin(void *context, struct wire_call *call, const struct role *role)
{
    struct interop *interop = context;
    struct exchange *exchange = nx_arena_calloc(wire_call_arena(call), 1, sizeof *exchange);
    if (!exchange) {
        wire_call_fail(call, nx_fail_memory());
        return NULL;
    }
    atomic_fetch_add(&interop->begun, 1);
    exchange->interop = interop;
    exchange->call = call;
    exchange->role = role;
    nexus__interop__v1__response__init(&exchange->response);
    exchange->response.time_left_ms = time_left_ms(call);
    nx_status status = echo_metadata(exchange);
    if (status.code != NX_OK) {
        fail(exchange, status);
        return NULL;
    }
    wire_call_on_cancel(call, on_cancelled, exchange);
    struct nx_str early;
    if (wire_call_metadata(call, "x-early", &early))
        wire_call_send_initial(call);
    return exchange;
}

static void finish(struct wire_call *call, const Response *response)
{
    (void)response; /* the last has been sent */
    wire_call_finish(call);
}

static void serve_unary(void *context, struct wire_call *call, const Request *request)
{
    static const struct role role = {.answer = nexus_interop_v1_interop_service_reply_unary};
    struct exchange *exchange = begin(context, call, &role);
    if (exchange)
        take(exchange, request);
}

static void serve_collect(void *context, struct wire_call *call)
{
    static const struct role role = {.receive = nexus_interop_v1_interop_service_receive_collect,
                                     .answer = nexus_interop_v1_interop_service_reply_collect};
    struct exchange *exchange = begin(context, call, &role);
    if (exchange)
        role.receive(call, on_request, exchange);
}

static void serve_produce(void *context, struct wire_call *call, const Request *request)
{
    static const struct role role = {.send = nexus_interop_v1_interop_service_send_produce,
                                     .answer = finish};
    struct exchange *exchange = begin(context, call, &role);
    if (exchange)
        take(exchange, request);
}

static void serve_converse(void *context, struct wire_call *call)
{
    static const struct role role = {.receive = nexus_interop_v1_interop_service_receive_converse,
                                     .send = nexus_interop_v1_interop_service_send_converse,
                                     .answer = finish};
    struct exchange *exchange = begin(context, call, &role);
    if (exchange)
        role.receive(call, on_request, exchange);
}

static Observations observe(struct interop *interop)
{
    Observations seen = NEXUS__INTEROP__V1__OBSERVATIONS__INIT;
    int64_t answered = atomic_load(&interop->answered); /* before `begun`: never more than it */
    seen.begun = atomic_load(&interop->begun);
    seen.in_flight = seen.begun - answered;
    seen.cancelled = atomic_load(&interop->cancelled);
    seen.received = atomic_load(&interop->received);
    seen.sent = atomic_load(&interop->sent);
    seen.half_closed = atomic_load(&interop->half_closed);
    pthread_mutex_lock(&interop->mutex);
    seen.held = interop->held_count;
    pthread_mutex_unlock(&interop->mutex);
    return seen;
}

static void serve_observe(void *context, struct wire_call *call,
                          const Nexus__Interop__V1__ObserveRequest *request)
{
    (void)request;
    Observations seen = observe(context);
    nexus_interop_v1_interop_service_reply_observe(call, &seen);
}

static void serve_release(void *context, struct wire_call *call,
                          const Nexus__Interop__V1__ReleaseRequest *request)
{
    (void)request;
    Observations seen = observe(context);
    release_all(context);
    nexus_interop_v1_interop_service_reply_release(call, &seen);
}

static const struct nexus_interop_v1_interop_service_server service = {
    .unary = serve_unary,
    .collect = serve_collect,
    .produce = serve_produce,
    .converse = serve_converse,
    .observe = serve_observe,
    .release = serve_release,
};

nx_status interop_serve(struct interop *interop, struct wire_server *server)
{
    return nexus_interop_v1_interop_service_serve(server, &service, interop);
}

/* --- Life --- */

struct interop *interop_new(void)
{
    struct interop *interop = calloc(1, sizeof *interop);
    if (!interop)
        return NULL;
    pthread_mutex_init(&interop->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&interop->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&interop->keeper, NULL, keep, interop) == 0)
        return interop;
    pthread_cond_destroy(&interop->changed);
    pthread_mutex_destroy(&interop->mutex);
    free(interop);
    return NULL;
}

void interop_destroy(struct interop *interop)
{
    if (!interop)
        return;
    pthread_mutex_lock(&interop->mutex);
    interop->stopping = true;
    pthread_cond_signal(&interop->changed);
    pthread_mutex_unlock(&interop->mutex);
    pthread_join(interop->keeper, NULL);
    pthread_cond_destroy(&interop->changed);
    pthread_mutex_destroy(&interop->mutex);
    free(interop);
}
