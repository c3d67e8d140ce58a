/* What a query and a path can say of a message that has one field of every kind: each row is a
 * request, and the message as JSON or the error with the field to blame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gw_transcode.h"
#include "gw_url.h"
#include "pbj.h"
#include "zoo.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define S "nexus.test.v1.Keeper."

static const struct wire_method methods[] = {
    {"Feed", "/nexus.test.v1.Keeper/Feed", WIRE_UNARY, &nexus__test__v1__zoo__descriptor,
     &nexus__test__v1__animal__descriptor, NULL},
};
static const struct wire_service keeper = {"nexus.test.v1.Keeper", methods, COUNT(methods)};
static const struct wire_service *const services[] = {&keeper};

static struct oas_rule rules[] = {
    {S "Feed", OAS_GET, "/v1/zoo", "", "", 1, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/animal/{animal.name}", "animal", "", 2, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/all/{one_int64}", "*", "", 3, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/bytes/{a_bytes}", "*", "", 4, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/list/{a_string}", "many_animal", "", 6, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/map", "map_string", "", 7, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/number", "a_int64", "", 8, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/enums", "many_colour", "", 9, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/choice/{one_animal.name}", "one_animal", "", 10, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/text", "one_string", "", 11, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/v1/struct", "object", "", 12, NULL, NULL, NULL},
    {S "Feed", OAS_GET, "/v1/kinds/{a_bool}/{a_colour}/{a_double}/{a_uint64}", "", "", 5, NULL,
     NULL, NULL},
};

struct fixture {
    struct nx_arena *arena;
    struct gw_router *router;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    static const struct oas_spec spec = {.rules = rules, .rule_count = COUNT(rules)};
    fixture.arena = nx_arena_new((size_t)8 * 1024 * 1024);
    nx_status status = gw_router_compile(&spec, "zoo.yaml", services, COUNT(services),
                                         fixture.arena, &fixture.router);
    *state = &fixture;
    return status.code == NX_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    const struct fixture *fixture = *state;
    nx_arena_destroy(fixture->arena);
    return 0;
}

/* The message as JSON, or "CODE field: description". */
static const char *describe(const struct fixture *fixture, enum oas_verb verb, const char *target,
                            const char *body)
{
    static const struct pbj_write_options options = {.omit_defaults = true};
    struct nx_arena *arena = fixture->arena;
    struct gw_input input = {.body = nx_str_from(body)};
    struct nx_str path;
    struct gw_match match;
    ProtobufCMessage *message;
    gw_url_split(nx_str_from(target), &path, &input.query);
    assert_int_equal(gw_router_match(fixture->router, verb, path, arena, &match).code, NX_OK);
    assert_non_null(match.route);
    nx_status status = gw_transcode(&match, &input, arena, &message);
    if (status.code != NX_OK) {
        assert_non_null(status.error->violations);
        return nx_arena_printf(arena, "%s %s: %s", nx_code_name(status.code),
                               status.error->violations->field,
                               status.error->violations->description);
    }
    struct nx_buf buf;
    nx_buf_init(&buf, 65536);
    assert_int_equal(pbj_write(message, &options, arena, &buf).code, NX_OK);
    const char *text = nx_arena_strdup(arena, nx_buf_str(&buf));
    nx_buf_cleanup(&buf);
    return text;
}

#define BAD "INVALID_ARGUMENT "

