/* A path, '?' and a query for a message that has one field of every kind. What is accepted has a
 * JSON form that reads back the same; what is refused names a parameter, or says what is wrong. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gw_transcode.h"
#include "gw_url.h"
#include "nx_utf8.h"
#include "pbj.h"
#include "zoo.pb-c.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define MAX_TEXT ((size_t)4 << 20)
#define S "nexus.test.v1.Keeper."

static const struct wire_method methods[] = {
    {"Feed", "/nexus.test.v1.Keeper/Feed", WIRE_UNARY, &nexus__test__v1__zoo__descriptor,
     &nexus__test__v1__zoo__descriptor, NULL},
};
static const struct wire_service keeper = {"nexus.test.v1.Keeper", methods, 1};
static const struct wire_service *const services[] = {&keeper};

static struct oas_rule rules[] = {
    {S "Feed", OAS_GET, "/one/{one_int64}/{a_bytes}", "", "", 2, NULL, NULL, NULL},
    {S "Feed", OAS_GET, "/animal/{animal.name=a/**}", "", "", 3, NULL, NULL, NULL},
    {S "Feed", OAS_GET, "/zoo", "", "", 4, NULL, NULL, NULL},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nx_str write(const ProtobufCMessage *message, struct nx_arena *arena)
{
    static const struct pbj_write_options options = {.omit_defaults = true};
    struct nx_buf buf;
    nx_buf_init(&buf, MAX_TEXT);
    /* Seconds and nanos can be given by themselves, and then be out of range. */
    bool written = pbj_write(message, &options, arena, &buf).code == NX_OK && !buf.failed;
    char *text = written ? nx_arena_strdup(arena, nx_buf_str(&buf)) : NULL;
    struct nx_str result = text ? nx_str_from(text) : NX_STR("");
    nx_buf_cleanup(&buf);
    return result;
}

static void check(const ProtobufCMessage *message, struct nx_arena *arena)
{
    struct nx_str text = write(message, arena);
    ProtobufCMessage *again;
    if (text.len == 0)
        return;
    nx_status status = pbj_read(&nexus__test__v1__zoo__descriptor, text, NULL, arena, &again);
    if (status.code == NX_RESOURCE_EXHAUSTED)
        return;
    if (status.code != NX_OK || !nx_str_equal(write(again, arena), text))
        abort();
}

static void check_error(nx_status status)
{
    if (status.code != NX_INVALID_ARGUMENT && status.code != NX_RESOURCE_EXHAUSTED)
        abort();
    if (!nx_utf8_valid(nx_str_from(nx_status_message(status))))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct oas_spec spec = {.rules = rules,
                                         .rule_count = sizeof rules / sizeof *rules};
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct gw_input input = {.max_depth = 100};
    struct gw_router *router;
    struct gw_match match;
    struct nx_str path;
    ProtobufCMessage *message;
    gw_url_split((struct nx_str){(const char *)data, size}, &path, &input.query);
    if (gw_router_compile(&spec, "fuzz", services, 1, arena, &router).code != NX_OK)
        abort();
    nx_status status = gw_router_match(router, OAS_GET, path, arena, &match);
    if (status.code == NX_OK && !match.route)
        status = gw_router_match(router, OAS_GET, NX_STR("/zoo"), arena, &match);
    if (status.code == NX_OK)
        status = gw_transcode(&match, &input, arena, &message);
    if (status.code == NX_OK)
        check(message, arena);
    else
        check_error(status);
    nx_arena_destroy(arena);
    return 0;
}