static const struct {
    const char *query;
    const char *means;
} rows[] = {
    /* Numbers, to their limits. */
    {"aInt32=-2147483648&a_sint32=1&aSfixed32=2", "{\"aInt32\":-2147483648,\"aSint32\":1,"
                                                  "\"aSfixed32\":2}"},
    {"aInt32=2147483648", BAD "a_int32: "},
    {"aInt32=1.5", BAD "a_int32: "},
    {"aInt32=0x10", BAD "a_int32: "},
    {"aUint32=4294967295&aFixed32=0", "{\"aUint32\":4294967295}"},
    {"aUint32=-1", BAD "a_uint32: "},
    {"aInt64=-9223372036854775808", "{\"aInt64\":\"-9223372036854775808\"}"},
    {"aInt64=9223372036854775808", BAD "a_int64: "},
    {"aUint64=18446744073709551615", "{\"aUint64\":\"18446744073709551615\"}"},
    {"aUint64=18446744073709551616", BAD "a_uint64: "},
    {"aFloat=1.5&aDouble=-2e3", "{\"aFloat\":1.5,\"aDouble\":-2000}"},
    {"aDouble=NaN&aFloat=-Infinity", "{\"aFloat\":\"-Infinity\",\"aDouble\":\"NaN\"}"},
    {"aDouble=1e999", BAD "a_double: "},
    {"aDouble=", BAD "a_double: "},
    /* Bool, text, bytes, enum. */
    {"aBool=true", "{\"aBool\":true}"},
    {"aBool=TRUE", BAD "a_bool: "},
    {"aBool=", BAD "a_bool: "},
    {"aString=a+b%2Bc%26%3D", "{\"aString\":\"a b+c&=\"}"},
    {"aBytes=AP-_", "{\"aBytes\":\"AP+/\"}"},
    {"aBytes=AP%2B%2F", "{\"aBytes\":\"AP+/\"}"},
    {"aBytes=AQ==", "{\"aBytes\":\"AQ==\"}"},
    {"aBytes=AQ", "{\"aBytes\":\"AQ==\"}"},
    {"aBytes=A", BAD "a_bytes: "},
    {"aBytes=AP+_", BAD "a_bytes: "},
    {"aColour=COLOUR_RED", "{\"aColour\":\"COLOUR_RED\"}"},
    {"aColour=5", "{\"aColour\":\"COLOUR_BLUE\"}"},
    {"aColour=-1", "{\"aColour\":\"COLOUR_MINUS\"}"},
    {"aColour=colour_red", BAD "a_colour: "},
    {"nothing=NULL_VALUE", "{}"},
    /* Nested, to the greatest depth. */
    {"animal.child.child.name=kit&animal.name=cat&animal.legCount=4",
     "{\"animal\":{\"name\":\"cat\",\"legCount\":4,\"child\":{\"child\":{\"name\":\"kit\"}}}}"},
    {"animal.child.tags=a&animal.child.tags=b",
     "{\"animal\":{\"child\":{\"tags\":[\"a\",\"b\"]}}}"},
    {"animal.child.child.child.child.child.child.name=x",
     "{\"animal\":{\"child\":{\"child\":{\"child\":{\"child\":{\"child\":{\"child\":{\"name\":"
     "\"x\"}}}}}}}}"},
    {"animal.child.child.child.child.child.child.child.name=x",
     BAD "animal.child.child.child.child.child.child.child.name: no such query parameter"},
    {"animal=cat", BAD "animal: "},
    {"animal.colour=x", BAD "animal.colour: no such query parameter"},
    {"animal..name=x", BAD "animal..name: no such query parameter"},
    {"animal.=x", BAD "animal.: no such query parameter"},
    {"aString.x=y", BAD "aString.x: no such query parameter"},
    {"animal.name=a&animal.name=b", BAD "animal.name: the query gives it twice"},
    /* Lists of scalars and enums; not of messages; no maps. */
    {"manyInt32=1&manyInt32=-2&many_int32=3", "{\"manyInt32\":[1,-2,3]}"},
    {"manyInt32=1,2", BAD "many_int32: "},
    {"manyInt64=1&manyDouble=0.5&manyBool=false&manyBool=true",
     "{\"manyInt64\":[\"1\"],\"manyDouble\":[0.5],\"manyBool\":[false,true]}"},
    {"manyColour=COLOUR_RED&manyColour=5", "{\"manyColour\":[\"COLOUR_RED\",\"COLOUR_BLUE\"]}"},
    {"manyColour=RED", BAD "many_colour: "},
    {"manyString=&manyString=a,b", "{\"manyString\":[\"\",\"a,b\"]}"},
    {"manyBytes=AQ&manyBytes=", "{\"manyBytes\":[\"AQ==\",\"\"]}"},
    {"manyAnimal=x", BAD "many_animal: a list of messages or a map cannot be in the query"},
    {"manyAnimal.name=x", BAD "manyAnimal.name: no such query parameter"},
    {"manyValue=1", BAD "many_value: a list of messages or a map cannot be in the query"},
    {"mapString=x", BAD "map_string: a list of messages or a map cannot be in the query"},
    {"mapString.a=x", BAD "mapString.a: no such query parameter"},
    {"mapString%5Ba%5D=x", BAD "mapString[a]: no such query parameter"},
    {"mapTime=2026-01-31T10:00:00Z",
     BAD "map_time: a list of messages or a map cannot be in the query"},
    /* Well-known types. */
    {"time=2026-01-31T10:00:00.5%2B01:00", "{\"time\":\"2026-01-31T09:00:00.500Z\"}"},
    {"time=2026-02-30T10:00:00Z", BAD "time: "},
    {"time.seconds=5", "{\"time\":\"1970-01-01T00:00:05Z\"}"},
    {"duration=-1.5s", "{\"duration\":\"-1.500s\"}"},
    {"duration=1", BAD "duration: "},
    {"mask=aString,animal.legCount", "{\"mask\":\"aString,animal.legCount\"}"},
    {"mask=", "{\"mask\":\"\"}"},
    {"object=%7B%7D", BAD "object: is an object"},
    {"value=1", BAD "value: is an object"},
    {"list=1", BAD "list: is an object"},
    {"any=x", BAD "any: is an object"},
    {"empty=", BAD "empty: is an object"},
    /* Wrappers, whose default is not their absence. */
    {"boolValue=false&bytesValue=AQ&doubleValue=0&floatValue=1&int32Value=0",
     "{\"boolValue\":false,\"bytesValue\":\"AQ==\",\"doubleValue\":0,\"floatValue\":1,"
     "\"int32Value\":0}"},
    {"int64Value=-1&stringValue=&uint32Value=7&uint64Value=8",
     "{\"int64Value\":\"-1\",\"stringValue\":\"\",\"uint32Value\":7,\"uint64Value\":\"8\"}"},
    {"int32Value=x", BAD "int32_value: "},
    {"boolValue=1", BAD "bool_value: "},
    /* One of a oneof. */
    {"oneString=", "{\"oneString\":\"\"}"},
    {"oneAnimal.name=x&oneAnimal.legCount=1", "{\"oneAnimal\":{\"name\":\"x\",\"legCount\":1}}"},
    {"oneString=a&oneInt64=1", BAD "one_int64: another field of the same oneof is given too"},
    {"oneString=a&oneAnimal.name=x",
     BAD "one_animal.name: another field of the same oneof is given too"},
    /* Spellings. */
    {"Under=1&twoBar=2&foo3Bar=3&mixedCase=4",
     "{\"Under\":1,\"twoBar\":2,\"foo3Bar\":3,\"mixedCase\":4}"},
    {"a_string=x&aString=y", BAD "a_string: the query gives it twice"},
    {"astring=x", BAD "astring: no such query parameter"},
    {"utm_source=x", BAD "utm_source: no such query parameter"},
};

/* A row that ends in ": " or without the end of the sentence tells how the answer begins. */
static void check(const char *is, const char *means)
{
    if (strncmp(means, BAD, strlen(BAD)) == 0 && strlen(is) > strlen(means))
        assert_memory_equal(is, means, strlen(means));
    else
        assert_string_equal(is, means);
}

static void test_gw_query__every_kind_of_field(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        check(describe(
                  *state, OAS_GET,
                  nx_arena_printf(((struct fixture *)*state)->arena, "/v1/zoo?%s", rows[i].query),
                  ""),
              rows[i].means);
}

static const struct {
    enum oas_verb verb;
    const char *target;
    const char *body;
    const char *means;
} requests[] = {
    {OAS_POST, "/v1/animal/cat?aInt32=1", "{\"legCount\":4}",
     "{\"aInt32\":1,\"animal\":{\"name\":\"cat\",\"legCount\":4}}"},
    {OAS_POST, "/v1/animal/cat?animal.name=cat", "{}", BAD "animal.name: the path says it already"},
    {OAS_POST, "/v1/animal/cat?animal.legCount=4", "{}", BAD "animal.leg_count: it goes into"},
    {OAS_POST, "/v1/animal/cat?animal.child.name=x", "{}", BAD "animal.child.name: it goes into"},
    {OAS_POST, "/v1/animal/cat", "{\"name\":\"dog\"}",
     BAD "animal.name: the body has another value"},
    {OAS_POST, "/v1/animal/cat", "{\"name\":\"cat\"}", "{\"animal\":{\"name\":\"cat\"}}"},
    {OAS_POST, "/v1/all/7?aInt32=1", "{}", BAD "a_int32: it goes into the body"},
    {OAS_POST, "/v1/all/7?one_int64=7", "{}", BAD "one_int64: the path says it already"},
    /* A oneof's member in the path. */
    {OAS_POST, "/v1/all/0", "{}", "{\"oneInt64\":\"0\"}"},
    {OAS_POST, "/v1/all/7", "{\"oneInt64\":7}", "{\"oneInt64\":\"7\"}"},
    {OAS_POST, "/v1/all/7", "{\"oneInt64\":8}", BAD "one_int64: the body has another value"},
    {OAS_POST, "/v1/all/7", "{\"oneString\":\"7\"}", BAD "one_int64: another field of the same"},
    {OAS_POST, "/v1/all/x", "{}", BAD "one_int64: "},
    /* Bytes. */
    {OAS_POST, "/v1/bytes/AP-_", "{}", "{\"aBytes\":\"AP+/\"}"},
    {OAS_POST, "/v1/bytes/AP-_", "{\"aBytes\":\"AP+/\"}", "{\"aBytes\":\"AP+/\"}"},
    {OAS_POST, "/v1/bytes/AP-_", "{\"aBytes\":\"AP+/AA==\"}", BAD "a_bytes: the body has"},
    {OAS_POST, "/v1/bytes/AP%2B%2F", "{}", "{\"aBytes\":\"AP+/\"}"},
    /* Bodies that are no messages. */
    {OAS_POST, "/v1/list/x?aInt32=1", "[{\"name\":\"a\"},{}]",
     "{\"aInt32\":1,\"aString\":\"x\",\"manyAnimal\":[{\"name\":\"a\"},{}]}"},
    {OAS_POST, "/v1/list/x", "[{\"name\":1}]", BAD "many_animal[0].name: must be"},
    {OAS_POST, "/v1/list/x", "[{}", BAD "many_animal"},
    {OAS_POST, "/v1/list/x", "[] []", BAD "many_animal: "},
    {OAS_POST, "/v1/list/x", "{}", BAD "many_animal: must be a list"},
    {OAS_POST, "/v1/list/x", "", BAD "many_animal: the request has no body"},
    {OAS_POST, "/v1/list/x?manyAnimal=y", "[]", BAD "many_animal: it goes into the body"},
    {OAS_POST, "/v1/map", "{\"a\":\"b\",\"c\":\"\"}", "{\"mapString\":{\"a\":\"b\",\"c\":\"\"}}"},
    {OAS_POST, "/v1/map", "{\"a\":\"b\",\"a\":\"c\"}", BAD "map_string[\"a\"]: is given twice"},
    {OAS_POST, "/v1/number", " \"-7\" ", "{\"aInt64\":\"-7\"}"},
    {OAS_POST, "/v1/number", "-7", "{\"aInt64\":\"-7\"}"},
    {OAS_POST, "/v1/number", "null", "{}"},
    {OAS_POST, "/v1/number", "1.5", BAD "a_int64: "},
    {OAS_POST, "/v1/number", "7,", BAD "a_int64: "},
    {OAS_POST, "/v1/enums?aInt32=1&manyInt32=2", "[\"COLOUR_RED\",5]",
     "{\"aInt32\":1,\"manyInt32\":[2],\"manyColour\":[\"COLOUR_RED\",\"COLOUR_BLUE\"]}"},
    {OAS_POST, "/v1/text", "\"\"", "{\"oneString\":\"\"}"},
    {OAS_POST, "/v1/text?oneInt64=1", "\"\"", BAD "one_int64: another field of the same oneof"},
    {OAS_POST, "/v1/choice/x", "{\"legCount\":4}",
     "{\"oneAnimal\":{\"name\":\"x\",\"legCount\":4}}"},
    {OAS_POST, "/v1/choice/x", "{\"name\":\"y\"}", BAD "one_animal.name: the body has another"},
    {OAS_POST, "/v1/choice/x?oneString=y", "{}", BAD "one_string: another field of the same oneof"},
    {OAS_POST, "/v1/struct", "{\"a\":[null]}", "{\"object\":{\"a\":[null]}}"},
    {OAS_GET, "/v1/kinds/true/COLOUR_RED/1.5/7", "",
     "{\"aUint64\":\"7\",\"aDouble\":1.5,\"aBool\":true,\"aColour\":\"COLOUR_RED\"}"},
    {OAS_GET, "/v1/kinds/yes/COLOUR_RED/1.5/7", "", BAD "a_bool: "},
    {OAS_GET, "/v1/kinds/true/RED/1.5/7", "", BAD "a_colour: "},
};

static void test_gw_query__one_source_a_field(void **state)
{
    for (size_t i = 0; i < COUNT(requests); i++)
        check(describe(*state, requests[i].verb, requests[i].target, requests[i].body),
              requests[i].means);
}

/* A query as long as headers may be costs what its parameters do. */
static void test_gw_query__long_queries(void **state)
{
    struct fixture *fixture = *state;
    char target[32 * 1024];
    size_t len = (size_t)snprintf(target, sizeof target, "/v1/zoo?");
    while (len + 20 < sizeof target)
        len += (size_t)snprintf(target + len, sizeof target - len, "&many_int32=%zu", len);
    const char *text = describe(fixture, OAS_GET, target, "");
    assert_memory_equal(text, "{\"manyInt32\":[8,", 16);
    memset(target + 8, '&', len - 8);
    assert_string_equal(describe(fixture, OAS_GET, target, ""), "{}");
    memset(target + 8, '.', len - 8);
    assert_memory_equal(describe(fixture, OAS_GET, target, ""), BAD "....", strlen(BAD) + 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_gw_query__every_kind_of_field),
        TEST(test_gw_query__one_source_a_field),
        TEST(test_gw_query__long_queries),
    };
    return cmocka_run_group_tests_name("gw_query", tests, NULL, NULL);
}
